//! A run that is being made: a folder under a temporary name that holds its checkpoints, then the run, then nothing.
//!
//! ```text
//! runs/.moons.partial-4711/ { lock  checkpoint  checkpoint.before  run/… }   ─rename run→   runs/moons
//! ```
//!
//! Who holds the lock writes there; another fit of the same name has a folder of its own, so two never mix. A folder
//! whose lock nobody holds is what an interrupted fit has left.

use super::checkpoint::{self, Checkpoint, Header};
use super::error::Fault;
use super::write::{Extra, put_in_place, write_run};
use super::{Run, check_place};
use crate::files::{self, Lock};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder of a run that is being made.
#[derive(Debug)]
pub struct Partial {
    folder: PathBuf,
    place: PathBuf,
    /// Whether the folder that it lies in was made for it.
    made_parent: bool,
    _lock: Lock,
}

/// What there is of interrupted fits of a place.
#[derive(Debug)]
pub struct Left {
    /// The latest that can be taken up, with its checkpoint; none before the first one.
    pub partial: Option<(Partial, Option<Checkpoint>)>,
    /// Whether another process is making a run of this name.
    pub is_busy: bool,
}

impl Partial {
    /// Makes the folder, and those it lies in.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn begin(place: &Path) -> Result<Partial, Fault> {
        let made_parent = place.parent().is_some_and(|p| !p.as_os_str().is_empty() && !p.exists());
        if let Some(parent) = place.parent() {
            files::create_folders(parent).map_err(|e| Fault::system("create", parent, &e))?;
        }
        let first = files::beside(place, "partial").map_err(|e| Fault::system("write", place, &e))?;
        for attempt in 0..100 {
            let folder = match attempt {
                0 => first.clone(),
                _ => PathBuf::from(format!("{}-{attempt}", first.display())),
            };
            match files::create_folder(&folder) {
                // One that an interrupted process of this number has left.
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Fault::system("create", &folder, &e)),
                Ok(()) => {
                    return match Lock::take(&folder.join("lock")) {
                        Ok(Some(lock)) => {
                            let place = place.to_path_buf();
                            Ok(Partial { folder, place, made_parent, _lock: lock })
                        }
                        Ok(None) => Err(Fault::Busy { folder: place.to_path_buf() }),
                        Err(e) => {
                            let _ = files::remove_folder(&folder);
                            Err(Fault::system("lock", &folder, &e))
                        }
                    };
                }
            }
        }
        Err(Fault::Busy { folder: place.to_path_buf() })
    }

    /// Finds what interrupted fits of a place have left, the one with the latest checkpoint first.
    ///
    /// # Errors
    /// A checkpoint that is damaged or another program's.
    pub fn find(place: &Path) -> Result<Left, Fault> {
        let parent = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut left = Left { partial: None, is_busy: false };
        let Some(name) = place.file_name().map(|n| format!(".{}.partial-", n.to_string_lossy())) else {
            return Ok(left);
        };
        let names = match files::list(parent) {
            Ok(names) => names,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(left),
            Err(e) => return Err(Fault::system("list", parent, &e)),
        };
        let mut found = vec![];
        for entry in names.iter().filter_map(|n| n.strip_suffix('/')).filter(|n| n.starts_with(&name)) {
            let folder = parent.join(entry);
            let is_own = std::fs::symlink_metadata(&folder).is_ok_and(|m| m.is_dir());
            if !is_own || !folder.join("lock").is_file() {
                continue;
            }
            match Lock::take(&folder.join("lock")) {
                Ok(Some(lock)) => {
                    let time = |n: &str| std::fs::metadata(folder.join(n)).and_then(|m| m.modified()).ok();
                    let at = time("checkpoint").or_else(|| time("checkpoint.before"));
                    let place = place.to_path_buf();
                    found.push((at, Partial { folder, place, made_parent: false, _lock: lock }));
                }
                Ok(None) => left.is_busy = true,
                Err(e) => return Err(Fault::system("lock", &folder, &e)),
            }
        }
        if let Some((_, partial)) = found.into_iter().max_by_key(|(at, _)| *at) {
            let checkpoint = checkpoint::read(&partial.folder)?;
            left.partial = Some((partial, checkpoint));
        }
        Ok(left)
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a checkpoint in place of the one before.
    ///
    /// # Errors
    /// What the system refuses; then the one before is still there.
    pub fn keep(&self, header: &Header, state: &[u8]) -> Result<(), Fault> {
        checkpoint::write(&self.folder, header, state)
    }

    /// Writes the run, gives it its name, and takes the rest away. Where another run has appeared meanwhile it goes
    /// beside, because a fit may have taken hours. Returns where it is.
    ///
    /// # Errors
    /// What the system refuses; then the checkpoints are still there, and nothing under the run's name.
    pub fn finish(&self, run: &Run, extras: &[Extra], force: bool) -> Result<PathBuf, Fault> {
        let whole = self.folder.join("run");
        if whole.exists() {
            files::remove_folder(&whole).map_err(|e| Fault::system("remove", &whole, &e))?;
        }
        let written = write_run(&whole, run, extras).and_then(|()| self.put(&whole, force));
        match written {
            Ok(place) => {
                // The run is whole under its name; what is left over is never taken for one.
                let _ = files::remove_folder(&self.folder);
                Ok(place)
            }
            Err(fault) => {
                let _ = files::remove_folder(&whole);
                Err(fault)
            }
        }
    }

    fn put(&self, whole: &Path, force: bool) -> Result<PathBuf, Fault> {
        let name = self.place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let beside = (2..100).map(|i| self.place.with_file_name(format!("{name}-{i}")));
        for place in std::iter::once(self.place.clone()).chain(beside) {
            match check_place(&place, force) {
                Ok(()) => {}
                Err(Fault::Exists { .. } | Fault::InTheWay { .. }) => continue,
                Err(fault) => return Err(fault),
            }
            return put_in_place(whole, &place).map(|()| place);
        }
        Err(Fault::Exists { folder: self.place.clone() })
    }

    /// Takes everything away: of a fit that failed nothing can be taken up.
    pub fn discard(&self) {
        let _ = files::remove_folder(&self.folder);
        if let (true, Some(parent)) = (self.made_parent, self.place.parent()) {
            // Only if nothing else is in it.
            let _ = std::fs::remove_dir(parent);
        }
    }
}
