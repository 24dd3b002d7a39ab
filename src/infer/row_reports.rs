//! `report` of a value per row: its posterior mean and sd on some rows.

use super::each_draw::{Source, each_draw};
use super::error::CannotRun;
use super::problem::{Number, Problem};
use crate::engine::RowSource;
use crate::passes::optimise;
use crate::ty::Kind;

/// One element of a reported value, for each row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowReport {
    /// `risk`, `share[2]`
    pub name: String,
    /// Posterior mean.
    pub mean: Vec<f64>,
    /// Posterior standard deviation.
    pub sd: Vec<f64>,
}

/// Reports that differ from row to row, those of them that are wanted.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn row_reports<T: Number>(
    problem: &Problem<'_>,
    from: &dyn Source,
    source: &dyn RowSource<T>,
    rows: &[u32],
    draws: usize,
    is_wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<RowReport>, CannotRun> {
    let model = problem.model;
    let of_rows =
        model.reports.iter().filter(|(name, id)| model.expr(*id).ty.kind == Kind::Row && is_wanted(name));
    let mut tape = problem.joint.tape.clone();
    let outputs: Vec<String> = of_rows.clone().map(|(name, _)| format!("report:{name}")).collect();
    if outputs.is_empty() || rows.is_empty() {
        return Ok(vec![]);
    }
    tape.outputs.retain(|(name, _)| outputs.contains(name));
    let tape = optimise(&tape, &mut |_, _, _| {});
    let mut running: Vec<Running> = vec![Running::default(); outputs.len()];
    each_draw(problem, from, (&tape, &outputs), (source, rows), draws, &mut |_, values| {
        running.iter_mut().zip(values).for_each(|(r, v)| r.add(v));
    })?;
    let mut reports = vec![];
    for ((name, id), running) in of_rows.zip(running) {
        let width = model.expr(*id).ty.shape.len();
        for k in 0..width {
            let part = |all: &[f64]| all.iter().skip(k).step_by(width).copied().collect::<Vec<f64>>();
            let name = if width == 1 { name.clone() } else { format!("{name}[{}]", k + 1) };
            reports.push(RowReport { name, mean: part(&running.mean), sd: part(&running.sd()) });
        }
    }
    Ok(reports)
}

/// Welford's running mean and sum of squared deviations of many numbers side by side.
#[derive(Debug, Clone, Default)]
struct Running {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Running {
    fn add(&mut self, values: &[f64]) {
        self.mean.resize(values.len(), 0.0);
        self.squares.resize(values.len(), 0.0);
        self.count += 1.0;
        for ((mean, square), x) in self.mean.iter_mut().zip(&mut self.squares).zip(values) {
            let before = x - *mean;
            *mean += before / self.count;
            *square += before * (x - *mean);
        }
    }

    fn sd(&self) -> Vec<f64> {
        self.squares.iter().map(|s| (s / self.count).sqrt()).collect()
    }
}
