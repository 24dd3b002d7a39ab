//! The iterates of one stage: a few of their numbers in full, all of them as sums over short stretches of steps.

use super::super::coordinates::{Coordinates, Part};
use super::rhat::{mean_error, moments, split_rhat};
use crate::kernels::noise;
use serde::{Deserialize, Serialize};

/// Numbers looked at; if there are more, this many chosen by key.
const WATCHED: usize = 512;
/// Steps summed together; windows begin at their ends.
const STRETCH: usize = 20;
/// Shortest window, in steps.
const SHORTEST: usize = 200;
/// Windows tried, and the share of the stage that the longest takes.
const WINDOWS: usize = 5;
const LONGEST: f64 = 0.95;
/// A window whose largest split-R̂ is below this shows no drift.
const SETTLED: f64 = 1.1;

/// What was seen of a stage.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct History {
    watched: Vec<(usize, Part)>,
    /// One chain per watched number.
    chains: Vec<Vec<f64>>,
    /// Σ of p over each full stretch, and over the one that is being filled.
    sums: Vec<Vec<f64>>,
    filling: Vec<f64>,
    steps: usize,
}

/// How well the mean of a window is known.
#[derive(Debug, Clone, Copy)]
pub struct Error {
    /// Largest standard error: of means in sds, of everything else as it is.
    pub mcse: f64,
    /// Smallest effective sample size.
    pub ess: f64,
}

impl History {
    /// Nothing seen yet. `seed` chooses what is watched where there is too much.
    pub fn new(coordinates: &Coordinates, seed: u64) -> History {
        let mut watched = coordinates.parts();
        if watched.len() > WATCHED {
            let mut order = vec![0u32; watched.len()];
            noise::permutation(&mut order, noise::key(seed, 0, u64::MAX - 1, 0));
            let mut chosen: Vec<usize> = order[..WATCHED].iter().map(|i| *i as usize).collect();
            chosen.sort_unstable();
            watched = chosen.into_iter().map(|i| watched[i]).collect();
        }
        History {
            chains: vec![vec![]; watched.len()],
            watched,
            sums: vec![],
            filling: vec![0.0; coordinates.numbers()],
            steps: 0,
        }
    }

    /// How many iterates there are.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Whether this is a history of such coordinates: read from a file, its lengths may be anything.
    pub fn fits(&self, coordinates: &Coordinates) -> bool {
        let n = coordinates.numbers();
        self.watched.iter().all(|(at, _)| *at < n)
            && self.watched.iter().all(|(_, part)| coordinates.has(*part))
            && self.chains.len() == self.watched.len()
            && self.chains.iter().all(|c| c.len() == self.steps)
            && self.filling.len() == n
            && self.sums.len() == self.steps / STRETCH
            && self.sums.iter().all(|s| s.len() == n)
    }

    /// Adds an iterate.
    pub fn push(&mut self, p: &[f64]) {
        for (chain, (at, _)) in self.chains.iter_mut().zip(&self.watched) {
            chain.push(p[*at]);
        }
        self.filling.iter_mut().zip(p).for_each(|(s, p)| *s += p);
        self.steps += 1;
        if self.steps.is_multiple_of(STRETCH) {
            let empty = vec![0.0; self.filling.len()];
            self.sums.push(std::mem::replace(&mut self.filling, empty));
        }
    }

    /// The first step of the window without drift: of five between 200 steps and 95 % of the stage that with the
    /// smallest of the largest split-R̂, if that is below 1.1. `wanted` is the error that the stage's mean may have.
    pub fn settled(&self, coordinates: &Coordinates, wanted: f64) -> Option<usize> {
        let longest = (LONGEST * self.steps as f64) as usize;
        if longest < SHORTEST {
            return None;
        }
        let windows = (0..WINDOWS).map(|w| {
            let length = SHORTEST + (longest - SHORTEST) * w / (WINDOWS - 1);
            (self.steps - length).div_ceil(STRETCH) * STRETCH
        });
        let worst = |from: usize| {
            let mean = self.mean(from);
            let moving = self.moving(from, coordinates, &mean, wanted);
            moving.map(|(chain, _)| split_rhat(chain)).fold(0.0, f64::max)
        };
        let (from, rhat) = windows.map(|from| (from, worst(from))).min_by(|a, b| a.1.total_cmp(&b.1))?;
        (rhat < SETTLED).then_some(from)
    }

    /// The mean of all numbers from a step on, which must be the first of a stretch, to the last full stretch.
    pub fn mean(&self, from: usize) -> Vec<f64> {
        self.mean_of(&self.sums[from / STRETCH..])
    }

    fn mean_of(&self, sums: &[Vec<f64>]) -> Vec<f64> {
        let mut mean = vec![0.0; self.filling.len()];
        for sum in sums {
            mean.iter_mut().zip(sum).for_each(|(m, s)| *m += s);
        }
        let count = (sums.len() * STRETCH).max(1) as f64;
        mean.iter_mut().for_each(|m| *m /= count);
        mean
    }

    /// The mean of the second half, for a stage that is cut off; of less than two stretches there is none.
    pub fn second_half(&self) -> Option<Vec<f64>> {
        (self.sums.len() >= 2).then(|| self.mean(self.sums.len() / 2 * STRETCH))
    }

    /// The means of the second quarter and of the second half: what lies between them is what a doubling of the steps
    /// has brought.
    pub fn doubling(&self) -> [Vec<f64>; 2] {
        let half = self.sums.len() / 2;
        [self.mean_of(&self.sums[half / 2..half]), self.mean_of(&self.sums[half..])]
    }

    /// The worst of all watched numbers from a step on.
    pub fn error(&self, from: usize, coordinates: &Coordinates, mean: &[f64], wanted: f64) -> Error {
        let mut worst = Error { mcse: 0.0, ess: f64::INFINITY };
        for (chain, unit) in self.moving(from, coordinates, mean, wanted) {
            let (ess, mcse) = mean_error(chain);
            worst.mcse = worst.mcse.max(mcse / unit);
            worst.ess = worst.ess.min(ess);
        }
        worst
    }

    /// The chains from a step on that may still matter, each with the unit that its error is measured by.
    ///
    /// An entry of L′ or a tie that moves by less than its error may be is known already: how its halves compare says
    /// nothing. There are D²/2 entries, so each may be off by √(10/D) of what a mean may be.
    fn moving<'a>(
        &'a self,
        from: usize,
        coordinates: &'a Coordinates,
        mean: &'a [f64],
        wanted: f64,
    ) -> impl Iterator<Item = (&'a [f64], f64)> {
        let share = coordinates.entry_share();
        self.chains.iter().zip(&self.watched).filter_map(move |(chain, (_, part))| {
            let chain = &chain[from..];
            let (unit, least) = match part {
                Part::Mean(i) => (coordinates.unit(mean, *i), 0.0),
                Part::Spread(_) => (1.0, 0.0),
                Part::Lower(i) => (coordinates.unit(mean, *i), wanted * share),
                Part::Tie => (1.0, wanted),
            };
            (least == 0.0 || moments(chain).1.sqrt() > least * unit).then_some((chain, unit))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_that_ended_is_left_out_of_the_mean() {
        let coordinates = Coordinates::plain(1, 1);
        let mut history = History::new(&coordinates, 0);
        let mut e = vec![0.0; 2_000];
        noise::normals(&mut e, noise::key(3, 0, 0, 0), 0);
        for (t, e) in e.iter().enumerate() {
            let drift = if t < 600 { 10.0 - t as f64 / 60.0 } else { 0.0 };
            history.push(&[drift + 0.1 * e, -1.0 + 0.1 * e]);
            if t == 700 {
                assert_eq!(history.settled(&coordinates, 0.1), None);
            }
        }
        let from = history.settled(&coordinates, 0.1).expect("1,400 steps do not drift");
        assert!(from >= 600 && from.is_multiple_of(STRETCH), "{from}");
        let mean = history.mean(from);
        assert!(mean[0].abs() < 0.02 && (mean[1] + 1.0).abs() < 0.02, "{mean:?}");
        let error = history.error(from, &coordinates, &mean, 0.1);
        // e^-1 is the sd that the error of the mean is measured by.
        let expected = 0.1 / ((2_000 - from) as f64).sqrt() / (-1f64).exp();
        assert!((error.mcse / expected - 1.0).abs() < 0.2 && error.ess > 100.0, "{error:?}");
    }
}
