//! Labels of classes and factors: which there are, and the position of each.

use std::collections::{HashMap, HashSet};

use super::table::{Cells, Table};

/// Texts that stand for a value that is not there.
const MISSING: &[&str] = &["", "NA", "N/A", "NaN", "nan", "null"];

/// Whether a cell holds no value.
pub fn is_missing(text: &str) -> bool {
    MISSING.contains(&text)
}

/// The labels that occur in a column, sorted; if all are numbers, as numbers.
///
/// Two spellings of one number (`1` and `1.0`) are one label, spelt as it is seen first.
pub fn labels(cells: &Cells, table: &Table) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut labels: Vec<String> = vec![];
    for row in 0..table.rows {
        let label = label(cells, row);
        if !is_missing(&label) && seen.insert(label.to_string()) {
            labels.push(label.into_owned());
        }
    }
    let numbers: Option<Vec<f64>> = labels.iter().map(|label| number(label)).collect();
    match numbers {
        Some(numbers) => {
            let mut pairs: Vec<(f64, String)> = numbers.into_iter().zip(labels).collect();
            // A stable sort keeps the first spelling first.
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            pairs.dedup_by(|later, first| later.0 == first.0);
            pairs.into_iter().map(|(_, label)| label).collect()
        }
        None => {
            labels.sort_unstable();
            labels
        }
    }
}

/// The label of a row, as text.
pub fn label(cells: &Cells, row: usize) -> std::borrow::Cow<'_, str> {
    match cells {
        Cells::Text(texts) => texts.get(row),
        Cells::Numbers { width, data } => data.get(row * width).map_or("".into(), |x| x.to_string().into()),
        Cells::Bytes { width, data } => data.get(row * width).map_or("".into(), |b| b.to_string().into()),
    }
}

/// A finite number, or none; zero has no sign, so that `-0` and `0` are one label.
pub fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| x + 0.0)
}

/// Finds the positions of labels.
pub struct Positions {
    by_text: HashMap<String, usize>,
    /// Only where all labels are numbers.
    by_number: HashMap<u64, usize>,
}

impl Positions {
    /// Prepares the search.
    pub fn new(levels: &[String]) -> Positions {
        let by_text = levels.iter().enumerate().map(|(i, label)| (label.clone(), i)).collect();
        let numbers: Option<Vec<f64>> = levels.iter().map(|label| number(label)).collect();
        let by_number = numbers.unwrap_or_default().into_iter().enumerate();
        Positions { by_text, by_number: by_number.map(|(i, x)| (x.to_bits(), i)).collect() }
    }
    /// The position of a label, however its number is spelt.
    pub fn of(&self, label: &str) -> Option<usize> {
        if let Some(position) = self.by_text.get(label) {
            return Some(*position);
        }
        if self.by_number.is_empty() {
            return None;
        }
        self.by_number.get(&number(label)?.to_bits()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::Texts;

    fn sorted(texts: &[&str]) -> Vec<String> {
        let mut column = Texts::default();
        texts.iter().for_each(|t| column.push(t.as_bytes()));
        let table =
            Table { place: "t".into(), rows: texts.len(), lines: vec![], origin: vec![], columns: vec![] };
        labels(&Cells::Text(column), &table)
    }

    #[test]
    fn labels_sort_as_numbers_only_if_all_are_numbers() {
        assert_eq!(sorted(&["10", "9", "1.0", "NA", "1"]), ["1.0", "9", "10"]);
        assert_eq!(sorted(&["10", "9", "b", ""]), ["10", "9", "b"]);
    }

    #[test]
    fn a_number_is_found_in_any_spelling() {
        let positions = Positions::new(&["0".into(), "1".into(), "2".into()]);
        assert_eq!(positions.of("1.0"), Some(1));
        assert_eq!(positions.of("-0"), Some(0));
        assert_eq!(positions.of("3"), None);
        assert_eq!(Positions::new(&["a".into(), "1".into()]).of("1.0"), None);
    }
}
