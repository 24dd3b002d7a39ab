//! positive_ordered[K]: θ_1 = e^{u_1}, θ_k = θ_{k−1} + e^{u_k}.

use super::{Bijection, ordered};

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "positive_ordered",
    bounds: 0,
    free: |n| n,
    rank: 1,
    forward: |b, u, _| ordered::forward(b, u, true),
    log_jacobian: |b, u, _| b.sum_last(u),
    forward_value: |u, _, out| ordered::values(u, true, out),
    inverse_value: |theta, _, out| ordered::inverse(theta, true, out),
    formula: "theta[1] = exp(u[1]), theta[k] = theta[k-1] + exp(u[k]); log Jacobian sum of u",
};
