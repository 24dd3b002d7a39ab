//! D013: a count column that stands in an index must lie in 1…K.

use crate::data::Dataset;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

/// Looks at every row of every column that indexes something; the first row outside is told.
pub(super) fn inside(model: &Model, data: &Dataset) -> Result<(), Diagnostics> {
    let mut found = Diagnostics::default();
    for index in model.counted_indices() {
        let column = model.column(index.column);
        let last = index.first + index.size as f64 - 1.0;
        let values = &data.columns[index.column.0 as usize];
        let outside = (0..data.rows).map(|row| (row, values.get(row, 0)));
        let outside = outside.filter(|(_, v)| !(index.first..=last).contains(v)).collect::<Vec<_>>();
        let Some((row, value)) = outside.first() else { continue };
        found.push(
            Diagnostic::new(
                "D013",
                format!(
                    "the index `{}` is {value} in row {}; it must be {} to {last}",
                    column.name,
                    row + 1,
                    index.first,
                ),
            )
            .at(index.span, format!("{} of {} rows are outside", outside.len(), data.rows))
            .at(column.span, "declared here")
            .help(
                "indices count from 1; a `factor` column has as many copies as levels: `theta[school] ~ …`",
            ),
        );
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}
