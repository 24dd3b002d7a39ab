//! `bnnc fmt MODEL…`: canonical layout, every comment kept.

use super::terminal::Terminal;
use crate::compile;
use crate::diagnostic::Diagnostic;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Lay model files out in the canonical way; comments are kept, and what a model means never changes
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The model files
    #[arg(value_name = "MODEL", required = true)]
    pub models: Vec<PathBuf>,
    /// Write nothing; end with 1 if a file would change
    #[arg(long)]
    pub check: bool,
}

/// What became of a file.
enum Outcome {
    Same,
    Changed,
    Wrong,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let mut status = 0;
    let mut files = vec![];
    for path in &options.models {
        let outcome = one(terminal, options, path);
        let word = match outcome {
            Outcome::Same => "same",
            Outcome::Changed if options.check => "would change",
            Outcome::Changed => "changed",
            Outcome::Wrong => "wrong",
        };
        let is_bad =
            matches!(outcome, Outcome::Wrong) || options.check && matches!(outcome, Outcome::Changed);
        status = status.max(u8::from(is_bad));
        if !terminal.is_json && !terminal.is_quiet && matches!(outcome, Outcome::Changed) {
            terminal.out(&format!("{}: {word}\n", path.display()));
        }
        files.push(json!({ "file": path.display().to_string(), "outcome": word }));
    }
    if terminal.is_json {
        terminal.out_json(&json!({ "files": files }));
    }
    status
}

fn one(terminal: &Terminal, options: &Options, path: &Path) -> Outcome {
    let formatted = match compile::formatted(path) {
        Ok(formatted) => formatted,
        Err((source, findings)) => {
            if !terminal.is_json {
                terminal.findings(&findings, &source, false);
            }
            return Outcome::Wrong;
        }
    };
    if formatted.before == formatted.after {
        return Outcome::Same;
    }
    if !options.check
        && let Err(e) = crate::files::replace(path, formatted.after.as_bytes())
    {
        terminal.finding(&Diagnostic::new("O005", format!("cannot write {}: {e}", path.display())));
        return Outcome::Wrong;
    }
    Outcome::Changed
}
