//! A table that is written as its rows come, in a format chosen by the name of its file.

#[cfg(feature = "parquet")]
use super::parquet;
use super::{delimited, json, numpy};
use crate::run_folder::Cells;
use std::io::{self, Write};

/// A table on its way out.
pub trait Table {
    /// Writes some rows; every call has the same columns.
    ///
    /// # Errors
    /// Those of what it writes to.
    fn rows(&mut self, columns: &[(String, Cells)]) -> io::Result<()>;
    /// Writes what stands at the end.
    ///
    /// # Errors
    /// Those of what it writes to.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Starts a table.
pub type Format = for<'a> fn(Box<dyn Write + 'a>) -> Box<dyn Table + 'a>;

/// Formats by the end of a file's name.
pub const FORMATS: &[(&str, Format)] = &[
    (".csv", delimited::comma),
    (".tsv", delimited::tab),
    (".csv.gz", delimited::comma_gz),
    (".tsv.gz", delimited::tab_gz),
    (".json", json::open),
    #[cfg(feature = "parquet")]
    (".parquet", parquet::open),
    (".npz", numpy::open_npz),
    (".npy", numpy::open_npy),
];

/// The format of a file; none if its name does not say.
pub fn format_of(path: &str) -> Option<Format> {
    let lower = path.to_ascii_lowercase();
    let ends = |(end, _): &&(&str, Format)| lower.ends_with(end);
    FORMATS.iter().find(ends).map(|(_, format)| *format)
}
