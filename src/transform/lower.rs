//! above a: θ = a + e^u.

use super::Bijection;

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "lower",
    bounds: 1,
    free: |n| n,
    rank: 0,
    forward: |b, u, bounds| {
        let above = b.exp(u);
        b.add(bounds[0], above)
    },
    log_jacobian: |_, u, _| u,
    forward_value: |u, bounds, out| out.extend(u.iter().map(|u| bounds[0] + u.exp())),
    inverse_value: |theta, bounds, out| out.extend(theta.iter().map(|t| (t - bounds[0]).ln())),
    formula: "theta = a + exp(u); log Jacobian u",
};
