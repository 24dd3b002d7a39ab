//! The noise of a step on all rows: independent draws, antithetic pairs, randomised Sobol points (equation 16).
//!
//! ```text
//! antithetic                 e1, -e1, e2, -e2, …
//! quasi_random               s1, s2, s3, …          one scramble a step, through the normal quantile
//! both                       s1, -s1, s2, -s2, …
//! ```
//!
//! Each draw has the standard normal law by itself, so means keep their expectation; only draws of one step depend on
//! each other.

use super::Path;
use super::draws::variable;
use super::problem::Problem;
use super::settings::Draws;
use crate::engine::NoiseKey;
use crate::kernels::noise;
use crate::rewrites::{Note, Rewrite};
use statrs::distribution::{ContinuousCDF, Normal};

/// Dimensions up to which there are Sobol points.
pub const MOST_DIMS: usize = 64;
/// Points of one scramble; more come from the next one.
const MOST_POINTS: usize = 1 << 16;

/// How the draws of one step hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Points {
    /// ε and −ε, where the number of draws is even
    pub antithetic: bool,
    /// randomised Sobol points
    pub quasi_random: bool,
}

impl Points {
    /// What the settings say.
    pub fn of(problem: &Problem<'_>) -> Points {
        let settings = problem.settings;
        Points {
            antithetic: !settings.leaves_out(Rewrite::Antithetic),
            quasi_random: settings.asks_for(Rewrite::QuasiRandom) && problem.joint.random_dim <= MOST_DIMS,
        }
    }

    /// Replaces the noise of draw d − 1 of a step by that of draw d, of `draws`.
    pub fn next(self, key: NoiseKey, d: usize, draws: usize, noise: &mut [f64]) {
        let is_paired = self.antithetic && draws.is_multiple_of(2);
        if is_paired && d % 2 == 1 {
            noise.iter_mut().for_each(|e| *e = -*e);
            return;
        }
        if !self.quasi_random {
            let stream = noise::key(key.seed, key.step, variable::GUIDE, key.draw + d as u64);
            noise::normals(noise, stream, 0);
            return;
        }
        // The scramble is a function of the step, the same for all draws of it.
        let point = if is_paired { d / 2 } else { d };
        let (part, point) = (point / MOST_POINTS, point % MOST_POINTS);
        let stream = noise::key(key.seed, key.step, variable::SCRAMBLE, key.draw + part as u64);
        let scramble = noise::below(1 << 32, stream, 0);
        sobol_normals(point as u32, scramble as u32, noise);
    }
}

/// A Sobol point through the normal quantile; `scramble` chooses among the scrambles of the sequence.
pub fn sobol_normals(point: u32, scramble: u32, out: &mut [f64]) {
    let normal = Normal::standard();
    for (set, part) in out.chunks_mut(4).enumerate() {
        let uniform = sobol_burley::sample_4d(point, set as u32, scramble);
        for (e, u) in part.iter_mut().zip(uniform) {
            // Points lie on a grid of 2⁻²⁴ with 0 in it: half a step keeps them inside.
            *e = normal.inverse_cdf(f64::from(u) + 2f64.powi(-25));
        }
    }
}

/// Whether each shard's draw comes with its mirror image, on the same rows.
///
/// What the rows of a batch are off by is multiplied by the noise, so pairs take it out of the gradient for log sds; a
/// net has better ways and its draws are dear.
pub fn are_pairs_by_shard(problem: &Problem<'_>, path: Path) -> bool {
    let settings = problem.settings;
    path == Path::Batches && settings.draws == Draws::Auto && !settings.leaves_out(Rewrite::Antithetic)
}

/// What becomes of the two rewrites on a path.
pub fn notes(problem: &Problem<'_>, path: Path) -> Vec<Note> {
    if path.draws_by_key() {
        let refused = |rewrite| Note::refused(rewrite, "draws are by key, one a shard");
        let pairs = if are_pairs_by_shard(problem, path) {
            Note::applied(Rewrite::Antithetic, "the draw of a shard comes with its mirror image")
        } else {
            refused(Rewrite::Antithetic)
        };
        return vec![pairs, refused(Rewrite::QuasiRandom)];
    }
    let points = Points::of(problem);
    let mut notes = vec![];
    if points.antithetic {
        notes.push(Note::applied(Rewrite::Antithetic, "draws of a step come in pairs"));
    }
    if points.quasi_random {
        notes.push(Note::applied(Rewrite::QuasiRandom, "Sobol points, scrambled anew each step"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 4,096 steps of 8 draws: means of products of two dimensions are off by at most 4.5 of their standard errors.
    #[test]
    fn every_draw_is_standard_normal() {
        for (antithetic, quasi_random) in [(false, false), (true, false), (false, true), (true, true)] {
            let points = Points { antithetic, quasi_random };
            let mut noise = [0.0; 3];
            for only in [0, 5] {
                let (mut sums, n) = ([0.0; 5], 4096.0);
                for step in 0..4096 {
                    let key = NoiseKey { seed: 3, step, draw: 0, ..NoiseKey::default() };
                    for d in 0..=only {
                        points.next(key, d, 8, &mut noise);
                    }
                    let [a, b, c] = noise;
                    for (sum, x) in sums.iter_mut().zip([a, c, a * b, (a * a - 1.0) / 2f64.sqrt(), b * c]) {
                        *sum += x;
                    }
                }
                for sum in sums {
                    assert!(sum.abs() < 4.5 * f64::sqrt(n), "{points:?} draw {only}: {sums:?}");
                }
            }
        }
    }

    #[test]
    fn points_of_a_step_spread_evenly() {
        let points = Points { antithetic: false, quasi_random: true };
        let (mut noise, mut quarters) = ([0.0; 2], [0; 4]);
        for d in 0..4 {
            points.next(NoiseKey::default(), d, 4, &mut noise);
            let quarter = [-0.6744897501960817, 0.0, 0.6744897501960817].iter().filter(|q| noise[0] > **q);
            quarters[quarter.count()] += 1;
        }
        assert_eq!(quarters, [1; 4]);
    }
}
