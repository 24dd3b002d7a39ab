//! Opens the sources of a data block and binds the declared columns to theirs.

use super::bind::{self, Bound};
use super::declare::Declared;
use super::source::{self, Part};
use super::table::Opened;
use super::{Files, Options};
use crate::diagnostic::Diagnostics;
use crate::syntax::ast;

/// Opens the main source and binds every column, or reports what is wrong.
pub fn main<'f>(
    declared: &Declared,
    data: &ast::Data,
    place: &str,
    files: &'f dyn Files,
    options: &Options,
) -> Result<(Box<dyn Opened + 'f>, Vec<Bound>), Diagnostics> {
    let main = source::open(&data.source, Part::Main, files, options)?;
    let (bound, findings) = bind::bind(declared, main.header(), place, &options.unread);
    match bound.into_iter().collect::<Option<Vec<Bound>>>() {
        Some(bound) if findings.is_empty() => Ok((main, bound)),
        _ => Err(findings),
    }
}

/// Opens the test source and finds the columns of the main source in it; those not bound there are left out.
pub fn test<'f>(
    declared: &Declared,
    test: &ast::Source,
    bound: &[Option<&Bound>],
    files: &'f dyn Files,
    options: &Options,
) -> Result<(Box<dyn Opened + 'f>, Vec<Bound>), Diagnostics> {
    let opened = source::open(test, Part::Test, files, options)?;
    let place = source::place(test, Part::Test, options);
    let (rebound, findings) = bind::rebind(declared, bound, opened.header(), &place, &options.unread);
    if findings.is_empty() { Ok((opened, rebound)) } else { Err(findings) }
}
