//! Ctrl-C and SIGTERM. Of a fit the first lets the step end and a checkpoint be written, a second ends the program at
//! once. A sweep ends at once: its finished cells are kept.
//!
//! A signal that the program was started to ignore (`nohup`, a job in the background of a script) stays ignored.

use super::terminal::Terminal;
use crate::infer::journal::Journal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// What signals stop; before there is anything they end the program.
struct Stopped {
    terminal: Terminal,
    what: What,
    resume: String,
}

enum What {
    Fit(Journal),
    Sweep(Arc<Cells>),
}

/// The cells of a sweep.
pub(super) struct Cells {
    pub(super) done: AtomicUsize,
    pub(super) all: usize,
}

static STOPPED: Mutex<Option<Stopped>> = Mutex::new(None);
static LISTENS: OnceLock<()> = OnceLock::new();

/// The exit status of an interrupted fit.
pub(super) const INTERRUPTED: u8 = 130;

/// From now on signals stop this fit; `resume` is the command that goes on.
pub(super) fn stops(terminal: &Terminal, journal: &Journal, resume: &str) {
    begin(terminal, What::Fit(journal.clone()), resume);
}

/// From now on signals stop this sweep; `resume` is the command that goes on.
pub(super) fn stops_sweep(terminal: &Terminal, cells: &Arc<Cells>, resume: &str) {
    begin(terminal, What::Sweep(cells.clone()), resume);
}

fn begin(terminal: &Terminal, what: What, resume: &str) {
    *stopped() = Some(Stopped { terminal: *terminal, what, resume: resume.to_owned() });
    LISTENS.get_or_init(listen);
}

/// From now on a signal ends the program as it would any other.
pub(super) fn is_over() {
    *stopped() = None;
}

/// What an interrupted fit or sweep says at its end.
pub(super) fn words(terminal: &Terminal, resume: &str) {
    if terminal.is_json {
        terminal.out_json(&serde_json::json!({ "interrupted": true, "resume": resume }));
    }
    terminal.err(&format!("interrupted; what is done is kept, and this goes on with it:\n  {resume}\n"));
}

fn stopped() -> std::sync::MutexGuard<'static, Option<Stopped>> {
    STOPPED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What a signal does.
#[cfg(unix)]
fn received() {
    let Some(Stopped { terminal, what, resume }) = &*stopped() else { end() };
    let journal = match what {
        What::Fit(journal) => journal,
        What::Sweep(cells) => {
            let (done, all) = (cells.done.load(Ordering::Relaxed), cells.all);
            terminal.err(&format!("{done} of {all} cells are fitted\n"));
            words(terminal, resume);
            end();
        }
    };
    if journal.is_stopping() {
        end();
    }
    let is_stepping = journal.is_stepping();
    journal.stop();
    if is_stepping {
        terminal.err("stopping after this step; once more stops at once\n");
        return;
    }
    // Before the steps nothing is done; after them everything is kept, and what follows is a function of it.
    words(terminal, resume);
    end();
}

#[cfg(unix)]
fn end() -> ! {
    std::process::exit(i32::from(INTERRUPTED))
}

#[cfg(unix)]
fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let wanted: Vec<i32> = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|s| !is_ignored(*s)).collect();
    // Where signals cannot be had they end the program; what the last checkpoint holds is kept all the same.
    let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) else { return };
    std::thread::spawn(move || signals.forever().for_each(|_| received()));
}

#[cfg(not(unix))]
fn listen() {}

/// Whether the program was started to ignore a signal, where the system tells.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}
