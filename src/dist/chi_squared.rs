//! `ChiSquared(df)`.

use super::truncation::{above, finite, gamma_mass};
use super::{ArgSpec, Family, Form, gamma, number};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use statrs::function::gamma::checked_gamma_lr;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "ChiSquared",
    forms: &[Form { args: &[ArgSpec::scalar("df", Interval::POSITIVE)] }],
    positional: 1,
    support: |_, _| Support::POSITIVE,
    log_density: |b, _, x, args| {
        let shape = b.scale(args[0], 0.5);
        let rate = b.constant(0.5);
        gamma::log_density(b, gamma::RATE, x, &[shape, rate])
    },
    sample: Some(|_, args, rng| match rand_distr::ChiSquared::new(number(args, 0)) {
        Ok(chi_squared) => chi_squared.sample(rng),
        Err(_) => f64::NAN,
    }),
    mean: Some(|_, args| number(args, 0)),
    sd: Some(|_, args| (2.0 * number(args, 0)).sqrt()),
    cdf: Some(|_, args, x| {
        if x <= 0.0 { 0.0 } else { checked_gamma_lr(0.5 * number(args, 0), 0.5 * x).unwrap_or(f64::NAN) }
    }),
    log_mass: Some(|b, _, args, low, high| {
        let [low, high] = [above(b, low, 0.0), finite(b, high)].map(|end| end.map(|x| b.scale(x, 0.5)));
        let shape = b.scale(args[0], 0.5);
        gamma_mass(b, shape, low, high)
    }),
    fixed_for_mass: &["df"],
    log_kernel: Some(|_, args, x| (0.5 * number(args, 0) - 1.0) * x.ln() - 0.5 * x),
    page: "\
log density      -df/2 log(2) - lgamma(df/2) + (df/2 - 1) log(x) - x/2   for x > 0
mean             df
sd               sqrt(2 df)

The sum of df squared Normal(0, 1) values; the same as Gamma(shape = df/2, rate = 1/2).
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, chapter 18.",
    ..super::PLAIN
};
