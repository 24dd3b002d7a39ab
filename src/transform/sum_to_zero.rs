//! sum_to_zero[K]: K − 1 free numbers turned by an isometry into K that sum to 0.
//!
//! With w_i = u_i/√(i(i+1)): θ_1 = Σ w_i, θ_{n+1} = Σ_{i>n} w_i − n w_n. Symmetric in distribution, distances kept.

use super::Bijection;
use crate::tape::{Slot, build::Builder};
use crate::ty::Shape;

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "sum_to_zero",
    bounds: 0,
    free: |n| n.saturating_sub(1),
    rank: 1,
    forward,
    log_jacobian: |b, u, _| {
        let shape = b.shape(u).clone();
        let copies: Shape = shape.0[..shape.rank().saturating_sub(1)].into();
        let zero = b.constant(0.0);
        b.spread(zero, &copies)
    },
    forward_value: |u, _, out| values(u, out),
    inverse_value: |theta, _, out| inverse(theta, out),
    formula: "w[i] = u[i]/sqrt(i (i+1)), theta[n+1] = sum of w[n+1..] - n w[n]; log Jacobian 0",
};

/// θ from u.
pub fn forward(b: &mut Builder, u: Slot, _: &[Slot]) -> Slot {
    let shape = b.shape(u).clone();
    let free = shape.0.last().copied().unwrap_or(0);
    if free == 0 {
        let copies: Shape =
            shape.0[..shape.rank().saturating_sub(1)].iter().copied().chain([1]).collect::<Vec<_>>()[..]
                .into();
        let zero = b.constant(0.0);
        return b.spread(zero, &copies);
    }
    let weights: Vec<Slot> = (0..free)
        .map(|i| {
            let u = b.entry(u, i);
            b.scale(u, weight(i))
        })
        .collect();
    // From the last entry back, because each needs the sum of the later weights.
    let mut entries = vec![];
    let mut later: Option<Slot> = None;
    for n in (0..=free).rev() {
        let own = (n > 0).then(|| b.scale(weights[n - 1], -(n as f64)));
        let entry = match (own, later) {
            (Some(own), Some(later)) => b.add(own, later),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => b.constant(0.0),
        };
        entries.push(entry);
        if n > 0 {
            later = Some(match later {
                Some(sum) => b.add(sum, weights[n - 1]),
                None => weights[n - 1],
            });
        }
    }
    entries.reverse();
    b.stack(&entries)
}

/// 1/√(i(i+1)) with i counted from 1.
fn weight(i: usize) -> f64 {
    let i = i as f64 + 1.0;
    1.0 / (i * (i + 1.0)).sqrt()
}

/// [`forward`] in numbers.
pub fn values(u: &[f64], out: &mut Vec<f64>) {
    let start = out.len();
    out.resize(start + u.len() + 1, 0.0);
    let theta = &mut out[start..];
    let mut later = 0.0;
    for n in (0..=u.len()).rev() {
        let own = if n > 0 { u[n - 1] * weight(n - 1) } else { 0.0 };
        theta[n] = later - n as f64 * own;
        later += own;
    }
}

/// u_n = (Σ_{i≤n} θ_i − n θ_{n+1})/√(n(n+1))
pub fn inverse(theta: &[f64], out: &mut Vec<f64>) {
    let mut sum = 0.0;
    for n in 1..theta.len() {
        sum += theta[n - 1];
        out.push((sum - n as f64 * theta[n]) * weight(n - 1));
    }
}
