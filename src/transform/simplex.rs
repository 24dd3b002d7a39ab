//! simplex[K]: the softmax of numbers that sum to 0, which treats all shares alike (the isometric log ratio).

use super::{Bijection, sum_to_zero};
use crate::tape::{Op, Slot, build::Builder};

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "simplex",
    bounds: 0,
    free: |n| n.saturating_sub(1),
    rank: 1,
    forward: |b, u, _| {
        let y = sum_to_zero::forward(b, u, &[]);
        b.infer(Op::Softmax, vec![y])
    },
    log_jacobian,
    forward_value: |u, _, out| {
        let mut y = vec![];
        sum_to_zero::values(u, &mut y);
        let most = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = y.iter().map(|v| (v - most).exp()).sum();
        out.extend(y.iter().map(|v| (v - most).exp() / total));
    },
    inverse_value: |theta, _, out| {
        let logs: Vec<f64> = theta.iter().map(|t| t.ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let centred: Vec<f64> = logs.iter().map(|l| l - mean).collect();
        sum_to_zero::inverse(&centred, out);
    },
    formula: "theta = softmax(sum_to_zero(u)); log Jacobian sum of log theta + log(K)/2",
};

/// Σ log θ_k + ½ log K, per unit of θ_1 … θ_{K−1}.
fn log_jacobian(b: &mut Builder, u: Slot, _: &[Slot]) -> Slot {
    let y = sum_to_zero::forward(b, u, &[]);
    let count = b.shape(y).0.last().copied().unwrap_or(1);
    let logs = b.infer(Op::LogSoftmax, vec![y]);
    let total = b.sum_last(logs);
    b.add_number(total, 0.5 * (count as f64).ln())
}
