//! Which rows train, validate and test.

use super::declare::Share;
use super::key;
use super::table::{Cells, Table};
use crate::diagnostic::{Diagnostic, suggest};
use crate::source::Span;

/// The rows of one split, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// `train`, `valid` or `test`
    pub name: String,
    /// positions of rows
    pub rows: Vec<u32>,
}

/// The names of splits, in the order in which they are reported.
pub const NAMES: [&str; 3] = ["train", "valid", "test"];

/// The split of each row by the values of a column (dropped rows included): positions in [`NAMES`].
pub fn by_column(cells: &Cells, table: &Table, name: &str, span: Span) -> Result<Vec<usize>, Diagnostic> {
    let split_of = |row: usize| {
        let value = super::levels::label(cells, row);
        NAMES.iter().position(|name| *name == value).ok_or_else(|| {
            let row = table.row_number(row);
            let finding =
                Diagnostic::new("D018", format!("row {row} of `{name}` in {} is \"{value}\"", table.place))
                    .at(span, "a split column holds `train`, `valid` and `test`");
            match meant(&value) {
                Some(word) => finding.help(format!("write `{word}` there, and in the rows like it")),
                None => {
                    finding.help("make a column of these words, or split by a share: `split valid = 0.2`")
                }
            }
        })
    };
    (0..table.rows).map(split_of).collect()
}

/// The split that another spelling stands for: `validation`, `tset`.
fn meant(value: &str) -> Option<&'static str> {
    let lower = value.to_ascii_lowercase();
    match lower.as_str() {
        "validation" | "validate" | "val" | "dev" => Some("valid"),
        "training" => Some("train"),
        "testing" | "holdout" => Some("test"),
        other => suggest::nearest(other, NAMES),
    }
}

/// The split of each row by shares and counts, in the order written: random rows, or the last that are left.
pub fn by_shares(shares: &[Share], rows: usize, seed: u64) -> Result<Vec<usize>, Diagnostic> {
    let mut split = vec![0; rows];
    for share in shares {
        let number = match share.amount {
            part if part < 1.0 => ((part * rows as f64).round() as usize).max(1),
            count => count as usize,
        };
        let free: Vec<usize> = (0..rows).filter(|row| split[*row] == 0).collect();
        if number >= free.len() {
            let left = if free.len() == rows { "" } else { " left" };
            return Err(Diagnostic::new(
                "D018",
                format!("`{}` takes {number} of the {} rows{left}", share.name.value, free.len()),
            )
            .at(share.expr.span, "no rows would be left to train")
            .help(format!("take fewer, or a share of them: `split {} = 0.2`", share.name.value)));
        }
        let target = NAMES.iter().position(|name| *name == share.name.value).unwrap_or(0);
        if share.last {
            free[free.len() - number..].iter().for_each(|row| split[*row] = target);
        } else {
            let order = key::permutation(free.len(), seed, &format!("split {}", share.name.value));
            order[..number].iter().for_each(|i| split[free[*i]] = target);
        }
    }
    Ok(split)
}

/// Collects the rows of each split; splits without rows are left out.
pub fn collected(split: &[usize]) -> Vec<Split> {
    let rows_of = |target: usize| {
        let rows = split.iter().enumerate().filter(move |(_, s)| **s == target);
        rows.map(|(row, _)| row as u32).collect::<Vec<u32>>()
    };
    let splits =
        NAMES.iter().enumerate().map(|(i, name)| Split { name: (*name).to_owned(), rows: rows_of(i) });
    splits.filter(|split| !split.rows.is_empty()).collect()
}
