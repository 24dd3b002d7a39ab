//! The modified Bessel functions I₀ and I₁ as the von Mises distribution needs them.

/// Below this by the power series (all terms positive), above by the asymptotic one (Abramowitz and Stegun 9.6.10,
/// 9.7.1), whose smallest term there is below e^−60.
const ASYMPTOTIC_FROM: f64 = 30.0;

/// log(e^−x I₀(x)) for x ≥ 0; it falls like −½ log 2πx.
pub fn log_bessel_i0e(x: f64) -> f64 {
    if x < ASYMPTOTIC_FROM {
        power_series(x, 0.0).ln() - x
    } else {
        -0.5 * (2.0 * std::f64::consts::PI * x).ln() + asymptotic(x).0.ln()
    }
}

/// 1 − I₁(x)/I₀(x) for x ≥ 0, from 1 at 0 down like 1/(2x); the difference is taken term by term where it is small.
pub fn bessel_drop(x: f64) -> f64 {
    if x < ASYMPTOTIC_FROM {
        1.0 - 0.5 * x * power_series(x, 1.0) / power_series(x, 0.0)
    } else {
        let (zero, difference) = asymptotic(x);
        difference / zero
    }
}

/// Σ (x²/4)^k / (k! (k + ν)!)
fn power_series(x: f64, order: f64) -> f64 {
    let quarter = 0.25 * x * x;
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-18 * sum {
        term *= quarter / (k * (k + order));
        sum += term;
        k += 1.0;
    }
    sum
}

/// √(2πx) e^−x times I₀ and I₀ − I₁.
fn asymptotic(x: f64) -> (f64, f64) {
    let (mut zero, mut one, mut sum, mut difference) = (1.0, 1.0, 1.0, 0.0);
    for k in 1..80 {
        let (n, odd) = (f64::from(k), f64::from(2 * k - 1).powi(2));
        let before: f64 = zero;
        zero *= odd / (8.0 * n * x);
        one *= -(4.0 - odd) / (8.0 * n * x);
        if zero.abs() > before.abs() || zero == 0.0 {
            break;
        }
        sum += zero;
        difference += zero - one;
    }
    (sum, difference)
}
