//! `Beta(a, b)`.

use super::probability::log_and_complement;
use super::{ArgSpec, Ends, Family, Form, guard, number};
use crate::kernels::scalar::Unary;
use crate::kernels::special::log_beta_regularized;
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use statrs::function::beta::checked_beta_reg;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Beta",
    forms: &[Form {
        args: &[ArgSpec::scalar("a", Interval::POSITIVE), ArgSpec::scalar("b", Interval::POSITIVE)],
    }],
    positional: 2,
    support: |_, _| Support::Interval(Interval::UNIT),
    log_density: |b, _, x, args| {
        // A value made by the bijection of (0, 1) is sigmoid(u): then both logarithms are exact at any u.
        let (log_x, log_rest) = log_and_complement(b, x);
        let sum = b.add(args[0], args[1]);
        let [ln_a, ln_b, ln_sum] = [args[0], args[1], sum].map(|v| b.unary(Unary::LnGamma, v));
        let normaliser = b.sub(ln_sum, ln_a);
        let normaliser = b.sub(normaliser, ln_b);
        let [power, rest] = [args[0], args[1]].map(|v| b.add_number(v, -1.0));
        let left = b.mul(power, log_x);
        let right = b.mul(rest, log_rest);
        let kernel = b.add(left, right);
        let density = b.add(normaliser, kernel);
        guard::inside_unit(b, x, density)
    },
    sample: Some(|_, args, rng| match rand_distr::Beta::new(number(args, 0), number(args, 1)) {
        Ok(beta) => beta.sample(rng),
        Err(_) => f64::NAN,
    }),
    mean: Some(|_, args| number(args, 0) / (number(args, 0) + number(args, 1))),
    sd: Some(|_, args| {
        let (a, b) = (number(args, 0), number(args, 1));
        (a * b / (a + b + 1.0)).sqrt() / (a + b)
    }),
    cdf: Some(|_, args, x| {
        checked_beta_reg(number(args, 0), number(args, 1), x.clamp(0.0, 1.0)).unwrap_or(f64::NAN)
    }),
    log_mass: Some(|b, _, args, low, high| {
        let [first, second, low, high] =
            [args[0], args[1], low, high].map(|v| b.constant_value(v).unwrap_or(f64::NAN));
        b.constant(log_mass(first, second, low.max(0.0), high.min(1.0)))
    }),
    fixed_for_mass: &["a", "b"],
    mass_ends: Ends::Known,
    log_kernel: Some(|_, args, x| (number(args, 0) - 1.0) * x.ln() + (number(args, 1) - 1.0) * (-x).ln_1p()),
    page: "\
log density      lgamma(a + b) - lgamma(a) - lgamma(b) + (a - 1) log(x) + (b - 1) log(1 - x)   for 0 < x < 1
mean             a/(a + b)
sd               sqrt(a b/(a + b + 1))/(a + b)

A probability or a share; Beta(1, 1) is Uniform(0, 1).
As a prior of a probability it counts like a earlier successes and b earlier failures.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 2, chapter 25.",
    ..super::PLAIN
};

/// log(I_high(a, b) − I_low(a, b)) of 0 ≤ low < high ≤ 1, by whichever tail keeps its digits.
fn log_mass(a: f64, b: f64, low: f64, high: f64) -> f64 {
    let below = |x: f64| log_beta_regularized(a, b, x, 1.0 - x);
    let above = |x: f64| log_beta_regularized(b, a, 1.0 - x, x);
    let is_right = low > a / (a + b);
    let (larger, smaller) = if is_right { (above(low), above(high)) } else { (below(high), below(low)) };
    larger + (-(smaller - larger).exp()).ln_1p()
}
