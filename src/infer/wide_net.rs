//! Nets of many weights on few rows (`docs/inference.md`, section 5): all rows in a step, from modes.
//!
//! A narrow start at random weights, as minibatches have it, has too few steps to leave the prior before the KL pulls
//! it back. So each start climbs to a mode of the weights first, with unknown scales held, takes its sds from the
//! curvature there, and goes on as minibatches do, with noise per row where that is exact. The best ELBO wins.

use super::draws::{Joint, elbo_draws, mean_and_se};
use super::error::FitError;
use super::fisher;
use super::minibatch::{Recipe, Trainer, seed_of};
use super::problem::{Number, Problem};
use super::progress::Progress;
use super::settings::Precision;
use super::small_net::{map_start, scale_latents};
use super::{Outcome, Path, messages};

/// Starts where no number is given.
const STARTS: usize = 4;
/// Iterations of L-BFGS for the starts in turn: a mode, and a place on the way to one.
const ITERATIONS: [usize; 2] = [200, 40];
/// Bounds of the sds that a start begins with.
const SDS: (f64, f64) = (1e-3, 0.5);
/// Steps of each start, and their rate.
const STEPS: u64 = 3_000;
const RATE: f64 = 0.01;
/// Draws times rows times latents that compare two starts, and the fewest and most draws.
const COMPARE_WORK: usize = 2_000_000_000;
const COMPARE: (usize, usize) = (32, 512);

/// Fits from several modes, one after another; the best ELBO wins.
pub fn wide_net(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    match problem.settings.precision {
        Precision::F64 => wide_net_in::<f64>(problem, progress),
        _ => wide_net_in::<f32>(problem, progress),
    }
}

fn wide_net_in<T: Number>(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let settings = problem.settings;
    let starts = settings.restarts.unwrap_or(STARTS);
    let mut joint = Joint::new(problem).map_err(messages::refused)?;
    let trainer = Trainer::new::<T>(problem, Path::WideNet)?;
    let work = problem.train.len() * problem.joint.dim;
    let draws = (COMPARE_WORK / work.max(1)).clamp(COMPARE.0, COMPARE.1);
    let held = scale_latents(problem);
    let (mut best, mut diverged): (Option<(f64, Outcome)>, _) = (None, None);
    let (mut steps, mut seconds, mut trace, mut lost) = (0, 0.0, vec![], 0);
    for start in 0..starts {
        let iterations = ITERATIONS[start % ITERATIONS.len()];
        let mode = map_start(&mut joint, problem, iterations, 1.0, start);
        let seed = seed_of(problem, start);
        let sds = fisher::sds(&joint, &mode, problem.joint.random_dim, &held, SDS, seed);
        let recipe = Recipe::<T>::from_mode(problem, &mode, &sds, start, STEPS, RATE);
        match trainer.run(recipe, &format!("fitting start {} of {starts}", start + 1), progress) {
            Ok(outcome) => {
                let value = mean_and_se(&elbo_draws(&mut joint, &outcome.guide, draws, settings.seed)).0;
                let value = if value.is_finite() { value } else { f64::NEG_INFINITY };
                steps += outcome.steps;
                seconds += outcome.loop_seconds;
                trace.extend(outcome.trace.iter().copied());
                if best.as_ref().is_none_or(|(b, _)| value > *b) {
                    best = Some((value, outcome));
                }
            }
            Err(FitError::Refused(d)) => return Err(FitError::Refused(d)),
            Err(FitError::Diverged(d)) => {
                lost += 1;
                diverged.get_or_insert(d);
            }
        }
    }
    match (best, diverged) {
        (Some((_, outcome)), _) => {
            let lost = if lost == 0 { String::new() } else { format!(", {lost} of them diverged") };
            let path = format!("{}, the best of {starts} starts{lost}", outcome.path);
            Ok(Outcome { steps, loop_seconds: seconds, trace, path, ..outcome })
        }
        (None, Some(d)) => Err(FitError::Diverged(d)),
        (None, None) => Err(messages::refused("a fit of no starts".to_owned())),
    }
}
