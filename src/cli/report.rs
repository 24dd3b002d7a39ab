//! `bnnc report RUN`: the report and the figures of a run or a sweep, drawn again from its folder. Several runs are
//! compared.

use super::args::truth;
use super::terminal::Terminal;
use crate::report::compare::{Compared, Standing, standings, words};
use crate::run_folder::Run;
use crate::{report, run_folder};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Draw the report and the figures of a run again, or say which of several runs has the better ELBO
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder of a run or a sweep; with several, they are compared
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// The generator that made the rows, for the ceiling and the true boundary: `moons(noise = 0.43)`
    #[arg(long, value_name = "GENERATOR", value_parser = truth)]
    pub truth: Option<String>,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let [folder] = options.runs.as_slice() else {
        return compare(terminal, &options.runs);
    };
    let written = if run_folder::is_sweep(folder) {
        super::sweep::write_report(folder, options.truth.as_deref()).map(|_| ())
    } else {
        run_folder::read(folder)
            .map(|run| with_truth(run, options.truth.as_deref()))
            .and_then(|run| run_folder::rewrite_extras(folder, &report::extras(&run)))
    };
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

/// The run as if it had been fitted with that `--truth`.
fn with_truth(mut run: Run, truth: Option<&str>) -> Run {
    if let Some(words) = truth {
        run.manifest.truth = words.to_owned();
        run.manifest.verdict = report::verdict(&run);
    }
    run
}

/// Says which run is better by how many nats, or why that cannot be said.
fn compare(terminal: &Terminal, folders: &[PathBuf]) -> u8 {
    let mut runs = vec![];
    for folder in folders {
        let read = run_folder::read_manifest(folder)
            .and_then(|manifest| Ok((manifest, run_folder::read_metrics(folder)?)));
        match read {
            Ok((manifest, metrics)) => {
                runs.push(Compared { name: folder.display().to_string(), manifest, metrics });
            }
            Err(fault) => return terminal.refuse(&fault.diagnostic(folder)),
        }
    }
    let standings = standings(&runs);
    if terminal.is_json {
        let of = |(run, standing): (&Compared, &Standing)| {
            let o = &run.metrics.objective;
            let mut row = json!({ "run": run.name, o.key(): o.value, format!("{}_se", o.key()): o.se });
            match standing {
                Standing::Best => row["best"] = json!(true),
                Standing::Below { nats, se, is_paired } => {
                    row["below_best"] = json!({ "nats": nats, "se": se, "paired": is_paired });
                }
                Standing::Apart(why) => row["not_compared"] = json!(why),
            }
            row
        };
        terminal.out_json(&json!(runs.iter().zip(&standings).map(of).collect::<Vec<_>>()));
    } else {
        terminal.out(&words(&runs, &standings));
    }
    0
}
