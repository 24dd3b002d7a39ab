//! Advice on models that compile: one lint a file, one line in [`ALL`].
//!
//! A lint reads the checked model and nothing else. A warning has no false alarm on a right model; what cannot promise
//! that is a note.

mod default_bias;
mod flat_alone;
mod linear_layers;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

/// One entry of the table.
#[derive(Debug)]
pub struct Lint {
    /// `K001`
    pub code: &'static str,
    /// What it finds.
    pub check: fn(&Model) -> Vec<Diagnostic>,
}

/// Every lint.
pub const ALL: &[Lint] = &[linear_layers::LINT, flat_alone::LINT, default_bias::LINT];

/// All findings on a model.
pub fn lint(model: &Model) -> Diagnostics {
    let mut found = Diagnostics::default();
    for lint in ALL {
        (lint.check)(model).into_iter().for_each(|d| found.push(d));
    }
    found
}
