//! `predictions/<split>.csv`: what the model says about every held-out row, and how unsure it is.
//!
//! | target | columns |
//! | --- | --- |
//! | class | `target, predicted, p_<class>…, sd_<class>…, entropy, aleatoric, epistemic, expected_error, class_variance` |
//! | number | `target, mean, sd, q05, q50, q95, aleatoric_sd, epistemic_sd` |
//!
//! `row` comes first. With several targets each column begins with its target's name and a dot. Per-row
//! `report`s follow as `report_<name>`.

use super::error::Fault;
use super::manifest::TargetRecord;
use super::tables::{Table, to_csv};

/// The predictions for one held-out split.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SplitPredictions {
    /// `valid`, `test`.
    pub split: String,
    /// The number of each row in its source, from 1.
    pub rows: Vec<u64>,
    /// One per target, in the order of the model.
    pub targets: Vec<TargetPredictions>,
    /// Posterior means of per-row `report`s.
    pub reports: Vec<(String, Vec<f64>)>,
}

/// The predictions of one target.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TargetPredictions {
    /// The observed column.
    pub name: String,
    /// By the type of the column.
    pub values: TargetValues,
}

/// What is predicted.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetValues {
    /// for `class` and `bool` columns
    Classes(ClassPredictions),
    /// for numbers
    Reals(RealPredictions),
}

impl Default for TargetValues {
    fn default() -> Self {
        TargetValues::Reals(RealPredictions::default())
    }
}

/// Class predictions; vectors have one element per row, or one per row and class (row-major).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClassPredictions {
    /// The labels of the classes in order.
    pub levels: Vec<String>,
    /// The observed class; absent where it was not observed.
    pub target: Vec<Option<usize>>,
    /// Mean over draws of each class's probability.
    pub probability: Vec<f64>,
    /// Standard deviation over draws of each class's probability.
    pub sd: Vec<f64>,
    /// Entropy of the mean probabilities, in nats.
    pub entropy: Vec<f64>,
    /// Mean over draws of the entropy.
    pub aleatoric: Vec<f64>,
    /// The rest: mutual information of class and parameters.
    pub epistemic: Vec<f64>,
    /// Share of draws whose class is not the predicted one.
    pub expected_error: Vec<f64>,
}

impl ClassPredictions {
    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.target.len()
    }
    /// Returns the probabilities of a row.
    pub fn of_row(&self, row: usize) -> &[f64] {
        let k = self.levels.len();
        self.probability.get(row * k..(row + 1) * k).unwrap_or(&[])
    }
    /// Returns the predicted class of a row: the most probable one, the lowest of equals.
    pub fn predicted(&self, row: usize) -> usize {
        let p = self.of_row(row);
        (1..p.len()).fold(0, |best, c| if p[c] > p[best] { c } else { best })
    }
    /// Returns the probability of the predicted class.
    pub fn confidence(&self, row: usize) -> f64 {
        self.of_row(row).get(self.predicted(row)).copied().unwrap_or(f64::NAN)
    }
    /// Returns the mean over classes of the variance over draws of a row's probabilities.
    pub fn class_variance(&self, row: usize) -> f64 {
        let k = self.levels.len();
        let sd = self.sd.get(row * k..(row + 1) * k).unwrap_or(&[]);
        sd.iter().map(|s| s * s).sum::<f64>() / k.max(1) as f64
    }
    /// Returns whether the prediction is right; none where the class was not observed.
    pub fn is_right(&self, row: usize) -> Option<bool> {
        self.target[row].map(|t| t == self.predicted(row))
    }
}

/// Predictions of a number, one element per row, in the original units of the target.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RealPredictions {
    /// The observed value; NaN where it was not observed.
    pub target: Vec<f64>,
    /// Mean of the predictive distribution.
    pub mean: Vec<f64>,
    /// Its standard deviation.
    pub sd: Vec<f64>,
    /// Its 5 % quantile.
    pub q05: Vec<f64>,
    /// Its median.
    pub q50: Vec<f64>,
    /// Its 95 % quantile.
    pub q95: Vec<f64>,
    /// The part of `sd` that would stay if the parameters were known.
    pub aleatoric_sd: Vec<f64>,
    /// The part of `sd` that comes from not knowing the parameters.
    pub epistemic_sd: Vec<f64>,
}

const CLASS_TAIL: [&str; 4] = ["entropy", "aleatoric", "epistemic", "expected_error"];
const REAL: [&str; 8] = ["target", "mean", "sd", "q05", "q50", "q95", "aleatoric_sd", "epistemic_sd"];

/// A column of a table of predictions.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// whole numbers
    Rows(Vec<u64>),
    /// numbers
    Numbers(Vec<f64>),
    /// labels; empty where there is none
    Words(Vec<String>),
}

impl Cells {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Cells::Rows(v) => v.len(),
            Cells::Numbers(v) => v.len(),
            Cells::Words(v) => v.len(),
        }
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Puts cells of the same kind behind these.
    pub fn append(&mut self, more: &Cells) {
        match (self, more) {
            (Cells::Rows(v), Cells::Rows(more)) => v.extend(more),
            (Cells::Numbers(v), Cells::Numbers(more)) => v.extend(more),
            (Cells::Words(v), Cells::Words(more)) => v.extend(more.iter().cloned()),
            // A column of a table has one kind.
            _ => {}
        }
    }
    /// A cell as it stands in a file of text.
    pub fn text(&self, row: usize) -> String {
        match self {
            Cells::Rows(v) => v.get(row).map(u64::to_string),
            Cells::Numbers(v) => v.get(row).map(f64::to_string),
            Cells::Words(v) => v.get(row).cloned(),
        }
        .unwrap_or_default()
    }
}

/// The table as columns with their names.
pub fn columns(p: &SplitPredictions) -> Vec<(String, Cells)> {
    let mut columns = vec![("row".to_owned(), Cells::Rows(p.rows.clone()))];
    for target in &p.targets {
        let prefix = if p.targets.len() > 1 { format!("{}.", target.name) } else { String::new() };
        columns.extend(columns_of(&target.values).into_iter().map(|(n, v)| (format!("{prefix}{n}"), v)));
    }
    let report =
        |(name, values): &(String, Vec<f64>)| (format!("report_{name}"), Cells::Numbers(values.clone()));
    columns.extend(p.reports.iter().map(report));
    columns
}

/// Returns the content of the file.
pub(super) fn to_csv_text(p: &SplitPredictions) -> String {
    let columns = columns(p);
    let header: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    to_csv(&header, (0..p.rows.len()).map(|r| columns.iter().map(|(_, c)| c.text(r)).collect()))
}

fn columns_of(values: &TargetValues) -> Vec<(String, Cells)> {
    match values {
        TargetValues::Classes(c) => class_columns(c),
        TargetValues::Reals(r) => {
            let values =
                [&r.target, &r.mean, &r.sd, &r.q05, &r.q50, &r.q95, &r.aleatoric_sd, &r.epistemic_sd];
            REAL.iter().zip(values).map(|(n, v)| ((*n).to_owned(), Cells::Numbers(v.clone()))).collect()
        }
    }
}

fn class_columns(c: &ClassPredictions) -> Vec<(String, Cells)> {
    let label = |i: usize| c.levels.get(i).cloned().unwrap_or_default();
    let k = c.levels.len();
    let of_class = |values: &[f64], class: usize| {
        Cells::Numbers(values.iter().skip(class).step_by(k.max(1)).copied().collect())
    };
    let target = Cells::Words(c.target.iter().map(|t| t.map_or(String::new(), label)).collect());
    let predicted = Cells::Words((0..c.rows()).map(|r| label(c.predicted(r))).collect());
    let mut out = vec![("target".to_owned(), target), ("predicted".to_owned(), predicted)];
    for (i, level) in c.levels.iter().enumerate() {
        out.push((format!("p_{level}"), of_class(&c.probability, i)));
    }
    for (i, level) in c.levels.iter().enumerate() {
        out.push((format!("sd_{level}"), of_class(&c.sd, i)));
    }
    let tail = [&c.entropy, &c.aleatoric, &c.epistemic, &c.expected_error];
    out.extend(CLASS_TAIL.iter().zip(tail).map(|(n, v)| ((*n).to_owned(), Cells::Numbers(v.clone()))));
    let variance: Vec<f64> = (0..c.rows()).map(|r| c.class_variance(r)).collect();
    out.push(("class_variance".to_owned(), Cells::Numbers(variance)));
    out
}

/// Reads the file back; the manifest's targets say which columns belong together.
pub(super) fn from_csv_text(
    split: &str,
    text: &str,
    targets: &[TargetRecord],
) -> Result<SplitPredictions, Fault> {
    let table = Table::parse(&format!("predictions/{split}.csv"), text)?;
    let row = table.column("row")?;
    let rows = (0..table.rows.len()).map(|r| table.parse_at(r, row)).collect::<Result<_, _>>()?;
    let read = |t: &TargetRecord| {
        let prefix = if targets.len() > 1 { format!("{}.", t.name) } else { String::new() };
        Ok(TargetPredictions { name: t.name.clone(), values: target_from(&table, &prefix, t)? })
    };
    let read_targets = targets.iter().map(read).collect::<Result<_, Fault>>()?;
    let reports = table.header.iter().enumerate().filter_map(|(i, h)| Some((i, h.strip_prefix("report_")?)));
    let reports =
        reports.map(|(i, n)| Ok((n.to_owned(), table.numbers(i)?))).collect::<Result<_, Fault>>()?;
    Ok(SplitPredictions { split: split.to_owned(), rows, targets: read_targets, reports })
}

fn target_from(table: &Table, prefix: &str, t: &TargetRecord) -> Result<TargetValues, Fault> {
    let numbers = |name: &str| table.numbers(table.column(&format!("{prefix}{name}"))?);
    if t.levels.is_empty() {
        return Ok(TargetValues::Reals(RealPredictions {
            target: numbers("target")?,
            mean: numbers("mean")?,
            sd: numbers("sd")?,
            q05: numbers("q05")?,
            q50: numbers("q50")?,
            q95: numbers("q95")?,
            aleatoric_sd: numbers("aleatoric_sd")?,
            epistemic_sd: numbers("epistemic_sd")?,
        }));
    }
    let by_class = |what: &str| -> Result<Vec<f64>, Fault> {
        let columns =
            t.levels.iter().map(|l| numbers(&format!("{what}_{l}"))).collect::<Result<Vec<_>, _>>()?;
        Ok((0..table.rows.len()).flat_map(|r| columns.iter().map(move |c| c[r])).collect())
    };
    let target = table.column(&format!("{prefix}target"))?;
    let class_of = |row: &Vec<String>| t.levels.iter().position(|l| *l == row[target]);
    Ok(TargetValues::Classes(ClassPredictions {
        levels: t.levels.clone(),
        target: table.rows.iter().map(class_of).collect(),
        probability: by_class("p")?,
        sd: by_class("sd")?,
        entropy: numbers("entropy")?,
        aleatoric: numbers("aleatoric")?,
        epistemic: numbers("epistemic")?,
        expected_error: numbers("expected_error")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> TargetPredictions {
        let values = ClassPredictions {
            levels: vec!["no".into(), "yes, \"maybe\"".into()],
            target: vec![Some(1), None],
            probability: vec![0.25, 0.75, 0.5, 0.5],
            sd: vec![0.1, 0.1, 0.2, 0.2],
            entropy: vec![0.5, 0.69],
            aleatoric: vec![0.4, 0.6],
            epistemic: vec![0.1, 0.09],
            expected_error: vec![0.01, 0.5],
        };
        TargetPredictions { name: "y".into(), values: TargetValues::Classes(values) }
    }

    fn reals() -> TargetPredictions {
        let values = RealPredictions {
            target: vec![1.0, 2.0],
            mean: vec![1.5, 2.5],
            sd: vec![0.1, 0.2],
            q05: vec![1.0, 2.0],
            q50: vec![1.5, 2.5],
            q95: vec![2.0, 3.0],
            aleatoric_sd: vec![0.1, 0.2],
            epistemic_sd: vec![0.0, 0.0],
        };
        TargetPredictions { name: "z".into(), values: TargetValues::Reals(values) }
    }

    fn records(p: &SplitPredictions) -> Vec<TargetRecord> {
        let levels = |t: &TargetPredictions| match &t.values {
            TargetValues::Classes(c) => c.levels.clone(),
            TargetValues::Reals(_) => vec![],
        };
        let record = |t| TargetRecord { levels: levels(t), name: t.name.clone(), ..TargetRecord::default() };
        p.targets.iter().map(record).collect()
    }

    #[test]
    fn one_target_or_several_come_back_as_they_were() {
        for targets in [vec![classes()], vec![reals()], vec![classes(), reals()]] {
            let reports = vec![("odds".to_owned(), vec![0.5, 2.0])];
            let sent = SplitPredictions { split: "valid".into(), rows: vec![3, 9], targets, reports };
            let text = to_csv_text(&sent);
            assert_eq!(from_csv_text("valid", &text, &records(&sent)).unwrap(), sent, "{text}");
        }
    }

    #[test]
    fn a_tie_goes_to_the_lowest_class() {
        let TargetValues::Classes(c) = classes().values else { panic!("made so above") };
        assert_eq!((c.predicted(0), c.predicted(1)), (1, 0));
        assert_eq!((c.is_right(0), c.is_right(1)), (Some(true), None));
        assert!((c.class_variance(1) - 0.04).abs() < 1e-15);
    }

    #[test]
    fn a_missing_column_is_named() {
        let sent = SplitPredictions {
            split: "v".into(),
            rows: vec![1, 2],
            targets: vec![classes()],
            ..Default::default()
        };
        let text = to_csv_text(&sent).replacen("aleatoric", "alea", 1);
        let fault = from_csv_text("v", &text, &records(&sent)).unwrap_err();
        assert!(fault.to_string().contains("no column `aleatoric`"), "{fault}");
    }
}
