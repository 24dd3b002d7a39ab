//! `bnnc runs [DIR]`: the runs in a folder, the newest first.

use super::clock;
use super::progress::duration;
use super::terminal::{Terminal, columns};
use crate::diagnostic::Diagnostic;
use crate::files;
use crate::run_folder::{Manifest, MetricsFile, read_manifest, read_metrics};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// List the runs in a folder: model, method, ELBO, main metric, age, verdict
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder that holds run folders
    #[arg(value_name = "DIR", default_value = "runs")]
    pub folder: PathBuf,
}

struct Listed {
    folder: PathBuf,
    manifest: Manifest,
    metrics: MetricsFile,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let (mut runs, broken) = match find(&options.folder) {
        Ok(found) => found,
        Err(finding) => return terminal.refuse(&finding),
    };
    runs.sort_by(|a, b| b.manifest.started.cmp(&a.manifest.started).then(a.folder.cmp(&b.folder)));
    for finding in &broken {
        terminal.finding(finding);
    }
    if terminal.is_json {
        terminal.out_json(&json!({ "runs": runs.iter().map(to_json).collect::<Vec<_>>() }));
    } else if runs.is_empty() {
        terminal.out(&format!("no runs in {}\n", options.folder.display()));
    } else {
        let head = ["run", "model", "method", "objective", "metric", "age"].map(String::from).to_vec();
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(runs.iter().map(row)).collect();
        let mut lines = columns(&rows, 0).lines().map(str::to_owned).collect::<Vec<_>>();
        for (line, listed) in lines.iter_mut().skip(1).zip(&runs) {
            if let Some(sentence) = listed.manifest.verdict.first() {
                line.push_str(&format!("\n    {}", terminal.dim(&sentence.replace('`', ""))));
            }
        }
        terminal.out(&(lines.join("\n") + "\n"));
    }
    0
}

fn find(folder: &Path) -> Result<(Vec<Listed>, Vec<Diagnostic>), Diagnostic> {
    let entries = files::list(folder).map_err(|e| {
        Diagnostic::new("R001", format!("cannot list {}: {e}", folder.display()))
            .help("give the folder that holds the runs: `bnnc runs DIR`")
    })?;
    let (mut runs, mut broken) = (vec![], vec![]);
    let candidates = entries.iter().map(|e| folder.join(e)).filter(|p| p.join("manifest.json").is_file());
    let is_whole = |p: &PathBuf| p.file_name().is_some_and(|n| !n.to_string_lossy().starts_with('.'));
    for folder in candidates.filter(is_whole) {
        match read_manifest(&folder).and_then(|m| Ok((m, read_metrics(&folder)?))) {
            Ok((manifest, metrics)) => runs.push(Listed { folder, manifest, metrics }),
            Err(fault) => broken.push(fault.diagnostic(&folder)),
        }
    }
    Ok((runs, broken))
}

fn row(listed: &Listed) -> Vec<String> {
    let m = &listed.manifest;
    let objective = &listed.metrics.objective;
    let value = if objective.value.is_finite() {
        format!("{} {:.2}", objective.key(), objective.value)
    } else {
        String::new()
    };
    vec![
        listed.folder.display().to_string(),
        m.model.clone(),
        method(m),
        value,
        main_metric(&listed.metrics),
        age(m),
    ]
}

fn method(m: &Manifest) -> String {
    m.options.get("method").and_then(Value::as_str).unwrap_or("").to_owned()
}

/// The first metric of the split that was kept from the fit the longest.
fn main_metric(metrics: &MetricsFile) -> String {
    let split = metrics.held_out().or(metrics.splits.first());
    let first = split.and_then(|s| Some((s, s.targets.first()?.values.first()?)));
    first.map(|(s, (name, v))| format!("{} {name} {v:.4}", s.split)).unwrap_or_default()
}

fn age(m: &Manifest) -> String {
    let then = clock::seconds_of(&m.started);
    then.map(|t| duration(clock::seconds_now().saturating_sub(t) as f64)).unwrap_or_default()
}

fn to_json(listed: &Listed) -> Value {
    let m = &listed.manifest;
    json!({
        "run": listed.folder.display().to_string(), "model": m.model, "method": method(m), "started": m.started,
        "metrics": listed.metrics.to_json(), "verdict": m.verdict,
    })
}
