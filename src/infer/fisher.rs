//! How narrow the posterior is along each latent, from gradients only: the start of sds in nets.
//!
//! ```text
//! F_ii = Σ_n (∂ℓ_n/∂u_i)²  ≈  mean over signs r of (Σ_n r_n ∂ℓ_n/∂u_i)²,   r_n = ±1
//! sd_i = (F_ii − ∂² log p(u)/∂u_i²)^{−½}
//! ```
//!
//! With residuals of the size that the noise says, F is the diagonal of Gauss and Newton's matrix. One gradient on
//! all rows costs as much whatever the number of latents, where the Hessian's diagonal costs two for each of them.
//! The prior's part is a difference of its gradient along all latents at once: they are independent given their
//! scales, which stay where they are.

use super::draws::{Joint, variable};
use crate::kernels::noise;

/// Sign vectors: the sds are then good to 1/√(4 · 32), nine per cent.
const SIGNS: usize = 32;
/// Step of the difference.
const STEP: f64 = 1e-4;

/// Sds along each of the first `random` latents at u, within the bounds given; the latents in `held` stay, and each row
/// counts `row_weight` times.
pub fn sds(
    (joint, row_weight): (&Joint, f64),
    u: &[f64],
    random: usize,
    held: &[usize],
    (least, most): (f64, f64),
    seed: u64,
) -> Vec<f64> {
    let n = u.len();
    let mut joint = joint.fork();
    joint.weigh(&mut |weights| weights.fill(0.0));
    let mut prior_at = |side: f64| {
        let moved: Vec<f64> =
            (0..n).map(|i| if held.contains(&i) { u[i] } else { u[i] + side * STEP }).collect();
        let mut gradient = vec![0.0; n];
        joint.value_and_gradient(&moved, &mut gradient);
        gradient
    };
    let [up, here, down] = [1.0, 0.0, -1.0].map(&mut prior_at);
    let mut fisher = vec![0.0; random];
    let mut gradient = vec![0.0; n];
    for k in 0..SIGNS {
        let key = noise::key(seed, k as u64, variable::SIGNS, 0);
        let mut row = 0;
        joint.weigh(&mut |weights| {
            noise::signs(weights, key, row);
            row += weights.len() as u64;
        });
        joint.value_and_gradient(u, &mut gradient);
        for (f, (g, prior)) in fisher.iter_mut().zip(gradient.iter().zip(&here)) {
            *f += (g - prior).powi(2) / SIGNS as f64;
        }
    }
    let sd = |i: usize| {
        let sd = 1.0 / (row_weight * fisher[i] + (down[i] - up[i]) / (2.0 * STEP)).sqrt();
        if sd.is_finite() { sd.clamp(least, most) } else { most }
    };
    (0..random).map(sd).collect()
}
