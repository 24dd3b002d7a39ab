//! `method = nuts` in a program that was built without it.

use super::chains::Chains;
use super::error::FitError;
use super::posterior::Gaussian;
use super::problem::Problem;
use super::progress::Progress;
use crate::diagnostic::Diagnostic;

/// Refuses.
///
/// # Errors
/// X001.
pub fn nuts(_: &Problem<'_>, _: &Gaussian, _: &mut dyn Progress) -> Result<Chains, FitError> {
    Err(FitError::Refused(
        Diagnostic::new("X001", "this program was built without `method = nuts`".to_owned())
            .help("build it with the cargo feature `nuts`, which is on by default"),
    ))
}
