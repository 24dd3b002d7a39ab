//! `Logistic(loc, scale)`.

use super::logarithms::{log_one_minus_exp_neg, standardized};
use super::truncation::standardized_ends;
use super::{ArgSpec, Family, Form, number, probability};
use crate::kernels::scalar::Unary;
use crate::tape::{Slot, build::Builder};
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
    location_scale: Some((0, 1)),
    log_mass: Some(|b, _, args, low, high| log_mass(b, args[0], args[1], low, high)),
    log_kernel: Some(|_, args, x| {
        let z = ((x - number(args, 0)) / number(args, 1)).abs();
        -z - 2.0 * (-z).exp().ln_1p()
    }),
    page: "\
log density      -|z| - 2 log(1 + exp(-|z|)) - log(scale),   z = (x - loc)/scale
mean             loc
sd               pi scale/sqrt(3)

A bell curve with exponential tails; the logit of a uniform share is Logistic(0, 1).
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 2, chapter 23.",
    ..super::PLAIN
};

/// log σ(β) + log σ(−α) + log(1 − e^−(β − α)), because σ(β) − σ(α) = σ(β) σ(−α) (1 − e^(α − β)).
fn log_mass(b: &mut Builder, loc: Slot, scale: Slot, low: Slot, high: Slot) -> Slot {
    let ends = standardized_ends(b, loc, scale, low, high);
    let below = ends.1.map(|beta| b.unary(Unary::LogSigmoid, beta));
    let above = ends.0.map(|alpha| {
        let minus = b.neg(alpha);
        b.unary(Unary::LogSigmoid, minus)
    });
    match (above, below) {
        (None, None) => b.constant(0.0),
        (Some(one), None) | (None, Some(one)) => one,
        (Some(above), Some(below)) => {
            let length = b.sub(high, low);
            let h = b.div(length, scale);
            let rest = log_one_minus_exp_neg(b, h);
            let both = b.add(above, below);
            b.add(both, rest)
        }
    }
}
