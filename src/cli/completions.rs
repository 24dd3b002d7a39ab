//! `bnnc completions SHELL`: a script that lets a shell complete commands and options.

use super::args::Arguments;
use super::terminal::Terminal;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let mut script = vec![];
    generate(options.shell, &mut Arguments::command(), "bnnc", &mut script);
    terminal.out(&String::from_utf8_lossy(&script));
    0
}
