//! below b: θ = b − e^u.

use super::Bijection;

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "upper",
    bounds: 1,
    free: |n| n,
    rank: 0,
    forward: |b, u, bounds| {
        let below = b.exp(u);
        b.sub(bounds[0], below)
    },
    log_jacobian: |_, u, _| u,
    forward_value: |u, bounds, out| out.extend(u.iter().map(|u| bounds[0] - u.exp())),
    inverse_value: |theta, bounds, out| out.extend(theta.iter().map(|t| (bounds[0] - t).ln())),
    formula: "theta = b - exp(u); log Jacobian u",
};
