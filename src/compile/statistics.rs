//! The numbers that a model computes from its training rows: `mean(x)`, and what `standardize` needs.

use crate::data::Dataset;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::infer::of_rows::of_rows;
use crate::model::{ColumnId, ExprId, ExprKind, Model, Statistic, StatisticId, Summary};
use crate::run_folder::Preprocessing;

/// Rows looked at in one go: their values are held in memory.
const AT_ONCE: usize = 4096;

/// Fills in every statistic, those that others are made of first.
///
/// # Errors
/// T011 where the values of a column are all equal, so that nothing can be divided by their sd.
pub(super) fn resolve(model: &mut Model, data: &Dataset) -> Result<(), Diagnostics> {
    let mut found = Diagnostics::default();
    for i in 0..model.statistics.len() {
        let Statistic { what, of, .. } = model.statistics[i];
        if let Summary::OfLevel(by) = what {
            match of_levels(model, data, of, by) {
                Ok(values) => model.statistics[i].values = values,
                Err(finding) => found.push(*finding),
            }
            continue;
        }
        let values = summarize(model, data, what, of);
        if what == Summary::Sd && values.iter().any(|sd| *sd <= 0.0 || !sd.is_finite()) {
            let span = model.expr(of).span;
            let name = name(model, of);
            found.push(
                Diagnostic::new("T011", format!("the sd of `{name}` over the training rows is 0"))
                    .at(span, "every training row has one and the same value")
                    .help("leave the column out: it carries no signal"),
            );
        }
        model.statistics[i].values = values;
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// One number for each element, or for an image one per channel.
fn summarize(model: &Model, data: &Dataset, what: Summary, of: ExprId) -> Vec<f64> {
    let shape = &model.expr(of).ty.shape;
    let numbers = if shape.rank() == 3 { shape.0[2] } else { shape.len() };
    let mut count = vec![0.0f64; numbers];
    let start = match what {
        Summary::Min => f64::INFINITY,
        Summary::Max => f64::NEG_INFINITY,
        Summary::Sum | Summary::Mean | Summary::Sd | Summary::OfLevel(_) => 0.0,
    };
    let (mut value, mut squares) = (vec![start; numbers], vec![0.0; numbers]);
    for rows in data.split("train").chunks(AT_ONCE) {
        for (i, x) in of_rows(model, data, of, rows).into_iter().enumerate() {
            let k = i % numbers;
            count[k] += 1.0;
            match what {
                Summary::Sum => value[k] += x,
                Summary::Min => value[k] = value[k].min(x),
                Summary::Max => value[k] = value[k].max(x),
                // Welford's running mean and squares: no cancellation far from zero.
                Summary::Mean | Summary::Sd => {
                    let before = x - value[k];
                    value[k] += before / count[k];
                    squares[k] += before * (x - value[k]);
                }
                // Not a number over rows: `of_levels` has its own.
                Summary::OfLevel(_) => {}
            }
        }
    }
    match what {
        Summary::Sd => squares.iter().zip(count).map(|(s, n)| (s / (n - 1.0).max(1.0)).sqrt()).collect(),
        Summary::Sum | Summary::Mean | Summary::Min | Summary::Max | Summary::OfLevel(_) => value,
    }
}

/// The one value of each level, looked for in all rows: those held out have the same.
///
/// D013 where it varies within a level, or a level has no row.
fn of_levels(model: &Model, data: &Dataset, of: ExprId, by: ColumnId) -> Result<Vec<f64>, Box<Diagnostic>> {
    let factor = model.column(by);
    let rows: Vec<u32> = (0..data.rows as u32).collect();
    let mut first: Vec<Option<(usize, f64)>> = vec![None; factor.levels.len()];
    let (what, span) = (name(model, of), model.expr(of).span);
    for (row, x) in of_rows(model, data, of, &rows).into_iter().enumerate() {
        let level = data.columns[by.0 as usize].get(row, 0) as usize;
        let Some(known) = first.get_mut(level) else { continue };
        match *known {
            None => *known = Some((row, x)),
            Some((_, value)) if value == x => {}
            Some((earlier, value)) => {
                let number = |row: usize| data.numbers.get(row).copied().unwrap_or(row as u64 + 1);
                let (label, name) = (&factor.levels[level], &factor.name);
                let finding =
                    Diagnostic::new("D013", format!("`{what}` varies within `{label}` of `{name}`"))
                        .at(span, format!("{value} in row {}, {x} in row {}", number(earlier), number(row)))
                        .at(factor.span, "each level has one value in the prior of its copy")
                        .help("use it in the likelihood, where it has a value per row; or clean the file");
                return Err(Box::new(finding));
            }
        }
    }
    let missing = first.iter().position(Option::is_none);
    if let Some(level) = missing {
        let (label, name) = (&factor.levels[level], &factor.name);
        let finding = Diagnostic::new("D013", format!("`{what}` has no value for `{label}` of `{name}`"))
            .at(span, "no row is of that level")
            .at(factor.span, "declared here")
            .help("declare the column as `factor`, whose levels are those that occur");
        return Err(Box::new(finding));
    }
    Ok(first.into_iter().flatten().map(|(_, x)| x).collect())
}

/// What the manifest keeps of them, so that new rows are treated alike.
pub(super) fn record(model: &Model) -> Vec<Preprocessing> {
    let one = |s: &Statistic| {
        let of = name(model, s.of);
        let values = s.values.clone();
        let ones = vec![1.0; values.len()];
        let zeros = vec![0.0; values.len()];
        let expression = format!("{}({of})", s.what.name());
        match s.what {
            Summary::Sd => Preprocessing { expression, shift: zeros, scale: values },
            Summary::Sum | Summary::Mean | Summary::Min | Summary::Max | Summary::OfLevel(_) => {
                Preprocessing { expression, shift: values, scale: ones }
            }
        }
    };
    // What a level has belongs to its copy of an unknown, not to new rows.
    model.statistics.iter().filter(|s| !matches!(s.what, Summary::OfLevel(_))).map(one).collect()
}

/// Σ log scale over the elements of a standardised target: what its density per unit is smaller by.
pub(super) fn log_scale(model: &Model, scale: Option<StatisticId>) -> f64 {
    scale.map_or(0.0, |s| model.statistics[s.0 as usize].values.iter().map(|v| v.ln()).sum())
}

/// What a person calls an expression of data.
pub(super) fn name(model: &Model, id: ExprId) -> String {
    let expr = model.expr(id);
    match (&expr.kind, &expr.name) {
        (ExprKind::Column(c), _) => model.column(*c).name.clone(),
        (ExprKind::Unary(f, x), _) => format!("{}({})", f.name(), name(model, *x)),
        (_, Some(name)) => name.clone(),
        (_, None) => "a value of data".to_owned(),
    }
}
