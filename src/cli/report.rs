//! `bnnc report RUN`: the report and the figures of a run, drawn again from its folder.

use super::refused;
use super::terminal::Terminal;
use crate::{report, run_folder};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Draw the report and the figures of a run again
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The run folder
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let [folder] = options.runs.as_slice() else {
        return refused::option(terminal, &[("a report that compares runs", true)]).unwrap_or(1);
    };
    let written =
        run_folder::read(folder).and_then(|run| run_folder::rewrite_extras(folder, &report::extras(&run)));
    if let Err(fault) = written {
        return terminal.refuse(&fault.diagnostic(folder));
    }
    let page = folder.join("report.html").display().to_string();
    if terminal.is_json {
        terminal.out_json(&json!({ "report": page }));
    } else if !terminal.is_quiet {
        terminal.out(&format!("report  {}\n", terminal.bold(&page)));
    }
    0
}
