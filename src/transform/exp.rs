//! positive: θ = e^u.

use super::Bijection;

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "exp",
    bounds: 0,
    free: |n| n,
    rank: 0,
    forward: |b, u, _| b.exp(u),
    log_jacobian: |_, u, _| u,
    forward_value: |u, _, out| out.extend(u.iter().map(|u| u.exp())),
    inverse_value: |theta, _, out| out.extend(theta.iter().map(|t| t.ln())),
    formula: "theta = exp(u); log Jacobian u",
};
