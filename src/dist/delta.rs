//! `Delta(value)`: one point.

use super::{ArgSpec, Family, Form, number};
use crate::kernels::scalar::Binary;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Delta",
    forms: &[Form { args: &[ArgSpec::scalar("value", Interval::REAL)] }],
    positional: 1,
    support: |_, args| match args[0].constant {
        Some(value) => Support::Interval(Interval::point(value)),
        None => Support::REAL,
    },
    is_discrete: true,
    log_density: |b, _, x, args| {
        let is_there = b.binary(Binary::Eq, x, args[0]);
        all_or_nothing(b, is_there)
    },
    sample: Some(|_, args, _| number(args, 0)),
    mean: Some(|_, args| number(args, 0)),
    sd: Some(|_, _| 0.0),
    cdf: Some(|_, args, x| if x < number(args, 0) { 0.0 } else { 1.0 }),
    log_mass: Some(|b, _, args, low, high| {
        let above = b.binary(Binary::Le, low, args[0]);
        let below = b.binary(Binary::Le, args[0], high);
        let is_inside = b.mul(above, below);
        all_or_nothing(b, is_inside)
    }),
    log_kernel: Some(|_, args, x| if x == number(args, 0) { 0.0 } else { f64::NEG_INFINITY }),
    page: "\
log probability  0 at value, minus infinity elsewhere
mean             value
sd               0

A single point with all the probability: what `Mixture` needs for values that come too often.
`Mixture([p, 1 - p], Delta(0), Poisson(r))` is zero inflation.
Mixed with a continuous distribution, the point has probability and the rest has a density.
Reference: Johnson, Kemp, Kotz, Univariate Discrete Distributions, section 8.2.",
    ..super::PLAIN
};

/// 0 where the condition holds, −∞ elsewhere.
fn all_or_nothing(b: &mut Builder, condition: Slot) -> Slot {
    let (yes, no) = (b.constant(0.0), b.constant(f64::NEG_INFINITY));
    b.select(condition, yes, no)
}
