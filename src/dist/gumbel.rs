//! `Gumbel(loc, scale)`, of largest values.

use super::logarithms::{log_one_minus_exp_neg, standardized};
use super::truncation::standardized_ends;
use super::{ArgSpec, Family, Form, number};
use crate::kernels::scalar::Unary;
use crate::tape::{Slot, build::Builder};
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
    location_scale: Some((0, 1)),
    log_mass: Some(|b, _, args, low, high| log_mass(b, args[0], args[1], low, high)),
    log_kernel: Some(|_, args, x| {
        let z = (x - number(args, 0)) / number(args, 1);
        -z - (-z).exp()
    }),
    page: "\
log density      -z - exp(-z) - log(scale),   z = (x - loc)/scale
mean             loc + 0.5772 scale (Euler's constant)
sd               pi scale/sqrt(6)

The largest of many values: yearly maxima, best scores.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 2, chapter 22.",
    ..super::PLAIN
};

/// log F(b) + log(1 − e^−d) with log F(x) = −e^−z and d = e^−α − e^−β = e^−β (e^(β−α) − 1).
fn log_mass(b: &mut Builder, loc: Slot, scale: Slot, low: Slot, high: Slot) -> Slot {
    let ends = standardized_ends(b, loc, scale, low, high);
    let [start, end] = [ends.0, ends.1].map(|z| {
        z.map(|z| {
            let minus = b.neg(z);
            b.exp(minus)
        })
    });
    match (start, end) {
        (None, None) => b.constant(0.0),
        (None, Some(end)) => b.neg(end),
        (Some(start), None) => log_one_minus_exp_neg(b, start),
        (Some(_), Some(end)) => {
            let length = b.sub(high, low);
            let h = b.div(length, scale);
            let rise = b.unary(Unary::Expm1, h);
            let d = b.mul(end, rise);
            let rest = log_one_minus_exp_neg(b, d);
            b.sub(rest, end)
        }
    }
}
