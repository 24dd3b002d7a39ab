//! Run to folder: everything under a temporary name beside the place, then one rename.
//!
//! ```text
//! runs/.moons.writing-4711/…   →   runs/moons/…
//! ```

use super::error::Fault;
use super::manifest::sha256;
use super::read::{self, inside};
use super::{Run, pictures, predictions, tables, tensors};
use crate::files;
use serde::Serialize;
use std::fs;
use std::path::Path;

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
    if let Some(parent) = folder.parent() {
        files::create_folders(parent).map_err(|e| Fault::system("create", parent, &e))?;
    }
    let writing = files::beside(folder, "writing").map_err(|e| Fault::system("write", folder, &e))?;
    let written = write_run(&writing, run, extras).and_then(|()| put_in_place(&writing, folder));
    if written.is_err() {
        // The first error is the one to show; a remnant under a temporary name is never taken for a run.
        let _ = files::remove_folder(&writing);
    }
    written
}

/// Writes the files of a run into a folder that is not there yet, down to the disk.
pub(super) fn write_run(folder: &Path, run: &Run, extras: &[Extra]) -> Result<(), Fault> {
    let mut all = files_of(run)?;
    let mut manifest = run.manifest.clone();
    manifest.files = all.iter().map(|(name, _)| name.clone()).collect();
    manifest.sha256 = all.iter().map(|(name, bytes)| (name.clone(), sha256(bytes).into())).collect();
    all.extend(extras.iter().map(|e| (e.path.clone(), e.bytes.clone())));
    all.push(("manifest.json".to_owned(), json("manifest.json", &manifest)?));
    files::create_folder(folder).map_err(|e| Fault::system("create", folder, &e))?;
    let mut folders = vec![folder.to_path_buf()];
    for (name, bytes) in &all {
        let path = inside(folder, name)?;
        if let Some(parent) = path.parent().filter(|p| !folders.iter().any(|f| f == p)) {
            files::create_folders(parent).map_err(|e| Fault::system("create", parent, &e))?;
            folders.push(parent.to_path_buf());
        }
        files::write_new(&path, bytes).map_err(|e| Fault::system("write", &path, &e))?;
    }
    folders.iter().try_for_each(|f| files::sync_folder(f).map_err(|e| Fault::system("write", f, &e)))
}

/// Writes the report and figures of a finished run again.
pub fn rewrite_extras(folder: &Path, extras: &[Extra]) -> Result<(), Fault> {
    for extra in extras {
        let path = inside(folder, &extra.path)?;
        let parent = path.parent().unwrap_or(folder);
        if parent != folder {
            files::create_folders(parent).map_err(|e| Fault::system("create", parent, &e))?;
        }
        files::replace(&path, &extra.bytes).map_err(|e| Fault::system("write", &path, &e))?;
    }
    Ok(())
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
    if !run.left_out.is_empty() {
        files.push((read::LOO.to_owned(), tables::loo_to_csv(&run.left_out).into_bytes()));
    }
    for p in &run.predictions {
        files.push((format!("predictions/{}.csv", p.split), predictions::to_csv_text(p).into_bytes()));
    }
    files.push(("pictures.json".to_owned(), pictures::to_bytes(&run.pictures)?));
    if let Some(compiled) = &run.compiled {
        files.push((read::COMPILED.to_owned(), json(read::COMPILED, compiled)?));
    }
    Ok(files)
}

fn json<T: Serialize>(file: &str, value: &T) -> Result<Vec<u8>, Fault> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| Fault::damaged(file, e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Gives a whole folder its name; an older run goes away only when the new one is in its place.
pub(super) fn put_in_place(whole: &Path, folder: &Path) -> Result<(), Fault> {
    files::put_in_place(whole, folder).map_err(|e| Fault::system("rename", whole, &e))
}
