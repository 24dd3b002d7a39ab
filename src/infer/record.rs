//! What paths hand to the journal: guides, finished starts, and the state of a climb or of steps on batches.
//!
//! A guide is kept as its numbers; collapsed scales have none of their own, so their q* is made again from the weights.

use super::Outcome;
use super::climb::TracePoint;
use super::coordinates::Coordinates;
use super::directions::Directions;
use super::posterior::{Gaussian, Ties};
use crate::guide::collapse::Collapse;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A guide without its collapsed scales.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GuideRecord {
    mu: Vec<f64>,
    omega: Vec<f64>,
    lower: Vec<f64>,
    full: usize,
    tied: Vec<usize>,
    lambda: Vec<f64>,
    rank: usize,
    directions: Vec<f64>,
}

impl GuideRecord {
    pub(super) fn of(guide: &Gaussian) -> GuideRecord {
        GuideRecord {
            mu: guide.mu.clone(),
            omega: guide.omega.clone(),
            lower: guide.lower.clone(),
            full: guide.full,
            tied: guide.ties.scales.clone(),
            lambda: guide.ties.lambda.clone(),
            rank: guide.directions.rank,
            directions: guide.directions.v.clone(),
        }
    }

    /// The guide, with q* of the collapsed scales. Settling is a function of the weights, so doing it twice changes
    /// nothing.
    pub(super) fn guide(self, collapse: &Arc<Collapse>) -> Gaussian {
        let mut guide = Gaussian {
            omega: self.omega,
            lower: self.lower,
            full: self.full,
            ties: Ties { scales: self.tied, lambda: self.lambda },
            directions: Directions { rank: self.rank, v: self.directions },
            ..Gaussian::point(self.mu)
        };
        guide.settle(collapse);
        guide
    }

    /// Size of its block.
    pub(super) fn full(&self) -> usize {
        self.full
    }

    /// Its directions.
    pub(super) fn rank(&self) -> usize {
        self.rank
    }

    /// Whether it is a guide of so many latents.
    pub(super) fn fits(&self, dim: usize, random: usize) -> bool {
        self.mu.len() == dim
            && self.omega.len() == random
            && self.full <= random
            && self.lower.len() == self.full * self.full
            && self.tied.iter().all(|s| *s < random)
            && self.lambda.len() == self.tied.len() * random
            && self.directions.len() == self.rank * random
    }
}

/// A start that has come to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OutcomeRecord {
    pub(super) guide: GuideRecord,
    steps: u64,
    loop_seconds: f64,
    trace: Vec<TracePoint>,
    clipped: u64,
}

impl OutcomeRecord {
    pub(super) fn of(outcome: &Outcome) -> OutcomeRecord {
        OutcomeRecord {
            guide: GuideRecord::of(&outcome.guide),
            steps: outcome.steps,
            loop_seconds: outcome.loop_seconds,
            trace: outcome.trace.clone(),
            clipped: outcome.clipped,
        }
    }

    pub(super) fn outcome(self, collapse: &Arc<Collapse>, path: String) -> Outcome {
        Outcome {
            guide: self.guide.guide(collapse),
            steps: self.steps,
            loop_seconds: self.loop_seconds,
            trace: self.trace,
            clipped: self.clipped,
            path,
            ..Outcome::empty()
        }
    }
}

/// Where a climb is: everything but the programs and what follows from the settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ClimbRecord {
    pub(super) coordinates: Coordinates,
    pub(super) p: Vec<f64>,
    pub(super) first: Vec<f64>,
    pub(super) second: Vec<f64>,
    pub(super) moved: u64,
    pub(super) steps: u64,
    pub(super) seconds: f64,
    pub(super) clipped: u64,
    pub(super) is_clamped: bool,
    pub(super) every: u64,
    pub(super) seen: (f64, u64),
    pub(super) good: Vec<f64>,
    pub(super) good_moved: u64,
    pub(super) norms: Vec<f64>,
    pub(super) median: f64,
    pub(super) backoff: f64,
    pub(super) bad_steps: Vec<u64>,
    pub(super) trace: Vec<TracePoint>,
}

impl ClimbRecord {
    /// Whether it is one of these coordinates' shape.
    pub(super) fn fits(&self, coordinates: &Coordinates) -> bool {
        let n = coordinates.numbers();
        self.coordinates.fits(coordinates)
            && [self.p.len(), self.first.len(), self.second.len()] == [n; 3]
            && self.good.len() == 3 * n
    }
}

/// Where steps on batches are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BatchRecord<T> {
    pub(super) step: u64,
    pub(super) p: Vec<T>,
    pub(super) first: Vec<T>,
    pub(super) second: Vec<T>,
    pub(super) moved: u64,
    pub(super) mean: Vec<f64>,
    pub(super) trace: Vec<TracePoint>,
    pub(super) backoff: f64,
    pub(super) bad_steps: Vec<u64>,
    pub(super) seen: (f64, u32),
    /// First and second moments of the dilation, and its steps.
    pub(super) dilation: (Vec<f64>, Vec<f64>, u64),
    pub(super) seconds: f64,
}

impl<T> BatchRecord<T> {
    /// Whether it is one of so many numbers and collapsed scales.
    pub(super) fn fits(&self, n: usize, scales: usize) -> bool {
        [self.p.len(), self.first.len(), self.second.len(), self.mean.len()] == [n; 4]
            && [self.dilation.0.len(), self.dilation.1.len()] == [scales; 2]
    }
}
