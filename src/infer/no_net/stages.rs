//! The stage rule: a rate, then half of it, until a stage changes nothing (`docs/inference.md`, section 5).
//!
//! ```text
//! stage k: steps at rate 0.05 / 2^k until a window shows no drift (split-R̂ < 1.1 for every number watched)
//!          and the mean of its iterates is known to 0.1 / 2^k posterior sds;
//!          the mean is the result, and the origin of the next stage; if it is worse than the best, that is
//!          a stage that does not come to that in a third of the steps that are left is cut there: what is left of them is
//!          worth more at a lower rate, but such a fit is told to be unfinished
//! end:     the paired gain is below max(0.02 nat, 2 s.e.), and no mean or log sd moved by more than 0.05
//! ```

use super::super::climb::{Climb, RATE};
use super::super::coordinates::{Coordinates, Part};
use super::super::draws::{COMPARE_DRAWS, Joint, Objective, elbo_draws, mean_and_se};
use super::super::error::FitError;
use super::super::journal::Piece;
use super::super::messages::{LastStage, Limit};
use super::super::posterior::Gaussian;
use super::super::problem::{Number, Problem};
use super::super::progress::Progress;
use super::super::record::{ClimbRecord, GuideRecord, OutcomeRecord};
use super::super::{Outcome, Path, guide_settings, messages};
use super::history::History;
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// Most optimiser steps where no number is given.
const MOST_STEPS: u64 = 20_000;
/// Steps that a stage has before it is cut.
const LEAST_STEPS: u64 = 2_000;
/// Steps between two looks at the iterates.
const LOOK: u64 = 200;
/// A stage that gains less than this (nat) may end the fit.
const LEAST_GAIN: f64 = 0.02;
/// A stage that moves a mean by more than this many sds, or a log sd by more than this, does not end the fit.
const LEAST_MOVE: f64 = 0.05;
/// Largest error of the first stage's mean, in posterior sds; halved with the rate.
const FIRST_ERROR: f64 = 0.1;
/// Smallest effective number of iterates in a mean.
const LEAST_ESS: f64 = 25.0;

/// A guide whose log weights have a smaller variance is the posterior, to half of it in nats.
const POSTERIOR_SPREAD: f64 = 1e-4;

/// A guide with the log weights of the draws that all guides are compared by.
struct Candidate {
    guide: Gaussian,
    draws: Vec<f64>,
}

/// Where the rule stands between two stages, for the journal.
#[derive(Serialize, Deserialize)]
struct Standing {
    stage: u32,
    rate: f64,
    error: f64,
    last: Option<LastStage>,
    was_cut: bool,
    best: (GuideRecord<'static>, Vec<f64>),
    best_origin: (Coordinates, Vec<f64>),
}

/// What the journal keeps in the middle of a stage: the rule, the climb, and what it saw.
#[derive(Serialize, Deserialize)]
struct Kept {
    standing: Standing,
    climb: ClimbRecord,
    history: History,
    settled: Option<usize>,
}

/// Climbs from the origin of the coordinates.
pub fn climb<T: Number>(
    problem: &Problem<'_>,
    joint: &mut Joint,
    coordinates: Coordinates,
    (index, what): (usize, &str),
    progress: &mut dyn Progress,
) -> Result<Outcome, FitError> {
    let settings = problem.settings;
    let objective =
        Objective::<T>::new(problem, &guide_settings(problem, Path::NoNet)).map_err(messages::refused)?;
    let (start, draws) =
        (coordinates.start_along(settings.seed ^ ((index as u64) << 48)), settings.full_batch_draws());
    let mut best_origin = (coordinates.clone(), start.clone());
    let climb = Climb::new(objective.evaluator(), coordinates, start, draws, settings.seed, index);
    let mut climb = climb.by(settings);
    let most = settings.steps.unwrap_or(MOST_STEPS);
    progress.begin(what, most);
    let mut judge = |guide: Gaussian| {
        let draws = elbo_draws(joint, &guide, COMPARE_DRAWS, settings.seed);
        Candidate { guide, draws }
    };
    let mut piece = problem.journal.open(&super::name_of("stages", index));
    let words = "full batch, whitened coordinates, stages";
    if let Some((done, warnings)) = piece.finished::<(OutcomeRecord, Limits)>()
        && done.guide.fits(problem.joint.dim, problem.joint.random_dim)
    {
        progress.end();
        let outcome = done.outcome(&climb.collapse(), words.into());
        return Ok(Outcome { warnings: warnings.words(), ..outcome });
    }
    let mut rate = climb.rate(RATE);
    let (mut error, mut last, mut is_converged) = (FIRST_ERROR, None, false);
    let mut was_cut = false;
    let (mut first, mut best, mut left) = (0, None, None);
    if let Some(kept) = piece.begun::<Kept>().filter(|k| k.fits(&climb)) {
        let Kept { standing, climb: at, history, settled } = kept;
        climb.take_up(at);
        (first, rate, error, last) = (standing.stage, standing.rate, standing.error, standing.last);
        was_cut = standing.was_cut;
        let (guide, draws) = standing.best;
        best = Some(Candidate { guide: guide.guide(&climb.collapse()), draws });
        best_origin = standing.best_origin;
        left = Some((history, settled));
    }
    let mut best = best.unwrap_or_else(|| judge(climb.guide_at(&climb.p)));
    for stage in first.. {
        let standing = || Standing {
            stage,
            rate,
            error,
            last,
            was_cut,
            best: (GuideRecord::of(&best.guide).into_owned(), best.draws.clone()),
            best_origin: best_origin.clone(),
        };
        let begun = left.take().unwrap_or_else(|| (History::new(climb.coordinates(), settings.seed), None));
        let reached = one(&mut climb, rate, error, most, begun, &mut piece, &standing, progress)?;
        let Some((mean, is_settled)) = reached else { break };
        was_cut |= !is_settled;
        let moved = largest_move(climb.coordinates(), &mean);
        let candidate = judge(climb.guide_at(&mean));
        let (gain, se) = gain(&candidate, &best);
        let has_gained = gain >= LEAST_GAIN.max(2.0 * se);
        last = Some(LastStage { is_first: stage == 0, gain, se, has_gained, is_settled, was_cut });
        let origin = climb.coordinates().recentred(&mean);
        let is_worse = gain < -LEAST_GAIN.max(2.0 * se) || !candidate.is_finite();
        // Log weights do not vary where the guide is the posterior: what noise finds better is not.
        let is_posterior = best.spread() < POSTERIOR_SPREAD && best.spread() < candidate.spread();
        if (gain > 0.0 && !is_posterior) || !best.is_finite() {
            (best, best_origin) = (candidate, origin.clone());
        }
        if stage > 0 && !was_cut && !has_gained && moved < LEAST_MOVE {
            is_converged = true;
            break;
        }
        if climb.steps >= most {
            break;
        }
        climb.restart(if is_worse { best_origin.clone() } else { origin });
        (rate, error) = (0.5 * rate, 0.5 * error);
    }
    progress.end();
    let limit = Limit { steps: climb.steps, is_chosen: settings.steps.is_some(), last };
    let limits = Limits { limit: (!is_converged).then_some(limit), is_clamped: climb.is_clamped };
    let outcome = Outcome {
        guide: best.guide,
        steps: climb.steps,
        loop_seconds: climb.time.as_secs_f64(),
        trace: climb.trace,
        clipped: climb.clipped,
        warnings: limits.words(),
        path: words.into(),
        ..Outcome::empty()
    };
    piece.finish(&(OutcomeRecord::of(&outcome), limits));
    Ok(outcome)
}

/// What the rule ran into.
#[derive(Serialize, Deserialize)]
struct Limits {
    limit: Option<Limit>,
    is_clamped: bool,
}

impl Limits {
    fn words(&self) -> Vec<Diagnostic> {
        let limit = self.limit.as_ref().map(messages::at_the_limit);
        limit.into_iter().chain(self.is_clamped.then(messages::clamped)).collect()
    }
}

impl Kept {
    /// Whether it is of this climb.
    fn fits<T: Number>(&self, climb: &Climb<T>) -> bool {
        let here = climb.coordinates();
        let (origin, at) = &self.standing.best_origin;
        let guide = here.blank();
        self.climb.fits(here)
            && origin.fits(here)
            && at.len() == here.numbers()
            && self.standing.best.0.fits(guide.mu.len(), guide.omega.len())
            && self.standing.best.1.len() == COMPARE_DRAWS
            && self.history.fits(here)
    }
}

/// One stage: the mean of its settled iterates, and whether they settled before the steps ran out.
fn one<T: Number>(
    climb: &mut Climb<T>,
    rate: f64,
    error: f64,
    most: u64,
    (mut history, mut settled): (History, Option<usize>),
    piece: &mut Piece,
    standing: &dyn Fn() -> Standing,
    progress: &mut dyn Progress,
) -> Result<Option<(Vec<f64>, bool)>, FitError> {
    let begun = climb.steps - history.steps() as u64;
    let most = most.min(begun + LEAST_STEPS.max(most.saturating_sub(begun) / 3));
    while climb.steps < most {
        // A stage that was taken up goes on to its next look.
        for _ in 0..(LOOK - history.steps() as u64 % LOOK).min(most - climb.steps) {
            piece.pause(|| Kept {
                standing: standing(),
                climb: climb.record(),
                history: history.clone(),
                settled,
            })?;
            let seen = climb.step(rate).map_err(|d| FitError::Diverged(messages::not_finite(&d)))?;
            if seen.is_some() {
                progress.advance(climb.steps, seen);
            }
            history.push(&climb.p);
        }
        settled = settled.or_else(|| history.settled(climb.coordinates(), error));
        let Some(from) = settled else { continue };
        let mean = history.mean(from);
        let reached = history.error(from, climb.coordinates(), &mean, error);
        if reached.mcse < error && reached.ess > LEAST_ESS {
            return Ok(Some((mean, true)));
        }
    }
    Ok(history.second_half().map(|mean| (mean, false)))
}

/// The most that a mean (in sds) or a log sd is away from the origin of the coordinates.
fn largest_move(coordinates: &Coordinates, p: &[f64]) -> f64 {
    let moved = coordinates.parts().into_iter().map(|(at, part)| match part {
        Part::Mean(i) => p[at].abs() / coordinates.unit(p, i),
        Part::Spread(_) => p[at].abs(),
        Part::Lower(_) | Part::Tie => 0.0,
    });
    moved.fold(0.0, f64::max)
}

impl Candidate {
    /// The variance of the log weights.
    fn spread(&self) -> f64 {
        let n = self.draws.len() as f64;
        let mean = self.draws.iter().sum::<f64>() / n;
        self.draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n
    }

    fn is_finite(&self) -> bool {
        self.draws.iter().all(|d| d.is_finite())
    }
}

/// The ELBO of one guide less that of another, on the same noise, with its standard error.
fn gain(candidate: &Candidate, best: &Candidate) -> (f64, f64) {
    let differences: Vec<f64> = candidate.draws.iter().zip(&best.draws).map(|(a, b)| a - b).collect();
    mean_and_se(&differences)
}
