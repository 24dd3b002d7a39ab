//! Methods: each takes the same log joint and the rows, and returns a fitted guide.
//!
//! [`fit`] chooses the path (`docs/inference.md`, section 5): full batch for models without a net and for small nets,
//! minibatches for the rest. [`evaluate`] computes the ELBO that is reported, [`predict`] the predictions.

pub mod adam;
pub mod climb;
pub mod coordinates;
pub mod draws;
pub mod error;
pub mod evaluate;
pub mod full_batch;
pub mod lbfgs;
pub mod linear;
mod messages;
pub mod minibatch;
pub mod objective;
pub mod posterior;
pub mod predict;
pub mod problem;
pub mod progress;
pub mod settings;

use crate::diagnostic::Diagnostic;
use crate::model::Role;
use climb::TracePoint;
use error::FitError;
use posterior::Gaussian;
use problem::Problem;
use progress::Progress;
use settings::Batch;

/// Latents up to which a net is fitted on all rows.
const SMALL_DIMS: usize = 2_000;
/// Rows up to which a net is fitted on all rows.
const SMALL_ROWS: usize = 10_000;

/// Fits by the path that suits the model.
///
/// # Errors
/// What cannot be run, or a fit that diverged.
pub fn fit(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let dim = problem.joint.dim;
    let has_net = problem.model.unknowns.iter().any(|u| matches!(u.role, Role::Net { .. }));
    if dim == 0 {
        return Ok(Outcome::point(vec![]));
    }
    let wants_batch = matches!(problem.settings.batch, Batch::Rows(n) if n < problem.train.len());
    if wants_batch || dim > SMALL_DIMS || (has_net && problem.train.len() > SMALL_ROWS) {
        minibatch::minibatch(problem, progress)
    } else if has_net {
        full_batch::small_net(problem, progress)
    } else {
        full_batch::no_net(problem, progress)
    }
}

/// What a path hands back.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The fitted guide.
    pub guide: Gaussian,
    /// Optimiser steps, all starts together.
    pub steps: u64,
    /// Time inside the step loops; starts that ran side by side count once.
    pub loop_seconds: f64,
    /// The training trace.
    pub trace: Vec<TracePoint>,
    /// Gradients that were shortened.
    pub clipped: u64,
    /// Findings after the fit.
    pub warnings: Vec<Diagnostic>,
    /// The path taken, in words.
    pub path: String,
}

impl Outcome {
    /// A point estimate found without gradient noise.
    fn point(mu: Vec<f64>) -> Outcome {
        Outcome {
            guide: Gaussian { mu, omega: vec![], lower: vec![], full: 0 },
            steps: 0,
            loop_seconds: 0.0,
            trace: vec![],
            clipped: 0,
            warnings: vec![],
            path: "mode by L-BFGS and Newton steps".into(),
        }
    }
}
