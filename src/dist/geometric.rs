//! `Geometric(p =)` or `Geometric(logit =)`, failures before the first success.

use super::probability::{self, log_and_complement};
use super::{ArgSpec, Family, Form, guard, number};
use crate::kernels::scalar::Unary;
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

const P: usize = 0;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Geometric",
    forms: &[
        Form { args: &[ArgSpec::scalar("p", Interval::UNIT)] },
        Form { args: &[ArgSpec::scalar("logit", Interval::REAL)] },
    ],
    positional: 0,
    support: |_, _| Support::Interval(Interval::COUNT),
    is_discrete: true,
    log_density: |b, form, x, args| {
        let (log_p, log_rest) =
            if form == P { log_and_complement(b, args[0]) } else { probability::from_logit(b, args[0]) };
        let failures = b.mul(x, log_rest);
        let density = b.add(log_p, failures);
        guard::nonneg(b, x, density)
    },
    sample: Some(|form, args, rng| {
        let e: f64 = rand_distr::Exp1.sample(rng);
        (e / -log_rest(form, args)).floor()
    }),
    mean: Some(odds_against),
    sd: Some(|form, args| {
        let odds = odds_against(form, args);
        (odds * (1.0 + odds)).sqrt()
    }),
    cdf: Some(
        |form, args, x| {
            if x < 0.0 { 0.0 } else { -((x.floor() + 1.0) * log_rest(form, args)).exp_m1() }
        },
    ),
    log_mass: None,
    log_kernel: None,
    location_scale: None,
    ends: [None, None],
    page: "\
log probability  log(p) + x log(1 - p)   for x = 0, 1, 2, ...,   p = 1/(1 + exp(-logit))
mean             (1 - p)/p
sd               sqrt(1 - p)/p

The number of failures before the first success. Some books count the success too: that is x + 1.
Reference: Johnson, Kemp, Kotz, Univariate Discrete Distributions, section 5.2.",
};

/// log(1 − p)
fn log_rest(form: usize, args: &[&[f64]]) -> f64 {
    if form == P { (-number(args, 0)).ln_1p() } else { Unary::LogSigmoid.apply(-number(args, 0)) }
}

/// (1 − p)/p
fn odds_against(form: usize, args: &[&[f64]]) -> f64 {
    if form == P { (1.0 - number(args, 0)) / number(args, 0) } else { (-number(args, 0)).exp() }
}
