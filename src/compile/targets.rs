//! The columns that only likelihoods observe: where `missing = predict` finds gaps to fill.

use crate::model::{ColumnId, ExprId, ExprKind, Model};
use std::collections::BTreeSet;

/// Names of the columns that targets are made of and nothing else uses.
pub(super) fn only_observed(model: &Model) -> Vec<String> {
    let observed = columns(model, model.observations.iter().map(|o| o.target));
    let args = model.observations.iter().flat_map(|o| o.dist.exprs());
    let used = columns(model, args);
    observed.difference(&used).map(|c| model.column(*c).name.clone()).collect()
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
