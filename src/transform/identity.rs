//! real: θ = u.

use super::Bijection;

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "identity",
    bounds: 0,
    free: |n| n,
    rank: 0,
    forward: |_, u, _| u,
    log_jacobian: |b, u, _| {
        let zero = b.constant(0.0);
        let shape = b.shape(u).clone();
        b.spread(zero, &shape)
    },
    forward_value: |u, _, out| out.extend_from_slice(u),
    inverse_value: |theta, _, out| out.extend_from_slice(theta),
    formula: "theta = u; log Jacobian 0",
};
