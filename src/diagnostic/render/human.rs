//! A finding as a person reads it; the only place that knows codespan-reporting.
//!
//! ```text
//! error[N001]: `sgima` is not defined; did you mean `sigma`?
//!   ┌─ model.bnn:3:16
//! 3 │ y ~ Normal(mu, sgima)
//!   │                ^^^^^ not known
//!   = help: write `sigma`
//! ```

use crate::diagnostic::{self as found, Diagnostic, Diagnostics, Level};
use crate::source::{SourceFile, Span};
use codespan_reporting::diagnostic::{Diagnostic as Drawing, Label, Severity};
use codespan_reporting::files::SimpleFile;
use codespan_reporting::term::termcolor::Buffer;
use codespan_reporting::term::{Config, emit_to_write_style};
use std::ops::Range;

/// Draws findings with an empty line between them; `color` adds terminal colours.
pub fn human_all(findings: &Diagnostics, source: &SourceFile, color: bool) -> String {
    findings.0.iter().map(|finding| human(finding, source, color)).collect::<Vec<_>>().join("\n")
}

/// Draws a finding with the lines it points at, ending in a newline.
pub fn human(finding: &Diagnostic, source: &SourceFile, color: bool) -> String {
    let file = SimpleFile::new(source.name.as_str(), source.text.as_str());
    let mut buffer = if color { Buffer::ansi() } else { Buffer::no_color() };
    let config = Config { tab_width: 4, ..Config::default() };
    match emit_to_write_style(&mut buffer, &config, &file, &drawing(finding, source)) {
        Ok(()) => closer_together(&String::from_utf8_lossy(buffer.as_slice())),
        // Ranges are clipped to the text, so drawing cannot fail; if it did, the words still matter most.
        Err(_) => format!("{}[{}]: {}\n", word(finding.level()), finding.code.id(), finding.message),
    }
}

/// A labelled line of more bytes than this is not drawn: nobody wrote it, and nobody could read it.
const LONGEST_LINE: usize = 400;

fn drawing(finding: &Diagnostic, source: &SourceFile) -> Drawing<()> {
    let severity = match finding.level() {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Note => Severity::Note,
    };
    let is_drawn = |label: &&found::Label| line_length(label.span, &source.text) <= LONGEST_LINE;
    let (drawn, told): (Vec<_>, Vec<_>) = finding.labels.iter().partition(is_drawn);
    let labels = drawn.iter().enumerate().map(|(i, label)| {
        let range = clipped(label.span, &source.text);
        let drawn = if i == 0 { Label::primary((), range) } else { Label::secondary((), range) };
        drawn.with_message(&label.text)
    });
    let alternative = finding.alternative.iter().map(|a| format!("in the alternative {a}"));
    let help = finding.help.iter().map(|help| format!("help: {help}"));
    let told = told.into_iter().map(|label| {
        let (line, column) = source.line_column(label.span);
        format!("at {}:{line}:{column} {}", source.name, label.text).trim_end().to_owned()
    });
    let notes = told.chain(finding.notes.iter().cloned()).chain(alternative).chain(help);
    Drawing::new(severity)
        .with_code(finding.code.id())
        .with_message(&finding.message)
        .with_labels(labels.collect())
        .with_notes(notes.collect())
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// The length in bytes of the line on which a span starts.
fn line_length(span: Span, text: &str) -> usize {
    let at = clipped(span, text).start;
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    text[at..].find('\n').unwrap_or(text.len() - at) + at - start
}

/// The part of a span on its first line, inside the text and on character boundaries.
fn clipped(span: Span, text: &str) -> Range<usize> {
    let boundary =
        |at: u32| (0..=text.len().min(at as usize)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let start = boundary(span.start);
    let end = boundary(span.end).max(start);
    match text[start..end].find('\n') {
        Some(line) => start..start + text[start..start + line].trim_end().len(),
        None => start..end,
    }
}

/// Leaves out the lines that hold nothing but the border.
fn closer_together(drawn: &str) -> String {
    let kept = drawn.lines().filter(|line| !is_border(line)).map(|line| format!("{}\n", line.trim_end()));
    kept.collect::<String>().trim_end().to_owned() + "\n"
}

/// Whether a line shows only blanks and the border, colours aside.
fn is_border(line: &str) -> bool {
    let mut in_color = false;
    let mut shows_border = false;
    for c in line.chars() {
        match c {
            '\x1b' => in_color = true,
            'm' if in_color => in_color = false,
            _ if in_color => {}
            '│' | '·' if !shows_border => shows_border = true,
            ' ' => {}
            _ => return false,
        }
    }
    shows_border
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(labels: &[(u32, u32, &str)]) -> Diagnostic {
        let finding = Diagnostic::new("N001", "`sgima` is not defined").note("a cause").help("write `sigma`");
        labels.iter().fold(finding, |f, (start, end, text)| f.at(Span { start: *start, end: *end }, *text))
    }

    #[test]
    fn a_finding_shows_code_place_cause_and_help() {
        let source = SourceFile::new("m.bnn", "sigma = 1\n\n\n\ny ~ Normal(mu, sgima)\n");
        let drawn = human(&finding(&[(28, 33, "not known"), (0, 5, "this one?")]), &source, false);
        let expected = "\
error[N001]: `sgima` is not defined
  ┌─ m.bnn:5:16
1 │ sigma = 1
  │ ----- this one?
5 │ y ~ Normal(mu, sgima)
  │                ^^^^^ not known
  = a cause
  = help: write `sigma`
";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn a_finding_without_a_place_has_only_words() {
        let drawn = human(&finding(&[]), &SourceFile::new("m.bnn", "x"), false);
        assert_eq!(drawn, "error[N001]: `sgima` is not defined\n = a cause\n = help: write `sigma`\n");
    }

    #[test]
    fn places_outside_the_text_and_inside_characters_are_clipped() {
        for text in ["", "\n", "é\né", "a\r\nb\r\n", "\t\tx"] {
            let source = SourceFile::new("m.bnn", text);
            for start in 0..8 {
                for end in 0..8 {
                    let drawn = human(&finding(&[(start, end, "here")]), &source, true);
                    assert!(drawn.contains("here"), "{text:?} {start} {end}: {drawn}");
                }
            }
        }
    }

    #[test]
    fn endless_lines_are_told_not_drawn() {
        let source = SourceFile::new("m.bnn", "x + ".repeat(10_000));
        let drawn = human(&finding(&[(8, 9, "here")]), &source, false);
        assert_eq!(
            drawn,
            "error[N001]: `sgima` is not defined\n = at m.bnn:1:9 here\n = a cause\n = help: write `sigma`\n"
        );
    }

    #[test]
    fn colours_do_not_hide_the_border_lines() {
        let source = SourceFile::new("m.bnn", "y ~ Normal(mu, sgima)\n");
        let plain = human(&finding(&[(15, 20, "")]), &source, false);
        let colored = human(&finding(&[(15, 20, "")]), &source, true);
        assert!(colored.contains('\x1b'));
        assert_eq!(colored.lines().count(), plain.lines().count());
    }
}
