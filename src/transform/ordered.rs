//! ordered[K]: θ_1 = u_1, θ_k = θ_{k−1} + e^{u_k}.

use super::Bijection;
use crate::tape::{Slot, build::Builder};

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "ordered",
    bounds: 0,
    free: |n| n,
    rank: 1,
    forward: |b, u, _| forward(b, u, false),
    log_jacobian: |b, u, _| {
        let last = b.shape(u).0.last().copied().unwrap_or(1);
        let first = b.entry(u, 0);
        let all = b.sum_last(u);
        if last == 1 { b.scale(all, 0.0) } else { b.sub(all, first) }
    },
    forward_value: |u, _, out| values(u, false, out),
    inverse_value: |theta, _, out| inverse(theta, false, out),
    formula: "theta[1] = u[1], theta[k] = theta[k-1] + exp(u[k]); log Jacobian sum of u[2..]",
};

/// Running sums of exponentials; the first entry as it is, or exponentiated too.
pub fn forward(b: &mut Builder, u: Slot, is_positive: bool) -> Slot {
    let last = b.shape(u).0.last().copied().unwrap_or(1);
    let mut entries: Vec<Slot> = vec![];
    for k in 0..last {
        let free = b.entry(u, k);
        let step = if k == 0 && !is_positive { free } else { b.exp(free) };
        let value = match entries.last() {
            Some(before) => b.add(*before, step),
            None => step,
        };
        entries.push(value);
    }
    b.stack(&entries)
}

/// [`forward`] in numbers.
pub fn values(u: &[f64], is_positive: bool, out: &mut Vec<f64>) {
    let mut level = 0.0;
    for (k, u) in u.iter().enumerate() {
        level += if k == 0 && !is_positive { *u } else { u.exp() };
        out.push(level);
    }
}

/// Logarithms of differences.
pub fn inverse(theta: &[f64], is_positive: bool, out: &mut Vec<f64>) {
    for (k, t) in theta.iter().enumerate() {
        out.push(match k {
            0 if is_positive => t.ln(),
            0 => *t,
            _ => (t - theta[k - 1]).ln(),
        });
    }
}
