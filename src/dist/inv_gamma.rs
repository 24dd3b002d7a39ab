//! `InvGamma(shape, scale)`.

use super::truncation::{above, finite, gamma_mass};
use super::{ArgSpec, Family, Form, guard, number};
use crate::kernels::scalar::Unary;
use crate::ty::{Interval, Support};
use rand_distr::Distribution;
use statrs::function::gamma::checked_gamma_ur;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "InvGamma",
    forms: &[Form {
        args: &[ArgSpec::scalar("shape", Interval::POSITIVE), ArgSpec::scalar("scale", Interval::POSITIVE)],
    }],
    positional: 2,
    support: |_, _| Support::POSITIVE,
    log_density: |b, _, x, args| {
        let [shape, scale] = [args[0], args[1]];
        let log_scale = b.log(scale);
        let normaliser = b.mul(shape, log_scale);
        let gamma = b.unary(Unary::LnGamma, shape);
        let normaliser = b.sub(normaliser, gamma);
        let log_x = b.log(x);
        let power = b.add_number(shape, 1.0);
        let power = b.mul(power, log_x);
        let ratio = b.div(scale, x);
        let kernel = b.add(power, ratio);
        let density = b.sub(normaliser, kernel);
        guard::positive(b, x, density)
    },
    sample: Some(|_, args, rng| match rand_distr::Gamma::new(number(args, 0), 1.0) {
        Ok(gamma) => number(args, 1) / gamma.sample(rng),
        Err(_) => f64::NAN,
    }),
    mean: Some(|_, args| {
        let shape = number(args, 0);
        if shape > 1.0 { number(args, 1) / (shape - 1.0) } else { f64::INFINITY }
    }),
    sd: Some(|_, args| {
        let shape = number(args, 0);
        if shape > 2.0 {
            number(args, 1) / ((shape - 1.0) * (shape - 2.0).sqrt())
        } else if shape > 1.0 {
            f64::INFINITY
        } else {
            f64::NAN
        }
    }),
    cdf: Some(|_, args, x| {
        if x <= 0.0 {
            return 0.0;
        }
        checked_gamma_ur(number(args, 0), number(args, 1) / x).unwrap_or(f64::NAN)
    }),
    log_mass: Some(|b, _, args, low, high| {
        // scale/x is Gamma(shape, 1), and turns the ends around.
        let [low, high] =
            [finite(b, high), above(b, low, 0.0)].map(|end| end.map(|x| b.div(args[1], x)));
        gamma_mass(b, args[0], low, high)
    }),
    fixed_for_mass: &["shape"],
    log_kernel: Some(|_, args, x| -(number(args, 0) + 1.0) * x.ln() - number(args, 1) / x),
    page: "\
log density      shape log(scale) - lgamma(shape) - (shape + 1) log(x) - scale/x   for x > 0
mean             scale/(shape - 1) for shape > 1, else infinite
sd               scale/((shape - 1) sqrt(shape - 2)) for shape > 2, infinite for 1 < shape <= 2, else undefined

The distribution of 1/g for g ~ Gamma(shape, rate = scale): the conjugate prior of a Normal's variance.
It keeps away from 0; on an sd it is a strong statement that small values do not occur.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, chapter 17.",
    ..super::PLAIN
};
