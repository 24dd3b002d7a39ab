//! Moves of a scale with all of its weights, where a scale has weights of its own (12) (Yu and Meng 2011; `docs/inference.md`,
//! section 3, equation 6d).
//!
//! ```text
//! v → v e^δ,  w_j → w_j e^{pδ},  j = 1…J,    δ ~ Normal(0, τ²)
//! accepted with min(1, p(y, v e^δ, w e^{pδ}) e^{pJδ} / p(y, v, w)),  v by its logarithm
//! ```
//!
//! A trajectory moves a scale no further than its weights, all of them as they are, let it: some 1/√(2J) of itself. Of a
//! scale with its weights only the likelihood and the scale's own prior have a say.

use crate::guide::collapse;
use crate::infer::problem::Problem;
use std::ops::Range;

/// A scale s = f vᵖ of zero-centred weights.
struct Scale {
    /// The latent that is log v.
    latent: usize,
    power: f64,
    /// The latents that are its weights.
    weights: Vec<Range<usize>>,
}

impl Scale {
    fn alone(scale: &collapse::Scale) -> Scale {
        Scale { latent: scale.latent, power: scale.power(), weights: vec![] }
    }
}

/// All scales of a model that have weights of their own.
pub(super) struct Scales(Vec<Scale>);

impl Scales {
    /// Those of the model, whether a guide collapses them or not.
    pub(super) fn of(problem: &Problem<'_>) -> Scales {
        let found = collapse::find(problem.joint, problem.model, 0, &mut vec![]);
        let mut scales: Vec<Scale> = found.scales.iter().map(Scale::alone).collect();
        found.runs().for_each(|run| scales[run.scale].weights.push(run.weights.clone()));
        Scales(scales)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Moves a scale and its weights in u; returns the log of how much volume grows.
    pub(super) fn dilate(&self, which: usize, delta: f64, u: &mut [f64]) -> f64 {
        let Scale { latent, power, weights } = &self.0[which];
        let (by, factor) = (power * delta, (power * delta).exp());
        u[*latent] += delta;
        weights.iter().for_each(|run| u[run.clone()].iter_mut().for_each(|w| *w *= factor));
        by * weights.iter().map(|run| run.len() as f64).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// s = v^½ of the latents 1, 2 and 4; 3 is another's.
    fn scales() -> Scales {
        Scales(vec![Scale { latent: 0, power: 0.5, weights: vec![1..3, 4..5] }])
    }

    #[test]
    fn a_scale_takes_its_weights_along() {
        let mut u = [0.2, 1.0, -2.0, 5.0, 0.5];
        let volume = scales().dilate(0, 0.6, &mut u);
        let factor = 0.3f64.exp();
        assert_eq!(u, [0.8, factor, -2.0 * factor, 5.0, 0.5 * factor]);
        // The Jacobian is triangular: 1 for log v, e^{pδ} for each of three weights.
        assert!((volume - 0.9).abs() < 1e-15, "{volume}");
        // Back again.
        let back = scales().dilate(0, -0.6, &mut u);
        assert!((back + volume).abs() < 1e-15 && (u[1] - 1.0).abs() < 1e-15 && (u[0] - 0.2).abs() < 1e-15);
    }
}
