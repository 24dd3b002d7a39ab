//! Run to folder: everything under a temporary name beside the place, then one rename.
//!
//! ```text
//! runs/.moons.partial-4711/…   →   runs/moons/…
//! ```

use super::error::Fault;
use super::{Run, pictures, predictions, read, tables, tensors};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// A further file of the folder: a figure, or the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Relative to the folder, `/` between parts: `figures/trace.svg`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Writes a run folder with its report; an older run in its place is replaced only with `force`.
pub fn write(folder: &Path, run: &Run, extras: &[Extra], force: bool) -> Result<(), Fault> {
    check_place(folder, force)?;
    let mut files = files_of(run)?;
    let mut manifest = run.manifest.clone();
    manifest.files = files.iter().map(|(name, _)| name.clone()).collect();
    files.extend(extras.iter().map(|e| (e.path.clone(), e.bytes.clone())));
    files.push(("manifest.json".to_owned(), json("manifest.json", &manifest)?));

    let partial = beside(folder, "partial")?;
    let written = write_all(&partial, &files).and_then(|()| put_in_place(&partial, folder));
    if written.is_err() {
        // The first error is the one to show; a remnant under a temporary name is never taken for a run.
        let _ = fs::remove_dir_all(&partial);
    }
    written
}

/// Writes the report and figures of a finished run again.
pub fn rewrite_extras(folder: &Path, extras: &[Extra]) -> Result<(), Fault> {
    let files: Vec<_> = extras.iter().map(|e| (e.path.clone(), e.bytes.clone())).collect();
    write_all(folder, &files)
}

/// Tells before a fit whether its result could be written; makes nothing.
pub fn check_place(folder: &Path, force: bool) -> Result<(), Fault> {
    let Ok(kind) = fs::symlink_metadata(folder) else { return Ok(()) };
    let is_empty = kind.is_dir() && fs::read_dir(folder).is_ok_and(|mut d| d.next().is_none());
    if is_empty {
        return Ok(());
    }
    let folder = folder.to_path_buf();
    match read::is_run(&folder) {
        false => Err(Fault::InTheWay { folder }),
        true if !force => Err(Fault::Exists { folder }),
        true => Ok(()),
    }
}

fn files_of(run: &Run) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let mut files = vec![
        ("model.bnn".to_owned(), run.model_text.clone().into_bytes()),
        ("model.resolved.txt".to_owned(), run.resolved_model.clone().into_bytes()),
        ("posterior.safetensors".to_owned(), tensors::to_bytes(&run.tensors)?),
        ("metrics.json".to_owned(), json("metrics.json", &run.metrics.to_json())?),
        ("trace.csv".to_owned(), tables::trace_to_csv(&run.trace).into_bytes()),
        ("summary.csv".to_owned(), tables::summary_to_csv(&run.summary).into_bytes()),
    ];
    for p in &run.predictions {
        files.push((format!("predictions/{}.csv", p.split), predictions::to_csv_text(p).into_bytes()));
    }
    files.push(("pictures.json".to_owned(), pictures::to_bytes(&run.pictures)?));
    Ok(files)
}

fn json<T: Serialize>(file: &str, value: &T) -> Result<Vec<u8>, Fault> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| Fault::damaged(file, e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), Fault> {
    for (name, bytes) in files {
        let path = inside(folder, name)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| Fault::system("create", parent, &e))?;
        }
        fs::write(&path, bytes).map_err(|e| Fault::system("write", &path, &e))?;
    }
    Ok(())
}

/// A name made from a model's words must not lead out of the folder.
fn inside(folder: &Path, name: &str) -> Result<PathBuf, Fault> {
    let is_plain =
        |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
    if !name.split('/').all(is_plain) {
        return Err(Fault::damaged(name, "this is not a name that a file can have"));
    }
    Ok(folder.join(name))
}

/// Returns `parent/.<name>.<word>-<process>`.
fn beside(folder: &Path, word: &str) -> Result<PathBuf, Fault> {
    let no_name =
        || Fault::System { what: format!("write {}", folder.display()), why: "it has no name".into() };
    let name = folder.file_name().ok_or_else(no_name)?.to_string_lossy();
    Ok(folder.with_file_name(format!(".{name}.{word}-{}", std::process::id())))
}

fn put_in_place(partial: &Path, folder: &Path) -> Result<(), Fault> {
    let rename = |from: &Path, to: &Path| fs::rename(from, to).map_err(|e| Fault::system("rename", from, &e));
    if !folder.exists() {
        return rename(partial, folder);
    }
    let old = beside(folder, "replaced")?;
    rename(folder, &old)?;
    rename(partial, folder)?;
    fs::remove_dir_all(&old).map_err(|e| Fault::system("remove", &old, &e))
}
