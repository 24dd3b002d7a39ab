//! A model file and its canonical layout.

use super::read_source;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::SourceFile;
use crate::syntax::{ast::Ast, format::format, parse, print::print};
use std::path::Path;

/// The text of a file and its canonical layout.
#[derive(Debug)]
pub struct Formatted {
    /// As it is.
    pub before: String,
    /// As it should be.
    pub after: String,
}

/// Reads a file and lays it out.
///
/// # Errors
/// O004, what is wrong with its syntax, or X001 if the layout could not be kept the same model.
pub fn formatted(path: &Path) -> Result<Formatted, (SourceFile, Diagnostics)> {
    let source = read_source(path).map_err(|found| (SourceFile::new("", ""), found))?;
    let tree = parse(&source).map_err(|found| (source.clone(), found))?;
    match laid_out(&source, &tree) {
        Some(after) => Ok(Formatted { before: source.text, after }),
        None => Err((source, not_the_same().into())),
    }
}

/// The canonical layout, if reading it gives the same tree again.
pub(super) fn laid_out(source: &SourceFile, tree: &Ast) -> Option<String> {
    let after = format(source, tree);
    if after == source.text {
        return Some(after);
    }
    let again = parse(&SourceFile::new(source.name.clone(), after.as_str())).ok()?;
    let comments = |tree: &Ast| tree.comments.iter().map(|c| c.value.clone()).collect::<Vec<_>>();
    (print(tree) == print(&again) && comments(tree) == comments(&again)).then_some(after)
}

fn not_the_same() -> Diagnostic {
    Diagnostic::new("X001", "this version cannot lay this file out without changing what it says")
        .help("the file is left as it is; please report it")
}
