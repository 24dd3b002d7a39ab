//! Bijections from the reals to a support: one file each, one line in [`ALL`] (`docs/inference.md`, section 2).

mod cholesky_corr;
mod exp;
mod identity;
mod interval;
mod lower;
mod ordered;
mod ordered_above;
mod ordered_below;
mod ordered_within;
mod positive_ordered;
mod simplex;
mod softplus;
mod sum_to_zero;
mod unit_vector;
mod upper;

use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};

/// One entry of the table.
#[derive(Debug)]
pub struct Bijection {
    /// `exp`
    pub name: &'static str,
    /// How many bounds it takes (as tape slots): 0, 1 or 2.
    pub bounds: usize,
    /// How many free numbers per `constrained` numbers of the last axis (the same for elementwise bijections).
    pub free: fn(constrained: usize) -> usize,
    /// How many of the last axes are mapped together: 0 for elementwise bijections, 1 for vectors, 2 for matrices.
    pub rank: usize,
    /// θ from u.
    pub forward: fn(b: &mut Builder, u: Slot, bounds: &[Slot]) -> Slot,
    /// log |det ∂θ/∂u|, elementwise where the bijection is, else one per vector (the caller sums).
    /// It gets u again, because far out θ has forgotten it.
    pub log_jacobian: fn(b: &mut Builder, u: Slot, bounds: &[Slot]) -> Slot,
    /// θ from u in f64, on one vector (elementwise bijections: any length).
    pub forward_value: fn(u: &[f64], bounds: &[f64], out: &mut Vec<f64>),
    /// u from θ in f64.
    pub inverse_value: fn(theta: &[f64], bounds: &[f64], out: &mut Vec<f64>),
    /// Formula and reference, one line.
    pub formula: &'static str,
}

/// Every bijection.
pub static ALL: &[&Bijection] = &[
    &identity::BIJECTION,
    &exp::BIJECTION,
    &softplus::BIJECTION,
    &lower::BIJECTION,
    &upper::BIJECTION,
    &interval::BIJECTION,
    &ordered::BIJECTION,
    &positive_ordered::BIJECTION,
    &ordered_above::BIJECTION,
    &ordered_below::BIJECTION,
    &ordered_within::BIJECTION,
    &sum_to_zero::BIJECTION,
    &simplex::BIJECTION,
    &cholesky_corr::BIJECTION,
    &unit_vector::BIJECTION,
];

/// Looks a bijection up by its name.
pub fn find(name: &str) -> Option<&'static Bijection> {
    ALL.iter().copied().find(|bijection| bijection.name == name)
}

/// How an unknown with a support is mapped: the bijection and the bounds it needs as numbers (`None`: no bijection of
/// this version reaches the support).
pub fn for_support(support: &Support) -> Option<(&'static Bijection, Vec<f64>)> {
    let interval = match support {
        Support::Interval(interval) => interval,
        Support::Ordered(_) => return Some((&ordered::BIJECTION, vec![])),
        Support::PositiveOrdered(_) => return Some((&positive_ordered::BIJECTION, vec![])),
        Support::OrderedWithin(_, interval) => return for_ordered(interval),
        Support::SumToZero(_) => return Some((&sum_to_zero::BIJECTION, vec![])),
        Support::Simplex(_) => return Some((&simplex::BIJECTION, vec![])),
        Support::CholeskyCorr(_) => return Some((&cholesky_corr::BIJECTION, vec![])),
        Support::UnitVector(_) => return Some((&unit_vector::BIJECTION, vec![])),
        Support::Class(_) | Support::Factor(_) => return None,
    };
    let (low, high) = (interval.low, interval.high);
    // Written so that an end which is not a number is refused too.
    let is_proper = low < high && !interval.whole;
    match (is_proper, low == f64::NEG_INFINITY, high == f64::INFINITY) {
        (false, _, _) => None,
        (true, true, true) => Some((&identity::BIJECTION, vec![])),
        (true, false, true) if low == 0.0 => Some((&exp::BIJECTION, vec![])),
        (true, false, true) => Some((&lower::BIJECTION, vec![low])),
        (true, true, false) => Some((&upper::BIJECTION, vec![high])),
        (true, false, false) => Some((&interval::BIJECTION, vec![low, high])),
    }
}

/// Increasing numbers inside an interval.
fn for_ordered(interval: &Interval) -> Option<(&'static Bijection, Vec<f64>)> {
    let (low, high) = (interval.low, interval.high);
    let is_proper = low < high && !interval.whole;
    match (is_proper, low == f64::NEG_INFINITY, high == f64::INFINITY) {
        (false, _, _) => None,
        (true, true, true) => Some((&ordered::BIJECTION, vec![])),
        (true, false, true) if low == 0.0 => Some((&positive_ordered::BIJECTION, vec![])),
        (true, false, true) => Some((&ordered_above::BIJECTION, vec![low])),
        (true, true, false) => Some((&ordered_below::BIJECTION, vec![high])),
        (true, false, false) => Some((&ordered_within::BIJECTION, vec![low, high])),
    }
}
