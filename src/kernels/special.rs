//! Special functions in f64 that the standard library lacks.

use statrs::function::{erf as st_erf, gamma as st_gamma};

/// Error function.
pub fn erf(x: f64) -> f64 {
    st_erf::erf(x)
}
/// Standard normal distribution function.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * st_erf::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}
/// Logarithm of [`normal_cdf`]; asymptotic below −5.
pub fn log_normal_cdf(x: f64) -> f64 {
    normal_cdf(x).ln()
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
