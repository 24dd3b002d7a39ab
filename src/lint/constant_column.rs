//! D008: a column that a model learns from and that has one value in all training rows.

use super::Lint;
use super::subject::{Subject, location};
use super::terms::terms;
use crate::diagnostic::Diagnostic;
use crate::model::{ColumnId, ExprId, ExprKind};
use std::collections::BTreeSet;

/// The entry of the table.
pub const LINT: Lint = Lint { code: "D008", is_about_values: false, check };

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let Some(rows) = subject.rows.filter(|rows| rows.count() > 1) else { return vec![] };
    let mut found = vec![];
    for id in learned_from(subject) {
        let column = subject.model.column(id);
        let position = subject.model.exprs.iter().position(|e| e.kind == ExprKind::Column(id));
        let Some(position) = position.filter(|_| column.ty.shape.is_scalar()) else { continue };
        let values = rows.values(ExprId(position as u32));
        let Some(first) = values.first().copied() else { continue };
        // A column of ones is the usual way to write an intercept.
        if first == 1.0 || values.iter().any(|v| *v != first) {
            continue;
        }
        let name = &column.name;
        found.push(
            Diagnostic::new(
                "D008",
                format!("column `{name}` is constant in the training rows: it carries no signal"),
            )
            .at(
                column.span,
                format!(
                    "every training row has {}",
                    column.levels.get(first as usize).cloned().unwrap_or_else(|| first.to_string())
                ),
            )
            .help(format!("leave `{name}` out, or look at the split: held-out rows may have other values")),
        );
    }
    found
}

/// Columns that go into a net, or stand in a sum with other terms.
fn learned_from(subject: &Subject) -> BTreeSet<ColumnId> {
    let mut inputs: Vec<ExprId> = vec![];
    for expr in &subject.model.exprs {
        if let ExprKind::Dense { x, .. } = expr.kind
            && !subject.is_random(x)
        {
            inputs.push(x);
        }
    }
    let predictors = subject.model.observations.iter().flat_map(|o| {
        let named = ["logit", "log_rate", "log_mean", "score"].into_iter();
        named.filter_map(|n| super::subject::argument(&o.dist, n)).chain(location(&o.dist))
    });
    for predictor in predictors {
        let terms = terms(subject, predictor).unwrap_or_default();
        if terms.len() > 1 {
            inputs.extend(terms.iter().filter_map(|t| t.data).map(|(id, _)| id));
        }
    }
    let mut found = BTreeSet::new();
    while let Some(id) = inputs.pop() {
        match subject.kind(id) {
            ExprKind::Column(c) => {
                found.insert(*c);
            }
            ExprKind::Join(parts) => inputs.extend(parts),
            ExprKind::Reshape(x) | ExprKind::OneHot(x) => inputs.push(*x),
            _ => {}
        }
    }
    found
}
