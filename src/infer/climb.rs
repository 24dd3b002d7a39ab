//! Steps on the ELBO of all rows, in given coordinates: the inner loop of the full-batch paths.

use super::coordinates::Coordinates;
use super::draws::Evaluator;
use super::journal::{Interrupted, Piece};
use super::optimizer::Optimizer;
use super::posterior::Gaussian;
use super::problem::Number;
use super::record::ClimbRecord;
use super::settings::Settings;
use crate::engine::{BadValue, NoiseKey};
use crate::guide::collapse::Collapse;
use crate::kernels::adam::Rate;
use crate::kernels::reduce;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The rate that rates are relative to.
pub const RATE: f64 = 0.05;
/// Steps of a trial of a rate.
const TRIAL: u64 = 50;
/// Norms remembered for the running median.
const NORMS: usize = 101;
/// A gradient longer than this many medians is shortened to it.
const CLIP: f64 = 10.0;

/// One point of the training trace.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TracePoint {
    /// Which start.
    pub start: usize,
    /// Optimiser step of that start.
    pub step: u64,
    /// Time inside the step loop so far.
    pub seconds: f64,
    /// Mean ELBO of the draws since the last point.
    pub elbo: f64,
    /// Learning rate.
    pub rate: f64,
    /// Gradients shortened so far.
    pub clipped: u64,
}

/// Too many values that are not finite.
#[derive(Debug, Clone)]
pub struct Diverged {
    /// The step of the last one.
    pub step: u64,
    /// The first bad instruction, if running it again shows it.
    pub bad: Option<BadValue>,
}

/// Why a stage ends early.
#[derive(Debug, Clone)]
pub(super) enum Halt {
    /// too many values were not finite
    Diverged(Diverged),
    /// the fit is to stop
    Interrupted,
}

impl From<Diverged> for Halt {
    fn from(diverged: Diverged) -> Halt {
        Halt::Diverged(diverged)
    }
}

impl From<Interrupted> for Halt {
    fn from(_: Interrupted) -> Halt {
        Halt::Interrupted
    }
}

/// One start on its way up.
pub struct Climb<T> {
    evaluator: Evaluator<T>,
    coordinates: Coordinates,
    /// Where it is.
    pub p: Vec<f64>,
    /// Learning rates relative to that of a stage.
    relative: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    moved: u64,
    guide: Gaussian,
    gradient: Gaussian,
    pulled: Vec<f64>,
    key: NoiseKey,
    draws: usize,
    start: usize,
    /// Steps done.
    pub steps: u64,
    /// Time inside the step loop.
    pub time: Duration,
    /// Gradients shortened.
    pub clipped: u64,
    /// Whether a log sd ran into its bound.
    pub is_clamped: bool,
    /// Steps between two points of the trace, and what was seen since the last.
    every: u64,
    seen: (f64, u64),
    /// Where the last finite gradient was, with both moments: [p, first, second].
    good: Vec<f64>,
    good_moved: u64,
    norms: Vec<f64>,
    sorted: [f64; NORMS],
    median: f64,
    backoff: f64,
    bad_steps: Vec<u64>,
    optimizer: Optimizer,
    /// What the rates of Adam are multiplied by.
    factor: f64,
    /// What was seen on the way.
    pub trace: Vec<TracePoint>,
}

impl<T: Number> Climb<T> {
    /// Starts at a point of the coordinates.
    pub fn new(
        evaluator: Evaluator<T>,
        coordinates: Coordinates,
        p: Vec<f64>,
        draws: usize,
        seed: u64,
        start: usize,
    ) -> Self {
        let mut guide = coordinates.blank();
        guide.scales.collapse = evaluator.collapse();
        Climb {
            evaluator,
            good: vec![0.0; 3 * p.len()],
            good_moved: 0,
            first: vec![0.0; p.len()],
            second: vec![0.0; p.len()],
            moved: 0,
            gradient: guide.clone(),
            pulled: vec![0.0; p.len()],
            key: NoiseKey { seed, step: 0, draw: (start as u64) << 32, ..NoiseKey::default() },
            guide,
            relative: coordinates.relative_rates(),
            coordinates,
            p,
            draws,
            start,
            steps: 0,
            time: Duration::ZERO,
            clipped: 0,
            is_clamped: false,
            every: 25,
            seen: (0.0, 0),
            norms: Vec::with_capacity(NORMS),
            sorted: [0.0; NORMS],
            median: f64::INFINITY,
            backoff: 1.0,
            bad_steps: vec![],
            optimizer: Optimizer::Adam,
            factor: 1.0,
            trace: vec![],
        }
    }

    /// Steps by the settings' rule and at their rate; without one, a rule that has none of its own gets that of a few
    /// rates which climbs best in short trials from here.
    pub fn by(mut self, settings: &Settings) -> Self {
        self.optimizer = settings.optimizer;
        let rate = settings.learning_rate.or_else(|| self.best_rate(settings.optimizer.rates()));
        self.factor = rate.map_or(1.0, |rate| rate / RATE);
        self
    }

    /// A rate that Adam would have here, as that of this climb.
    pub fn rate(&self, of_adam: f64) -> f64 {
        of_adam * self.factor
    }

    /// The rate whose trial has the largest ELBO at its end; the smallest where none ends on a finite one.
    fn best_rate(&mut self, rates: &[f64]) -> Option<f64> {
        if rates.is_empty() {
            return None;
        }
        let here = self.record();
        let mut best: Option<(f64, f64)> = None;
        for rate in rates {
            self.every = TRIAL / 2;
            let mut seen = f64::NAN;
            for _ in 0..TRIAL {
                match self.step(*rate) {
                    Ok(elbo) => seen = elbo.unwrap_or(seen),
                    // What a trial began with says nothing for a rate that ends it.
                    Err(_) => {
                        seen = f64::NAN;
                        break;
                    }
                }
            }
            if seen.is_finite() && best.is_none_or(|(_, most)| seen > most) {
                best = Some((*rate, seen));
            }
            self.take_up(here.clone());
        }
        best.map(|(rate, _)| rate).or(rates.last().copied())
    }

    /// The guide at a point of the coordinates.
    pub fn guide_at(&self, p: &[f64]) -> Gaussian {
        let mut guide = self.coordinates.blank();
        self.coordinates.guide(p, &mut guide);
        guide.settle(&self.evaluator.collapse());
        guide
    }

    /// Goes up for some steps at one rate; returns the mean of the second half of the iterates.
    ///
    /// # Errors
    /// When three gradients within 100 steps are not finite, or the fit is to stop.
    pub(super) fn stage(&mut self, rate: f64, steps: u64, piece: &mut Piece) -> Result<Vec<f64>, Halt> {
        let mut mean = vec![0.0; self.p.len()];
        let first = steps / 2;
        self.every = (steps / 25).max(1);
        let mut begin = 0;
        if let Some((i, kept, climb)) = piece.begun::<(u64, Vec<f64>, ClimbRecord)>()
            && kept.len() == mean.len()
            && self.take_up(climb)
        {
            (begin, mean) = (i, kept);
        }
        for i in begin..steps {
            piece.pause(|| (i, mean.clone(), self.record()))?;
            self.step(rate)?;
            if i >= first {
                let weight = 1.0 / (i - first + 1) as f64;
                for (m, p) in mean.iter_mut().zip(&self.p) {
                    *m += weight * (p - *m);
                }
            }
        }
        Ok(mean)
    }

    /// The collapsed scales of its guide.
    pub(super) fn collapse(&self) -> Arc<Collapse> {
        self.evaluator.collapse()
    }

    /// What the journal keeps of it.
    pub(super) fn record(&self) -> ClimbRecord {
        ClimbRecord {
            coordinates: self.coordinates.clone(),
            p: self.p.clone(),
            first: self.first.clone(),
            second: self.second.clone(),
            moved: self.moved,
            steps: self.steps,
            seconds: self.time.as_secs_f64(),
            clipped: self.clipped,
            is_clamped: self.is_clamped,
            every: self.every,
            seen: self.seen,
            good: self.good.clone(),
            good_moved: self.good_moved,
            norms: self.norms.clone(),
            median: self.median,
            backoff: self.backoff,
            bad_steps: self.bad_steps.clone(),
            trace: self.trace.clone(),
        }
    }

    /// Goes back to where it was; a record of another climb changes nothing and gives false.
    pub(super) fn take_up(&mut self, record: ClimbRecord) -> bool {
        if !record.fits(&self.coordinates) || record.norms.len() > NORMS {
            return false;
        }
        self.relative = record.coordinates.relative_rates();
        self.coordinates = record.coordinates;
        (self.p, self.first, self.second) = (record.p, record.first, record.second);
        (self.moved, self.steps, self.clipped) = (record.moved, record.steps, record.clipped);
        self.time = Duration::try_from_secs_f64(record.seconds).unwrap_or_default();
        (self.is_clamped, self.every, self.seen) = (record.is_clamped, record.every, record.seen);
        (self.good, self.good_moved) = (record.good, record.good_moved);
        (self.norms, self.median) = (record.norms, record.median);
        (self.backoff, self.bad_steps, self.trace) = (record.backoff, record.bad_steps, record.trace);
        true
    }

    /// The coordinates it moves in.
    pub fn coordinates(&self) -> &Coordinates {
        &self.coordinates
    }

    /// Goes on from a point of other coordinates of the same guide; Adam begins anew.
    pub fn restart(&mut self, (coordinates, p): (Coordinates, Vec<f64>)) {
        (self.coordinates, self.p) = (coordinates, p);
        self.relative = self.coordinates.relative_rates();
        self.first.fill(0.0);
        self.second.fill(0.0);
        self.moved = 0;
        self.norms.clear();
        self.median = f64::INFINITY;
    }

    /// One step; the mean ELBO since the last point of the trace where it adds one.
    ///
    /// Where the loss or the gradient is not finite nothing moves: the state of the last finite gradient comes back
    /// and the rate is halved (`docs/inference.md`, section 6).
    ///
    /// # Errors
    /// When three gradients within 100 steps are not finite.
    #[inline(never)] // `benches/instructions.rs` counts its instructions by its name
    pub fn step(&mut self, rate: f64) -> Result<Option<f64>, Diverged> {
        let begun = Instant::now();
        self.key.step = self.steps;
        self.steps += 1;
        self.is_clamped |= self.coordinates.clamp(&mut self.p);
        self.coordinates.guide(&self.p, &mut self.guide);
        let elbo = self.evaluator.step(&self.guide, self.key, self.draws, &mut self.gradient);
        self.coordinates.pull(&self.p, &self.guide, &self.gradient, &mut self.pulled);
        let norm = reduce::dot_f64(&self.pulled, &self.pulled).sqrt();
        if elbo.is_finite() && norm.is_finite() {
            self.remember();
            self.clip(norm);
            self.moved += 1;
            let Climb { p, first, second, pulled, relative, optimizer, .. } = self;
            let rate = Rate::Each(relative, rate * self.backoff);
            optimizer.ascend(self.moved, rate, p, (first, second), pulled);
            self.seen = (self.seen.0 + elbo, self.seen.1 + 1);
        } else {
            self.step_back()?;
        }
        self.time += begun.elapsed();
        if self.seen.1 < self.every {
            return Ok(None);
        }
        let (sum, count) = std::mem::take(&mut self.seen);
        let (elbo, seconds) = (sum / count as f64, self.time.as_secs_f64());
        let (start, step, clipped) = (self.start, self.steps, self.clipped);
        self.trace.push(TracePoint { start, step, seconds, elbo, rate: rate * self.backoff, clipped });
        Ok(Some(elbo))
    }

    /// Keeps the state in which this gradient was found.
    fn remember(&mut self) {
        let n = self.p.len();
        self.good[..n].copy_from_slice(&self.p);
        self.good[n..2 * n].copy_from_slice(&self.first);
        self.good[2 * n..].copy_from_slice(&self.second);
        self.good_moved = self.moved;
    }

    /// Back to the last state with a finite gradient, at half the rate.
    fn step_back(&mut self) -> Result<(), Diverged> {
        self.backoff *= 0.5;
        self.bad_steps.push(self.steps);
        let recent = self.bad_steps.iter().filter(|s| **s + 100 > self.steps).count();
        if recent >= 3 {
            let bad = self.evaluator.find_bad_value();
            return Err(Diverged { step: self.steps, bad });
        }
        if self.moved > 0 {
            let n = self.p.len();
            self.p.copy_from_slice(&self.good[..n]);
            self.first.copy_from_slice(&self.good[n..2 * n]);
            self.second.copy_from_slice(&self.good[2 * n..]);
            self.moved = self.good_moved;
        }
        Ok(())
    }

    /// Shortens a gradient that is much longer than usual.
    fn clip(&mut self, norm: f64) {
        if norm > CLIP * self.median {
            let factor = CLIP * self.median / norm;
            self.pulled.iter_mut().for_each(|g| *g *= factor);
            self.clipped += 1;
        }
        let at = (self.steps as usize) % NORMS;
        if self.norms.len() < NORMS {
            self.norms.push(norm);
        } else {
            self.norms[at] = norm;
        }
        let known = self.norms.len();
        let is_due = if known < NORMS { known.is_multiple_of(10) } else { self.steps.is_multiple_of(50) };
        if is_due {
            let sorted = &mut self.sorted[..known];
            sorted.copy_from_slice(&self.norms);
            let (_, median, _) = sorted.select_nth_unstable_by(known / 2, f64::total_cmp);
            self.median = *median;
        }
    }
}
