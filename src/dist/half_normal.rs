//! `HalfNormal(sd)`.

use super::truncation::above;
use super::{ArgSpec, Family, Form, guard, normal, number};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

/// ½ log(2/π)
const HALF_LOG_TWO_OVER_PI: f64 = -0.225_791_352_644_727_43;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "HalfNormal",
    forms: &[Form { args: &[ArgSpec::scalar("sd", Interval::POSITIVE)] }],
    positional: 1,
    support: |_, _| Support::POSITIVE,
    log_density: |b, _, x, args| {
        let z = b.div(x, args[0]);
        let square = b.square(z);
        let kernel = b.scale(square, -0.5);
        let log_sd = b.log(args[0]);
        let normaliser = b.add_number(log_sd, -HALF_LOG_TWO_OVER_PI);
        let density = b.sub(kernel, normaliser);
        guard::nonneg(b, x, density)
    },
    sample: Some(|_, args, rng| {
        let z: f64 = rand_distr::StandardNormal.sample(rng);
        number(args, 0) * z.abs()
    }),
    mean: Some(|_, args| number(args, 0) * FRAC_2_PI.sqrt()),
    sd: Some(|_, args| number(args, 0) * (1.0 - FRAC_2_PI).sqrt()),
    cdf: Some(|_, args, x| crate::kernels::special::erf(x.max(0.0) / number(args, 0) * FRAC_1_SQRT_2)),
    log_mass: Some(|b, _, args, low, high| {
        let zero = b.constant(0.0);
        let low = above(b, low, 0.0).unwrap_or(zero);
        let half = normal::log_mass(b, zero, args[0], low, high);
        b.add_number(half, std::f64::consts::LN_2)
    }),
    log_kernel: Some(|_, args, x| -0.5 * (x / number(args, 0)).powi(2)),
    page: "\
log density      log(2/pi)/2 - log(sd) - (x/sd)^2/2   for x >= 0
mean             sd sqrt(2/pi)
sd               sd sqrt(1 - 2/pi)

The absolute value of a Normal(0, sd): the usual prior of a scale that should be small.
Its argument sd is the standard deviation of that Normal, not of HalfNormal itself.
Reference: Gelman, Prior distributions for variance parameters, Bayesian Analysis 1 (2006).",
    ..super::PLAIN
};
