//! Where rows come from: a data block to typed columns ([`schema`]), and to values ([`load`]).
//!
//! ```text
//! data "moons.csv" { x1, x2 : real; y : class(2); split by split }
//!   ─declare→ what the lines say        ─open→ the header of the file
//!   ─bind→    which columns fill which  ─read→ values, positions of labels
//!   ─split→   rows to train, validate, test
//! ```
//!
//! Each source is a file of its own ([`csv`], [`idx`], [`moons`], [`circles`]) with a line in a table of
//! [`source`] or [`generator`]. Nothing here touches the file system: bytes come through [`Files`].
//! Randomness is a pure function of a seed and a purpose ([`key`]). Damaged files give findings, never panics.

mod bind;
pub mod builtin;
mod cifar;
pub mod circles;
mod column_type;
pub mod csv;
mod declare;
mod error;
mod filter;
pub mod generator;
mod gzip;
pub mod idx;
#[cfg(feature = "images")]
mod images;
pub mod key;
mod levels;
mod load;
pub mod moons;
pub mod new_rows;
mod npy;
mod npz;
mod open;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
pub mod room;
mod schema;
pub mod source;
mod split;
pub mod table;
pub mod truth;
mod values;
mod zip;

use std::collections::HashMap;

pub use builtin::write_builtin;
pub use load::load;
pub use schema::schema;
pub use split::Split;
pub use values::{FromData, Values};

/// How data files are opened; tests use memory.
pub trait Files {
    /// Opens a file; a relative path is relative to the model file.
    fn open(&self, path: &str) -> std::io::Result<Box<dyn std::io::Read>>;
    /// The names in a folder, those of folders with `/` at their end.
    fn list(&self, folder: &str) -> std::io::Result<Vec<String>> {
        Err(std::io::Error::new(std::io::ErrorKind::Unsupported, format!("{folder} cannot be listed")))
    }
    /// Bytes of memory that a file's values may take.
    fn room(&self) -> u64 {
        u64::MAX
    }
}

/// What stands outside the data block and concerns it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Constants of the model with the values in force.
    pub constants: HashMap<String, f64>,
    /// `--data FILE`: read this in place of the model's source (not of its `test` source).
    pub data_override: Option<String>,
    /// `--set noise=0.2`: arguments of generators by name.
    pub set: HashMap<String, f64>,
    /// Seed of random splits.
    pub seed: u64,
    /// Columns that are observed and stand nowhere else: under `missing = predict` their values may be absent.
    pub targets: Vec<String>,
    /// Columns that nothing reads: the file need not have them.
    pub unread: Vec<String>,
    /// Counts that walks run along: their smallest and largest values are asked for.
    pub walked: Vec<String>,
}

/// The rows of a model, checked and typed.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// All rows: those of the source, then those of the test source.
    pub rows: usize,
    /// Which row of its source each row is, from 1.
    pub numbers: Vec<u64>,
    /// Rows whose target is missing and is only predicted (`missing = predict`), ascending; they are in no split.
    pub unobserved: Vec<u32>,
    /// One entry per column of the model.
    pub columns: Vec<Values>,
    /// Those that have rows, in the order train, valid, test.
    pub splits: Vec<Split>,
    /// Rows left out by `missing = drop`.
    pub dropped: usize,
    /// SHA-256 over names, values and splits, in hexadecimal.
    pub fingerprint: String,
    /// What a person should know about the reading, one line each.
    pub notes: Vec<String>,
    /// Of each declared column, the columns of the file that fill it.
    pub sources: Vec<Vec<String>>,
}

impl Dataset {
    /// The rows of a split; none if it does not exist.
    pub fn split(&self, name: &str) -> &[u32] {
        self.splits.iter().find(|split| split.name == name).map_or(&[], |split| &split.rows)
    }

    /// Bytes that its values and row numbers take.
    pub fn bytes(&self) -> u64 {
        let values: usize = self.columns.iter().map(Values::bytes).sum();
        let rows: usize = self.splits.iter().map(|split| size_of_val(&split.rows[..])).sum();
        (values + rows + size_of_val(&self.numbers[..])) as u64
    }
}

#[cfg(test)]
mod numpy_tests;
#[cfg(test)]
mod picture_tests;
#[cfg(test)]
mod tests;
