//! `Kumaraswamy(a =, b =)`.

use super::logarithms::log_one_minus_exp_neg;
use super::{ArgSpec, Family, Form, guard, number};
use crate::kernels::special::ln_gamma;
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Kumaraswamy",
    forms: &[Form {
        args: &[ArgSpec::scalar("a", Interval::POSITIVE), ArgSpec::scalar("b", Interval::POSITIVE)],
    }],
    positional: 0,
    support: |_, _| Support::Interval(Interval::UNIT),
    is_discrete: false,
    log_density: |b, _, x, args| {
        let [log_a, log_b, log_x] = [args[0], args[1], x].map(|v| b.log(v));
        let power = b.mul(args[0], log_x);
        let minus = b.neg(power);
        let log_rest = log_one_minus_exp_neg(b, minus);
        let less = b.add_number(args[1], -1.0);
        let right = b.mul(less, log_rest);
        let left = b.sub(power, log_x);
        let kernel = b.add(left, right);
        let normaliser = b.add(log_a, log_b);
        let density = b.add(normaliser, kernel);
        guard::inside_unit(b, x, density)
    },
    sample: Some(|_, args, rng| {
        let e: f64 = rand_distr::Exp1.sample(rng);
        (-(-e / number(args, 1)).exp_m1()).powf(1.0 / number(args, 0))
    }),
    mean: Some(|_, args| moment(args, 1.0)),
    sd: Some(|_, args| (moment(args, 2.0) - moment(args, 1.0).powi(2)).sqrt()),
    cdf: Some(|_, args, x| {
        // 1 − (1 − xᵃ)ᵇ
        let rest = (-(number(args, 0) * x.clamp(0.0, 1.0).ln()).exp()).ln_1p();
        -(number(args, 1) * rest).exp_m1()
    }),
    log_mass: None,
    log_kernel: None,
    location_scale: None,
    ends: [None, None],
    page: "\
log density      log(a) + log(b) + (a - 1) log(x) + (b - 1) log(1 - x^a)   for 0 < x < 1
mean             b B(1 + 1/a, b), B being the beta function
sd               sqrt(b B(1 + 2/a, b) - mean^2)

Close to Beta(a, b), with a distribution function in closed form.
Reference: Kumaraswamy, Journal of Hydrology 46 (1980); Jones, Statistical Methodology 6 (2009).",
};

/// E xᵏ = b B(1 + k/a, b)
fn moment(args: &[&[f64]], k: f64) -> f64 {
    let (first, b) = (1.0 + k / number(args, 0), number(args, 1));
    b * (ln_gamma(first) + ln_gamma(b) - ln_gamma(first + b)).exp()
}
