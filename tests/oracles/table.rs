//! Reads the committed tables of reference values.

use std::path::Path;

/// One row, its fields found by the names of the heading.
pub struct Row {
    names: Vec<String>,
    fields: Vec<String>,
    /// Line in the file, for messages.
    pub line: usize,
}

/// All rows of a table beside this file.
pub fn read(name: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    let split = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let (_, heading) = lines.next().expect("a table has a heading");
    let names = split(heading);
    lines
        .map(|(i, line)| Row { names: names.clone(), fields: split(line), line: i + 1 })
        .inspect(|row| assert_eq!(row.fields.len(), row.names.len(), "{name} line {}", row.line))
        .collect()
}

impl Row {
    /// A field as text.
    pub fn text(&self, name: &str) -> &str {
        let column = self.names.iter().position(|n| n == name);
        &self.fields[column.unwrap_or_else(|| panic!("no column {name}"))]
    }
    /// A field as a number, `None` where it is empty.
    pub fn number(&self, name: &str) -> Option<f64> {
        parse(self.text(name))
    }
    /// A field of vectors: `0.5|1 2 3` is one number and a vector of three.
    pub fn vectors(&self, name: &str) -> Option<Vec<Vec<f64>>> {
        let text = self.text(name);
        if text.is_empty() {
            return None;
        }
        Some(text.split('|').map(|v| v.split(' ').map(|x| parse(x).expect("a number")).collect()).collect())
    }
}

fn parse(text: &str) -> Option<f64> {
    if text.is_empty() {
        return None;
    }
    Some(text.parse().unwrap_or_else(|_| panic!("{text} is not a number")))
}
