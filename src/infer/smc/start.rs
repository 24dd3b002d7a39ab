//! Where particles begin: a mixture that has the means, sds and full-rank blocks of the fitted guides, and heavier tails.
//!
//! ```text
//! u = μ + L e,   e_i ~ StudentT(4),   log q = Σ_i log t₄(e_i) − log det L
//! ```
//!
//! A guide is narrower than the posterior. With Gaussian tails, what lies outside of it would come in only where β is
//! nearly 1, in many small steps. A tie, a direction, a collapsed scale stand with their marginal sds: what the start
//! lacks is made up for on the way, so it needs a density more than it needs all of a guide.

use crate::infer::linear::{solve_lower, solve_lower_transposed};
use crate::infer::mixture::{Mixture, log_sum_exp};
use crate::infer::posterior::Gaussian;
use crate::infer::whitened::Whitened;
use std::sync::Arc;

/// log of the constant of t₄: Γ(5/2) / (Γ(2) √(4π)) = 3/8.
const LOG_T4: f64 = -0.980_829_253_011_726_2;

/// The quantile of StudentT(4) (Shaw 2006).
fn quantile(p: f64) -> f64 {
    let a = (4.0 * p * (1.0 - p)).sqrt();
    let square = (a.acos() / 3.0).cos() / a - 1.0;
    (2.0 * square.max(0.0).sqrt()).copysign(p - 0.5)
}

/// The density that particles begin with.
#[derive(Clone)]
pub(super) struct Start {
    parts: Arc<Vec<Part>>,
    /// Which component a draw is of.
    mixture: Arc<Mixture>,
    /// For one component after another: its log density, its score.
    logs: Vec<f64>,
    scores: Vec<f64>,
}

struct Part {
    at: Whitened,
    mu: Vec<f64>,
    factor: Vec<f64>,
    full: usize,
    sds: Vec<f64>,
    /// log share − log det L and the constants of t₄
    constant: f64,
}

impl Start {
    /// Of a mixture whose latents are all random; else of the guide alone, because points of several have no density.
    pub(super) fn of(guide: &Gaussian, mixture: &Mixture) -> Start {
        let is_random = |part: &Gaussian| part.random() == part.mu.len();
        let mixture = if mixture.parts.iter().all(is_random) && !mixture.parts.is_empty() {
            mixture.clone()
        } else {
            Mixture::one(guide.clone())
        };
        let parts: Vec<Part> = mixture.parts.iter().zip(&mixture.shares).map(Part::of).collect();
        let dim = guide.random();
        Start {
            logs: vec![0.0; parts.len()],
            scores: vec![0.0; parts.len() * dim],
            parts: Arc::new(parts),
            mixture: Arc::new(mixture),
        }
    }

    /// u of a draw.
    pub(super) fn draw(&self, index: u64, uniforms: &[f64]) -> Vec<f64> {
        let part = &self.parts[self.mixture.part_of(index)];
        let e: Vec<f64> = uniforms.iter().map(|p| quantile(*p)).collect();
        part.at.clone().place(&e).to_vec()
    }

    /// log q(u), and its gradient into `score`.
    pub(super) fn log_density(&mut self, u: &[f64], score: &mut [f64]) -> f64 {
        let dim = score.len();
        for ((part, log), own) in self.parts.iter().zip(&mut self.logs).zip(self.scores.chunks_exact_mut(dim))
        {
            *log = part.log_density(u, own);
        }
        let total = log_sum_exp(&self.logs);
        score.fill(0.0);
        for (log, own) in self.logs.iter().zip(self.scores.chunks_exact(dim)) {
            let share = (log - total).exp();
            score.iter_mut().zip(own).for_each(|(s, own)| *s += share * own);
        }
        total
    }
}

impl Part {
    fn of((guide, share): (&Gaussian, &f64)) -> Part {
        let (full, sds): (usize, Vec<f64>) = (guide.full, guide.marginal_sds().collect());
        let diagonal: f64 =
            guide.omega[..full].iter().sum::<f64>() + sds[full..].iter().map(|s| s.ln()).sum::<f64>();
        Part {
            at: Whitened::new(guide),
            mu: guide.mu.clone(),
            factor: guide.factor(),
            full,
            constant: share.ln() - diagonal + sds.len() as f64 * LOG_T4,
            sds,
        }
    }

    fn log_density(&self, u: &[f64], score: &mut [f64]) -> f64 {
        score.iter_mut().zip(u.iter().zip(&self.mu)).for_each(|(e, (u, mu))| *e = u - mu);
        let (block, rest) = score.split_at_mut(self.full);
        if self.full > 0 {
            solve_lower(&self.factor, block);
        }
        rest.iter_mut().zip(&self.sds[self.full..]).for_each(|(e, sd)| *e /= sd);
        let tails: f64 = block.iter().chain(rest.iter()).map(|e| (0.25 * e * e).ln_1p()).sum();
        block.iter_mut().chain(rest.iter_mut()).for_each(|e| *e *= 5.0 / (4.0 + *e * *e));
        if self.full > 0 {
            solve_lower_transposed(&self.factor, block);
        }
        rest.iter_mut().zip(&self.sds[self.full..]).for_each(|(e, sd)| *e /= sd);
        score.iter_mut().for_each(|e| *e = -*e);
        self.constant - 2.5 * tails
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, StudentsT};

    fn correlated(mean: f64) -> Gaussian {
        Gaussian {
            omega: vec![-0.2, 0.4, -1.0],
            lower: vec![0.0, 0.0, 0.7, 0.0],
            full: 2,
            ..Gaussian::point(vec![mean, -1.0, 0.5])
        }
    }

    fn two() -> Start {
        let mixture = Mixture { parts: vec![correlated(0.3), correlated(2.0)], shares: vec![0.3, 0.7] };
        Start::of(&mixture.parts[0].clone(), &mixture)
    }

    #[test]
    fn the_quantile_undoes_the_distribution() {
        let t = StudentsT::new(0.0, 1.0, 4.0).expect("a distribution");
        for p in [1e-9, 1e-3, 0.2, 0.5, 0.63, 0.999] {
            assert!((t.cdf(quantile(p)) / p - 1.0).abs() < 1e-6, "{p}: {}", quantile(p));
        }
    }

    #[test]
    fn the_score_is_the_gradient_of_a_density_that_integrates_to_one() {
        let mut start = two();
        let mut score = [0.0; 3];
        let u = start.draw(1, &[0.2, 0.9, 0.4]);
        start.log_density(&u, &mut score);
        for i in 0..3 {
            let mut at = |x: f64| {
                let mut moved = u.clone();
                moved[i] = x;
                start.log_density(&moved, &mut [0.0; 3])
            };
            let difference = (at(u[i] + 1e-5) - at(u[i] - 1e-5)) / 2e-5;
            assert!((score[i] - difference).abs() < 1e-8, "{i}: {} {difference}", score[i]);
        }
        // E_q[r/q] over draws of q is ∫ r: here r is N(0, 1) in each latent, which q covers.
        let n = 40_000;
        let mut sum = 0.0;
        for d in 0..n {
            let mut uniforms = [0.0; 3];
            crate::kernels::noise::uniforms(&mut uniforms, crate::kernels::noise::key(1, d, 2, 3), 0);
            let u = start.draw(d, &uniforms);
            let r: f64 = u.iter().map(|x| -0.5 * x * x - 0.5 * (2.0 * std::f64::consts::PI).ln()).sum();
            sum += (r - start.log_density(&u, &mut score)).exp();
        }
        assert!((sum / n as f64 - 1.0).abs() < 0.05, "{}", sum / n as f64);
    }

    #[test]
    fn points_of_several_guides_have_no_common_density() {
        let half = |x: f64| Gaussian { omega: vec![0.0], ..Gaussian::point(vec![x, x]) };
        let mixture = Mixture::even(vec![half(1.0), half(2.0)]);
        let start = Start::of(&half(1.0), &mixture);
        assert_eq!((start.parts.len(), start.draw(1, &[0.5])), (1, vec![1.0, 1.0]));
    }
}
