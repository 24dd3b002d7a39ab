//! `Pareto(shape =, scale =)`.

use super::logarithms::{log_one_minus_exp_neg, log_quotient};
use super::truncation::finite;
use super::{ArgSpec, Family, Form, guard, number};
use crate::kernels::scalar::Binary;
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Pareto",
    forms: &[Form {
        args: &[ArgSpec::scalar("shape", Interval::POSITIVE), ArgSpec::scalar("scale", Interval::POSITIVE)],
    }],
    positional: 0,
    support: |_, args| Support::Interval(Interval::open(args[1].constant.unwrap_or(f64::NAN), f64::INFINITY)),
    log_density: |b, _, x, args| {
        let [shape, scale] = [args[0], args[1]];
        let [log_x, log_scale, log_shape] = [x, scale, shape].map(|v| b.log(v));
        let log_ratio = b.sub(log_x, log_scale);
        let power = b.mul(shape, log_ratio);
        let normaliser = b.sub(log_shape, log_x);
        let density = b.sub(normaliser, power);
        guard::where_data(b, x, density, |b| b.binary(Binary::Le, scale, x))
    },
    sample: Some(|_, args, rng| {
        let e: f64 = rand_distr::Exp1.sample(rng);
        number(args, 1) * (e / number(args, 0)).exp()
    }),
    mean: Some(|_, args| {
        let shape = number(args, 0);
        if shape > 1.0 { shape * number(args, 1) / (shape - 1.0) } else { f64::INFINITY }
    }),
    sd: Some(|_, args| {
        let shape = number(args, 0);
        if shape > 2.0 {
            number(args, 1) / (shape - 1.0) * (shape / (shape - 2.0)).sqrt()
        } else if shape > 1.0 {
            f64::INFINITY
        } else {
            f64::NAN
        }
    }),
    cdf: Some(|_, args, x| {
        let (shape, scale) = (number(args, 0), number(args, 1));
        if x <= scale { 0.0 } else { -(shape * (scale / x).ln()).exp_m1() }
    }),
    ends: [Some(1), None],
    log_mass: Some(|b, _, args, low, high| {
        let [shape, scale] = [args[0], args[1]];
        let low = finite(b, low).map(|low| b.binary(Binary::Max, low, scale));
        let start = match low {
            Some(low) => {
                let log_ratio = log_quotient(b, low, scale);
                b.mul(shape, log_ratio)
            }
            None => b.constant(0.0),
        };
        match finite(b, high) {
            None => b.neg(start),
            Some(high) => {
                let log_ratio = log_quotient(b, high, low.unwrap_or(scale));
                let length = b.mul(shape, log_ratio);
                let rest = log_one_minus_exp_neg(b, length);
                b.sub(rest, start)
            }
        }
    }),
    log_kernel: Some(|_, args, x| -(number(args, 0) + 1.0) * x.ln()),
    page: "\
log density      log(shape) - log(x) - shape log(x/scale)   for x >= scale
mean             shape scale/(shape - 1) for shape > 1, else infinite
sd               scale/(shape - 1) sqrt(shape/(shape - 2)) for shape > 2,
                 infinite for 1 < shape <= 2, else undefined

Sizes above a smallest one: the share above x falls as a power of x.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, chapter 20.",
    ..super::PLAIN
};
