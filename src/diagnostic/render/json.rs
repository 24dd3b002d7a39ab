//! A finding as a JSON object, for programs: `--format json`.
//!
//! ```json
//! {"code": "N001", "level": "error", "message": "…", "file": "m.bnn",
//!  "labels": [{"start": {"line": 5, "column": 16, "byte": 28}, "end": {…}, "text": "not known", "is_primary": true}],
//!  "notes": [], "help": "…", "fix": {"start": {…}, "end": {…}, "replacement": "sigma"}, "alternative": null}
//! ```
//!
//! Lines and columns count from 1, columns in characters, bytes from 0; an end is one past the last character.

use crate::diagnostic::{Diagnostic, Level};
use crate::source::{SourceFile, Span};
use serde_json::{Value, json};

/// Makes the object of one finding.
pub fn json(finding: &Diagnostic, source: &SourceFile) -> Value {
    let place = |at: u32| {
        let (line, column) = source.line_column(Span { start: at, end: at });
        json!({"line": line, "column": column, "byte": at})
    };
    let labels: Vec<Value> = finding
        .labels
        .iter()
        .enumerate()
        .map(|(i, label)| {
            json!({
                "start": place(label.span.start),
                "end": place(label.span.end),
                "text": label.text,
                "is_primary": i == 0,
            })
        })
        .collect();
    let fix = finding.fix.as_ref().map(|fix| {
        json!({"start": place(fix.span.start), "end": place(fix.span.end), "replacement": fix.replacement})
    });
    json!({
        "code": finding.code.id(),
        "level": match finding.level() {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        },
        "message": finding.message,
        "file": source.name,
        "labels": labels,
        "notes": finding.notes,
        "help": finding.help,
        "fix": fix,
        "alternative": finding.alternative,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_lines_columns_and_bytes() {
        let source = SourceFile::new("m.bnn", "a = 1\nb = é\n");
        let span = Span { start: 10, end: 12 };
        let finding = Diagnostic::new("S003", "no").at(span, "here").fix(span, "e");
        let object = json(&finding, &source);
        assert_eq!(object["code"], "S003");
        assert_eq!(object["level"], "error");
        assert_eq!(object["labels"][0]["start"], json!({"line": 2, "column": 5, "byte": 10}));
        assert_eq!(object["labels"][0]["end"], json!({"line": 2, "column": 6, "byte": 12}));
        assert_eq!(object["fix"]["replacement"], "e");
        assert_eq!(object["help"], Value::Null);
    }
}
