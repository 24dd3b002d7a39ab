//! `# allow(CODE): reason` — what the author of a model has silenced — and S005 where that silences nothing.
//!
//! ```text
//! w ~ Flat            # allow(P001): the paper tried it        findings that start in this declaration
//! # allow(N006): kept for the next model
//! x3 : real                                                    those of the next one
//! ```

use crate::diagnostic::code::SeenIn;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Level, code, suggest};
use crate::source::{SourceFile, Span, Spanned};

/// A comment that silences.
struct Allow {
    /// The codes, with their places.
    codes: Vec<Spanned<String>>,
    /// Where findings are silenced; none if nothing stands there.
    place: Option<Span>,
}

/// Takes out what comments silence; errors stay. `is_complete` says that every lint has looked, so that an `allow`
/// that silences nothing is stale; `has_rows` that those which read the data have looked too.
///
/// `statements` are the declarations and lines of blocks, outer before inner.
pub fn apply(
    found: &mut Diagnostics,
    source: &SourceFile,
    comments: &[Spanned<String>],
    statements: &[Span],
    is_complete: bool,
    has_rows: bool,
) {
    let mut stale = Diagnostics::default();
    for comment in comments {
        let Some(allow) = read(comment, source, statements, &mut stale) else { continue };
        for written in &allow.codes {
            let Some(code) = Code::find(&written.value) else {
                stale.push(unknown(written));
                continue;
            };
            if code.level() == Level::Error && !code.entry().can_be_note {
                stale.push(
                    Diagnostic::new("S005", format!("`allow({})`: an error cannot be silenced", code.id()))
                        .at(written.span, "it stops the compilation")
                        .help(format!("`bnnc explain {}` shows the cure", code.id())),
                );
                continue;
            }
            let before = found.0.len();
            found.0.retain(|d| !(d.code == code && d.level() != Level::Error && starts_in(d, allow.place)));
            let may_come_later = match code.entry().seen_in {
                SeenIn::Model => false,
                SeenIn::Rows => !has_rows,
                SeenIn::Fit | SeenIn::Layout => true,
            };
            if before == found.0.len() && is_complete && !may_come_later {
                stale.push(
                    Diagnostic::new("S005", format!("`allow({})` silences nothing", code.id()))
                        .at(written.span, "there is no such finding in this declaration")
                        .help("take it out; at the end of a line it holds for that declaration, alone on a line for the next one"),
                );
            }
        }
    }
    found.extend(stale);
}

/// Takes out what comments silence of the findings of a fit, which come when `allow` has been looked at already.
pub fn silence(
    found: &mut Diagnostics,
    source: &SourceFile,
    comments: &[Spanned<String>],
    statements: &[Span],
) {
    apply(found, source, comments, statements, false, false);
    found.0.retain(|d| d.code.id() != "S005");
}

fn starts_in(finding: &Diagnostic, place: Option<Span>) -> bool {
    let start = finding.labels.first().map(|l| l.span.start);
    place
        .zip(start)
        .is_some_and(|(place, start)| place.start <= start && start < place.end.max(place.start + 1))
}

fn unknown(written: &Spanned<String>) -> Diagnostic {
    let finding = Diagnostic::new("S005", format!("`allow({})`: there is no such code", written.value))
        .at(written.span, "silences nothing");
    let upper = written.value.to_uppercase();
    match suggest::nearest(&upper, code::ALL.iter().map(|e| e.id)) {
        Some(near) => finding.help(format!("did you mean `allow({near})`?")),
        None => {
            finding.help("a code is a letter and three digits, as findings show it: `allow(P001): reason`")
        }
    }
}

/// Reads `# allow(A, B): reason`; anything else is an ordinary comment.
fn read(
    comment: &Spanned<String>,
    source: &SourceFile,
    statements: &[Span],
    stale: &mut Diagnostics,
) -> Option<Allow> {
    let text = comment.value.trim_start_matches(['#', ' ', '\t']);
    let offset = comment.span.start as usize + (comment.value.len() - text.len());
    let word_end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(word_end);
    let after = rest.trim_start();
    let inside = after.strip_prefix('(').and_then(|r| r.split_once(')')).map(|(inside, _)| inside);
    let first = inside.unwrap_or(after.trim_start_matches(['(', ':', ' '])).trim_start();
    let names_code = first.split(|c: char| !c.is_ascii_alphanumeric()).next().is_some_and(is_like_code);
    if word != "allow" || inside.is_none() {
        let is_near = word.eq_ignore_ascii_case("allow") || suggest::distance(word, "allow") == 1;
        if is_near && names_code {
            let end = offset + text.trim_end().len();
            stale.push(
                Diagnostic::new("S005", "this comment looks like an `allow`, and silences nothing")
                    .at(Span::new(offset, end), "not in this form")
                    .help("write `# allow(P001): reason`"),
            );
        }
        return None;
    }
    let inside = inside.filter(|_| names_code || text.starts_with("allow("))?;
    let mut at = offset + (text.len() - after.len()) + 1;
    let mut codes = vec![];
    for part in inside.split(',') {
        let name = part.trim();
        let start = at + (part.len() - part.trim_start().len());
        codes.push(Spanned { value: name.to_owned(), span: Span::new(start, start + name.len()) });
        at += part.len() + 1;
    }
    Some(Allow { codes, place: place(comment.span, source, statements) })
}

/// A letter and three digits, in upper or lower case.
fn is_like_code(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && word.len() == 4
        && chars.all(|c| c.is_ascii_digit())
}

/// The declaration that a comment speaks of.
fn place(comment: Span, source: &SourceFile, statements: &[Span]) -> Option<Span> {
    let line = source.text[..comment.start as usize].rfind('\n').map_or(0, |i| i + 1) as u32;
    let is_alone = source.text[line as usize..comment.start as usize].trim().is_empty();
    if is_alone {
        // Outer ones stand before inner ones, so the first that begins later is the whole declaration.
        return statements.iter().find(|s| s.start > comment.start).copied();
    }
    let begins_here = statements.iter().filter(|s| line <= s.start && s.start < comment.start);
    let outermost = begins_here.max_by_key(|s| s.end - s.start).copied();
    outermost.or_else(|| {
        let around = statements.iter().filter(|s| s.start < line && line <= s.end);
        around.min_by_key(|s| s.end - s.start).copied()
    })
}
