//! Making the n-th operation on files fail, for tests of what must hold then.
//!
//! `BNNC_FAULT="7 enospc"` in the environment makes the seventh operation of the process fail for want of room.
//! Without it nothing is counted. What can be asked for:
//!
//! | word | the operation |
//! | --- | --- |
//! | `enospc` | fails for want of room, a write after half of its bytes |
//! | `eio` | fails as a broken disk does |
//! | `drop` | says that it was done, and was not (writes and flushes; others are done) |
//! | `cut` | the power fails: what was not flushed is cut to half, and the process is gone |
//!
//! With `7+` in place of `7` all later ones do so too.

use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// opens, lists or reads
    Read,
    /// makes, renames or removes a name
    Name,
    /// writes bytes
    Write,
    /// flushes them to the disk
    Sync,
}

/// What becomes of an operation.
#[derive(Debug)]
pub(super) enum Verdict {
    /// it is done
    Do,
    /// it seems to be done
    Drop,
    /// it fails
    Fail(io::Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    NoSpace,
    Broken,
    Dropped,
    PowerCut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    from: u64,
    to: u64,
    fault: Fault,
}

static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
static DONE: AtomicU64 = AtomicU64::new(0);

/// The numbers of ENOSPC and EIO on every system that has them.
const ENOSPC: i32 = 28;
const EIO: i32 = 5;

impl Plan {
    fn of(text: &str) -> Option<Plan> {
        let (number, word) = text.trim().split_once(' ')?;
        let from = number.trim_end_matches('+').parse().ok()?;
        let to = if number.ends_with('+') { u64::MAX } else { from };
        let fault = match word.trim() {
            "enospc" => Fault::NoSpace,
            "eio" => Fault::Broken,
            "drop" => Fault::Dropped,
            "cut" => Fault::PowerCut,
            _ => return None,
        };
        Some(Plan { from, to, fault })
    }
}

/// What becomes of the next operation.
pub(super) fn next(kind: Kind) -> Verdict {
    verdict(kind, None)
}

/// What becomes of the flush of a file that has been written.
pub(super) fn next_unsynced(path: &Path) -> Verdict {
    verdict(Kind::Sync, Some(path))
}

/// As an error, for an operation that cannot be done in part.
pub(super) fn check(kind: Kind) -> io::Result<()> {
    match next(kind) {
        Verdict::Do | Verdict::Drop => Ok(()),
        Verdict::Fail(error) => Err(error),
    }
}

fn verdict(kind: Kind, unsynced: Option<&Path>) -> Verdict {
    let plan = PLAN.get_or_init(|| std::env::var("BNNC_FAULT").ok().and_then(|text| Plan::of(&text)));
    let Some(plan) = plan else { return Verdict::Do };
    let number = DONE.fetch_add(1, Ordering::SeqCst) + 1;
    if !(plan.from..=plan.to).contains(&number) {
        return Verdict::Do;
    }
    // Tests go on until an operation is not reached any more.
    let _ = writeln!(std::io::stderr(), "file operation {number} of this process is made to fail ({kind:?})");
    match plan.fault {
        // A disk that is full can be read, and names can be removed; a new name needs room like a write.
        Fault::NoSpace if kind == Kind::Read => Verdict::Do,
        Fault::NoSpace => Verdict::Fail(io::Error::from_raw_os_error(ENOSPC)),
        Fault::Broken => Verdict::Fail(io::Error::from_raw_os_error(EIO)),
        Fault::Dropped if matches!(kind, Kind::Write | Kind::Sync) => Verdict::Drop,
        Fault::Dropped => Verdict::Do,
        Fault::PowerCut => power_cut(unsynced),
    }
}

fn power_cut(unsynced: Option<&Path>) -> Verdict {
    if let Some(path) = unsynced
        && let Ok(file) = std::fs::OpenOptions::new().write(true).open(path)
    {
        let half = file.metadata().map_or(0, |m| m.len() / 2);
        let _ = file.set_len(half);
    }
    // No destructor runs and no buffer is written, as when the power fails.
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_from_its_words() {
        assert_eq!(Plan::of("7 enospc"), Some(Plan { from: 7, to: 7, fault: Fault::NoSpace }));
        assert_eq!(Plan::of("3+ eio"), Some(Plan { from: 3, to: u64::MAX, fault: Fault::Broken }));
        assert!(["", "x eio", "3 smoke", "3"].iter().all(|t| Plan::of(t).is_none()));
    }
}
