//! The columns that only likelihoods observe: where `missing = predict` finds gaps to fill, and what `method = prior`
//! does not read.

use crate::model::{ColumnId, ExprId, ExprKind, Model};
use crate::syntax::ast::{Ast, ExprKind as Written, Item};
use std::collections::BTreeSet;

/// Names of the columns that targets are made of and nothing else uses.
pub(super) fn only_observed(model: &Model) -> Vec<String> {
    let observed = columns(model, model.observations.iter().map(|o| o.target));
    let args = model.observations.iter().flat_map(|o| o.dist.exprs());
    let used = columns(model, args);
    observed.difference(&used).map(|c| model.column(*c).name.clone()).collect()
}

/// Names of the columns that nothing needs where no likelihood is computed.
pub(super) fn unread(model: &Model) -> Vec<String> {
    let statistics = model.statistics.iter().map(|s| s.of);
    let needed = columns(model, statistics.chain(model.reports.iter().map(|(_, id)| *id)));
    let is_needed = |name: &String| {
        let is_it = |id: &ColumnId| model.column(*id).name == *name;
        let is_lagged = model.columns.iter().any(|c| c.lag.is_some_and(|(of, _)| is_it(&of)));
        is_lagged || needed.iter().any(is_it)
    };
    only_observed(model).into_iter().filter(|name| !is_needed(name)).collect()
}

/// Names that `method = prior` may leave unread, before the model is known: what stands on the left of a `~`.
pub(super) fn perhaps_unread(ast: &Ast, overrides: &[(String, String)]) -> Vec<String> {
    let said = overrides.iter().rfind(|(name, _)| matches!(name.as_str(), "method" | "fit.method"));
    let is_prior = match said {
        Some((_, value)) => value.trim() == "prior",
        None => says_prior(&ast.items),
    };
    let mut names = vec![];
    if is_prior {
        left_of_tilde(&ast.items, &mut names);
    }
    names
}

fn says_prior(items: &[Item]) -> bool {
    items.iter().any(|item| match item {
        Item::Fit { options, .. } => options.iter().any(|(name, value)| {
            name.value == "method" && matches!(&value.kind, Written::Name(word) if word == "prior")
        }),
        Item::Choose { alternatives, .. } => alternatives.iter().any(|a| says_prior(&a.items)),
        _ => false,
    })
}

/// Names of sizes of random walks, before it is known which are counts.
pub(super) fn walked(items: &[Item]) -> Vec<String> {
    let of = |item: &Item| match item {
        Item::Random { sizes, dist, .. } if dist.name.value == "RandomWalk" => {
            let name = |size: &crate::syntax::ast::Expr| match &size.kind {
                Written::Name(name) => Some(name.clone()),
                _ => None,
            };
            sizes.last().and_then(name).into_iter().collect()
        }
        Item::Choose { alternatives, .. } => alternatives.iter().flat_map(|a| walked(&a.items)).collect(),
        _ => vec![],
    };
    items.iter().flat_map(of).collect()
}

fn left_of_tilde(items: &[Item], names: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Random { name, .. } => names.push(name.value.clone()),
            Item::Choose { alternatives, .. } => {
                alternatives.iter().for_each(|a| left_of_tilde(&a.items, names));
            }
            _ => {}
        }
    }
}

/// The columns that some expressions read.
fn columns(model: &Model, roots: impl Iterator<Item = ExprId>) -> BTreeSet<ColumnId> {
    let mut pending: Vec<ExprId> = roots.collect();
    let mut seen: BTreeSet<ExprId> = BTreeSet::new();
    let mut found = BTreeSet::new();
    while let Some(id) = pending.pop() {
        if !seen.insert(id) {
            continue;
        }
        if let ExprKind::Column(c) = model.expr(id).kind {
            found.insert(c);
        }
        pending.extend(model.expr(id).kind.operands());
    }
    found
}
