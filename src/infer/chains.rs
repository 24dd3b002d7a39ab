//! A posterior that is a table of draws: those of Markov chains.

use super::draws::variable;
use super::each_draw::{DrawKey, Source, spread_evenly};

/// Draws of several chains of equal length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chains {
    /// How many chains.
    pub chains: usize,
    /// Draws that each kept.
    pub draws: usize,
    /// Latents of a draw.
    pub dim: usize,
    /// [chains, draws, dim], in unconstrained space.
    pub values: Vec<f64>,
    /// Kept draws of each chain whose trajectory diverged.
    pub divergences: Vec<usize>,
    /// Kept draws of each chain whose trajectory was as long as is allowed.
    pub at_most_depth: Vec<usize>,
    /// For each draw 1 where its trajectory diverged, else 0; none in a run of an earlier version.
    pub diverging: Vec<f64>,
    /// For each draw the steps of its trajectory.
    pub steps: Vec<f64>,
}

impl Chains {
    /// Draws of all chains.
    pub fn len(&self) -> usize {
        self.chains * self.draws
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Source for Chains {
    fn dim(&self) -> usize {
        self.dim
    }

    fn is_point(&self) -> bool {
        false
    }

    /// For a summary the draws one after another; for anything else spread evenly over all chains.
    fn latents(&self, key: DrawKey, u: &mut [f64]) {
        let n = self.len();
        let at = match key.purpose {
            variable::SUMMARY => key.index as usize % n,
            _ => (spread_evenly(key.index) * n as f64) as usize,
        };
        u.copy_from_slice(&self.values[at * self.dim..(at + 1) * self.dim]);
    }

    fn chains(&self) -> Option<(usize, usize)> {
        Some((self.chains, self.draws))
    }
}
