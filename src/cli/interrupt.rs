//! Ctrl-C and SIGTERM: the first lets the step end and a checkpoint be written, a second ends the program at once.
//!
//! A signal that the program was started to ignore (`nohup`, a job in the background of a script) stays ignored.

use super::terminal::Terminal;
use crate::infer::journal::Journal;
use std::sync::{Mutex, OnceLock};

/// What a first signal does; before there is a fit it ends the program.
struct Fit {
    terminal: Terminal,
    journal: Journal,
    resume: String,
}

static FIT: Mutex<Option<Fit>> = Mutex::new(None);
static LISTENS: OnceLock<()> = OnceLock::new();

/// The exit status of an interrupted fit.
pub(super) const INTERRUPTED: u8 = 130;

/// From now on signals stop this fit; `resume` is the command that goes on.
pub(super) fn stops(terminal: &Terminal, journal: &Journal, resume: &str) {
    *fit() = Some(Fit { terminal: *terminal, journal: journal.clone(), resume: resume.to_owned() });
    LISTENS.get_or_init(listen);
}

/// From now on a signal ends the program as it would any other.
pub(super) fn is_over() {
    *fit() = None;
}

/// What an interrupted fit says at its end.
pub(super) fn words(terminal: &Terminal, resume: &str) {
    if terminal.is_json {
        terminal.out_json(&serde_json::json!({ "interrupted": true, "resume": resume }));
    }
    terminal.err(&format!("interrupted; what is done is kept, and this goes on with it:\n  {resume}\n"));
}

fn fit() -> std::sync::MutexGuard<'static, Option<Fit>> {
    FIT.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What a signal does.
#[cfg(unix)]
fn received() {
    let Some(Fit { terminal, journal, resume }) = &*fit() else { end() };
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
