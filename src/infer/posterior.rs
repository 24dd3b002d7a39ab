//! The fitted guide: a Gaussian in u, from which draws of every unknown come.

use super::linear;
use std::f64::consts::PI;

/// Parameters of the guide (`docs/inference.md`, equations 4 and 5).
///
/// The first `full` latents share one full-rank block, the other random ones are independent, learned ones have no
/// spread: `mu` holds all of them, `omega` the random ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    /// Means.
    pub mu: Vec<f64>,
    /// Logarithms of the sds; in the full-rank block, of the diagonal of L.
    pub omega: Vec<f64>,
    /// L of the full-rank block [full, full], strictly lower part only.
    pub lower: Vec<f64>,
    /// Size of the full-rank block.
    pub full: usize,
}

impl Gaussian {
    /// Number of random latents.
    pub fn random(&self) -> usize {
        self.omega.len()
    }

    /// u = μ + e^ω ⊙ ε, plus the strictly lower part times ε.
    pub fn draw(&self, noise: &[f64], u: &mut [f64]) {
        u.copy_from_slice(&self.mu);
        for (i, (o, e)) in self.omega.iter().zip(noise).enumerate() {
            u[i] += o.exp() * e;
        }
        for i in 0..self.full {
            u[i] += (0..i).map(|j| self.lower[i * self.full + j] * noise[j]).sum::<f64>();
        }
    }

    /// log q(u) at the draw made from this noise.
    pub fn log_density(&self, noise: &[f64]) -> f64 {
        let square: f64 = noise.iter().map(|e| e * e).sum();
        -0.5 * square - self.omega.iter().sum::<f64>() - 0.5 * self.random() as f64 * (2.0 * PI).ln()
    }

    /// ∇_u of −log q at the draw made from this noise: L⁻ᵀ ε.
    pub fn score(&self, noise: &[f64], out: &mut [f64]) {
        for (i, (o, e)) in self.omega.iter().zip(noise).enumerate() {
            out[i] = if i < self.full { *e } else { e * (-o).exp() };
        }
        if self.full > 0 {
            let l = self.factor();
            linear::solve_lower_transposed(&l, &mut out[..self.full]);
        }
    }

    /// L of the full-rank block with its diagonal.
    pub fn factor(&self) -> Vec<f64> {
        let mut l = self.lower.clone();
        for i in 0..self.full {
            l[i * self.full + i] = self.omega[i].exp();
            for j in i + 1..self.full {
                l[i * self.full + j] = 0.0;
            }
        }
        l
    }

    /// The sd of each random latent.
    pub fn sd(&self) -> Vec<f64> {
        let l = self.factor();
        (0..self.random())
            .map(|i| {
                if i < self.full {
                    (0..=i).map(|j| l[i * self.full + j].powi(2)).sum::<f64>().sqrt()
                } else {
                    self.omega[i].exp()
                }
            })
            .collect()
    }
}
