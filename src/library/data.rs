//! Rows as named columns in memory.

use crate::data::Files;
use crate::data::table::NULL;
use crate::export::{Array, Elements, npz};
use ndarray::{ArrayBase, Data as Storage, Dimension};
use std::io;

/// Named columns of equal length; the first axis of an array runs over rows.
///
/// ```
/// use bnnc::Data;
/// use ndarray::array;
///
/// let rows = Data::new()
///     .numbers("age", &[31.0, 54.0])
///     .array("x", &array![[0.5, 1.5], [2.5, 3.5]])
///     .labels("group", &["a", "b"]);
/// assert_eq!(rows.names(), ["age", "x", "group"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Data {
    columns: Vec<Array>,
}

impl Data {
    /// A number that is not there: messages call it missing, where a NaN is called NaN. Of labels it is `""`.
    pub const MISSING: f64 = NULL;

    /// No columns.
    pub fn new() -> Data {
        Data::default()
    }

    /// Adds a column of numbers; one that is there already is replaced.
    #[must_use]
    pub fn numbers(self, name: &str, values: &[f64]) -> Data {
        self.with(name, vec![values.len()], Elements::F64(values.to_vec()))
    }

    /// Adds a column whose rows are arrays: vectors, images.
    #[must_use]
    pub fn array<S: Storage<Elem = f64>, D: Dimension>(self, name: &str, values: &ArrayBase<S, D>) -> Data {
        let elements = Elements::F64(values.iter().copied().collect());
        self.with(name, values.shape().to_vec(), elements)
    }

    /// Adds a column of bytes, or of arrays of them: pixels, which `image` takes as 0 to 1.
    #[must_use]
    pub fn bytes<S: Storage<Elem = u8>, D: Dimension>(self, name: &str, values: &ArrayBase<S, D>) -> Data {
        let elements = Elements::U8(values.iter().copied().collect());
        self.with(name, values.shape().to_vec(), elements)
    }

    /// Adds a column of labels: classes, levels of a factor.
    #[must_use]
    pub fn labels<S: AsRef<str>>(self, name: &str, values: &[S]) -> Data {
        let words = values.iter().map(|w| w.as_ref().to_owned()).collect();
        self.with(name, vec![values.len()], Elements::Text(words))
    }

    /// The names of the columns.
    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|c| c.name.as_str()).collect()
    }

    fn with(mut self, name: &str, shape: Vec<usize>, elements: Elements) -> Data {
        self.columns.retain(|c| c.name != name);
        self.columns.push(Array { name: name.to_owned(), shape, elements });
        self
    }

    /// The same as a file that readers of data understand.
    pub(super) fn file(&self) -> io::Result<Memory> {
        let mut bytes = vec![];
        npz(&mut bytes, &self.columns)?;
        Ok(Memory { bytes })
    }
}

pub(super) use crate::data::source::IN_MEMORY as NAME;

/// One file in memory.
pub(super) struct Memory {
    bytes: Vec<u8>,
}

impl Files for Memory {
    fn open(&self, path: &str) -> io::Result<Box<dyn io::Read>> {
        match path {
            NAME => Ok(Box::new(io::Cursor::new(self.bytes.clone()))),
            other => Err(io::Error::new(io::ErrorKind::NotFound, format!("{other} is not in memory"))),
        }
    }
}
