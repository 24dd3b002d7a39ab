//! Folder to run: nothing in it is trusted.

use super::error::Fault;
use super::manifest::{FORMAT, Manifest, sha256};
use super::{MetricsFile, Pictures, Run, SplitPredictions, predictions, tables, tensors};
use crate::files;
use serde_json::Value;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What compiling the model again needs.
pub(super) const COMPILED: &str = "compiled.json";
/// The training rows, each left out.
pub(super) const LOO: &str = "loo.csv";

/// Reads a run folder.
pub fn read(folder: &Path) -> Result<Run, Fault> {
    let manifest = read_manifest(folder)?;
    for file in &manifest.files {
        if !inside(folder, file)?.is_file() {
            return Err(Fault::Missing { file: file.clone() });
        }
        verify(folder, file, &manifest)?;
    }
    let mut run = Run {
        model_text: text(folder, "model.bnn")?,
        resolved_model: text(folder, "model.resolved.txt")?,
        metrics: read_metrics(folder)?,
        trace: tables::trace_from_csv(&text(folder, "trace.csv")?)?,
        summary: tables::summary_from_csv(&text(folder, "summary.csv")?)?,
        left_out: match manifest.files.iter().any(|f| f == LOO) {
            true => tables::loo_from_csv(&text(folder, LOO)?)?,
            false => vec![],
        },
        predictions: read_predictions(folder, &manifest)?,
        tensors: tensors::from_bytes(&bytes(folder, "posterior.safetensors")?)?,
        pictures: read_pictures(folder)?,
        compiled: match manifest.files.iter().any(|f| f == COMPILED) {
            true => Some(json(folder, COMPILED)?),
            false => None,
        },
        manifest,
    };
    name_single_targets(&mut run);
    Ok(run)
}

/// Reads the manifest alone: enough to list a run.
pub fn read_manifest(folder: &Path) -> Result<Manifest, Fault> {
    if !folder.is_dir() {
        return Err(Fault::Absent { folder: folder.to_path_buf() });
    }
    let foreign = || Fault::Foreign { folder: folder.to_path_buf() };
    if !folder.join("manifest.json").exists() {
        return Err(foreign());
    }
    let value: Value = json(folder, "manifest.json")?;
    let found = value.get("format").and_then(Value::as_u64).ok_or_else(foreign)?;
    if value.get("bnnc").is_none() {
        return Err(foreign());
    }
    if found > u64::from(FORMAT) {
        return Err(Fault::Newer { found: found.try_into().unwrap_or(u32::MAX), known: FORMAT });
    }
    serde_json::from_value(value).map_err(|e| Fault::damaged("manifest.json", e.to_string()))
}

/// Reads the metrics alone.
pub fn read_metrics(folder: &Path) -> Result<MetricsFile, Fault> {
    let value: Value = json(folder, "metrics.json")?;
    MetricsFile::from_json(&value).map_err(|why| Fault::damaged("metrics.json", why))
}

/// Reads the predictions of the split that was kept from the fit the longest; none if every row was fitted.
pub fn read_held_out(folder: &Path) -> Result<Option<SplitPredictions>, Fault> {
    let manifest = read_manifest(folder)?;
    let mut splits = read_predictions(folder, &manifest)?;
    splits.retain(|s| s.split != "missing");
    Ok(splits.pop())
}

/// Whether a folder was written by this program, in whatever version and state.
pub(super) fn is_run(folder: &Path) -> bool {
    !matches!(read_manifest(folder), Err(Fault::Absent { .. } | Fault::Foreign { .. } | Fault::System { .. }))
}

fn read_predictions(folder: &Path, manifest: &Manifest) -> Result<Vec<SplitPredictions>, Fault> {
    let split = |file: &String| Some(file.strip_prefix("predictions/")?.strip_suffix(".csv")?.to_owned());
    let read = |split: String| {
        let text = text(folder, &format!("predictions/{split}.csv"))?;
        predictions::from_csv_text(&split, &text, &manifest.targets)
    };
    manifest.files.iter().filter_map(split).filter(|s| !s.contains(['/', '\\'])).map(read).collect()
}

fn read_pictures(folder: &Path) -> Result<Pictures, Fault> {
    let pictures: Pictures = json(folder, "pictures.json")?;
    pictures.check().map_err(|why| Fault::damaged("pictures.json", why))?;
    Ok(pictures)
}

/// With one target the file does not repeat its name; here it is known again.
fn name_single_targets(run: &mut Run) {
    if let [one] = run.manifest.targets.as_slice() {
        for split in &mut run.metrics.splits {
            if let [target] = split.targets.as_mut_slice() {
                target.target.clone_from(&one.name);
            }
        }
    }
}

/// The file must be the one that was written, as far as the manifest says.
fn verify(folder: &Path, file: &str, manifest: &Manifest) -> Result<(), Fault> {
    let Some(sum) = manifest.sha256.get(file) else { return Ok(()) };
    match sum.as_str() == Some(sha256(&bytes(folder, file)?).as_str()) {
        true => Ok(()),
        false => Err(Fault::damaged(file, "its checksum is not that of the file that was written")),
    }
}

/// A name in a folder that may be a stranger's: it must not lead out of it, by its words or by links.
pub(super) fn inside(folder: &Path, name: &str) -> Result<PathBuf, Fault> {
    let is_plain =
        |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
    if !name.split('/').all(is_plain) {
        return Err(Fault::damaged(name, "this is not a name that a file can have"));
    }
    let mut path = folder.to_path_buf();
    for part in name.split('/') {
        path.push(part);
        if std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_symlink()) {
            return Err(Fault::damaged(name, "it is a link, and a run holds its files itself"));
        }
    }
    Ok(path)
}

/// Bytes that a file of a run may have: tables and arrays as many as memory holds, what is parsed whole far less.
fn largest(file: &str) -> u64 {
    let room = files::memory::allowed().unwrap_or(u64::MAX);
    match file.rsplit('.').next() {
        Some("safetensors") => room / 4,
        Some("csv") => (room / 16).min(4 << 30),
        _ => (room / 16).min(256 << 20),
    }
}

fn bytes(folder: &Path, file: &str) -> Result<Vec<u8>, Fault> {
    let path = inside(folder, file)?;
    if path.exists() && !path.is_file() {
        return Err(Fault::damaged(file, "it is not a file"));
    }
    files::read(&path, largest(file)).map_err(|e| match e.kind() {
        ErrorKind::NotFound => Fault::Missing { file: file.to_owned() },
        _ => Fault::system("read", &path, &e),
    })
}

fn text(folder: &Path, file: &str) -> Result<String, Fault> {
    String::from_utf8(bytes(folder, file)?).map_err(|_| Fault::damaged(file, "it is not UTF-8 text"))
}

fn json<T: serde::de::DeserializeOwned>(folder: &Path, file: &str) -> Result<T, Fault> {
    serde_json::from_slice(&bytes(folder, file)?).map_err(|e| Fault::damaged(file, e.to_string()))
}
