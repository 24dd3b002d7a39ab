//! Nets on few rows, several starts (`docs/inference.md`, section 5): all rows in a step, from places near modes.
//!
//! A narrow start at random weights, as minibatches have it, has too few steps to leave the prior before the KL pulls
//! it back. So each start climbs part of the way to a mode of the weights, with unknown scales held, and takes its
//! sds from the curvature there. All climb for a round as minibatches do, with noise per row where that is exact; the
//! best by their ELBO go on. Modes that fit the rows closely end lower than places on the way to them.

use super::draws::{Joint, elbo_draws, mean_and_se};
use super::error::FitError;
use super::fisher;
use super::journal::Interrupted;
use super::minibatch::{Trainer, seed_of};
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::progress::Progress;
use super::recipe::Recipe;
use super::record::GuideRecord;
use super::settings::{Mix, Precision};
use super::small_net::{Keep, map_start, scale_latents};
use super::{Outcome, Path, joined, messages, mix};
use std::sync::Arc;

/// Starts where no number is given.
const STARTS: usize = 8;
/// Iterations of L-BFGS and the value at which scales are held, for the starts in turn: which suits depends on the
/// data (yacht: 20 and 0.3, concrete: 40 and 1).
const KINDS: [(usize, f64); 4] = [(40, 1.0), (20, 0.3), (20, 1.0), (40, 0.3)];
/// Bounds of the sds that a start begins with.
const SDS: (f64, f64) = (1e-3, 0.5);
/// The rounds: starts in it, steps of each, rate.
const ROUNDS: [(Keep, u64, f64); 2] = [(Keep::All, 2_000, 0.01), (Keep::Best(2), 4_000, 0.01)];
/// All of a mixture go the same way.
const MIXED_ROUNDS: [(Keep, u64, f64); 1] = [(Keep::All, 4_000, 0.01)];

/// Fits from several starts, one after another; the best ELBO wins.
pub fn wide_net(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    match problem.settings.precision {
        Precision::F64 => wide_net_in::<f64>(problem, progress),
        _ => wide_net_in::<f32>(problem, progress),
    }
}

/// Steps of a start that goes all the way.
pub(super) fn steps(problem: &Problem<'_>) -> u64 {
    let most = most_steps(problem);
    let rounds = if problem.settings.mix == Mix::No { &ROUNDS[..] } else { &MIXED_ROUNDS[..] };
    rounds.iter().map(|(_, steps, _)| steps).sum::<u64>().min(most)
}

/// Steps that a start may have by the settings.
fn most_steps(problem: &Problem<'_>) -> u64 {
    let settings = problem.settings;
    settings.steps.or(settings.epochs.map(|e| e.ceil() as u64)).unwrap_or(u64::MAX)
}

/// A start with what it reached.
struct Candidate {
    start: usize,
    guide: Gaussian,
    elbo: f64,
}

fn wide_net_in<T: Number>(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let settings = problem.settings;
    let is_mixed = settings.mix != Mix::No;
    let starts = settings.restarts.unwrap_or(if is_mixed { mix::COMPONENTS } else { STARTS });
    let rounds = if is_mixed { &MIXED_ROUNDS[..] } else { &ROUNDS[..] };
    let mut joint = Joint::tempered(problem).map_err(messages::refused)?;
    let trainer = Trainer::new::<T>(problem, Path::WideNet)?;
    let draws = mix::compare_draws(problem);
    let mut candidates: Vec<Candidate> = (0..starts)
        .map(|start| Candidate::near_a_mode(&mut joint, problem, start))
        .collect::<Result<_, _>>()?;
    let mut whole = Outcome::empty();
    let mut lost = 0;
    let mut most = most_steps(problem);
    for (round, (keep, steps, rate)) in rounds.iter().copied().enumerate() {
        let steps = steps.min(most);
        most -= steps;
        if steps == 0 {
            break;
        }
        candidates.truncate(keep.of(starts));
        let count = candidates.len();
        let mut well = vec![];
        let mut first = None;
        for (i, candidate) in candidates.into_iter().enumerate() {
            let Candidate { start, guide, .. } = candidate;
            let rate = settings.learning_rate.map_or(rate, |r| r * rate / ROUNDS[0].2);
            let recipe = Recipe::<T>::from_guide(&guide, start + round * starts, steps, rate);
            let what = format!("fitting start {} of {count}", i + 1);
            match trainer.run(recipe, &what, progress) {
                Ok(outcome) => {
                    let values = elbo_draws(&mut joint, &outcome.guide, draws, settings.seed);
                    let elbo = mean_and_se(&values).0;
                    let elbo = if elbo.is_finite() { elbo } else { f64::NEG_INFINITY };
                    well.push(Candidate { start, guide: outcome.guide.clone(), elbo });
                    whole.take(outcome, start);
                }
                Err(FitError::Diverged(d)) => {
                    lost += 1;
                    first.get_or_insert(d);
                }
                Err(refused) => return Err(refused),
            }
        }
        if let (true, Some(d)) = (well.is_empty(), first) {
            return Err(FitError::Diverged(d));
        }
        well.sort_by(|a, b| b.elbo.total_cmp(&a.elbo));
        candidates = well;
    }
    let diverged = if lost == 0 { String::new() } else { format!(", {lost} of them diverged") };
    let kept = if is_mixed { "a mixture" } else { "the best" };
    whole.path = format!("{}, {kept} of {starts} starts{diverged}", whole.path);
    let mut guides: Vec<Gaussian> = candidates.into_iter().map(|c| c.guide).collect();
    joined::join::<T>(problem, Path::WideNet, &mut guides, &mut whole, progress)?;
    mix::keep(problem, guides, joint, &mut whole);
    Ok(whole)
}

impl Candidate {
    /// On the way to a mode, with the sds of the curvature there.
    fn near_a_mode(joint: &mut Joint, problem: &Problem<'_>, start: usize) -> Result<Candidate, Interrupted> {
        let (dim, random) = (problem.joint.dim, problem.joint.random_dim);
        let name = format!("near mode {start}");
        let kept = problem
            .journal
            .piece(&name, || GuideRecord::of(&Candidate::found(joint, problem, start)).into_owned());
        problem.journal.stopped()?;
        let guide = match kept {
            guide if guide.fits(dim, random) => guide.guide(&Arc::default()),
            _ => Candidate::found(joint, problem, start),
        };
        Ok(Candidate { start, guide, elbo: f64::NEG_INFINITY })
    }

    fn found(joint: &mut Joint, problem: &Problem<'_>, start: usize) -> Gaussian {
        let (iterations, scale) = KINDS[start % KINDS.len()];
        let mode = map_start(joint, problem, iterations, scale, start);
        let held = scale_latents(problem);
        let seed = seed_of(problem, start);
        let sds =
            fisher::sds((joint, problem.row_weight()), &mode, problem.joint.random_dim, &held, SDS, seed);
        let omega = sds.iter().map(|sd| sd.ln()).collect();
        Gaussian { omega, ..Gaussian::point(mode) }
    }
}
