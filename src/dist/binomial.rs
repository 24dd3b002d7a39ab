//! `Binomial(n =, p =)` or `Binomial(n =, logit =)`.

use super::probability::{from_logit, logs_at_ends, logs_where_asked};
use super::truncation::sum_of_successes;
use super::{ArgSpec, Ends, Family, Form, guard, number};
use crate::kernels::scalar::Unary;
use crate::kernels::special::ln_gamma;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand::Rng;
use rand_distr::Distribution;
use statrs::function::beta::checked_beta_reg;

const P: usize = 0;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Binomial",
    forms: &[
        Form {
            args: &[
                ArgSpec::scalar("n", Interval::COUNT),
                ArgSpec::scalar("p", Interval::closed(0.0, 1.0)),
            ],
        },
        Form { args: &[ArgSpec::scalar("n", Interval::COUNT), ArgSpec::scalar("logit", Interval::REAL)] },
    ],
    positional: 0,
    support: |_, _| Support::Interval(Interval::COUNT),
    is_discrete: true,
    log_density: |b, form, x, args| {
        let failures = b.sub(args[0], x);
        let logs =
            if form == P { logs_where_asked(b, x, failures, args[1]) } else { from_logit(b, args[1]) };
        let density = log_probability(b, x, args[0], logs);
        let zero = b.constant(0.0);
        guard::between(b, x, zero, args[0], density)
    },
    log_mass: Some(|b, form, args, low, high| {
        // Once for all terms. Of those that are impossible at a p of 0 or 1, the nearest ones have a slope there.
        let logs = if form == P { logs_at_ends(b, args[1]) } else { from_logit(b, args[1]) };
        sum_of_successes(b, args[0], low, high, &mut |b, k| log_probability(b, k, args[0], logs))
    }),
    mass_ends: Ends::Constant,
    log_kernel: Some(|form, args, x| {
        let n = number(args, 0);
        if x > n {
            return f64::NEG_INFINITY;
        }
        let trials = match form {
            P => times_log(x, p(form, args)) + times_log(n - x, rest(form, args)),
            _ => x * number(args, 1),
        };
        trials - ln_gamma(x + 1.0) - ln_gamma(n - x + 1.0)
    }),
    sample: Some(|form, args, rng| draw(number(args, 0), p(form, args), rng)),
    mean: Some(|form, args| number(args, 0) * p(form, args)),
    sd: Some(|form, args| (number(args, 0) * p(form, args) * rest(form, args)).sqrt()),
    cdf: Some(|form, args, x| {
        let n = number(args, 0);
        if x < 0.0 {
            0.0
        } else if x >= n {
            1.0
        } else {
            checked_beta_reg(n - x.floor(), x.floor() + 1.0, rest(form, args)).unwrap_or(f64::NAN)
        }
    }),
    page: "\
log probability  lgamma(n+1) - lgamma(x+1) - lgamma(n-x+1) + x log(p) + (n - x) log(1 - p)   for x = 0, ..., n
mean             n p
sd               sqrt(n p (1 - p))

The number of successes in n independent trials. p = 1/(1 + exp(-logit)).
`Binomial(n = n, p = sigmoid(v))` is computed as `Binomial(n = n, logit = v)`, so nothing is lost near 0 and 1.
Reference: Johnson, Kemp, Kotz, Univariate Discrete Distributions, chapter 3.",
    ..super::PLAIN
};

/// log (n choose x) + x log p + (n − x) log(1 − p)
fn log_probability(b: &mut Builder, x: Slot, n: Slot, (log_p, log_rest): (Slot, Slot)) -> Slot {
    let ways = log_choose(b, n, x);
    let failures = b.sub(n, x);
    let failures = b.mul(failures, log_rest);
    let successes = b.mul(x, log_p);
    let kernel = b.add(successes, failures);
    b.add(ways, kernel)
}

/// log of the number of ways to choose x out of n
pub fn log_choose(b: &mut Builder, n: Slot, x: Slot) -> Slot {
    let others = b.sub(n, x);
    let [all, chosen, left] = [n, x, others].map(|v| {
        let next = b.add_number(v, 1.0);
        b.unary(Unary::LnGamma, next)
    });
    let ways = b.sub(all, chosen);
    b.sub(ways, left)
}

/// Successes in n trials; NaN where n is no count or p no probability.
pub fn draw(n: f64, p: f64, rng: &mut dyn Rng) -> f64 {
    // Above 2⁵³ not every count is a number.
    if !(0.0..=9e15).contains(&n) {
        return f64::NAN;
    }
    match rand_distr::Binomial::new(n as u64, p) {
        Ok(binomial) => binomial.sample(rng) as f64,
        Err(_) => f64::NAN,
    }
}

/// count · log p, 0 for a count of 0 whatever p is
fn times_log(count: f64, p: f64) -> f64 {
    if count == 0.0 { 0.0 } else { count * p.ln() }
}

fn p(form: usize, args: &[&[f64]]) -> f64 {
    if form == P { number(args, 1) } else { Unary::Sigmoid.apply(number(args, 1)) }
}

fn rest(form: usize, args: &[&[f64]]) -> f64 {
    if form == P { 1.0 - number(args, 1) } else { Unary::Sigmoid.apply(-number(args, 1)) }
}
