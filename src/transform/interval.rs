//! between a and b: θ = a + (b − a)σ(u).
//!
//! Right of the middle θ is taken as b − (b − a)σ(−u), so that it keeps its digits at both ends. On (0, 1) it is just
//! σ(u), which densities of probabilities recognise.

use super::Bijection;
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Slot, build::Builder};

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "interval",
    bounds: 2,
    free: |n| n,
    rank: 0,
    forward,
    log_jacobian: |b, u, bounds| {
        // −|u| − 2 log1p(e^−|u|) = log σ(u) + log σ(−u)
        let minus = b.neg(u);
        let right = b.unary(Unary::LogSigmoid, u);
        let left = b.unary(Unary::LogSigmoid, minus);
        let sum = b.add(right, left);
        let width = b.sub(bounds[1], bounds[0]);
        let log_width = b.log(width);
        b.add(sum, log_width)
    },
    forward_value: |u, bounds, out| {
        let [low, high] = [bounds[0], bounds[1]];
        out.extend(u.iter().map(|&u| {
            let part = (high - low) * Unary::Sigmoid.apply(-u.abs());
            if u > 0.0 { high - part } else { low + part }
        }))
    },
    inverse_value: |theta, bounds, out| {
        out.extend(theta.iter().map(|t| (t - bounds[0]).ln() - (bounds[1] - t).ln()))
    },
    formula: "theta = a + (b - a)/(1 + exp(-u)); log Jacobian log(b - a) - |u| - 2 log(1 + exp(-|u|))",
};

fn forward(b: &mut Builder, u: Slot, bounds: &[Slot]) -> Slot {
    let share = b.unary(Unary::Sigmoid, u);
    if b.constant_value(bounds[0]) == Some(0.0) && b.constant_value(bounds[1]) == Some(1.0) {
        return share;
    }
    let minus = b.neg(u);
    let rest = b.unary(Unary::Sigmoid, minus);
    let width = b.sub(bounds[1], bounds[0]);
    let from_low = b.mul(width, share);
    let from_low = b.add(bounds[0], from_low);
    let from_high = b.mul(width, rest);
    let from_high = b.sub(bounds[1], from_high);
    let zero = b.constant(0.0);
    let is_right = b.binary(Binary::Lt, zero, u);
    b.select(is_right, from_high, from_low)
}
