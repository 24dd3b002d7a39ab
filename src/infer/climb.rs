//! Adam on the ELBO of all rows, in given coordinates: the inner loop of the full-batch paths.

use super::coordinates::Coordinates;
use super::draws::Evaluator;
use super::posterior::Gaussian;
use super::problem::Number;
use crate::engine::{BadValue, NoiseKey};
use crate::kernels::adam::{Adam, Rate, adam};
use std::time::{Duration, Instant};

/// Norms remembered for the running median.
const NORMS: usize = 101;
/// A gradient longer than this many medians is shortened to it.
const CLIP: f64 = 10.0;

/// One point of the training trace.
#[derive(Debug, Clone, Copy, PartialEq)]
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
}

/// Too many values that are not finite.
#[derive(Debug, Clone)]
pub struct Diverged {
    /// The step of the last one.
    pub step: u64,
    /// The first bad instruction, if running it again shows it.
    pub bad: Option<BadValue>,
}

/// One start on its way up.
pub struct Climb<T> {
    evaluator: Evaluator<T>,
    coordinates: Coordinates,
    /// Where it is.
    pub p: Vec<f64>,
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
    norms: Vec<f64>,
    sorted: [f64; NORMS],
    median: f64,
    backoff: f64,
    bad_steps: Vec<u64>,
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
            first: vec![0.0; p.len()],
            second: vec![0.0; p.len()],
            moved: 0,
            gradient: guide.clone(),
            pulled: vec![0.0; p.len()],
            key: NoiseKey { seed, step: 0, draw: (start as u64) << 32 },
            guide,
            coordinates,
            p,
            draws,
            start,
            steps: 0,
            time: Duration::ZERO,
            clipped: 0,
            norms: Vec::with_capacity(NORMS),
            sorted: [0.0; NORMS],
            median: f64::INFINITY,
            backoff: 1.0,
            bad_steps: vec![],
            trace: vec![],
        }
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
    /// When three gradients within 100 steps are not finite.
    pub fn stage(&mut self, rate: f64, steps: u64, tick: &mut dyn FnMut(f64)) -> Result<Vec<f64>, Diverged> {
        let begun = Instant::now();
        let before = self.time;
        let mut mean = vec![0.0; self.p.len()];
        let first = steps / 2;
        let every = (steps / 25).max(1);
        let (mut sum, mut count) = (0.0, 0);
        for i in 0..steps {
            let elbo = self.step(rate)?;
            sum += elbo;
            count += 1;
            if i >= first {
                let weight = 1.0 / (i - first + 1) as f64;
                for (m, p) in mean.iter_mut().zip(&self.p) {
                    *m += weight * (p - *m);
                }
            }
            if (i + 1) % every == 0 {
                let seconds = (before + begun.elapsed()).as_secs_f64();
                let elbo = sum / f64::from(count);
                let (start, step) = (self.start, self.steps);
                self.trace.push(TracePoint { start, step, seconds, elbo, rate: rate * self.backoff });
                tick(elbo);
                (sum, count) = (0.0, 0);
            }
        }
        self.time = before + begun.elapsed();
        Ok(mean)
    }

    /// One step; a gradient that is not finite moves nothing and halves the rate.
    fn step(&mut self, rate: f64) -> Result<f64, Diverged> {
        self.key.step = self.steps;
        self.steps += 1;
        self.coordinates.guide(&self.p, &mut self.guide);
        for omega in &mut self.guide.omega {
            *omega = omega.clamp(-20.0, 20.0);
        }
        let elbo = self.evaluator.step(&self.guide, self.key, self.draws, &mut self.gradient);
        self.coordinates.pull(&self.p, &self.guide, &self.gradient, &mut self.pulled);
        let norm = self.pulled.iter().map(|g| g * g).sum::<f64>().sqrt();
        if !elbo.is_finite() || !norm.is_finite() {
            self.backoff *= 0.5;
            self.bad_steps.push(self.steps);
            let recent = self.bad_steps.iter().filter(|s| **s + 100 > self.steps).count();
            if recent >= 3 {
                let bad = self.evaluator.find_bad_value();
                return Err(Diverged { step: self.steps, bad });
            }
            return Ok(elbo);
        }
        self.clip(norm);
        self.moved += 1;
        let rate = Rate::Same(rate * self.backoff);
        let Climb { p, first, second, pulled, .. } = self;
        adam(&Adam::default(), self.moved, rate, p, first, second, pulled);
        Ok(elbo)
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
        if self.steps.is_multiple_of(50) && self.norms.len() == NORMS {
            self.sorted.copy_from_slice(&self.norms);
            let (_, median, _) = self.sorted.select_nth_unstable_by(NORMS / 2, f64::total_cmp);
            self.median = *median;
        }
    }
}
