//! `bnnc predict RUN --data FILE`: what a fitted model says of new rows.

use super::new_data::{Input, loaded};
use super::progress::grouped;
use super::terminal::Terminal;
use crate::compile::fitted::{Asked, FittedModel, Levels};
use crate::diagnostic::Diagnostic;
use crate::export::{FORMATS, Table, format_of, predicted_columns};
use crate::files::Pending;
use crate::run_folder::Cells;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Predict new rows with a fitted run: mean, sd, quantiles or class probabilities, and the parts of the uncertainty
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// New rows: a file, `-` for standard input, a folder of pictures, or a source as in a model; columns are found
    /// by name, others are ignored, and the target may be absent
    #[arg(long, value_name = "FILE")]
    pub data: String,
    /// Where the predictions go, in the format of its name: .csv, .tsv (also .gz), .json, .npy, .npz, .parquet [default: CSV on
    /// standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What becomes of a level of a factor that the fit did not know
    #[arg(long, value_name = "WHAT", default_value = "error", hide_possible_values = true)]
    pub unknown_level: UnknownLevel,
    /// Quantiles of numbers, between 0 and 1
    #[arg(long, value_name = "P,…", value_delimiter = ',', value_parser = share)]
    pub quantiles: Vec<f64>,
    /// Add what each draw says: a value drawn, or the probability of each class
    #[arg(long)]
    pub draws: bool,
    #[command(flatten)]
    pub work: super::new_data::Work,
}

/// What becomes of a level that the fit did not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum UnknownLevel {
    /// it is named, and nothing is predicted
    Error,
    /// its own unknowns are drawn from their prior, given the others
    Global,
}

/// A number between 0 and 1.
fn share(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(p) if p > 0.0 && p < 1.0 => Ok(p),
        _ => Err("a number between 0 and 1 is wanted, such as 0.05".to_owned()),
    }
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let fitted = match loaded(terminal, &options.run) {
        Ok(fitted) => fitted,
        Err(status) => return status,
    };
    let asked = Asked {
        keeps_draws: options.draws,
        levels: match options.unknown_level {
            UnknownLevel::Error => Levels::Error,
            UnknownLevel::Global => Levels::Global,
        },
        ..options.work.asked()
    };
    let asked = match options.quantiles.as_slice() {
        [] => asked,
        shares => Asked { quantiles: shares.to_vec(), ..asked },
    };
    let out = match Out::open(options.out.as_deref(), terminal.is_json) {
        Ok(out) => out,
        Err(finding) => return terminal.refuse(&finding),
    };
    let input = Input::new(&options.data);
    match predict(terminal, &fitted, &input, options, asked, out) {
        Ok(()) => 0,
        Err(Stop::Findings(findings)) => terminal.fail(&findings, &fitted.source, 1),
        // A reader that has seen enough (`| head`) closes the pipe; that is no failure of ours.
        Err(Stop::Writing(fault)) if fault.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(Stop::Writing(fault)) => {
            let place =
                options.out.as_ref().map_or("standard output".to_owned(), |p| p.display().to_string());
            terminal.refuse(&not_written(&place, &fault))
        }
    }
}

/// Why there are no more predictions.
enum Stop {
    Findings(crate::diagnostic::Diagnostics),
    Writing(std::io::Error),
}

impl From<crate::diagnostic::Diagnostics> for Stop {
    fn from(findings: crate::diagnostic::Diagnostics) -> Stop {
        Stop::Findings(findings)
    }
}

impl From<std::io::Error> for Stop {
    fn from(fault: std::io::Error) -> Stop {
        Stop::Writing(fault)
    }
}

fn predict(
    terminal: &Terminal,
    fitted: &FittedModel,
    input: &Input,
    options: &Options,
    asked: Asked,
    mut out: Out,
) -> Result<(), Stop> {
    let data_options = fitted.data_options();
    let opened = fitted.open(&input.name, input)?;
    let shares = asked.quantiles.clone();
    let mut predicting = fitted.predicting(&input.shown(), opened, &data_options, asked)?;
    let has_targets = predicting.has_targets;
    let mut progress = input.progress(terminal, "predicting");
    let (mut rows, mut left_out) = (0, 0);
    while let Some(batch) = predicting.next(&mut |share| progress.advance(share))? {
        progress.next();
        rows += batch.table.rows.len();
        left_out += batch.left_out;
        if !batch.table.rows.is_empty() {
            let (quantiles, draws) = (&batch.quantiles, &batch.draws);
            out.rows(&predicted_columns(&batch.table, quantiles, draws, &shares, has_targets))?;
        }
    }
    drop(progress);
    if predicting.read() == 0 {
        return Err(Stop::Findings(Diagnostic::new("D017", format!("{} has no rows", input.shown())).into()));
    }
    out.finish()?;
    if left_out > 0 {
        terminal.note(&format!(
            "{} rows lack a value that the model needs and were left out",
            grouped(left_out as u64)
        ));
    }
    if let Some(place) = &options.out {
        let place = place.display().to_string();
        if terminal.is_json {
            terminal.out_json(&json!({ "out": place, "rows": rows, "left_out": left_out }));
        } else {
            terminal.note(&format!("{} rows predicted: {place}", grouped(rows as u64)));
        }
    }
    Ok(())
}

/// Where a table goes: a file under a temporary name that is renamed when it is whole, or standard output.
struct Out {
    table: Box<dyn Table>,
    pending: Option<Pending>,
}

impl Out {
    fn open(path: Option<&Path>, is_json: bool) -> Result<Out, Diagnostic> {
        let Some(path) = path.filter(|p| p.as_os_str() != "-") else {
            let format = format_of(if is_json { ".json" } else { ".csv" });
            let format = format.ok_or_else(|| Diagnostic::new("X001", "no format"))?;
            let stdout = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout());
            return Ok(Out { table: format(Box::new(stdout)), pending: None });
        };
        let shown = path.display().to_string();
        let Some(format) = format_of(&shown) else {
            let known: Vec<&str> = FORMATS.iter().map(|(end, _)| *end).collect();
            let what = match shown.to_ascii_lowercase().ends_with(".parquet") {
                true => Diagnostic::new(
                    "X001",
                    "this build of bnnc writes no Parquet: it has not the feature `parquet`",
                ),
                false => Diagnostic::new(
                    "D015",
                    format!("cannot write {shown}: its name does not say in what format"),
                ),
            };
            return Err(what.note(format!("known are {}", known.join(", "))));
        };
        let (pending, file) = Pending::file(path).map_err(|fault| not_written(&shown, &fault))?;
        let file = std::io::BufWriter::with_capacity(1 << 16, file);
        Ok(Out { table: format(Box::new(file)), pending: Some(pending) })
    }

    fn rows(&mut self, columns: &[(String, Cells)]) -> std::io::Result<()> {
        self.table.rows(columns)
    }

    fn finish(self) -> std::io::Result<()> {
        self.table.finish()?;
        self.pending.map_or(Ok(()), Pending::finish)
    }
}

/// D015: an output that cannot be written.
pub(super) fn not_written(place: &str, fault: &std::io::Error) -> Diagnostic {
    Diagnostic::new("D015", format!("cannot write {place}: {fault}"))
        .help("see to it that its folder is there, that you may write there, and that the disk is not full")
}
