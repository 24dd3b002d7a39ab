//! What can be wrong with a run folder, and its wording: R001 (damaged, foreign, newer) and R002 (in the way).

use crate::diagnostic::Diagnostic;
use std::fmt;
use std::path::{Path, PathBuf};

/// Why a run folder cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no such folder.
    Absent {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The folder is there, but is not a run of this program.
    Foreign {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of the folder is missing.
    Missing {
        /// `metrics.json`
        file: String,
    },
    /// A file of the folder does not hold what it should.
    Damaged {
        /// `metrics.json`
        file: String,
        /// What was found.
        why: String,
    },
    /// The folder was written by a later version.
    Newer {
        /// The version of its layout.
        found: u32,
        /// The latest version that this program knows.
        known: u32,
    },
    /// The place is taken, and overwriting was not asked for.
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// The place is taken by something that is not a run; it is never overwritten.
    InTheWay {
        /// The place.
        folder: PathBuf,
    },
    /// Another process is making a run of this name.
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// A checkpoint was written by another version.
    OtherCheckpoint {
        /// Which.
        found: String,
    },
    /// The system refuses.
    System {
        /// What was attempted: `create runs/moons`.
        what: String,
        /// The system's words.
        why: String,
    },
}

impl Fault {
    pub(super) fn damaged(file: &str, why: impl Into<String>) -> Fault {
        Fault::Damaged { file: file.to_owned(), why: why.into() }
    }

    pub(super) fn system(verb: &str, path: &Path, error: &std::io::Error) -> Fault {
        Fault::System { what: format!("{verb} {}", path.display()), why: error.to_string() }
    }

    /// Returns the finding to show: code, cause, way out.
    pub fn diagnostic(&self, folder: &Path) -> Diagnostic {
        let shown = folder.display();
        match self {
            Fault::Exists { .. } => Diagnostic::new("R002", format!("{self}"))
                .help("add `--force` to replace it, or `--out DIR` to write elsewhere"),
            Fault::InTheWay { .. } => Diagnostic::new("R002", format!("{self}"))
                .note("`--force` replaces runs only")
                .help("move it away, or write elsewhere with `--out DIR`"),
            Fault::Absent { .. } => Diagnostic::new("R001", format!("{self}")).help(
                "`bnnc fit MODEL` writes a run to runs/<model name>; `bnnc runs` lists those there are",
            ),
            Fault::Foreign { .. } => Diagnostic::new("R001", format!("{self}"))
                .note("a run folder holds a manifest.json that names its format and the bnnc that wrote it")
                .help("give the folder that `bnnc fit` wrote: it ends with its path"),
            Fault::Newer { .. } => Diagnostic::new("R001", format!("{shown}: {self}")).help(
                "use the newer bnnc, or fit the model again: `bnnc fit` on the model.bnn in the folder",
            ),
            Fault::Missing { .. } | Fault::Damaged { .. } => Diagnostic::new(
                "R001",
                format!("{shown}: {self}"),
            )
            .note("a run is complete in itself; without this file its results cannot be trusted")
            .help("fit the model again: the source is model.bnn in the folder, the command in manifest.json"),
            Fault::Busy { .. } => Diagnostic::new("R002", format!("{self}"))
                .help("wait for it, or write elsewhere with `--out DIR`"),
            Fault::OtherCheckpoint { .. } => Diagnostic::new("R003", format!("{shown}: {self}"))
                .note("a fit that goes on ends with the bits of one that was never interrupted, and only the program that began it can do that")
                .help("resume with that version, or begin again: `bnnc fit MODEL --out DIR`"),
            Fault::System { .. } => Diagnostic::new("R001", format!("{self}"))
                .help("check that the folder exists, that you may use it, and that the disk is not full"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Absent { folder } => write!(f, "there is no run in {}", folder.display()),
            Fault::Foreign { folder } => write!(f, "{} is not a run folder", folder.display()),
            Fault::Missing { file } => write!(f, "{file} is missing"),
            Fault::Damaged { file, why } => write!(f, "{file} is damaged: {why}"),
            Fault::Newer { found, known } => {
                write!(f, "it has format {found}, and this bnnc knows formats up to {known}")
            }
            Fault::Exists { folder } => write!(f, "{} is there already", folder.display()),
            Fault::InTheWay { folder } => {
                write!(f, "{} is there already, and it is not a run folder", folder.display())
            }
            Fault::Busy { folder } => write!(f, "another process is making {}", folder.display()),
            Fault::OtherCheckpoint { found } => {
                let (version, format) = (env!("CARGO_PKG_VERSION"), super::CHECKPOINT_FORMAT);
                write!(f, "its checkpoint is of bnnc {found}, and this is bnnc {version} (format {format})")
            }
            Fault::System { what, why } => write!(f, "cannot {what}: {why}"),
        }
    }
}
