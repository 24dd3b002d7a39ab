//! A fit that fails: what went wrong, where, and what to try.

use crate::diagnostic::Diagnostic;

/// Why a fit did not end with a posterior.
#[derive(Debug, Clone)]
pub enum FitError {
    /// The model or the settings ask for something that cannot be run (exit 1).
    Refused(Diagnostic),
    /// The fit diverged (exit 3).
    Diverged(Diagnostic),
}
