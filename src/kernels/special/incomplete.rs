//! Logarithms of the regularised incomplete gamma and beta functions, exact far into the tails.
//!
//! Each is a power times a series or a continued fraction on the side where that converges quickly, and one minus the
//! other side elsewhere (Numerical Recipes 6.2, 6.4; Lentz's method for the fractions).

use super::{ln_gamma, log_normal_cdf};

/// Terms after which a series or fraction is given up; enough for shapes of 1e8.
const MOST_TERMS: usize = 200_000;
const PRECISION: f64 = 1e-17;

/// log P(a, x), P the lower incomplete gamma function over Γ(a), for a > 0, x ≥ 0.
pub fn log_gamma_p(a: f64, x: f64) -> f64 {
    match gamma_sides(a, x) {
        Sides::Lower(log) => log,
        Sides::Upper(log) => log_complement(log),
        Sides::Neither => f64::NAN,
    }
}

/// log(1 − P(a, x)).
pub fn log_gamma_q(a: f64, x: f64) -> f64 {
    match gamma_sides(a, x) {
        Sides::Lower(log) => log_complement(log),
        Sides::Upper(log) => log,
        Sides::Neither => f64::NAN,
    }
}

/// log Γ(z + ½) − log Γ(z): from 20 on by the asymptotic series, because two large numbers would cancel.
fn ln_gamma_half_step(z: f64) -> f64 {
    if z < 20.0 {
        return ln_gamma(z + 0.5) - ln_gamma(z);
    }
    let r = 1.0 / z;
    const SERIES: [f64; 5] = [-31.0 / 18432.0, 17.0 / 14336.0, -1.0 / 640.0, 1.0 / 192.0, -1.0 / 8.0];
    0.5 * z.ln() + r * SERIES.iter().fold(0.0, |sum, coefficient| sum * r * r + coefficient)
}

/// Which tail was computed, as a logarithm.
enum Sides {
    Lower(f64),
    Upper(f64),
    Neither,
}

fn gamma_sides(a: f64, x: f64) -> Sides {
    // The limit for a → 0: all mass at 0.
    if a == 0.0 && x > 0.0 {
        return Sides::Lower(0.0);
    }
    if !(a > 0.0 && x >= 0.0 && a.is_finite()) {
        return Sides::Neither;
    }
    if x == 0.0 {
        return Sides::Lower(f64::NEG_INFINITY);
    }
    if x == f64::INFINITY {
        return Sides::Upper(f64::NEG_INFINITY);
    }
    let front = a * x.ln() - x;
    if x < a + 1.0 {
        // Σ x^k / (a (a+1) … (a+k)), times x^a e^−x / Γ(a)
        let (mut term, mut sum, mut n) = (1.0, 1.0, a);
        for _ in 0..MOST_TERMS {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < PRECISION * sum {
                break;
            }
        }
        return Sides::Lower(front - ln_gamma(a + 1.0) + sum.ln());
    }
    // x + 1 − a − 1(1−a)/(x + 3 − a − …)
    let mut b = x + 1.0 - a;
    let mut fraction = Lentz::new(1.0 / b.max(f64::MIN_POSITIVE), b);
    for i in 1..MOST_TERMS {
        let n = i as f64;
        b += 2.0;
        if fraction.step(-n * (n - a), b) {
            break;
        }
    }
    Sides::Upper(front - ln_gamma(a) + fraction.value.ln())
}

/// log(1 − e^v) for v ≤ 0.
fn log_complement(v: f64) -> f64 {
    if v > -std::f64::consts::LN_2 { (-v.exp_m1()).ln() } else { (-v.exp()).ln_1p() }
}

/// A continued fraction 1/(b₀ + a₁/(b₁ + …)) evaluated from the top.
struct Lentz {
    value: f64,
    c: f64,
    d: f64,
}

impl Lentz {
    const TINY: f64 = 1e-300;

    fn new(value: f64, b: f64) -> Lentz {
        Lentz { value, c: 1.0 / Self::TINY, d: 1.0 / if b == 0.0 { Self::TINY } else { b } }
    }

    /// Takes one more level; true once it changes nothing.
    fn step(&mut self, a: f64, b: f64) -> bool {
        let away = |v: f64| if v.abs() < Self::TINY { Self::TINY } else { v };
        self.d = 1.0 / away(a * self.d + b);
        self.c = away(b + a / self.c);
        let factor = self.d * self.c;
        self.value *= factor;
        (factor - 1.0).abs() < 1e-16
    }
}

/// log I_x(a, b), the incomplete beta function over B(a, b); `rest` is 1 − x, given apart so that x near 1 keeps its
/// distance.
pub fn log_beta_regularized(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    if !(a > 0.0 && b > 0.0 && x >= 0.0 && rest >= 0.0) {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if rest == 0.0 {
        return 0.0;
    }
    beta_with(a, b, x, rest, ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b))
}

/// The same with −log B(a, b) given.
fn beta_with(a: f64, b: f64, x: f64, rest: f64, gammas: f64) -> f64 {
    let front = a * x.ln() + b * rest.ln() + gammas;
    if x < (a + 1.0) / (a + b + 2.0) {
        front - a.ln() + beta_fraction(a, b, x).ln()
    } else {
        log_complement((front - b.ln() + beta_fraction(b, a, rest).ln()).min(0.0))
    }
}

/// Numerical Recipes 6.4.5, the even and odd levels in turn.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let first = 1.0 - (a + b) * x / (a + 1.0);
    let first = if first == 0.0 { Lentz::TINY } else { first };
    let mut fraction = Lentz { value: 1.0 / first, c: 1.0, d: 1.0 / first };
    for i in 1..MOST_TERMS {
        let m = i as f64;
        fraction.step(m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)), 1.0);
        if fraction.step(-(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)), 1.0) {
            break;
        }
    }
    fraction.value
}

/// log of the distribution function of Student's t with `df` degrees of freedom: half of I_{ν/(ν+z²)}(ν/2, ½) left of
/// 0. From 1e10 degrees on it is the normal one to 1e−10 and better.
pub fn log_student_cdf(df: f64, z: f64) -> f64 {
    if df.is_nan() || z.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df > 1e10 {
        return log_normal_cdf(z);
    }
    let square = z * z;
    let (x, rest) =
        if square.is_infinite() { (0.0, 1.0) } else { (df / (df + square), square / (df + square)) };
    // Far out ν/(ν+z²) is ν/z²: its logarithm stays finite where z² overflows.
    let half = 0.5 * df;
    let gammas = ln_gamma_half_step(half) - ln_gamma(0.5);
    let log_tail = if x < 1e-290 {
        half * (df.ln() - 2.0 * z.abs().ln()) + gammas - half.ln()
    } else if rest == 0.0 {
        0.0
    } else {
        // log x as −log1p(z²/ν): for many degrees of freedom x is near 1.
        let shift = half * (-(square / df).ln_1p() - x.ln());
        beta_with(half, 0.5, x, rest, gammas + shift)
    };
    let log_half = log_tail - std::f64::consts::LN_2;
    if z <= 0.0 { log_half } else { log_complement(log_half) }
}
