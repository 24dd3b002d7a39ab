//! What the contract names and this version cannot do yet: refused by name, never ignored.

use super::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use clap::Args;
use std::ffi::OsString;

/// Whatever follows a command that is refused anyway.
#[derive(Debug, Args)]
pub(super) struct Anything {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<OsString>,
}

/// Refuses a command.
pub(super) fn command(terminal: &Terminal, name: &str) -> u8 {
    terminal.refuse(&yet(format!("`bnnc {name}` is not in this version yet")))
}

fn yet(message: String) -> Diagnostic {
    Diagnostic::new("X001", message).help("`bnnc --help` lists what there is")
}
