//! Special functions in f64 that the standard library lacks.

mod bessel;
mod incomplete;

pub use bessel::{bessel_drop, log_bessel_i0e};
pub use incomplete::{log_beta_regularized, log_gamma_p, log_gamma_q, log_student_cdf};

use statrs::function::gamma as st_gamma;
use std::f64::consts::FRAC_1_SQRT_2;

/// Error function. From libm: statrs gives 11 digits only.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}
/// Standard normal distribution function ½ erfc(−x/√2); full relative accuracy on the left.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}
/// log Φ(x): as log(1 − Φ(−x)) right of 0; far left, where Φ falls out of the range of f64, by the asymptotic series
/// (Abramowitz and Stegun 26.2.12), whose first term left out is below 1e−17 there.
pub fn log_normal_cdf(x: f64) -> f64 {
    if x > 0.0 {
        (-normal_cdf(-x)).ln_1p()
    } else if x > -35.0 {
        normal_cdf(x).ln()
    } else {
        const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_8;
        let z = 1.0 / (x * x);
        let series = -z * (1.0 - z * (3.0 - z * (15.0 - z * (105.0 - z * 945.0))));
        -0.5 * x * x - (-x).ln() - HALF_LOG_TWO_PI + series.ln_1p()
    }
}
/// log Γ(x) for x > 0.
pub fn ln_gamma(x: f64) -> f64 {
    st_gamma::ln_gamma(x)
}
/// Derivative of log Γ.
pub fn digamma(x: f64) -> f64 {
    st_gamma::digamma(x)
}
/// Second derivative of log Γ: reflection below ½, recurrence up to 15, asymptotic series (Abramowitz and Stegun
/// 6.4.7, 6.4.6, 6.4.12). +∞ at the poles 0, −1, …
pub fn trigamma(x: f64) -> f64 {
    if x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x < 0.5 {
        if x == x.floor() {
            return f64::INFINITY;
        }
        // The sine of the distance to the nearest whole number keeps its digits.
        let sin = (std::f64::consts::PI * (x - x.round())).sin();
        return (std::f64::consts::PI / sin).powi(2) - trigamma(1.0 - x);
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 15.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    sum + 1.0 / x
        + z / 2.0
        + z / x * (1.0 / 6.0 - z * (1.0 / 30.0 - z * (1.0 / 42.0 - z * (1.0 / 30.0 - z * (5.0 / 66.0)))))
}
