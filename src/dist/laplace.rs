//! `Laplace(loc, scale)`.

use super::logarithms::{one_minus_exp_neg, standardized};
use super::truncation::standardized_ends;
use super::{ArgSpec, Family, Form, number};
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use std::f64::consts::{LN_2, SQRT_2};

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Laplace",
    forms: &[Form {
        args: &[ArgSpec::scalar("loc", Interval::REAL), ArgSpec::scalar("scale", Interval::POSITIVE)],
    }],
    positional: 2,
    support: |_, _| Support::REAL,
    log_density: |b, _, x, args| {
        let z = standardized(b, x, args[0], args[1]);
        let size = b.unary(Unary::Abs, z);
        let log_scale = b.log(args[1]);
        let normaliser = b.add_number(log_scale, LN_2);
        let sum = b.add(size, normaliser);
        b.neg(sum)
    },
    sample: Some(|_, args, rng| {
        // The difference of two exponentials; no uniform number is sent through a logarithm near 0.
        let [e1, e2]: [f64; 2] = [rand_distr::Exp1.sample(rng), rand_distr::Exp1.sample(rng)];
        number(args, 0) + number(args, 1) * (e1 - e2)
    }),
    mean: Some(|_, args| number(args, 0)),
    sd: Some(|_, args| SQRT_2 * number(args, 1)),
    cdf: Some(|_, args, x| {
        let z = (x - number(args, 0)) / number(args, 1);
        if z <= 0.0 { 0.5 * z.exp() } else { 1.0 - 0.5 * (-z).exp() }
    }),
    log_mass: Some(|b, _, args, low, high| log_mass(b, args[0], args[1], low, high)),
    log_kernel: Some(|_, args, x| -((x - number(args, 0)) / number(args, 1)).abs()),
    location_scale: Some((0, 1)),
    page: "\
log density      -|z| - log(2 scale),   z = (x - loc)/scale
mean             loc
sd               sqrt(2) scale

A peak at loc with exponential tails on both sides; as a prior it favours values near loc.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 2, chapter 24.",
    ..super::PLAIN
};

/// With the distance s of the interval from loc, the length L of its part left of loc and R of that right of it, all in
/// scales: −s + log(½(1 − e^−L) + ½(1 − e^−R)).
fn log_mass(b: &mut Builder, loc: Slot, scale: Slot, low: Slot, high: Slot) -> Slot {
    let zero = b.constant(0.0);
    let (alpha, beta) = standardized_ends(b, loc, scale, low, high);
    if let (None, None) = (alpha, beta) {
        return zero;
    }
    // The parts of each end left and right of loc.
    let mut sides =
        |end: Option<Slot>| end.map(|z| (b.binary(Binary::Min, z, zero), b.binary(Binary::Max, z, zero)));
    let (alpha, beta) = (sides(alpha), sides(beta));
    let (high_left, high_right) = beta.map_or((zero, None), |(left, right)| (left, Some(right)));
    let (low_left, low_right) = alpha.map_or((None, zero), |(left, right)| (Some(left), right));
    let left = low_left.map(|low_left| b.sub(high_left, low_left));
    let right = high_right.map(|high_right| b.sub(high_right, low_right));
    let distance = b.sub(low_right, high_left);
    let one = b.constant(1.0);
    let left = left.map_or(one, |length| one_minus_exp_neg(b, length));
    let right = right.map_or(one, |length| one_minus_exp_neg(b, length));
    let both = b.add(left, right);
    let log = b.log(both);
    let log = b.add_number(log, -LN_2);
    b.sub(log, distance)
}
