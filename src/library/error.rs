//! What went wrong, as findings that read as in the terminal.

use crate::diagnostic::render::human;
use crate::diagnostic::{Diagnostics, Level};
use crate::source::SourceFile;
use std::fmt;

/// One thing there is to say about a model, its data or a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `T010`: `bnnc explain T010` says more.
    pub code: String,
    /// Whether it stops a fit.
    pub is_error: bool,
    /// Whether it is a warning; what is neither is a note.
    pub is_warning: bool,
    /// In one line.
    pub message: String,
    /// The line of the model it points at, from 1; none if it has no place there.
    pub line: Option<usize>,
    /// With the place in the model and the way out, as the terminal shows it.
    pub text: String,
}

impl Finding {
    pub(super) fn all(findings: &Diagnostics, source: &SourceFile) -> Vec<Finding> {
        let of = |d: &crate::diagnostic::Diagnostic| Finding {
            code: d.code.id().to_owned(),
            is_error: d.level() == Level::Error,
            is_warning: d.level() == Level::Warning,
            message: d.message.clone(),
            line: d.labels.first().map(|label| source.line_column(label.span).0),
            text: human(d, source, false),
        };
        findings.0.iter().map(of).collect()
    }
}

/// Why something could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong, most often one thing.
    pub findings: Vec<Finding>,
    /// Whether the caller asked to stop.
    pub is_cancelled: bool,
}

impl Error {
    pub(super) fn of(findings: &Diagnostics, source: &SourceFile) -> Error {
        Error { findings: Finding::all(findings, source), is_cancelled: false }
    }

    /// Of a finding without a place in a model.
    pub(super) fn nowhere(findings: impl Into<Diagnostics>) -> Error {
        Error::of(&findings.into(), &SourceFile::new("", ""))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_cancelled {
            return write!(f, "cancelled");
        }
        let texts: Vec<&str> =
            self.findings.iter().filter(|d| d.is_error).map(|d| d.text.trim_end()).collect();
        write!(f, "{}", texts.join("\n"))
    }
}

impl std::error::Error for Error {}
