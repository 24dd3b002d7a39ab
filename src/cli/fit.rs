//! `bnnc fit MODEL`: from a model file to a run folder, a verdict and a report.

use super::args::{Setting, truth};
use super::progress::{Shown, duration, grouped};
use super::resume::{self, About, Found, Kept};
use super::terminal::{Terminal, columns, wrapped};
use super::timeline::{Timed, Timeline};
use super::{clock, interrupt, profile};
use crate::compile::{self, Ready, Session};
use crate::engine::{Measured, Profiler};
use crate::report;
use crate::run_folder::{self, MetricsFile, Run};
use crate::source::SourceFile;
use clap::Args;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
    /// Go on with the interrupted fit that was to make this run folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "force"])]
    pub resume: Option<PathBuf>,
    /// Time between two checkpoints, as `10s`, `2m` or `1h`
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = time)]
    pub checkpoint_every: Duration,
    /// The generator that made the rows of a file, for the ceiling and the true boundary: `moons(noise = 0.43)`
    #[arg(long, value_name = "GENERATOR", value_parser = truth)]
    pub truth: Option<String>,
    /// Fit the mode of the same model too, and say which predicts held-out rows better: `map`
    #[arg(long, value_name = "METHOD", value_parser = ["map"])]
    pub compare: Option<String>,
    /// Measure every step of the fit's programs, print where the time goes, and when each part of the run began
    #[arg(long)]
    pub profile: bool,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options, arguments: &[OsString], began: Instant) -> u8 {
    let mut timeline = Timeline::of(began, "reading and checking");
    let place = options.resume.as_ref().or(options.out.as_ref());
    let place = place.cloned().unwrap_or_else(|| default_folder(&options.model));
    let mut compile_options = compile_options(options);
    let earlier = match options.resume.is_some().then(|| resume::find(&place)) {
        None => None,
        Some(Err(fault)) => return terminal.refuse(&fault.diagnostic(&place)),
        Some(Ok(Found::Finished)) => return finished(terminal, &place),
        Some(Ok(Found::Nothing)) => {
            let words = "there is no checkpoint of";
            resume::say(terminal, &format!("{words} {}: beginning again", place.display()));
            None
        }
        Some(Ok(Found::Begun(partial, checkpoint))) => {
            compile_options = with_kept(compile_options, &checkpoint.header.options);
            Some((partial, checkpoint))
        }
    };
    let session = match Session::open(&options.model, compile_options.clone()) {
        Ok(session) => session,
        Err(findings) => return terminal.fail(&findings, &SourceFile::new("", ""), 1),
    };
    let findings = session.check();
    if findings.has_errors() {
        return terminal.fail(&findings, session.source(), 1);
    }
    terminal.findings(&findings, session.source(), false);
    let force = options.force || earlier.as_ref().is_some_and(|(_, c)| c.header.force);
    // A run that takes the place of an interrupted one goes beside it in the end.
    if earlier.is_none()
        && let Err(fault) = run_folder::check_place(&place, force)
    {
        return terminal.refuse(&fault.diagnostic(&place));
    }
    timeline.begin("preparing");
    let started = clock::now();
    let mut progress = Shown::of(terminal, session.source());
    let profiler = if options.profile { Profiler::on() } else { Profiler::default() };
    let ready = match Ready::new(&session) {
        Ok(ready) => ready.profiled(profiler.clone()),
        Err(failure) => return terminal.fail(&failure.diagnostics, session.source(), failure.exit),
    };
    let about = About {
        options: kept_options(&compile_options),
        command: command_line(arguments),
        resume: resume_line(arguments, &place),
        force,
        started,
    };
    let every = options.checkpoint_every;
    let kept = match Kept::new(terminal, &place, every, ready.identity(), about, earlier) {
        Ok(kept) => kept,
        Err(finding) => return terminal.refuse(&finding),
    };
    timeline.end();
    let mut timed = Timed { shown: &mut progress, timeline: &mut timeline };
    let fitted = ready.fit(kept.journal.clone(), &mut timed);
    drop(progress);
    let mut run = match fitted {
        Ok(run) => run,
        Err(failure) if failure.exit == interrupt::INTERRUPTED => return kept.interrupted(),
        Err(failure) => {
            kept.discard();
            return terminal.fail(&failure.diagnostics, session.source(), failure.exit);
        }
    };
    timeline.begin("writing the run folder");
    complete(&mut run, kept.origin());
    let finished = kept.finish(&run);
    timeline.end();
    match finished {
        Ok(folder) => tell(terminal, &run, &folder, options.profile.then(|| (profiler.measured(), timeline))),
        Err(finding) => return terminal.refuse(&finding),
    }
    0
}

/// There is nothing to go on with: the run is there.
fn finished(terminal: &Terminal, place: &Path) -> u8 {
    if terminal.is_json {
        terminal.out_json(&json!({ "run": place.display().to_string(), "finished": true }));
    } else {
        resume::say(terminal, &format!("{} is finished: nothing to do", place.display()));
    }
    0
}

/// The options that a checkpoint keeps. Files are named by whoever resumes: a folder must not say what is read.
fn kept_options(options: &compile::Options) -> Value {
    let options = compile::Options { data: None, threads: None, max_memory: None, ..options.clone() };
    serde_json::to_value(options).unwrap_or_default()
}

/// What the command line leaves open is as it was when the fit began; what it says otherwise is told later, with
/// everything else in which the fits differ.
fn with_kept(given: compile::Options, kept: &Value) -> compile::Options {
    let Ok(kept) = serde_json::from_value::<compile::Options>(kept.clone()) else { return given };
    let steps = if given.epochs.is_some() { None } else { given.steps.or(kept.steps) };
    let epochs = if given.steps.is_some() { None } else { given.epochs.or(kept.epochs) };
    compile::Options {
        set: if given.set.is_empty() { kept.set } else { given.set },
        choose: if given.choose.is_empty() { kept.choose } else { given.choose },
        seed: given.seed.or(kept.seed),
        method: given.method.or(kept.method),
        batch: given.batch.or(kept.batch),
        truth: given.truth.or(kept.truth),
        compare_map: given.compare_map || kept.compare_map,
        steps,
        epochs,
        ..given
    }
}

/// Reads `500ms`, `10s`, `2m`, `1h`.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "write it as `10s`, `2m` or `1h`".to_owned();
    let end = text.find(|c: char| c.is_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

fn compile_options(options: &Options) -> compile::Options {
    compile::Options {
        method: options.method.clone(),
        steps: options.steps,
        epochs: options.epochs,
        batch: options.batch.clone(),
        truth: options.truth.clone(),
        compare_map: options.compare.is_some(),
        ..super::check::compile_options(&options.setting)
    }
}

fn default_folder(model: &Path) -> PathBuf {
    let name = model.file_stem().unwrap_or_else(|| "model".as_ref());
    Path::new("runs").join(name)
}

/// Adds what only the outermost layer knows: the time, the command, the words.
pub(super) fn complete(run: &mut Run, (started, command): (&str, &str)) {
    let m = &mut run.manifest;
    (m.started, m.command) = (started.to_owned(), command.to_owned());
    m.peak_rss_mib = m.peak_rss_mib.or_else(clock::peak_rss_mib);
    if run.manifest.verdict.is_empty() {
        run.manifest.verdict = report::verdict(run);
    }
}

/// The command that goes on with an interrupted fit.
fn resume_line(arguments: &[OsString], place: &Path) -> String {
    let mut kept: Vec<OsString> = vec![];
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        match text.as_ref() {
            "--out" | "--resume" => {
                rest.next();
            }
            "--force" => {}
            _ if text.starts_with("--out=") || text.starts_with("--resume=") => {}
            _ => kept.push(argument.clone()),
        }
    }
    kept.extend(["--resume".into(), place.as_os_str().to_owned()]);
    command_line(&kept)
}

/// The command as it could be typed again.
pub(super) fn command_line(arguments: &[OsString]) -> String {
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

fn tell(terminal: &Terminal, run: &Run, folder: &Path, measured: Option<(Vec<Measured>, Timeline)>) {
    let m = &run.manifest;
    let page = folder.join("report.html");
    if terminal.is_json {
        let mut result = json!({ "run": folder.display().to_string(), "report": page.display().to_string() });
        if let (Value::Object(result), Value::Object(metrics)) = (&mut result, run.metrics.to_json()) {
            result.extend(metrics);
            result.insert("verdict".into(), json!(m.verdict));
            result.insert("warnings".into(), json!(m.warnings));
            result.insert("fit_s".into(), json!(m.fit_s));
            if let Some((programs, timeline)) = &measured {
                result.insert("profile".into(), profile::to_json(programs));
                result.insert("timeline".into(), timeline.to_json());
            }
        }
        return terminal.out_json(&result);
    }
    let table = measured.map(|(programs, timeline)| {
        format!("{}\n{}", profile::table(&programs, m.fit_s, m.threads), timeline.table())
    });
    if terminal.is_quiet {
        return terminal.out(&table.unwrap_or_default());
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
    if let Some(table) = table {
        terminal.out(&format!("\n{table}"));
    }
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
    fn times_are_read_with_their_units() {
        let seconds = |t: &str| time(t).map(|d| d.as_secs_f64());
        assert_eq!([seconds("10s"), seconds("2m"), seconds("1.5h")], [Ok(10.0), Ok(120.0), Ok(5400.0)]);
        assert!(["", "10", "s", "2 weeks", "-1s", "nans", "1e400s"].iter().all(|t| time(t).is_err()));
    }

    #[test]
    fn the_command_that_resumes_says_the_rest_again() {
        let arguments = ["bnnc", "fit", "m.bnn", "--out", "a b", "--force", "--steps=3"].map(OsString::from);
        let line = resume_line(&arguments, Path::new("a b"));
        assert_eq!(line, "bnnc fit m.bnn --steps=3 --resume 'a b'");
    }

    #[test]
    fn what_the_command_line_leaves_open_is_as_it_was() {
        let kept = compile::Options { seed: Some(3), steps: Some(9), ..compile::Options::default() };
        let resumed = with_kept(compile::Options::default(), &kept_options(&kept));
        assert_eq!(resumed, kept);
        let given = compile::Options { epochs: Some(2), ..compile::Options::default() };
        let resumed = with_kept(given, &kept_options(&kept));
        assert_eq!((resumed.seed, resumed.steps, resumed.epochs), (Some(3), None, Some(2)));
    }

    #[test]
    fn a_run_is_named_after_its_model() {
        assert_eq!(default_folder(Path::new("models/moons.bnn")), Path::new("runs/moons"));
    }
}
