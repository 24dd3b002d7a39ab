//! `Kumaraswamy(a =, b =)`.

use super::logarithms::log_one_minus_exp_neg;
use super::truncation::{above, log_difference};
use super::{ArgSpec, Family, Form, guard, number};
use crate::kernels::scalar::Binary;
use crate::kernels::special::ln_gamma;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Kumaraswamy",
    forms: &[Form {
        args: &[ArgSpec::scalar("a", Interval::POSITIVE), ArgSpec::scalar("b", Interval::POSITIVE)],
    }],
    positional: 0,
    support: |_, _| Support::Interval(Interval::UNIT),
    log_density: |b, _, x, args| {
        let [log_a, log_b, log_x] = [args[0], args[1], x].map(|v| b.log(v));
        let power = b.mul(args[0], log_x);
        let minus = b.neg(power);
        let log_rest = log_one_minus_exp_neg(b, minus);
        let less = b.add_number(args[1], -1.0);
        let right = b.mul(less, log_rest);
        let left = b.sub(power, log_x);
        let kernel = b.add(left, right);
        let normaliser = b.add(log_a, log_b);
        let density = b.add(normaliser, kernel);
        guard::inside_unit(b, x, density)
    },
    sample: Some(|_, args, rng| {
        let e: f64 = rand_distr::Exp1.sample(rng);
        (-(-e / number(args, 1)).exp_m1()).powf(1.0 / number(args, 0))
    }),
    mean: Some(|_, args| moment(args, 1.0)),
    sd: Some(|_, args| (moment(args, 2.0) - moment(args, 1.0).powi(2)).sqrt()),
    cdf: Some(|_, args, x| {
        // 1 − (1 − xᵃ)ᵇ
        let rest = (-(number(args, 0) * x.clamp(0.0, 1.0).ln()).exp()).ln_1p();
        -(number(args, 1) * rest).exp_m1()
    }),
    log_mass: Some(|b, _, args, low, high| log_mass(b, args[0], args[1], low, high)),
    log_kernel: Some(|_, args, x| {
        let (a, b) = (number(args, 0), number(args, 1));
        (a - 1.0) * x.ln() + (b - 1.0) * (-(a * x.ln()).exp_m1()).ln()
    }),
    page: "\
log density      log(a) + log(b) + (a - 1) log(x) + (b - 1) log(1 - x^a)   for 0 < x < 1
mean             b B(1 + 1/a, b), B being the beta function
sd               sqrt(b B(1 + 2/a, b) - mean^2)

Close to Beta(a, b), with a distribution function in closed form.
Reference: Kumaraswamy, Journal of Hydrology 46 (1980); Jones, Statistical Methodology 6 (2009).",
    ..super::PLAIN
};

/// E xᵏ = b B(1 + k/a, b)
fn moment(args: &[&[f64]], k: f64) -> f64 {
    let (first, b) = (1.0 + k / number(args, 0), number(args, 1));
    b * (ln_gamma(first) + ln_gamma(b) - ln_gamma(first + b)).exp()
}

/// −H(low) + log(1 − e^−(H(high) − H(low))) with H(x) = −b log(1 − xᵃ) of the places inside (0, 1).
fn log_mass(b: &mut Builder, first: Slot, second: Slot, low: Slot, high: Slot) -> Slot {
    let hazard = |b: &mut Builder, x: Slot| {
        let log_x = b.log(x);
        let power = b.mul(first, log_x);
        let minus = b.neg(power);
        // log(1 − xᵃ): near 0 by log1p, so that a small hazard keeps its digits, near 1 by expm1.
        let half = b.constant(std::f64::consts::LN_2);
        let is_near_zero = b.binary(Binary::Lt, half, minus);
        let share = b.exp(power);
        let share = b.neg(share);
        let by_share = b.log1p(share);
        let near_one = log_one_minus_exp_neg(b, minus);
        let log_rest = b.select(is_near_zero, by_share, near_one);
        let scaled = b.mul(second, log_rest);
        b.neg(scaled)
    };
    let below_one = |b: &mut Builder, end: Slot| match b.constant_value(end) {
        Some(value) if value >= 1.0 => None,
        Some(_) => Some(end),
        None => {
            // The largest number of f32 below 1.
            let most = b.constant(1.0 - f64::from(f32::EPSILON) / 2.0);
            Some(b.binary(Binary::Min, end, most))
        }
    };
    match (above(b, low, 0.0), below_one(b, high)) {
        (None, None) => b.constant(0.0),
        (Some(low), None) => {
            let start = hazard(b, low);
            b.neg(start)
        }
        (None, Some(high)) => {
            let end = hazard(b, high);
            log_one_minus_exp_neg(b, end)
        }
        (Some(low), Some(high)) => {
            let [start, end] = [low, high].map(|x| hazard(b, x));
            let [start, end] = [start, end].map(|h| b.neg(h));
            log_difference(b, start, end)
        }
    }
}
