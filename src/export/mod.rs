//! Tables and posteriors in the formats of others.
//!
//! A table goes out some rows at a time ([`Table`]): CSV, TSV and JSON as they come, NumPy's files when it ends, because
//! their headers say how many rows there are. A posterior goes out draw by draw ([`Store`]): to a Zarr store as it comes,
//! to a single file when it ends.

mod contents;
mod delimited;
mod json;
mod numpy;
#[cfg(feature = "parquet")]
mod parquet;
mod predicted;
mod table;
pub mod whole;
pub mod zarr;

pub use contents::{Axis, Contents, Labels, Store, Values, Variable};
pub use numpy::{Array, Elements, npy, npz};
pub use predicted::predicted_columns;
pub use table::{FORMATS, Format, Table, format_of};
