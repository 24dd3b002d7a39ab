//! The stage rule: a rate, then half of it, until a stage gains nothing (`docs/inference.md`, section 5).

use super::super::climb::Climb;
use super::super::coordinates::Coordinates;
use super::super::draws::{COMPARE_DRAWS, Joint, Objective, elbo_draws, mean_and_se};
use super::super::error::FitError;
use super::super::problem::{Number, Problem};
use super::super::progress::Progress;
use super::super::{Outcome, Path, guide_settings, messages};

/// Most optimiser steps where no number is given.
const MOST_STEPS: u64 = 20_000;
/// A stage that gains less than this (nat) ends the fit.
const LEAST_GAIN: f64 = 0.02;

/// Rate 0.05, halved stage by stage, until a stage gains nothing that could be told from noise.
pub fn climb<T: Number>(
    problem: &Problem<'_>,
    joint: &mut Joint,
    coordinates: Coordinates,
    progress: &mut dyn Progress,
) -> Result<Outcome, FitError> {
    let settings = problem.settings;
    let objective =
        Objective::<T>::new(problem, &guide_settings(problem, Path::NoNet)).map_err(messages::refused)?;
    let start = coordinates.start();
    let draws = settings.full_batch_draws();
    let mut climb = Climb::new(objective.evaluator(), coordinates, start, draws, settings.seed, 0);
    let most = settings.steps.unwrap_or(MOST_STEPS);
    progress.begin("fitting", most);
    let mut rate = settings.learning_rate.unwrap_or(0.05);
    let mut best = climb.guide_at(&climb.p);
    let mut best_draws = elbo_draws(joint, &best, COMPARE_DRAWS, settings.seed);
    let (mut stage, mut last_gain, mut is_converged) = (0, f64::NAN, false);
    while climb.steps < most {
        let wanted = if stage == 0 { 600 } else { 400 };
        let steps = wanted.min(most - climb.steps);
        let done = climb.steps;
        let mean = climb
            .stage(rate, steps, &mut |elbo| progress.advance(done, Some(elbo)))
            .map_err(|d| FitError::Diverged(messages::not_finite(&d)))?;
        progress.advance(climb.steps, None);
        let guide = climb.guide_at(&mean);
        let values = elbo_draws(joint, &guide, COMPARE_DRAWS, settings.seed);
        let differences: Vec<f64> = values.iter().zip(&best_draws).map(|(a, b)| a - b).collect();
        let (gain, se) = mean_and_se(&differences);
        last_gain = gain;
        if gain > 0.0 {
            (best, best_draws) = (guide, values);
        }
        stage += 1;
        if stage >= 2 && gain < LEAST_GAIN.max(2.0 * se) {
            is_converged = true;
            break;
        }
        rate *= 0.5;
        climb.p = mean;
    }
    progress.end();
    let note =
        (!is_converged && last_gain > LEAST_GAIN).then(|| messages::still_rising(climb.steps, last_gain));
    Ok(Outcome {
        guide: best,
        steps: climb.steps,
        loop_seconds: climb.time.as_secs_f64(),
        trace: climb.trace,
        clipped: climb.clipped,
        warnings: note.into_iter().collect(),
        path: "full batch, whitened coordinates, stages".into(),
    })
}
