//! `bnnc sweep MODEL`: every combination of alternatives, grid values and seeds, in parallel, into one folder.

use super::args::{Setting, pair, truth};
use super::fit::{command_line, complete};
use super::forecast::Forecast;
use super::interrupt::{self, Cells};
use super::progress::{Shown, duration};
use super::terminal::{Terminal, columns, list, wrapped};
use super::{check, clock};
use crate::compile::{self, Asked, FitFailure, Session, Sweep};
use crate::diagnostic::{Diagnostic, Diagnostics, Level};
use crate::infer::progress::{Progress, Silent};
use crate::report::{self, sweep as tell};
use crate::run_folder::{self, CellState, Fault, SweepCell, SweepPlan};
use crate::source::SourceFile;
use clap::Args;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Fit every combination of a model's alternatives, in parallel; one table, one report
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    #[command(flatten)]
    pub setting: Setting,
    /// Vary a constant, a data argument or a fit option; may be repeated
    #[arg(long, value_name = "NAME=V1,V2", value_parser = pair)]
    pub grid: Vec<(String, String)>,
    /// Fit each combination with so many seeds, counted up from that of the model or of --seed
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
    /// The generator that made the rows of a file, for the ceiling and the true boundary: `moons(noise = 0.43)`
    #[arg(long, value_name = "GENERATOR", value_parser = truth)]
    pub truth: Option<String>,
    /// Where the sweep's folder goes; one that is there is gone on with [default: runs/<model name>-sweep]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Begin anew in the place of a sweep that is there already
    #[arg(long)]
    pub force: bool,
}

/// Alternatives shown on the terminal; the rest are in the report.
const SHOWN: usize = 20;
/// The time left is told anew that often.
const TICK: Duration = Duration::from_secs(1);

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options, arguments: &[OsString]) -> u8 {
    let begun = Instant::now();
    let asked = Asked {
        grid: options.grid.iter().map(|(name, values)| (name.clone(), split(values))).collect(),
        choose: options.setting.choose.clone(),
        seeds: options.seeds,
    };
    let source = Session::open(&options.model, compile::Options::default())
        .map_or_else(|_| SourceFile::new("", ""), |s| s.source().clone());
    let base = compile::Options { truth: options.truth.clone(), ..check::compile_options(&options.setting) };
    let planned = compile::plan(&options.model, &base, &asked);
    let mut sweep = match planned {
        Ok(sweep) => sweep,
        Err(findings) => return terminal.fail(&findings, &source, 1),
    };
    sweep.plan.command = command_line(arguments);
    sweep.plan.started = clock::now();
    sweep.plan.truth = options.truth.clone().unwrap_or_default();
    let folder = options.out.clone().unwrap_or_else(|| default_folder(&sweep.plan.model));
    // Begun anew once, a sweep is gone on with.
    let again: Vec<OsString> = arguments.iter().filter(|a| *a != "--force").cloned().collect();
    let resume = command_line(&again);
    let threads = threads(options);
    let work = Work { model: &options.model, folder: &folder, threads, source: &source, resume };
    let (kept, failed) = match work.place(&mut sweep, options.force).and_then(|()| work.all(terminal, &sweep))
    {
        Ok(counts) => counts,
        Err(finding) => return terminal.refuse(&finding),
    };
    match write_report(&folder, None) {
        Ok(gathered) => say(terminal, &gathered, kept, begun.elapsed().as_secs_f64()),
        Err(fault) => return terminal.refuse(&fault.diagnostic(&folder)),
    }
    failed
}

/// Writes the table and the report of a sweep from what its folder holds.
pub(super) fn write_report(folder: &Path, truth: Option<&str>) -> Result<tell::Gathered, Fault> {
    let mut gathered = tell::gather(folder)?;
    if let Some(words) = truth {
        gathered.plan.truth = words.to_owned();
    }
    run_folder::write_table(folder, &gathered.plan, &gathered.states)?;
    run_folder::rewrite_extras(folder, &tell::extras(&gathered))?;
    Ok(gathered)
}

fn default_folder(model: &str) -> PathBuf {
    Path::new("runs").join(format!("{model}-sweep"))
}

fn threads(options: &Options) -> usize {
    let available = std::thread::available_parallelism().map_or(1, |n| n.get());
    options.setting.threads.map_or(available, usize::from).max(1)
}

/// `0.1,1,[a,b]` → `0.1`, `1`, `[a,b]`
fn split(values: &str) -> Vec<String> {
    let mut depth = 0i32;
    let mut parts = vec![String::new()];
    for c in values.chars() {
        depth += i32::from(c == '[') - i32::from(c == ']');
        match parts.last_mut() {
            Some(last) if c != ',' || depth > 0 => last.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts.into_iter().map(|p| p.trim().to_owned()).collect()
}

/// What all cells share.
struct Work<'a> {
    model: &'a Path,
    folder: &'a Path,
    threads: usize,
    source: &'a SourceFile,
    /// The command that goes on after an interruption.
    resume: String,
}

/// What became of a cell.
enum Ended {
    Fitted,
    /// Its exit status, and what to show.
    Failed(u8, Box<Diagnostic>),
}

impl Work<'_> {
    /// Makes the folder, or finds out whether the one that is there can be gone on with.
    fn place(&self, sweep: &mut Sweep, force: bool) -> Result<(), Diagnostic> {
        let shown = |fault: Fault| fault.diagnostic(self.folder);
        if run_folder::is_sweep(self.folder) {
            if force {
                run_folder::remove_sweep(self.folder).map_err(shown)?;
            } else {
                let old = run_folder::read_plan(self.folder).map_err(shown)?;
                adopt(&mut sweep.plan, &old).map_err(|why| self.other_sweep(&why))?;
                run_folder::sweep_up(self.folder, &sweep.plan);
            }
        } else {
            // Anything else that is there stays.
            match run_folder::check_place(self.folder, false) {
                Ok(()) => {}
                Err(Fault::Exists { folder }) => return Err(shown(Fault::InTheWay { folder })),
                Err(fault) => return Err(shown(fault)),
            }
        }
        run_folder::write_plan(self.folder, &sweep.plan).map_err(shown)
    }

    fn other_sweep(&self, why: &str) -> Diagnostic {
        Diagnostic::new("R002", format!("{} holds another sweep: {why}", self.folder.display()))
            .note("a sweep that is there is gone on with if it is of the same model, data and options; more seeds and more values may be added")
            .help("write elsewhere with `--out DIR`, or begin anew in its place with `--force`")
    }

    /// Fits what is not there; how many were, and the exit status.
    fn all(&self, terminal: &Terminal, sweep: &Sweep) -> Result<(usize, u8), Diagnostic> {
        let cells = &sweep.plan.cells;
        let there: Vec<usize> =
            (0..cells.len()).filter(|i| self.folder.join(&cells[*i].folder).is_dir()).collect();
        let missing: Vec<usize> = (0..cells.len()).filter(|i| !there.contains(i)).collect();
        let mut changed = None;
        self.each(
            &there,
            |i| self.is_of_these_rows(sweep, i),
            |ended| {
                if let Some((i, false)) = ended {
                    changed = Some(i);
                }
            },
        );
        if let Some(i) = changed {
            return Err(self.other_sweep(&format!("`{}` was fitted on other rows", cells[i].folder)));
        }
        let counted = Arc::new(Cells { done: AtomicUsize::new(there.len()), all: cells.len() });
        interrupt::stops_sweep(terminal, &counted, &self.resume);
        let mut progress = Shown::new(terminal);
        progress.begin_uneven("sweeping", missing.len() as u64);
        let (mut done, mut status) = (0, 0);
        let forecast = Mutex::new(Forecast::new(cells, &missing, self.threads));
        let begun = Instant::now();
        let seconds = || begun.elapsed().as_secs_f64();
        self.each(
            &missing,
            |i| {
                lock(&forecast).begin(i, seconds());
                let ended = self.cell(sweep, i);
                lock(&forecast).end(i, seconds());
                ended
            },
            |ended| {
                if let Some((_, ended)) = ended {
                    done += 1;
                    if let Ended::Fitted = ended {
                        counted.done.fetch_add(1, Ordering::Relaxed);
                    }
                    if let Ended::Failed(exit, finding) = ended {
                        if !terminal.is_json {
                            progress.warn(&finding);
                        }
                        status = status.max(exit);
                    }
                }
                progress.advance_uneven(done, lock(&forecast).left(seconds()));
            },
        );
        progress.end();
        interrupt::is_over();
        Ok((there.len(), status))
    }

    /// Does something with each of some cells on all threads; results are handled here, in the order they come, and
    /// now and then that there is none.
    fn each<T: Send>(
        &self,
        cells: &[usize],
        one: impl Fn(usize) -> T + Sync,
        mut handle: impl FnMut(Option<(usize, T)>),
    ) {
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..self.threads.min(cells.len()) {
                let own = sender.clone();
                let (next, one) = (&next, &one);
                scope.spawn(move || {
                    while let Some(i) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                        // The receiver lives as long as the scope.
                        let _ = own.send((*i, one(*i)));
                    }
                });
            }
            drop(sender);
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok(result) => handle(Some(result)),
                    Err(mpsc::RecvTimeoutError::Timeout) => handle(None),
                    Err(mpsc::RecvTimeoutError::Disconnected) => break,
                }
            }
        });
    }

    /// Whether a cell that is there was fitted on the rows that would be read now.
    fn is_of_these_rows(&self, sweep: &Sweep, i: usize) -> bool {
        let Ok(session) = Session::open(self.model, sweep.options[i].clone()) else { return true };
        let now = session.fingerprint();
        let then = run_folder::read_manifest(&self.folder.join(&sweep.plan.cells[i].folder));
        match (now, then) {
            (Ok(now), Ok(then)) => now == then.data.fingerprint,
            // A damaged cell is told when the report is made.
            _ => true,
        }
    }

    /// Fits a cell as `bnnc fit` would, with the threads that the others leave.
    fn cell(&self, sweep: &Sweep, i: usize) -> Ended {
        let cell = &sweep.plan.cells[i];
        run_folder::forget_failure(self.folder, cell);
        let at_once = self.threads.min(sweep.plan.cells.len()).max(1);
        let options =
            compile::Options { threads: Some((self.threads / at_once).max(1)), ..sweep.options[i].clone() };
        match self.fitted(cell, &options) {
            Ok(()) => Ended::Fitted,
            Err(failure) => {
                let findings = json!({
                    "diagnostics": list(&failure.diagnostics, self.source), "exit": failure.exit,
                });
                // If even this cannot be written, the exit status still says that the cell failed.
                let _ = run_folder::write_failure(self.folder, cell, &findings);
                Ended::Failed(failure.exit, Box::new(of_cell(&failure.diagnostics, cell)))
            }
        }
    }

    fn fitted(&self, cell: &SweepCell, options: &compile::Options) -> Result<(), FitFailure> {
        let wrong = |diagnostics: Diagnostics| FitFailure { diagnostics, exit: 1 };
        let session = Session::open(self.model, options.clone()).map_err(wrong)?;
        let findings = session.check();
        if findings.has_errors() {
            return Err(wrong(findings));
        }
        let started = clock::now();
        let mut run = compile::fit(&session, &mut Silent)?;
        let place = self.folder.join(&cell.folder);
        complete(&mut run, (&started, &command_line(&alone(self.model, options))));
        run_folder::write(&place, &run, &report::extras(&run), false)
            .map_err(|fault| wrong(fault.diagnostic(&place).into()))
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first error of a cell, told without its place: the whole stands in the file of the cell.
fn of_cell(findings: &Diagnostics, cell: &SweepCell) -> Diagnostic {
    let error = findings.0.iter().find(|f| f.level() == Level::Error).or(findings.0.first()).cloned();
    let mut finding = error.unwrap_or_else(|| Diagnostic::new("X001", "the cell could not be fitted"));
    finding.labels.clear();
    finding.fix = None;
    finding.notes.insert(0, format!("in the cell `{}`; the others go on", cell.folder));
    finding
}

/// The command that fits a cell by itself.
fn alone(model: &Path, options: &compile::Options) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["bnnc", "fit"].map(OsString::from).to_vec();
    words.push(model.into());
    let mut add = |name: &str, value: String| words.extend([name.into(), value.into()]);
    options.choose.iter().for_each(|(n, v)| add("--choose", format!("{n}={v}")));
    options.set.iter().for_each(|(n, v)| add("--set", format!("{n}={v}")));
    options.data.iter().for_each(|file| add("--data", file.clone()));
    options.seed.iter().for_each(|seed| add("--seed", seed.to_string()));
    options.truth.iter().for_each(|truth| add("--truth", truth.clone()));
    words
}

/// Takes over the folders of an older sweep whose cells are all in the new one; says why it cannot.
fn adopt(plan: &mut SweepPlan, old: &SweepPlan) -> Result<(), String> {
    for cell in &old.cells {
        let Some(same) = plan.cells.iter_mut().find(|c| c.identity == cell.identity) else {
            let why = if old.bnnc != plan.bnnc {
                format!("it was made by bnnc {}", old.bnnc)
            } else if old.model_sha256 != plan.model_sha256 {
                "the model file has changed since".to_owned()
            } else {
                format!("`{}` is not among what is to be fitted", cell.folder)
            };
            return Err(why);
        };
        same.folder.clone_from(&cell.folder);
    }
    let is_old = |c: &SweepCell| old.cells.iter().any(|o| o.identity == c.identity);
    let taken: Vec<String> = old.cells.iter().map(|c| c.folder.clone()).collect();
    for cell in plan.cells.iter_mut().filter(|c| !is_old(c)) {
        while taken.contains(&cell.folder) {
            cell.folder.push_str(",new");
        }
    }
    plan.started.clone_from(&old.started);
    Ok(())
}

fn say(terminal: &Terminal, sweep: &tell::Gathered, kept: usize, seconds: f64) {
    let page = sweep.folder.join("report.html").display().to_string();
    let sentences = tell::sentences(sweep);
    if terminal.is_json {
        return terminal.out_json(&to_json(sweep, &page, &sentences, kept));
    }
    if terminal.is_quiet {
        return;
    }
    let fits = sweep.plan.cells.len() - kept;
    let were = if kept > 0 { format!("; {kept} were there already") } else { String::new() };
    let how =
        format!("{} alternatives, {fits} fits in {}{were}", sweep.alternatives.len(), duration(seconds));
    terminal.out(&format!("{} {}\n\n", terminal.bold(&sweep.plan.model), terminal.dim(&how)));
    for sentence in &sentences {
        terminal.out(&wrapped(&sentence.replace('`', ""), 100, 2));
    }
    terminal.out(&format!("\n{}", columns(&tell::table(sweep, SHOWN), 2)));
    if sweep.alternatives.len() > SHOWN {
        terminal.out(&format!("  … and {} more in sweep.csv\n", sweep.alternatives.len() - SHOWN));
    }
    terminal.out(&format!("\n  report  {}\n", terminal.bold(&page)));
}

fn to_json(sweep: &tell::Gathered, page: &str, sentences: &[String], kept: usize) -> Value {
    let cell = |(i, state): (usize, &CellState)| {
        let cell = &sweep.plan.cells[i];
        let values = sweep.plan.dimensions.iter().zip(&cell.values);
        let values: serde_json::Map<_, _> = values.map(|(d, v)| (d.name.clone(), json!(v))).collect();
        let mut row = json!({ "values": values, "seed": cell.seed, "run": sweep.folder.join(&cell.folder).display().to_string() });
        match state {
            CellState::Done(result) => {
                row["status"] = json!("done");
                row["metrics"] = result.metrics.to_json();
                row["warnings"] = json!(result.manifest.warnings);
            }
            CellState::Failed(why) => {
                row["status"] = json!("failed");
                row["error"] = json!(why);
            }
            CellState::Open => row["status"] = json!("open"),
        }
        row
    };
    json!({
        "sweep": sweep.folder.display().to_string(), "report": page, "kept": kept, "failed": sweep.failed(),
        "verdict": sentences, "cells": sweep.states.iter().enumerate().map(cell).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_at_commas_outside_brackets() {
        assert_eq!(split("0.1, 1"), ["0.1", "1"]);
        assert_eq!(split("[a,b],c"), ["[a,b]", "c"]);
        assert_eq!(split("1,"), ["1", ""]);
    }

    #[test]
    fn a_larger_sweep_takes_the_cells_of_a_smaller_one_over() {
        let cell = |identity: &str, folder: &str| SweepCell {
            identity: identity.into(),
            folder: folder.into(),
            ..SweepCell::default()
        };
        let plan = |cells: Vec<SweepCell>| SweepPlan { cells, ..SweepPlan::default() };
        let old = plan(vec![cell("a", "seed=1")]);
        let mut new = plan(vec![cell("b", "seed=1"), cell("a", "sigma=1,seed=1")]);
        adopt(&mut new, &old).unwrap();
        let folders: Vec<&str> = new.cells.iter().map(|c| c.folder.as_str()).collect();
        assert_eq!(folders, ["seed=1,new", "seed=1"]);
        assert!(adopt(&mut plan(vec![cell("b", "seed=1")]), &old).is_err());
    }
}
