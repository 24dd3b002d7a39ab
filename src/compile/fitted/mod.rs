//! A run folder as something that predicts: the model compiled again from what the folder holds, and its posterior.
//!
//! ```text
//! Run ─load→ FittedModel ─rows of a file→ chunks ─predict→ tables, metrics
//! ```
//!
//! Nothing of the files that the model was fitted on is needed. The same rows give the same numbers as the fit wrote,
//! bit for bit: draws are keyed, and a row's own noise is keyed by what the row holds.

mod axes;
mod export;
mod load;
mod new_levels;
mod posterior;
mod predict;
mod rows;

pub use export::{Exporting, Stop};
pub use load::load;
pub use posterior::Posterior;
pub(super) use posterior::{DIRECTIONS, DIVERGING, STEPS};
pub use predict::{Asked, Batch, Levels, Predicting};

use crate::data::Dataset;
use crate::infer::journal::Journal;
use crate::infer::problem::{Problem, Rows};
use crate::infer::settings::Settings;
use crate::lower::LogJoint;
use crate::model::Model;
use crate::run_folder::Run;
use crate::source::SourceFile;
use crate::syntax::ast::Ast;

/// A model with its posterior.
pub struct FittedModel {
    /// What the folder holds.
    pub run: Run,
    /// The model's text, for messages that point into it.
    pub source: SourceFile,
    ast: Ast,
    model: Model,
    joint: LogJoint,
    settings: Settings,
    posterior: Posterior,
    options: super::Options,
}

impl FittedModel {
    /// The checked model with its numbers filled in.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Draws that a prediction is made of, unless another number is asked for.
    pub fn draws(&self) -> usize {
        crate::infer::predict::draws(
            &self.model,
            &self.joint,
            self.posterior.source(),
            self.settings.predict_draws,
        )
    }

    fn problem<'a>(&'a self, data: &'a Dataset, threads: usize) -> Problem<'a> {
        Problem {
            model: &self.model,
            joint: &self.joint,
            rows: Rows(data),
            train: &[],
            settings: &self.settings,
            threads,
            room: crate::files::memory::allowed().unwrap_or(u64::MAX),
            journal: Journal::default(),
            profiler: crate::engine::Profiler::default(),
            give_up: crate::infer::problem::GiveUp::default(),
        }
    }
}
