//! The posterior as a mixture of fitted guides: q = Σ π_k q_k (`docs/inference.md`, equation 6a). One guide is a mixture
//! of one.
//!
//! ```text
//! ELBO = Σ_k π_k E_{q_k}[log p(y,u) − log Σ_j π_j q_j(u)]          every component is drawn from, so no choice has noise
//! ```
//!
//! Components that differ in learned latents (`Point`) have no common density: their index is then known from the
//! draw, and the inner sum is −log q_k alone. A mixture of points only is a deep ensemble, and called so.

use super::draws::{Joint, variable};
use super::each_draw::{DrawKey, Source, spread_evenly};
use super::posterior::Gaussian;
use crate::kernels::noise;

/// Components with their shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// q_k, those of the largest share first.
    pub parts: Vec<Gaussian>,
    /// π_k, which sum to 1.
    pub shares: Vec<f64>,
}

/// Rounds in which shares are improved.
const SHARE_ROUNDS: usize = 200;
/// Shares below this are none: such a component is left out.
const LEAST_SHARE: f64 = 1e-3;

impl Mixture {
    /// A guide alone.
    pub fn one(guide: Gaussian) -> Mixture {
        Mixture { parts: vec![guide], shares: vec![1.0] }
    }

    /// Equal shares.
    pub fn even(parts: Vec<Gaussian>) -> Mixture {
        let share = 1.0 / parts.len().max(1) as f64;
        Mixture { shares: vec![share; parts.len()], parts }
    }

    /// Numbers of noise that a draw takes.
    pub fn noise(&self) -> usize {
        self.parts.iter().map(Gaussian::noise).max().unwrap_or(0)
    }

    /// Whether it is several points: a deep ensemble.
    pub fn is_ensemble(&self) -> bool {
        self.parts.len() > 1 && self.noise() == 0
    }

    /// Whether all components have one density of all latents.
    fn is_common(&self) -> bool {
        self.parts.len() > 1 && self.parts.iter().all(|g| g.random() == g.mu.len())
    }

    /// log q(u) at the draw u that component k made from this noise.
    pub fn log_density(&self, k: usize, noise: &[f64], u: &[f64]) -> f64 {
        let own = self.parts[k].log_density(noise);
        if !self.is_common() {
            return own;
        }
        let others = self.parts.iter().enumerate();
        let of = |(j, g): (usize, &Gaussian)| if j == k { own } else { g.log_density_at(u) };
        let terms: Vec<f64> = others.zip(&self.shares).map(|(part, share)| share.ln() + of(part)).collect();
        log_sum_exp(&terms)
    }

    /// The component of a draw: shares are kept as evenly as whole draws can.
    pub fn part_of(&self, index: u64) -> usize {
        let at = spread_evenly(index);
        let mut sum = 0.0;
        let found = self.shares.iter().position(|share| {
            sum += share;
            at < sum
        });
        found.unwrap_or(self.parts.len() - 1)
    }

    /// log p(y,u) − log q(u), averaged over components, of draws by the keys that compare all guides.
    pub fn elbo_draws(&self, joint: &mut Joint, draws: usize, seed: u64) -> Vec<f64> {
        let mut e = vec![0.0; self.noise()];
        let dim = self.dim();
        let (mut u, mut g) = (vec![0.0; dim], vec![0.0; dim]);
        let mut value = |d: usize| {
            if d.is_multiple_of(2) {
                noise::normals(&mut e, noise::key(seed, 0, variable::COMPARE, d as u64), 0);
            } else {
                e.iter_mut().for_each(|x| *x = -*x);
            }
            let mut sum = 0.0;
            for (k, (part, share)) in self.parts.iter().zip(&self.shares).enumerate() {
                part.draw(&e[..part.noise()], &mut u);
                let log_p = joint.value_and_gradient(&u, &mut g);
                sum += share * (log_p - self.log_density(k, &e[..part.noise()], &u));
            }
            sum
        };
        (0..draws).map(&mut value).collect()
    }

    /// The mixture of the largest ELBO with these components, by their draws; components that it does not want are left
    /// out, the largest share comes first.
    ///
    /// At the optimum E_{q_k}[log p − log q] is the same for every k with π_k > 0, and the bound is concave in π, so
    /// π_k ← π_k exp(½ E_{q_k}[log p − log q]) climbs to it. Components that do not overlap have π_k ∝ exp(ELBO_k).
    pub fn best_shares(parts: Vec<Gaussian>, joint: &mut Joint, draws: usize, seed: u64) -> Mixture {
        let all = Mixture::even(parts);
        let n = all.parts.len();
        let mut e = vec![0.0; all.noise()];
        let dim = all.dim();
        let (mut u, mut g) = (vec![0.0; dim], vec![0.0; dim]);
        // Of each component's draws: log p, and log q_j of every component.
        let mut seen: Vec<Vec<(f64, Vec<f64>)>> = vec![vec![]; n];
        for d in 0..draws {
            noise::normals(&mut e, noise::key(seed, 0, variable::COMPARE, d as u64), 0);
            for (k, part) in all.parts.iter().enumerate() {
                let own = &e[..part.noise()];
                part.draw(own, &mut u);
                let log_p = joint.value_and_gradient(&u, &mut g);
                let of = |(j, q): (usize, &Gaussian)| match (j == k, all.is_common()) {
                    (true, _) => q.log_density(own),
                    (false, true) => q.log_density_at(&u),
                    (false, false) => f64::NEG_INFINITY,
                };
                seen[k].push((log_p, all.parts.iter().enumerate().map(of).collect()));
            }
        }
        let mut logs = vec![-(n as f64).ln(); n];
        for _ in 0..SHARE_ROUNDS {
            let worth = |draws: &Vec<(f64, Vec<f64>)>| {
                let of = |(log_p, log_q): &(f64, Vec<f64>)| {
                    let terms: Vec<f64> = log_q.iter().zip(&logs).map(|(q, share)| q + share).collect();
                    log_p - log_sum_exp(&terms)
                };
                draws.iter().map(of).sum::<f64>() / draws.len() as f64
            };
            let moved: Vec<f64> =
                seen.iter().zip(&logs).map(|(draws, share)| share + 0.5 * worth(draws)).collect();
            let total = log_sum_exp(&moved);
            logs = moved.iter().map(|l| (l - total).max(-700.0)).collect();
        }
        let mut kept: Vec<(f64, Gaussian)> = logs.iter().map(|l| l.exp()).zip(all.parts).collect();
        kept.sort_by(|a, b| b.0.total_cmp(&a.0));
        let count = kept.iter().filter(|(share, _)| *share >= LEAST_SHARE).count().max(1);
        kept.truncate(count);
        let total: f64 = kept.iter().map(|(share, _)| share).sum();
        let (shares, parts) = kept.into_iter().map(|(share, part)| (share / total, part)).unzip();
        Mixture { parts, shares }
    }
}

/// log Σ e^x; −∞ where all are.
pub(super) fn log_sum_exp(terms: &[f64]) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return most;
    }
    most + terms.iter().map(|t| (t - most).exp()).sum::<f64>().ln()
}

impl Source for Mixture {
    fn dim(&self) -> usize {
        self.parts.first().map_or(0, |g| g.mu.len())
    }

    fn is_point(&self) -> bool {
        self.parts.len() == 1 && self.parts[0].random() == 0
    }

    fn round(&self) -> Option<usize> {
        let n = self.parts.len();
        if self.noise() > 0 || n == 0 {
            return None;
        }
        // Of unequal shares, or where the places of the first draws fall twice into one, no few draws are the whole.
        let mut seen: Vec<usize> = (0..n as u64).map(|i| self.part_of(i)).collect();
        seen.sort_unstable();
        let is_even = self.shares.iter().all(|s| (s * n as f64 - 1.0).abs() < 1e-9);
        (is_even && seen.iter().copied().eq(0..n)).then_some(n)
    }

    fn latents(&self, key: DrawKey, u: &mut [f64]) {
        let k = if self.parts.len() == 1 { 0 } else { self.part_of(key.index) };
        self.parts[k].latents(key, u);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::posterior::{Scales, Ties};

    fn gaussian(mean: f64, sd: f64) -> Gaussian {
        Gaussian {
            mu: vec![mean],
            omega: vec![sd.ln()],
            lower: vec![],
            full: 0,
            scales: Scales::default(),
            ties: Ties::default(),
            directions: Default::default(),
        }
    }

    #[test]
    fn the_density_is_that_of_the_sum() {
        let q = Mixture { parts: vec![gaussian(0.0, 1.0), gaussian(3.0, 0.5)], shares: vec![0.3, 0.7] };
        let mut u = [0.0];
        q.parts[1].draw(&[-2.0], &mut u);
        let normal = |x: f64, m: f64, s: f64| {
            (-0.5 * ((x - m) / s).powi(2)).exp() / (s * (2.0 * std::f64::consts::PI).sqrt())
        };
        let wanted = 0.3 * normal(2.0, 0.0, 1.0) + 0.7 * normal(2.0, 3.0, 0.5);
        assert!((u[0] - 2.0).abs() < 1e-12);
        assert!((q.log_density(1, &[-2.0], &u) - wanted.ln()).abs() < 1e-12);
    }

    #[test]
    fn draws_come_from_components_by_their_shares() {
        let q = Mixture { parts: vec![gaussian(0.0, 1.0), gaussian(3.0, 0.5)], shares: vec![0.3, 0.7] };
        for count in [100, 1000] {
            let first = (0..count).filter(|i| q.part_of(*i) == 0).count() as f64;
            assert!((first - 0.3 * count as f64).abs() <= 2.0, "{first} of {count}");
        }
        let key = |index| DrawKey { index, ..DrawKey::of(1, variable::SUMMARY) };
        let mut u = [0.0];
        let draws: Vec<f64> = (0..20_000)
            .map(|i| {
                q.latents(key(i), &mut u);
                u[0]
            })
            .collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        // The sd of the mixture is 1.55, so four standard errors are 0.044.
        assert!((mean - 2.1).abs() < 0.044, "{mean}");
    }

    #[test]
    fn components_of_learned_latents_have_no_common_density() {
        let point = |x: f64| Gaussian::point(vec![x]);
        let q = Mixture::even(vec![point(0.0), point(1.0)]);
        assert_eq!(q.log_density(0, &[], &[0.0]), 0.0);
        assert!(!q.is_point() && Mixture::one(point(2.0)).is_point());
        assert_eq!((q.round(), Mixture::one(point(2.0)).round()), (Some(2), Some(1)));
        let uneven = Mixture { shares: vec![0.7, 0.3], ..q };
        assert_eq!((uneven.round(), Mixture::one(gaussian(0.0, 1.0)).round()), (None, None));
    }
}
