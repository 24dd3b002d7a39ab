//! `fit --profile`: what the steps of a fit's programs took, as a table and as JSON.

use super::progress::{duration, grouped};
use super::terminal::columns;
use crate::engine::{Line, Measured};
use serde_json::{Value, json};
use std::time::Duration;

/// Lines shown are the slowest ones that make up this share of a program's time,
const SHOWN_SHARE: f64 = 0.98;
/// and at most so many.
const SHOWN_LINES: usize = 30;

/// The tables of all programs, the slowest first.
pub(super) fn table(measured: &[Measured], fit_s: f64, threads: usize) -> String {
    let all: Duration = measured.iter().map(Measured::time).sum();
    let on = if threads == 1 { "1 thread".to_owned() } else { format!("up to {threads} threads") };
    let mut out = format!(
        "  profile  the fit took {} on {on}; its programs ran {}, all threads together\n",
        duration(fit_s),
        duration(all.as_secs_f64())
    );
    for program in measured {
        let share = percent(program.time(), all);
        let time = duration(program.time().as_secs_f64());
        out += &format!("\n  {}: {time}, {share}\n", program.what);
        out += &columns(&rows(program), 4);
    }
    if measured.is_empty() {
        out += "\n  no program ran\n";
    }
    out
}

/// A program's slowest steps, under a head, and the others together.
fn rows(program: &Measured) -> Vec<Vec<String>> {
    let head = ["share", "time", "runs", "a run", "GFLOP/s", "GB/s", "section", "value", "step"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut lines = program.lines();
    lines.retain(|line| line.tally.runs > 0);
    lines.sort_by_key(|line| std::cmp::Reverse(line.tally.time));
    let total = program.time();
    let (mut shown, mut before) = (0, Duration::ZERO);
    while shown < lines.len().min(SHOWN_LINES) && before.as_secs_f64() < SHOWN_SHARE * total.as_secs_f64() {
        before += lines[shown].tally.time;
        shown += 1;
    }
    rows.extend(lines[..shown].iter().map(|line| row(line, total)));
    let rest = &lines[shown..];
    if !rest.is_empty() {
        let time = total.saturating_sub(before);
        let words = format!("{} other steps", rest.len());
        let mut row = vec![percent(time, total), duration(time.as_secs_f64())];
        row.extend(std::iter::repeat_n(String::new(), head.len() - 3));
        row.push(words);
        rows.push(row);
    }
    rows
}

fn row(line: &Line<'_>, total: Duration) -> Vec<String> {
    let seconds = line.tally.time.as_secs_f64();
    // Operations, or bytes, of all runs a nanosecond are thousands of millions a second.
    let rate = |a_run: u64| match a_run as f64 * line.tally.runs as f64 / (seconds * 1e9) {
        rate if rate > 0.0 && rate.is_finite() => format!("{rate:.1}"),
        _ => String::new(),
    };
    vec![
        percent(line.tally.time, total),
        duration(seconds),
        grouped(line.tally.runs),
        a_run(seconds / line.tally.runs as f64),
        rate(line.cost.flops),
        rate(line.cost.bytes),
        line.section.name().to_owned(),
        line.step.slot.to_string(),
        line.step.label(),
    ]
}

fn percent(part: Duration, whole: Duration) -> String {
    format!("{:.1} %", 100.0 * part.as_secs_f64() / whole.as_secs_f64().max(f64::MIN_POSITIVE))
}

/// The time of one run: `0.04 µs`, `1.20 ms`.
fn a_run(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.2} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// Every step of every program, in the order in which they run.
pub(super) fn to_json(measured: &[Measured]) -> Value {
    let line = |line: &Line<'_>| {
        json!({
            "section": line.section.name(),
            "line": line.at + 1,
            "value": line.step.slot.to_string(),
            "step": line.step.to_string(),
            "runs": line.tally.runs,
            "seconds": line.tally.time.as_secs_f64(),
            "flops_a_run": line.cost.flops,
            "bytes_a_run": line.cost.bytes,
        })
    };
    let program = |m: &Measured| {
        json!({
            "program": m.what,
            "seconds": m.time().as_secs_f64(),
            "bytes_a_number": m.number,
            "lines": m.lines().iter().map(line).collect::<Vec<_>>(),
        })
    };
    measured.iter().map(program).collect()
}
