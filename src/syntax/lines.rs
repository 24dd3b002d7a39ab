//! Text to declarations: judges newlines and brackets before the grammar sees the text.
//!
//! ```text
//! y ~ Normal(mu,     # the mean        y ~ Normal(mu,
//!            sigma)               →               sigma)
//!     on (0, inf)                        on (0, inf)        all on one "line"
//! ```
//!
//! What comes out has the same length, so every offset still points at what the user wrote. Replaced by blanks are
//! comments, newlines inside `( )` and `[ ]`, newlines of a continued line, and strange characters (by what was
//! meant). So the grammar needs no stack and no comments, and `statements` says how to go on after an error.

use super::brackets::{self, Brackets, DEEPEST, MOST_FINDINGS};
use super::characters;
use super::error;
use super::foreign;
use super::tokens::{Kind, Token, tokens};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{SourceFile, Span, Spanned};

/// More strange characters than this are counted, not shown one by one.
const SHOWN_STRANGE: usize = 20;

/// A text made ready for the grammar.
pub struct Lines {
    /// Same length as the source; newlines and `;` separate, nothing else does.
    pub text: String,
    /// Comments in order.
    pub comments: Vec<Spanned<String>>,
    /// The pieces of the original text.
    pub tokens: Vec<Token>,
    /// Declarations and the lines of blocks, outer before inner.
    pub statements: Vec<Statement>,
    /// What is wrong already.
    pub errors: Diagnostics,
    /// Places in statements that cannot be parsed, because of what is wrong already.
    pub broken: Vec<usize>,
    /// How deep brackets, signs and powers nest.
    pub depth: usize,
    /// Whether parsing can tell more: it does not nest too deep, and not everything is broken.
    pub can_be_parsed: bool,
}

/// What stands between two separators of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// From its first to its last token, blocks included.
    pub span: Span,
    /// The braces it stands in, or the whole text.
    pub block: Span,
}

impl Lines {
    /// The innermost statement to which a place belongs; a place after the last token of a line belongs to that line.
    pub fn statement_at(&self, at: usize) -> Option<Statement> {
        let at = at as u32;
        let inside = |s: &&Statement| s.block.start <= at && at <= s.block.end;
        let innermost =
            self.statements.iter().filter(inside).map(|s| (s.block.end - s.block.start, s.block)).min()?.1;
        let of_block = || self.statements.iter().filter(|s| s.block == innermost);
        of_block()
            .filter(|s| s.span.start <= at)
            .max_by_key(|s| s.span.start)
            .or_else(|| of_block().next())
            .copied()
    }

    /// The tokens of a place, comments and newlines left out.
    pub fn tokens_in(&self, span: Span) -> Vec<Token> {
        let first = self.tokens.partition_point(|t| t.span.start < span.start);
        self.tokens[first..]
            .iter()
            .take_while(|t| t.span.end <= span.end)
            .filter(|t| !matches!(t.kind, Kind::Newline | Kind::Comment))
            .copied()
            .collect()
    }

    /// Takes out the statements that cannot be parsed, and keeps one finding for each cause: only the first bracket
    /// of a statement, and nothing of a statement that is spelled as in another language.
    pub fn take_broken_out(&mut self, source: &SourceFile) {
        let mut findings = std::mem::take(&mut self.errors);
        for at in std::mem::take(&mut self.broken) {
            let Some(statement) = self.statement_at(at) else { continue };
            let inside = |d: &Diagnostic| {
                d.labels
                    .first()
                    .is_some_and(|l| statement.span.start <= l.span.start && l.span.end <= statement.span.end)
            };
            if let Some(foreign) = foreign::statement(&self.tokens_in(statement.span), source) {
                findings.0.retain(|d| !inside(d));
                findings.push(foreign);
            }
            let mut brackets = 0;
            findings.0.retain(|d| {
                brackets += usize::from(inside(d) && d.code.id() != "S003");
                brackets <= 1 || !inside(d) || d.code.id() == "S003"
            });
            self.blank(statement.span);
        }
        self.errors = findings;
    }

    /// A statement together with a block that wrongly stands on the next line: one fault, not two.
    pub fn with_block_below(&self, statement: Span) -> Span {
        let next = self.tokens.partition_point(|t| t.span.start < statement.end);
        let gap = |t: &&Token| matches!(t.kind, Kind::Newline | Kind::Comment);
        let below = self.tokens[next..].iter().find(|t| !gap(t)).map(|t| t.span.start);
        let block = self.statements.iter().find(|s| Some(s.span.start) == below);
        match block {
            Some(block) if self.text.as_bytes().get(block.span.start as usize) == Some(&b'{') => {
                statement.to(block.span)
            }
            _ => statement,
        }
    }

    /// Takes a place out of the text, so that the rest can be parsed.
    pub fn blank(&mut self, span: Span) {
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        for byte in &mut bytes[span.start as usize..span.end as usize] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        self.text = into_text(bytes);
    }
}

/// Prepares a text for the grammar.
pub fn prepare(source: &str) -> Lines {
    let tokens = tokens(source);
    let Brackets { ends_line, ignored, damaged, depth, mut errors } = brackets::judge(source, &tokens);
    let statements = statements(source, &tokens, &ends_line, &ignored);
    let mut bytes = source.as_bytes().to_vec();
    let mut comments = Vec::new();
    let mut broken = damaged;
    let mut strange = 0;
    for (i, token) in tokens.iter().enumerate() {
        let words = &source[token.span.start as usize..token.span.end as usize];
        let place = &mut bytes[token.span.start as usize..token.span.end as usize];
        match token.kind {
            Kind::Comment => {
                if words.starts_with('/') && errors.0.len() < MOST_FINDINGS {
                    errors.push(error::foreign_comment(token.span));
                }
                comments.push(Spanned { value: words.trim_end().to_owned(), span: token.span });
                place.fill(b' ');
            }
            Kind::Newline if !ends_line[i] => place.fill(b' '),
            Kind::OpenText => {
                if errors.0.len() < MOST_FINDINGS {
                    errors.push(error::open_text(token.span));
                }
                broken.push(token.span.start as usize);
            }
            Kind::ForeignText | Kind::Strange => {
                strange += 1;
                // `&&` is one mistake.
                let is_second = i > 0
                    && tokens[i - 1].span.end == token.span.start
                    && source[tokens[i - 1].span.start as usize..token.span.start as usize] == *words;
                if strange <= SHOWN_STRANGE && !is_second {
                    errors.push(error::strange(token.span, words));
                }
                if !stand_in(words, place) {
                    broken.push(token.span.start as usize);
                }
            }
            _ if ignored[i] => place.fill(b' '),
            _ => {}
        }
    }
    for byte in &mut bytes {
        if matches!(*byte, b'\r' | b'\x0b' | b'\x0c') {
            *byte = b' ';
        }
    }
    if let (true, Some(last)) = (strange > SHOWN_STRANGE, errors.0.last_mut()) {
        last.notes
            .push(format!("and {} more characters of other kinds in this file", strange - SHOWN_STRANGE));
    }
    let can_be_parsed = depth <= DEEPEST && broken.len() <= MOST_FINDINGS;
    Lines { text: into_text(bytes), comments, tokens, statements, errors, broken, depth, can_be_parsed }
}

/// Writes ASCII of the same length for a strange character or a pasted quote; false if nothing fits.
fn stand_in(words: &str, place: &mut [u8]) -> bool {
    let first = words.chars().next().unwrap_or(' ');
    if let (true, Some(close)) = (words.chars().nth(1).is_some(), characters::closing_quote(first)) {
        let inside = first.len_utf8()..words.len() - close.len_utf8();
        place[..inside.start].fill(b' ');
        place[inside.start - 1] = b'"';
        place[inside.end..].fill(b' ');
        place[inside.end] = b'"';
        return true;
    }
    match characters::strange(first) {
        Some(known) if known.instead.len() <= place.len() => {
            place.fill(if known.called.contains("letter") { b'x' } else { b' ' });
            place[..known.instead.len()].copy_from_slice(known.instead.as_bytes());
            true
        }
        Some(_) => {
            place.fill(b'x');
            true
        }
        None => {
            place.fill(b' ');
            false
        }
    }
}

/// Whole characters were replaced by ASCII, so the bytes are still UTF-8.
fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("only whole characters are replaced, and by ASCII")
}

/// Finds what stands between separators, block by block.
fn statements(source: &str, tokens: &[Token], ends_line: &[bool], ignored: &[bool]) -> Vec<Statement> {
    struct Open {
        block_start: u32,
        of_block: Vec<Span>,
        current: Option<Span>,
    }
    impl Open {
        fn extend(&mut self, span: Span) {
            self.current = Some(self.current.map_or(span, |c| c.to(span)));
        }
        fn finish(mut self, end: u32, into: &mut Vec<Statement>) {
            self.of_block.extend(self.current);
            let block = Span { start: self.block_start, end };
            into.extend(self.of_block.into_iter().map(|span| Statement { span, block }));
        }
    }
    let new = |block_start| Open { block_start, of_block: vec![], current: None };
    let mut found = Vec::new();
    let mut outer: Vec<Open> = Vec::new();
    let mut open = new(0);
    for (i, token) in tokens.iter().enumerate() {
        let first = source.as_bytes()[token.span.start as usize];
        match token.kind {
            Kind::Newline | Kind::Semicolon => {
                if ends_line[i] {
                    let finished = open.current.take();
                    open.of_block.extend(finished);
                }
            }
            Kind::Comment => {}
            _ if ignored[i] => open.current = open.current.map(|c| c.to(token.span)),
            Kind::Open if first == b'{' => {
                open.extend(token.span);
                outer.push(std::mem::replace(&mut open, new(token.span.end)));
            }
            Kind::Close if first == b'}' => {
                if let Some(mut parent) = outer.pop() {
                    parent.extend(token.span);
                    std::mem::replace(&mut open, parent).finish(token.span.start, &mut found);
                }
            }
            _ => open.extend(token.span),
        }
    }
    let end = source.len() as u32;
    while let Some(mut parent) = outer.pop() {
        parent.extend(Span { start: end, end });
        std::mem::replace(&mut open, parent).finish(end, &mut found);
    }
    open.finish(end, &mut found);
    found.sort_by_key(|s| (s.span.start, u32::MAX - s.span.end));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(source: &str) -> String {
        let lines = prepare(source);
        assert_eq!(lines.text.len(), source.len());
        lines.text.split_whitespace().collect::<Vec<_>>().join(" ")
            + &"|".repeat(lines.text.matches('\n').count())
    }

    #[test]
    fn newlines_in_round_and_square_brackets_are_blanks() {
        assert_eq!(prepared("a ~ N(0,\n 1)\nb = [1,\n2]"), "a ~ N(0, 1) b = [1, 2]|");
        assert_eq!(prepared("net f(x) {\ndense 1\n}"), "net f(x) { dense 1 }||");
    }

    #[test]
    fn operators_and_suffixes_continue_a_line() {
        assert_eq!(prepared("a = b +\n c"), "a = b + c");
        assert_eq!(prepared("a = b # why\n\n # more\n + c"), "a = b + c");
        assert_eq!(
            prepared("a ~ N(0, 1)\n on (0, 1)\n ordered\nb = 1"),
            "a ~ N(0, 1) on (0, 1) ordered b = 1|"
        );
        assert_eq!(
            prepared("t ~ W(1)\ncensored by c\nweighted by w"),
            "t ~ W(1) censored by c weighted by w"
        );
    }

    #[test]
    fn words_of_suffixes_can_begin_a_declaration() {
        assert_eq!(
            prepared("a = 1\non = 2\non(x) = 3\nordered ~ N(0, 1)"),
            "a = 1 on = 2 on(x) = 3 ordered ~ N(0, 1)|||"
        );
    }

    #[test]
    fn a_dangling_operator_does_not_swallow_the_next_declaration() {
        assert_eq!(prepared("a = b +\nmu ~ N(0, 1)"), "a = b + mu ~ N(0, 1)|");
    }

    #[test]
    fn places_belong_to_their_innermost_statement() {
        let source = "a = 1\nnet f(x) { dense 1; dense }\nb = 2";
        let lines = prepare(source);
        let at = |needle: &str| {
            let s = lines.statement_at(source.find(needle).expect("test")).expect("test").span;
            &source[s.start as usize..s.end as usize]
        };
        assert_eq!(at("1\n"), "a = 1");
        assert_eq!(at("\nnet"), "a = 1");
        assert_eq!(at("f(x)"), "net f(x) { dense 1; dense }");
        assert_eq!(at("1;"), "dense 1");
        assert_eq!(at("}"), "dense");
        assert_eq!(at("2"), "b = 2");
    }
}
