//! Models without a net, on all rows: mode, curvature, whitened coordinates, stages (`docs/inference.md`, section 5,
//! first column).

mod history;
mod mode;
mod rhat;
mod stages;
pub mod ties;

pub use mode::mode;
pub use stages::Suspended;

use super::coordinates::Coordinates;
use super::draws::{Joint, elbo_draws, mean_and_se};
use super::error::FitError;
use super::posterior::Gaussian;
use super::problem::Problem;
use super::progress::Progress;
use super::settings::{GuideChoice, Precision};
use super::{Outcome, Path, full_rank_dims, guide_settings, ladder, messages, mix};

/// Fits a model without a net: MAP, curvature, whitened coordinates, stages with halved rates.
pub fn fit(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let mut joint = Joint::tempered(problem).map_err(messages::refused)?;
    let draws = mix::compare_draws(problem);
    let mut judge = joint.fork();
    let mut worth = |outcome: &Outcome, _: &mut dyn Progress| {
        Ok(mean_and_se(&elbo_draws(&mut judge, &outcome.guide, draws, problem.settings.seed)).0)
    };
    let mut fit = |start: usize, what: &str, progress: &mut dyn Progress| {
        fit_from(problem, &mut joint, (start, what), progress)
    };
    let (mut whole, guides) = mix::several(problem, progress, &mut fit, &mut worth)?;
    match (problem.settings.guide, problem.settings.precision) {
        (GuideChoice::Ladder, Precision::F32) => {
            ladder::climb::<f32>(problem, Path::NoNet, guides, joint, &mut whole, progress)?;
        }
        (GuideChoice::Ladder, _) => {
            ladder::climb::<f64>(problem, Path::NoNet, guides, joint, &mut whole, progress)?;
        }
        _ => mix::keep(problem, guides, joint, &mut whole),
    }
    Ok(whole)
}

/// From one start: the first is u = 0, the others are keyed.
fn fit_from(
    problem: &Problem<'_>,
    joint: &mut Joint,
    (start, what): (usize, &str),
    progress: &mut dyn Progress,
) -> Result<Outcome, FitError> {
    if problem.joint.random_dim == 0 {
        let mode =
            problem.journal.try_piece(&name_of("mode", start), || mode::mode_from(joint, problem, start))?;
        let is_whole = mode.len() == problem.joint.dim;
        return Ok(Outcome::point(if is_whole { mode } else { mode::mode_from(joint, problem, start)? }));
    }
    let full = full_rank_dims(problem, Path::NoNet);
    let guided = guide_settings(problem, Path::NoNet);
    let (scales, rank, along) = (&guided.tied_scales, guided.rank, &guided.along);
    let mut find = || -> Result<Coordinates, FitError> {
        let there = mode::start(joint, problem, full, start)?;
        Ok(there.with_ties(scales, &ties::groups(problem, full, scales)).with_directions(rank, along))
    };
    let kept = match &problem.give_up.taken_up {
        Some(suspended) => suspended.coordinates(),
        None => problem.journal.try_piece(&name_of("mode", start), &mut find)?,
    };
    let coordinates =
        if kept.is_sound(problem.joint.dim, problem.joint.random_dim, full, rank) { kept } else { find()? };
    problem.journal.stopped()?;
    match problem.settings.precision {
        Precision::F32 => stages::climb::<f32>(problem, joint, coordinates, (start, what), progress),
        _ => stages::climb::<f64>(problem, joint, coordinates, (start, what), progress),
    }
}

/// The name of a piece of a start, for the journal.
pub fn name_of(piece: &str, start: usize) -> String {
    if start == 0 { piece.to_owned() } else { format!("{piece} of start {start}") }
}

/// Where batches begin: a mean-field guide at the best start, and the unit of each latent's mean.
///
/// # Errors
/// G008 if no start has a finite density and gradient.
pub fn start(
    joint: &mut Joint,
    problem: &Problem<'_>,
    start: usize,
) -> Result<(Gaussian, Vec<f64>), FitError> {
    if problem.joint.random_dim == 0 {
        let mode = mode::mode_from(joint, problem, start)?;
        let units = vec![1.0; mode.len()];
        return Ok((Gaussian::point(mode), units));
    }
    let coordinates = mode::start(joint, problem, 0, start)?;
    let mut guide = coordinates.blank();
    coordinates.guide(&coordinates.start(), &mut guide);
    Ok((guide, coordinates.units().to_vec()))
}
