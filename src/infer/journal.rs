//! What of a fit is done, piece by piece, so that an interrupted one goes on and ends with the same bits.
//!
//! ```text
//! start 1  finished   ───┐
//! start 2  finished      ├─ one checkpoint, every minute and where a piece ends
//! start 3  at step 812 ──┘
//! ```
//!
//! A piece is a function of the problem, the settings and the pieces before it: its noise is by key, so nothing but
//! its own state is needed to go on. On a resume finished pieces are read back and an unfinished one is taken up where
//! it was. A piece whose state cannot be read is done again, which gives the same. Every path names its pieces; names
//! are unique within a fit. [`Journal::default`] keeps nothing and costs nothing.
//!
//! Pieces may run side by side: each hands in its state when a checkpoint is due.

use postcard::ser_flavors::Size;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// A piece that ends sooner than this after a checkpoint causes no other one.
const SHORTEST: Duration = Duration::from_secs(1);

/// Where checkpoints go.
pub trait Store: Send + Sync {
    /// Keeps the state of a fit in place of the one before; says itself what goes wrong, because the fit goes on.
    fn keep(&self, state: &[u8], seconds: f64);
}

/// The fit was asked to stop, and its state is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// The journal of a fit, or of a part of it whose pieces have names of their own.
#[derive(Clone, Default)]
pub struct Journal {
    scope: String,
    shared: Option<Arc<Shared>>,
}

struct Shared {
    entries: Mutex<BTreeMap<String, Entry>>,
    store: Box<dyn Store>,
    every: Duration,
    begun: Instant,
    /// Seconds of the fit before it was interrupted.
    earlier: f64,
    /// When the next checkpoint is due, in microseconds since the beginning, and how many have been.
    due: AtomicU64,
    round: AtomicU64,
    written: Mutex<Option<Instant>>,
    is_stepping: AtomicBool,
    is_stopping: AtomicBool,
}

/// What is known of a piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    is_finished: bool,
    bytes: Vec<u8>,
}

/// Writes into memory of just the length that it needs.
fn serialized<S: Serialize>(state: &S, mut into: Vec<u8>) -> postcard::Result<Vec<u8>> {
    into.clear();
    into.reserve_exact(postcard::serialize_with_flavor(state, Size::default())?);
    postcard::to_io(state, into)
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked left a whole entry or none.
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Journal {
    /// A journal that writes checkpoints, and begins with the state and the seconds of an earlier one.
    ///
    /// # Errors
    /// Says why the state cannot be read.
    pub fn new(
        store: Box<dyn Store>,
        every: Duration,
        earlier: Option<(&[u8], f64)>,
    ) -> Result<Self, String> {
        let (entries, seconds) = match earlier {
            Some((state, seconds)) => (postcard::from_bytes(state).map_err(|e| e.to_string())?, seconds),
            None => (BTreeMap::new(), 0.0),
        };
        let shared = Shared {
            entries: Mutex::new(entries),
            store,
            every,
            begun: Instant::now(),
            earlier: seconds,
            due: AtomicU64::new(every.as_micros() as u64),
            round: AtomicU64::new(0),
            written: Mutex::new(None),
            is_stepping: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
        };
        Ok(Journal { scope: String::new(), shared: Some(Arc::new(shared)) })
    }

    /// The journal of a part of the fit.
    pub fn within(&self, scope: &str) -> Journal {
        Journal { scope: format!("{}{scope}/", self.scope), shared: self.shared.clone() }
    }

    /// Opens a piece.
    pub fn open(&self, name: &str) -> Piece {
        let round = self.shared.as_ref().map_or(0, |s| s.round.load(Ordering::Acquire));
        Piece { name: format!("{}{name}", self.scope), shared: self.shared.clone(), round }
    }

    /// Does a piece that has no state of its own, or reads what it gave.
    pub fn piece<S: Serialize + DeserializeOwned>(&self, name: &str, work: impl FnOnce() -> S) -> S {
        match self.try_piece(name, || Ok::<S, Infallible>(work())) {
            Ok(done) => done,
            Err(never) => match never {},
        }
    }

    /// Does a piece that may fail; a failure is not kept.
    ///
    /// # Errors
    /// Those of the work.
    pub fn try_piece<S: Serialize + DeserializeOwned, E>(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<S, E>,
    ) -> Result<S, E> {
        let piece = self.open(name);
        if let Some(done) = piece.finished() {
            return Ok(done);
        }
        let done = work()?;
        piece.finish(&done);
        Ok(done)
    }

    /// Says that steps begin or are over; between them a fit stops by itself when it is asked to.
    pub fn set_stepping(&self, is_stepping: bool) {
        if let Some(shared) = &self.shared {
            shared.is_stepping.store(is_stepping, Ordering::SeqCst);
            if !is_stepping {
                shared.write();
            }
        }
    }

    /// Whether steps are being done.
    pub fn is_stepping(&self) -> bool {
        self.shared.as_ref().is_some_and(|s| s.is_stepping.load(Ordering::SeqCst))
    }

    /// Asks the fit to stop after its step.
    pub fn stop(&self) {
        if let Some(shared) = &self.shared {
            shared.is_stopping.store(true, Ordering::SeqCst);
        }
    }

    /// Whether the fit has been asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.shared.as_ref().is_some_and(|s| s.is_stopping.load(Ordering::Relaxed))
    }

    /// Ends a part of the fit that was asked to stop.
    ///
    /// # Errors
    /// That it was.
    pub fn stopped(&self) -> Result<(), Interrupted> {
        if self.is_stopping() { Err(Interrupted) } else { Ok(()) }
    }

    /// Writes a checkpoint now.
    pub fn write(&self) {
        if let Some(shared) = &self.shared {
            shared.write();
        }
    }

    /// Whether anything is kept at all.
    pub fn is_kept(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether there is anything that a resume would read.
    pub fn is_blank(&self) -> bool {
        self.shared.as_ref().is_none_or(|s| held(&s.entries).is_empty())
    }

    /// Seconds of the fit before it was interrupted.
    pub fn earlier_seconds(&self) -> f64 {
        self.shared.as_ref().map_or(0.0, |s| s.earlier)
    }
}

impl Shared {
    fn put<S: Serialize>(&self, name: &str, is_finished: bool, state: &S) {
        let mut entries = held(&self.entries);
        // The state of a large net is long: its memory is used again.
        let before = entries.remove(name).map(|entry| entry.bytes).unwrap_or_default();
        // A type of ours that cannot be written is not kept: its piece is done again.
        let Ok(bytes) = serialized(state, before) else { return };
        entries.insert(name.to_owned(), Entry { is_finished, bytes });
    }

    fn get<S: DeserializeOwned>(&self, name: &str, is_finished: bool) -> Option<S> {
        let entries = held(&self.entries);
        let entry = entries.get(name).filter(|e| e.is_finished == is_finished)?;
        postcard::from_bytes(&entry.bytes).ok()
    }

    fn write(&self) {
        let mut written = held(&self.written);
        let Ok(state) = serialized(&*held(&self.entries), vec![]) else { return };
        self.store.keep(&state, self.earlier + self.begun.elapsed().as_secs_f64());
        *written = Some(Instant::now());
    }

    /// Begins a round of states where one is due.
    fn look(&self) {
        let (now, due) = (self.begun.elapsed().as_micros() as u64, self.due.load(Ordering::Relaxed));
        if now >= due {
            let next = now + (self.every.as_micros() as u64).max(1);
            if self.due.compare_exchange(due, next, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                self.round.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
}

/// A piece of a fit that is being done.
pub struct Piece {
    name: String,
    shared: Option<Arc<Shared>>,
    /// The round of checkpoints that has this piece's state.
    round: u64,
}

impl Piece {
    /// What the piece gave, if it was finished before.
    pub fn finished<S: DeserializeOwned>(&self) -> Option<S> {
        self.shared.as_ref()?.get(&self.name, true)
    }

    /// The state in which it was left.
    pub fn begun<S: DeserializeOwned>(&self) -> Option<S> {
        self.shared.as_ref()?.get(&self.name, false)
    }

    /// Between two steps: hands in the state where a checkpoint is due.
    ///
    /// # Errors
    /// That the fit is to stop; the state has been kept.
    pub fn pause<S: Serialize>(&mut self, state: impl FnOnce() -> S) -> Result<(), Interrupted> {
        let Some(shared) = &self.shared else { return Ok(()) };
        shared.look();
        let round = shared.round.load(Ordering::Acquire);
        let is_stopping = shared.is_stopping.load(Ordering::Relaxed);
        if round == self.round && !is_stopping {
            return Ok(());
        }
        self.round = round;
        shared.put(&self.name, false, &state());
        shared.write();
        if is_stopping { Err(Interrupted) } else { Ok(()) }
    }

    /// The piece is done.
    pub fn finish<S: Serialize>(&self, result: &S) {
        let Some(shared) = &self.shared else { return };
        shared.put(&self.name, true, result);
        let last = *held(&shared.written);
        let age = last.map_or(shared.begun.elapsed(), |w| w.elapsed());
        if age >= SHORTEST.min(shared.every) {
            shared.write();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Store for Memory {
        fn keep(&self, state: &[u8], _seconds: f64) {
            *self.0.lock().unwrap() = state.to_vec();
        }
    }

    /// A sum of squares in steps, as a path would write it.
    fn climb(journal: &Journal, steps: u64, mut stop_at: Option<u64>) -> Result<u64, Interrupted> {
        let mut piece = journal.open("climb");
        if let Some(done) = piece.finished() {
            return Ok(done);
        }
        let (mut step, mut sum): (u64, u64) = piece.begun().unwrap_or_default();
        while step < steps {
            if stop_at.take_if(|s| *s == step).is_some() {
                journal.stop();
            }
            piece.pause(|| (step, sum))?;
            sum += step * step;
            step += 1;
        }
        piece.finish(&sum);
        Ok(sum)
    }

    fn journal(memory: &Memory, earlier: Option<&[u8]>) -> Journal {
        let earlier = earlier.map(|e| (e, 0.0));
        Journal::new(Box::new(memory.clone()), Duration::from_secs(60), earlier).unwrap()
    }

    #[test]
    fn an_interrupted_piece_goes_on_where_it_was() {
        let whole = climb(&Journal::default(), 50, None).unwrap();
        let memory = Memory::default();
        let first = journal(&memory, None);
        assert_eq!(climb(&first, 50, Some(20)), Err(Interrupted));
        let state = memory.0.lock().unwrap().clone();
        let second = journal(&memory, Some(&state));
        let begun: (u64, u64) = second.open("climb").begun().unwrap();
        assert_eq!(begun.0, 20);
        assert_eq!(climb(&second, 50, None), Ok(whole));
        // What is finished is not done again.
        assert_eq!(second.piece("climb", || 0u64), whole);
    }

    #[test]
    fn scopes_keep_names_apart() {
        let memory = Memory::default();
        let all = journal(&memory, None);
        assert_eq!(all.within("a").piece("x", || 1), 1);
        assert_eq!(all.within("b").piece("x", || 2), 2);
        assert_eq!(all.within("a").piece("x", || 3), 1);
    }

    #[test]
    fn a_state_that_is_none_is_refused_and_one_of_another_type_is_done_again() {
        let memory = Memory::default();
        assert!(Journal::new(Box::new(memory.clone()), SHORTEST, Some((&[0xff; 9], 0.0))).is_err());
        let journal = journal(&memory, None);
        journal.open("x").finish(&"text");
        assert_eq!(journal.open("x").finished::<Vec<f64>>(), None);
    }
}
