//! `StudentT(df, loc, scale)`.

use super::logarithms::{LOG_PI, ln_gamma_half_step, ln_gamma_half_step_value, standardized};
use super::truncation::{between_tails, standardized_ends};
use super::{ArgSpec, Family, Form, number};
use crate::kernels::scalar::Binary;
use crate::kernels::special::{erf, normal_cdf};
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use statrs::function::beta::checked_beta_reg;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "StudentT",
    forms: &[Form {
        args: &[
            ArgSpec::scalar("df", Interval::POSITIVE),
            ArgSpec::scalar("loc", Interval::REAL),
            ArgSpec::scalar("scale", Interval::POSITIVE),
        ],
    }],
    positional: 3,
    support: |_, _| Support::REAL,
    log_density: |b, _, x, args| {
        let z = standardized(b, x, args[1], args[2]);
        standard(b, z, args[0], args[2])
    },
    sample: Some(|_, args, rng| match rand_distr::StudentT::new(number(args, 0)) {
        Ok(t) => number(args, 1) + number(args, 2) * t.sample(rng),
        Err(_) => f64::NAN,
    }),
    mean: Some(|_, args| if number(args, 0) > 1.0 { number(args, 1) } else { f64::NAN }),
    sd: Some(|_, args| number(args, 2) * standard_sd(number(args, 0))),
    cdf: Some(|_, args, x| standard_cdf(number(args, 0), (x - number(args, 1)) / number(args, 2))),
    location_scale: Some((1, 2)),
    log_mass: Some(|b, _, args, low, high| log_mass(b, args, low, high)),
    fixed_for_mass: &["df"],
    log_kernel: Some(|_, args, x| {
        let z = (x - number(args, 1)) / number(args, 2);
        -0.5 * (number(args, 0) + 1.0) * (z * z / number(args, 0)).ln_1p()
    }),
    page: "\
log density      lgamma((df+1)/2) - lgamma(df/2) - log(df pi)/2 - log(scale) - (df+1)/2 log(1 + z^2/df),
                 z = (x - loc)/scale
mean             loc for df > 1, else undefined
sd               scale sqrt(df/(df-2)) for df > 2, infinite for 1 < df <= 2, else undefined

A bell curve with heavy tails: df = 1 is Cauchy, large df is Normal.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 2, chapter 28.",
    ..super::PLAIN
};

/// The log density with z = (x − loc)/scale in hand; the normaliser is that of the whole line.
pub fn standard(b: &mut Builder, z: Slot, df: Slot, scale: Slot) -> Slot {
    let half = b.scale(df, 0.5);
    let gammas = ln_gamma_half_step(b, half);
    let log_df = b.log(df);
    let half_log = b.scale(log_df, 0.5);
    let log_scale = b.log(scale);
    let normaliser = b.sub(gammas, half_log);
    let normaliser = b.sub(normaliser, log_scale);
    let normaliser = b.add_number(normaliser, -0.5 * LOG_PI);
    let square = b.square(z);
    let ratio = b.div(square, df);
    let log = b.log1p(ratio);
    let power = b.add_number(half, 0.5);
    let kernel = b.mul(power, log);
    b.sub(normaliser, kernel)
}

/// Standard deviation for scale 1.
pub fn standard_sd(df: f64) -> f64 {
    if df > 2.0 {
        (df / (df - 2.0)).sqrt()
    } else if df > 1.0 {
        f64::INFINITY
    } else {
        f64::NAN
    }
}

/// F(z)
pub fn standard_cdf(df: f64, z: f64) -> f64 {
    let tail = 0.5 * outside(df, z);
    if z <= 0.0 { tail } else { 1.0 - tail }
}

/// P(|t| < z) for z ≥ 0. For z² < ν not as 1 − outside, which would lose digits; for tiny z by the density at 0,
/// 2 z f(0) (1 − (ν+1)z²/6ν), whose next term is below 1e−12.
pub fn standard_central_mass(df: f64, z: f64) -> f64 {
    let square = z * z;
    if df > LARGE {
        erf(normalised(df, z) * FRAC_1_SQRT_2)
    } else if square < 1e-10 * df {
        let at_zero = ln_gamma_half_step_value(0.5 * df).exp() / (df * PI).sqrt();
        2.0 * z * at_zero * (1.0 - (df + 1.0) * square / (6.0 * df))
    } else if square < df {
        checked_beta_reg(0.5, 0.5 * df, square / (df + square)).unwrap_or(f64::NAN)
    } else {
        1.0 - outside(df, z)
    }
}

/// P(|t| > |z|) = I_{ν/(ν+z²)}(ν/2, ½)
fn outside(df: f64, z: f64) -> f64 {
    if df > LARGE {
        return 2.0 * normal_cdf(-normalised(df, z.abs()));
    }
    checked_beta_reg(0.5 * df, 0.5, df / (df + z * z)).unwrap_or(f64::NAN)
}

/// From here on the incomplete beta function loses digits.
const LARGE: f64 = 1e5;

/// The z that a Normal exceeds as rarely as Student's t exceeds z ≥ 0 (Hill, Algorithm 395, Communications of the ACM 13,
/// 1970), for large ν.
fn normalised(df: f64, z: f64) -> f64 {
    let a = df - 0.5;
    let b = 48.0 * a * a;
    let y = a * (z * z / df).ln_1p();
    let last = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b);
    ((last + y + 3.0) / b + 1.0) * y.sqrt()
}

/// log(F(β) − F(α)) for the distribution function of df, loc and scale.
pub fn log_mass(b: &mut Builder, args: &[Slot], low: Slot, high: Slot) -> Slot {
    let df = args[0];
    let tails = |b: &mut Builder, z: Slot| {
        let minus = b.neg(z);
        (b.binary(Binary::LogStudentCdf, df, z), b.binary(Binary::LogStudentCdf, df, minus))
    };
    match standardized_ends(b, args[1], args[2], low, high) {
        (None, None) => b.constant(0.0),
        (None, Some(beta)) => tails(b, beta).0,
        (Some(alpha), None) => tails(b, alpha).1,
        (Some(alpha), Some(beta)) => {
            let zero = b.constant(0.0);
            let is_right = b.binary(Binary::Lt, zero, alpha);
            let (start, end) = (tails(b, alpha), tails(b, beta));
            between_tails(b, is_right, start, end)
        }
    }
}
