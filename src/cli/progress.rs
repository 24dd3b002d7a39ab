//! Progress on standard error: a bar with the time left on a terminal, a few plain lines elsewhere.

use super::forecast::Left;
use super::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::infer::progress::Progress;
use crate::source::SourceFile;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Plain lines are few: after this time at the earliest, and only when a fifth more is done or a minute has passed.
const EARLIEST: Duration = Duration::from_secs(10);
const LATEST: Duration = Duration::from_secs(60);
const SHARE: f64 = 0.2;

/// Shows what a fit is doing.
pub(super) struct Shown {
    terminal: Terminal,
    /// The model that findings point into.
    source: SourceFile,
    phase: Option<Phase>,
}

struct Phase {
    what: String,
    total: u64,
    began: Instant,
    last_line: Instant,
    last_done: u64,
    /// What was done when it was first told: a phase that is taken up does not begin at 0.
    first: Option<(Instant, u64)>,
    bar: Option<ProgressBar>,
}

impl Phase {
    fn is_due(&self, done: u64) -> bool {
        let waited = self.last_line.elapsed();
        let more = done.saturating_sub(self.last_done) as f64 >= SHARE * self.total as f64;
        done < self.total && (waited >= EARLIEST && more || waited >= LATEST)
    }
}

impl Shown {
    pub(super) fn new(terminal: &Terminal) -> Shown {
        Shown::of(terminal, &SourceFile::new("", ""))
    }

    /// Of a computation whose findings point into a model.
    pub(super) fn of(terminal: &Terminal, source: &SourceFile) -> Shown {
        Shown { terminal: *terminal, source: source.clone(), phase: None }
    }

    fn bar(&self, what: &str, total: u64, left: &str) -> Option<ProgressBar> {
        if !self.terminal.is_interactive || self.terminal.is_quiet {
            return None;
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8));
        let template = format!("{{prefix:>11}} [{{bar:28}}] {{human_pos}}/{{human_len}}  {left}{{msg}}");
        let style = ProgressStyle::with_template(&template).map(|s| s.progress_chars("=> "));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(what.to_owned());
        Some(bar)
    }

    fn line(&self, text: &str) {
        if !self.terminal.is_quiet {
            self.terminal.err(&format!("{text}\n"));
        }
    }
}

impl Progress for Shown {
    fn begin(&mut self, what: &str, total: u64) {
        self.begin_with(what, total, "{eta} left  ");
    }

    fn advance(&mut self, done: u64, elbo: Option<f64>) {
        self.show(done, None, elbo.map(|v| format!("ELBO {v:.1}")).unwrap_or_default());
    }

    fn advance_each(&mut self, done: &[usize], each: usize) {
        self.show(done.iter().sum::<usize>() as u64, None, shares(done, each));
    }

    fn warn(&mut self, finding: &Diagnostic) {
        let draw = || self.terminal.findings(&finding.clone().into(), &self.source, true);
        match self.phase.as_ref().and_then(|p| p.bar.as_ref()) {
            Some(bar) => bar.suspend(draw),
            None => draw(),
        }
    }

    fn end(&mut self) {
        if let Some(Phase { bar: Some(bar), .. }) = self.phase.take() {
            bar.finish_and_clear();
        }
    }
}

impl Shown {
    /// Begins a phase whose units differ in what they take: who counts them says what is left.
    pub(super) fn begin_uneven(&mut self, what: &str, total: u64) {
        self.begin_with(what, total, "");
    }

    /// So many of the units are done, and what is left as far as one can tell.
    pub(super) fn advance_uneven(&mut self, done: u64, left: Option<Left>) {
        let words = left.map(|left| {
            let least = if left.is_overdue { "at least " } else { "" };
            format!("{least}{} left", duration(left.seconds))
        });
        self.show(done, Some(words.unwrap_or_default()), String::new());
    }

    fn begin_with(&mut self, what: &str, total: u64, left: &str) {
        self.end();
        let bar = self.bar(what, total, left);
        if bar.is_none() && total > 1 {
            self.line(what);
        }
        let now = Instant::now();
        self.phase = Some(Phase {
            what: what.to_owned(),
            total,
            began: now,
            last_line: now,
            last_done: 0,
            first: None,
            bar,
        });
    }

    /// So many units are done; the time left, if it is not that of units of equal cost; what else is worth a word.
    fn show(&mut self, done: u64, left: Option<String>, value: String) {
        let Some(phase) = &mut self.phase else { return };
        // The first of many units began with the phase.
        let is_new = done < phase.total / 50;
        let (since, first) =
            *phase.first.get_or_insert(if is_new { (phase.began, 0) } else { (Instant::now(), done) });
        if let Some(bar) = &phase.bar {
            bar.set_position(done);
            bar.set_message(format!("{}{value}", left.unwrap_or_default()));
        } else if phase.is_due(done) {
            (phase.last_line, phase.last_done) = (Instant::now(), done);
            let even = || {
                if done == first {
                    return String::new();
                }
                let share = phase.total.saturating_sub(done) as f64 / done.saturating_sub(first) as f64;
                format!("{} left", duration(since.elapsed().as_secs_f64() * share))
            };
            let parts = [
                format!("{}: {} of {}", phase.what, grouped(done), grouped(phase.total)),
                left.unwrap_or_else(even),
                value,
            ];
            let text = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", ");
            self.line(&text);
        }
    }
}

/// How far each part is: `45 %, 43 %, 0 %, 0 %`.
fn shares(done: &[usize], each: usize) -> String {
    let share = |n: &usize| format!("{} %", n * 100 / each.max(1));
    done.iter().map(share).collect::<Vec<_>>().join(", ")
}

impl Drop for Shown {
    /// A fit that ends early leaves no half-drawn bar.
    fn drop(&mut self) {
        self.end();
    }
}

/// 12,000
pub(super) fn grouped(n: u64) -> String {
    indicatif::HumanCount(n).to_string()
}

/// `12 s`, `3 min 20 s`, `2 h 5 min`
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => "an unknown time".to_owned(),
        s if s < 0.1 => format!("{:.0} ms", s * 1000.0),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min {:.0} s", (s / 60.0).floor(), (s % 60.0).floor()),
        s => format!("{:.0} h {:.0} min", (s / 3600.0).floor(), (s / 60.0 % 60.0).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        let said = [0.031, 4.31, 59.6, 200.0, 7500.0, f64::NAN].map(duration);
        assert_eq!(said, ["31 ms", "4.3 s", "60 s", "3 min 20 s", "2 h 5 min", "an unknown time"]);
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(shares(&[90, 2, 0, 200], 200), "45 %, 1 %, 0 %, 100 %");
    }
}
