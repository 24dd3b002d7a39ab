//! `HalfCauchy(scale)`.

use super::logarithms::LOG_PI;
use super::truncation::above;
use super::{ArgSpec, Family, Form, cauchy, guard, number};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use std::f64::consts::{FRAC_2_PI, LN_2};

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "HalfCauchy",
    forms: &[Form { args: &[ArgSpec::scalar("scale", Interval::POSITIVE)] }],
    positional: 1,
    support: |_, _| Support::POSITIVE,
    log_density: |b, _, x, args| {
        let z = b.div(x, args[0]);
        let density = cauchy::standard(b, z, args[0], LN_2 - LOG_PI);
        guard::nonneg(b, x, density)
    },
    sample: Some(|_, args, rng| match rand_distr::Cauchy::new(0.0, number(args, 0)) {
        Ok(cauchy) => cauchy.sample(rng).abs(),
        Err(_) => f64::NAN,
    }),
    mean: Some(|_, _| f64::INFINITY),
    sd: Some(|_, _| f64::NAN),
    cdf: Some(|_, args, x| FRAC_2_PI * (x.max(0.0) / number(args, 0)).atan()),
    log_mass: Some(|b, _, args, low, high| {
        let zero = b.constant(0.0);
        let low = above(b, low, 0.0).unwrap_or(zero);
        let half = cauchy::log_mass(b, zero, args[0], low, high);
        b.add_number(half, LN_2)
    }),
    log_kernel: Some(|_, args, x| -(x / number(args, 0)).powi(2).ln_1p()),
    page: "\
log density      log(2/pi) - log(scale) - log(1 + (x/scale)^2)   for x >= 0
mean             infinite
sd               undefined

The absolute value of a Cauchy(0, scale): a prior of scales that allows very large ones; its median is the scale.
Reference: Gelman, Prior distributions for variance parameters, Bayesian Analysis 1 (2006).",
    ..super::PLAIN
};
