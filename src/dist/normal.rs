//! `Normal(mean, sd)`.

use super::logarithms::{HALF_LOG_TWO_PI, log_one_minus_exp_neg, standardized};
use super::truncation::standardized_ends;
use super::{ArgSpec, Family, Form, number};
use crate::kernels::scalar::{Binary, Unary};
use crate::kernels::special;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Normal",
    forms: &[Form {
        args: &[ArgSpec::scalar("mean", Interval::REAL), ArgSpec::scalar("sd", Interval::POSITIVE)],
    }],
    positional: 2,
    support: |_, _| Support::REAL,
    log_density: |b, _, x, args| log_density(b, x, args[0], args[1]),
    sample: Some(|_, args, rng| {
        let z: f64 = rand_distr::StandardNormal.sample(rng);
        number(args, 0) + number(args, 1) * z
    }),
    mean: Some(|_, args| number(args, 0)),
    sd: Some(|_, args| number(args, 1)),
    cdf: Some(|_, args, x| special::normal_cdf((x - number(args, 0)) / number(args, 1))),
    log_mass: Some(|b, _, args, low, high| log_mass(b, args[0], args[1], low, high)),
    log_kernel: Some(|_, args, x| -0.5 * ((x - number(args, 0)) / number(args, 1)).powi(2)),
    location_scale: Some((0, 1)),
    page: "\
log density      -z^2/2 - log(sd) - log(2 pi)/2,   z = (x - mean)/sd
mean             mean
sd               sd

The bell curve: the sum of many small independent effects.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, chapter 13.",
    ..super::PLAIN
};

/// −½z² − log sd − ½ log 2π
pub fn log_density(b: &mut Builder, x: Slot, mean: Slot, sd: Slot) -> Slot {
    let z = standardized(b, x, mean, sd);
    let square = b.square(z);
    let kernel = b.scale(square, -0.5);
    let log_sd = b.log(sd);
    let normaliser = b.add_number(log_sd, HALF_LOG_TWO_PI);
    b.sub(kernel, normaliser)
}

/// log(Φ(β) − Φ(α)) for standardised ends.
///
/// The interval is first reflected to the left of 0, where log Φ keeps its digits; then log Φ(β) + log(1 − e^−d) with
/// d = log Φ(β) − log Φ(α). An interval narrow for its place would lose the digits of d; there the Taylor series about
/// the middle m holds: h φ(m) (1 + (m²−1)h²/24 + (m⁴−6m²+3)h⁴/1920), h = β − α, with relative error below 1e−15 while
/// h·max(1, |m|) < 0.02.
pub fn log_mass(b: &mut Builder, mean: Slot, sd: Slot, low: Slot, high: Slot) -> Slot {
    let length = b.sub(high, low);
    log_mass_of_length(b, mean, sd, (low, high), length)
}

/// [`log_mass`] with high − low given, for whoever knows it better than by subtraction.
pub fn log_mass_of_length(
    b: &mut Builder,
    mean: Slot,
    sd: Slot,
    (low, high): (Slot, Slot),
    length: Slot,
) -> Slot {
    match standardized_ends(b, mean, sd, low, high) {
        (None, None) => b.constant(0.0),
        (None, Some(beta)) => b.unary(Unary::LogNormalCdf, beta),
        (Some(alpha), None) => {
            let minus = b.neg(alpha);
            b.unary(Unary::LogNormalCdf, minus)
        }
        (Some(alpha), Some(beta)) => {
            let h = b.div(length, sd);
            let ends = b.add(alpha, beta);
            let m = b.scale(ends, 0.5);
            let size = b.unary(Unary::Abs, m);
            let one = b.constant(1.0);
            let size = b.binary(Binary::Max, size, one);
            let size = b.mul(size, h);
            let edge = b.constant(0.02);
            let is_narrow = b.binary(Binary::Lt, size, edge);
            let narrow = log_mass_narrow(b, is_narrow, h, m);
            let wide = log_mass_wide(b, alpha, beta, m);
            b.select(is_narrow, narrow, wide)
        }
    }
}

/// The series; a wide interval is given to it as h = 0, so that its gradient stays finite where it is not used.
fn log_mass_narrow(b: &mut Builder, is_narrow: Slot, h: Slot, m: Slot) -> Slot {
    let zero = b.constant(0.0);
    let h2 = b.square(h);
    let h2 = b.select(is_narrow, h2, zero);
    let m2 = b.square(m);
    let first = b.add_number(m2, -1.0);
    let first = b.scale(first, 1.0 / 24.0);
    let second = b.add_number(m2, -6.0);
    let second = b.mul(second, m2);
    let second = b.add_number(second, 3.0);
    let second = b.scale(second, 1.0 / 1920.0);
    let second = b.mul(second, h2);
    let series = b.add(first, second);
    let series = b.mul(series, h2);
    let correction = b.log1p(series);
    let log_h = b.log(h);
    let phi = b.scale(m2, -0.5);
    let phi = b.add_number(phi, -HALF_LOG_TWO_PI);
    let sum = b.add(phi, log_h);
    b.add(sum, correction)
}

fn log_mass_wide(b: &mut Builder, alpha: Slot, beta: Slot, m: Slot) -> Slot {
    let zero = b.constant(0.0);
    let is_right = b.binary(Binary::Lt, zero, m);
    let minus_alpha = b.neg(alpha);
    let minus_beta = b.neg(beta);
    let near = b.select(is_right, minus_alpha, beta);
    let far = b.select(is_right, minus_beta, alpha);
    let log_near = b.unary(Unary::LogNormalCdf, near);
    let log_far = b.unary(Unary::LogNormalCdf, far);
    let d = b.sub(log_near, log_far);
    // A narrow interval may come out as d = 0; it is not used then, but its gradient must stay finite.
    let least = b.constant(f64::from(f32::MIN_POSITIVE));
    let d = b.binary(Binary::Max, d, least);
    let rest = log_one_minus_exp_neg(b, d);
    b.add(log_near, rest)
}
