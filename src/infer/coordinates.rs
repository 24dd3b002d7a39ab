//! The coordinates that the optimiser moves in (`docs/inference.md`, equation 20).
//!
//! ```text
//! full-rank block   μ = μ₀ + C a,   L = C L′,   L′_ii = e^{b_i}
//! the rest          μ = μ₀ + s₀ a,  ω = log s₀ + b
//! ```
//!
//! With C the Cholesky factor of an inverse Hessian one learning rate fits coefficients of 1e-5 and of 1e4, and
//! collinear columns. Plain coordinates are C = 1, s₀ = 1.

use super::linear;
use super::posterior::{Gaussian, Scales};

/// Where the origin is and how long a unit is.
#[derive(Debug, Clone)]
pub struct Coordinates {
    origin: Vec<f64>,
    /// C of the full-rank block.
    factor: Vec<f64>,
    /// s₀ of every latent behind it.
    scale: Vec<f64>,
    full: usize,
    random: usize,
}

impl Coordinates {
    /// Whitened: `factor` is [full, full] lower, `scale` is for all latents (those of the block are not read).
    pub fn new(origin: Vec<f64>, factor: Vec<f64>, scale: Vec<f64>, random: usize) -> Self {
        let full = (factor.len() as f64).sqrt().round() as usize;
        Coordinates { origin, factor, scale, full, random }
    }

    /// Plain coordinates of a mean-field guide.
    pub fn plain(dim: usize, random: usize) -> Self {
        Coordinates { origin: vec![0.0; dim], factor: vec![], scale: vec![1.0; dim], full: 0, random }
    }

    /// How many numbers the optimiser moves: a, b, and the full-rank block of L′.
    pub fn numbers(&self) -> usize {
        self.origin.len() + self.random + self.full * self.full
    }

    /// a = 0, b = 0, L′ = 1.
    pub fn start(&self) -> Vec<f64> {
        vec![0.0; self.numbers()]
    }

    /// The guide at a point.
    pub fn guide(&self, p: &[f64], out: &mut Gaussian) {
        let (dim, f, n) = (self.origin.len(), self.full, self.random);
        let (a, rest) = p.split_at(dim);
        let (b, strict) = rest.split_at(n);
        linear::multiply_lower(&self.factor, &a[..f], &mut out.mu[..f]);
        for i in 0..dim {
            let moved = if i < f { out.mu[i] } else { self.scale[i] * a[i] };
            out.mu[i] = self.origin[i] + moved;
        }
        for i in f..n {
            out.omega[i] = self.scale[i].ln() + b[i];
        }
        for i in 0..f {
            out.omega[i] = self.factor[i * f + i].ln() + b[i];
            for j in 0..i {
                // L_ij = Σ_{k=j..i} C_ik L′_kj
                out.lower[i * f + j] = self.factor[i * f + j] * b[j].exp()
                    + (j + 1..=i).map(|k| self.factor[i * f + k] * strict[k * f + j]).sum::<f64>();
            }
        }
        out.full = f;
    }

    /// An empty guide of the right sizes.
    pub fn blank(&self) -> Gaussian {
        Gaussian {
            mu: vec![0.0; self.origin.len()],
            omega: vec![0.0; self.random],
            lower: vec![0.0; self.full * self.full],
            full: self.full,
            scales: Scales::default(),
        }
    }

    /// Turns the gradient for the guide's parameters into that for the coordinates.
    pub fn pull(&self, p: &[f64], guide: &Gaussian, gradient: &Gaussian, out: &mut [f64]) {
        let (dim, f, n) = (self.origin.len(), self.full, self.random);
        linear::multiply_lower_transposed(&self.factor, &gradient.mu[..f], &mut out[..f]);
        for i in f..dim {
            out[i] = self.scale[i] * gradient.mu[i];
        }
        out[dim + f..dim + n].copy_from_slice(&gradient.omega[f..n]);
        // ∂/∂L: strictly lower as given, on the diagonal ∂/∂ω_i / L_ii; then ∂/∂L′ = Cᵀ ∂/∂L
        let entry = |k: usize, j: usize| {
            if k == j { gradient.omega[k] / guide.omega[k].exp() } else { gradient.lower[k * f + j] }
        };
        for i in 0..f {
            for j in 0..=i {
                let g: f64 = (i..f).map(|k| self.factor[k * f + i] * entry(k, j)).sum();
                if i == j {
                    out[dim + i] = g * p[dim + i].exp();
                } else {
                    out[dim + n + i * f + j] = g;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f(guide) = Σ sin of everything, so that every path carries a gradient of its own.
    fn value(g: &Gaussian) -> f64 {
        let strict = (0..g.full).flat_map(|i| (0..i).map(move |j| (i, j)));
        g.mu.iter().chain(&g.omega).map(|x| x.sin()).sum::<f64>()
            + strict.map(|(i, j)| (2.0 * g.lower[i * g.full + j]).sin()).sum::<f64>()
    }

    #[test]
    fn the_gradient_is_pulled_back_as_central_differences_say() {
        let c = Coordinates::new(
            vec![0.3, -0.2, 0.1, 0.5],
            vec![1.5, 0.0, 0.4, 0.7],
            vec![9.0, 9.0, 2.0, 1.0],
            3,
        );
        let mut p: Vec<f64> = (0..c.numbers()).map(|i| 0.1 * (i as f64) - 0.3).collect();
        let mut guide = c.blank();
        c.guide(&p, &mut guide);
        let mut gradient = c.blank();
        gradient.mu = guide.mu.iter().map(|x| x.cos()).collect();
        gradient.omega = guide.omega.iter().map(|x| x.cos()).collect();
        gradient.lower = guide.lower.iter().map(|x| 2.0 * (2.0 * x).cos()).collect();
        let mut pulled = vec![0.0; c.numbers()];
        c.pull(&p, &guide, &gradient, &mut pulled);
        for i in 0..c.numbers() {
            let at = p[i];
            let mut f = |x: f64| {
                p[i] = x;
                c.guide(&p, &mut guide);
                value(&guide)
            };
            let difference = (f(at + 1e-5) - f(at - 1e-5)) / 2e-5;
            p[i] = at;
            assert!((pulled[i] - difference).abs() < 1e-8, "{i}: {} {difference}", pulled[i]);
        }
    }
}
