//! Coordinates in which a fitted guide is standard: u = μ + L v (`docs/inference.md`, section 3).

use super::linear::solve_lower;
use super::posterior::Gaussian;

/// Latents as a guide's units count them; those that are learned as points stay where the guide has them.
#[derive(Clone)]
pub struct Whitened {
    mu: Vec<f64>,
    full: usize,
    /// L of the block with its diagonal, by rows and by columns: both products go along memory.
    factor: Vec<f64>,
    columns: Vec<f64>,
    sds: Vec<f64>,
    u: Vec<f64>,
}

impl Whitened {
    /// The block's factor, marginal sds of all others.
    pub fn new(guide: &Gaussian) -> Self {
        let full = guide.full;
        let factor = guide.factor();
        Whitened {
            columns: (0..full * full).map(|k| factor[k % full * full + k / full]).collect(),
            factor,
            sds: guide.marginal_sds().collect(),
            mu: guide.mu.clone(),
            full,
            u: vec![0.0; guide.mu.len()],
        }
    }

    /// How many v there are: the random latents.
    pub fn dim(&self) -> usize {
        self.sds.len()
    }

    /// How many u there are: all latents.
    pub fn latents(&self) -> usize {
        self.mu.len()
    }

    /// How many of them share a factor.
    pub fn full(&self) -> usize {
        self.full
    }

    /// u of v.
    pub fn place(&mut self, v: &[f64]) -> &[f64] {
        let full = self.full;
        self.u[..full].fill(0.0);
        for (j, v) in v.iter().enumerate().take(full) {
            let column = &self.columns[j * full + j..(j + 1) * full];
            self.u[j..full].iter_mut().zip(column).for_each(|(u, l)| *u += l * v);
        }
        self.u[..full].iter_mut().zip(&self.mu).for_each(|(u, mu)| *u += mu);
        self.u[full..].copy_from_slice(&self.mu[full..]);
        for i in full..v.len() {
            self.u[i] += self.sds[i] * v[i];
        }
        &self.u
    }

    /// The u placed last.
    pub fn placed(&self) -> &[f64] {
        &self.u
    }

    /// v of u.
    pub fn find(&self, u: &[f64], v: &mut [f64]) {
        v.iter_mut().zip(u.iter().zip(&self.mu)).for_each(|(v, (u, mu))| *v = u - mu);
        if self.full > 0 {
            solve_lower(&self.factor, &mut v[..self.full]);
        }
        for i in self.full..v.len() {
            v[i] /= self.sds[i];
        }
    }

    /// ∂/∂v = Lᵀ ∂/∂u.
    pub fn pull_back(&self, gradient: &[f64], out: &mut [f64]) {
        let full = self.full;
        out[..full].fill(0.0);
        for (i, g) in gradient.iter().enumerate().take(full) {
            let row = &self.factor[i * full..=i * full + i];
            out[..=i].iter_mut().zip(row).for_each(|(o, l)| *o += l * g);
        }
        for j in full..out.len() {
            out[j] = self.sds[j] * gradient[j];
        }
    }
}
