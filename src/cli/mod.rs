//! The commands: the only place that reads arguments, prints, or decides the exit status.
//!
//! | status | means |
//! | --- | --- |
//! | 0 | done |
//! | 1 | the model, the data or a run folder is wrong: findings were printed |
//! | 2 | the command line cannot be read |
//! | 3 | the fit failed |
//! | 130 | interrupted |
//!
//! Each command is a file with its options, their help (the doc comments), and a function from them to a status.

mod args;
mod check;
mod clock;
mod completions;
mod data;
mod eval;
mod examples;
mod explain;
mod export;
mod fit;
mod fmt;
mod forecast;
mod interrupt;
mod man;
mod new;
mod new_data;
mod predict;
mod profile;
mod progress;
mod report;
mod resume;
mod runs;
mod sweep;
mod terminal;
mod timeline;

use crate::diagnostic::Diagnostic;
use crate::kernels;
use crate::passes;
use crate::plan::{ARRANGEMENTS, FUSIONS};
use crate::tape::switches;
use args::{Arguments, Command};
use clap::FromArgMatches;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;
use terminal::Terminal;

/// Runs the program with the given arguments, the first of which is its own name.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let began = Instant::now();
    let arguments: Vec<OsString> = arguments.collect();
    let parsed = match examples::command()
        .try_get_matches_from(&arguments)
        .and_then(|m| Arguments::from_arg_matches(&m))
    {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version are not errors: they go to standard output and end with 0.
            let status = if error.use_stderr() { 2 } else { 0 };
            // If the terminal has gone away there is nobody left to tell.
            let _ = error.print();
            return ExitCode::from(status);
        }
    };
    let terminal = Terminal::new(&parsed);
    if let Some(finding) = unknown_switch() {
        return ExitCode::from(terminal.refuse(&finding));
    }
    let status = match parsed.command {
        Command::Fit(options) => fit::run(&terminal, &options, &arguments, began),
        Command::Check(options) => check::run(&terminal, &options),
        Command::Explain(options) => explain::run(&terminal, &options),
        Command::Report(options) => report::run(&terminal, &options),
        Command::Runs(options) => runs::run(&terminal, &options),
        Command::Data(options) => data::run(&terminal, &options),
        Command::New(options) => new::run(&terminal, &options),
        Command::Completions(options) => completions::run(&terminal, &options),
        Command::Fmt(options) => fmt::run(&terminal, &options),
        Command::Sweep(options) => sweep::run(&terminal, &options, &arguments),
        Command::Predict(options) => predict::run(&terminal, &options),
        Command::Eval(options) => eval::run(&terminal, &options),
        Command::Man(options) => man::run(&terminal, &options),
        Command::Export(options) => export::run(&terminal, &options),
    };
    ExitCode::from(status)
}

/// O001 for a variable of the environment whose value there is not: a rewrite to be switched off, an instruction set.
fn unknown_switch() -> Option<Diagnostic> {
    if let Some(level) = std::env::var_os(kernels::LEVEL_VARIABLE) {
        let known = kernels::LEVELS.map(|(name, _)| name);
        if !known.iter().any(|name| level == *name) {
            let what =
                format!("`{}` is `{}`, and there is no such level", kernels::LEVEL_VARIABLE, level.display());
            return Some(Diagnostic::new("O001", what).help(format!("there are: {}", known.join(", "))));
        }
    }
    let planner = FUSIONS.iter().map(|f| f.name).chain(ARRANGEMENTS.iter().map(|(name, _)| *name));
    let known: Vec<&str> =
        passes::ALL.iter().map(|p| p.name).chain([passes::of_data::NAME]).chain(planner).collect();
    let unknown = switches::off().iter().find(|name| !known.contains(&name.as_str()))?;
    let what = format!("`{}` names `{unknown}`, and there is no such pass or fusion", switches::VARIABLE);
    Some(Diagnostic::new("O001", what).help(format!("there are: {}", known.join(", "))))
}
