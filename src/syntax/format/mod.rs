//! `bnnc fmt`: a model file in canonical layout, every comment kept.
//!
//! ```text
//! data "a.csv"{x1,x2:real            data "a.csv" {
//!   y:class( 2 ) }   # labels    →     x1, x2 : real
//!                                      y      : class(2) }   # labels
//! ```
//!
//! Lines are broken where the author broke them. What is set anew is the indentation, the blanks between tokens, and
//! the columns of what stands under each other: `:` in data blocks, what follows a label, and every `~` or `=` that
//! the author had put into one column. A comment at the end of a line keeps its column where it can. Formatting twice
//! is formatting once, and the tree stays the same: a test compares them over all sources and over generated ones.
//!
//! Start at [`format()`]; `spacing` says which tokens touch, `columns` what is aligned.

mod columns;
mod spacing;

use super::brackets;
use super::tokens::{Kind, Token, tokens};
use crate::source::SourceFile;
use crate::syntax::ast::Ast;
use spacing::Places;

/// One line of the source with its blanks set anew.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Blanks before the first token.
    indent: usize,
    /// The tokens, without a comment at the end.
    text: String,
    /// A comment at the end, or the whole of a line that has nothing else, with its column in the source.
    comment: Option<(String, usize)>,
    /// Places in `text` that may stand under each other.
    stops: Vec<Stop>,
    /// Whether it goes on from the line before.
    is_continued: bool,
}

/// A place in a line that may be moved to the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    /// Offset in the line's text, in characters.
    at: usize,
    /// What stands there.
    kind: StopKind,
    /// Where it stood in the source, relative to the line's first token.
    column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopKind {
    /// the `:` of a column
    Colon,
    /// what follows a label
    AfterLabel,
    /// what follows a `;` after a label
    AfterSemicolon,
    /// the first `~` or `=` of a declaration
    Operator,
}

/// The canonical layout of a file that has been read without a finding.
pub fn format(source: &SourceFile, tree: &Ast) -> String {
    let text = source.text.as_str();
    let pieces = tokens(text);
    let ends_line = brackets::judge(text, &pieces).ends_line;
    let places = Places::of(tree);
    let mut lines: Vec<Line> = vec![];
    let mut layout = Layout::default();
    let mut start = 0;
    let mut is_continued = false;
    for end in 0..=pieces.len() {
        let is_end = pieces.get(end).is_none_or(|t| t.kind == Kind::Newline);
        if !is_end {
            continue;
        }
        let of_line = &pieces[start..end];
        if end < pieces.len() || !of_line.is_empty() {
            lines.push(layout.line(text, of_line, is_continued, &places));
        }
        // A line of nothing but a comment neither ends nor begins a declaration.
        let has_code = of_line.iter().any(|t| t.kind != Kind::Comment);
        if has_code || !is_continued {
            is_continued = has_code && end < pieces.len() && !ends_line[end];
        } else if end < pieces.len() && ends_line[end] {
            is_continued = false;
        }
        start = end + 1;
    }
    columns::align(&mut lines);
    written(&lines)
}

/// The lines with their indentation and comments; no two empty ones in a row, none at the ends of a block.
fn written(lines: &[Line]) -> String {
    let is_empty = |l: &Line| l.text.is_empty() && l.comment.is_none();
    let mut out = String::new();
    let mut was_empty = true;
    let mut before = "";
    for (i, line) in lines.iter().enumerate() {
        if is_empty(line) {
            if was_empty {
                continue;
            }
            let next = lines[i..].iter().find(|l| !is_empty(l));
            let closes = next.is_none_or(|l| l.text.starts_with('}'));
            if !closes && !before.ends_with('{') {
                out.push('\n');
                was_empty = true;
            }
            continue;
        }
        let indent = " ".repeat(line.indent);
        match &line.comment {
            Some((comment, _)) if line.text.is_empty() => out.push_str(&format!("{indent}{comment}\n")),
            Some((comment, column)) => {
                let code = format!("{indent}{}", line.text);
                let width = code.chars().count();
                let gap = column.saturating_sub(width).max(2);
                out.push_str(&format!("{code}{}{comment}\n", " ".repeat(gap)));
            }
            None => out.push_str(&format!("{indent}{}\n", line.text)),
        }
        was_empty = false;
        before = if line.text.is_empty() { before } else { &line.text };
        if line.text.is_empty() {
            before = "";
        }
    }
    out
}

/// What is open at the start of a line.
#[derive(Debug, Default)]
struct Layout {
    open: Vec<Open>,
}

/// A bracket that is open, and where lines inside of it begin.
#[derive(Debug)]
struct Open {
    is_brace: bool,
    /// Indentation of lines inside.
    inside: usize,
    /// Indentation of a line that begins with its closing bracket.
    closing: usize,
}

impl Layout {
    fn line(&mut self, text: &str, of_line: &[Token], is_continued: bool, places: &Places) -> Line {
        let words = |t: &Token| &text[t.span.start as usize..t.span.end as usize];
        let (comment, code) = match of_line.split_last() {
            Some((last, rest)) if last.kind == Kind::Comment => {
                let start = last.span.start as usize;
                let begin = text[..start].rfind('\n').map_or(0, |i| i + 1);
                let column = text[begin..start].chars().count();
                (Some((words(last).trim_end().to_owned(), column)), rest)
            }
            _ => (None, of_line),
        };
        let closes = code.first().is_some_and(|t| t.kind == Kind::Close);
        let in_round = self.open.last().is_some_and(|o| !o.is_brace);
        let base = self.open.last().map_or(0, |o| if closes { o.closing } else { o.inside });
        let is_continued = is_continued && !code.is_empty();
        let indent = if is_continued && !in_round && !closes { base + 4 } else { base };
        let mut line = Line { indent, comment, is_continued: is_continued || in_round, ..Line::default() };
        let first = code.first().map_or(0, |t| t.span.start);
        // Characters so far, and brackets that this line has opened: counted once, because a line may be endless.
        let (mut at, mut depth) = (0, 0);
        for (i, token) in code.iter().enumerate() {
            let before = i.checked_sub(1).map(|i| &code[i]);
            let further = i.checked_sub(2).map(|i| &code[i]);
            if let Some(before) = before
                && spacing::is_apart(text, further, before, token, places)
            {
                line.text.push(' ');
                at += 1;
            }
            if !line.is_continued
                && let Some(kind) = spacing::stop(text, code, i, depth, places)
            {
                let column = text[first as usize..token.span.start as usize].chars().count();
                line.stops.push(Stop { at, kind, column });
            }
            line.text.push_str(words(token));
            match token.kind {
                Kind::Open => {
                    let is_brace = words(token) == "{";
                    let is_last = i + 1 == code.len();
                    let follows = !is_brace && !is_last;
                    let inside = if follows { indent + at + 1 } else { indent + 2 };
                    let outer = self.open.last().map_or(0, |o| o.inside);
                    let inside = if is_brace { outer + 2 } else { inside };
                    let closing = if is_brace {
                        outer
                    } else if follows {
                        indent + at
                    } else {
                        indent
                    };
                    self.open.push(Open { is_brace, inside, closing });
                }
                Kind::Close => {
                    self.open.pop();
                }
                _ => {}
            }
            depth += i32::from(token.kind == Kind::Open) - i32::from(token.kind == Kind::Close);
            at += words(token).chars().count();
        }
        line
    }
}

#[cfg(test)]
mod tests;
