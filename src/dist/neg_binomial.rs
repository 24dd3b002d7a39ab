//! `NegBinomial(mean =, shape =)` or `NegBinomial(log_mean =, shape =)`.

use super::truncation::sum_of_terms;
use super::{ArgSpec, Ends, Family, Form, guard, number};
use crate::kernels::scalar::Unary;
use crate::kernels::special;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use statrs::function::beta::checked_beta_reg;

const MEAN: usize = 0;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "NegBinomial",
    forms: &[
        Form {
            args: &[
                ArgSpec::scalar("mean", Interval::POSITIVE),
                ArgSpec::scalar("shape", Interval::POSITIVE),
            ],
        },
        Form {
            args: &[
                ArgSpec::scalar("log_mean", Interval::REAL),
                ArgSpec::scalar("shape", Interval::POSITIVE),
            ],
        },
    ],
    positional: 0,
    support: |_, _| Support::Interval(Interval::COUNT),
    is_discrete: true,
    log_density,
    sample: Some(|form, args, rng| {
        // A Poisson whose rate is Gamma with this mean and shape.
        let shape = number(args, 1);
        let Ok(gamma) = rand_distr::Gamma::new(shape, mean(form, args) / shape) else { return f64::NAN };
        let rate = gamma.sample(rng);
        if rate == 0.0 {
            return 0.0;
        }
        rand_distr::Poisson::new(rate).map_or(f64::NAN, |poisson| poisson.sample(rng))
    }),
    mean: Some(mean),
    sd: Some(|form, args| {
        let mean = mean(form, args);
        (mean + mean * mean / number(args, 1)).sqrt()
    }),
    cdf: Some(|form, args, x| {
        if x < 0.0 {
            return 0.0;
        }
        let shape = number(args, 1);
        checked_beta_reg(shape, x.floor() + 1.0, shape / (shape + mean(form, args))).unwrap_or(f64::NAN)
    }),
    log_mass: Some(|b, form, args, low, high| {
        sum_of_terms(b, low, high, None, &mut |b, k| {
            let k = b.constant(k);
            log_density(b, form, k, args)
        })
    }),
    mass_ends: Ends::Constant,
    log_kernel: Some(|form, args, x| {
        let (mean, shape) = (mean(form, args), number(args, 1));
        special::ln_gamma(x + shape) - special::ln_gamma(x + 1.0) + x * (mean / (mean + shape)).ln()
    }),
    page: "\
log probability  lgamma(x + shape) - lgamma(shape) - lgamma(x + 1)
                 - shape log(1 + mean/shape) + x log(mean/(mean + shape))   for x = 0, 1, 2, ...
mean             mean
sd               sqrt(mean + mean^2/shape)

Counts with more spread than Poisson; a large shape is Poisson.
`NegBinomial(mean = exp(v), ...)` is computed as `NegBinomial(log_mean = v, ...)`.
Reference: Johnson, Kemp, Kotz, Univariate Discrete Distributions, chapter 5.",
    ..super::PLAIN
};

/// lnΓ(x+k) − lnΓ(k) − lnΓ(x+1) − k log1p(m/k) + x (log m − log k − log1p(m/k))
fn log_density(b: &mut Builder, form: usize, x: Slot, args: &[Slot]) -> Slot {
    let shape = args[1];
    let (mean, log_mean) = if form == MEAN { (args[0], b.log(args[0])) } else { (b.exp(args[0]), args[0]) };
    let total = b.add(x, shape);
    let next = b.add_number(x, 1.0);
    let [ln_total, ln_shape, ln_next] = [total, shape, next].map(|v| b.unary(Unary::LnGamma, v));
    let normaliser = b.sub(ln_total, ln_shape);
    let normaliser = b.sub(normaliser, ln_next);
    let ratio = b.div(mean, shape);
    let log_one_more = b.log1p(ratio);
    let spread = b.mul(shape, log_one_more);
    let log_shape = b.log(shape);
    let log_odds = b.sub(log_mean, log_shape);
    let log_odds = b.sub(log_odds, log_one_more);
    let events = b.mul(x, log_odds);
    let kernel = b.sub(events, spread);
    let density = b.add(normaliser, kernel);
    guard::nonneg(b, x, density)
}

fn mean(form: usize, args: &[&[f64]]) -> f64 {
    if form == MEAN { number(args, 0) } else { number(args, 0).exp() }
}
