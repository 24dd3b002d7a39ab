//! Findings as a SARIF 2.1.0 log, for code scanning: `--format sarif`.
//!
//! One run, one rule per code that was found, one result per finding. Columns count code points from 1, and an end is
//! one past the last character, as SARIF wants it. A path is written as a relative URI.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Level, page};
use crate::source::{SourceFile, Span};
use serde_json::{Value, json};

/// The log of several files.
pub fn sarif(files: &[(&SourceFile, &Diagnostics)]) -> Value {
    let mut codes: Vec<Code> = files.iter().flat_map(|(_, found)| found.0.iter().map(|d| d.code)).collect();
    codes.sort();
    codes.dedup();
    let mut results = vec![];
    for (source, found) in files {
        for finding in &found.0 {
            results.push(result(finding, source, &codes));
        }
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "bnnc",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|c| rule(*c)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let entry = code.entry();
    let mut rule = json!({
        "id": entry.id,
        "shortDescription": { "text": entry.title },
        "defaultConfiguration": { "level": level(entry.level) },
    });
    if let (Some(text), Value::Object(rule)) = (page::page(code), &mut rule) {
        rule.insert("help".into(), json!({ "text": text, "markdown": text }));
    }
    rule
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

fn result(finding: &Diagnostic, source: &SourceFile, codes: &[Code]) -> Value {
    let place = |span: Option<Span>, text: &str| {
        let mut physical = json!({ "artifactLocation": { "uri": uri(&source.name) } });
        if let (Some(span), Value::Object(physical)) = (span, &mut physical) {
            physical.insert("region".into(), region(span, source));
        }
        let mut location = json!({ "physicalLocation": physical });
        if let (false, Value::Object(location)) = (text.is_empty(), &mut location) {
            location.insert("message".into(), json!({ "text": text }));
        }
        location
    };
    let first = finding.labels.first();
    let mut result = json!({
        "ruleId": finding.code.id(),
        "ruleIndex": codes.iter().position(|c| *c == finding.code),
        "level": level(finding.level()),
        "message": { "text": finding.in_words() },
        "locations": [place(first.map(|l| l.span), first.map_or("", |l| &l.text))],
    });
    let Value::Object(fields) = &mut result else { return result };
    let related: Vec<Value> = finding.labels.iter().skip(1).map(|l| place(Some(l.span), &l.text)).collect();
    if !related.is_empty() {
        fields.insert("relatedLocations".into(), json!(related));
    }
    if let Some(fix) = &finding.fix {
        fields.insert(
            "fixes".into(),
            json!([{
                "description": { "text": finding.help.clone().unwrap_or_else(|| finding.message.clone()) },
                "artifactChanges": [{
                    "artifactLocation": { "uri": uri(&source.name) },
                    "replacements": [{
                        "deletedRegion": region(fix.span, source),
                        "insertedContent": { "text": fix.replacement },
                    }],
                }],
            }]),
        );
    }
    result
}

fn region(span: Span, source: &SourceFile) -> Value {
    let (line, column) = source.line_column(span);
    let (end_line, end_column) = source.line_column(Span { start: span.end, end: span.end });
    json!({ "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column })
}

/// A path as a URI reference: `/` between its parts, everything unusual as `%` and two digits.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_has_its_rule_its_place_and_its_fix() {
        let source = SourceFile::new("my model.bnn", "x = 1\ny = é + zz\n");
        let span = Span { start: 15, end: 17 };
        let finding = Diagnostic::new("N001", "no")
            .at(span, "here")
            .at(Span { start: 0, end: 1 }, "near")
            .fix(span, "x");
        let log = sarif(&[(&source, &finding.into())]);
        let result = &log["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "N001");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20model.bnn");
        assert_eq!(place["region"], json!({"startLine": 2, "startColumn": 9, "endLine": 2, "endColumn": 11}));
        assert_eq!(
            result["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"],
            "x"
        );
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], "N001");
    }
}
