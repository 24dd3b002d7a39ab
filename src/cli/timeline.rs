//! `fit --profile`: what a run did when, from the start of the process on.

use super::terminal::columns;
use crate::diagnostic::Diagnostic;
use crate::infer::progress::Progress;
use serde_json::{Value, json};
use std::time::Instant;

/// The parts of a run in their order. What lies between two of them belongs to neither.
pub(super) struct Timeline {
    process: Instant,
    parts: Vec<Part>,
}

/// Seconds since the start of the process.
struct Part {
    what: String,
    begin: f64,
    /// When the first of its units were done, of a part that has units.
    first: Option<f64>,
    end: Option<f64>,
}

impl Timeline {
    /// Of a process that began then, with its first part.
    pub(super) fn of(process: Instant, what: &str) -> Timeline {
        let first = Part { what: what.to_owned(), begin: 0.0, first: None, end: None };
        Timeline { process, parts: vec![first] }
    }

    fn now(&self) -> f64 {
        self.process.elapsed().as_secs_f64()
    }

    /// The part before is over, and another begins.
    pub(super) fn begin(&mut self, what: &str) {
        self.end();
        let begin = self.now();
        self.parts.push(Part { what: what.to_owned(), begin, first: None, end: None });
    }

    /// The part is over.
    pub(super) fn end(&mut self) {
        let now = self.now();
        if let Some(part) = self.parts.last_mut() {
            part.end.get_or_insert(now);
        }
    }

    fn advance(&mut self) {
        let now = self.now();
        if let Some(part) = self.parts.last_mut() {
            part.first.get_or_insert(now);
        }
    }

    /// A row a part.
    pub(super) fn table(&self) -> String {
        let milliseconds = |seconds: f64| format!("{:.1} ms", 1e3 * seconds);
        let mut rows =
            vec![["began", "took", "first units by", "part of the run"].map(str::to_owned).to_vec()];
        rows.extend(self.parts.iter().map(|part| {
            let took = part.end.map_or_else(String::new, |end| milliseconds(end - part.begin));
            let first = part.first.map_or_else(String::new, milliseconds);
            vec![milliseconds(part.begin), took, first, part.what.clone()]
        }));
        format!("  timeline, since the process began\n{}", columns(&rows, 4))
    }

    /// Parts in their order, in seconds.
    pub(super) fn to_json(&self) -> Value {
        let part = |p: &Part| json!({ "part": p.what, "begin": p.begin, "first": p.first, "end": p.end });
        self.parts.iter().map(part).collect()
    }
}

/// Hands progress on and notes the times.
pub(super) struct Timed<'a> {
    pub(super) shown: &'a mut dyn Progress,
    pub(super) timeline: &'a mut Timeline,
}

impl Progress for Timed<'_> {
    fn begin(&mut self, what: &str, total: u64) {
        self.timeline.begin(what);
        self.shown.begin(what, total);
    }

    fn advance(&mut self, done: u64, elbo: Option<f64>) {
        self.timeline.advance();
        self.shown.advance(done, elbo);
    }

    fn advance_each(&mut self, done: &[usize], each: usize) {
        self.timeline.advance();
        self.shown.advance_each(done, each);
    }

    fn warn(&mut self, finding: &Diagnostic) {
        self.shown.warn(finding);
    }

    fn end(&mut self) {
        self.timeline.end();
        self.shown.end();
    }
}
