//! `Dirichlet(a)`, shares that sum to 1.

use super::{ArgSlot, ArgSpec, Event, Family, Form, Marginal, beta, guard};
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// How far from 1 shares in data may sum: they are printed with a few digits.
pub const SHARES_OFF: f64 = 1e-5;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Dirichlet",
    forms: &[Form { args: &[ArgSpec { name: "a", slot: ArgSlot::Entries(Interval::POSITIVE) }] }],
    positional: 1,
    support: |_, args| Support::Simplex(args[0].len),
    event: Event::Vector,
    log_density,
    sample_event: Some(|_, args, rng, out| {
        // Shares of independent Gammas of one rate.
        for (i, o) in out.iter_mut().enumerate() {
            let a = args[0][i % args[0].len()];
            *o = rand_distr::Gamma::new(a, 1.0).map_or(f64::NAN, |gamma| gamma.sample(rng));
        }
        let total: f64 = out.iter().sum();
        out.iter_mut().for_each(|o| *o /= total);
    }),
    marginal: Some(|b, _, args, len, entry| {
        let (a, total) = if b.shape(args[0]).is_scalar() {
            (args[0], b.scale(args[0], len as f64))
        } else {
            (b.entry(args[0], entry), b.sum_last(args[0]))
        };
        let rest = b.sub(total, a);
        Marginal { family: &beta::FAMILY, form: 0, args: vec![a, rest] }
    }),
    page: "\
log density      lgamma(sum a) - sum lgamma(a[k]) + sum (a[k] - 1) log(x[k])   for x[k] > 0 that sum to 1
mean             a[k]/sum a
sd               sqrt(m (1 - m)/(1 + sum a)) with m = a[k]/sum a

Shares of a whole. One number `a` is the same for all: 1 makes all divisions equally likely, less prefers few large
shares, more prefers equal ones. The density is per unit of x[1], ..., x[K-1].
Reference: Kotz, Balakrishnan, Johnson, Continuous Multivariate Distributions, chapter 49.",
    ..super::PLAIN
};

fn log_density(b: &mut Builder, _form: usize, x: Slot, args: &[Slot]) -> Slot {
    let len = b.shape(x).0.last().copied().unwrap_or(1);
    let (total, gammas) = if b.shape(args[0]).is_scalar() {
        let one = b.unary(Unary::LnGamma, args[0]);
        (b.scale(args[0], len as f64), b.scale(one, len as f64))
    } else {
        let each = b.unary(Unary::LnGamma, args[0]);
        (b.sum_last(args[0]), b.sum_last(each))
    };
    let whole = b.unary(Unary::LnGamma, total);
    let normaliser = b.sub(whole, gammas);
    let power = b.add_number(args[0], -1.0);
    let log_x = b.log(x);
    let terms = b.mul(power, log_x);
    let terms = b.spread(terms, &b.shape(x).clone());
    let kernel = b.sum_last(terms);
    let density = b.add(kernel, normaliser);
    guard::where_data(b, x, density, |b| {
        let zero = b.constant(0.0);
        let is_positive = b.binary(Binary::Lt, zero, x);
        let positive = b.sum_last(is_positive);
        let all = b.constant(len as f64);
        let all_positive = b.binary(Binary::Eq, positive, all);
        let sum = b.sum_last(x);
        let off = b.add_number(sum, -1.0);
        let off = b.unary(Unary::Abs, off);
        let most = b.constant(SHARES_OFF);
        let sums_to_one = b.binary(Binary::Le, off, most);
        b.mul(all_positive, sums_to_one)
    })
}
