//! One more coordinate for each collapsed scale: all its weights together (`docs/inference.md`, equation 20a).
//!
//! Where a scale has been integrated out (12), multiplying all its weights and their sds by one number changes C and the
//! entropy by as much: only the likelihood has a say. But each weight alone is held at the size of the others, so Adam
//! moves them together at a pace set by the noise of each: an input that carries nothing keeps its scale for
//! thousands of steps. Along log a, m ← a m, σ ← a σ, the gradient is the sum over the weights,
//!
//! ```text
//! ∂L/∂ log a = Σ_j m_j ∂L/∂m_j + ∂L/∂ω_j
//! ```
//!
//! whose noise is that of one number. The family and the ELBO stay the same; only the path there is shorter.

use super::problem::Number;
use crate::engine::Lead;
use crate::guide::collapse::Collapse;
use crate::guide::collapse::within;
use crate::kernels::adam::{Adam, Rate, adam};
use crate::kernels::reduce;
use std::ops::Range;

/// The moves of all collapsed scales.
pub struct Dilation {
    /// Coordinates of weights, and the position of their scale.
    weights: Vec<(Range<usize>, usize)>,
    log_a: Vec<f64>,
    a: Vec<f64>,
    gradient: Vec<f64>,
    /// Of each range of weights the slopes of means and of log sds.
    slopes: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    moved: u64,
}

impl Dilation {
    /// Moves for the collapsed scales of a guide.
    pub fn new(collapse: &Collapse) -> Self {
        let runs = collapse.runs().map(|run| (run.weights.clone(), run.scale));
        Self::of(runs.collect(), collapse.scales.len())
    }

    fn of(weights: Vec<(Range<usize>, usize)>, n: usize) -> Self {
        Dilation {
            slopes: vec![0.0; 2 * weights.len()],
            weights,
            log_a: vec![0.0; n],
            a: vec![1.0; n],
            gradient: vec![0.0; n],
            first: vec![0.0; n],
            second: vec![0.0; n],
            moved: 0,
        }
    }

    /// First and second moments, and steps.
    pub fn state(&self) -> (Vec<f64>, Vec<f64>, u64) {
        (self.first.clone(), self.second.clone(), self.moved)
    }

    /// Goes back to a state of as many scales.
    pub fn take_up(&mut self, (first, second, moved): (Vec<f64>, Vec<f64>, u64)) {
        (self.first, self.second, self.moved) = (first, second, moved);
    }

    /// Takes the slopes from a gradient at `p` (means of `dim` coordinates, then log sds).
    pub fn read_by<T: Number>(&mut self, lead: &mut Lead<'_>, p: &[T], g: &[T], dim: usize) {
        let ranges = self.weights.iter().flat_map(|(run, _)| [(run, false), (run, true)]);
        lead.share(p.len(), ranges.zip(&mut self.slopes), |((run, is_spread), slope)| {
            *slope = match is_spread {
                false => reduce::dot_f64(&p[run.clone()], &g[run.clone()]),
                true => reduce::sum_all_f64(&g[dim + run.start..dim + run.end]),
            };
        });
        self.gradient.fill(0.0);
        for ((_, scale), slopes) in self.weights.iter().zip(self.slopes.chunks_exact(2)) {
            self.gradient[*scale] += slopes[0] + slopes[1];
        }
    }

    /// One step of Adam along the slopes: how far the weights of each scale will move together.
    pub fn step(&mut self, rate: f64) {
        if self.log_a.is_empty() {
            return;
        }
        self.moved += 1;
        self.log_a.fill(0.0);
        let settings = Adam::default();
        adam(
            &settings,
            self.moved,
            Rate::Same(rate),
            &mut self.log_a,
            &mut self.first,
            &mut self.second,
            &self.gradient,
        );
        self.a.iter_mut().zip(&self.log_a).for_each(|(a, log_a)| *a = log_a.exp());
    }

    /// Moves the weights among the numbers from one on (means of `dim` coordinates, then log sds) by the step.
    pub fn apply<T: Number>(&self, from: usize, part: &mut [T], dim: usize) {
        for (run, scale) in &self.weights {
            let (a, log_a) = (T::from_f64(self.a[*scale]), T::from_f64(self.log_a[*scale]));
            within(from, part, run.clone()).iter_mut().for_each(|m| *m *= a);
            let spreads = dim + run.start..dim + run.end;
            within(from, part, spreads).iter_mut().for_each(|omega| *omega += log_a);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Team;

    /// Two scales over three of four coordinates.
    fn moves() -> Dilation {
        Dilation::of(vec![(0..1, 0), (2..3, 1), (3..4, 0)], 2)
    }

    /// Means, then log sds.
    const P: [f64; 8] = [0.7, -0.2, 1.5, -0.4, -1.0, 0.3, -0.6, 0.1];

    fn objective(p: &[f64]) -> f64 {
        (0..4).map(|i| (p[i] * (i as f64 + 1.0)).sin() - 0.3 * (p[4 + i] + p[i]).powi(2)).sum()
    }

    #[test]
    fn slopes_are_those_of_a_common_factor() {
        let gradient: Vec<f64> = (0..8)
            .map(|k| {
                let at = |h: f64| {
                    objective(&(0..8).map(|i| P[i] + if i == k { h } else { 0.0 }).collect::<Vec<_>>())
                };
                (at(1e-6) - at(-1e-6)) / 2e-6
            })
            .collect();
        let mut moves = moves();
        Team::new(vec![()], 1).run(|_, ()| {}, |lead| moves.read_by(lead, &P, &gradient, 4));
        for scale in 0..2 {
            let at = |log_a: f64| {
                let mut p = P;
                for i in moves.weights.iter().filter(|(_, s)| *s == scale).flat_map(|(run, _)| run.clone()) {
                    p[i] *= log_a.exp();
                    p[4 + i] += log_a;
                }
                objective(&p)
            };
            let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
            let found = moves.gradient[scale];
            assert!((slope - found).abs() < 1e-6, "scale {scale}: {found}, by differences {slope}");
        }
    }

    #[test]
    fn a_step_multiplies_the_weights_of_a_scale_and_leaves_the_rest() {
        let mut moves = moves();
        moves.gradient = vec![3.0, -0.5];
        let mut p = P;
        moves.step(0.1);
        // In parts that cut through means and log sds.
        p.chunks_mut(3).enumerate().for_each(|(i, part)| moves.apply(3 * i, part, 4));
        // Adam's first step is the rate, with the slope's sign.
        for (i, sign) in [(0, 1.0), (1, 0.0), (2, -1.0), (3, 1.0)] {
            let log_a: f64 = 0.1 * sign;
            assert!((p[i] / P[i] - log_a.exp()).abs() < 1e-6, "mean {i}");
            assert!((p[4 + i] - P[4 + i] - log_a).abs() < 1e-6, "log sd {i}");
        }
    }
}
