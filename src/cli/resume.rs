//! How a fit is kept while it runs, and taken up again: the folder of its checkpoints, what they say it is, its journal.

use super::interrupt;
use super::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::infer::journal::{Journal, Store};
use crate::report;
use crate::run_folder::{self, Checkpoint, Fault, Header, Manifest, Partial, Run, difference};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A fit whose checkpoints are kept.
pub(super) struct Kept {
    partial: Arc<Partial>,
    header: Header,
    pub(super) journal: Journal,
    terminal: Terminal,
}

/// What `--resume` found.
pub(super) enum Found {
    /// the run is finished
    Finished,
    /// a fit to go on with
    Begun(Partial, Box<Checkpoint>),
    /// nothing that could be taken up
    Nothing,
}

/// Looks for the fit that was to make a run.
pub(super) fn find(place: &Path) -> Result<Found, Fault> {
    let left = Partial::find(place)?;
    let finished = run_folder::read_manifest(place);
    match (left.partial, finished) {
        (Some((partial, Some(checkpoint))), Ok(run)) => {
            // A run that is there already is this fit's, unless it was to be replaced.
            let is_same = difference(&checkpoint.header.identity, &run).is_none();
            if is_same && !checkpoint.header.force {
                partial.discard();
                return Ok(Found::Finished);
            }
            Ok(Found::Begun(partial, Box::new(checkpoint)))
        }
        (Some((partial, Some(checkpoint))), Err(_)) => Ok(Found::Begun(partial, Box::new(checkpoint))),
        (_, Ok(_)) => Ok(Found::Finished),
        (_, Err(_)) if left.is_busy => Err(Fault::Busy { folder: place.to_path_buf() }),
        (Some((partial, None)), Err(_)) => {
            partial.discard();
            Ok(Found::Nothing)
        }
        // A folder that is there and is no run is told so when it is to be written.
        (None, Err(_)) => Ok(Found::Nothing),
    }
}

/// What a fit says of itself in its checkpoints.
pub(super) struct About {
    /// Its options beside the model, for a resume that does not repeat them.
    pub options: Value,
    /// The command that began it.
    pub command: String,
    /// The command that goes on with it.
    pub resume: String,
    /// Whether it replaces a run.
    pub force: bool,
    /// When it began.
    pub started: String,
}

impl Kept {
    /// Begins to keep a fit, or goes on with one.
    pub(super) fn new(
        terminal: &Terminal,
        place: &Path,
        every: Duration,
        identity: Manifest,
        about: About,
        earlier: Option<(Partial, Box<Checkpoint>)>,
    ) -> Result<Kept, Diagnostic> {
        let wrong = |fault: Fault| fault.diagnostic(place);
        let mut header = Header {
            format: run_folder::CHECKPOINT_FORMAT,
            bnnc: env!("CARGO_PKG_VERSION").to_owned(),
            identity,
            options: about.options,
            command: about.command,
            resume: about.resume,
            force: about.force,
            started: about.started,
            seconds: 0.0,
            resumed: 0,
            state_bytes: 0,
            state_sha256: String::new(),
        };
        let (partial, state) = match earlier {
            None => (Partial::begin(place).map_err(wrong)?, None),
            Some((partial, checkpoint)) => {
                let Checkpoint { header: kept, state, lost } = *checkpoint;
                if let Some(why) = difference(&kept.identity, &header.identity) {
                    return Err(other_fit(place, &why, &kept.resume));
                }
                if let Some(why) = lost {
                    terminal.finding(&older(place, &why));
                }
                (header.force, header.started) = (kept.force, kept.started);
                (header.command, header.resume) = (kept.command, kept.resume);
                (header.seconds, header.resumed) = (kept.seconds, kept.resumed.saturating_add(1));
                (partial, Some(state))
            }
        };
        let partial = Arc::new(partial);
        let store = Keeper {
            partial: partial.clone(),
            header: header.clone(),
            terminal: *terminal,
            has_failed: Mutex::new(false),
        };
        let begun = state.as_deref().filter(|s| !s.is_empty()).map(|s| (s, header.seconds));
        match begun {
            Some(_) => say(terminal, &format!("going on with {}", partial.folder().display())),
            None if state.is_some() => {
                say(terminal, "the fit was interrupted before its first checkpoint: beginning again")
            }
            None => {}
        }
        let journal = Journal::new(Box::new(store), every, begun)
            .map_err(|why| Fault::Damaged { file: "checkpoint".into(), why }.diagnostic(place))?;
        if state.is_none() {
            journal.write();
        }
        interrupt::stops(terminal, &journal, &header.resume);
        Ok(Kept { partial, header, journal, terminal: *terminal })
    }

    /// When the fit began and by which command, before it was ever interrupted.
    pub(super) fn origin(&self) -> (&str, &str) {
        (&self.header.started, &self.header.command)
    }

    /// Writes the run in its place.
    pub(super) fn finish(&self, run: &Run) -> Result<PathBuf, Diagnostic> {
        let written = self.partial.finish(run, &report::extras(run), self.header.force);
        interrupt::is_over();
        written.map_err(|fault| {
            // What the half of a run took is free again.
            self.journal.write();
            let mut finding = fault.diagnostic(self.partial.folder());
            finding
                .notes
                .push("the fit itself is kept: what is left is to evaluate it and to write the run".into());
            finding.help = Some(format!("make room, then `{}`", self.header.resume));
            finding
        })
    }

    /// Ends a fit that was asked to stop.
    pub(super) fn interrupted(&self) -> u8 {
        interrupt::words(&self.terminal, &self.header.resume);
        interrupt::INTERRUPTED
    }

    /// Ends a fit that failed: it would fail again.
    pub(super) fn discard(&self) {
        interrupt::is_over();
        self.partial.discard();
    }
}

/// Says something beside the result.
pub(super) fn say(terminal: &Terminal, text: &str) {
    if !terminal.is_quiet {
        terminal.err(&format!("{text}\n"));
    }
}

/// R003: the checkpoint is of another fit than the one asked for.
fn other_fit(place: &Path, why: &str, resume: &str) -> Diagnostic {
    Diagnostic::new("R003", format!("the interrupted fit of {} is another one: {why}", place.display()))
        .note("a fit that goes on ends with the bits of one that was never interrupted, so nothing in it may change")
        .help(format!("give what the fit began with: `{resume}`; or begin again: `bnnc fit MODEL --out DIR`"))
}

/// R004: the latest checkpoint is lost.
fn older(place: &Path, why: &str) -> Diagnostic {
    Diagnostic::new("R004", format!("the latest checkpoint of {} cannot be read: {why}", place.display()))
        .note("the fit goes on from the one before it")
        .help("check the disk: what it said it had written was not there")
}

/// Checkpoints into a folder. A failure is told once, because the fit goes on.
struct Keeper {
    partial: Arc<Partial>,
    header: Header,
    terminal: Terminal,
    has_failed: Mutex<bool>,
}

impl Store for Keeper {
    fn keep(&self, state: &[u8], seconds: f64) {
        let header = Header { seconds, ..self.header.clone() };
        let kept = self.partial.keep(&header, state);
        let mut has_failed = self.has_failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let (Err(fault), false) = (&kept, *has_failed) {
            let finding = Diagnostic::new("R004", format!("a checkpoint could not be kept: {fault}"))
                .note("the fit goes on, and tries again when the next one is due")
                .help("make room, or write elsewhere with `--out DIR`");
            self.terminal.finding(&finding);
        }
        *has_failed = kept.is_err();
    }
}
