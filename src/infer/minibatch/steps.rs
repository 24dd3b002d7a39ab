//! The steps of one start: a round of the lanes, then what goes over all numbers, again and again.

use super::super::Outcome;
use super::super::climb::{Diverged, TracePoint};
use super::super::dilation::Dilation;
use super::super::draws::variable;
use super::super::error::FitError;
use super::super::journal::Piece;
use super::super::messages;
use super::super::numbers::Numbers;
use super::super::problem::{Number, Problem};
use super::super::progress::Progress;
use super::super::recipe::{CONSTANT, RATE, Recipe, schedule};
use super::super::record::BatchRecord;
use super::{LANES, seed_of};
use crate::engine::{Executor, Lane, Lead, NoiseKey, PART, Shard, Team};
use crate::guide::collapse::{Collapse, within};
use crate::kernels::adam::Rate;
use crate::kernels::{elementwise, noise, reduce};
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Instant;

/// Rate of the log of all weights under a collapsed scale together, from the time on when the rates fall.
const DILATION_RATE: f64 = 0.05;

/// What every job reads in a step.
pub(super) struct State<T> {
    /// Begins the draw that all lanes share, where they do.
    pub(super) leader: Option<Executor<T>>,
    /// While a step's gradient is found.
    pub(super) p: Vec<T>,
    pub(super) precision: Vec<T>,
    pub(super) batch: Vec<u32>,
    pub(super) key: NoiseKey,
    /// λ of (3a) in this step.
    pub(super) kl_weight: f64,
}

/// What a thread does in a step.
pub(super) enum Job<T> {
    /// Shards by the draw of the leader.
    Lane(Lane<T>, Shard<T>),
    /// Shards, each by a draw of its own.
    Draws(Executor<T>, Shard<T>, Sum<T>),
    /// The exact terms.
    Exact(Executor<T>, Sum<T>),
}

/// A part of the ELBO and of its gradient.
pub(super) struct Sum<T> {
    pub(super) g: Vec<T>,
    pub(super) value: f64,
}

impl<T: Number> Sum<T> {
    pub(super) fn new(numbers: &Numbers) -> Self {
        Sum { g: vec![T::ZERO; numbers.len()], value: 0.0 }
    }

    /// Of no numbers: where all threads find a part together.
    pub(super) fn none() -> Self {
        Sum { g: vec![], value: 0.0 }
    }

    fn clear(&mut self) {
        self.g.fill(T::ZERO);
        self.value = 0.0;
    }

    /// Adds the gradient to a part of that of the step, from a number on.
    fn add(&self, from: usize, g: &mut [T]) {
        elementwise::accumulate(&self.g[from..from + g.len()], g);
    }
}

pub(super) fn read<T>(state: &RwLock<State<T>>) -> std::sync::RwLockReadGuard<'_, State<T>> {
    state.read().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn write<T>(state: &RwLock<State<T>>) -> std::sync::RwLockWriteGuard<'_, State<T>> {
    state.write().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// How a step is done.
pub(super) struct Step<'p> {
    pub(super) problem: &'p Problem<'p>,
    pub(super) numbers: &'p Numbers,
    pub(super) batch: usize,
    pub(super) capacity: usize,
    pub(super) shared: Option<usize>,
    pub(super) is_exact_shared: bool,
    pub(super) path: String,
    pub(super) lanes: usize,
    /// Draws of each shard that come with their mirror image; 0: one draw without.
    pub(super) pairs: usize,
    pub(super) collapse: Arc<Collapse>,
}

impl Step<'_> {
    /// A job's part of a round.
    pub(super) fn work<T: Number>(&self, i: usize, job: &mut Job<T>, state: &State<T>) {
        let rows = state.batch.len();
        // All terms count λ and rows 1/λ of that (3a); a program knows nothing of it.
        let lambda = state.kl_weight;
        let total = self.problem.train.len() as f64 / lambda;
        let shards = rows.div_ceil(self.capacity);
        let mine = shards * i / self.lanes..shards * (i + 1) / self.lanes;
        let ids = |s: usize| &state.batch[s * self.capacity..rows.min((s + 1) * self.capacity)];
        match job {
            // The exact terms are needed once a step.
            Job::Exact(executor, sum) if state.key.draw == 0 && !self.is_exact_shared => {
                self.numbers.give(executor, &state.p, &state.precision);
                sum.clear();
                executor.begin(state.key);
                executor.end(state.key);
                sum.value = self.numbers.collect(executor, lambda, &mut sum.g)
                    + self.numbers.entropy(&state.p, lambda, &mut sum.g);
            }
            Job::Exact(..) => {}
            Job::Lane(lane, shard) => {
                let Some(leader) = &state.leader else { return };
                lane.begin();
                for s in mine {
                    let weight = T::from_f64(total / rows as f64);
                    shard.fill(leader.program(), &self.problem.rows, ids(s), weight);
                    lane.rows(leader, shard, state.key);
                }
            }
            Job::Draws(executor, shard, sum) => {
                self.numbers.give(executor, &state.p, &state.precision);
                sum.clear();
                for s in mine {
                    // Draws of its own: each shard is an estimate of the whole, weighted by its share of the batch.
                    let ids = ids(s);
                    let weight = T::from_f64(total / ids.len() as f64);
                    shard.fill(executor.program(), &self.problem.rows, ids, weight);
                    let runs = (2 * self.pairs).max(1);
                    let share = lambda * ids.len() as f64 / (rows * runs) as f64;
                    for run in 0..runs {
                        let draw = (s * self.pairs.max(1) + run / 2) as u64;
                        let key = NoiseKey { draw, is_mirrored: run % 2 == 1, ..state.key };
                        executor.begin(key);
                        executor.rows(shard, key);
                        executor.end(key);
                        sum.value += self.numbers.collect(executor, share, &mut sum.g);
                    }
                }
            }
        }
    }

    /// All steps.
    #[inline(never)] // `benches/instructions.rs` counts its instructions by its name
    pub(super) fn climb<T: Number>(
        &self,
        (recipe, mut p): (&Recipe<T>, Vec<T>),
        team: &Team<Job<T>>,
        state: &RwLock<State<T>>,
        lead: &mut Lead<'_>,
        piece: &mut Piece,
        progress: &mut dyn Progress,
    ) -> Result<Outcome, FitError> {
        let Recipe { start, steps, held, rates, .. } = recipe;
        let (start, steps, held) = (*start, *steps, *held);
        let (dim, spreads) = (self.numbers.dim(), self.numbers.spreads());
        let rows = self.problem.train.len();
        let per_epoch = rows.div_ceil(self.batch) as u64;
        let averaged_from = steps - ((recipe.averaged * steps as f64).round() as u64).clamp(1, steps);
        let mut order: Vec<u32> = vec![0; rows];
        let optimizer = self.problem.settings.optimizer;
        let (mut first, mut second) = (vec![T::ZERO; p.len()], vec![T::ZERO; p.len()]);
        let mut moved = 0;
        let mut g: Vec<T> = vec![T::ZERO; p.len()];
        let mut mean: Vec<f64> = vec![0.0; p.len()];
        let mut trace = vec![];
        let (mut backoff, mut bad_steps) = (1.0, Vec::<u64>::new());
        let every = (steps / 500).max(1);
        let (mut sum, mut count) = (0.0, 0u32);
        let mut sigma = vec![T::ZERO; spreads.len()];
        let mut terms = vec![0.0; self.collapse.terms().count()];
        let mut integrals;
        let mut dilation = Dilation::new(&self.collapse);
        let (mut begin, mut earlier) = (0, 0.0);
        let kept = piece.begun::<BatchRecord<'_, T>>();
        if let Some(kept) = kept.filter(|k| k.step < steps && k.fits(p.len(), self.collapse.scales.len())) {
            (begin, moved, earlier) = (kept.step, kept.moved, kept.seconds);
            (p, first, second) = (kept.p.into_owned(), kept.first.into_owned(), kept.second.into_owned());
            (mean, trace) = (kept.mean.into_owned(), kept.trace.into_owned());
            (backoff, bad_steps, (sum, count)) = (kept.backoff, kept.bad_steps.into_owned(), kept.seen);
            dilation.take_up(kept.dilation);
        }
        let begun = Instant::now();
        for step in begin..steps {
            piece.pause(|| BatchRecord {
                step,
                p: Cow::Borrowed(&p),
                first: Cow::Borrowed(&first),
                second: Cow::Borrowed(&second),
                moved,
                mean: Cow::Borrowed(&mean),
                trace: Cow::Borrowed(&trace),
                backoff,
                bad_steps: Cow::Borrowed(&bad_steps),
                seen: (sum, count),
                dilation: dilation.state(),
                seconds: earlier + begun.elapsed().as_secs_f64(),
            })?;
            if step == begin || step % per_epoch == 0 {
                let key = noise::key(seed_of(self.problem, start), step / per_epoch, variable::ORDER, 0);
                noise::permutation(&mut order, key);
            }
            let is_held = step < held;
            {
                let mut s = write(state);
                let State { p: shown, precision, batch, key, kl_weight, .. } = &mut *s;
                integrals = self.precisions(lead, &p, is_held, (&mut sigma, &mut terms), precision);
                std::mem::swap(shown, &mut p);
                let at = (step % per_epoch) as usize * self.batch;
                batch.clear();
                let ids = &order[at..rows.min(at + self.batch)];
                batch.extend(ids.iter().map(|i| self.problem.train[*i as usize]));
                key.step = step;
                key.draw = 0;
                *kl_weight = self.kl_weight(step);
            }
            let (value, is_finite) = self.gradient(team, state, lead, &mut g, is_held);
            let value = self.kl_weight(step) * integrals + value;
            std::mem::swap(&mut write(state).p, &mut p);
            if is_finite && value.is_finite() {
                let rate = schedule(step, steps) * backoff;
                moved += 1;
                // Before the rates fall, weights that do not yet carry anything would be driven to zero for good.
                let is_late = step as f64 >= CONSTANT * steps as f64;
                if is_late {
                    dilation.read_by(lead, &p, &g, dim);
                    dilation.step(DILATION_RATE * (recipe.rate / RATE) * rate);
                }
                let moments = first.chunks_mut(PART).zip(second.chunks_mut(PART));
                let slopes = g.chunks(PART).zip(rates.chunks(PART));
                let parts = p.chunks_mut(PART).zip(moments).zip(slopes).enumerate();
                lead.share(g.len(), parts, |(i, ((p, moments), (g, rates)))| {
                    let from = i * PART;
                    optimizer.ascend(moved, Rate::Each(rates, T::from_f64(rate)), p, moments, g);
                    if is_late {
                        dilation.apply(from, p, dim);
                    }
                    for omega in within(from, p, spreads.clone()) {
                        *omega = omega.at_least(T::from_f64(-20.0)).at_most(T::from_f64(20.0));
                    }
                });
                (sum, count) = (sum + value, count + 1);
            } else {
                backoff *= 0.5;
                bad_steps.push(step);
                if bad_steps.iter().filter(|s| **s + 100 > step).count() >= 3 {
                    write(state).p = p;
                    return Err(self.diverged(step, team, state));
                }
            }
            if step >= averaged_from {
                let weight = 1.0 / (step - averaged_from + 1) as f64;
                lead.share(p.len(), mean.chunks_mut(PART).zip(p.chunks(PART)), |(mean, p)| {
                    mean.iter_mut().zip(p).for_each(|(m, x)| *m += weight * (x.to_f64() - *m));
                });
            }
            if (step + 1) % every == 0 || step + 1 == steps {
                let elbo = sum / f64::from(count.max(1));
                let seconds = earlier + begun.elapsed().as_secs_f64();
                let rate = recipe.rate * schedule(step, steps) * backoff;
                trace.push(TracePoint { start, step: step + 1, seconds, elbo, rate, clipped: 0 });
                progress.advance(step + 1, Some(elbo));
                (sum, count) = (0.0, 0);
            }
        }
        let loop_seconds = earlier + begun.elapsed().as_secs_f64();
        progress.end();
        // The guide takes as much again as all these.
        drop((p, first, second, g, sigma));
        let mut guide = self.numbers.guide(&mean);
        drop(mean);
        guide.settle(&self.collapse);
        Ok(Outcome { guide, steps, loop_seconds, trace, path: self.path.clone(), ..Outcome::empty() })
    }

    /// λ of (3a) in a step: that of the settings, from a share of it over the steps of `warmup`.
    fn kl_weight(&self, step: u64) -> f64 {
        let settings = self.problem.settings;
        let come = (step + 1) as f64 / settings.warmup.max(1) as f64;
        settings.kl_weight * come.min(1.0)
    }

    /// Precisions of weights under collapsed scales (12): of scale 1 while sds are held, then by the optimal q.
    fn precisions<T: Number>(
        &self,
        lead: &mut Lead<'_>,
        p: &[T],
        is_held: bool,
        (sigma, terms): (&mut [T], &mut [f64]),
        out: &mut [T],
    ) -> f64 {
        let collapse = &self.collapse;
        if collapse.is_empty() {
            return 0.0;
        }
        let (precisions, value) = if is_held {
            (vec![1.0; collapse.scales.len()], 0.0)
        } else {
            self.numbers.sds_by(lead, p, sigma);
            let (mu, sigma) = (&p[..self.numbers.dim()], &*sigma);
            lead.share(p.len(), collapse.terms().zip(&mut *terms), |(of, term)| {
                *term = collapse.term(of, mu, sigma);
            });
            collapse.precisions(terms)
        };
        lead.share(out.len(), out.chunks_mut(PART).enumerate(), |(i, out)| {
            collapse.spread(&precisions, i * PART, out);
        });
        value
    }

    /// One step's gradient into g (means, then log sds); the value of the estimate, and whether all of g is finite.
    fn gradient<T: Number>(
        &self,
        team: &Team<Job<T>>,
        state: &RwLock<State<T>>,
        lead: &mut Lead<'_>,
        g: &mut [T],
        is_held: bool,
    ) -> (f64, bool) {
        // What all threads find together is where the sum begins.
        let mut begun = 0.0;
        match (self.is_exact_shared, self.shared) {
            (true, _) => begun = self.find_exact(team, &read(state), lead, (&mut *g, is_held)),
            // The first draw is where it begins.
            (false, Some(_)) => {}
            (false, None) => lead.share(g.len(), g.chunks_mut(PART), |g| g.fill(T::ZERO)),
        }
        let mut value = 0.0;
        for draw in 0..self.shared.unwrap_or(1) {
            {
                let mut state = write(state);
                let State { leader, p, precision, key, .. } = &mut *state;
                key.draw = draw as u64;
                if let Some(leader) = leader {
                    self.numbers.give_by(lead, leader, p, precision);
                    leader.begin_by(lead, *key);
                }
            }
            lead.round();
            let mut state = write(state);
            let State { leader, p, key, kl_weight, .. } = &mut *state;
            let jobs: [_; LANES] = std::array::from_fn(|lane| (lane < self.lanes).then(|| team.job(lane)));
            let jobs = jobs.iter().flatten();
            if let (Some(leader), Some(draws)) = (leader, self.shared) {
                let lanes = jobs.filter_map(|job| match &**job {
                    Job::Lane(lane, _) => Some(lane),
                    Job::Draws(..) | Job::Exact(..) => None,
                });
                leader.add_sums_by(lead, lanes);
                leader.end_by(lead, *key);
                let share = *kl_weight / draws as f64;
                if draw > 0 {
                    value += self.numbers.collect_by(lead, leader, share, g);
                    continue;
                }
                value += Numbers::value(leader, share);
                let job = team.job(self.lanes);
                let exact = match &*job {
                    // It does not count while sds are held.
                    Job::Exact(exact, _) if self.is_exact_shared && !is_held => Some((exact, *kl_weight)),
                    Job::Exact(..) | Job::Lane(..) | Job::Draws(..) => None,
                };
                match exact {
                    Some(exact) => {
                        self.numbers.put_by(lead, exact, Some((leader, share)), g);
                        begun += self.numbers.entropy(p, *kl_weight, g);
                    }
                    None => self.numbers.put_by(lead, (leader, share), None, g),
                }
                continue;
            }
            let sums = jobs.filter_map(|job| match &**job {
                Job::Draws(_, _, sum) => Some(sum),
                Job::Lane(..) | Job::Exact(..) => None,
            });
            value += sums.clone().map(|sum| sum.value).sum::<f64>();
            lead.share(g.len(), g.chunks_mut(PART).enumerate(), |(i, g)| {
                sums.clone().for_each(|sum| sum.add(i * PART, g));
            });
        }
        let (exact, is_finite) = self.add_exact(team, lead, g, is_held);
        (value + (begun + exact), is_finite)
    }

    /// The exact terms, shared out; where no draw is for all lanes, g is set to their gradient, which does not count while
    /// sds are held. (Else it is set with that of the first draw, where directions' entropy comes too: they exist only
    /// where sds are not held.)
    fn find_exact<T: Number>(
        &self,
        team: &Team<Job<T>>,
        state: &State<T>,
        lead: &mut Lead<'_>,
        (g, is_held): (&mut [T], bool),
    ) -> f64 {
        let State { p, precision, key, kl_weight, .. } = state;
        let mut job = team.job(self.lanes);
        let Job::Exact(executor, _) = &mut *job else {
            unreachable!("the last job is that of the exact terms")
        };
        self.numbers.give_by(lead, executor, p, precision);
        executor.begin_by(lead, *key);
        executor.end_by(lead, *key);
        let mut value = Numbers::value(executor, *kl_weight);
        if self.shared.is_none() {
            self.numbers.put_by(lead, (executor, *kl_weight), None, g);
            value += self.numbers.entropy(p, *kl_weight, g);
            if is_held {
                lead.share(g.len(), g.chunks_mut(PART), |g| g.fill(T::ZERO));
            }
        }
        value
    }

    /// The exact terms of a job of their own, where one has found them: value always, gradient only when the KL is on;
    /// held log sds do not move. And whether all numbers of the sum are finite.
    fn add_exact<T: Number>(
        &self,
        team: &Team<Job<T>>,
        lead: &mut Lead<'_>,
        g: &mut [T],
        is_held: bool,
    ) -> (f64, bool) {
        let job = team.job(self.lanes);
        let Job::Exact(_, sum) = &*job else { return (0.0, true) };
        let is_finite = AtomicBool::new(true);
        lead.share(g.len(), g.chunks_mut(PART).enumerate(), |(i, g)| {
            match is_held {
                true => within(i * PART, g, self.numbers.spreads()).fill(T::ZERO),
                false if self.is_exact_shared => {}
                false => sum.add(i * PART, g),
            }
            // The sum of finite numbers may overflow, so only a finite one answers for all.
            if !reduce::sum_all(g).is_finite() && !g.iter().all(|x| x.is_finite()) {
                is_finite.store(false, Ordering::Relaxed);
            }
        });
        (sum.value, is_finite.into_inner())
    }

    fn diverged<T: Number>(&self, step: u64, team: &Team<Job<T>>, state: &RwLock<State<T>>) -> FitError {
        let mut state = write(state);
        let State { leader, p, precision, key, .. } = &mut *state;
        let mut bad = None;
        for lane in 0..self.lanes {
            let mut job = team.job(lane);
            let (executor, shard) = match (&mut *job, &mut *leader) {
                (Job::Lane(_, shard), Some(leader)) => (leader, shard),
                (Job::Draws(executor, shard, _), _) => (executor, shard),
                _ => continue,
            };
            self.numbers.give(executor, p, precision);
            bad = executor.find_bad_value(&[shard], *key);
            if bad.is_some() {
                break;
            }
        }
        FitError::Diverged(messages::not_finite(&Diverged { step, bad }))
    }
}
