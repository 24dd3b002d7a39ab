//! Models without a net, on all rows: mode, curvature, whitened coordinates, stages (`docs/inference.md`, section 5,
//! first column).

mod mode;
mod stages;

use super::draws::Joint;
use super::error::FitError;
use super::problem::Problem;
use super::progress::Progress;
use super::settings::Precision;
use super::{Outcome, Path, full_rank_dims, messages};

/// Fits a model without a net: MAP, curvature, whitened coordinates, stages with halved rates.
pub fn fit(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let mut joint = Joint::new(problem).map_err(messages::refused)?;
    let start = vec![0.0; problem.joint.dim];
    let (mode, _) = mode::climb(&mut joint, start)?;
    let random = problem.joint.random_dim;
    if random == 0 {
        return Ok(Outcome::point(mode));
    }
    let full = full_rank_dims(problem, Path::NoNet);
    let coordinates = mode::whitened(&mut joint, &mode, random, full);
    match problem.settings.precision {
        Precision::F32 => stages::climb::<f32>(problem, &mut joint, coordinates, progress),
        _ => stages::climb::<f64>(problem, &mut joint, coordinates, progress),
    }
}
