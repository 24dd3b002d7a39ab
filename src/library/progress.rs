//! Progress of a fit to a caller, who may end it.

use crate::diagnostic::Diagnostic;
use crate::infer::journal::{Journal, Store};
use crate::infer::progress::Progress as Inner;
use std::ops::ControlFlow;
use std::time::Duration;

/// Where a fit stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What is being done, in words: `fitting`, `predicting valid`.
    pub stage: Stage,
    /// Steps of it that are done.
    pub done: u64,
    /// Steps of it in all.
    pub total: u64,
    /// A noisy ELBO, while fitting.
    pub elbo: Option<f64>,
}

/// What is being done, in words.
pub type Stage = String;

/// What a caller gives to hear of progress.
pub(super) type Callback<'a> = &'a mut dyn FnMut(&Progress) -> ControlFlow<()>;

/// Hands progress on to a caller and stops the fit where they say so.
pub(super) struct Told<'a> {
    callback: Callback<'a>,
    journal: Journal,
    stage: String,
    total: u64,
}

impl<'a> Told<'a> {
    pub(super) fn new(callback: Callback<'a>, journal: Journal) -> Told<'a> {
        Told { callback, journal, stage: String::new(), total: 0 }
    }
}

impl Inner for Told<'_> {
    fn begin(&mut self, what: &str, total: u64) {
        (self.stage, self.total) = (what.to_owned(), total);
        self.advance(0, None);
    }

    fn advance(&mut self, done: u64, elbo: Option<f64>) {
        let now = Progress { stage: self.stage.clone(), done, total: self.total, elbo };
        if (self.callback)(&now).is_break() {
            self.journal.stop();
        }
    }

    fn warn(&mut self, _finding: &Diagnostic) {}

    fn end(&mut self) {}
}

/// A journal that can be told to stop and keeps nothing.
pub(super) fn journal() -> Journal {
    Journal::new(Box::new(Nothing), Duration::MAX, None).unwrap_or_default()
}

struct Nothing;

impl Store for Nothing {
    fn keep(&self, _state: &[u8], _seconds: f64) {}
}
