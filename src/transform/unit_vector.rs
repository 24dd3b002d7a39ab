//! unit_vector[K]: u/‖u‖, one dimension more than the surface has; its length is standard, −½‖u‖² up to a constant.
//!
//! The density is per unit of surface. −½‖u‖² makes the redundant length's density a constant on the sphere; that constant is
//! added, so that densities stay complete: ∫ e^(−r²/2) r^(K−1) dr = 2^(K/2−1) Γ(K/2).

use super::Bijection;
use crate::kernels::special::ln_gamma;
use crate::tape::{Slot, build::Builder};

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "unit_vector",
    bounds: 0,
    free: |n| n,
    rank: 1,
    forward: |b, u, _| {
        let square = b.square(u);
        let total = b.sum_last(square);
        let length = b.unary(crate::kernels::scalar::Unary::Sqrt, total);
        let last = b.shape(u).0.last().copied().unwrap_or(1);
        let wide = b.spread_last(length, last);
        b.div(u, wide)
    },
    log_jacobian,
    forward_value: |u, _, out| {
        let length = u.iter().map(|v| v * v).sum::<f64>().sqrt();
        out.extend(u.iter().map(|v| v / length));
    },
    inverse_value: |theta, _, out| out.extend_from_slice(theta),
    formula: "theta = u/|u|; log Jacobian -|u|^2/2 - log(2^(K/2-1) Gamma(K/2))",
};

fn log_jacobian(b: &mut Builder, u: Slot, _: &[Slot]) -> Slot {
    let half = 0.5 * b.shape(u).0.last().copied().unwrap_or(1) as f64;
    let square = b.square(u);
    let total = b.sum_last(square);
    let kernel = b.scale(total, -0.5);
    b.add_number(kernel, -((half - 1.0) * std::f64::consts::LN_2 + ln_gamma(half)))
}
