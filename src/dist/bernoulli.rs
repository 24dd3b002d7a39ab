//! `Bernoulli(p =)` or `Bernoulli(logit =)`.

use super::probability::{from_logit, log_and_complement, logit_of, logs_where_asked};
use super::{ArgSpec, Family, Form, number};
use crate::kernels::scalar::Unary;
use crate::tape::{Op, Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand::RngExt;

const P: usize = 0;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Bernoulli",
    forms: &[
        Form { args: &[ArgSpec::scalar("p", Interval::closed(0.0, 1.0))] },
        Form { args: &[ArgSpec::scalar("logit", Interval::REAL)] },
    ],
    positional: 0,
    support: |_, _| Support::Interval(Interval { whole: true, ..Interval::closed(0.0, 1.0) }),
    is_discrete: true,
    log_density,
    sample: Some(|form, args, rng| {
        let share: f64 = rng.random();
        f64::from(share < p(form, args))
    }),
    mean: Some(p),
    sd: Some(|form, args| (p(form, args) * rest(form, args)).sqrt()),
    cdf: Some(|form, args, x| {
        if x < 0.0 {
            0.0
        } else if x < 1.0 {
            rest(form, args)
        } else {
            1.0
        }
    }),
    class_log_probabilities: Some(|b, form, args| {
        let (yes, no) = if form == P { log_and_complement(b, args[0]) } else { from_logit(b, args[0]) };
        b.infer(Op::Concat, vec![no, yes])
    }),
    page: "\
log probability  log(p) for 1, log(1 - p) for 0,   p = 1/(1 + exp(-logit))
mean             p
sd               sqrt(p (1 - p))

Yes or no. `Bernoulli(p = sigmoid(v))` is computed as `Bernoulli(logit = v)`, so nothing is lost near 0 and 1.
Reference: Johnson, Kemp, Kotz, Univariate Discrete Distributions, chapter 3.",
    ..super::PLAIN
};

/// log σ((2x − 1)·logit), or log p and log(1 − p) chosen by x.
fn log_density(b: &mut Builder, form: usize, x: Slot, args: &[Slot]) -> Slot {
    let logit = if form == P { logit_of(b, args[0]) } else { Some(args[0]) };
    match logit {
        Some(logit) => {
            let sign = b.scale(x, 2.0);
            let sign = b.add_number(sign, -1.0);
            let signed = b.mul(sign, logit);
            b.unary(Unary::LogSigmoid, signed)
        }
        None => {
            let one = b.constant(1.0);
            let failure = b.sub(one, x);
            let (yes, no) = logs_where_asked(b, x, failure, args[0]);
            b.select(x, yes, no)
        }
    }
}

fn p(form: usize, args: &[&[f64]]) -> f64 {
    if form == P { number(args, 0) } else { Unary::Sigmoid.apply(number(args, 0)) }
}

fn rest(form: usize, args: &[&[f64]]) -> f64 {
    if form == P { 1.0 - number(args, 0) } else { Unary::Sigmoid.apply(-number(args, 0)) }
}
