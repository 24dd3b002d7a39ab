//! `Exponential(rate =)` or `Exponential(mean =)`.

use super::logarithms::log_one_minus_exp_neg;
use super::truncation::finite;
use super::{ArgSpec, Family, Form, guard, number};
use crate::kernels::scalar::Binary;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

const RATE: usize = 0;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Exponential",
    forms: &[
        Form { args: &[ArgSpec::scalar("rate", Interval::POSITIVE)] },
        Form { args: &[ArgSpec::scalar("mean", Interval::POSITIVE)] },
    ],
    positional: 0,
    support: |_, _| Support::POSITIVE,
    log_density: |b, form, x, args| {
        let scaled = in_means(b, form, x, args);
        let log = b.log(args[0]);
        let log_rate = if form == RATE { log } else { b.neg(log) };
        let density = b.sub(log_rate, scaled);
        guard::nonneg(b, x, density)
    },
    sample: Some(|form, args, rng| {
        let e: f64 = rand_distr::Exp1.sample(rng);
        e * mean(form, args)
    }),
    mean: Some(mean),
    sd: Some(mean),
    cdf: Some(|form, args, x| -(-x.max(0.0) / mean(form, args)).exp_m1()),
    log_mass: Some(log_mass),
    log_kernel: Some(|form, args, x| -x / mean(form, args)),
    page: "\
log density      log(rate) - rate x   for x >= 0,   mean = 1/rate
mean             1/rate
sd               1/rate

The time until an event that comes at a constant rate.
The argument must be named, because books disagree about which of rate and mean it is.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, chapter 19.",
    ..super::PLAIN
};

/// x · rate
fn in_means(b: &mut Builder, form: usize, x: Slot, args: &[Slot]) -> Slot {
    if form == RATE { b.mul(args[0], x) } else { b.div(x, args[0]) }
}

fn mean(form: usize, args: &[&[f64]]) -> f64 {
    if form == RATE { 1.0 / number(args, 0) } else { number(args, 0) }
}

/// log(e^−λa − e^−λb) = −λa + log(1 − e^−λ(b−a)), with a cut off at 0.
fn log_mass(b: &mut Builder, form: usize, args: &[Slot], low: Slot, high: Slot) -> Slot {
    let zero = b.constant(0.0);
    let low = match finite(b, low) {
        Some(low) => b.binary(Binary::Max, low, zero),
        None => zero,
    };
    let start = in_means(b, form, low, args);
    let start = b.neg(start);
    match finite(b, high) {
        None => start,
        Some(high) => {
            let length = b.sub(high, low);
            let length = in_means(b, form, length, args);
            let rest = log_one_minus_exp_neg(b, length);
            b.add(start, rest)
        }
    }
}
