//! bnnc for other programs: a model from text, rows from arrays, a fit, predictions.
//!
//! ```text
//! Model ─check→ findings     Model + Data ─fit→ Fitted ─predict→ Predictions
//!                                               Fitted ─save→ a run folder ─load→ Fitted
//! ```
//!
//! What `bnnc` writes and what [`Fitted::save`] writes are the same folders, and the same rows have the same numbers
//! from either. Everything that can go wrong is an [`Error`]; nothing prints, and nothing ends the process.

mod data;
mod draws;
mod error;
mod fitted;
mod model;
mod predictions;
mod progress;

pub use crate::export::{Axis, Elements, Labels};
pub use crate::run_folder::SummaryRow;
pub use data::Data;
pub use draws::{DrawArray, Draws};
pub use error::{Error, Finding};
pub use fitted::{Fitted, Predict};
pub use model::{Fit, Model};
pub use predictions::Predictions;
pub use progress::{Progress, Stage};
