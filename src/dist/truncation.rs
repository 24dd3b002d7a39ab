//! `on (a, b)`: a density cut to an interval and normalised again.
//!
//! A log mass is log F(b) + log(1 − e^−d) with d = log F(b) − log F(a), or the same from the right: whichever tail the
//! interval lies in keeps its digits. Families write d in closed form where they can, so that narrow intervals do too.

use super::logarithms::log_one_minus_exp_neg;
use super::{Family, guard};
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Slot, build::Builder};

/// log density − log mass of the interval; −∞ outside for data. `None` if the family cannot be truncated.
pub fn truncated_log_density(
    b: &mut Builder,
    family: &Family,
    form: usize,
    x: Slot,
    args: &[Slot],
    (low, high): (Slot, Slot),
) -> Option<Slot> {
    let log_mass = family.log_mass?;
    let density = (family.log_density)(b, form, x, args);
    let density = guard::per_element(b, x, density);
    let mass = log_mass(b, form, args, low, high);
    let cut = b.sub(density, mass);
    Some(guard::between(b, x, low, high, cut))
}

/// An end of the interval if it is finite; infinite ends are known constants.
pub fn finite(b: &Builder, end: Slot) -> Option<Slot> {
    match b.constant_value(end) {
        Some(value) if value.is_infinite() => None,
        _ => Some(end),
    }
}

/// (end − location)/scale of both ends, `None` where infinite.
pub fn standardized_ends(
    b: &mut Builder,
    location: Slot,
    scale: Slot,
    low: Slot,
    high: Slot,
) -> (Option<Slot>, Option<Slot>) {
    let low = finite(b, low).map(|end| super::logarithms::standardized(b, end, location, scale));
    let high = finite(b, high).map(|end| super::logarithms::standardized(b, end, location, scale));
    (low, high)
}

/// An end that matters: above the lower end of a support; what is not a constant is kept just above it.
pub fn above(b: &mut Builder, end: Slot, floor: f64) -> Option<Slot> {
    match b.constant_value(end) {
        Some(value) if value <= floor => None,
        Some(_) => Some(end),
        None => {
            // The smallest normal number of f32 is one of both precisions.
            let least = b.constant(floor + f64::from(f32::MIN_POSITIVE));
            Some(b.binary(Binary::Max, end, least))
        }
    }
}

/// log(e^(log of the larger) − e^(log of the smaller)).
///
/// Equal ones may occur where the result is not used; the difference is kept above 0 so that its gradient is finite.
pub fn log_difference(b: &mut Builder, larger: Slot, smaller: Slot) -> Slot {
    let d = b.sub(larger, smaller);
    let least = b.constant(f64::from(f32::MIN_POSITIVE));
    let d = b.binary(Binary::Max, d, least);
    let rest = log_one_minus_exp_neg(b, d);
    b.add(larger, rest)
}

/// log of the mass between two places, from log F and log(1 − F) at each: left of the middle by F, right of it by 1 − F.
pub fn between_tails(
    b: &mut Builder,
    is_right: Slot,
    (low_below, low_above): (Slot, Slot),
    (high_below, high_above): (Slot, Slot),
) -> Slot {
    let larger = b.select(is_right, low_above, high_below);
    let smaller = b.select(is_right, high_above, low_below);
    log_difference(b, larger, smaller)
}

/// The mass of a Gamma of a given shape and rate 1 between two places of (0, ∞); `None` is an end of the line.
pub fn gamma_mass(b: &mut Builder, shape: Slot, low: Option<Slot>, high: Option<Slot>) -> Slot {
    match (low, high) {
        (None, None) => b.constant(0.0),
        (None, Some(high)) => b.binary(Binary::LogGammaP, shape, high),
        (Some(low), None) => b.binary(Binary::LogGammaQ, shape, low),
        (Some(low), Some(high)) => {
            let [low, high] = [low, high].map(|end| {
                (b.binary(Binary::LogGammaP, shape, end), b.binary(Binary::LogGammaQ, shape, end), end)
            });
            let is_right = b.binary(Binary::Lt, shape, low.2);
            between_tails(b, is_right, (low.0, low.1), (high.0, high.1))
        }
    }
}

/// The most terms that a mass is summed from.
pub const MOST_TERMS: usize = 1000;

/// The mass of counts of successes out of n between constant ends; n may be data, and terms beyond it count nothing.
pub fn sum_of_successes(
    b: &mut Builder,
    n: Slot,
    low: Slot,
    high: Slot,
    term: &mut dyn FnMut(&mut Builder, Slot) -> Slot,
) -> Slot {
    let known = b.constant_value(n);
    // All that lies above the lower end, or what lies below it: whichever has fewer terms, so that an upper tail keeps
    // its digits and a mass near 1 has those of what is missing.
    let from = b.constant_value(low).unwrap_or(f64::NAN).max(0.0);
    let is_short = known.is_some_and(|n| n - from < from);
    let high = match known {
        Some(n) if b.constant_value(high) == Some(f64::INFINITY) && is_short => b.constant(n),
        _ => high,
    };
    sum_of_terms(b, low, high, known, &mut |b, k| {
        let k = b.constant(k);
        if known.is_some() {
            return term(b, k);
        }
        let is_possible = b.binary(Binary::Le, k, n);
        let inside = b.binary(Binary::Min, k, n);
        let value = term(b, inside);
        // Not −∞: two of them have no derivative when they are added.
        let nothing = b.constant(NOTHING);
        b.select(is_possible, value, nothing)
    })
}

/// A log probability that adds nothing to any other, in both precisions.
const NOTHING: f64 = -1e30;

/// The mass of whole numbers between constant ends, summed term by term; where the upper end is infinite, one minus the
/// sum of what lies below the lower one.
pub fn sum_of_terms(
    b: &mut Builder,
    low: Slot,
    high: Slot,
    last: Option<f64>,
    term: &mut dyn FnMut(&mut Builder, f64) -> Slot,
) -> Slot {
    let end = |b: &Builder, slot: Slot| b.constant_value(slot).unwrap_or(f64::NAN);
    let from = end(b, low).ceil().max(0.0);
    let to = end(b, high).floor().min(last.unwrap_or(f64::INFINITY));
    let mut sum = |b: &mut Builder, from: f64, to: f64| {
        let count = (to - from + 1.0).max(0.0) as usize;
        let mut terms: Vec<Slot> = (0..count).map(|i| term(b, from + i as f64)).collect();
        while terms.len() > 1 {
            terms = terms
                .chunks(2)
                .map(|pair| match *pair {
                    [x, y] => b.binary(Binary::LogAddExp, x, y),
                    _ => pair[0],
                })
                .collect();
        }
        terms.first().copied().unwrap_or_else(|| b.constant(f64::NEG_INFINITY))
    };
    if end(b, high).is_finite() {
        return sum(b, from, to);
    }
    if from == 0.0 {
        return b.constant(0.0);
    }
    let below = sum(b, 0.0, from - 1.0);
    let d = b.unary(Unary::Neg, below);
    // As in `log_difference`: where nothing is left above, rounding must not make it less than nothing.
    let least = b.constant(f64::from(f32::MIN_POSITIVE));
    let d = b.binary(Binary::Max, d, least);
    log_one_minus_exp_neg(b, d)
}
