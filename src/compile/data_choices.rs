//! `data` inside `choose`: the columns differ between alternatives, so each such alternative is a model of its own.
//!
//! ```text
//! choose where { here: { data "a.csv" { … } }   there: { data "b.csv" { … } } }
//! →  data "a.csv" { … }   choose where { here: { … } }        the one in force
//! →  data "b.csv" { … }   choose where { there: { … } }       where = there
//! ```
//!
//! Choices without data stay as they are; they are tried by the checker.

use crate::source::Span;
use crate::syntax::ast::{Alternative, Ast, Item};
use std::collections::HashSet;

/// More combinations of data than this are not tried: then each alternative with the first ones of the others.
const MOST: usize = 64;

/// A tree with its data at the top, and how it differs from the one in force: `where = there`.
pub(super) struct Tree {
    pub(super) difference: Option<String>,
    pub(super) ast: Ast,
    /// What is left to choose.
    pub(super) choices: Vec<(String, String)>,
}

/// The trees to look at, the one in force first; one, as it is, for a model without data in its choices.
pub(super) fn trees(ast: &Ast, chosen: &[(String, String)]) -> Vec<Tree> {
    if !ast.items.iter().any(chooses_data) {
        return vec![Tree { difference: None, ast: ast.clone(), choices: chosen.to_vec() }];
    }
    let mut all = ways(&ast.items, chosen);
    all.sort_by_key(|way| way.differs.len());
    all.truncate(MOST);
    let tree = |way: Way| Tree {
        difference: (!way.differs.is_empty()).then(|| way.differs.join(", ")),
        choices: chosen.iter().filter(|(name, _)| !way.done.contains(name)).cloned().collect(),
        ast: Ast { items: way.data.into_iter().chain(way.items).collect(), ..ast.clone() },
    };
    all.into_iter().map(tree).collect()
}

/// Where the data blocks of alternatives stand.
pub(super) fn blocks(items: &[Item]) -> Vec<Span> {
    let of = |item: &Item| match item {
        Item::Choose { alternatives, .. } => alternatives.iter().flat_map(|a| blocks(&a.items)).collect(),
        Item::Data(data) => vec![data.span],
        _ => vec![],
    };
    items.iter().flat_map(of).collect()
}

/// Where the names stand that a tree declares.
pub(super) fn names(items: &[Item]) -> HashSet<Span> {
    let of = |item: &Item| match item {
        Item::Choose { alternatives, .. } => alternatives.iter().flat_map(|a| names(&a.items)).collect(),
        Item::Random { name, .. } | Item::Define { name, .. } => HashSet::from([name.span]),
        _ => HashSet::new(),
    };
    items.iter().flat_map(of).collect()
}

fn chooses_data(item: &Item) -> bool {
    let Item::Choose { alternatives, .. } = item else { return false };
    let has_data = |item: &Item| matches!(item, Item::Data(_)) || chooses_data(item);
    alternatives.iter().any(|a| a.items.iter().any(has_data))
}

/// One way to choose the data of a block.
#[derive(Clone, Default)]
struct Way {
    items: Vec<Item>,
    /// What alternatives say of data.
    data: Vec<Item>,
    /// Choices that are not in force.
    differs: Vec<String>,
    /// Choices that the command line made and that are made here; a label that is not there is left to be told.
    done: Vec<String>,
}

/// Every way to choose the data of some items; those of alternatives are taken out of them.
fn ways(items: &[Item], chosen: &[(String, String)]) -> Vec<Way> {
    let mut all = vec![Way::default()];
    for item in items {
        let Item::Choose { name, alternatives } = item else {
            all.iter_mut().for_each(|way| way.items.push(item.clone()));
            continue;
        };
        if !chooses_data(item) {
            all.iter_mut().for_each(|way| way.items.push(item.clone()));
            continue;
        }
        let said = chosen.iter().rfind(|(n, _)| *n == name.value);
        let in_force = said.and_then(|(_, label)| alternatives.iter().position(|a| a.label.value == *label));
        let mut next = vec![];
        for (i, alternative) in alternatives.iter().enumerate() {
            let is_in_force = i == in_force.unwrap_or(0);
            for inner in ways(&alternative.items, chosen) {
                for way in &all {
                    let mut way = way.clone();
                    let (data, rest) = inner.items.iter().cloned().partition(|i| matches!(i, Item::Data(_)));
                    let data: Vec<Item> = data;
                    way.data.extend(data.into_iter().chain(inner.data.iter().cloned()));
                    let only = Alternative { items: rest, ..alternative.clone() };
                    way.items.push(Item::Choose { name: name.clone(), alternatives: vec![only] });
                    if !is_in_force {
                        way.differs.push(format!("{} = {}", name.value, alternative.label.value));
                    }
                    way.differs.extend(inner.differs.iter().cloned());
                    way.done.extend(
                        in_force.map(|_| name.value.clone()).into_iter().chain(inner.done.iter().cloned()),
                    );
                    next.push(way);
                }
            }
        }
        // Few differences first, so that a cut leaves the one in force and its neighbours.
        next.sort_by_key(|way| way.differs.len());
        next.truncate(MOST);
        all = next;
    }
    all
}
