//! `HalfCauchy(scale)`.

use super::logarithms::LOG_PI;
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
    is_discrete: false,
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
    log_mass: None,
    log_kernel: None,
    location_scale: None,
    ends: [None, None],
    page: "\
log density      log(2/pi) - log(scale) - log(1 + (x/scale)^2)   for x >= 0
mean             infinite
sd               undefined

The absolute value of a Cauchy(0, scale): a prior of scales that allows very large ones; its median is the scale.
Reference: Gelman, Prior distributions for variance parameters, Bayesian Analysis 1 (2006).",
};
