//! Which bracket closes which, which newlines end a declaration, and how deep a text nests.
//!
//! An unclosed `(` would swallow the rest of the file. It is found where the language has no way on inside round
//! or square brackets: at a brace, at `;`, and at a line that can only begin a declaration (`NAME ~`, `net f(`, …).
//! So one forgotten bracket costs one declaration, and the message points at where it was opened.

use super::error;
use super::tokens::{Kind, Token};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// The deepest nesting of brackets, signs and powers.
pub const DEEPEST: usize = 256;

/// More findings than this are not collected.
pub const MOST_FINDINGS: usize = 50;

/// How many tokens are looked at to tell the suffix `on (…)` from the definition `on(x) = …`.
const LOOK_AHEAD: usize = 200;

/// What [`judge`] finds; one entry per token in the lists of claims.
pub struct Brackets {
    /// Whether a newline or `;` ends a declaration.
    pub ends_line: Vec<bool>,
    /// Whether a bracket closes nothing and is left out.
    pub ignored: Vec<bool>,
    /// Places in statements that cannot be parsed, because a bracket is missing.
    pub damaged: Vec<usize>,
    /// How deep it nests; more than [`DEEPEST`] cannot be parsed.
    pub depth: usize,
    /// What is wrong.
    pub errors: Diagnostics,
}

/// Judges the brackets and newlines of a text.
pub fn judge(source: &str, tokens: &[Token]) -> Brackets {
    let mut judge = Judge {
        source,
        tokens,
        open: vec![],
        pairs: vec![],
        before: None,
        out: Brackets {
            ends_line: vec![false; tokens.len()],
            ignored: vec![false; tokens.len()],
            damaged: vec![],
            depth: 0,
            errors: Diagnostics::default(),
        },
    };
    for i in 0..tokens.len() {
        judge.token(i);
        if judge.open.len() > DEEPEST {
            judge.too_deep(i);
            return judge.out;
        }
        if !matches!(tokens[i].kind, Kind::Newline | Kind::Comment) {
            judge.before = Some(i);
        }
    }
    judge.finish();
    judge.continue_lines();
    judge.measure_depth();
    judge.out
}

struct Judge<'s> {
    source: &'s str,
    tokens: &'s [Token],
    /// Indices of the brackets that are open.
    open: Vec<usize>,
    /// Braces that have found each other.
    pairs: Vec<(usize, usize)>,
    /// The last token that is no newline and no comment.
    before: Option<usize>,
    out: Brackets,
}

impl Judge<'_> {
    fn words(&self, i: usize) -> &str {
        let span = self.tokens[i].span;
        &self.source[span.start as usize..span.end as usize]
    }

    /// Whether token `i` exists and reads so.
    fn reads(&self, i: usize, words: &str) -> bool {
        i < self.tokens.len() && self.words(i) == words
    }

    fn is_kind(&self, i: usize, kind: Kind) -> bool {
        self.tokens.get(i).is_some_and(|t| t.kind == kind)
    }

    /// Whether the innermost open bracket is round or square.
    fn in_expression(&self) -> bool {
        self.open.last().is_some_and(|i| self.words(*i) != "{")
    }

    /// Adds a finding; a file with very many is no model, and counting on would take long.
    fn report(&mut self, finding: Diagnostic) {
        if self.out.errors.0.len() < MOST_FINDINGS {
            self.out.errors.push(finding);
        }
    }

    fn too_deep(&mut self, i: usize) {
        self.out.depth = DEEPEST + 1;
        self.report(error::too_deep(self.tokens[i].span));
    }

    fn token(&mut self, i: usize) {
        match self.tokens[i].kind {
            Kind::Open => {
                if self.words(i) == "{" {
                    self.drop_unclosed();
                }
                self.open.push(i);
            }
            Kind::Close => self.close(i),
            Kind::Semicolon => {
                self.drop_unclosed();
                self.out.ends_line[i] = true;
            }
            Kind::Newline => {
                if self.in_expression() && self.begins_declaration(i + 1, self.before, true) {
                    self.drop_unclosed();
                }
                self.out.ends_line[i] = !self.in_expression();
            }
            _ => {}
        }
    }

    fn close(&mut self, i: usize) {
        let opener = match self.words(i) {
            ")" => "(",
            "]" => "[",
            _ => "{",
        };
        let is_known = if opener == "{" {
            self.open.iter().any(|o| self.words(*o) == "{")
        } else {
            self.open.iter().rev().take_while(|o| self.words(**o) != "{").any(|o| self.words(*o) == opener)
        };
        if is_known {
            while let Some(top) = self.open.last().copied() {
                if self.words(top) == opener {
                    self.open.pop();
                    if opener == "{" {
                        self.pairs.push((top, i));
                    }
                    return;
                }
                if opener == "{" {
                    self.drop_unclosed();
                } else {
                    self.open.pop();
                    self.unclosed(&[top]);
                }
            }
        } else if opener != "{" && self.in_expression() {
            let Some(top) = self.open.pop() else { return };
            let wrong = error::wrong_bracket(
                self.tokens[top].span,
                self.words(top),
                self.tokens[i].span,
                self.words(i),
            );
            self.report(wrong);
            self.out.damaged.push(self.tokens[top].span.start as usize);
        } else {
            self.out.ignored[i] = true;
            self.report(error::stray_bracket(self.tokens[i].span, self.words(i)));
        }
    }

    /// Reports the round and square brackets on top of the stack as one finding and forgets them.
    fn drop_unclosed(&mut self) {
        let first = self.open.iter().rposition(|i| self.words(*i) == "{").map_or(0, |i| i + 1);
        let group = self.open.split_off(first);
        self.unclosed(&group);
    }

    fn unclosed(&mut self, group: &[usize]) {
        let Some(first) = group.first() else { return };
        let spans: Vec<_> = group.iter().map(|i| self.tokens[*i].span).collect();
        self.report(error::unclosed(self.words(*first), &spans));
        self.out.damaged.push(spans[0].start as usize);
    }

    /// At the end of the text: what is still open.
    fn finish(&mut self) {
        self.drop_unclosed();
        if let Some(outermost) = self.open.first().copied() {
            // Indentation tells which brace was forgotten: one whose partner stands further left than its own line.
            let misfit = |p: &&(usize, usize)| p.0 > outermost && self.indent(p.1) < self.indent(p.0);
            let blamed =
                self.pairs.iter().take(LOOK_AHEAD).filter(misfit).map(|p| p.0).min().unwrap_or(outermost);
            self.report(error::unclosed("{", &[self.tokens[blamed].span]));
            self.out.damaged.push(self.tokens[outermost].span.start as usize);
        }
    }

    /// Blanks before the first token on the line of token `i`.
    fn indent(&self, i: usize) -> usize {
        let before = &self.source[..self.tokens[i].span.start as usize];
        let line = &self.source[before.rfind('\n').map_or(0, |n| n + 1)..];
        line.len() - line.trim_start_matches([' ', '\t']).len()
    }

    /// The nearest token from `i` on that is no newline and no comment.
    fn after(&self, i: usize) -> usize {
        let skipped =
            self.tokens[i..].iter().take_while(|t| matches!(t.kind, Kind::Newline | Kind::Comment)).count();
        i + skipped
    }

    /// Whether the line that starts at token `i` can only begin a declaration.
    fn begins_declaration(&self, i: usize, before: Option<usize>, in_brackets: bool) -> bool {
        if !self.is_kind(i, Kind::Word) {
            return false;
        }
        let next = i + 1;
        let follows_value = before.is_none_or(|b| {
            matches!(self.tokens[b].kind, Kind::Word | Kind::Digits | Kind::Text)
                || matches!(self.words(b), ")" | "]")
        });
        let is_head =
            matches!(self.words(i), "data" | "const" | "net" | "choose" | "report" | "fit" | "each");
        match self.tokens.get(next).map(|t| t.kind) {
            Some(Kind::Operator) if self.reads(next, "~") => true,
            Some(Kind::Operator) if self.reads(next, "=") => follows_value || !in_brackets,
            Some(Kind::Digits) => in_brackets && follows_value,
            Some(Kind::Open) if self.reads(next, "{") => is_head,
            Some(Kind::Open) if self.reads(next, "[") => {
                let rest =
                    self.tokens[next..].iter().take(LOOK_AHEAD).take_while(|t| t.kind != Kind::Newline);
                let closing = rest.enumerate().position(|(n, _)| self.reads(next + n, "]"));
                closing.is_some_and(|n| self.reads(next + n + 1, "~"))
            }
            Some(Kind::Word) => is_head && !self.begins_suffix(next),
            Some(Kind::Text) => is_head,
            _ => false,
        }
    }

    /// Whether `on (…)`, `ordered`, `weighted by` or `censored by` stands at token `i`.
    fn begins_suffix(&self, i: usize) -> bool {
        if !self.is_kind(i, Kind::Word) {
            return false;
        }
        match self.words(i) {
            "weighted" | "censored" => self.reads(i + 1, "by"),
            "ordered" => match self.tokens.get(i + 1) {
                None => true,
                Some(t) => match t.kind {
                    Kind::Newline | Kind::Comment | Kind::Semicolon | Kind::Close => true,
                    Kind::Operator => self.words(i + 1) == ",",
                    _ => matches!(self.words(i + 1), "on" | "ordered" | "weighted" | "censored"),
                },
            },
            "on" => self.reads(i + 1, "(") && !self.is_function_head(i + 1),
            _ => false,
        }
    }

    /// Whether the brackets that open at token `i` are followed by `=` or `~`.
    fn is_function_head(&self, i: usize) -> bool {
        let mut depth = 0;
        for at in i..self.tokens.len().min(i + LOOK_AHEAD) {
            match self.tokens[at].kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return self.reads(at + 1, "=") || self.reads(at + 1, "~");
            }
        }
        false
    }

    /// Takes back the separators of lines that go on.
    fn continue_lines(&mut self) {
        let mut before: Option<usize> = None;
        let mut i = 0;
        while i < self.tokens.len() {
            if !matches!(self.tokens[i].kind, Kind::Newline | Kind::Comment) {
                before = Some(i);
                i += 1;
                continue;
            }
            let next = self.after(i);
            let ends_open = before.is_some_and(|b| self.tokens[b].kind == Kind::Operator);
            let begins_open = self.is_kind(next, Kind::Operator) || self.begins_suffix(next);
            if (ends_open && !self.begins_declaration(next, before, false)) || begins_open {
                self.out.ends_line[i..next].fill(false);
            }
            i = next;
        }
    }

    /// Counts brackets, and signs and powers, which nest without brackets.
    fn measure_depth(&mut self) {
        let mut chains = vec![0usize];
        let mut depth = 0;
        let mut expects_value = true;
        for i in 0..self.tokens.len() {
            let words = self.words(i);
            match self.tokens[i].kind {
                Kind::Comment => continue,
                Kind::Newline if !self.out.ends_line[i] => continue,
                Kind::Open => {
                    chains.push(0);
                    depth += 1;
                }
                Kind::Close if chains.len() > 1 => depth -= 1 + chains.pop().unwrap_or(0),
                Kind::Operator if words == "^" || (words == "-" && expects_value) => {
                    depth += 1;
                    if let Some(chain) = chains.last_mut() {
                        *chain += 1;
                    }
                }
                Kind::Operator | Kind::Semicolon | Kind::Newline => {
                    depth -= chains.last_mut().map_or(0, std::mem::take);
                }
                _ => {}
            }
            expects_value = matches!(
                self.tokens[i].kind,
                Kind::Operator | Kind::Open | Kind::Semicolon | Kind::Newline | Kind::Punctuation
            );
            self.out.depth = self.out.depth.max(depth);
            if depth > DEEPEST {
                self.too_deep(i);
                return;
            }
        }
    }
}
