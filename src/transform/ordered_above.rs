//! ordered[K] above a: θ_1 = a + e^{u_1}, θ_k = θ_{k−1} + e^{u_k}.

use super::{Bijection, ordered};

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "ordered_above",
    bounds: 1,
    free: |n| n,
    rank: 1,
    forward: |b, u, bounds| {
        let above = ordered::forward(b, u, true);
        b.add(bounds[0], above)
    },
    log_jacobian: |b, u, _| b.sum_last(u),
    forward_value: |u, bounds, out| {
        let start = out.len();
        ordered::values(u, true, out);
        out[start..].iter_mut().for_each(|t| *t += bounds[0]);
    },
    inverse_value: |theta, bounds, out| {
        let above: Vec<f64> = theta.iter().map(|t| t - bounds[0]).collect();
        ordered::inverse(&above, true, out);
    },
    formula: "theta[1] = a + exp(u[1]), theta[k] = theta[k-1] + exp(u[k]); log Jacobian sum of u",
};
