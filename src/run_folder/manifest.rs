//! `manifest.json`: what was fitted, with which options, on which data, for how long.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The version of the folder's layout; a folder of a higher one is refused.
pub const FORMAT: u32 = 1;

/// What `manifest.json` holds, in the order in which it is written.
///
/// The defaults of absent fields make older folders readable; `format`, `bnnc` and `model` must be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout: [`FORMAT`].
    pub format: u32,
    /// Version of the program that wrote the folder.
    pub bnnc: String,
    /// The model's name: the stem of its file.
    pub model: String,
    /// SHA-256 of the source, in hexadecimal.
    #[serde(default)]
    pub model_sha256: String,
    /// The command that makes this run again.
    #[serde(default)]
    pub command: String,
    /// When the fit began, in UTC: `2026-02-28 09:30:00`.
    #[serde(default)]
    pub started: String,
    /// Every option of `fit` with the value in force.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// Every constant of the model with the value in force.
    #[serde(default)]
    pub constants: Map<String, Value>,
    /// The label in force of every `choose`.
    #[serde(default)]
    pub choices: Map<String, Value>,
    /// The seed that all noise, splits and permutations are keyed by.
    #[serde(default)]
    pub seed: u64,
    /// Worker threads; they do not change the result.
    #[serde(default)]
    pub threads: usize,
    /// The shape of the guide in words: `full rank, 5 dimensions`.
    #[serde(default)]
    pub guide: String,
    /// How the guide was fitted, in words: `small net, 16 starts`.
    #[serde(default)]
    pub path: String,
    /// What was tried beyond the first guide, in order, with what each gained; empty where one guide was fitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<RungRecord>,
    /// Free dimensions of the posterior.
    #[serde(default)]
    pub dimensions: usize,
    /// Where the rows came from.
    #[serde(default)]
    pub data: DataRecord,
    /// The generator that made the rows, where that is known or was declared: `moons(noise = 0.43)`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub truth: String,
    /// The observed columns, in the order of the model.
    #[serde(default)]
    pub targets: Vec<TargetRecord>,
    /// Every unknown of the model.
    #[serde(default)]
    pub variables: Vec<VariableRecord>,
    /// What was computed from the training rows and must be used again for new ones.
    #[serde(default)]
    pub preprocessing: Vec<Preprocessing>,
    /// Seconds from the source to a program that can run, data read.
    #[serde(default)]
    pub compile_s: f64,
    /// Seconds of fitting.
    #[serde(default)]
    pub fit_s: f64,
    /// Seconds of evaluating the ELBO, metrics and predictions.
    #[serde(default)]
    pub eval_s: f64,
    /// Optimiser steps done, all starts together.
    #[serde(default)]
    pub steps: u64,
    /// `steps` over the time inside the step loop; no start-up, MAP, evaluation or diagnostics.
    #[serde(default)]
    pub steps_per_s: f64,
    /// The ELBO of equal shares of the draws, for comparing fits draw by draw.
    #[serde(default)]
    pub elbo_parts: Vec<f64>,
    /// What the parts' noise was: fits with the same words are compared in pairs.
    #[serde(default)]
    pub elbo_noise: String,
    /// A hash of the training rows' targets in their own units: only fits of the same targets are compared.
    #[serde(default)]
    pub targets_sha256: String,
    /// Largest memory the process held, in MiB; absent where the system does not tell.
    #[serde(default)]
    pub peak_rss_mib: Option<f64>,
    /// What the fit is worth, in words and numbers; the most important sentence first.
    #[serde(default)]
    pub verdict: Vec<String>,
    /// Warnings of the compiler and of the fit, as one line each.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The other files that a run needs, without what can be drawn again; filled in when it is written, so that
    /// a missing one is noticed.
    #[serde(default)]
    pub files: Vec<String>,
    /// SHA-256 of each of them, in hexadecimal; folders of before have none.
    #[serde(default)]
    pub sha256: Map<String, Value>,
}

impl Default for Manifest {
    /// An empty record of this program's own version.
    fn default() -> Self {
        Manifest {
            format: FORMAT,
            bnnc: env!("CARGO_PKG_VERSION").to_owned(),
            model: String::new(),
            model_sha256: String::new(),
            command: String::new(),
            started: String::new(),
            options: Map::new(),
            constants: Map::new(),
            choices: Map::new(),
            seed: 0,
            threads: 1,
            guide: String::new(),
            path: String::new(),
            rungs: vec![],
            dimensions: 0,
            data: DataRecord::default(),
            truth: String::new(),
            targets: vec![],
            variables: vec![],
            preprocessing: vec![],
            compile_s: 0.0,
            fit_s: 0.0,
            eval_s: 0.0,
            steps: 0,
            steps_per_s: 0.0,
            elbo_parts: vec![],
            elbo_noise: String::new(),
            targets_sha256: String::new(),
            peak_rss_mib: None,
            verdict: vec![],
            warnings: vec![],
            files: vec![],
            sha256: Map::new(),
        }
    }
}

/// A richer guide against what was kept before it; numbers in nats, by the draws that compare guides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RungRecord {
    /// What it is: `low rank (10) of f.3`.
    pub guide: String,
    /// Its ELBO, in the units in which it was fitted.
    pub elbo: f64,
    /// Standard error of `elbo`.
    pub elbo_se: f64,
    /// Its ELBO less that of what was kept before, on the same draws.
    pub gain: f64,
    /// Standard error of `gain`.
    pub gain_se: f64,
    /// Seconds that it took.
    pub seconds: f64,
    /// Whether it stayed.
    pub kept: bool,
}

/// Where the rows came from and how they were divided.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// As written in the model or after `--data`: `data/moons.csv`.
    pub source: String,
    /// A hash of the values that were read, in hexadecimal.
    pub fingerprint: String,
    /// Rows per split: `{"train": 700, "valid": 300}`.
    pub splits: Map<String, Value>,
    /// Rows that `missing = drop` took out.
    #[serde(default)]
    pub dropped: usize,
}

/// An observed column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// Its name.
    pub name: String,
    /// Its type as the model prints it: `class(2)`, `real`.
    #[serde(rename = "type")]
    pub ty: String,
    /// The labels of its classes in order; empty for numbers.
    #[serde(default)]
    pub levels: Vec<String>,
    /// What its numbers are, where that is not the column of its name: `a` for `z = standardize(a)`.
    #[serde(default)]
    pub unit: String,
}

/// An unknown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VariableRecord {
    /// `theta`, `f.1.w`
    pub name: String,
    /// Its sizes; empty for a number.
    pub shape: Vec<usize>,
    /// Where it lies: `positive`.
    pub support: String,
    /// Its bijection from the reals: `exp`.
    pub bijection: String,
    /// Whether the guide is one of the unknown itself, not of a standard variable that it is made of.
    pub is_centred: bool,
    /// Whether it is a scale that was integrated out: its q is the optimal one, and nothing of it was fitted.
    #[serde(default)]
    pub is_collapsed: bool,
}

/// One function of the training rows: `standardize(x)` is `(x − shift) / scale`, per column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// As written: `standardize(t)`.
    pub expression: String,
    /// Subtracted.
    pub shift: Vec<f64>,
    /// Divided by.
    pub scale: Vec<f64>,
}

/// Returns the SHA-256 of some bytes in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_the_published_one() {
        // FIPS 180-2, appendix B.1
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), abc);
    }

    #[test]
    fn an_older_folder_with_few_fields_can_be_read() {
        let m: Manifest =
            serde_json::from_str(r#"{"format": 1, "bnnc": "0.1.0", "model": "moons"}"#).unwrap();
        assert_eq!((m.model.as_str(), m.seed, m.peak_rss_mib), ("moons", 0, None));
        assert!(serde_json::from_str::<Manifest>(r#"{"format": 1}"#).is_err());
    }
}
