//! `bnnc data NAME`: a generated data set as CSV.

use super::args::pair;
use super::terminal::Terminal;
use crate::data::builtin::{WriteError, write_builtin};
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;
use clap::Args;
use std::collections::HashMap;
use std::path::PathBuf;

/// Write a generated data set (moons, circles) as CSV
#[derive(Debug, Args)]
pub(super) struct Options {
    /// moons or circles
    #[arg(value_name = "NAME")]
    pub name: String,
    /// An argument of the generator (n, noise, seed, factor); may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// The same as `--set seed=N`
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let arguments = match arguments(options) {
        Ok(arguments) => arguments,
        Err(finding) => return terminal.refuse(&finding),
    };
    let mut text = vec![];
    match write_builtin(&options.name, &arguments, &mut text) {
        Ok(()) => {}
        Err(WriteError::Wrong(findings)) => return terminal.fail(&findings, &SourceFile::new("", ""), 1),
        Err(WriteError::Output(e)) => return terminal.refuse(&unwritable("the table", &e)),
    }
    match &options.out {
        None => terminal.out(&String::from_utf8_lossy(&text)),
        Some(path) => {
            if let Err(e) = crate::files::replace(path, &text) {
                return terminal.refuse(&unwritable(&path.display().to_string(), &e));
            }
        }
    }
    0
}

fn arguments(options: &Options) -> Result<HashMap<String, f64>, Diagnostic> {
    let number = |(name, value): &(String, String)| {
        let unreadable =
            || Diagnostic::new("O005", format!("`--set {name}={value}`: `{value}` is not a number"));
        let value = value.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(unreadable)?;
        Ok((name.clone(), value))
    };
    let mut arguments = options.set.iter().map(number).collect::<Result<HashMap<_, _>, _>>()?;
    if let Some(seed) = options.seed {
        arguments.insert("seed".to_owned(), seed as f64);
    }
    Ok(arguments)
}

fn unwritable(what: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new("O005", format!("cannot write {what}: {error}"))
}
