//! ordered[K] below b: θ_K = b − e^{u_1}, θ_{K−k} = θ_{K−k+1} − e^{u_{k+1}}.

use super::{Bijection, ordered};
use crate::tape::{Slot, build::Builder};

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "ordered_below",
    bounds: 1,
    free: |n| n,
    rank: 1,
    forward,
    log_jacobian: |b, u, _| b.sum_last(u),
    forward_value: |u, bounds, out| {
        let mut below = vec![];
        ordered::values(u, true, &mut below);
        out.extend(below.iter().rev().map(|t| bounds[0] - t));
    },
    inverse_value: |theta, bounds, out| {
        let below: Vec<f64> = theta.iter().rev().map(|t| bounds[0] - t).collect();
        ordered::inverse(&below, true, out);
    },
    formula: "theta[K] = b - exp(u[1]), theta[K-k] = theta[K-k+1] - exp(u[k+1]); log Jacobian sum of u",
};

fn forward(b: &mut Builder, u: Slot, bounds: &[Slot]) -> Slot {
    let below = ordered::forward(b, u, true);
    let shape = b.shape(below).clone();
    let last = shape.0.last().copied().unwrap_or(1);
    let places = (0..shape.len()).map(|i| (i / last * last + last - 1 - i % last) as u32).collect();
    let turned = b.take(below, places, &shape);
    b.sub(bounds[0], turned)
}
