//! `HalfStudentT(df, scale)`.

use super::logarithms::ln_gamma_half_step_value;
use super::truncation::above;
use super::{ArgSpec, Family, Form, guard, number, student_t};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use std::f64::consts::{LN_2, PI};

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "HalfStudentT",
    forms: &[Form {
        args: &[ArgSpec::scalar("df", Interval::POSITIVE), ArgSpec::scalar("scale", Interval::POSITIVE)],
    }],
    positional: 2,
    support: |_, _| Support::POSITIVE,
    log_density: |b, _, x, args| {
        let z = b.div(x, args[1]);
        let whole = student_t::standard(b, z, args[0], args[1]);
        let density = b.add_number(whole, LN_2);
        guard::nonneg(b, x, density)
    },
    sample: Some(|_, args, rng| match rand_distr::StudentT::new(number(args, 0)) {
        Ok(t) => number(args, 1) * t.sample(rng).abs(),
        Err(_) => f64::NAN,
    }),
    mean: Some(|_, args| number(args, 1) * standard_mean(number(args, 0))),
    sd: Some(|_, args| {
        let df = number(args, 0);
        let second_moment = student_t::standard_sd(df).powi(2);
        if df > 2.0 {
            number(args, 1) * (second_moment - standard_mean(df).powi(2)).sqrt()
        } else {
            student_t::standard_sd(df)
        }
    }),
    cdf: Some(|_, args, x| {
        let z = x.max(0.0) / number(args, 1);
        student_t::standard_central_mass(number(args, 0), z)
    }),
    log_mass: Some(|b, _, args, low, high| {
        let zero = b.constant(0.0);
        let low = above(b, low, 0.0).unwrap_or(zero);
        let half = student_t::log_mass(b, &[args[0], zero, args[1]], low, high);
        b.add_number(half, std::f64::consts::LN_2)
    }),
    fixed_for_mass: &["df"],
    log_kernel: Some(|_, args, x| {
        let z = x / number(args, 1);
        -0.5 * (number(args, 0) + 1.0) * (z * z / number(args, 0)).ln_1p()
    }),
    page: "\
log density      log(2) + log density of StudentT(df, 0, scale)   for x >= 0
mean             2 scale sqrt(df/pi) exp(lgamma((df+1)/2) - lgamma(df/2))/(df - 1) for df > 1, else infinite
sd               sqrt(scale^2 df/(df-2) - mean^2) for df > 2, infinite for 1 < df <= 2, else undefined

The absolute value of a StudentT(df, 0, scale): a prior of scales between HalfCauchy (df = 1) and HalfNormal.
Reference: Gelman, Prior distributions for variance parameters, Bayesian Analysis 1 (2006).",
    ..super::PLAIN
};

/// E|t| for scale 1.
fn standard_mean(df: f64) -> f64 {
    if df > 1.0 {
        2.0 * (df / PI).sqrt() * ln_gamma_half_step_value(0.5 * df).exp() / (df - 1.0)
    } else {
        f64::INFINITY
    }
}
