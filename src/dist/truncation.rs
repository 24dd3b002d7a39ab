//! `on (a, b)`: a density cut to an interval and normalised again.

use super::{Family, guard};
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
