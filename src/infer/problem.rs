//! What every method gets: model, log joint, rows, settings.

use super::journal::Journal;
use super::no_net::Suspended;
use super::settings::Settings;
use crate::data::{Dataset, FromData};
use crate::engine::{Profiler, RowSource};
use crate::kernels::real::Real;
use crate::lower::LogJoint;
use crate::model::Model;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// `f32` or `f64`, as read from data and computed with.
pub trait Number: Real + FromData + Serialize + DeserializeOwned {}

impl<T: Real + FromData + Serialize + DeserializeOwned> Number for T {}

/// A data set as the engine sees it.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a>(pub &'a Dataset);

impl<T: Number> RowSource<T> for Rows<'_> {
    fn copy_row(&self, column: u32, row: u32, out: &mut [T]) {
        self.0.columns[column as usize].copy_rows(&[row], out);
    }
    fn prefetch_row(&self, column: u32, row: u32) {
        self.0.columns[column as usize].prefetch_row(row);
    }
}

/// When a fit ends before it has settled, where another form of the same model is fitted too.
#[derive(Clone, Default)]
pub struct GiveUp {
    /// After so many steps; it can be taken up again.
    pub after: Option<u64>,
    /// Where it stays behind the ELBO of the other form, with its standard error.
    pub behind: Option<(f64, f64)>,
    /// Where such a fit was when it ended.
    pub taken_up: Option<Suspended>,
}

/// A fit to be done.
pub struct Problem<'a> {
    /// The checked model.
    pub model: &'a Model,
    /// Its log joint.
    pub joint: &'a LogJoint,
    /// The data.
    pub rows: Rows<'a>,
    /// Training rows.
    pub train: &'a [u32],
    /// The settings in force.
    pub settings: &'a Settings,
    /// Threads to use.
    pub threads: usize,
    /// Bytes that its programs may take.
    pub room: u64,
    /// What of it is done already.
    pub journal: Journal,
    /// Where its programs' time goes.
    pub profiler: Profiler,
    /// Where it ends before it has settled.
    pub give_up: GiveUp,
}

impl Problem<'_> {
    /// What a row counts where the prior terms count once: 1/λ (`docs/inference.md`, equation 3a).
    pub fn row_weight(&self) -> f64 {
        1.0 / self.settings.kl_weight
    }

    /// Numbers that a column has in each row.
    pub fn width(&self, column: u32) -> usize {
        self.model.columns.get(column as usize).map_or(0, |c| c.ty.shape.len())
    }
}
