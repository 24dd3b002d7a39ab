//! `Weibull(shape =, scale =)`.

use super::logarithms::{log_one_minus_exp_neg, log_quotient};
use super::truncation::{above, finite};
use super::{ArgSpec, Family, Form, guard, number};
use crate::kernels::scalar::Unary;
use crate::kernels::special;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Weibull",
    forms: &[Form {
        args: &[ArgSpec::scalar("shape", Interval::POSITIVE), ArgSpec::scalar("scale", Interval::POSITIVE)],
    }],
    positional: 0,
    support: |_, _| Support::POSITIVE,
    log_density: |b, _, x, args| {
        let [shape, scale] = [args[0], args[1]];
        // log x − log scale, not log(x/scale): an unknown x is e^u, and its logarithm is u.
        let [log_x, log_scale, log_shape] = [x, scale, shape].map(|v| b.log(v));
        let log_ratio = b.sub(log_x, log_scale);
        let power = b.mul(shape, log_ratio);
        let hazard = b.exp(power);
        let less = b.add_number(shape, -1.0);
        let rise = b.mul(less, log_ratio);
        let normaliser = b.sub(log_shape, log_scale);
        let kernel = b.sub(rise, hazard);
        let density = b.add(normaliser, kernel);
        guard::positive(b, x, density)
    },
    sample: Some(|_, args, rng| {
        let e: f64 = rand_distr::Exp1.sample(rng);
        number(args, 1) * e.powf(1.0 / number(args, 0))
    }),
    mean: Some(|_, args| number(args, 1) * moment(number(args, 0), 1.0)),
    sd: Some(|_, args| {
        let shape = number(args, 0);
        number(args, 1) * (moment(shape, 2.0) - moment(shape, 1.0).powi(2)).sqrt()
    }),
    cdf: Some(|_, args, x| -(-(x.max(0.0) / number(args, 1)).powf(number(args, 0))).exp_m1()),
    log_mass: Some(|b, _, args, low, high| log_mass(b, args[0], args[1], low, high)),
    log_kernel: Some(|_, args, x| {
        let log_ratio = x.ln() - number(args, 1).ln();
        (number(args, 0) - 1.0) * log_ratio - (number(args, 0) * log_ratio).exp()
    }),
    page: "\
log density      log(shape/scale) + (shape - 1) log(x/scale) - (x/scale)^shape   for x > 0
mean             scale Gamma(1 + 1/shape)
sd               scale sqrt(Gamma(1 + 2/shape) - Gamma(1 + 1/shape)^2)

Times to failure: the hazard falls with time for shape < 1, is constant for 1 (Exponential), and grows above.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, chapter 21.",
    ..super::PLAIN
};

/// E xᵏ for scale 1: Γ(1 + k/shape)
fn moment(shape: f64, k: f64) -> f64 {
    special::ln_gamma(1.0 + k / shape).exp()
}

/// −H(a) + log(1 − e^−(H(b) − H(a))) with the cumulative hazard H(x) = (x/scale)^shape.
fn log_mass(b: &mut Builder, shape: Slot, scale: Slot, low: Slot, high: Slot) -> Slot {
    let hazard = |b: &mut Builder, x: Slot| {
        let [log_x, log_scale] = [x, scale].map(|v| b.log(v));
        let log_ratio = b.sub(log_x, log_scale);
        let power = b.mul(shape, log_ratio);
        b.exp(power)
    };
    match (above(b, low, 0.0), finite(b, high)) {
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
            // H(b) − H(a) = H(a) ((b/a)^shape − 1)
            let start = hazard(b, low);
            let log_growth = log_quotient(b, high, low);
            let power = b.mul(shape, log_growth);
            let growth = b.unary(Unary::Expm1, power);
            let length = b.mul(start, growth);
            let rest = log_one_minus_exp_neg(b, length);
            b.sub(rest, start)
        }
    }
}
