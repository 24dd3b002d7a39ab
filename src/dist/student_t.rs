//! `StudentT(df, loc, scale)`.

use super::logarithms::{LOG_PI, ln_gamma_half_step, standardized};
use super::{ArgSpec, Family, Form, number};
use crate::kernels::special;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use statrs::function::beta::checked_beta_reg;

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
    is_discrete: false,
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
    log_mass: None,
    location_scale: Some((1, 2)),
    page: "\
log density  lgamma((df+1)/2) - lgamma(df/2) - log(df pi)/2 - log(scale) - (df+1)/2 log(1 + z^2/df),
             z = (x - loc)/scale
mean         loc for df > 1, else undefined
sd           scale sqrt(df/(df-2)) for df > 2, infinite for 1 < df <= 2, else undefined

A bell curve with heavy tails: df = 1 is Cauchy, large df is Normal.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 2, chapter 28.",
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

/// F(z) = ½ I_{ν/(ν+z²)}(ν/2, ½) left of 0, mirrored right of it. Above ν = 10⁵, where the incomplete beta function
/// loses digits, as Φ of Hill's normalised z (Hill, Algorithm 395, Communications of the ACM 13 (1970)).
pub fn standard_cdf(df: f64, z: f64) -> f64 {
    let tail = if df > 1e5 {
        let a = df - 0.5;
        let b = 48.0 * a * a;
        let y = a * (z * z / df).ln_1p();
        let last = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b);
        special::normal_cdf(-((last + y + 3.0) / b + 1.0) * y.sqrt())
    } else {
        0.5 * checked_beta_reg(0.5 * df, 0.5, df / (df + z * z)).unwrap_or(f64::NAN)
    };
    if z <= 0.0 { tail } else { 1.0 - tail }
}
