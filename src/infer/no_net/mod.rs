//! Models without a net, on all rows: mode, curvature, whitened coordinates, stages (`docs/inference.md`, section 5,
//! first column).

mod history;
mod mode;
mod rhat;
mod stages;
pub mod ties;

pub use mode::mode;

use super::coordinates::Coordinates;
use super::draws::Joint;
use super::error::FitError;
use super::posterior::Gaussian;
use super::problem::Problem;
use super::progress::Progress;
use super::settings::Precision;
use super::{Outcome, Path, full_rank_dims, guide_settings, messages};

/// Fits a model without a net: MAP, curvature, whitened coordinates, stages with halved rates.
pub fn fit(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let mut joint = Joint::new(problem).map_err(messages::refused)?;
    if problem.joint.random_dim == 0 {
        let mode = problem.journal.try_piece("mode", || mode::mode(&mut joint, problem))?;
        let is_whole = mode.len() == problem.joint.dim;
        return Ok(Outcome::point(if is_whole { mode } else { mode::mode(&mut joint, problem)? }));
    }
    let full = full_rank_dims(problem, Path::NoNet);
    let scales = guide_settings(problem, Path::NoNet).tied_scales;
    let mut find = || -> Result<Coordinates, FitError> {
        Ok(mode::start(&mut joint, problem, full)?.with_ties(&scales, &ties::groups(problem, full)))
    };
    let kept: Coordinates = problem.journal.try_piece("mode", &mut find)?;
    let coordinates =
        if kept.is_sound(problem.joint.dim, problem.joint.random_dim, full) { kept } else { find()? };
    problem.journal.stopped()?;
    match problem.settings.precision {
        Precision::F32 => stages::climb::<f32>(problem, &mut joint, coordinates, progress),
        _ => stages::climb::<f64>(problem, &mut joint, coordinates, progress),
    }
}

/// Where batches begin: a mean-field guide at the best start, and the unit of each latent's mean.
///
/// # Errors
/// G008 if no start has a finite density and gradient.
pub fn start(joint: &mut Joint, problem: &Problem<'_>) -> Result<(Gaussian, Vec<f64>), FitError> {
    if problem.joint.random_dim == 0 {
        let mode = mode::mode(joint, problem)?;
        let units = vec![1.0; mode.len()];
        return Ok((Gaussian::point(mode), units));
    }
    let coordinates = mode::start(joint, problem, 0)?;
    let mut guide = coordinates.blank();
    coordinates.guide(&coordinates.start(), &mut guide);
    Ok((guide, coordinates.units().to_vec()))
}
