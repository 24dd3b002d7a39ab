//! ordered[K] between a and b: K + 1 gaps that sum to b − a, whose shares are a simplex.
//!
//! θ_k = a + (b − a)(s_1 + … + s_k) with s = softmax(sum_to_zero(u)). The shares of a simplex are per unit of the first
//! K of them, and running sums do not change a volume, so the Jacobian is that of the simplex times (b − a)^K.

use super::{Bijection, simplex};
use crate::tape::{Slot, build::Builder};

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "ordered_within",
    bounds: 2,
    free: |n| n,
    rank: 1,
    forward,
    log_jacobian: |b, u, bounds| {
        let last = b.shape(u).0.last().copied().unwrap_or(1);
        let shares = (simplex::BIJECTION.log_jacobian)(b, u, &[]);
        let width = b.sub(bounds[1], bounds[0]);
        let log_width = b.log(width);
        let volume = b.scale(log_width, last as f64);
        b.add(shares, volume)
    },
    forward_value: |u, bounds, out| {
        let mut shares = vec![];
        (simplex::BIJECTION.forward_value)(u, &[], &mut shares);
        let mut below = 0.0;
        for share in &shares[..u.len()] {
            below += share;
            out.push(bounds[0] + (bounds[1] - bounds[0]) * below);
        }
    },
    inverse_value: |theta, bounds, out| {
        let ends: Vec<f64> =
            std::iter::once(bounds[0]).chain(theta.iter().copied()).chain([bounds[1]]).collect();
        let gaps: Vec<f64> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
        (simplex::BIJECTION.inverse_value)(&gaps, &[], out);
    },
    formula: "theta[k] = a + (b - a) sum of s[..k], s = softmax(sum_to_zero(u)) of K + 1; log Jacobian sum of log s + log(K + 1)/2 + K log(b - a)",
};

fn forward(b: &mut Builder, u: Slot, bounds: &[Slot]) -> Slot {
    let last = b.shape(u).0.last().copied().unwrap_or(1);
    let shares = (simplex::BIJECTION.forward)(b, u, &[]);
    let mut entries: Vec<Slot> = vec![];
    for k in 0..last {
        let share = b.entry(shares, k);
        let value = match entries.last() {
            Some(before) => b.add(*before, share),
            None => share,
        };
        entries.push(value);
    }
    let below = b.stack(&entries);
    let width = b.sub(bounds[1], bounds[0]);
    let above_low = b.mul(width, below);
    b.add(bounds[0], above_low)
}
