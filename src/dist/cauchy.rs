//! `Cauchy(loc, scale)`.

use super::logarithms::{LOG_PI, standardized};
use super::truncation::standardized_ends;
use super::{ArgSpec, Family, Form, number};
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use std::f64::consts::{FRAC_1_PI, PI};

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Cauchy",
    forms: &[Form {
        args: &[ArgSpec::scalar("loc", Interval::REAL), ArgSpec::scalar("scale", Interval::POSITIVE)],
    }],
    positional: 2,
    support: |_, _| Support::REAL,
    log_density: |b, _, x, args| {
        let z = standardized(b, x, args[0], args[1]);
        standard(b, z, args[1], -LOG_PI)
    },
    sample: Some(|_, args, rng| match rand_distr::Cauchy::new(number(args, 0), number(args, 1)) {
        Ok(cauchy) => cauchy.sample(rng),
        Err(_) => f64::NAN,
    }),
    mean: Some(|_, _| f64::NAN),
    sd: Some(|_, _| f64::NAN),
    cdf: Some(|_, args, x| standard_cdf((x - number(args, 0)) / number(args, 1))),
    log_mass: Some(|b, _, args, low, high| log_mass(b, args[0], args[1], low, high)),
    log_kernel: Some(|_, args, x| -((x - number(args, 0)) / number(args, 1)).powi(2).ln_1p()),
    location_scale: Some((0, 1)),
    page: "\
log density      -log(pi) - log(scale) - log(1 + z^2),   z = (x - loc)/scale
mean             undefined
sd               undefined

Tails so heavy that no mean exists; the scale is the distance from the middle to a quartile.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, chapter 16.",
    ..super::PLAIN
};

/// constant − log scale − log1p(z²)
pub fn standard(b: &mut Builder, z: Slot, scale: Slot, constant: f64) -> Slot {
    let square = b.square(z);
    let tail = b.log1p(square);
    let log_scale = b.log(scale);
    let minus = b.neg(log_scale);
    let normaliser = b.add_number(minus, constant);
    b.sub(normaliser, tail)
}

/// ½ + atan(z)/π, as atan(−1/z)/π far on the left, where the sum would lose its digits.
fn standard_cdf(z: f64) -> f64 {
    if z < -1.0 { FRAC_1_PI * (-1.0 / z).atan() } else { 0.5 + FRAC_1_PI * z.atan() }
}

/// log((atan β − atan α)/π) for standardised ends.
pub fn log_mass(b: &mut Builder, loc: Slot, scale: Slot, low: Slot, high: Slot) -> Slot {
    match standardized_ends(b, loc, scale, low, high) {
        (None, None) => b.constant(0.0),
        (None, Some(beta)) => log_below(b, beta),
        (Some(alpha), None) => {
            let minus = b.neg(alpha);
            log_below(b, minus)
        }
        (Some(alpha), Some(beta)) => {
            let length = b.sub(high, low);
            let h = b.div(length, scale);
            log_between(b, alpha, beta, h)
        }
    }
}

/// log F(z)
fn log_below(b: &mut Builder, z: Slot) -> Slot {
    let edge = b.constant(-1.0);
    let is_far = b.binary(Binary::Lt, z, edge);
    let left = b.binary(Binary::Min, z, edge);
    let inverse = b.unary(Unary::Reciprocal, left);
    let inverse = b.neg(inverse);
    let far = b.unary(Unary::Atan, inverse);
    let near = b.unary(Unary::Atan, z);
    let near = b.add_number(near, 0.5 * PI);
    let angle = b.select(is_far, far, near);
    let log = b.log(angle);
    b.add_number(log, -LOG_PI)
}

/// log((atan β − atan α)/π), h = β − α: atan(h/(1 + αβ)) while 1 + αβ > 0, which holds for any interval on one side;
/// else the ends lie on both sides, the sum is above π/2, and the difference is good as it stands.
fn log_between(b: &mut Builder, alpha: Slot, beta: Slot, h: Slot) -> Slot {
    let product = b.mul(alpha, beta);
    let denominator = b.add_number(product, 1.0);
    let zero = b.constant(0.0);
    let one = b.constant(1.0);
    let is_less_than_half = b.binary(Binary::Lt, zero, denominator);
    let safe = b.select(is_less_than_half, denominator, one);
    let ratio = b.div(h, safe);
    let joint = b.unary(Unary::Atan, ratio);
    let upper = b.unary(Unary::Atan, beta);
    let lower = b.unary(Unary::Atan, alpha);
    let difference = b.sub(upper, lower);
    let angle = b.select(is_less_than_half, joint, difference);
    let log = b.log(angle);
    b.add_number(log, -LOG_PI)
}
