//! The fitted guide: a Gaussian in u, from which draws of every unknown come.

use super::directions::Directions;
use super::linear;
use crate::guide::collapse::{Collapse, rule::Cells};
use crate::kernels::elementwise;
use crate::kernels::scalar::Unary;
use statrs::distribution::{ContinuousCDF, Normal};
use std::f64::consts::PI;
use std::sync::Arc;

/// Parameters of the guide (`docs/inference.md`, equations 4, 5, 5a and 6).
///
/// The first `full` latents share one full-rank block, the other random ones are independent, learned ones have no
/// spread: `mu` holds all of them, `omega` the random ones. A guide with directions has no full-rank block.
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
    /// How the spread of the block follows its scales (5a).
    pub ties: Ties,
    /// Directions that latents move along together (6).
    pub directions: Directions,
}

/// The collapsed scales of a guide. Their latents keep places in `mu` and `omega`, which nothing learns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scales {
    /// Which they are.
    pub collapse: Arc<Collapse>,
    /// q* of each, once the guide is fixed; empty while it is being fitted.
    cells: Vec<Cells>,
}

/// Equation 5a: with v = L ε, u_i = μ_i + v_i exp(Σ_s λ_is v_s); a scale itself has λ = 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ties {
    /// The latents s.
    pub scales: Vec<usize>,
    /// λ [scales, random], row by row.
    pub lambda: Vec<f64>,
}

impl Ties {
    /// Σ_s λ_is v_s of every latent, given the draws of all v.
    fn exponents(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; v.len()];
        for (s, lambda) in self.scales.iter().zip(self.lambda.chunks(v.len().max(1))) {
            for (o, l) in out.iter_mut().zip(lambda) {
                *o += l * v[*s];
            }
        }
        out
    }
}

impl Gaussian {
    /// A point estimate: nothing is random.
    pub fn point(mu: Vec<f64>) -> Gaussian {
        Gaussian {
            mu,
            omega: vec![],
            lower: vec![],
            full: 0,
            scales: Scales::default(),
            ties: Ties::default(),
            directions: Directions::default(),
        }
    }

    /// Fixes q* of the collapsed scales at the parameters reached, so that they can be drawn; `mu` and `omega` get
    /// mean and log sd of their logarithms.
    pub fn settle(&mut self, collapse: &Arc<Collapse>) {
        let sigma: Vec<f64> = self.marginal_sds().collect();
        let cells = collapse.posterior(&self.mu, &sigma);
        for (scale, cells) in collapse.scales.iter().zip(&cells) {
            let (mean, sd) = cells.moments();
            self.mu[scale.latent] = mean;
            self.omega[scale.latent] = sd.ln();
        }
        self.scales = Scales { collapse: collapse.clone(), cells };
    }

    /// Rounds all parameters to single precision, as large posteriors are kept in files.
    pub fn round(&mut self) {
        let Gaussian { mu, omega, lower, ties, directions, .. } = self;
        for part in [mu, omega, lower, &mut ties.lambda, &mut directions.v] {
            part.iter_mut().for_each(|x| *x = f64::from(*x as f32));
        }
        if !self.scales.cells.is_empty() {
            let collapse = self.scales.collapse.clone();
            self.settle(&collapse);
        }
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

    /// Numbers of noise that a draw takes: ε, or ε₁ and ε₂ (6).
    pub fn noise(&self) -> usize {
        self.random() + self.directions.rank
    }

    /// The sd of each random latent by itself, as if nothing were tied (5a).
    pub fn marginal_sds(&self) -> impl Iterator<Item = f64> + '_ {
        self.omega.iter().enumerate().map(|(i, o)| {
            if i >= self.full {
                return o.exp() * self.directions.stretch(i);
            }
            let below = &self.lower[i * self.full..i * self.full + i];
            ((2.0 * o).exp() + below.iter().map(|l| l * l).sum::<f64>()).sqrt()
        })
    }

    /// u = μ + e^ω ⊙ ε, plus the strictly lower part times ε, stretched (5a).
    pub fn draw(&self, noise: &[f64], u: &mut [f64]) {
        u.copy_from_slice(&self.mu);
        let v = self.spreads(noise);
        if self.ties.scales.is_empty() {
            elementwise::accumulate(&v, &mut u[..v.len()]);
        } else {
            for ((u, v), a) in u.iter_mut().zip(&v).zip(self.ties.exponents(&v)) {
                *u += a.exp() * v;
            }
        }
        for (i, x, _) in self.scale_draws(noise) {
            u[i] = x;
        }
    }

    /// v_i = (L ε)_i, or (D (ε₁ + V ε₂))_i.
    fn spread(&self, i: usize, noise: &[f64]) -> f64 {
        self.spread_of(i, self.omega[i].exp(), noise)
    }

    /// All of them.
    fn spreads(&self, noise: &[f64]) -> Vec<f64> {
        let mut v = vec![0.0; self.random()];
        elementwise::unary(Unary::Exp, &self.omega[..v.len()], &mut v);
        v.iter_mut().enumerate().for_each(|(i, v)| *v = self.spread_of(i, *v, noise));
        v
    }

    /// `diagonal` is e^ω_i.
    fn spread_of(&self, i: usize, diagonal: f64, noise: &[f64]) -> f64 {
        let own = diagonal * (noise[i] + self.directions.shift(i, &noise[self.random()..]));
        if i >= self.full {
            return own;
        }
        let row = &self.lower[i * self.full..i * self.full + i];
        own + row.iter().zip(noise).map(|(l, e)| l * e).sum::<f64>()
    }

    /// log q(u) at the draw made from this noise.
    pub fn log_density(&self, noise: &[f64]) -> f64 {
        let gaussian = |e: f64, omega: f64| -0.5 * e * e - omega - 0.5 * (2.0 * PI).ln();
        let all: f64 = match self.directions.rank {
            0 => noise.iter().zip(&self.omega).map(|(e, o)| gaussian(*e, *o)).sum(),
            _ => self.log_density_along(&self.standardised(noise)),
        };
        let held =
            self.scales.collapse.scales.iter().map(|s| gaussian(noise[s.latent], self.omega[s.latent]));
        let stretch: f64 = (self.ties.scales.iter().zip(self.ties.lambda.chunks(self.random().max(1))))
            .map(|(s, lambda)| lambda.iter().sum::<f64>() * self.spread(*s, noise))
            .sum();
        let drawn: f64 = self.scale_draws(noise).map(|(_, _, log_q)| log_q).sum();
        all - held.sum::<f64>() + drawn - stretch
    }

    /// log q(u) at any place; learned latents, which have no density, are not read.
    pub fn log_density_at(&self, u: &[f64]) -> f64 {
        let random = self.random();
        let mut v: Vec<f64> = (0..random).map(|i| u[i] - self.mu[i]).collect();
        let mut stretch = 0.0;
        if !self.ties.scales.is_empty() {
            // A scale itself is not stretched, so its v is known before the exponents are.
            let exponents = self.ties.exponents(&v);
            stretch = exponents.iter().sum();
            v.iter_mut().zip(&exponents).for_each(|(v, a)| *v *= (-a).exp());
        }
        if self.full > 0 {
            linear::solve_lower(&self.factor(), &mut v[..self.full]);
        }
        for i in self.full..random {
            v[i] *= (-self.omega[i]).exp();
        }
        let gaussian = |e: f64, omega: f64| -0.5 * e * e - omega - 0.5 * (2.0 * PI).ln();
        let all: f64 = match self.directions.rank {
            0 => v.iter().zip(&self.omega).map(|(e, o)| gaussian(*e, *o)).sum(),
            _ => self.log_density_along(&v),
        };
        let held = self.scales.collapse.scales.iter().map(|s| gaussian(v[s.latent], self.omega[s.latent]));
        let cells = self.scales.collapse.scales.iter().zip(&self.scales.cells);
        let cells: f64 = cells.map(|(scale, cells)| cells.log_density(u[scale.latent])).sum();
        all - held.sum::<f64>() - stretch + cells
    }

    /// D⁻¹ (u − μ) = ε₁ + V ε₂.
    fn standardised(&self, noise: &[f64]) -> Vec<f64> {
        let shared = &noise[self.random()..];
        (0..self.random()).map(|i| noise[i] + self.directions.shift(i, shared)).collect()
    }

    /// log N(u; μ, D (I + V Vᵀ) D) at D⁻¹ (u − μ).
    fn log_density_along(&self, y: &[f64]) -> f64 {
        let (quadratic, log_det) = self.directions.quadratic(y);
        let omegas: f64 = self.omega.iter().sum();
        -0.5 * (quadratic + log_det + y.len() as f64 * (2.0 * PI).ln()) - omegas
    }

    /// ∇_u of −log q at the draw made from this noise: r = L⁻ᵀ ε; stretched, r_i e^{−a_i} with a_i = Σ_s λ_is v_s,
    /// and for a scale r_s + Σ_i λ_is (1 − r_i v_i).
    pub fn score(&self, noise: &[f64], out: &mut [f64]) {
        self.score_of_spread(noise, out);
        if self.ties.scales.is_empty() {
            return;
        }
        let v: Vec<f64> = (0..self.random()).map(|i| self.spread(i, noise)).collect();
        let followed = self.ties.lambda.chunks(self.random()).map(|lambda| {
            lambda.iter().zip(out.iter().zip(&v)).map(|(l, (r, v))| l * (1.0 - r * v)).sum::<f64>()
        });
        let followed: Vec<f64> = followed.collect();
        for (o, a) in out.iter_mut().zip(self.ties.exponents(&v)) {
            *o *= (-a).exp();
        }
        for (s, more) in self.ties.scales.iter().zip(followed) {
            out[*s] += more;
        }
    }

    /// Whether all latents are independent and have Gaussians, so that e^ω is all that there is to their spread.
    pub fn is_mean_field(&self) -> bool {
        let is_gaussian = self.scales.cells.is_empty();
        is_gaussian && self.full == 0 && self.ties.scales.is_empty() && self.directions.rank == 0
    }

    /// [`Gaussian::score`] of a mean-field guide with these sds.
    pub fn score_by_sds(&self, noise: &[f64], sds: &[f64], out: &mut [f64]) {
        debug_assert!(self.is_mean_field());
        for ((out, e), sd) in out.iter_mut().zip(noise).zip(sds) {
            *out = e / sd;
        }
        for scale in &self.scales.collapse.scales {
            out[scale.latent] = 0.0;
        }
    }

    /// L⁻ᵀ ε, or D⁻¹ (I + V Vᵀ)⁻¹ (ε₁ + V ε₂).
    fn score_of_spread(&self, noise: &[f64], out: &mut [f64]) {
        if self.directions.rank > 0 {
            let mut y = self.standardised(noise);
            self.directions.solve(&mut y);
            for (out, (y, o)) in out.iter_mut().zip(y.iter().zip(&self.omega)) {
                *out = y * (-o).exp();
            }
            for scale in &self.scales.collapse.scales {
                out[scale.latent] = 0.0;
            }
            return;
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guide with a full-rank block of three, one of them a scale, and an independent latent.
    fn tied() -> Gaussian {
        Gaussian {
            mu: vec![0.3, -1.0, 2.0, 0.1],
            omega: vec![-0.2, 0.4, -1.0, 0.3],
            lower: vec![0.0, 0.0, 0.0, 0.5, 0.0, 0.0, -0.3, 0.7, 0.0],
            full: 3,
            ties: Ties { scales: vec![1], lambda: vec![0.8, 0.0, -0.4, 0.0] },
            scales: Scales::default(),
            directions: Directions::default(),
        }
    }

    /// A guide of three latents with two directions.
    fn along_directions() -> Gaussian {
        Gaussian {
            omega: vec![-0.2, 0.4, -1.0],
            directions: Directions { rank: 2, v: vec![0.5, -0.3, 1.2, 0.1, 0.0, 0.8] },
            ..Gaussian::point(vec![0.3, -1.0, 2.0])
        }
    }

    #[test]
    fn a_guide_with_directions_knows_its_density_and_score() {
        let g = along_directions();
        let noise = [0.7, -1.1, 0.4, 0.9, -0.6];
        let (mut u, mut score) = (vec![0.0; 3], vec![0.0; 3]);
        g.draw(&noise, &mut u);
        g.score(&noise, &mut score);
        assert!((g.log_density_at(&u) - g.log_density(&noise)).abs() < 1e-12);
        // The density of N(μ, Σ) by the Cholesky factor of Σ written out.
        let l = g
            .directions
            .covariance_factor(&g.omega.iter().map(|o| o.exp()).collect::<Vec<_>>())
            .expect("positive");
        let dense = |u: &[f64]| {
            let mut e: Vec<f64> = u.iter().zip(&g.mu).map(|(u, m)| u - m).collect();
            linear::solve_lower(&l, &mut e);
            (0..3).map(|i| -0.5 * e[i] * e[i] - l[i * 3 + i].ln() - 0.5 * (2.0 * PI).ln()).sum::<f64>()
        };
        assert!((dense(&u) - g.log_density(&noise)).abs() < 1e-12);
        for i in 0..3 {
            let at = |x: f64| {
                let mut moved = u.clone();
                moved[i] = x;
                dense(&moved)
            };
            let difference = (at(u[i] - 1e-5) - at(u[i] + 1e-5)) / 2e-5;
            assert!((score[i] - difference).abs() < 1e-8, "{i}: {} {difference}", score[i]);
        }
        // The sd that a latent has by itself.
        let sd = (0..3).map(|k| l[3 + k] * l[3 + k]).sum::<f64>().sqrt();
        assert!((g.marginal_sds().nth(1).expect("three latents") - sd).abs() < 1e-12);
    }

    /// The noise that makes a draw, found by solving: v_s first, then the others, then L⁻¹.
    fn noise_of(g: &Gaussian, u: &[f64]) -> Vec<f64> {
        let scale = u[1] - g.mu[1];
        let v: Vec<f64> = (0..4).map(|i| (u[i] - g.mu[i]) * (-g.ties.lambda[i] * scale).exp()).collect();
        let mut e = v[..3].to_vec();
        linear::solve_lower(&g.factor(), &mut e);
        e.push(v[3] * (-g.omega[3]).exp());
        e
    }

    #[test]
    fn the_score_is_the_gradient_of_the_density_at_the_draw() {
        let g = tied();
        let noise = [0.7, -1.1, 0.4, 0.9];
        let (mut u, mut score) = (vec![0.0; 4], vec![0.0; 4]);
        g.draw(&noise, &mut u);
        g.score(&noise, &mut score);
        for i in 0..4 {
            let at = |x: f64| {
                let mut moved = u.clone();
                moved[i] = x;
                g.log_density(&noise_of(&g, &moved))
            };
            let difference = (at(u[i] - 1e-5) - at(u[i] + 1e-5)) / 2e-5;
            assert!((score[i] - difference).abs() < 1e-8, "{i}: {} {difference}", score[i]);
        }
    }

    #[test]
    fn the_density_at_a_place_is_that_of_the_draw_made_there() {
        let g = tied();
        let noise = [0.7, -1.1, 0.4, 0.9];
        let mut u = vec![0.0; 4];
        g.draw(&noise, &mut u);
        let (at, of) = (g.log_density_at(&u), g.log_density(&noise));
        assert!((at - of).abs() < 1e-12, "{at} {of}");
    }

    #[test]
    fn the_density_of_a_tied_guide_integrates_to_one() {
        // ∫ q(u) du over a grid in two dimensions: u_0 follows the scale u_1.
        let g = Gaussian {
            mu: vec![0.0, 0.0],
            omega: vec![-0.1, -0.3],
            lower: vec![0.0, 0.0, 0.4, 0.0],
            full: 2,
            ties: Ties { scales: vec![1], lambda: vec![0.4, 0.0] },
            scales: Scales::default(),
            directions: Directions::default(),
        };
        let (mut total, step) = (0.0, 0.02);
        for i in -600..=600 {
            for j in -300..=300 {
                let (u0, u1) = (f64::from(i) * step, f64::from(j) * step);
                let mut e = vec![u0 * (-0.4 * u1).exp(), u1];
                linear::solve_lower(&g.factor(), &mut e);
                total += g.log_density(&e).exp() * step * step;
            }
        }
        assert!((total - 1.0).abs() < 1e-4, "{total}");
    }
}
