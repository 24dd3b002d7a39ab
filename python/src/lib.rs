//! bnnc from Python: the library's types as classes of the module `bnnc._bnnc`.
//!
//! ```text
//! columns (name, kind, shape, payload) ─rows→ Data      Model ─fit→ Fitted ─predict→ (name, numbers or labels)
//! ```
//!
//! Nothing is computed here, and nothing is known of data frames: `bnnc/_frames.py` takes them apart and puts them
//! together again. Long calls release the interpreter's lock; every call ends in a value or in `bnnc.Error`, never in a
//! panic that crosses over ([`guard`]). Start at [`model`].

mod fitted;
mod guard;
mod model;
mod rows;

use pyo3::prelude::*;

/// The compiled part of `bnnc`.
#[pymodule]
mod _bnnc {
    #[pymodule_export]
    use super::fitted::{Fitted, load};
    #[pymodule_export]
    use super::guard::Finding;
    #[pymodule_export]
    use super::model::Model;

    /// The number that stands for a missing value: `bnnc::Data::MISSING`.
    #[pymodule_export]
    const MISSING: f64 = bnnc::Data::MISSING;

    /// The version of the library.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
