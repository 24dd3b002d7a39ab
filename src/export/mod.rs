//! Tables and posteriors in the formats of others.
//!
//! A table goes out some rows at a time ([`Table`]): CSV, TSV and JSON as they come, NumPy's files when it ends, because
//! their headers say how many rows there are.

mod delimited;
mod json;
mod numpy;
mod table;

pub use numpy::{Array, Elements, npy, npz};
pub use table::{Format, FORMATS, Table, format_of};
