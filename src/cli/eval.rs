//! `bnnc eval RUN --data FILE`: the metrics of a fitted run on new rows with their targets.

use super::new_data::{Input, Work, loaded};
use super::progress::grouped;
use super::terminal::{Terminal, columns};
use crate::compile::fitted::{Asked, Batch, FittedModel};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::report;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Measure a fitted run on new rows with their targets: the metrics of metrics.json
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// New rows with their targets: a file, `-` for standard input, a folder of pictures, or a source as in a model
    #[arg(long, value_name = "FILE")]
    pub data: String,
    #[command(flatten)]
    pub work: Work,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let fitted = match loaded(terminal, &options.run) {
        Ok(fitted) => fitted,
        Err(status) => return status,
    };
    let input = Input::new(&options.data);
    let asked = Asked { wants_targets: true, rows: usize::MAX, ..options.work.asked() };
    match measured(terminal, &fitted, &input, asked) {
        Ok(batch) => {
            tell(terminal, options, &batch);
            0
        }
        Err(findings) => terminal.fail(&findings, &fitted.source, 1),
    }
}

/// All rows at once: some metrics are no means over rows.
fn measured(
    terminal: &Terminal,
    fitted: &FittedModel,
    input: &Input,
    asked: Asked,
) -> Result<Batch, Diagnostics> {
    let data_options = fitted.data_options();
    let opened = fitted.open(&input.name, input)?;
    let mut predicting = fitted.predicting(&input.shown(), opened, &data_options, asked)?;
    let mut progress = input.progress(terminal, "evaluating");
    match predicting.next(&mut |share| progress.advance(share))? {
        Some(batch) if !batch.table.rows.is_empty() => Ok(batch),
        _ => Err(Diagnostic::new("D017", format!("{} has no rows", input.shown())).into()),
    }
}

fn tell(terminal: &Terminal, options: &Options, batch: &Batch) {
    let metrics = batch.metrics();
    if terminal.is_json {
        let run = options.run.display().to_string();
        let all = json!({ "run": run, "data": options.data, "left_out": batch.left_out, "metrics": metrics.to_json() });
        return terminal.out_json(&all);
    }
    if batch.left_out > 0 {
        let left_out = grouped(batch.left_out as u64);
        terminal.note(&format!("{left_out} rows lack a value that the model needs and were left out"));
    }
    for target in &metrics.targets {
        let head = ["target".to_owned(), "rows".to_owned()]
            .into_iter()
            .chain(target.values.iter().map(|(n, _)| n.clone()));
        let values = target.values.iter().map(|(_, v)| report::number::metric(*v));
        let row = [target.target.clone(), grouped(metrics.rows as u64)].into_iter().chain(values);
        terminal.out(&columns(&[head.collect(), row.collect()], 0));
    }
}
