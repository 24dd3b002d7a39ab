//! Where words go: results to standard output, everything else to standard error.

use super::args::{Arguments, Color};
use crate::diagnostic::render::{human, json};
use crate::diagnostic::{Diagnostic, Diagnostics, Level};
use crate::source::SourceFile;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};

/// How to talk to the user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    /// Nothing that was not asked for.
    pub is_quiet: bool,
    /// Standard output is for a program.
    pub is_json: bool,
    /// Whether standard error is a terminal, where lines may be redrawn.
    pub is_interactive: bool,
    color_out: bool,
    color_err: bool,
}

impl Terminal {
    pub(super) fn new(arguments: &Arguments) -> Terminal {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let wanted = |is_terminal: bool| is_coloured(arguments.output.color, is_terminal, no_color);
        Terminal {
            is_quiet: arguments.output.quiet,
            is_json: arguments.output.json,
            is_interactive: std::io::stderr().is_terminal(),
            color_out: wanted(std::io::stdout().is_terminal()),
            color_err: wanted(std::io::stderr().is_terminal()),
        }
    }

    /// Prints a result.
    pub(super) fn out(&self, text: &str) {
        // A reader that has seen enough (`| head`) closes the pipe; that is no failure of ours.
        let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
    }

    /// Prints a value for a program.
    pub(super) fn out_json(&self, value: &Value) {
        self.out(&format!("{value:#}\n"));
    }

    /// Prints beside the result.
    pub(super) fn err(&self, text: &str) {
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// Says what went on, beside the result.
    pub(super) fn note(&self, text: &str) {
        if !self.is_quiet {
            self.err(&format!("{text}\n"));
        }
    }

    /// Makes words of a result stand out.
    pub(super) fn bold(&self, text: &str) -> String {
        if self.color_out { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Makes words of a result step back.
    pub(super) fn dim(&self, text: &str) -> String {
        if self.color_out { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Prints findings: errors and warnings always, notes if wanted.
    pub(super) fn findings(&self, findings: &Diagnostics, source: &SourceFile, with_notes: bool) {
        for finding in findings.0.iter().filter(|f| with_notes || f.level() != Level::Note) {
            self.err(&human(finding, source, self.color_err));
            self.err("\n");
        }
    }

    /// Prints a finding that has no place in a model.
    pub(super) fn finding(&self, finding: &Diagnostic) {
        self.err(&human(finding, &SourceFile::new("", ""), self.color_err));
    }

    /// Ends a command that cannot go on.
    pub(super) fn refuse(&self, finding: &Diagnostic) -> u8 {
        self.fail(&Diagnostics(vec![finding.clone()]), &SourceFile::new("", ""), 1)
    }

    /// Ends a command with findings, for people or for a program.
    pub(super) fn fail(&self, findings: &Diagnostics, source: &SourceFile, status: u8) -> u8 {
        if self.is_json {
            self.out_json(&json!({ "diagnostics": list(findings, source) }));
        } else {
            self.findings(findings, source, false);
        }
        status
    }
}

/// Whether messages are coloured: `--color` is stronger than `NO_COLOR`, and both are stronger than the terminal.
fn is_coloured(asked: Color, is_terminal: bool, no_color: bool) -> bool {
    match asked {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !no_color,
    }
}

/// Returns findings for a program.
pub(super) fn list(findings: &Diagnostics, source: &SourceFile) -> Vec<Value> {
    findings.0.iter().map(|f| json(f, source)).collect()
}

/// Breaks a sentence into lines of at most `width` characters, each after `indent` blanks.
pub(super) fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let margin = " ".repeat(indent);
    let mut out = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > width {
            out.push_str(&format!("{margin}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    out + &format!("{margin}{line}\n")
}

/// Lays out rows as columns, numbers to the right and words to the left; the first row is the head.
pub(super) fn columns(rows: &[Vec<String>], indent: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|f| f.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let is_number =
        |f: &String| f.is_empty() || f.starts_with(|c: char| c.is_ascii_digit() || "-−".contains(c));
    let is_numeric = |c: usize| rows.iter().skip(1).filter_map(|r| r.get(c)).all(is_number);
    let mut out = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (c, field) in row.iter().enumerate() {
            let blanks = " ".repeat(widths[c] - field.chars().count());
            let gap = if c == 0 { "" } else { "  " };
            let (before, after) =
                if c > 0 && is_numeric(c) { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
            line.push_str(&format!("{gap}{before}{field}{after}"));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        assert!(is_coloured(Color::Auto, true, false));
        assert!(!is_coloured(Color::Auto, true, true), "NO_COLOR");
        assert!(!is_coloured(Color::Auto, false, false), "a pipe");
        assert!(is_coloured(Color::Always, false, true) && !is_coloured(Color::Never, true, false));
    }

    #[test]
    fn sentences_are_broken_between_words() {
        assert_eq!(wrapped("one two three", 9, 1), " one two\n three\n");
        assert_eq!(wrapped("unbreakable", 4, 0), "unbreakable\n");
    }

    #[test]
    fn columns_line_up() {
        let row = |fields: [&str; 3]| fields.map(str::to_owned).to_vec();
        let rows = [row(["", "size", "kind"]), row(["a", "1.5", "x"]), row(["long", "10.25", "yz"])];
        assert_eq!(columns(&rows, 2), "         size  kind\n  a       1.5  x\n  long  10.25  yz\n");
    }
}
