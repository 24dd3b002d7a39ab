//! `Gamma(shape =, rate =)` or `Gamma(shape =, scale =)`.

use super::truncation::{above, finite, gamma_mass};
use super::{ArgSpec, Family, Form, guard, number};
use crate::kernels::scalar::Unary;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use statrs::function::gamma::checked_gamma_lr;

/// The form with a rate.
pub const RATE: usize = 0;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Gamma",
    forms: &[
        Form {
            args: &[
                ArgSpec::scalar("shape", Interval::POSITIVE),
                ArgSpec::scalar("rate", Interval::POSITIVE),
            ],
        },
        Form {
            args: &[
                ArgSpec::scalar("shape", Interval::POSITIVE),
                ArgSpec::scalar("scale", Interval::POSITIVE),
            ],
        },
    ],
    positional: 1,
    support: |_, _| Support::POSITIVE,
    log_density,
    sample: Some(|form, args, rng| match rand_distr::Gamma::new(number(args, 0), scale(form, args)) {
        Ok(gamma) => gamma.sample(rng),
        Err(_) => f64::NAN,
    }),
    mean: Some(|form, args| number(args, 0) * scale(form, args)),
    sd: Some(|form, args| number(args, 0).sqrt() * scale(form, args)),
    cdf: Some(|form, args, x| {
        if x <= 0.0 {
            return 0.0;
        }
        checked_gamma_lr(number(args, 0), x / scale(form, args)).unwrap_or(f64::NAN)
    }),
    log_mass: Some(|b, form, args, low, high| {
        let [low, high] = [above(b, low, 0.0), finite(b, high)]
            .map(|end| end.map(|x| if form == RATE { b.mul(args[1], x) } else { b.div(x, args[1]) }));
        gamma_mass(b, args[0], low, high)
    }),
    fixed_for_mass: &["shape"],
    log_kernel: Some(|form, args, x| (number(args, 0) - 1.0) * x.ln() - x / scale(form, args)),
    page: "\
log density      shape log(rate) - lgamma(shape) + (shape - 1) log(x) - rate x   for x > 0,   scale = 1/rate
mean             shape/rate
sd               sqrt(shape)/rate

Waiting times and positive quantities; shape 1 is Exponential.
The second argument must be named, because books disagree about which of rate and scale comes second.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, chapter 17.",
    ..super::PLAIN
};

/// α log β − lnΓ(α) + (α − 1) log x − βx
pub fn log_density(b: &mut Builder, form: usize, x: Slot, args: &[Slot]) -> Slot {
    let shape = args[0];
    let log_second = b.log(args[1]);
    let (log_rate, scaled) =
        if form == RATE { (log_second, b.mul(args[1], x)) } else { (b.neg(log_second), b.div(x, args[1])) };
    let normaliser = b.mul(shape, log_rate);
    let gamma = b.unary(Unary::LnGamma, shape);
    let normaliser = b.sub(normaliser, gamma);
    let power = b.add_number(shape, -1.0);
    let log_x = b.log(x);
    let power = b.mul(power, log_x);
    let kernel = b.sub(power, scaled);
    let density = b.add(normaliser, kernel);
    guard::positive(b, x, density)
}

fn scale(form: usize, args: &[&[f64]]) -> f64 {
    if form == RATE { 1.0 / number(args, 1) } else { number(args, 1) }
}
