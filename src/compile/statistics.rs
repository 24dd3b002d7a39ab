//! The numbers that a model computes from its training rows: `mean(x)`, and what `standardize` needs.

use crate::data::Dataset;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::infer::of_rows::of_rows;
use crate::model::{ExprId, ExprKind, Model, Statistic, StatisticId, Summary};
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
        Summary::Sum | Summary::Mean | Summary::Sd => 0.0,
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
            }
        }
    }
    match what {
        Summary::Sd => squares.iter().zip(count).map(|(s, n)| (s / (n - 1.0).max(1.0)).sqrt()).collect(),
        Summary::Sum | Summary::Mean | Summary::Min | Summary::Max => value,
    }
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
            Summary::Sum | Summary::Mean | Summary::Min | Summary::Max => {
                Preprocessing { expression, shift: values, scale: ones }
            }
        }
    };
    model.statistics.iter().map(one).collect()
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
