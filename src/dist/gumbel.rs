//! `Gumbel(loc, scale)`, of largest values.

use super::logarithms::standardized;
use super::{ArgSpec, Family, Form, number};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use std::f64::consts::PI;

/// Euler's γ
const EULER: f64 = 0.577_215_664_901_532_9;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Gumbel",
    forms: &[Form {
        args: &[ArgSpec::scalar("loc", Interval::REAL), ArgSpec::scalar("scale", Interval::POSITIVE)],
    }],
    positional: 2,
    support: |_, _| Support::REAL,
    is_discrete: false,
    log_density: |b, _, x, args| {
        let z = standardized(b, x, args[0], args[1]);
        let minus = b.neg(z);
        let tail = b.exp(minus);
        let log_scale = b.log(args[1]);
        let kernel = b.sub(minus, tail);
        b.sub(kernel, log_scale)
    },
    sample: Some(|_, args, rng| {
        let e: f64 = rand_distr::Exp1.sample(rng);
        number(args, 0) - number(args, 1) * e.ln()
    }),
    mean: Some(|_, args| number(args, 0) + EULER * number(args, 1)),
    sd: Some(|_, args| number(args, 1) * PI / 6f64.sqrt()),
    cdf: Some(|_, args, x| (-(-(x - number(args, 0)) / number(args, 1)).exp()).exp()),
    log_mass: None,
    log_kernel: None,
    location_scale: Some((0, 1)),
    ends: [None, None],
    page: "\
log density      -z - exp(-z) - log(scale),   z = (x - loc)/scale
mean             loc + 0.5772 scale (Euler's constant)
sd               pi scale/sqrt(6)

The largest of many values: yearly maxima, best scores.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 2, chapter 22.",
};
