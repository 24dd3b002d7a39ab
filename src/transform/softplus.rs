//! positive, gently: θ = log(1 + e^u); for large u nearly u itself.

use super::Bijection;
use crate::kernels::scalar::Unary;
use crate::tape::{Slot, build::Builder};

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "softplus",
    bounds: 0,
    free: |n| n,
    rank: 0,
    forward: |b: &mut Builder, u: Slot, _| b.unary(Unary::Softplus, u),
    log_jacobian: |b, u, _| b.unary(Unary::LogSigmoid, u),
    forward_value: |u, _, out| out.extend(u.iter().map(|u| Unary::Softplus.apply(*u))),
    inverse_value: |theta, _, out| out.extend(theta.iter().map(|t| t + (-(-t).exp_m1()).ln())),
    formula: "theta = log(1 + exp(u)); log Jacobian -log(1 + exp(-u))",
};
