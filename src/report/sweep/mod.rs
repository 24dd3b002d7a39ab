//! A sweep's folder to its table, its sentences and its page.
//!
//! ```text
//! cells (alternative × seed) ─group→ alternatives with errors over seeds and rows ─pair→ which differences are real
//! ```
//!
//! Everything is read from the folder, so the page can be drawn again. Start at [`gather`] and [`extras`].

mod differences;
mod heat;
mod kinds;
mod page;
mod words;

pub use differences::{Difference, Paired};
pub use words::{sentences, table};

use crate::run_folder::{
    self, CellResult, CellState, Extra, Fault, SweepPlan, TargetValues, metric_columns, read_cell, read_plan,
};
use std::path::{Path, PathBuf};

/// A sweep as far as it is done.
#[derive(Debug)]
pub struct Gathered {
    /// Where it lies.
    pub folder: PathBuf,
    /// `sweep.json`
    pub plan: SweepPlan,
    /// What came of each cell.
    pub states: Vec<CellState>,
    /// Cells that differ in nothing but the seed, in the order of the plan.
    pub alternatives: Vec<Alternative>,
}

/// What is fitted once per seed.
#[derive(Debug, Clone, Default)]
pub struct Alternative {
    /// For each dimension its value; none where it makes no difference.
    pub values: Vec<Option<String>>,
    /// Positions of its cells in the plan, in the order of the seeds.
    pub cells: Vec<usize>,
    /// Those that are fitted.
    pub fits: Vec<Fit>,
}

/// A fitted cell as far as comparing needs it.
#[derive(Debug, Clone, Default)]
pub struct Fit {
    /// Its position in the plan.
    pub cell: usize,
    /// Its seed.
    pub seed: u64,
    /// `valid_nll`, …
    pub metrics: Vec<(String, f64)>,
    /// Whether the value of the fit compares with others.
    pub is_elbo: bool,
    /// Nats.
    pub elbo: f64,
    /// Monte Carlo error of `elbo`.
    pub elbo_se: f64,
    /// What the value is of: only fits of the same targets compare.
    pub targets: String,
    /// Held-out rows and what each costs in nats; empty where the tables do not tell.
    pub costs: Vec<(u64, f64)>,
    /// Mean cost of the held-out rows in nats; NaN without any.
    pub cost: f64,
}

/// A mean over seeds with what makes it uncertain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Mean over seeds.
    pub mean: f64,
    /// Its standard error over seeds; NaN with one seed.
    pub over_seeds: f64,
    /// Its standard error over held-out rows; NaN where it is not known.
    pub over_rows: f64,
}

/// Reads a sweep.
///
/// # Errors
/// If `sweep.json` cannot be read; a cell that cannot is one that failed.
pub fn gather(folder: &Path) -> Result<Gathered, Fault> {
    let plan = read_plan(folder)?;
    let states: Vec<CellState> = plan.cells.iter().map(|c| read_cell(folder, c)).collect();
    let mut alternatives: Vec<Alternative> = vec![];
    for (i, cell) in plan.cells.iter().enumerate() {
        let position = alternatives.iter().position(|a| a.values == cell.values).unwrap_or_else(|| {
            alternatives.push(Alternative { values: cell.values.clone(), ..Alternative::default() });
            alternatives.len() - 1
        });
        let alternative = &mut alternatives[position];
        alternative.cells.push(i);
        if let CellState::Done(result) = &states[i] {
            let costs = costs(&folder.join(&cell.folder));
            alternative.fits.push(fit(i, cell.seed, result, costs));
        }
    }
    Ok(Gathered { folder: folder.to_path_buf(), plan, states, alternatives })
}

fn fit(cell: usize, seed: u64, result: &CellResult, costs: Vec<(u64, f64)>) -> Fit {
    let o = &result.metrics.objective;
    Fit {
        cell,
        seed,
        metrics: metric_columns(&result.metrics),
        is_elbo: o.is_elbo && o.value.is_finite(),
        elbo: o.value,
        elbo_se: o.se,
        targets: result.manifest.targets_sha256.clone(),
        costs,
        cost: nll(result),
    }
}

/// The held-out nll of a model with one target.
fn nll(result: &CellResult) -> f64 {
    match result.metrics.held_out().map(|s| s.targets.as_slice()) {
        Some([target]) => target.get("nll").unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// −log of the probability that each held-out row's class was given.
fn costs(folder: &Path) -> Vec<(u64, f64)> {
    // What cannot be read has no errors over rows; the cell itself is judged by its metrics.
    let Ok(Some(split)) = run_folder::read_held_out(folder) else { return vec![] };
    let [target] = split.targets.as_slice() else { return vec![] };
    let TargetValues::Classes(classes) = &target.values else { return vec![] };
    let cost = |row: usize| {
        let p = classes.of_row(row).get(classes.target[row]?)?;
        Some((split.rows[row], -p.max(f64::MIN_POSITIVE).ln()))
    };
    (0..classes.rows()).filter_map(cost).collect()
}

impl Gathered {
    /// Returns the dimensions over which anything varies.
    pub fn varying(&self) -> Vec<usize> {
        let d = &self.plan.dimensions;
        (0..d.len()).filter(|i| d[*i].values.len() > 1).collect()
    }

    /// `normal, fixed, sigma = 0.1`: what sets an alternative apart.
    pub fn name(&self, alternative: &Alternative) -> String {
        let is_choice = |value: &str| value.starts_with(|c: char| c.is_alphabetic());
        let part = |d: &usize| {
            let value = alternative.values[*d].as_ref()?;
            let name = &self.plan.dimensions[*d].name;
            Some(if is_choice(value) { value.clone() } else { format!("{name} = {value}") })
        };
        let parts: Vec<String> = self.varying().iter().filter_map(part).collect();
        if parts.is_empty() { self.plan.model.clone() } else { parts.join(", ") }
    }

    /// The metrics of the split that was kept from the fit, by the last part of their names: `nll`, `accuracy`.
    pub fn held_out(&self, metric: &str) -> Option<String> {
        let names = || self.alternatives.iter().flat_map(|a| &a.fits).flat_map(|f| &f.metrics);
        let is_of = |split: &str| format!("{split}_{metric}");
        ["test", "valid", "train"].map(is_of).into_iter().find(|name| names().any(|(n, _)| n == name))
    }

    /// The name of what alternatives are ranked by on held-out rows.
    pub fn loss(&self) -> Option<String> {
        self.held_out("nll")
    }

    /// Fitted alternatives, the best first; those without a finite loss last.
    pub fn ranked(&self) -> Vec<usize> {
        let loss = self.loss();
        let key = |i: usize| {
            let value = loss.as_ref().and_then(|l| self.alternatives[i].metric(l)).map(|e| e.mean);
            value.filter(|v| v.is_finite()).unwrap_or(f64::INFINITY)
        };
        let mut order: Vec<usize> =
            (0..self.alternatives.len()).filter(|i| !self.alternatives[*i].fits.is_empty()).collect();
        order.sort_by(|a, b| key(*a).total_cmp(&key(*b)).then(a.cmp(b)));
        order
    }

    /// The alternative with the largest ELBO among those that compare.
    pub fn best_by_elbo(&self) -> Option<usize> {
        let value = |i: &usize| self.alternatives[*i].elbo().map(|e| e.mean);
        let of = |i: usize| value(&i).map(|v| (i, v));
        (0..self.alternatives.len()).filter_map(of).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
    }

    /// How many cells failed.
    pub fn failed(&self) -> usize {
        self.states.iter().filter(|s| matches!(s, CellState::Failed(_))).count()
    }
}

impl Alternative {
    /// A metric by the name of its column.
    pub fn metric(&self, name: &str) -> Option<Estimate> {
        let of = |f: &Fit| f.metrics.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        let values: Vec<f64> = self.fits.iter().filter_map(of).collect();
        let over_rows = match name.rsplit_once('_') {
            Some((split, "nll")) if split != "train" => differences::error_over_rows(&self.fits),
            Some((split, "accuracy")) => {
                let n = self.metric_mean(&format!("{split}_rows"));
                let p = values.iter().sum::<f64>() / values.len().max(1) as f64;
                (p * (1.0 - p) / n).sqrt()
            }
            _ => f64::NAN,
        };
        (!values.is_empty()).then(|| Estimate { over_rows, ..Estimate::of(&values) })
    }

    fn metric_mean(&self, name: &str) -> f64 {
        let of = |f: &Fit| f.metrics.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        let values: Vec<f64> = self.fits.iter().filter_map(of).collect();
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// The ELBO, if all fits have one.
    pub fn elbo(&self) -> Option<Estimate> {
        if self.fits.is_empty() || !self.fits.iter().all(|f| f.is_elbo) {
            return None;
        }
        Some(Estimate::of(&self.fits.iter().map(|f| f.elbo).collect::<Vec<_>>()))
    }

    /// The fit with the largest objective: the one to look at.
    pub fn best_fit(&self) -> Option<&Fit> {
        self.fits.iter().max_by(|a, b| a.elbo.total_cmp(&b.elbo))
    }
}

impl Estimate {
    /// Mean and standard error of the mean.
    pub fn of(values: &[f64]) -> Estimate {
        let (mean, se) = mean_and_se(values);
        Estimate { mean, over_seeds: se, over_rows: f64::NAN }
    }
}

/// The mean and its standard error, NaN below two values.
fn mean_and_se(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    (mean, if values.len() > 1 { (squares / (n - 1.0) / n).sqrt() } else { f64::NAN })
}

/// For each value of a dimension the alternative to look at: the largest ELBO, or where there is none the objective.
/// Values that no alternative names are left out.
pub fn best_of_each(sweep: &Gathered, dimension: usize) -> Vec<(String, usize)> {
    let best = |value: &String| {
        let of_value = |i: &usize| {
            let a = &sweep.alternatives[*i];
            a.values[dimension].as_ref() == Some(value) && !a.fits.is_empty()
        };
        let key = |i: usize| {
            let elbos: Vec<f64> = sweep.alternatives[i].fits.iter().map(|f| f.elbo).collect();
            elbos.iter().sum::<f64>() / elbos.len() as f64
        };
        let found = (0..sweep.alternatives.len()).filter(of_value);
        found.max_by(|a, b| key(*a).total_cmp(&key(*b))).map(|i| (value.clone(), i))
    };
    sweep.plan.dimensions[dimension].values.iter().filter_map(best).collect()
}

/// Returns the files of the report of a sweep.
pub fn extras(sweep: &Gathered) -> Vec<Extra> {
    page::files(sweep)
}
