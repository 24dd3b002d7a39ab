//! `Geometric(p =)` or `Geometric(logit =)`, failures before the first success.

use super::logarithms::log_one_minus_exp_neg;
use super::probability::{from_logit, log_and_complement, logs_at_ends, logs_where_asked};
use super::truncation::finite;
use super::{ArgSpec, Ends, Family, Form, guard, number};
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

const P: usize = 0;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Geometric",
    forms: &[
        Form { args: &[ArgSpec::scalar("p", Interval { high_closed: true, ..Interval::UNIT })] },
        Form { args: &[ArgSpec::scalar("logit", Interval::REAL)] },
    ],
    positional: 0,
    support: |_, _| Support::Interval(Interval::COUNT),
    is_discrete: true,
    log_density: |b, form, x, args| {
        let (log_p, log_rest) = if form == P {
            let (log_p, _) = log_and_complement(b, args[0]);
            // A success at once asks for no failure: at a p of 1 that is certain.
            let (_, log_rest) = logs_where_asked(b, x, x, args[0]);
            (log_p, log_rest)
        } else {
            from_logit(b, args[0])
        };
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
    log_mass: Some(log_mass),
    mass_ends: Ends::Data,
    log_kernel: Some(|form, args, x| if x == 0.0 { 0.0 } else { x * log_rest(form, args) }),
    page: "\
log probability  log(p) + x log(1 - p)   for x = 0, 1, 2, ...,   p = 1/(1 + exp(-logit))
mean             (1 - p)/p
sd               sqrt(1 - p)/p

The number of failures before the first success. Some books count the success too: that is x + 1.
Reference: Johnson, Kemp, Kotz, Univariate Discrete Distributions, section 5.2.",
    ..super::PLAIN
};

/// log(1 − p)
fn log_rest(form: usize, args: &[&[f64]]) -> f64 {
    if form == P { (-number(args, 0)).ln_1p() } else { Unary::LogSigmoid.apply(-number(args, 0)) }
}

/// (1 − p)/p
fn odds_against(form: usize, args: &[&[f64]]) -> f64 {
    if form == P { (1.0 - number(args, 0)) / number(args, 0) } else { (-number(args, 0)).exp() }
}

/// log(qᵃ − q^(b+1)) = a log q + log(1 − q^(b+1−a))
fn log_mass(b: &mut Builder, form: usize, args: &[Slot], low: Slot, high: Slot) -> Slot {
    let (_, log_q) = if form == P { logs_at_ends(b, args[0]) } else { from_logit(b, args[0]) };
    let zero = b.constant(0.0);
    let low = match finite(b, low) {
        Some(low) => b.binary(Binary::Max, low, zero),
        None => zero,
    };
    let start = b.mul(low, log_q);
    match finite(b, high) {
        None => start,
        Some(high) => {
            let count = b.sub(high, low);
            let count = b.add_number(count, 1.0);
            let fall = b.mul(count, log_q);
            let d = b.neg(fall);
            let rest = log_one_minus_exp_neg(b, d);
            b.add(start, rest)
        }
    }
}
