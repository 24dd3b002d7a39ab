//! `metrics.json`: the ELBO with its standard error, and the metrics of every split.
//!
//! ```text
//! {"elbo": -289.4, "elbo_se": 0.05, "splits": {"train": {"rows": 700, "accuracy": 0.85, …}, "valid": {…}}}
//! ```
//!
//! With several targets a split holds one object per target name. Where the value is not an ELBO (an improper
//! prior, a learned tensor) it is called `objective` and compares with nothing. A number that does not exist is
//! `null`.

use super::manifest::RungRecord;
use serde_json::{Map, Value, json};

/// What `metrics.json` holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricsFile {
    /// The value of the fit.
    pub objective: Objective,
    /// In the order train, valid, test.
    pub splits: Vec<SplitMetrics>,
    /// Further numbers about the whole fit, such as `k_hat`.
    pub extra: Vec<(String, f64)>,
    /// What was tried beyond the first guide.
    pub rungs: Vec<RungRecord>,
}

/// The value of the fit in nats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// False where the value is defined up to a constant only: it is then called `objective`.
    pub is_elbo: bool,
    /// On all training rows, after the fit.
    pub value: f64,
    /// Standard error of `value`.
    pub se: f64,
}

impl Default for Objective {
    fn default() -> Self {
        Objective { is_elbo: true, value: f64::NAN, se: f64::NAN }
    }
}

impl Objective {
    /// `elbo` or `objective`: the key in the file.
    pub fn key(&self) -> &'static str {
        if self.is_elbo { "elbo" } else { "objective" }
    }
}

/// The metrics of one split.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SplitMetrics {
    /// `train`, `valid`, `test`.
    pub split: String,
    /// Rows that the metrics are of.
    pub rows: usize,
    /// One per target.
    pub targets: Vec<TargetMetrics>,
}

/// The metrics of one target in one split, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TargetMetrics {
    /// The observed column; the empty string where there is one target only and its name is not known.
    pub target: String,
    /// `("accuracy", 0.853)`, …
    pub values: Vec<(String, f64)>,
}

impl TargetMetrics {
    /// Returns a metric by name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }
}

impl MetricsFile {
    /// Returns the metrics of a split.
    pub fn split(&self, name: &str) -> Option<&SplitMetrics> {
        self.splits.iter().find(|s| s.split == name)
    }

    /// Returns the last split: the one that was kept from the fit the longest.
    pub fn held_out(&self) -> Option<&SplitMetrics> {
        self.splits.iter().rev().find(|s| s.split != "train")
    }

    /// Returns the file's content.
    pub fn to_json(&self) -> Value {
        let mut top = Map::new();
        top.insert(self.objective.key().into(), json!(self.objective.value));
        top.insert(format!("{}_se", self.objective.key()), json!(self.objective.se));
        if !self.objective.is_elbo {
            top.insert("comparable".into(), json!(false));
        }
        for (name, value) in &self.extra {
            top.insert(name.clone(), json!(value));
        }
        if !self.rungs.is_empty() {
            top.insert("rungs".into(), json!(self.rungs));
        }
        let splits = self.splits.iter().map(|s| (s.split.clone(), s.to_json())).collect::<Map<_, _>>();
        top.insert("splits".into(), Value::Object(splits));
        Value::Object(top)
    }

    /// Reads the file's content back; the error says what is not as it should be.
    pub fn from_json(value: &Value) -> Result<MetricsFile, String> {
        let top = value.as_object().ok_or("it is not an object")?;
        let is_elbo = !top.contains_key("objective");
        let key = if is_elbo { "elbo" } else { "objective" };
        let se_key = format!("{key}_se");
        let objective = Objective {
            is_elbo,
            value: number(top.get(key).ok_or(format!("`{key}` is missing"))?)?,
            se: top.get(&se_key).map_or(Ok(f64::NAN), number)?,
        };
        let splits = top.get("splits").and_then(Value::as_object).ok_or("`splits` is missing")?;
        let splits = splits.iter().map(|(n, v)| SplitMetrics::from_json(n, v)).collect::<Result<_, _>>()?;
        let known = [key, se_key.as_str(), "splits", "comparable", "rungs"];
        let extra = top.iter().filter(|(k, _)| !known.contains(&k.as_str()));
        let extra = extra.map(|(k, v)| Ok((k.clone(), number(v)?))).collect::<Result<_, String>>()?;
        let rungs = match top.get("rungs") {
            Some(rungs) => serde_json::from_value(rungs.clone()).map_err(|e| format!("`rungs`: {e}"))?,
            None => vec![],
        };
        Ok(MetricsFile { objective, splits, extra, rungs })
    }
}

impl SplitMetrics {
    /// Returns the metrics as they stand under the name of a split.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        out.insert("rows".into(), json!(self.rows));
        match self.targets.as_slice() {
            [one] => out.extend(numbers(&one.values)),
            many => {
                for target in many {
                    out.insert(target.target.clone(), Value::Object(numbers(&target.values)));
                }
            }
        }
        Value::Object(out)
    }

    fn from_json(split: &str, value: &Value) -> Result<SplitMetrics, String> {
        let map = value.as_object().ok_or(format!("split `{split}` is not an object"))?;
        let rows = map.get("rows").and_then(Value::as_u64).ok_or(format!("split `{split}` has no `rows`"))?;
        let rest: Vec<(&String, &Value)> = map.iter().filter(|(k, _)| *k != "rows").collect();
        let read = |entries: Vec<(&String, &Value)>| -> Result<Vec<(String, f64)>, String> {
            entries.into_iter().map(|(k, v)| Ok((k.clone(), number(v)?))).collect()
        };
        let targets = if rest.iter().any(|(_, v)| v.is_object()) {
            let one = |(name, v): (&String, &Value)| {
                let inner = v.as_object().ok_or(format!("`{name}` of split `{split}` is not an object"))?;
                Ok(TargetMetrics { target: name.clone(), values: read(inner.iter().collect())? })
            };
            rest.into_iter().map(one).collect::<Result<_, String>>()?
        } else {
            vec![TargetMetrics { target: String::new(), values: read(rest)? }]
        };
        Ok(SplitMetrics { split: split.to_owned(), rows: rows as usize, targets })
    }
}

fn numbers(values: &[(String, f64)]) -> Map<String, Value> {
    values.iter().map(|(n, v)| (n.clone(), json!(v))).collect()
}

/// `null` is what JSON has in place of a number that does not exist.
fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Null => Ok(f64::NAN),
        v => v.as_f64().ok_or_else(|| format!("{v} is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, value: f64) -> TargetMetrics {
        TargetMetrics { target: name.into(), values: vec![("rmse".into(), value), ("nll".into(), 1.5)] }
    }

    #[test]
    fn one_target_lies_flat_and_several_by_name() {
        let mut m = MetricsFile {
            objective: Objective { is_elbo: true, value: -2.5, se: 0.01 },
            splits: vec![SplitMetrics { split: "valid".into(), rows: 3, targets: vec![target("", 0.5)] }],
            extra: vec![("k_hat".into(), 0.4)],
            rungs: vec![],
        };
        let text = m.to_json().to_string();
        let flat =
            r#"{"elbo":-2.5,"elbo_se":0.01,"k_hat":0.4,"splits":{"valid":{"rows":3,"rmse":0.5,"nll":1.5}}}"#;
        assert_eq!(text, flat);
        assert_eq!(MetricsFile::from_json(&m.to_json()).unwrap(), m);
        m.splits[0].targets = vec![target("y", 0.5), target("z", 0.25)];
        assert_eq!(m.to_json()["splits"]["valid"]["z"]["rmse"], 0.25);
        assert_eq!(MetricsFile::from_json(&m.to_json()).unwrap(), m);
    }

    #[test]
    fn what_is_not_an_elbo_is_not_called_one() {
        let objective = Objective { is_elbo: false, value: -1.0, se: 0.5 };
        let m = MetricsFile { objective, ..MetricsFile::default() };
        assert!(m.to_json().get("elbo").is_none());
        assert_eq!(m.to_json()["objective"], -1.0);
        assert_eq!(MetricsFile::from_json(&m.to_json()).unwrap(), m);
    }
}
