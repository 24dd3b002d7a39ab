//! Columns from Python to the library's [`Data`].

use bnnc::Data;
use ndarray::{ArrayD, IxDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A column: its name, the sizes of its axes, rows first, and its cells.
pub type Column = (String, Vec<usize>, Cells);

/// The cells of a column, row-major.
#[derive(FromPyObject)]
pub enum Cells {
    /// `(8, bytes)`: numbers of eight bytes each, lowest byte first; `(1, bytes)`: bytes
    Bytes(usize, Vec<u8>),
    /// labels
    Labels(Vec<String>),
}

/// The rows of some columns.
pub fn data(columns: Vec<Column>) -> PyResult<Data> {
    columns.into_iter().try_fold(Data::new(), |data, (name, shape, cells)| {
        let wrong = |fault| PyValueError::new_err(format!("column {name:?}: {fault}"));
        Ok(match cells {
            Cells::Bytes(8, bytes) => {
                let (words, _) = bytes.as_chunks::<8>();
                let numbers: Vec<f64> = words.iter().map(|word| f64::from_le_bytes(*word)).collect();
                data.array(&name, &ArrayD::from_shape_vec(IxDyn(&shape), numbers).map_err(wrong)?)
            }
            Cells::Bytes(_, bytes) => {
                data.bytes(&name, &ArrayD::from_shape_vec(IxDyn(&shape), bytes).map_err(wrong)?)
            }
            Cells::Labels(labels) => data.labels(&name, &labels),
        })
    })
}
