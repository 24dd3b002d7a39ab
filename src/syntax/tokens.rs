//! Text to [`Token`]s: the coarse pieces that lines, brackets and messages are made of.
//!
//! This is not the grammar, which is `grammar/bnn.pest`. It knows just enough to tell what is a comment, a text in
//! quotes or a bracket, so that newlines can be judged and strange characters be named before parsing.
//! Tokens cover the text in order; blanks lie between them. Every byte offset falls on a character boundary.

use super::characters;
use crate::source::Span;

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `sigma`
    Word,
    /// `16`, and `2x` or `5x5`: a digit and the letters and digits that touch it
    Digits,
    /// `"data.csv"`
    Text,
    /// a quote that the line does not close
    OpenText,
    /// `“data.csv”` or `'data.csv'`: closed, but not by the quotes of the language
    ForeignText,
    /// `(`, `[` or `{`
    Open,
    /// `)`, `]` or `}`
    Close,
    /// `;`
    Semicolon,
    /// an operator that continues a line: `+ - * / ^ = ~ ,` and comparisons
    Operator,
    /// `:` or `.`
    Punctuation,
    /// `# …`, and what other languages write for it: `// …`
    Comment,
    /// the end of a line
    Newline,
    /// a character that the language does not have
    Strange,
}

/// Cuts a text into tokens.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if matches!(first, ' ' | '\t' | '\r' | '\x0b' | '\x0c') {
            at += 1;
            continue;
        }
        let (kind, length) = token(first, &text[at..]);
        found.push(Token { kind, span: Span::new(at, at + length) });
        at += length;
    }
    found
}

/// The kind and length in bytes of the token that starts `rest`, whose first character is given.
fn token(first: char, rest: &str) -> (Kind, usize) {
    let after = rest.as_bytes().get(1).copied();
    match first {
        'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, run(rest)),
        '0'..='9' => (Kind::Digits, run(rest)),
        '\n' => (Kind::Newline, 1),
        '#' => (Kind::Comment, rest_of_line(rest)),
        '/' if after == Some(b'/') => (Kind::Comment, rest_of_line(rest)),
        '(' | '[' | '{' => (Kind::Open, 1),
        ')' | ']' | '}' => (Kind::Close, 1),
        ';' => (Kind::Semicolon, 1),
        ':' | '.' => (Kind::Punctuation, 1),
        '=' | '<' | '>' | '!' if after == Some(b'=') => (Kind::Operator, 2),
        '+' | '-' | '*' | '/' | '^' | '=' | '~' | ',' | '<' | '>' => (Kind::Operator, 1),
        '"' => quoted(rest, '"', Kind::Text),
        _ => match characters::closing_quote(first) {
            Some(close) => quoted(rest, close, Kind::ForeignText),
            None => (Kind::Strange, first.len_utf8()),
        },
    }
}

/// The length of the letters, digits and underscores at the start.
fn run(rest: &str) -> usize {
    rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

/// The length up to the newline.
fn rest_of_line(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

/// How far from a pasted quote its partner may be, in bytes.
const LONGEST_FOREIGN_TEXT: usize = 1000;

/// A text up to its closing quote; without one, `"` is an open text and any other quote a strange character.
fn quoted(rest: &str, close: char, closed: Kind) -> (Kind, usize) {
    let start = rest.chars().next().map_or(0, char::len_utf8);
    let inside = &rest[start..];
    let is_near = |at: &(usize, char)| closed == Kind::Text || at.0 < LONGEST_FOREIGN_TEXT;
    match inside.char_indices().take_while(is_near).find(|(_, c)| *c == close || *c == '\n') {
        Some((at, found)) if found == close => (closed, start + at + close.len_utf8()),
        end if closed == Kind::Text => {
            let line = &inside[..end.map_or(inside.len(), |(at, _)| at)];
            (Kind::OpenText, start + line.trim_end().len())
        }
        _ => (Kind::Strange, start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).iter().map(|t| t.kind).collect()
    }

    #[test]
    fn quotes_and_comments_hide_each_other() {
        assert_eq!(kinds("\"a # b\" # \"c"), [Kind::Text, Kind::Comment]);
        assert_eq!(kinds("\"abc\n\""), [Kind::OpenText, Kind::Newline, Kind::OpenText]);
    }

    #[test]
    fn pasted_quotes_are_one_token() {
        assert_eq!(kinds("“a.csv” 'b' ’"), [Kind::ForeignText, Kind::ForeignText, Kind::Strange]);
    }

    #[test]
    fn comparisons_are_one_token() {
        assert_eq!(kinds("a<=b!=c"), [Kind::Word, Kind::Operator, Kind::Word, Kind::Operator, Kind::Word]);
        assert_eq!(kinds("a ! b"), [Kind::Word, Kind::Strange, Kind::Word]);
    }
}
