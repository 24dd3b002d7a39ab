//! `LogNormal(mean, sd)`, arguments of the logarithm.

use super::logarithms::log_quotient;
use super::truncation::{above, finite};
use super::{ArgSpec, Family, Form, guard, normal, number};
use crate::kernels::special;
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "LogNormal",
    forms: &[Form {
        args: &[ArgSpec::scalar("mean", Interval::REAL), ArgSpec::scalar("sd", Interval::POSITIVE)],
    }],
    positional: 2,
    support: |_, _| Support::POSITIVE,
    log_density: |b, _, x, args| {
        let log_x = b.log(x);
        let normal = normal::log_density(b, log_x, args[0], args[1]);
        let density = b.sub(normal, log_x);
        guard::positive(b, x, density)
    },
    sample: Some(|_, args, rng| {
        let z: f64 = rand_distr::StandardNormal.sample(rng);
        (number(args, 0) + number(args, 1) * z).exp()
    }),
    mean: Some(|_, args| (number(args, 0) + 0.5 * number(args, 1).powi(2)).exp()),
    sd: Some(|_, args| {
        let variance = number(args, 1).powi(2);
        (number(args, 0) + 0.5 * variance).exp() * variance.exp_m1().sqrt()
    }),
    cdf: Some(|_, args, x| {
        if x <= 0.0 {
            return 0.0;
        }
        special::normal_cdf((x.ln() - number(args, 0)) / number(args, 1))
    }),
    log_mass: Some(|b, _, args, low, high| {
        // Of the logarithm; ends at or below 0 are −∞ there.
        let kept = [low, high].map(|end| above(b, end, 0.0));
        let [from, to] = kept.map(|end| match end {
            Some(end) => b.log(end),
            None => b.constant(f64::NEG_INFINITY),
        });
        let length = match kept {
            [Some(low), Some(high)] if finite(b, high).is_some() => log_quotient(b, high, low),
            _ => b.sub(to, from),
        };
        normal::log_mass_of_length(b, args[0], args[1], (from, to), length)
    }),
    log_kernel: Some(|_, args, x| {
        let z = (x.ln() - number(args, 0)) / number(args, 1);
        -x.ln() - 0.5 * z * z
    }),
    page: "\
log density      -log(x) - z^2/2 - log(sd) - log(2 pi)/2   for x > 0,   z = (log(x) - mean)/sd
mean             exp(mean + sd^2/2)
sd               exp(mean + sd^2/2) sqrt(exp(sd^2) - 1)

The exponential of a Normal(mean, sd); its median is exp(mean). Both arguments speak of the logarithm.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, chapter 14.",
    ..super::PLAIN
};
