//! A sweep's folder: `sweep.json` says what is to be fitted, `sweep.csv` what came of it, each cell is a run folder.
//!
//! ```text
//! runs/moons-sweep/ { sweep.json  sweep.csv  report.html  prior=normal,scale=fixed,sigma=1,seed=1/ …  }
//! ```
//!
//! Unlike a run it is there from the beginning: cells appear in it whole, one by one, so that an interrupted sweep
//! keeps what is done. A cell that failed leaves `NAME.failed.json` with its findings.

use super::error::Fault;
use super::tables::to_csv;
use super::{Manifest, MetricsFile, manifest};
use crate::files;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// `sweep.json`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepPlan {
    /// Version of the layout.
    pub format: u32,
    /// Version of the program.
    pub bnnc: String,
    /// The model's name: the stem of its file.
    pub model: String,
    /// SHA-256 of its source.
    pub model_sha256: String,
    /// The source itself.
    #[serde(default)]
    pub model_text: String,
    /// The command that makes this sweep again, or goes on with it.
    #[serde(default)]
    pub command: String,
    /// When it began, in UTC.
    #[serde(default)]
    pub started: String,
    /// The generator that made the rows, where it was declared.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub truth: String,
    /// What varies: `prior` over `normal, laplace`.
    pub dimensions: Vec<Dimension>,
    /// Combinations, seeds left aside, before equal ones were put together.
    #[serde(default)]
    pub combinations: usize,
    /// What is fitted.
    pub cells: Vec<SweepCell>,
}

/// Something that varies over a sweep: a `choose`, or a name of `--grid`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// `prior`
    pub name: String,
    /// Its labels or values, in order.
    pub values: Vec<String>,
}

/// One fit of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepCell {
    /// For each dimension the value; none where it makes no difference to this model.
    pub values: Vec<Option<String>>,
    /// The seed of the fit.
    pub seed: u64,
    /// Its run folder, relative to the sweep's.
    pub folder: String,
    /// A hash of everything that the fit depends on but the rows themselves.
    pub identity: String,
}

/// What came of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum CellState {
    /// its run, without what is large
    Done(Box<CellResult>),
    /// code and message of the first finding
    Failed(String),
    /// it was not reached
    Open,
}

/// The small files of a cell's run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellResult {
    /// `manifest.json`
    pub manifest: Manifest,
    /// `metrics.json`
    pub metrics: MetricsFile,
}

const PLAN: &str = "sweep.json";
/// Bytes of a file of the plan beyond which it is refused.
const LARGEST: u64 = 1 << 28;

impl Default for SweepPlan {
    fn default() -> Self {
        SweepPlan {
            format: manifest::FORMAT,
            bnnc: env!("CARGO_PKG_VERSION").to_owned(),
            model: String::new(),
            model_sha256: String::new(),
            model_text: String::new(),
            command: String::new(),
            started: String::new(),
            truth: String::new(),
            dimensions: vec![],
            combinations: 0,
            cells: vec![],
        }
    }
}

impl SweepPlan {
    /// The seeds, in order.
    pub fn seeds(&self) -> Vec<u64> {
        let mut seeds: Vec<u64> = self.cells.iter().map(|c| c.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        seeds
    }
}

/// Whether a folder is that of a sweep.
pub fn is_sweep(folder: &Path) -> bool {
    folder.join(PLAN).is_file()
}

/// Reads `sweep.json`.
pub fn read_plan(folder: &Path) -> Result<SweepPlan, Fault> {
    let path = folder.join(PLAN);
    let bytes = files::read(&path, LARGEST).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Fault::Missing { file: PLAN.to_owned() },
        _ => Fault::system("read", &path, &e),
    })?;
    let damaged = |e: serde_json::Error| Fault::damaged(PLAN, e.to_string());
    let value: Value = serde_json::from_slice(&bytes).map_err(damaged)?;
    let found = value.get("format").and_then(Value::as_u64).unwrap_or(0);
    if found > u64::from(manifest::FORMAT) {
        let found = found.try_into().unwrap_or(u32::MAX);
        return Err(Fault::Newer { found, known: manifest::FORMAT });
    }
    let plan: SweepPlan = serde_json::from_value(value).map_err(damaged)?;
    let is_sound = |c: &SweepCell| {
        c.values.len() == plan.dimensions.len()
            && !c.folder.is_empty()
            && !c.folder.starts_with('.')
            && !c.folder.contains(['/', '\\', '\0'])
    };
    match plan.cells.iter().find(|c| !is_sound(c)) {
        Some(cell) => Err(Fault::damaged(PLAN, format!("the cell `{}` is not one", cell.folder))),
        None => Ok(plan),
    }
}

/// Makes the folder, if it is not there, and writes `sweep.json`.
pub fn write_plan(folder: &Path, plan: &SweepPlan) -> Result<(), Fault> {
    files::create_folders(folder).map_err(|e| Fault::system("create", folder, &e))?;
    let mut text = serde_json::to_vec_pretty(plan).map_err(|e| Fault::damaged(PLAN, e.to_string()))?;
    text.push(b'\n');
    put(folder, PLAN, &text)
}

/// Takes a sweep's folder away as a whole; what is not a sweep stays.
pub fn remove_sweep(folder: &Path) -> Result<(), Fault> {
    if !is_sweep(folder) {
        return Err(Fault::InTheWay { folder: folder.to_path_buf() });
    }
    files::remove_folder(folder).map_err(|e| Fault::system("remove", folder, &e))
}

/// Removes what an interrupted sweep left under temporary names.
pub fn sweep_up(folder: &Path, plan: &SweepPlan) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = |c: &SweepCell| name.starts_with(&format!(".{}.writing-", c.folder));
        if plan.cells.iter().any(is_ours) {
            // A remnant that stays is never taken for a run.
            let _ = files::remove_folder(&entry.path());
        }
    }
}

/// Reads what there is of a cell.
pub fn read_cell(folder: &Path, cell: &SweepCell) -> CellState {
    let own = folder.join(&cell.folder);
    if let Ok(text) = files::read(&failed_path(folder, cell), LARGEST) {
        let value: Value = serde_json::from_slice(&text).unwrap_or_default();
        let first = value.pointer("/diagnostics/0");
        let part = |name: &str| first.and_then(|d| d.get(name)).and_then(Value::as_str).unwrap_or("");
        return CellState::Failed(format!("{}: {}", part("code"), part("message")));
    }
    if !own.is_dir() {
        return CellState::Open;
    }
    let result = super::read_manifest(&own)
        .and_then(|manifest| Ok(CellResult { manifest, metrics: super::read_metrics(&own)? }));
    match result {
        Ok(result) => CellState::Done(Box::new(result)),
        Err(fault) => CellState::Failed(format!("R001: {fault}")),
    }
}

fn failed_path(folder: &Path, cell: &SweepCell) -> PathBuf {
    folder.join(format!("{}.failed.json", cell.folder))
}

/// Keeps the findings of a cell that failed.
pub fn write_failure(folder: &Path, cell: &SweepCell, findings: &Value) -> Result<(), Fault> {
    let path = failed_path(folder, cell);
    files::replace(&path, format!("{findings:#}\n").as_bytes()).map_err(|e| Fault::system("write", &path, &e))
}

/// Forgets an earlier failure, because the cell is fitted again.
pub fn forget_failure(folder: &Path, cell: &SweepCell) {
    // Mostly there is none.
    let _ = fs::remove_file(failed_path(folder, cell));
}

/// Writes `sweep.csv`: a row per cell.
pub fn write_table(folder: &Path, plan: &SweepPlan, states: &[CellState]) -> Result<(), Fault> {
    put(folder, "sweep.csv", table(plan, states).as_bytes())
}

/// Writes a file of the sweep by renaming it into place.
pub fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Fault> {
    let path = folder.join(name);
    files::replace(&path, bytes).map_err(|e| Fault::system("write", &path, &e))
}

/// The metrics of a result by the names of their columns: `valid_nll`, or `valid_y_nll` with several targets.
pub fn metric_columns(metrics: &MetricsFile) -> Vec<(String, f64)> {
    let mut out = vec![];
    for split in &metrics.splits {
        out.push((format!("{}_rows", split.split), split.rows as f64));
        for target in &split.targets {
            let middle = if split.targets.len() > 1 { format!("{}_", target.target) } else { String::new() };
            out.extend(target.values.iter().map(|(n, v)| (format!("{}_{middle}{n}", split.split), *v)));
        }
    }
    out.extend(metrics.extra.iter().cloned());
    out
}

/// The content of `sweep.csv`.
fn table(plan: &SweepPlan, states: &[CellState]) -> String {
    let done = |s: &CellState| match s {
        CellState::Done(result) => metric_columns(&result.metrics),
        CellState::Failed(_) | CellState::Open => vec![],
    };
    let metrics: Vec<Vec<(String, f64)>> = states.iter().map(done).collect();
    let mut names: Vec<&str> = vec![];
    for (name, _) in metrics.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let fixed = ["seed", "status", "elbo", "elbo_se", "objective", "objective_se"];
    let times = ["compile_s", "fit_s", "eval_s", "steps", "warnings", "folder", "error"];
    let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let header: Vec<String> = plan.dimensions.iter().map(|d| d.name.clone()).chain(owned(&fixed)).collect();
    let header = [header, owned(&names), owned(&times)].concat();
    let row = |(i, cell): (usize, &SweepCell)| {
        let mut row: Vec<String> = cell.values.iter().map(|v| v.clone().unwrap_or_default()).collect();
        row.push(cell.seed.to_string());
        let number = |v: f64| v.to_string();
        match states.get(i) {
            Some(CellState::Done(result)) => {
                let (o, m) = (&result.metrics.objective, &result.manifest);
                let values = [number(o.value), number(o.se)];
                row.push("done".into());
                let nothing = [String::new(), String::new()];
                row.extend(if o.is_elbo { [values, nothing] } else { [nothing, values] }.concat());
                let of = |name: &&str| metrics[i].iter().find(|(n, _)| n == *name).map(|(_, v)| number(*v));
                row.extend(names.iter().map(|n| of(n).unwrap_or_default()));
                row.extend([m.compile_s, m.fit_s, m.eval_s].map(number));
                row.push(m.steps.to_string());
                let codes: Vec<&str> = m.warnings.iter().filter_map(|w| w.split(':').next()).collect();
                row.extend([codes.join(" "), cell.folder.clone(), String::new()]);
            }
            other => {
                let (word, why) = match other {
                    Some(CellState::Failed(why)) => ("failed", why.clone()),
                    _ => ("open", String::new()),
                };
                row.push(word.into());
                row.extend(vec![String::new(); 4 + names.len() + 5]);
                row.extend([cell.folder.clone(), why]);
            }
        }
        row
    };
    to_csv(&header, plan.cells.iter().enumerate().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_folder::{Objective, SplitMetrics, TargetMetrics};

    fn plan() -> SweepPlan {
        let cell = |value: Option<&str>, seed: u64| SweepCell {
            values: vec![value.map(str::to_owned)],
            seed,
            folder: format!("prior={},seed={seed}", value.unwrap_or_default()),
            identity: format!("{value:?}"),
        };
        SweepPlan {
            dimensions: vec![Dimension { name: "prior".into(), values: vec!["a".into(), "b".into()] }],
            cells: vec![cell(Some("a"), 1), cell(None, 1), cell(Some("b"), 1)],
            ..SweepPlan::default()
        }
    }

    #[test]
    fn every_row_of_the_table_has_every_column() {
        let targets = vec![TargetMetrics { target: "y".into(), values: vec![("nll".into(), 0.5)] }];
        let metrics = MetricsFile {
            rungs: vec![],
            objective: Objective { is_elbo: false, value: -1.0, se: 0.1 },
            splits: vec![SplitMetrics { split: "valid".into(), rows: 3, targets }],
            extra: vec![("k_hat".into(), 0.5)],
        };
        let manifest = Manifest { warnings: vec!["P001: flat, and \"so\" on".into()], ..Manifest::default() };
        let done = CellState::Done(Box::new(CellResult { manifest, metrics }));
        let text = table(&plan(), &[done, CellState::Open, CellState::Failed("G008: NaN, at step 3".into())]);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        let at = |r: usize, name: &str| rows[r][header.iter().position(|h| h == name).unwrap()].to_owned();
        assert_eq!(rows.len(), 3);
        assert_eq!(
            (at(0, "valid_nll"), at(0, "objective"), at(0, "elbo")),
            ("0.5".into(), "-1".into(), "".into())
        );
        assert_eq!((at(0, "warnings"), at(0, "k_hat")), ("P001".into(), "0.5".into()));
        assert_eq!((at(1, "status"), at(1, "prior")), ("open".into(), "".into()));
        assert_eq!((at(2, "status"), at(2, "error")), ("failed".into(), "G008: NaN, at step 3".into()));
    }

    #[test]
    fn a_plan_comes_back_and_a_wrong_one_is_a_finding() {
        let place = tempfile::tempdir().unwrap();
        write_plan(place.path(), &plan()).unwrap();
        assert_eq!(read_plan(place.path()).unwrap(), plan());
        let whole = fs::read_to_string(place.path().join(PLAN)).unwrap();
        let wrong = [
            whole[..whole.len() / 2].to_owned(),
            whole.replace("\"format\": 1", "\"format\": 99"),
            whole.replace("prior=a,seed=1", "../../etc"),
            whole.replace("\"prior\"", "3"),
        ];
        for text in wrong {
            fs::write(place.path().join(PLAN), text).unwrap();
            assert!(read_plan(place.path()).is_err());
        }
    }

    #[test]
    fn a_failure_is_kept_and_forgotten() {
        let place = tempfile::tempdir().unwrap();
        let cell = &plan().cells[0];
        let findings = serde_json::json!({ "diagnostics": [{ "code": "G008", "message": "NaN" }] });
        write_failure(place.path(), cell, &findings).unwrap();
        assert_eq!(read_cell(place.path(), cell), CellState::Failed("G008: NaN".into()));
        forget_failure(place.path(), cell);
        assert_eq!(read_cell(place.path(), cell), CellState::Open);
    }

    #[test]
    fn only_a_sweep_is_removed() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(remove_sweep(place.path()), Err(Fault::InTheWay { .. })));
        assert!(place.path().join("thesis.txt").exists());
    }
}
