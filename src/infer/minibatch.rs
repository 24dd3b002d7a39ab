//! Steps on minibatches (`docs/inference.md`, section 5, third column); where they begin and how fast they go is in
//! `recipe.rs`.
//!
//! A step's rows are cut into shards, shards into lanes; a lane sums its shards in order, and lanes are summed in
//! order, so the bits do not depend on the number of threads. By default each shard has a draw of the weights of its
//! own: an unbiased estimator whose noise falls with the number of shards. Terms of the ELBO that depend on no draw
//! are computed once a step, beside the lanes.
//!
//! What goes over all numbers once (the programs' global values, sums of lanes, the optimiser) is shared out by ranges of
//! numbers between the rounds of the lanes, where there are many: every number has the same arithmetic in any range.

mod steps;

use super::draws;
use super::error::FitError;
use super::evaluate::elbo;
use super::mixture::Mixture;
use super::numbers::Numbers;
use super::objective::{has_room, held_by, held_by_threads, shard_rows, with_gradient};
use super::problem::{Number, Problem};
use super::progress::Progress;
use super::recipe::{Recipe, batch_rows};
use super::record::OutcomeRecord;
use super::settings::{Draws, Mix, Precision};
use super::{Outcome, Path, guide_settings, joined, messages, mix};
use crate::engine::{Executor, NoiseKey, Shard, Team};
use crate::guide::collapse::Collapse;
use crate::guide::{GuideSettings, Guided, guide};
use crate::plan::{Program, plan};
use crate::rewrites::{Note, Rewrite};
use crate::tape::Tape;
use std::sync::{Arc, RwLock};
use steps::{Job, State, Step, Sum, read};

/// Rows that share a draw of the weights.
pub const ROWS_PER_DRAW: usize = 16;
/// The program of a step that computes from draws, in words.
pub const DRAWN: &str = "steps";
/// The program of a step that needs no draw.
pub const EXACT: &str = "exact terms of the steps";
/// Fewest pairs of draws in a step of a model without a net.
const PAIRS: usize = 32;
/// Lanes where each shard has its own draw, and where one draw is shared.
const LANES: usize = 8;
const SHARED_LANES: usize = 4;
/// From so many numbers on the exact terms are shared out by ranges; those of fewer are one thread's job beside the lanes.
const MANY: usize = 1 << 17;

/// Fits on minibatches.
pub fn minibatch(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    match problem.settings.precision {
        Precision::F64 => minibatch_in::<f64>(problem, progress),
        _ => minibatch_in::<f32>(problem, progress),
    }
}

fn minibatch_in<T: Number>(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let trainer = Trainer::new::<T>(problem, Path::Minibatch)?;
    from_starts::<T>(problem, Path::Minibatch, progress, &mut |start, what, progress| {
        trainer.run(Recipe::<T>::narrow(problem, start), what, progress)
    })
}

/// Fits from every start; a mixture has equal shares, because that of the largest ELBO takes too many draws of all rows.
fn from_starts<T: Number>(
    problem: &Problem<'_>,
    path: Path,
    progress: &mut dyn Progress,
    fit: &mut super::mix::FromStart<'_>,
) -> Result<Outcome, FitError> {
    let mut worth = |outcome: &Outcome, progress: &mut dyn Progress| {
        elbo(problem, &outcome.posterior(), outcome.steps, progress)
            .map(|e| e.value)
            .map_err(messages::refused)
    };
    let (mut whole, mut guides) = mix::several(problem, progress, fit, &mut worth)?;
    joined::join::<T>(problem, path, &mut guides, &mut whole, progress)?;
    whole.guide = guides[0].clone();
    if problem.settings.mix != Mix::No {
        whole.mixture = Some(Mixture::even(guides));
    }
    Ok(whole)
}

/// Fits a model without a net on minibatches, from near its mode.
pub fn no_net(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    match problem.settings.precision {
        Precision::F32 => no_net_in::<f32>(problem, progress),
        _ => no_net_in::<f64>(problem, progress),
    }
}

fn no_net_in<T: Number>(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let trainer = Trainer::new::<T>(problem, Path::Batches)?;
    from_starts::<T>(problem, Path::Batches, progress, &mut |start, what, progress| {
        trainer.run(Recipe::<T>::near_the_mode(problem, start)?, what, progress)
    })
}

/// The compiled steps of a fit, for any number of starts.
pub(super) struct Trainer<'p> {
    problem: &'p Problem<'p>,
    drawn: Arc<Program>,
    exact: Arc<Program>,
    batch: usize,
    /// Draws shared by the whole batch; none: one per shard.
    shared: Option<usize>,
    noise: String,
    lanes: usize,
    pairs: usize,
    collapse: Arc<Collapse>,
    numbers: Numbers,
    /// What the journal's pieces of its starts begin with.
    piece: String,
}

impl<'p> Trainer<'p> {
    /// Compiles the steps of a path, as far as its mean-field guide goes.
    pub(super) fn new<T: Number>(problem: &'p Problem<'p>, path: Path) -> Result<Self, FitError> {
        let wants = GuideSettings { full_dims: 0, rank: 0, along: vec![], ..guide_settings(problem, path) };
        Trainer::of::<T>(problem, path, &wants, "start")
    }

    /// Compiles the steps of a guide; `piece` tells its starts from those of others in the journal.
    pub(super) fn of<T: Number>(
        problem: &'p Problem<'p>,
        path: Path,
        wants: &GuideSettings,
        piece: &str,
    ) -> Result<Self, FitError> {
        let batch = batch_rows(problem, path);
        let guided = guide(problem.joint, problem.model, wants);
        super::asked::applied(problem, &guided.notes)?;
        let shared = shared_draws(problem, &guided);
        let compile = |slot| with_gradient(&guided.tape, slot, &draws::PARAMETERS).map_err(messages::refused);
        let (drawn, exact): (Tape, Tape) = (compile(guided.drawn)?, compile(guided.exact)?);
        let lanes = if shared.is_some() { SHARED_LANES } else { LANES };
        let capacity = rows_per_shard(problem, path, &guided, &drawn, size_of::<T>());
        let plan = |tape: &Tape| plan(tape, capacity).map(Arc::new).map_err(messages::refused);
        let (drawn, exact) = (plan(&drawn)?, plan(&exact)?);
        let lanes = lanes.min(batch.div_ceil(drawn.capacity));
        let (executors, further_lanes) = if shared.is_some() { (1, lanes) } else { (lanes, 0) };
        let threads = if shared.is_some() { problem.threads } else { 1 };
        let needed = held_by::<T>(&drawn, (executors, further_lanes, lanes));
        has_room(problem, needed + held_by_threads::<T>(&drawn, threads)).map_err(messages::refused)?;
        let noise = noise_words(&guided.notes, guided.rows_share_noise, shared, drawn.capacity);
        let collapse = guided.collapse;
        let is_paired = super::points::are_pairs_by_shard(problem, path) && shared.is_none();
        let pairs = if is_paired { PAIRS.div_ceil(batch.div_ceil(drawn.capacity)) } else { 0 };
        let (numbers, piece) = (Numbers::of(problem.joint, wants), piece.to_owned());
        Ok(Trainer { problem, drawn, exact, batch, shared, noise, lanes, pairs, collapse, numbers, piece })
    }

    /// Bytes that a start holds while it goes up, and those that writing its state down takes beside.
    pub(super) fn bytes<T: Number>(&self) -> (u64, u64) {
        let numbers = self.numbers.len() as u64;
        let (one, double) = (size_of::<T>() as u64, size_of::<f64>() as u64);
        let lanes = self.lanes;
        let of_exact = u64::from(!is_exact_shared(&self.numbers));
        let (parts, sums) = match self.shared {
            Some(_) => ((1, lanes, lanes), of_exact),
            None => ((lanes, 0, lanes), lanes as u64 + of_exact),
        };
        let strips = |program, is_shared| match is_shared {
            true => held_by_threads::<T>(program, self.problem.threads),
            false => 0,
        };
        let programs = held_by::<T>(&self.drawn, parts)
            + held_by::<T>(&self.exact, (1, 0, 0))
            + strips(&self.drawn, self.shared.is_some())
            + strips(&self.exact, is_exact_shared(&self.numbers));
        // The tapes of the two programs share what the guide wrote into them.
        let literals = self.exact.tape.literals().max(self.drawn.tape.literals());
        // Parameters, two moments, gradient and rates, and the mean of the last steps.
        let moved = numbers * ((5 + sums) * one + double);
        let spreads = 2 * self.problem.joint.random_dim as u64 * one;
        let rows = 2 * size_of_val(self.problem.train) as u64;
        // Parameters, moments and mean, as a piece of the journal and in its file.
        (programs + literals + moved + spreads + rows, 2 * numbers * (3 * one + double))
    }

    /// The numbers that it moves.
    pub(super) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Goes up from one start.
    pub(super) fn run<T: Number>(
        &self,
        mut recipe: Recipe<T>,
        what: &str,
        progress: &mut dyn Progress,
    ) -> Result<Outcome, FitError> {
        let numbers = &self.numbers;
        let executor = |program: &Arc<Program>, what: &str| {
            Executor::<T>::timed(program.clone(), &self.problem.profiler, what)
        };
        let threads = self.problem.threads;
        let leader = self.shared.map(|_| executor(&self.drawn, DRAWN).shared_among(threads));
        let shard = || Shard::new(&self.drawn);
        let mut jobs: Vec<Job<T>> = (0..self.lanes)
            .map(|_| match &leader {
                Some(leader) => Job::Lane(leader.further_lane(), shard()),
                None => Job::Draws(executor(&self.drawn, DRAWN), shard(), Sum::new(numbers)),
            })
            .collect();
        let (among, sum) =
            if is_exact_shared(numbers) { (threads, Sum::none()) } else { (1, Sum::new(numbers)) };
        jobs.push(Job::Exact(executor(&self.exact, EXACT).shared_among(among), sum));
        let team = Team::new(jobs, threads);
        let Trainer { problem, drawn, batch, shared, noise, lanes, pairs, collapse, .. } = self;
        let path = match *batch == problem.train.len() {
            true => format!("all rows in a step, {noise}"),
            false => format!("minibatches of {batch}, {noise}"),
        };
        let mut piece = problem.journal.open(&format!("{} {}", self.piece, recipe.start));
        if let Some(done) = piece.finished::<OutcomeRecord<'_>>().filter(|d| numbers.fits(&d.guide)) {
            return Ok(done.outcome(collapse, path));
        }
        let step = Step {
            problem,
            batch: *batch,
            capacity: drawn.capacity,
            shared: *shared,
            is_exact_shared: is_exact_shared(numbers),
            path,
            lanes: *lanes,
            pairs: *pairs,
            numbers,
            collapse: collapse.clone(),
        };
        let state = RwLock::new(State {
            leader,
            p: vec![],
            precision: vec![T::ZERO; problem.joint.random_dim],
            batch: Vec::with_capacity(problem.train.len()),
            key: NoiseKey { seed: seed_of(problem, recipe.start), step: 0, draw: 0, ..NoiseKey::default() },
            kl_weight: problem.settings.kl_weight,
        });
        let work = |i: usize, job: &mut Job<T>| step.work(i, job, &read(&state));
        progress.begin(what, recipe.steps);
        let p = std::mem::take(&mut recipe.p);
        let outcome =
            team.run(work, |lead| step.climb((&recipe, p), &team, &state, lead, &mut piece, progress))?;
        // What the steps took is not needed while the outcome is written.
        drop((team, state));
        piece.finish(&OutcomeRecord::of(&outcome));
        Ok(outcome)
    }
}

/// The seed with the start mixed in; that of the first start is the seed itself.
pub(super) fn seed_of(problem: &Problem<'_>, start: usize) -> u64 {
    problem.settings.seed ^ ((start as u64) << 48)
}

/// Whether all threads find the exact terms together.
fn is_exact_shared(numbers: &Numbers) -> bool {
    numbers.len() >= MANY
}

/// Draws shared by the whole batch; none: one per shard.
fn shared_draws(problem: &Problem<'_>, guided: &Guided) -> Option<usize> {
    match problem.settings.draws {
        // Where each row has noise of its own there is no draw to share.
        Draws::Auto if !guided.rows_share_noise => Some(1),
        Draws::Auto => None,
        Draws::Shared => Some(1),
        Draws::Number(n) => Some(n),
    }
}

/// Rows that a program of this path is planned for.
pub fn rows_per_shard(
    problem: &Problem<'_>,
    path: Path,
    guided: &Guided,
    tape: &Tape,
    bytes: usize,
) -> usize {
    let batch = batch_rows(problem, path);
    match shared_draws(problem, guided) {
        // Without a net a draw costs next to nothing.
        None if path == Path::Batches => batch.div_ceil(PAIRS).min(ROWS_PER_DRAW),
        None => ROWS_PER_DRAW,
        Some(_) => shard_rows(tape, bytes, batch).min(batch.div_ceil(SHARED_LANES)),
    }
}

/// Which noise a step has, in words.
fn noise_words(notes: &[Note], rows_share: bool, shared: Option<usize>, capacity: usize) -> String {
    let is_on = |rewrite| notes.iter().any(|n: &Note| n.is_applied && n.rewrite == rewrite);
    let mut words = vec![];
    if is_on(Rewrite::LocalReparam) {
        words.push("fresh noise per row".to_owned());
    }
    if is_on(Rewrite::Flipout) {
        words.push("fresh signs per row".to_owned());
    }
    match shared {
        _ if !rows_share => {}
        None => words.push(format!("a draw of the weights per {capacity} rows")),
        Some(1) => words.push("one draw of the weights a step".into()),
        Some(n) => words.push(format!("{n} draws of the weights a step")),
    }
    if words.is_empty() { "no noise".into() } else { words.join(" and ") }
}
