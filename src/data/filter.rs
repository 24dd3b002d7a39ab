//! `where y < 5` and `take 20 per y`: which rows of a source are kept, decided on its cells before anything is typed.
//!
//! So `y : class(5)` with `where y < 5` never meets the digits from 5 on. A name means the column of the file that
//! fills the declared one, or a column of the file that is not declared.

use std::collections::HashMap;

use super::declare::{Declared, From};
use super::table::{Cells, Header, Table};
use super::{Options, bind, error, key, levels};
use crate::diagnostic::{Diagnostic, suggest};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::syntax::constant;

/// The columns of the file that `where` reads.
pub fn conditions(
    declared: &Declared,
    header: &[Header],
    place: &str,
    options: &Options,
) -> Result<Vec<usize>, Diagnostic> {
    let mut found = vec![];
    for condition in &declared.conditions {
        for step in Condition::of(condition, declared, header, place, options)?.0 {
            if let Step::Column { position, .. } = step {
                found.push(position);
            }
        }
    }
    Ok(found)
}

/// The columns of the file that `where` and `take` read.
pub fn positions(
    declared: &Declared,
    header: &[Header],
    place: &str,
    options: &Options,
) -> Result<Vec<usize>, Diagnostic> {
    let mut found = conditions(declared, header, place, options)?;
    if let Some(take) = &declared.take {
        found.push(of_name(&take.per.value, take.per.span, declared, header, place)?);
    }
    Ok(found)
}

/// Leaves out the rows for which some `where` does not hold. Rows whose condition cannot be decided because a value
/// is missing are an error, or left out where `missing = drop` says so.
pub fn keep_where(
    table: &mut Table,
    declared: &Declared,
    header: &[Header],
    options: &Options,
) -> Result<(), Diagnostic> {
    for expr in &declared.conditions {
        let place = table.place.clone();
        let condition = Condition::of(expr, declared, header, &place, options)?;
        let mut keep = vec![false; table.rows];
        for (row, keep) in keep.iter_mut().enumerate() {
            match condition.holds(table, row) {
                Ok(holds) => *keep = holds,
                Err(_) if declared.drops_missing => {}
                Err((name, found)) => {
                    let row = table.row_number(row);
                    let shown = if found.is_empty() { "empty".to_owned() } else { format!("\"{found}\"") };
                    return Err(Diagnostic::new(
                        "D002",
                        format!("row {row} of `{name}` in {place} is {shown}"),
                    )
                    .at(expr.span, "whether this holds cannot be told")
                    .help("say `missing = drop` to leave such rows out, or clean the file"));
                }
            }
        }
        table.keep(&keep);
    }
    Ok(())
}

/// Keeps the first so many rows of each value, after a shuffle that depends on the seed only.
pub fn take(table: &mut Table, declared: &Declared, header: &[Header], seed: u64) -> Result<(), Diagnostic> {
    let Some(take) = &declared.take else { return Ok(()) };
    let place = table.place.clone();
    let position = of_name(&take.per.value, take.per.span, declared, header, &place)?;
    let Some(Some(cells)) = table.columns.get(position) else { return Ok(()) };
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut keep = vec![false; table.rows];
    for row in key::permutation(table.rows, seed, "take") {
        let label = levels::label(cells, row);
        let label = levels::number(&label).map_or_else(|| label.to_string(), |x| x.to_string());
        let count = counts.entry(label).or_default();
        if *count < take.count {
            *count += 1;
            keep[row] = true;
        }
    }
    table.keep(&keep);
    Ok(())
}

/// The column of the file behind a name.
fn of_name(
    name: &str,
    span: Span,
    declared: &Declared,
    header: &[Header],
    place: &str,
) -> Result<usize, Diagnostic> {
    let known = declared.columns.iter().find(|c| c.name.value == name);
    let file = match known.map(|c| &c.from) {
        Some(From::Listed(listed)) => match listed.as_slice() {
            [one] if !one.value.contains('*') => one.value.as_str(),
            _ => return Err(not_one(name, span)),
        },
        Some(From::Others) => return Err(not_one(name, span)),
        Some(From::Name) | None => name,
    };
    if known.is_none() && header.iter().all(|h| h.name != file) {
        let names: Vec<&str> = header.iter().map(|h| h.name.as_str()).collect();
        let all = names.iter().copied().chain(declared.columns.iter().map(|c| c.name.value.as_str()));
        let finding = Diagnostic::new("N001", format!("`{name}` is not a column of {place}"));
        return Err(match suggest::nearest(name, all) {
            Some(near) => finding.at(span, format!("did you mean `{near}`?")).fix(span, near),
            None => finding.at(span, "a column is wanted here"),
        }
        .note(format!("its columns are {}", error::listed(&names))));
    }
    let position = bind::position(file, span, header, place)?;
    if header[position].shape().is_empty() { Ok(position) } else { Err(not_one(name, span)) }
}

fn not_one(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new("T002", format!("`{name}` has several values per row"))
        .at(span, "one value per row is wanted here")
}

/// A condition as steps on a stack, operands first: no row walks a tree.
struct Condition(Vec<Step>);

enum Step {
    Number(f64),
    Text(String),
    Column { position: usize, name: String },
    Negate,
    Operate(BinaryOp),
    Apply(fn(f64) -> f64),
}

/// What a step leaves.
enum Value {
    Number(f64),
    Text(String),
}

impl Condition {
    fn of(
        expr: &Expr,
        declared: &Declared,
        header: &[Header],
        place: &str,
        options: &Options,
    ) -> Result<Condition, Diagnostic> {
        let mut steps = vec![];
        // Operators are put down before their operands here and turned round at the end.
        let mut pending = vec![expr];
        while let Some(expr) = pending.pop() {
            steps.push(match &expr.kind {
                ExprKind::Number(x) => Step::Number(*x),
                ExprKind::Text(text) => Step::Text(text.clone()),
                ExprKind::Name(name) => {
                    let is_column = declared.columns.iter().any(|c| c.name.value == *name)
                        || header.iter().any(|h| h.name == *name);
                    match constant::number(expr, &options.constants) {
                        Ok(number) if !is_column => Step::Number(number),
                        _ => Step::Column {
                            position: of_name(name, expr.span, declared, header, place)?,
                            name: name.clone(),
                        },
                    }
                }
                ExprKind::Negate(inner) => {
                    pending.push(inner);
                    Step::Negate
                }
                ExprKind::Binary { op, left, right } => {
                    pending.extend([&**left, &**right]);
                    Step::Operate(*op)
                }
                ExprKind::Call { name, args } => match (constant::function(&name.value), args.as_slice()) {
                    (Some(f), [arg]) if arg.name.is_none() && arg.suffixes.is_empty() => {
                        pending.push(&arg.value);
                        Step::Apply(f)
                    }
                    _ => return Err(not_a_condition(expr.span, &format!("a call of `{}`", name.value))),
                },
                ExprKind::Join(_) => return Err(not_a_condition(expr.span, "a list")),
                ExprKind::Index { .. } => return Err(not_a_condition(expr.span, "an index")),
                ExprKind::Field { .. } => return Err(not_a_condition(expr.span, "a part of something")),
            });
        }
        steps.reverse();
        Ok(Condition(steps))
    }

    /// Whether the row is kept; the column and the cell that cannot be read.
    fn holds(&self, table: &Table, row: usize) -> Result<bool, (String, String)> {
        let mut stack: Vec<Value> = vec![];
        for step in &self.0 {
            let value = match step {
                Step::Number(x) => Value::Number(*x),
                Step::Text(text) => Value::Text(text.clone()),
                Step::Column { position, name } => {
                    let cells = table.columns.get(*position).and_then(Option::as_ref);
                    cell(cells, row).ok_or_else(|| (name.clone(), text_of(cells, row)))?
                }
                Step::Negate => Value::Number(-number(stack.pop())),
                Step::Apply(f) => Value::Number(f(number(stack.pop()))),
                Step::Operate(op) => {
                    let right = stack.pop();
                    let left = stack.pop();
                    operate(*op, left, right)
                }
            };
            stack.push(value);
        }
        Ok(number(stack.pop()) != 0.0)
    }
}

fn text_of(cells: Option<&Cells>, row: usize) -> String {
    cells.map_or_else(String::new, |c| levels::label(c, row).to_string())
}

/// A cell as a number if it is one, else as a label; none if it is missing.
fn cell(cells: Option<&Cells>, row: usize) -> Option<Value> {
    let label = levels::label(cells?, row);
    if levels::is_missing(&label) {
        return None;
    }
    Some(match levels::number(&label) {
        Some(x) => Value::Number(x),
        None if label.eq_ignore_ascii_case("true") => Value::Number(1.0),
        None if label.eq_ignore_ascii_case("false") => Value::Number(0.0),
        None => Value::Text(label.into_owned()),
    })
}

/// A label where a number is wanted compares with nothing.
fn number(value: Option<Value>) -> f64 {
    match value {
        Some(Value::Number(x)) => x,
        _ => f64::NAN,
    }
}

fn operate(op: BinaryOp, left: Option<Value>, right: Option<Value>) -> Value {
    let same = match (&left, &right) {
        (Some(Value::Text(a)), Some(Value::Text(b))) => Some(a == b),
        // `y == "3"` and `y == 3` are one label
        (Some(Value::Text(a)), Some(Value::Number(b))) | (Some(Value::Number(b)), Some(Value::Text(a))) => {
            Some(levels::number(a) == Some(*b))
        }
        _ => None,
    };
    match (op, same) {
        (BinaryOp::Eq, Some(same)) => Value::Number(f64::from(same)),
        (BinaryOp::Ne, Some(same)) => Value::Number(f64::from(!same)),
        _ => Value::Number(constant::operate(op, number(left), number(right))),
    }
}

fn not_a_condition(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new("S001", format!("{found} in a condition on rows"))
        .at(span, "columns, constants, comparisons and operators are wanted here")
        .help("write for example `where age > 30` or `where school == \"A\"`")
}
