//! The fitted guide: a Gaussian in u, from which draws of every unknown come.

use super::linear;
use crate::guide::collapse::{Collapse, rule::Cells};
use statrs::distribution::{ContinuousCDF, Normal};
use std::f64::consts::PI;
use std::sync::Arc;

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
    /// Scales whose q is not Gaussian but the optimal one (12).
    pub scales: Scales,
}

/// The collapsed scales of a guide. Their latents keep places in `mu` and `omega`, which nothing learns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scales {
    /// Which they are.
    pub collapse: Arc<Collapse>,
    /// q* of each, once the guide is fixed; empty while it is being fitted.
    cells: Vec<Cells>,
}

impl Gaussian {
    /// A point estimate: nothing is random.
    pub fn point(mu: Vec<f64>) -> Gaussian {
        Gaussian { mu, omega: vec![], lower: vec![], full: 0, scales: Scales::default() }
    }

    /// Fixes q* of the collapsed scales at the parameters reached, so that they can be drawn; `mu` and `omega` get
    /// mean and log sd of their logarithms.
    pub fn settle(&mut self, collapse: &Arc<Collapse>) {
        let cells = collapse.posterior(&self.mu, &self.omega);
        for (scale, cells) in collapse.scales.iter().zip(&cells) {
            let (mean, sd) = cells.moments();
            self.mu[scale.latent] = mean;
            self.omega[scale.latent] = sd.ln();
        }
        self.scales = Scales { collapse: collapse.clone(), cells };
    }

    /// Each collapsed scale's latent with x and log q(x) at the draw made from this noise.
    fn scale_draws<'a>(&'a self, noise: &'a [f64]) -> impl Iterator<Item = (usize, f64, f64)> + 'a {
        let normal = Normal::standard();
        self.scales.collapse.scales.iter().zip(&self.scales.cells).map(move |(scale, cells)| {
            let (x, log_q) = cells.quantile(normal.cdf(noise[scale.latent]));
            (scale.latent, x, log_q)
        })
    }

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
        for (i, x, _) in self.scale_draws(noise) {
            u[i] = x;
        }
    }

    /// log q(u) at the draw made from this noise.
    pub fn log_density(&self, noise: &[f64]) -> f64 {
        let gaussian = |e: f64, omega: f64| -0.5 * e * e - omega - 0.5 * (2.0 * PI).ln();
        let all: f64 = noise.iter().zip(&self.omega).map(|(e, o)| gaussian(*e, *o)).sum();
        let held = self.scales.collapse.scales.iter().map(|s| gaussian(noise[s.latent], self.omega[s.latent]));
        let drawn: f64 = self.scale_draws(noise).map(|(_, _, log_q)| log_q).sum();
        all - held.sum::<f64>() + drawn
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
        for scale in &self.scales.collapse.scales {
            out[scale.latent] = 0.0;
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
