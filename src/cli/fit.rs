//! `bnnc fit MODEL`: from a model file to a run folder, a verdict and a report.

use super::args::Setting;
use super::progress::{Shown, duration, grouped};
use super::terminal::{Terminal, columns, wrapped};
use super::{clock, refused};
use crate::compile::{self, Session};
use crate::report;
use crate::run_folder::{self, Fault, MetricsFile, Run};
use crate::source::SourceFile;
use clap::Args;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Compile a model, fit it, evaluate it on the held-out rows, and write a run folder with a report
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    #[command(flatten)]
    pub setting: Setting,
    /// Inference method [default: the model's, or advi]
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,
    /// Optimiser steps, in place of the model's steps or epochs
    #[arg(long, value_name = "N", conflicts_with = "epochs")]
    pub steps: Option<u64>,
    /// Passes over the training rows, in place of the model's steps or epochs
    #[arg(long, value_name = "N")]
    pub epochs: Option<u64>,
    /// Rows in a step, or `all`
    #[arg(long, value_name = "N")]
    pub batch: Option<String>,
    /// Where the run folder goes [default: runs/<model name>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace a run that is there already
    #[arg(long)]
    pub force: bool,
    #[arg(long, value_name = "DIR", hide = true)]
    resume: Option<PathBuf>,
    #[arg(long, value_name = "TIME", hide = true)]
    checkpoint_every: Option<String>,
    #[arg(long, hide = true)]
    profile: bool,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options, arguments: &[OsString]) -> u8 {
    let refused = [
        ("--resume", options.resume.is_some()),
        ("--checkpoint-every", options.checkpoint_every.is_some()),
        ("--profile", options.profile),
    ];
    if let Some(status) = refused::option(terminal, &refused) {
        return status;
    }
    let session = match Session::open(&options.model, compile_options(options)) {
        Ok(session) => session,
        Err(findings) => return terminal.fail(&findings, &SourceFile::new("", ""), 1),
    };
    let findings = session.check();
    if findings.has_errors() {
        return terminal.fail(&findings, session.source(), 1);
    }
    terminal.findings(&findings, session.source(), false);
    let folder = options.out.clone().unwrap_or_else(|| default_folder(&options.model));
    if let Err(fault) = run_folder::check_place(&folder, options.force) {
        return terminal.refuse(&fault.diagnostic(&folder));
    }
    let started = clock::now();
    let mut progress = Shown::new(terminal);
    let fitted = compile::fit(&session, &mut progress);
    drop(progress);
    let mut run = match fitted {
        Ok(run) => run,
        Err(failure) => return terminal.fail(&failure.diagnostics, session.source(), failure.exit),
    };
    complete(&mut run, started, arguments);
    match write(&folder, &run, options.force) {
        Ok(folder) => tell(terminal, &run, &folder),
        Err(fault) => return terminal.refuse(&fault.diagnostic(&folder)),
    }
    0
}

/// Writes the run; where another one has appeared during the fit, beside it, because a fit may have taken hours.
fn write(folder: &Path, run: &Run, force: bool) -> Result<PathBuf, Fault> {
    let extras = report::extras(run);
    let beside = (2..100).map(|i| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        folder.with_file_name(format!("{name}-{i}"))
    });
    for place in std::iter::once(folder.to_path_buf()).chain(beside) {
        match run_folder::write(&place, run, &extras, force) {
            Ok(()) => return Ok(place),
            Err(Fault::Exists { .. } | Fault::InTheWay { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::Exists { folder: folder.to_path_buf() })
}

fn compile_options(options: &Options) -> compile::Options {
    compile::Options {
        method: options.method.clone(),
        steps: options.steps,
        epochs: options.epochs,
        batch: options.batch.clone(),
        ..super::check::compile_options(&options.setting)
    }
}

fn default_folder(model: &Path) -> PathBuf {
    let name = model.file_stem().unwrap_or_else(|| "model".as_ref());
    Path::new("runs").join(name)
}

/// Adds what only the outermost layer knows: the time, the command, the words.
fn complete(run: &mut Run, started: String, arguments: &[OsString]) {
    let m = &mut run.manifest;
    m.started = started;
    m.command = command_line(arguments);
    m.peak_rss_mib = m.peak_rss_mib.or_else(clock::peak_rss_mib);
    if run.manifest.verdict.is_empty() {
        run.manifest.verdict = report::verdict(run);
    }
}

/// The command as it could be typed again.
fn command_line(arguments: &[OsString]) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_=./,+:@%".contains(c);
    let quoted = |a: &OsString| {
        let text = a.to_string_lossy();
        if !text.is_empty() && text.chars().all(is_plain) {
            text.into_owned()
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    let rest = arguments.iter().skip(1).map(quoted);
    std::iter::once("bnnc".to_owned()).chain(rest).collect::<Vec<_>>().join(" ")
}

fn tell(terminal: &Terminal, run: &Run, folder: &Path) {
    let m = &run.manifest;
    let page = folder.join("report.html");
    if terminal.is_json {
        let mut result = json!({ "run": folder.display().to_string(), "report": page.display().to_string() });
        if let (Value::Object(result), Value::Object(metrics)) = (&mut result, run.metrics.to_json()) {
            result.extend(metrics);
            result.insert("verdict".into(), json!(m.verdict));
            result.insert("warnings".into(), json!(m.warnings));
            result.insert("fit_s".into(), json!(m.fit_s));
        }
        return terminal.out_json(&result);
    }
    if terminal.is_quiet {
        return;
    }
    let speed = if m.steps_per_s.is_finite() {
        format!(", {} a second", grouped(m.steps_per_s.round() as u64))
    } else {
        String::new()
    };
    let how = format!(
        "fitted in {} ({} steps{speed}), evaluated in {}",
        duration(m.fit_s),
        grouped(m.steps),
        duration(m.eval_s)
    );
    terminal.out(&format!("{} {}\n\n", terminal.bold(&m.model), terminal.dim(&how)));
    for sentence in &m.verdict {
        terminal.out(&wrapped(&sentence.replace('`', ""), 100, 2));
    }
    terminal.out(&format!("\n{}", tables(&run.metrics)));
    terminal.out(&format!("\n  report  {}\n", terminal.bold(&page.display().to_string())));
}

/// One table per target: a row per split, a column per metric.
fn tables(metrics: &MetricsFile) -> String {
    let mut names: Vec<&str> = vec![];
    for target in metrics.splits.iter().flat_map(|s| &s.targets) {
        if !names.contains(&target.target.as_str()) {
            names.push(&target.target);
        }
    }
    names
        .iter()
        .map(|target| columns(&table(metrics, target, names.len() > 1), 2))
        .collect::<Vec<_>>()
        .join("\n")
}

fn table(metrics: &MetricsFile, target: &str, with_name: bool) -> Vec<Vec<String>> {
    let mut rows = vec![];
    for split in &metrics.splits {
        let Some(of) = split.targets.iter().find(|t| t.target == target) else { continue };
        if rows.is_empty() {
            let corner = if with_name { target.to_owned() } else { String::new() };
            let names = of.values.iter().map(|(n, _)| n.clone());
            rows.push([corner, "rows".to_owned()].into_iter().chain(names).collect());
        }
        let values = of.values.iter().map(|(_, v)| report::number::metric(*v));
        rows.push([split.split.clone(), grouped(split.rows as u64)].into_iter().chain(values).collect());
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_typed_again() {
        let arguments = ["target/release/bnnc", "fit", "my model.bnn", "--set", "n=3"].map(OsString::from);
        assert_eq!(command_line(&arguments), "bnnc fit 'my model.bnn' --set n=3");
    }

    #[test]
    fn a_place_that_was_taken_during_the_fit_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("moons");
        let run = Run::default();
        assert_eq!(write(&folder, &run, false).unwrap(), folder);
        assert_eq!(write(&folder, &run, false).unwrap(), place.path().join("moons-2"));
        assert_eq!(write(&folder, &run, true).unwrap(), folder);
    }

    #[test]
    fn a_run_is_named_after_its_model() {
        assert_eq!(default_folder(Path::new("models/moons.bnn")), Path::new("runs/moons"));
    }
}
