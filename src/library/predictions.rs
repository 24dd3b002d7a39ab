//! Predictions of new rows as named columns.

use crate::compile::fitted::Batch;
use crate::export::predicted_columns;
use crate::run_folder::Cells;
use ndarray::Array1;

/// A table of predictions, with the columns of `predictions/<split>.csv`: `mean`, `sd`, `q05`… of numbers, `predicted`,
/// `p_<class>`… of classes; with several targets each name begins with its target and a dot. `target` is left out where the rows have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Predictions {
    shares: Vec<f64>,
    columns: Vec<(String, Cells)>,
    left_out: usize,
}

impl Predictions {
    pub(super) fn new(shares: Vec<f64>) -> Predictions {
        Predictions { shares, ..Predictions::default() }
    }

    pub(super) fn add(&mut self, batch: Batch, has_targets: bool) {
        self.left_out += batch.left_out;
        let columns =
            predicted_columns(&batch.table, &batch.quantiles, &batch.draws, &self.shares, has_targets);
        if self.columns.is_empty() {
            self.columns = columns;
            return;
        }
        for ((_, all), (_, more)) in self.columns.iter_mut().zip(&columns) {
            all.append(more);
        }
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// How many rows were predicted.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, cells)| cells.len())
    }

    /// Whether no row was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that were left out because a value that the model needs is missing.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// A column of numbers; none if there is no such column.
    pub fn numbers(&self, name: &str) -> Option<Array1<f64>> {
        match self.columns.iter().find(|(n, _)| n == name)? {
            (_, Cells::Numbers(values)) => Some(Array1::from_vec(values.clone())),
            (_, Cells::Rows(rows)) => Some(rows.iter().map(|r| *r as f64).collect()),
            (_, Cells::Words(_)) => None,
        }
    }

    /// A column of labels; none if there is no such column.
    pub fn labels(&self, name: &str) -> Option<&[String]> {
        match self.columns.iter().find(|(n, _)| n == name)? {
            (_, Cells::Words(words)) => Some(words),
            (_, Cells::Numbers(_) | Cells::Rows(_)) => None,
        }
    }
}
