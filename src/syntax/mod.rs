//! Source text to [`Ast`]: what was written, with spans, nothing resolved.
//!
//! ```text
//! text ─lines→ text whose newlines all separate ─pest→ pairs ─parser→ Ast
//!        │                                        │
//!        └ strange characters, brackets           └ what was expected; other languages' spellings
//! ```
//!
//! Every independent fault is reported at once: a declaration with a fault is taken out, and the rest parsed again.
//! No text makes this panic, hang or run out of stack: `lines` bounds the nesting before pest sees it, the grammar
//! is linear, and the number of rounds is bounded.
//! Start with `grammar/bnn.pest`, then [`ast`], then `parser`.

pub mod ast;
pub mod constant;
pub mod format;
pub mod print;

mod brackets;
mod characters;
mod error;
pub mod foreign;
mod grammar;
mod lines;
mod parser;
mod symbols;
mod tokens;

#[cfg(test)]
mod tests;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::SourceFile;
use ast::Ast;
use grammar::{Grammar, Rule};
use lines::Lines;
use pest::Parser;

/// After so many faulty declarations the rest of the file is not looked at.
const MOST_ROUNDS: usize = 20;

/// Texts that nest deeper than this are parsed on a stack of their own.
const SHALLOW: usize = 32;

/// Room for the deepest nesting in an unoptimised build, several times over.
const LARGE_STACK: usize = 64 << 20;

/// Reads a model file: the tree of what was written, or everything that is wrong with its syntax, top to bottom.
pub fn parse(source: &SourceFile) -> Result<Ast, Diagnostics> {
    let lines = lines::prepare(&source.text);
    if lines.depth <= SHALLOW || !lines.can_be_parsed {
        return parse_lines(lines, source);
    }
    // A level of brackets passes through a dozen rules, so the nesting that is allowed needs a few MiB.
    std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().stack_size(LARGE_STACK);
        let outcome = parser.spawn_scoped(scope, || parse_lines(lines, source)).map(|thread| thread.join());
        match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => Err(error::too_deep(crate::source::Span::new(0, 0)).into()), // no memory for a thread
        }
    })
}

/// A call as it may stand after `data`: `idx("images.gz")`; none if the text is no such call.
pub fn source(text: &str) -> Option<ast::Source> {
    let (name, _) = text.split_once('(')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name || !text.trim_end().ends_with(')') {
        return None;
    }
    let tree = parse(&SourceFile::new("", format!("data {text} {{\n  x : real\n}}\n"))).ok()?;
    tree.items.into_iter().find_map(|item| match item {
        ast::Item::Data(data) => Some(data.source),
        _ => None,
    })
}

/// The places of declarations and of the lines of blocks, outer before inner, for what comments say about them.
pub fn statements(source: &SourceFile) -> Vec<crate::source::Span> {
    lines::prepare(&source.text).statements.into_iter().map(|s| s.span).collect()
}

/// Parses, taking one faulty statement after the other out, until the rest is faultless.
fn parse_lines(mut lines: Lines, source: &SourceFile) -> Result<Ast, Diagnostics> {
    if lines.can_be_parsed {
        lines.take_broken_out(source);
    }
    let mut errors = std::mem::take(&mut lines.errors);
    for _ in 0..if lines.can_be_parsed { MOST_ROUNDS } else { 0 } {
        let fault = match Grammar::parse(Rule::model, &lines.text) {
            Ok(pairs) => {
                let (mut ast, refused) = parser::tree(pairs, source);
                errors.extend(refused);
                if errors.is_empty() {
                    ast.comments = lines.comments;
                    return Ok(ast);
                }
                break;
            }
            Err(fault) => fault,
        };
        let statement = lines.statement_at(error::place(&fault));
        let finding = error::unexpected(&fault, &lines, source, statement.map(|s| s.span));
        // A statement of another language has one cause, whatever else is strange in it.
        if let (Some(statement), "Z003") = (&statement, finding.code.id()) {
            let inside = |d: &Diagnostic| {
                let place = d.labels.first().map(|l| l.span);
                place.is_some_and(|p| statement.span.start <= p.start && p.end <= statement.span.end)
            };
            errors.0.retain(|d| !inside(d));
        }
        errors.push(finding);
        match statement {
            Some(statement) => lines.blank(lines.with_block_below(statement.span)),
            None => break,
        }
    }
    errors.sort();
    Err(errors)
}
