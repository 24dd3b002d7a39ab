//! `bnnc new NAME`: a commented model to start from, which fits as it is.

use super::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use clap::Args;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

/// Write a commented model to start from
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The model's name, or the path of its file
    #[arg(value_name = "NAME")]
    pub name: PathBuf,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let mut path = options.name.clone();
    if path.extension().is_none_or(|e| e != "bnn") {
        path.as_mut_os_string().push(".bnn");
    }
    let shown = path.display().to_string();
    let written = OpenOptions::new().write(true).create_new(true).open(&path);
    if let Err(e) = written.and_then(|mut f| f.write_all(include_str!("starter.bnn").as_bytes())) {
        let finding = match e.kind() {
            ErrorKind::AlreadyExists => {
                Diagnostic::new("O005", format!("{shown} is there already")).help("choose another name")
            }
            _ => Diagnostic::new("O005", format!("cannot write {shown}: {e}")),
        };
        return terminal.refuse(&finding);
    }
    if terminal.is_json {
        terminal.out_json(&json!({ "wrote": shown }));
    } else if !terminal.is_quiet {
        terminal.out(&format!("wrote {shown}; try `bnnc fit {shown}`\n"));
    }
    0
}
