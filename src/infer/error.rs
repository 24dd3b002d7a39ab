//! A fit that fails: what went wrong, where, and what to try.

use super::journal::Interrupted;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Why a tape cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CannotRun {
    /// A combination that the engine does not know, in words.
    Combination(String),
    /// Its values take more bytes than are allowed.
    Memory {
        /// what it takes
        needed: u64,
        /// what may be taken
        allowed: u64,
    },
}

impl From<String> for CannotRun {
    fn from(what: String) -> CannotRun {
        CannotRun::Combination(what)
    }
}

impl From<&str> for CannotRun {
    fn from(what: &str) -> CannotRun {
        CannotRun::Combination(what.to_owned())
    }
}

/// Why a fit did not end with a posterior.
#[derive(Debug, Clone)]
pub enum FitError {
    /// The model or the settings ask for something that cannot be run (exit 1).
    Refused(Diagnostic),
    /// The fit diverged (exit 3).
    Diverged(Diagnostic),
    /// The user asked it to stop; what it has done is kept (exit 130).
    Interrupted,
}

impl FitError {
    /// What there is to say; of an interruption nothing.
    pub fn findings(self) -> Diagnostics {
        match self {
            FitError::Refused(d) | FitError::Diverged(d) => d.into(),
            FitError::Interrupted => Diagnostics::default(),
        }
    }
}

impl From<Interrupted> for FitError {
    fn from(_: Interrupted) -> FitError {
        FitError::Interrupted
    }
}
