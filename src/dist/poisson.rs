//! `Poisson(rate)` or `Poisson(log_rate =)`.

use super::truncation::{between_tails, finite};
use super::{ArgSpec, Ends, Family, Form, guard, number};
use crate::kernels::scalar::{Binary, Unary};
use crate::kernels::special;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use statrs::function::gamma::checked_gamma_ur;

const RATE: usize = 0;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Poisson",
    forms: &[
        Form { args: &[ArgSpec::scalar("rate", Interval::POSITIVE)] },
        Form { args: &[ArgSpec::scalar("log_rate", Interval::REAL)] },
    ],
    positional: 1,
    support: |_, _| Support::Interval(Interval::COUNT),
    is_discrete: true,
    log_density,
    sample: Some(|form, args, rng| match rand_distr::Poisson::new(rate(form, args)) {
        Ok(poisson) => poisson.sample(rng),
        Err(_) => f64::NAN,
    }),
    mean: Some(rate),
    sd: Some(|form, args| rate(form, args).sqrt()),
    cdf: Some(|form, args, x| {
        if x < 0.0 {
            return 0.0;
        }
        checked_gamma_ur(x.floor() + 1.0, rate(form, args)).unwrap_or(f64::NAN)
    }),
    log_mass: Some(log_mass),
    mass_ends: Ends::Data,
    log_kernel: Some(|form, args, x| x * rate(form, args).ln() - special::ln_gamma(x + 1.0)),
    page: "\
log probability  x log(rate) - rate - lgamma(x + 1)   for x = 0, 1, 2, ...
mean             rate
sd               sqrt(rate)

The number of events that come independently at a constant rate.
`Poisson(exp(v))` is computed as `Poisson(log_rate = v)`.
Reference: Johnson, Kemp, Kotz, Univariate Discrete Distributions, chapter 4.",
    ..super::PLAIN
};

fn log_density(b: &mut Builder, form: usize, x: Slot, args: &[Slot]) -> Slot {
    let (rate, log_rate) = if form == RATE { (args[0], b.log(args[0])) } else { (b.exp(args[0]), args[0]) };
    let events = b.mul(x, log_rate);
    let kernel = b.sub(events, rate);
    let next = b.add_number(x, 1.0);
    let factorial = b.unary(Unary::LnGamma, next);
    let density = b.sub(kernel, factorial);
    guard::nonneg(b, x, density)
}

fn rate(form: usize, args: &[&[f64]]) -> f64 {
    if form == RATE { number(args, 0) } else { number(args, 0).exp() }
}

/// P(X ≥ a) = P(a, rate) and P(X ≤ b) = 1 − P(b + 1, rate), the incomplete gamma function in its shape.
fn log_mass(b: &mut Builder, form: usize, args: &[Slot], low: Slot, high: Slot) -> Slot {
    let rate = if form == RATE { args[0] } else { b.exp(args[0]) };
    let low = match b.constant_value(low) {
        Some(value) if value <= 0.0 => None,
        _ => Some(low),
    };
    let next = finite(b, high).map(|high| b.add_number(high, 1.0));
    match (low, next) {
        (None, None) => b.constant(0.0),
        (Some(low), None) => b.binary(Binary::LogGammaP, low, rate),
        (None, Some(next)) => b.binary(Binary::LogGammaQ, next, rate),
        (Some(low), Some(next)) => {
            let [from, to] = [low, next]
                .map(|k| (b.binary(Binary::LogGammaQ, k, rate), b.binary(Binary::LogGammaP, k, rate)));
            let is_right = b.binary(Binary::Lt, rate, low);
            between_tails(b, is_right, from, to)
        }
    }
}
