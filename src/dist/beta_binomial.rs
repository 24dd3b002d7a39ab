//! `BetaBinomial(n =, a =, b =)`.

use super::truncation::sum_of_successes;
use super::{ArgSpec, Ends, Family, Form, binomial, guard, number};
use crate::kernels::scalar::Unary;
use crate::kernels::special::ln_gamma;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "BetaBinomial",
    forms: &[Form {
        args: &[
            ArgSpec::scalar("n", Interval::COUNT),
            ArgSpec::scalar("a", Interval::POSITIVE),
            ArgSpec::scalar("b", Interval::POSITIVE),
        ],
    }],
    positional: 0,
    support: |_, _| Support::Interval(Interval::COUNT),
    is_discrete: true,
    log_density: |b, _, x, args| {
        let density = log_probability(b, x, args);
        let zero = b.constant(0.0);
        guard::between(b, x, zero, args[0], density)
    },
    log_mass: Some(|b, _, args, low, high| {
        sum_of_successes(b, args[0], low, high, &mut |b, k| log_probability(b, k, args))
    }),
    mass_ends: Ends::Constant,
    log_kernel: Some(|_, args, x| {
        let (n, a, b) = (number(args, 0), number(args, 1), number(args, 2));
        if x > n {
            return f64::NEG_INFINITY;
        }
        ln_gamma(x + a) + ln_gamma(n - x + b) - ln_gamma(x + 1.0) - ln_gamma(n - x + 1.0)
    }),
    sample: Some(|_, args, rng| match rand_distr::Beta::new(number(args, 1), number(args, 2)) {
        Ok(beta) => {
            let p = beta.sample(rng);
            binomial::draw(number(args, 0), p, rng)
        }
        Err(_) => f64::NAN,
    }),
    mean: Some(|_, args| number(args, 0) * number(args, 1) / (number(args, 1) + number(args, 2))),
    sd: Some(|_, args| {
        let (n, a, b) = (number(args, 0), number(args, 1), number(args, 2));
        (n * a * b * (a + b + n) / (a + b + 1.0)).sqrt() / (a + b)
    }),
    cdf: Some(|_, args, x| {
        let (n, a, b) = (number(args, 0), number(args, 1), number(args, 2));
        if x < 0.0 {
            return 0.0;
        }
        if x >= n {
            return 1.0;
        }
        let term = |k: f64| {
            let ways = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
            let posterior = ln_gamma(k + a) + ln_gamma(n - k + b) - ln_gamma(n + a + b);
            (ways + posterior - ln_gamma(a) - ln_gamma(b) + ln_gamma(a + b)).exp()
        };
        (0..=x as u64).map(|k| term(k as f64)).sum()
    }),
    page: "\
log probability  lgamma(n+1) - lgamma(x+1) - lgamma(n-x+1) + log(B(x + a, n - x + b)/B(a, b))   for x = 0, ..., n
mean             n a/(a + b)
sd               sqrt(n a b (a + b + n)/(a + b + 1))/(a + b)

The number of successes in n trials whose common probability is Beta(a, b): Binomial with more spread.
Reference: Johnson, Kemp, Kotz, Univariate Discrete Distributions, section 6.2.2.",
    ..super::PLAIN
};

/// log (n choose x) + log B(x + a, n − x + b) − log B(a, b)
fn log_probability(b: &mut Builder, x: Slot, args: &[Slot]) -> Slot {
    let ways = binomial::log_choose(b, args[0], x);
    let others = b.sub(args[0], x);
    let left = b.add(x, args[1]);
    let right = b.add(others, args[2]);
    let posterior = log_beta(b, left, right);
    let prior = log_beta(b, args[1], args[2]);
    let ratio = b.sub(posterior, prior);
    b.add(ways, ratio)
}

/// log B(a, b)
fn log_beta(b: &mut Builder, first: Slot, second: Slot) -> Slot {
    let sum = b.add(first, second);
    let [ln_first, ln_second, ln_sum] = [first, second, sum].map(|v| b.unary(Unary::LnGamma, v));
    let both = b.add(ln_first, ln_second);
    b.sub(both, ln_sum)
}
