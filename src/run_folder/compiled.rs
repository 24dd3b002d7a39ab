//! `compiled.json`: what compiling the model again needs beside its source.
//!
//! A run must be usable without the files it was fitted on. So what compiling learned from them is kept: the columns
//! with their levels, the numbers that were computed from the training rows, what earlier runs said.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// What `compiled.json` holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Compiled {
    /// What the command line said about the model.
    pub options: CompiledOptions,
    /// The declared columns, in the order of the model.
    pub columns: Vec<ColumnRecord>,
    /// The numbers computed from the training rows, in the order of the model's statistics.
    pub statistics: Vec<Numbers>,
    /// What the earlier runs that priors name said of their variables, by folder.
    #[serde(default)]
    pub earlier: BTreeMap<String, BTreeMap<String, EarlierRecord>>,
    /// Size of the guide's full-rank block.
    #[serde(default)]
    pub full_rank: usize,
}

/// Options that decide what a model is, as they were given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompiledOptions {
    /// `--set NAME=VALUE`
    pub set: Vec<(String, String)>,
    /// `--choose NAME=LABEL`
    pub choose: Vec<(String, String)>,
    /// `--seed`
    pub seed: Option<u64>,
    /// `--method`
    pub method: Option<String>,
    /// `--steps`
    pub steps: Option<u64>,
    /// `--epochs`
    pub epochs: Option<u64>,
    /// `--batch`
    pub batch: Option<String>,
}

/// A declared column as it was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnRecord {
    /// Its name in the model.
    pub name: String,
    /// The columns of the file that fill it.
    pub names: Vec<String>,
    /// Sizes of one row's value.
    pub shape: Vec<usize>,
    /// Labels of a class or factor, in order.
    pub levels: Vec<String>,
    /// Of a count that a walk runs along: its smallest and its largest value.
    pub range: Option<[u64; 2]>,
}

/// What an earlier run says of one variable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EarlierRecord {
    /// Its sizes, if they are known.
    pub shape: Option<Vec<usize>>,
    /// Means.
    pub mean: Numbers,
    /// Standard deviations.
    pub sd: Numbers,
    /// Whether both are of logarithms.
    pub of_log: bool,
}

/// Numbers bit for bit: those that JSON does not know are words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers(pub Vec<f64>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Word(String),
}

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let one = |x: &f64| if x.is_finite() { Number::Finite(*x) } else { Number::Word(x.to_string()) };
        serializer.collect_seq(self.0.iter().map(one))
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Numbers, D::Error> {
        let one = |x: Number| match x {
            Number::Finite(x) => Ok(x),
            Number::Word(word) => word.parse().map_err(serde::de::Error::custom),
        };
        Vec::<Number>::deserialize(deserializer)?.into_iter().map(one).collect::<Result<_, _>>().map(Numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_bit_for_bit() {
        let sent = vec![0.1 + 0.2, -0.0, f64::MIN_POSITIVE, 1e300 / 3.0, f64::INFINITY, f64::NEG_INFINITY];
        let text = serde_json::to_string(&Numbers(sent.clone())).unwrap();
        let back: Numbers = serde_json::from_str(&text).unwrap();
        let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back.0), bits(&sent), "{text}");
        assert!(serde_json::from_str::<Numbers>("[1, \"two\"]").is_err());
    }
}
