//! Folder to run: nothing in it is trusted.

use super::error::Fault;
use super::manifest::{FORMAT, Manifest};
use super::{MetricsFile, Pictures, Run, SplitPredictions, predictions, tables, tensors};
use crate::files;
use serde_json::Value;
use std::io::ErrorKind;
use std::path::Path;

/// Bytes of the largest file of a run that is read.
const LARGEST: u64 = 1 << 36;

/// Reads a run folder.
pub fn read(folder: &Path) -> Result<Run, Fault> {
    let manifest = read_manifest(folder)?;
    for file in &manifest.files {
        if !folder.join(file).is_file() {
            return Err(Fault::Missing { file: file.clone() });
        }
    }
    let mut run = Run {
        model_text: text(folder, "model.bnn")?,
        resolved_model: text(folder, "model.resolved.txt")?,
        metrics: read_metrics(folder)?,
        trace: tables::trace_from_csv(&text(folder, "trace.csv")?)?,
        summary: tables::summary_from_csv(&text(folder, "summary.csv")?)?,
        predictions: read_predictions(folder, &manifest)?,
        tensors: tensors::from_bytes(&bytes(folder, "posterior.safetensors")?)?,
        pictures: read_pictures(folder)?,
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

fn bytes(folder: &Path, file: &str) -> Result<Vec<u8>, Fault> {
    let path = folder.join(file);
    files::read(&path, LARGEST).map_err(|e| match e.kind() {
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
