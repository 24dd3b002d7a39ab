//! `Logistic(loc, scale)`.

use super::logarithms::standardized;
use super::{ArgSpec, Family, Form, number, probability};
use crate::kernels::scalar::Unary;
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Logistic",
    forms: &[Form {
        args: &[ArgSpec::scalar("loc", Interval::REAL), ArgSpec::scalar("scale", Interval::POSITIVE)],
    }],
    positional: 2,
    support: |_, _| Support::REAL,
    is_discrete: false,
    log_density: |b, _, x, args| {
        let z = standardized(b, x, args[0], args[1]);
        let (left, right) = probability::from_logit(b, z);
        let kernel = b.add(left, right);
        let log_scale = b.log(args[1]);
        b.sub(kernel, log_scale)
    },
    sample: Some(|_, args, rng| {
        // The logit of a uniform share e1/(e1 + e2) is log(e1/e2).
        let [e1, e2]: [f64; 2] = [rand_distr::Exp1.sample(rng), rand_distr::Exp1.sample(rng)];
        number(args, 0) + number(args, 1) * (e1 / e2).ln()
    }),
    mean: Some(|_, args| number(args, 0)),
    sd: Some(|_, args| number(args, 1) * std::f64::consts::PI / 3f64.sqrt()),
    cdf: Some(|_, args, x| Unary::Sigmoid.apply((x - number(args, 0)) / number(args, 1))),
    log_mass: None,
    log_kernel: None,
    location_scale: Some((0, 1)),
    ends: [None, None],
    page: "\
log density      -|z| - 2 log(1 + exp(-|z|)) - log(scale),   z = (x - loc)/scale
mean             loc
sd               pi scale/sqrt(3)

A bell curve with exponential tails; the logit of a uniform share is Logistic(0, 1).
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 2, chapter 23.",
};
