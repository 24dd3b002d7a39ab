//! What a long computation tells while it runs; the terminal is somebody else's business.
//!
//! A method calls [`Progress::begin`] once per phase, [`Progress::advance`] as often as it likes (a receiver
//! decides what to show), and [`Progress::end`] when the phase is over. [`Silent`] listens to nothing.

use crate::diagnostic::Diagnostic;

/// Receives progress; `cli` draws it, tests ignore it.
pub trait Progress {
    /// A phase starts: what it does (`fitting`, `evaluating`), and of how many units.
    fn begin(&mut self, what: &str, total: u64);
    /// So many units of the phase are done; the latest ELBO where there is one.
    fn advance(&mut self, done: u64, elbo: Option<f64>);
    /// So many units of each part of the phase are done, of so many each, where parts (chains) go on side by side.
    fn advance_each(&mut self, done: &[usize], each: usize) {
        let _ = each;
        self.advance(done.iter().sum::<usize>() as u64, None);
    }
    /// Something to be warned of that has come to light.
    fn warn(&mut self, finding: &Diagnostic);
    /// The phase is over.
    fn end(&mut self);
}

/// Shows the phases of a fit that is only tried, in other words than those of the fit it is compared with; what it would
/// warn of is nobody's yet.
pub struct Trial<'a> {
    /// Who shows them.
    pub shown: &'a mut dyn Progress,
    /// What is tried: `centred`.
    pub what: &'static str,
}

impl Progress for Trial<'_> {
    fn begin(&mut self, what: &str, total: u64) {
        self.shown.begin(&format!("{what} ({})", self.what), total);
    }
    fn advance(&mut self, done: u64, elbo: Option<f64>) {
        self.shown.advance(done, elbo);
    }
    fn advance_each(&mut self, done: &[usize], each: usize) {
        self.shown.advance_each(done, each);
    }
    fn warn(&mut self, _finding: &Diagnostic) {}
    fn end(&mut self) {
        self.shown.end();
    }
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _what: &str, _total: u64) {}
    fn advance(&mut self, _done: u64, _elbo: Option<f64>) {}
    fn warn(&mut self, _finding: &Diagnostic) {}
    fn end(&mut self) {}
}
