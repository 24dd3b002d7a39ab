//! What nothing uses: N004, N005, N006, N007.
//!
//! A declaration is reported only if no combination of alternatives uses it.

use super::Checker;
use super::names::{self, Names, What};
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::source::Span;
use std::collections::{HashMap, HashSet};

/// Names used and names declared, over all combinations.
#[derive(Debug, Default)]
pub struct Usage<'a> {
    used: HashSet<Span>,
    declared: HashMap<Span, (&'a str, Sort)>,
    /// The heads of nets by their names' places, with the place of the `heads` that they stand in.
    heads: HashMap<Span, (&'a str, Span)>,
}

#[derive(Debug, Clone, Copy)]
enum Sort {
    Unknown,
    Column,
    Definition,
    Function,
    Net,
}

impl<'a> Usage<'a> {
    /// Adds what one combination declares and uses.
    pub(super) fn add(&mut self, checker: &Checker<'a>) {
        self.used.extend(&checker.used);
        let free = checker.names.data.map(names::columns_used_by_data).unwrap_or_default();
        for declaration in &checker.names.declarations {
            let sort = match declaration.what {
                What::Column(Some(_)) if !free.contains(declaration.name) => Sort::Column,
                What::Column(_) | What::Const(_) => continue,
                What::Define(_) => Sort::Definition,
                What::Unknown { .. } => Sort::Unknown,
                What::Function { .. } => Sort::Function,
                What::Net { .. } => Sort::Net,
            };
            self.declared.insert(declaration.span, (declaration.name, sort));
        }
        let heads = checker.named_heads.iter();
        self.heads.extend(heads.map(|(_, label, all)| (label.span, (label.value.as_str(), *all))));
    }

    /// The warnings, unless errors may be why something looks unused.
    pub fn report(self, found: &mut Diagnostics) {
        if found.has_errors() {
            return;
        }
        // Where no head is used, what calls the net is not used, and that is told.
        let in_use: HashSet<Span> = self
            .heads
            .iter()
            .filter(|(span, _)| self.used.contains(span))
            .map(|(_, (_, all))| *all)
            .collect();
        for (span, (name, all)) in &self.heads {
            if !self.used.contains(span) && in_use.contains(all) {
                found.push(
                    Diagnostic::new("N007", format!("head `{name}` is never used"))
                        .at(*span, "no likelihood depends on it: its weights keep their prior")
                        .help("use it, or leave it out"),
                );
            }
        }
        for (span, (name, sort)) in self.declared {
            if self.used.contains(&span) {
                continue;
            }
            found.push(match sort {
                Sort::Unknown => Diagnostic::new(
                    "N005",
                    format!("unknown `{name}` is never used: its posterior is its prior"),
                )
                .at(span, "no likelihood depends on it")
                .help(format!("use it, or leave it out; `report {name}_prior = {name}` keeps it")),
                Sort::Column => {
                    Diagnostic::new("N006", format!("column `{name}` is declared and never used"))
                        .at(span, "nothing mentions it")
                        .help("leave it out of the `data` block")
                }
                Sort::Definition => Diagnostic::new("N007", format!("definition `{name}` is never used"))
                    .at(span, "nothing mentions it")
                    .help(format!("say `report {name} = …` to keep it")),
                Sort::Function => Diagnostic::new("N007", format!("function `{name}` is never called"))
                    .at(span, "nothing calls it")
                    .help(format!("call it, `{name}(…)`, or leave it out")),
                Sort::Net => Diagnostic::new("N007", format!("net `{name}` is never called"))
                    .at(span, "nothing calls it")
                    .help(format!("call it, `{name}(…)`, or leave it out")),
            });
        }
    }
}

/// N004: an unknown that nothing mentions and whose name is nearly that of a column, so that a likelihood was meant.
/// Returns the positions of these unknowns too.
pub fn lost_likelihoods(names: &Names, mentioned: &HashSet<&str>) -> (HashSet<usize>, Vec<Diagnostic>) {
    let columns: Vec<_> = names.declarations.iter().filter(|d| matches!(d.what, What::Column(_))).collect();
    let observed: HashSet<&str> = names.likelihoods.iter().map(|l| l.name.value.as_str()).collect();
    let (mut lost, mut findings) = (HashSet::new(), vec![]);
    for (i, unknown) in names.declarations.iter().enumerate() {
        if !matches!(unknown.what, What::Unknown { .. }) || mentioned.contains(unknown.name) {
            continue;
        }
        let is_near = |column: &str| {
            let is_long = unknown.name.len() >= 3 && column.len() >= 3;
            column.eq_ignore_ascii_case(unknown.name)
                || (is_long && suggest::distance(column, unknown.name) == 1)
        };
        let column = columns.iter().find(|c| is_near(c.name) && !observed.contains(c.name));
        let Some(column) = column else { continue };
        lost.insert(i);
        findings.push(
            Diagnostic::new(
                "N004",
                format!(
                    "`{}` is a new unknown that nothing uses, and there is a column `{}`",
                    unknown.name, column.name
                ),
            )
            .at(unknown.span, "this is not a column, so it is an unknown")
            .at(column.span, "this is the column")
            .note("as it stands the likelihood would be lost")
            .help(format!("write `{} ~ …`", column.name))
            .fix(unknown.span, column.name),
        );
    }
    (lost, findings)
}
