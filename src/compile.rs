//! The driver: one line per stage.
//!
//! [`Session::open`] reads a model, [`Session::check`] finds what is wrong with it, [`Session::emit`] prints a stage,
//! [`fit`] runs all of them and returns a filled [`Run`].

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::infer::progress::Progress;
use crate::run_folder::Run;
use crate::source::SourceFile;
use crate::syntax;
use std::path::Path;

/// What the command line says about a model, on top of the model itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// `--set NAME=VALUE`, in order.
    pub set: Vec<(String, String)>,
    /// `--choose NAME=LABEL`, in order.
    pub choose: Vec<(String, String)>,
    /// `--data FILE`
    pub data: Option<String>,
    /// `--seed N`
    pub seed: Option<u64>,
    /// `--method NAME`
    pub method: Option<String>,
    /// `--steps N`
    pub steps: Option<u64>,
    /// `--epochs N`
    pub epochs: Option<u64>,
    /// `--batch N` or `--batch all`
    pub batch: Option<String>,
    /// `--threads N`
    pub threads: Option<usize>,
}

/// A stage that can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// what was written
    Ast,
    /// typed, nothing implied
    Model,
    /// the log joint
    Tape,
    /// with the guide
    Elbo,
    /// with its gradient, optimised
    Grad,
    /// scheduled
    Plan,
}

/// A model file with the options in force.
#[derive(Debug)]
pub struct Session {
    source: SourceFile,
}

/// Why a fit gave no run.
#[derive(Debug)]
pub struct FitFailure {
    /// What to show.
    pub diagnostics: Diagnostics,
    /// 1: the model or the data is wrong; 3: the fit failed.
    pub exit: u8,
}

impl Session {
    /// Reads a model file.
    pub fn open(path: &Path, _options: Options) -> Result<Session, Diagnostics> {
        let missing = |e: std::io::Error| {
            Diagnostic::new("O004", format!("{}: {e}", path.display())).help("give the path of a .bnn file")
        };
        let text = std::fs::read_to_string(path).map_err(missing)?;
        Ok(Session { source: SourceFile::new(path.display().to_string(), text) })
    }

    /// Returns the text of the model.
    pub fn source(&self) -> &SourceFile {
        &self.source
    }

    /// Returns everything there is to say about the model.
    pub fn check(&self) -> Diagnostics {
        syntax::parse(&self.source).err().unwrap_or_default()
    }

    /// Prints a stage.
    pub fn emit(&self, stage: Stage) -> Result<String, Diagnostics> {
        let ast = syntax::parse(&self.source)?;
        if stage == Stage::Ast {
            return Ok(syntax::print::print(&ast));
        }
        Err(Diagnostic::new("X001", format!("`--emit {stage:?}` is not there yet")).into())
    }
}

/// Compiles, fits and evaluates.
pub fn fit(session: &Session, _progress: &mut dyn Progress) -> Result<Run, FitFailure> {
    let mut diagnostics = session.check();
    diagnostics.push(Diagnostic::new("X001", "fitting is not there yet"));
    Err(FitFailure { diagnostics, exit: 1 })
}
