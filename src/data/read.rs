//! From cells to values: numbers are parsed, labels become positions, and what does not fit is reported.
//!
//! One finding per column and fault, naming the first row and how many more there are.

use super::bind::Bound;
use super::column_type::ColumnType;
use super::levels::{self, Positions};
use super::table::{Cells, Table, is_null};
use super::values::Values;
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::model::Column;
use crate::ty::{Element, Interval};

/// The values of a column, and the rows that lack one.
pub struct Filled {
    /// All rows; 0 stands where a value is missing.
    pub values: Values,
    /// True for rows whose value is missing or cannot be read.
    pub missing: Vec<bool>,
    /// What is wrong, if missing values are not dropped.
    pub findings: Diagnostics,
}

/// A fault seen in some rows.
struct Fault {
    code: &'static str,
    row: usize,
    /// Position among the column's names in the file.
    part: usize,
    found: String,
    count: usize,
}

/// Collects faults, one per code.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, code: &'static str, row: usize, part: usize, found: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|fault| fault.code == code) {
            Some(fault) => fault.count += 1,
            None => self.0.push(Fault { code, row, part, found: found(), count: 1 }),
        }
    }
}

/// Fills one declared column from the cells of a table.
pub fn fill(column: &Column, ty: &ColumnType, bound: &Bound, table: &Table, drops_missing: bool) -> Filled {
    let cells: Vec<&Cells> = bound.positions.iter().filter_map(|i| table.columns.get(*i)?.as_ref()).collect();
    let mut missing = vec![false; table.rows];
    let mut faults = Faults::default();
    let values = match ty {
        ColumnType::Image(_) => match cells.as_slice() {
            [Cells::Bytes { width, data }] => Values::Bytes { width: *width, data: data.clone() },
            _ => numbers(
                &cells,
                table.rows,
                Element::Real,
                Interval::closed(0.0, 1.0),
                &mut missing,
                &mut faults,
            ),
        },
        ColumnType::Number { element, interval, .. } => {
            numbers(&cells, table.rows, *element, *interval, &mut missing, &mut faults)
        }
        ColumnType::Class(_) | ColumnType::Factor => {
            positions(&cells, table.rows, &column.levels, &mut missing, &mut faults)
        }
    };
    let mut findings = Diagnostics::default();
    for fault in faults.0 {
        if fault.code != "D002" || !drops_missing {
            findings.push(in_words(&fault, column, ty, bound, table));
        }
    }
    Filled { values, missing, findings }
}

/// Numbers of one or several file columns, side by side.
fn numbers(
    cells: &[&Cells],
    rows: usize,
    element: Element,
    interval: Interval,
    missing: &mut [bool],
    faults: &mut Faults,
) -> Values {
    let widths = cells.iter().map(|c| match c {
        Cells::Text(_) => 1,
        Cells::Numbers { width, .. } | Cells::Bytes { width, .. } => *width,
    });
    let width: usize = widths.sum();
    let mut data = Vec::with_capacity(rows * width);
    for row in 0..rows {
        for (part, cells) in cells.iter().enumerate() {
            let mut push = |value: Option<f64>, found: &dyn Fn() -> String| {
                match value {
                    Some(x) if interval.contains(x) => {}
                    Some(_) => faults.add("D016", row, part, found),
                    None => {
                        missing[row] = true;
                        faults.add("D002", row, part, found);
                    }
                }
                data.push(value.unwrap_or(0.0));
            };
            match cells {
                Cells::Text(texts) => {
                    let text = texts.get(row);
                    push(parsed(&text, element), &|| text.to_string());
                }
                Cells::Numbers { width, data } => {
                    for x in &data[row * width..(row + 1) * width] {
                        push(Some(*x).filter(|x| x.is_finite()), &|| match is_null(*x) {
                            true => String::new(),
                            false => x.to_string(),
                        });
                    }
                }
                Cells::Bytes { width, data } => {
                    for b in &data[row * width..(row + 1) * width] {
                        push(Some(f64::from(*b)), &|| b.to_string());
                    }
                }
            }
        }
    }
    Values::Real { width: width.max(1), data }
}

/// A finite number; for `bool` also the words.
fn parsed(text: &str, element: Element) -> Option<f64> {
    match element {
        Element::Bool if text.eq_ignore_ascii_case("true") => Some(1.0),
        Element::Bool if text.eq_ignore_ascii_case("false") => Some(0.0),
        _ => levels::number(text),
    }
}

/// Positions of labels among the levels.
fn positions(
    cells: &[&Cells],
    rows: usize,
    known: &[String],
    missing: &mut [bool],
    faults: &mut Faults,
) -> Values {
    let positions = Positions::new(known);
    let mut data = Vec::with_capacity(rows);
    for row in 0..rows {
        let label = cells.first().map_or("".into(), |cells| levels::label(cells, row));
        let position = positions.of(&label);
        if position.is_none() {
            // `NA` is a missing value unless the declaration lists it as a label.
            if levels::is_missing(&label) {
                missing[row] = true;
                faults.add("D002", row, 0, || label.to_string());
            } else {
                faults.add("D003", row, 0, || label.to_string());
            }
        }
        data.push(position.unwrap_or(0) as f64);
    }
    Values::Real { width: 1, data }
}

fn in_words(fault: &Fault, column: &Column, ty: &ColumnType, bound: &Bound, table: &Table) -> Diagnostic {
    let row = table.row_number(fault.row);
    let place = &table.place;
    let name = bound.names.get(fault.part).unwrap_or(&column.name);
    let (word, takes) = ty.takes();
    let found = &fault.found;
    let finding = match fault.code {
        "D002" => {
            let shown = match found.as_str() {
                // Files of text have cells without a text, others values that are not there.
                "" if !table.lines.is_empty() => "empty".to_owned(),
                "" => "missing".to_owned(),
                _ => format!("\"{found}\""),
            };
            let finding = Diagnostic::new("D002", format!("row {row} of `{name}` in {place} is {shown}"))
                .at(column.span, format!("`{word}` takes {takes}"));
            match levels::is_missing(found) {
                true => finding.help("say `missing = drop` to leave such rows out, or clean the file"),
                // Labels in nearly every row are no numbers that are missing.
                false if word == "real" && 2 * fault.count > table.rows => finding.help(format!(
                    "these are labels: declare `{0} : factor`, or `{0} : class` for a target",
                    column.name
                )),
                false => finding.help("clean the file, or say `missing = drop` to leave such rows out"),
            }
        }
        "D003" => label_in_words(fault, row, column, name, place),
        _ => Diagnostic::new("D016", format!("row {row} of `{name}` in {place} is {found}"))
            .at(column.span, format!("`{word}` takes {takes}"))
            .help("declare a wider type, such as `real`, or clean the file"),
    };
    let finding = match fault.count {
        1 => finding,
        n => finding.note(format!("{} more values of this column are like that", n - 1)),
    };
    // Rows are counted as in an editor; say so once, where it is not obvious.
    if table.lines.is_empty() { finding } else { finding.note("row 1 of the file holds the names") }
}

fn label_in_words(fault: &Fault, row: u64, column: &Column, name: &str, place: &str) -> Diagnostic {
    let found = &fault.found;
    let levels = &column.levels;
    let counted = levels.iter().enumerate().all(|(i, level)| *level == i.to_string());
    let kind = if column.ty.element == Element::Factor { "level" } else { "class" };
    let finding =
        Diagnostic::new("D003", format!("{kind} {found} found in row {row} of `{name}` in {place}"));
    match (counted && kind == "class", levels.len()) {
        (true, 1..) => finding
            .at(column.span, format!("`class({0})` allows 0…{1}", levels.len(), levels.len() - 1))
            .help("count the classes from 0, or write `class` for the labels as they are"),
        _ => {
            let known: Vec<&str> = levels.iter().map(String::as_str).collect();
            let finding = match suggest::nearest(found, known.iter().copied()) {
                Some(near) => finding.at(column.span, format!("is \"{near}\" meant?")),
                None => finding.at(column.span, "this label is not known here"),
            };
            finding.note(format!("the labels are {}", super::error::listed(&known)))
        }
    }
}
