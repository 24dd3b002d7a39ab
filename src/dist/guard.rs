//! −∞ outside the support, for data; and the shape of a density that does not mention its value.

use crate::kernels::scalar::Binary;
use crate::tape::{Slot, build::Builder};
use crate::ty::Kind;

/// The density where the condition holds, −∞ elsewhere. Only for per-row values: unknowns are global, and their
/// bijections keep them inside, so their tape stays free of the check.
pub fn where_data(
    b: &mut Builder,
    x: Slot,
    density: Slot,
    condition: impl FnOnce(&mut Builder) -> Slot,
) -> Slot {
    if b.kind(x) == Kind::Global {
        return density;
    }
    let inside = condition(b);
    let outside = b.constant(f64::NEG_INFINITY);
    b.select(inside, density, outside)
}

/// The density for x > 0, or −∞.
pub fn positive(b: &mut Builder, x: Slot, density: Slot) -> Slot {
    where_data(b, x, density, |b| {
        let zero = b.constant(0.0);
        b.binary(Binary::Lt, zero, x)
    })
}

/// The density for x ≥ 0, or −∞.
pub fn nonneg(b: &mut Builder, x: Slot, density: Slot) -> Slot {
    where_data(b, x, density, |b| {
        let zero = b.constant(0.0);
        b.binary(Binary::Le, zero, x)
    })
}

/// The density for low ≤ x ≤ high, or −∞.
pub fn between(b: &mut Builder, x: Slot, low: Slot, high: Slot, density: Slot) -> Slot {
    where_data(b, x, density, |b| {
        let above = b.binary(Binary::Le, low, x);
        let below = b.binary(Binary::Le, x, high);
        b.mul(above, below)
    })
}

/// The density for 0 < x < 1, or −∞.
pub fn inside_unit(b: &mut Builder, x: Slot, density: Slot) -> Slot {
    where_data(b, x, density, |b| {
        let [zero, one] = [b.constant(0.0), b.constant(1.0)];
        let above = b.binary(Binary::Lt, zero, x);
        let below = b.binary(Binary::Lt, x, one);
        b.mul(above, below)
    })
}

/// One density per element of x, also where the formula does not mention x.
pub fn per_element(b: &mut Builder, x: Slot, density: Slot) -> Slot {
    let shape = b.shape(x).clone();
    if b.shape(density).is_suffix_of(&shape) { b.spread(density, &shape) } else { density }
}
