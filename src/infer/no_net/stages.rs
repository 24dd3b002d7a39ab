//! The stage rule: a rate, then half of it, until a stage changes nothing (`docs/inference.md`, section 5).
//!
//! ```text
//! stage k: steps at rate 0.05 / 2^k until a window shows no drift (split-R̂ < 1.1 for every number watched)
//!          and the mean of its iterates is known to 0.1 / 2^k posterior sds;
//!          the mean is the result, and the origin of the next stage; if it is worse than the best, that is
//!          a stage that does not come to that in a third of the steps that are left is cut there: what is left of them is
//!          worth more at a lower rate, but such a fit is told to be unfinished
//! end:     the paired gain is below max(0.02 nat, 2 s.e.), and no mean or log sd moved by more than 0.05
//! give up: another form of the model is ahead by more than what the last stage gained, or the last doubling of the
//!          steps of a stage that does not settle, and beyond all errors
//! ```

use super::super::climb::{Climb, RATE};
use super::super::coordinates::{Coordinates, Part};
use super::super::draws::{COMPARE_DRAWS, Joint, Objective, elbo_draws, mean_and_se};
use super::super::error::FitError;
use super::super::journal::Piece;
use super::super::messages::{LastStage, Limit};
use super::super::posterior::Gaussian;
use super::super::problem::{GiveUp, Number, Problem};
use super::super::progress::Progress;
use super::super::record::{ClimbRecord, GuideRecord, OutcomeRecord};
use super::super::{Outcome, Path, guide_settings, messages};
use super::history::History;
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
/// Steps of a stage, and their doublings, at which a fit that another form of the model has overtaken is given up.
const FIRST_DOUBT: usize = 4_000;
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
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Standing {
    stage: u32,
    rate: f64,
    error: f64,
    last: Option<LastStage>,
    was_cut: bool,
    best: (GuideRecord<'static>, Vec<f64>),
    best_origin: (Coordinates, Vec<f64>),
}

/// A fit in the middle of a stage, from where it can go on.
#[derive(Debug, Clone)]
pub struct Suspended(Arc<Kept>);

impl Suspended {
    /// The coordinates it is in.
    pub fn coordinates(&self) -> Coordinates {
        self.0.climb.coordinates.clone()
    }
}

/// What the journal keeps in the middle of a stage: the rule, the climb, and what it saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    match &problem.give_up {
        GiveUp { taken_up: Some(_), .. } => progress.begin(&format!("{what} further"), most),
        GiveUp { after, .. } => progress.begin(what, after.map_or(most, |after| after.min(most))),
    }
    let mut judge = |guide: Gaussian| {
        let draws = elbo_draws(joint, &guide, COMPARE_DRAWS, settings.seed);
        Candidate { guide, draws }
    };
    let mut piece = problem.journal.open(&super::name_of("stages", index));
    let words = "full batch, whitened coordinates, stages";
    if let Some((done, limits, suspended)) = piece.finished::<(OutcomeRecord, Limits, Option<Kept>)>()
        && done.guide.fits(problem.joint.dim, problem.joint.random_dim)
        && suspended.as_ref().is_none_or(|kept| kept.fits(&climb))
    {
        progress.end();
        let outcome = done.outcome(&climb.collapse(), words.into());
        let (warnings, suspended) = (limits.words(), suspended.map(|kept| Suspended(kept.into())));
        return Ok(Outcome { warnings, is_given_up: limits.is_given_up, suspended, ..outcome });
    }
    let mut rate = climb.rate(RATE);
    let (mut error, mut last, mut is_converged) = (FIRST_ERROR, None, false);
    let (mut was_cut, mut is_given_up, mut suspended) = (false, false, None);
    let (mut first, mut best, mut left) = (0, None, None);
    let taken_up = || problem.give_up.taken_up.as_ref().map(|suspended| Kept::clone(&suspended.0));
    if let Some(kept) = piece.begun::<Kept>().or_else(taken_up).filter(|k| k.fits(&climb)) {
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
        let mut seen = None;
        let mut give_up = |history: &History, climb: &Climb<T>| {
            let GiveUp { after, behind, .. } = problem.give_up;
            let doublings = history.steps() / FIRST_DOUBT;
            let is_asked = history.steps().is_multiple_of(FIRST_DOUBT) && doublings.is_power_of_two();
            let is_behind = behind.filter(|_| is_asked).is_some_and(|rival| {
                let [before, now] = history.doubling().map(|mean| judge(climb.guide_at(&mean)));
                let is_behind = now.stays_behind(rival, gain(&now, &before).0);
                seen = Some(now);
                is_behind
            });
            is_behind || after.is_some_and(|most| climb.steps >= most)
        };
        let reached =
            one(&mut climb, rate, error, most, begun, &mut piece, &standing, &mut give_up, progress)?;
        let (mean, is_settled) = match reached {
            Reached::Mean(mean, is_settled) => (mean, is_settled),
            Reached::Nothing => break,
            Reached::GivenUp(kept) => {
                is_given_up = problem.give_up.behind.is_some();
                suspended = (!is_given_up).then(|| Suspended(kept.into()));
                if let Some(seen) = seen.filter(|seen| gain(seen, &best).0 > 0.0 || !best.is_finite()) {
                    best = seen;
                }
                break;
            }
        };
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
        // What the first stage gains is the way from the start, and says nothing of what is to come.
        // A stage that lost something is done again at a lower rate, from where the best began.
        let is_behind = || problem.give_up.behind.is_some_and(|rival| best.stays_behind(rival, gain));
        is_given_up = stage > 0 && !is_worse && is_behind();
        if is_given_up {
            break;
        }
        climb.restart(if is_worse { best_origin.clone() } else { origin });
        (rate, error) = (0.5 * rate, 0.5 * error);
    }
    progress.end();
    let limit = Limit { steps: climb.steps, is_chosen: settings.steps.is_some(), last };
    let limit = (!is_converged && !is_given_up && suspended.is_none()).then_some(limit);
    let limits = Limits { limit, is_clamped: climb.is_clamped, is_given_up };
    let outcome = Outcome {
        guide: best.guide,
        steps: climb.steps,
        loop_seconds: climb.time.as_secs_f64(),
        trace: climb.trace,
        clipped: climb.clipped,
        warnings: limits.words(),
        path: words.into(),
        is_given_up,
        suspended,
        ..Outcome::empty()
    };
    piece.finish(&(OutcomeRecord::of(&outcome), limits, outcome.suspended.as_ref().map(|s| s.0.as_ref())));
    Ok(outcome)
}

/// What the rule ran into.
#[derive(Serialize, Deserialize)]
struct Limits {
    limit: Option<Limit>,
    is_clamped: bool,
    is_given_up: bool,
}

impl Limits {
    fn words(&self) -> Vec<Diagnostic> {
        let limit = self.limit.as_ref().map(messages::at_the_limit);
        limit.into_iter().chain(self.is_clamped.then(messages::clamped)).collect()
    }
}

impl Kept {
    fn new<T: Number>(
        standing: Standing,
        climb: &Climb<T>,
        history: &History,
        settled: Option<usize>,
    ) -> Kept {
        Kept { standing, climb: climb.record(), history: history.clone(), settled }
    }

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

/// How a stage ended.
enum Reached {
    /// The mean of its iterates, and whether they settled before the steps ran out.
    Mean(Vec<f64>, bool),
    /// The steps ran out before there was a mean.
    Nothing,
    /// It stays behind another form of the model, or has taken the steps that it had.
    GivenUp(Box<Kept>),
}

/// One stage.
fn one<T: Number>(
    climb: &mut Climb<T>,
    rate: f64,
    error: f64,
    most: u64,
    (mut history, mut settled): (History, Option<usize>),
    piece: &mut Piece,
    standing: &dyn Fn() -> Standing,
    give_up: &mut dyn FnMut(&History, &Climb<T>) -> bool,
    progress: &mut dyn Progress,
) -> Result<Reached, FitError> {
    let begun = climb.steps - history.steps() as u64;
    let most = most.min(begun + LEAST_STEPS.max(most.saturating_sub(begun) / 3));
    while climb.steps < most {
        // A stage that was taken up goes on to its next look.
        for _ in 0..(LOOK - history.steps() as u64 % LOOK).min(most - climb.steps) {
            piece.pause(|| Kept::new(standing(), climb, &history, settled))?;
            let seen = climb.step(rate).map_err(|d| FitError::Diverged(messages::not_finite(&d)))?;
            if seen.is_some() {
                progress.advance(climb.steps, seen);
            }
            history.push(&climb.p);
        }
        settled = settled.or_else(|| history.settled(climb.coordinates(), error));
        if let Some(from) = settled {
            let mean = history.mean(from);
            let reached = history.error(from, climb.coordinates(), &mean, error);
            if reached.mcse < error && reached.ess > LEAST_ESS {
                return Ok(Reached::Mean(mean, true));
            }
        }
        if give_up(&history, climb) {
            return Ok(Reached::GivenUp(Box::new(Kept::new(standing(), climb, &history, settled))));
        }
    }
    Ok(history.second_half().map_or(Reached::Nothing, |mean| Reached::Mean(mean, false)))
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

    /// Whether another form of the model, of this ELBO (mean and standard error), is out of its reach.
    ///
    /// Rates are halved from stage to stage, and so, at least, are gains: all that are to come are no more than the last.
    fn stays_behind(&self, (rival, rival_se): (f64, f64), gain: f64) -> bool {
        let (elbo, se) = mean_and_se(&self.draws);
        rival - elbo > LEAST_GAIN + gain.max(0.0) + 2.0 * se.hypot(rival_se)
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
