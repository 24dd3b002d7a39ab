//! The numbers that a model computes from its training rows: `mean(x)`, and what `standardize` needs.

use crate::data::Dataset;
use crate::diagnostic::{Diagnostic, Diagnostics, elements};
use crate::infer::of_rows::of_rows;
use crate::kernels::scalar::Binary;
use crate::model::{ColumnId, ExprId, ExprKind, Levels, Model, Statistic, StatisticId, Summary};
use crate::run_folder::Preprocessing;

/// Rows looked at in one go: their values are held in memory.
const AT_ONCE: usize = 4096;

/// Fills in every statistic, those that others are made of first.
///
/// # Errors
/// T011 where the values of a column are all equal, so that nothing can be divided by their sd. Elements of an array
/// of inputs that are so are only shifted by `standardize`, if others vary.
pub fn resolve(model: &mut Model, data: &Dataset) -> Result<(), Diagnostics> {
    let mut found = Diagnostics::default();
    for i in 0..model.statistics.len() {
        let Statistic { what, of, .. } = model.statistics[i];
        if let Summary::OfLevels(by) = what {
            match of_levels(model, data, of, by) {
                Ok(values) => model.statistics[i].values = values,
                Err(finding) => found.push(*finding),
            }
            continue;
        }
        let mut values = summarize(model, data, what, of);
        if matches!(what, Summary::Sd | Summary::Spread) {
            let has_spread = |sd: &f64| *sd > 0.0 && sd.is_finite();
            let is_target = model
                .observations
                .iter()
                .any(|o| o.units.and_then(|u| u.scale).is_some_and(|scale| scale.0 as usize == i));
            if what == Summary::Spread && !is_target && values.iter().any(has_spread) {
                // Such an input is 0 in all training rows, whatever it is divided by; D008 tells.
                let constant: Vec<usize> = (0..values.len()).filter(|i| !has_spread(&values[*i])).collect();
                constant.iter().for_each(|i| values[*i] = 1.0);
                model.statistics[i].constant = constant;
            } else if !values.iter().all(has_spread) {
                found.push(no_spread(model, of, &values, is_target));
            }
        }
        model.statistics[i].values = values;
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// T011: what would be divided by is 0.
fn no_spread(model: &Model, of: ExprId, sds: &[f64], is_target: bool) -> Diagnostic {
    let without: Vec<usize> = (0..sds.len()).filter(|i| sds[*i] <= 0.0 || !sds[*i].is_finite()).collect();
    let name = name(model, of);
    let what = match (without.as_slice(), sds.len()) {
        (_, 1) => format!("`{name}`"),
        (all, n) if all.len() == n => format!("every element of `{name}`"),
        (some, _) => format!("{} of `{name}`", elements(some)),
    };
    let help = match (is_target, sds.len()) {
        (true, _) => "look at the split or the file: a target that never varies needs no model",
        (false, 1) => "leave the column out: it carries no signal",
        (false, _) => {
            "leave those elements out: they carry no signal; or `standardize`, which only shifts them"
        }
    };
    Diagnostic::new("T011", format!("the sd of {what} over the training rows is 0"))
        .at(model.expr(of).span, "every training row has one and the same value")
        .help(help)
}

/// One number for each element, or for an image one per channel.
fn summarize(model: &Model, data: &Dataset, what: Summary, of: ExprId) -> Vec<f64> {
    let shape = &model.expr(of).ty.shape;
    let numbers = if shape.rank() == 3 { shape.0[2] } else { shape.len() };
    let mut count = vec![0.0f64; numbers];
    let start = match what {
        Summary::Min => f64::INFINITY,
        Summary::Max => f64::NEG_INFINITY,
        Summary::Sum | Summary::Mean | Summary::Sd | Summary::Spread | Summary::OfLevels(_) => 0.0,
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
                Summary::Mean | Summary::Sd | Summary::Spread => {
                    let before = x - value[k];
                    value[k] += before / count[k];
                    squares[k] += before * (x - value[k]);
                }
                // Not a number over rows: `of_levels` has its own.
                Summary::OfLevels(_) => {}
            }
        }
    }
    match what {
        Summary::Sd | Summary::Spread => {
            squares.iter().zip(count).map(|(s, n)| (s / (n - 1.0).max(1.0)).sqrt()).collect()
        }
        Summary::Sum | Summary::Mean | Summary::Min | Summary::Max | Summary::OfLevels(_) => value,
    }
}

/// The one value of each level, or of each cell of several factors, looked for in all rows: those held out have the
/// same. What depends on some of the factors only is known for cells without rows too.
///
/// D013 where it varies, or a cell has no value.
fn of_levels(model: &Model, data: &Dataset, of: ExprId, levels: Levels) -> Result<Vec<f64>, Box<Diagnostic>> {
    let factors: Vec<ColumnId> = levels.factors().collect();
    let sizes: Vec<usize> = factors.iter().map(|f| model.column(*f).level_count()).collect();
    let width = model.expr(of).ty.shape.len();
    let rows: Vec<u32> = (0..data.rows as u32).collect();
    let values = of_rows(model, data, of, &rows);
    let mut first_fault = None;
    let mut groups: Vec<u32> = (1..1u32 << factors.len()).collect();
    groups.sort_by_key(|group| group.count_ones());
    for group in groups {
        let is_in = |axis: &usize| group >> axis & 1 == 1;
        let axes: Vec<usize> = (0..factors.len()).filter(is_in).collect();
        // The cell of a row in the factors of the group, and of a cell of all factors.
        let cell_of = |level: &dyn Fn(usize) -> usize| {
            axes.iter().try_fold(0, |cell, a| (level(*a) < sizes[*a]).then(|| cell * sizes[*a] + level(*a)))
        };
        let count: usize = axes.iter().map(|a| sizes[*a]).product();
        let mut first: Vec<Option<usize>> = vec![None; count];
        let mut fault = None;
        for (row, value) in values.chunks(width.max(1)).enumerate() {
            let level = |axis: usize| data.columns[factors[axis].0 as usize].get(row, 0) as usize;
            let Some(cell) = cell_of(&level) else { continue };
            match first[cell] {
                None => first[cell] = Some(row),
                Some(earlier) if values[earlier * width..][..width] == *value => {}
                Some(earlier) => {
                    fault = Some(Fault::Varies(earlier, row));
                    break;
                }
            }
        }
        fault = fault.or_else(|| first.iter().position(Option::is_none).map(Fault::NoRow));
        match fault {
            Some(fault) => first_fault = Some((fault, axes)),
            None => {
                let all: usize = sizes.iter().product();
                let step = |axis: usize| sizes[axis + 1..].iter().product::<usize>();
                let row_of =
                    |cell: usize| cell_of(&|axis| cell / step(axis) % sizes[axis]).and_then(|c| first[c]);
                let known = (0..all).filter_map(row_of);
                return Ok(known.flat_map(|row| values[row * width..][..width].to_vec()).collect());
            }
        }
    }
    let Some((fault, axes)) = first_fault else { return Ok(vec![]) };
    Err(Box::new(no_one_value(model, data, of, &axes.iter().map(|a| factors[*a]).collect::<Vec<_>>(), fault)))
}

/// Why copies have no value of their own.
enum Fault {
    /// Two rows of one cell differ.
    Varies(usize, usize),
    /// No row is of this cell.
    NoRow(usize),
}

fn no_one_value(model: &Model, data: &Dataset, of: ExprId, factors: &[ColumnId], fault: Fault) -> Diagnostic {
    let (what, span) = (name(model, of), model.expr(of).span);
    let columns: Vec<_> = factors.iter().map(|f| model.column(*f)).collect();
    let names: Vec<String> = columns.iter().map(|c| format!("`{}`", c.name)).collect();
    let names = names.join(" and ");
    let finding = match fault {
        Fault::Varies(earlier, row) => {
            let level = |f: &ColumnId| {
                let level = data.columns[f.0 as usize].get(row, 0) as usize;
                model.column(*f).label(level)
            };
            let cell: Vec<String> = factors.iter().map(level).collect();
            let number = |row: usize| data.numbers.get(row).copied().unwrap_or(row as u64 + 1);
            let width = model.expr(of).ty.shape.len();
            let text = match width {
                1 => {
                    let values = of_rows(model, data, of, &[earlier as u32, row as u32]);
                    format!("{} in row {}, {} in row {}", values[0], number(earlier), values[1], number(row))
                }
                _ => format!("row {} and row {} differ", number(earlier), number(row)),
            };
            Diagnostic::new("D013", format!("`{what}` varies within `{}` of {names}", cell.join(", ")))
                .at(span, text)
                .help("use it in the likelihood, where it has a value per row; or clean the file")
        }
        Fault::NoRow(cell) => {
            let mut rest = cell;
            let mut labels: Vec<String> = vec![];
            for column in columns.iter().rev() {
                let count = column.level_count().max(1);
                labels.push(column.label(rest % count));
                rest /= count;
            }
            labels.reverse();
            Diagnostic::new("D013", format!("`{what}` has no value for `{}` of {names}", labels.join(", ")))
                .at(span, "no row is of that level")
                .help("declare the column as `factor`, whose levels are those that occur; let the prior of cells that may be empty depend on each factor by itself")
        }
    };
    match columns.last() {
        Some(column) => finding.at(column.span, "each level has one value in the prior of its copy"),
        None => finding,
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
            Summary::Sd | Summary::Spread => Preprocessing { expression, shift: zeros, scale: values },
            Summary::Sum | Summary::Mean | Summary::Min | Summary::Max | Summary::OfLevels(_) => {
                Preprocessing { expression, shift: values, scale: ones }
            }
        }
    };
    // What a level has belongs to its copy of an unknown, not to new rows.
    model.statistics.iter().filter(|s| !matches!(s.what, Summary::OfLevels(_))).map(one).collect()
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
        // The index of a count column, from 0.
        (ExprKind::Binary(Binary::Sub, x, _), None) if matches!(model.expr(*x).kind, ExprKind::Column(_)) => {
            name(model, *x)
        }
        (ExprKind::Unary(f, x), _) => format!("{}({})", f.name(), name(model, *x)),
        (_, Some(name)) => name.clone(),
        (_, None) => "a value of data".to_owned(),
    }
}
