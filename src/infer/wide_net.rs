//! Nets on few rows, several starts (`docs/inference.md`, section 5), from places near modes.
//!
//! A narrow start at random weights, as minibatches have it, has too few steps to leave the prior before the KL pulls
//! it back. So each start climbs to near a mode of the weights, with unknown scales held, and takes its sds from the
//! curvature there. One guide alone goes on in minibatches until its ELBO rises no more, and the best wins; so do the
//! parts of a mixture whose shares are those of the largest ELBO. The parts of an even one take fewer steps, with all
//! rows in each, from nearer to their modes: what each loses in ELBO, by units that it keeps and the prior would drop,
//! they win in predictions together.

use super::draws::{Joint, elbo_draws, mean_and_se};
use super::error::FitError;
use super::fisher;
use super::journal::Interrupted;
use super::minibatch::{Trainer, seed_of};
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::progress::Progress;
use super::recipe::{Recipe, steps_asked};
use super::record::GuideRecord;
use super::settings::{Mix, Precision};
use super::small_net::{map_start, scale_latents};
use super::{Outcome, Path, joined, messages, mix};
use std::sync::Arc;

/// Bounds of the sds that a start begins with.
const SDS: (f64, f64) = (1e-3, 0.5);
/// The value at which scales are held on the way to a mode.
const SCALE: f64 = 1.0;
/// Rate of all numbers.
const RATE: f64 = 0.01;

/// How a start goes.
struct Way {
    /// iterations of L-BFGS towards a mode
    iterations: usize,
    /// steps from there
    steps: u64,
}

/// Until the ELBO rises no more, in minibatches; and a part of a mixture in equal shares, all rows in a step.
const FAR: Way = Way { iterations: 100, steps: 12_000 };
const NEAR: Way = Way { iterations: 1_000, steps: 4_000 };

/// Fits from several starts, one after another; the best ELBO wins.
pub fn wide_net(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    match problem.settings.precision {
        Precision::F64 => wide_net_in::<f64>(problem, progress),
        _ => wide_net_in::<f32>(problem, progress),
    }
}

/// Rows in a step where none are given: what stays near takes all.
pub(super) fn batch(problem: &Problem<'_>, few: usize) -> usize {
    let rows = problem.train.len();
    if is_near(problem) { rows } else { few.min(rows) }
}

/// Whether starts stay near their modes.
fn is_near(problem: &Problem<'_>) -> bool {
    problem.settings.mix == Mix::Even
}

/// Steps of a start.
pub(super) fn steps(problem: &Problem<'_>) -> u64 {
    way(problem).steps
}

/// The way of a start, as far as the settings let it go: who asks for few steps wants no long search for modes.
fn way(problem: &Problem<'_>) -> Way {
    let way = if is_near(problem) { NEAR } else { FAR };
    let asked = steps_asked(problem, Path::WideNet);
    let most = usize::try_from(asked.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    Way { iterations: way.iterations.min(most), steps: asked.unwrap_or(way.steps) }
}

/// A start with what it reached.
struct Candidate {
    guide: Gaussian,
    elbo: f64,
}

fn wide_net_in<T: Number>(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let settings = problem.settings;
    let is_mixed = settings.mix != Mix::No;
    let starts = settings.restarts.unwrap_or(mix::COMPONENTS);
    let Way { iterations, steps } = way(problem);
    let mut joint = Joint::tempered(problem).map_err(messages::refused)?;
    let trainer = Trainer::new::<T>(problem, Path::WideNet)?;
    let draws = mix::compare_draws(problem);
    let rate = settings.learning_rate.unwrap_or(RATE);
    let mut whole = Outcome::empty();
    let mut candidates: Vec<Candidate> = vec![];
    let (mut lost, mut first) = (0, None);
    for start in 0..starts {
        let begin = near_a_mode(&mut joint, problem, start, iterations)?;
        if steps == 0 {
            candidates.push(Candidate { guide: begin, elbo: f64::NEG_INFINITY });
            continue;
        }
        let recipe = Recipe::<T>::from_guide(&begin, start, steps, rate);
        match trainer.run(recipe, &format!("fitting start {} of {starts}", start + 1), progress) {
            Ok(outcome) => {
                let values = elbo_draws(&mut joint, &outcome.guide, draws, settings.seed);
                let elbo = mean_and_se(&values).0;
                let elbo = if elbo.is_finite() { elbo } else { f64::NEG_INFINITY };
                candidates.push(Candidate { guide: outcome.guide.clone(), elbo });
                whole.take(outcome, start);
            }
            Err(FitError::Diverged(d)) => {
                lost += 1;
                first.get_or_insert(d);
            }
            Err(refused) => return Err(refused),
        }
    }
    if let (true, Some(d)) = (candidates.is_empty(), first) {
        return Err(FitError::Diverged(d));
    }
    candidates.sort_by(|a, b| b.elbo.total_cmp(&a.elbo));
    let diverged = if lost == 0 { String::new() } else { format!(", {lost} of them diverged") };
    let kept = if is_mixed { "a mixture" } else { "the best" };
    whole.path = format!("{}, {kept} of {starts} starts{diverged}", whole.path);
    let mut guides: Vec<Gaussian> = candidates.into_iter().map(|c| c.guide).collect();
    joined::join::<T>(problem, Path::WideNet, &mut guides, &mut whole, progress)?;
    mix::keep(problem, guides, joint, &mut whole);
    Ok(whole)
}

/// On the way to a mode, with the sds of the curvature there.
fn near_a_mode(
    joint: &mut Joint,
    problem: &Problem<'_>,
    start: usize,
    iterations: usize,
) -> Result<Gaussian, Interrupted> {
    let (dim, random) = (problem.joint.dim, problem.joint.random_dim);
    let mut found = || {
        let mode = map_start(joint, problem, iterations, SCALE, start);
        let held = scale_latents(problem);
        let seed = seed_of(problem, start);
        let sds = fisher::sds((joint, problem.row_weight()), &mode, random, &held, SDS, seed);
        let omega = sds.iter().map(|sd| sd.ln()).collect();
        Gaussian { omega, ..Gaussian::point(mode) }
    };
    let name = format!("near mode {start}");
    let kept = problem.journal.piece(&name, || GuideRecord::of(&found()).into_owned());
    problem.journal.stopped()?;
    Ok(if kept.fits(dim, random) { kept.guide(&Arc::default()) } else { found() })
}
