//! JSON: `{"rows": [{"row": 1, "mean": 0.5, …}, …]}`, one row a line.

use super::table::Table;
use crate::run_folder::Cells;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Starts a list of rows.
pub fn open<'a>(out: Box<dyn Write + 'a>) -> Box<dyn Table + 'a> {
    Box::new(Rows { out, has_begun: false })
}

struct Rows<'a> {
    out: Box<dyn Write + 'a>,
    has_begun: bool,
}

/// A number that does not exist is `null`, and so is a label that is not there.
fn value(cells: &Cells, row: usize) -> Value {
    match cells {
        Cells::Rows(v) => json!(v[row]),
        Cells::Numbers(v) => json!(v[row]),
        Cells::Words(v) if v[row].is_empty() => Value::Null,
        Cells::Words(v) => json!(v[row]),
    }
}

impl Table for Rows<'_> {
    fn rows(&mut self, columns: &[(String, Cells)]) -> io::Result<()> {
        for row in 0..columns.first().map_or(0, |(_, cells)| cells.len()) {
            let before =
                if std::mem::replace(&mut self.has_begun, true) { ",\n " } else { "{\"rows\": [\n " };
            let fields: Map<String, Value> =
                columns.iter().map(|(n, c)| (n.clone(), value(c, row))).collect();
            write!(self.out, "{before}{}", Value::Object(fields))?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let end = if self.has_begun { "\n]}\n" } else { "{\"rows\": []}\n" };
        self.out.write_all(end.as_bytes())?;
        self.out.flush()
    }
}
