//! The log joint on all training rows under draws of a guide, in lanes that run side by side.

use super::error::CannotRun;
use super::evaluate::{NOISE_SEED, OF_ELBO};
use super::mixture::Mixture;
use super::objective::{shard_rows, shards, within_room};
use super::problem::{Number, Problem};
use crate::engine::{Executor, Lane, NoiseKey, Shard, Team};
use crate::passes::optimise;
use crate::plan::{Program, plan};
use crate::tape::Tape;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The log joint on all training rows, in lanes that run side by side.
///
/// With few shards a lane takes some of the draws and all rows, with many some of the rows of every draw. Either way
/// a draw's terms are added in the same order whatever the number of threads.
pub(super) struct Lanes<T> {
    shards: Vec<Shard<T>>,
    observations: Vec<String>,
    side_by_side: SideBySide<T>,
}

/// What the lanes share out.
enum SideBySide<T> {
    /// Draws: each lane has global values of its own, and per draw log p(y|u) + log p(u) − log q(u).
    Draws(Team<(Executor<T>, Vec<f64>)>),
    /// Rows: the global values of a draw are computed once; a lane has the log likelihood of its rows.
    Rows(Box<RwLock<Executor<T>>>, Team<(Lane<T>, f64)>),
}

/// More than any thread count here, so that the order of sums never changes.
const LANES: usize = 16;

/// A lane's share of n things.
fn part(n: usize, lane: usize) -> Range<usize> {
    n * lane / LANES..n * (lane + 1) / LANES
}

/// The program; how many executors, further lanes and shards it is run with; what its rows' log densities are called.
pub(super) type Planned = (Program, (usize, usize, usize), Vec<String>);

pub(super) fn planned<T: Number>(problem: &Problem<'_>) -> Result<Planned, CannotRun> {
    let observations: Vec<String> =
        problem.model.observations.iter().map(|o| format!("log_lik:{}", o.name)).collect();
    let mut tape: Tape = problem.joint.tape.clone();
    tape.outputs.retain(|(name, _)| name == "log_prior" || observations.contains(name));
    let tape = optimise(&tape, &mut |_, _, _| {});
    let rows = problem.train.len();
    let program = plan(&tape, shard_rows(&tape, size_of::<T>(), rows))?;
    let count = rows.div_ceil(program.capacity);
    let (executors, further_lanes) = if count < LANES { (LANES, 0) } else { (1, LANES) };
    Ok((program, (executors, further_lanes, count), observations))
}

impl<T: Number> Lanes<T> {
    pub(super) fn new(problem: &Problem<'_>) -> Result<Self, CannotRun> {
        let (program, parts, observations) = planned::<T>(problem)?;
        within_room::<T>(problem, &program, parts)?;
        let program = Arc::new(program);
        let shards = shards(&program, &problem.rows, problem.train, 1.0);
        let executor = || Executor::new(program.clone());
        let side_by_side = if shards.len() < LANES {
            SideBySide::Draws(Team::new((0..LANES).map(|_| (executor(), vec![])).collect(), problem.threads))
        } else {
            let leader = executor();
            let lanes = (0..LANES).map(|_| (leader.further_lane(), 0.0)).collect();
            SideBySide::Rows(Box::new(RwLock::new(leader)), Team::new(lanes, problem.threads))
        };
        Ok(Lanes { shards, observations, side_by_side })
    }

    /// log p(y,u) − log q(u) per draw of the noise, averaged over components; `first` is the number of the first one.
    pub(super) fn values(
        &self,
        guide: &Mixture,
        first: usize,
        draws: usize,
        noise: &(dyn Fn(usize, &mut [f64]) + Sync),
        done: &mut dyn FnMut(usize),
    ) -> Vec<f64> {
        let mut total = vec![0.0; draws];
        let parts = guide.shares.len();
        for (k, share) in guide.shares.iter().enumerate() {
            let values =
                self.values_of(guide, k, (first, draws), noise, &mut |d| done((k * draws + d) / parts));
            total.iter_mut().zip(values).for_each(|(t, v)| *t += share * v);
        }
        done(draws);
        total
    }

    /// log p(y,u) − log q(u) of draws of one component.
    pub(super) fn values_of(
        &self,
        guide: &Mixture,
        k: usize,
        (first, draws): (usize, usize),
        noise: &(dyn Fn(usize, &mut [f64]) + Sync),
        done: &mut dyn FnMut(usize),
    ) -> Vec<f64> {
        let key = |d: usize| {
            let draw = (first + d) as u64;
            NoiseKey { seed: NOISE_SEED, step: OF_ELBO, draw, ..NoiseKey::default() }
        };
        match &self.side_by_side {
            SideBySide::Draws(team) => {
                let work = |i: usize, (executor, values): &mut (Executor<T>, Vec<f64>)| {
                    values.clear();
                    let mut drawn = Drawn::new(guide, k);
                    for d in part(draws, i) {
                        let density = drawn.begin(executor, key(d), &mut |e| noise(d, e));
                        let likelihood = |shard: &Shard<T>| {
                            executor.rows(shard, key(d));
                            self.log_likelihood(shard, |name| executor.output_of_rows(name, shard))
                        };
                        values.push(self.shards.iter().map(likelihood).sum::<f64>() + density);
                    }
                };
                team.run(work, |lead| lead.round());
                (0..LANES).flat_map(|i| team.job(i).1.clone()).collect()
            }
            SideBySide::Rows(leader, team) => {
                let at = AtomicUsize::new(0);
                let work = |i: usize, (lane, sum): &mut (Lane<T>, f64)| {
                    let leader = leader.read().unwrap_or_else(PoisonError::into_inner);
                    let key = key(at.load(Ordering::Relaxed));
                    lane.begin();
                    let likelihood = |shard: &Shard<T>| {
                        lane.rows(&leader, shard, key);
                        self.log_likelihood(shard, |name| lane.output_of_rows(&leader, name, shard))
                    };
                    *sum = self.shards[part(self.shards.len(), i)].iter().map(likelihood).sum();
                };
                team.run(work, |lead| {
                    let mut drawn = Drawn::new(guide, k);
                    let each = |d: usize| {
                        at.store(d, Ordering::Relaxed);
                        let mut leader = leader.write().unwrap_or_else(PoisonError::into_inner);
                        let density = drawn.begin(&mut leader, key(d), &mut |e| noise(d, e));
                        drop(leader);
                        lead.round();
                        done(d + 1);
                        (1..LANES).fold(team.job(0).1 + density, |total, i| total + team.job(i).1)
                    };
                    (0..draws).map(each).collect()
                })
            }
        }
    }

    /// Σ over a shard's rows of the log densities of all targets, in f64.
    fn log_likelihood<'s>(&self, shard: &Shard<T>, output: impl Fn(&str) -> Option<&'s [T]>) -> f64
    where
        T: 's,
    {
        let of = |name: &String| {
            let rows = output(name).unwrap_or(&[]);
            rows.iter().take(shard.rows()).map(|x| x.to_f64()).sum::<f64>()
        };
        self.observations.iter().map(of).sum()
    }
}

/// Memory for the draws of one component.
struct Drawn<'g, T> {
    guide: &'g Mixture,
    k: usize,
    e: Vec<f64>,
    u: Vec<f64>,
    numbers: Vec<T>,
}

impl<T: Number> Drawn<'_, T> {
    fn new(guide: &Mixture, k: usize) -> Drawn<'_, T> {
        let (noise, dim) = (guide.parts[k].noise(), guide.parts[k].mu.len());
        Drawn { guide, k, e: vec![0.0; noise], u: vec![0.0; dim], numbers: vec![T::ZERO; dim] }
    }

    /// Begins a draw; log p(u) − log q(u) of it.
    fn begin(&mut self, executor: &mut Executor<T>, key: NoiseKey, noise: &mut dyn FnMut(&mut [f64])) -> f64 {
        noise(&mut self.e);
        self.guide.parts[self.k].draw(&self.e, &mut self.u);
        self.numbers.iter_mut().zip(&self.u).for_each(|(n, x)| *n = T::from_f64(*x));
        executor.set_input(crate::lower::LATENTS, &self.numbers);
        executor.begin(key);
        let prior = executor.output("log_prior").map_or(0.0, |x| x[0].to_f64());
        prior - self.guide.log_density(self.k, &self.e, &self.u)
    }
}
