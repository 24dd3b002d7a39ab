//! Tables and posteriors in the formats of others.
//!
//! A table goes out some rows at a time ([`Table`]): CSV, TSV and JSON as they come, NumPy's files when it ends, because
//! their headers say how many rows there are.

mod delimited;
mod json;
mod numpy;
mod predicted;
mod table;

pub use numpy::{Array, Elements, npy, npz};
pub use predicted::predicted_columns;
pub use table::{FORMATS, Format, Table, format_of};
