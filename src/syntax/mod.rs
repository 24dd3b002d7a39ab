//! Source text to [`Ast`]: what was written, with spans, nothing resolved.
//!
//! ```text
//! text ─lines→ text whose newlines all separate ─pest→ pairs ─parser→ Ast
//!        │                                        │
//!        └ strange characters, brackets           └ what was expected; other languages' spellings
//! ```
//!
//! Every independent fault is reported at once: a declaration with a fault is taken out, and the rest parsed again.
//! No text makes this panic, hang or run out of stack: [`lines`] bounds the nesting before pest sees it, the grammar
//! is linear, and the number of rounds is bounded.
//! Start with `grammar/bnn.pest`, then [`ast`], then [`parser`].

pub mod ast;
pub mod constant;
pub mod print;

mod brackets;
mod characters;
mod error;
mod foreign;
mod grammar;
mod lines;
mod parser;
mod symbols;
mod tokens;

#[cfg(test)]
mod tests;

use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;
use ast::Ast;
use grammar::{Grammar, Rule};
use pest::Parser;

/// After so many faulty declarations the rest of the file is not looked at.
const MOST_ROUNDS: usize = 20;

/// Reads a model file: the tree of what was written, or everything that is wrong with its syntax, top to bottom.
pub fn parse(source: &SourceFile) -> Result<Ast, Diagnostics> {
    let mut lines = lines::prepare(&source.text);
    let mut errors = std::mem::take(&mut lines.errors);
    if lines.can_be_parsed {
        for _ in 0..MOST_ROUNDS {
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
            let at = error::place(&fault);
            let statement = lines.statement_at(at);
            errors.push(error::unexpected(&fault, &lines, source, statement.map(|s| s.span)));
            match statement {
                Some(statement) => lines.blank(statement.span),
                None => break,
            }
        }
    }
    errors.sort();
    Err(errors)
}
