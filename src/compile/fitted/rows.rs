//! New rows for a fitted model: which columns it needs, and chunks of a file as data sets.

use super::FittedModel;
use crate::data::new_rows::Known;
use crate::infer::row_keys::reached;
use crate::run_folder::{ColumnRecord, Compiled};
use crate::ty::Shape;

/// The columns as the fit found them.
pub(super) fn known(compiled: &Compiled) -> Vec<Known> {
    let of = |c: &ColumnRecord| Known {
        names: c.names.clone(),
        shape: Shape(c.shape.clone()),
        levels: c.levels.clone(),
        range: c.range,
    };
    compiled.columns.iter().map(of).collect()
}

/// Which columns of the model something needs.
pub(super) struct Needs {
    /// Of each column of the model: a row without a value of it cannot be predicted.
    pub(super) values: Vec<bool>,
    /// Of each declared column: the file must have it.
    pub(super) required: Vec<bool>,
    /// How many rows the model looks back.
    pub(super) most_lag: usize,
}

impl FittedModel {
    /// What predictions need; with the targets, what their metrics need.
    pub(super) fn needs(&self, with_targets: bool) -> Needs {
        let columns = &self.model.columns;
        let mut values = vec![false; columns.len()];
        let wanted = |name: &str| name.starts_with("arg:") || with_targets && name.starts_with("log_lik:");
        reached(&self.joint, &wanted).into_iter().for_each(|c| values[c as usize] = true);
        let mut required = values.clone();
        let mut most_lag = 0;
        for (i, column) in columns.iter().enumerate() {
            if let (true, Some((of, by))) = (values[i], column.lag) {
                required[of.0 as usize] = true;
                most_lag = most_lag.max(by);
            }
        }
        let declared = columns.iter().zip(required).filter(|(c, _)| c.lag.is_none());
        Needs { required: declared.map(|(_, required)| required).collect(), values, most_lag }
    }
}
