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
use std::borrow::Cow;
use std::sync::Arc;

/// A guide without its collapsed scales.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GuideRecord<'a> {
    mu: Cow<'a, [f64]>,
    omega: Cow<'a, [f64]>,
    lower: Cow<'a, [f64]>,
    full: usize,
    tied: Cow<'a, [usize]>,
    lambda: Cow<'a, [f64]>,
    rank: usize,
    directions: Cow<'a, [f64]>,
}

impl GuideRecord<'_> {
    /// What a guide is written as; a large one is not copied for it.
    pub(super) fn of(guide: &Gaussian) -> GuideRecord<'_> {
        GuideRecord {
            mu: Cow::Borrowed(&guide.mu),
            omega: Cow::Borrowed(&guide.omega),
            lower: Cow::Borrowed(&guide.lower),
            full: guide.full,
            tied: Cow::Borrowed(&guide.ties.scales),
            lambda: Cow::Borrowed(&guide.ties.lambda),
            rank: guide.directions.rank,
            directions: Cow::Borrowed(&guide.directions.v),
        }
    }

    /// A copy that outlives the guide.
    pub(super) fn into_owned(self) -> GuideRecord<'static> {
        GuideRecord {
            mu: Cow::Owned(self.mu.into_owned()),
            omega: Cow::Owned(self.omega.into_owned()),
            lower: Cow::Owned(self.lower.into_owned()),
            full: self.full,
            tied: Cow::Owned(self.tied.into_owned()),
            lambda: Cow::Owned(self.lambda.into_owned()),
            rank: self.rank,
            directions: Cow::Owned(self.directions.into_owned()),
        }
    }

    /// The guide, with q* of the collapsed scales. Settling is a function of the weights, so doing it twice changes
    /// nothing.
    pub(super) fn guide(self, collapse: &Arc<Collapse>) -> Gaussian {
        let mut guide = Gaussian {
            omega: self.omega.into_owned(),
            lower: self.lower.into_owned(),
            full: self.full,
            ties: Ties { scales: self.tied.into_owned(), lambda: self.lambda.into_owned() },
            directions: Directions { rank: self.rank, v: self.directions.into_owned() },
            ..Gaussian::point(self.mu.into_owned())
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
pub(super) struct OutcomeRecord<'a> {
    pub(super) guide: GuideRecord<'a>,
    steps: u64,
    loop_seconds: f64,
    trace: Cow<'a, [TracePoint]>,
    clipped: u64,
}

impl OutcomeRecord<'_> {
    pub(super) fn of(outcome: &Outcome) -> OutcomeRecord<'_> {
        OutcomeRecord {
            guide: GuideRecord::of(&outcome.guide),
            steps: outcome.steps,
            loop_seconds: outcome.loop_seconds,
            trace: Cow::Borrowed(&outcome.trace),
            clipped: outcome.clipped,
        }
    }

    pub(super) fn outcome(self, collapse: &Arc<Collapse>, path: String) -> Outcome {
        Outcome {
            guide: self.guide.guide(collapse),
            steps: self.steps,
            loop_seconds: self.loop_seconds,
            trace: self.trace.into_owned(),
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
#[serde(bound(serialize = "T: Serialize + Clone", deserialize = "T: Deserialize<'de> + Clone"))]
pub(super) struct BatchRecord<'a, T: Clone> {
    pub(super) step: u64,
    pub(super) p: Cow<'a, [T]>,
    pub(super) first: Cow<'a, [T]>,
    pub(super) second: Cow<'a, [T]>,
    pub(super) moved: u64,
    pub(super) mean: Cow<'a, [f64]>,
    pub(super) trace: Cow<'a, [TracePoint]>,
    pub(super) backoff: f64,
    pub(super) bad_steps: Cow<'a, [u64]>,
    pub(super) seen: (f64, u32),
    /// First and second moments of the dilation, and its steps.
    pub(super) dilation: (Vec<f64>, Vec<f64>, u64),
    pub(super) seconds: f64,
}

impl<T: Clone> BatchRecord<'_, T> {
    /// Whether it is one of so many numbers and collapsed scales.
    pub(super) fn fits(&self, n: usize, scales: usize) -> bool {
        [self.p.len(), self.first.len(), self.second.len(), self.mean.len()] == [n; 4]
            && [self.dilation.0.len(), self.dilation.1.len()] == [scales; 2]
    }
}
