//! D009: the target helps to predict itself.

use super::Lint;
use super::subject::Subject;
use crate::diagnostic::Diagnostic;
use crate::dist::ArgSlot;
use crate::model::{ColumnId, Distribution, ExprId, ExprKind};
use std::collections::BTreeSet;

/// The entry of the table.
pub const LINT: Lint = Lint { code: "D009", is_about_values: false, check };

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for observation in &subject.model.observations {
        let parts = std::iter::once(&observation.dist).chain(&observation.dist.components);
        let args: Vec<ExprId> = parts.flat_map(|dist| predictors(subject, dist)).collect();
        let right = subject.made_of(args);
        let target = columns(subject, subject.made_of([observation.target]));
        let of_right = columns(subject, right.iter().copied());
        // A change `after - before` may well be explained by `before`; then the target itself must stand there.
        let is_whole = right.contains(&observation.target);
        let shared: Vec<ColumnId> = target.intersection(&of_right).copied().collect();
        let [column] = shared.as_slice() else { continue };
        if !is_whole && target.len() > 1 {
            continue;
        }
        let column = subject.model.column(*column);
        found.push(
            Diagnostic::new(
                "D009",
                format!("the target `{}` appears on the right of its own likelihood", observation.name),
            )
            .at(observation.span, format!("`{}` predicts itself here", column.name))
            .at(column.span, "this column")
            .note("the fit will look perfect, and predictions of new rows will need the answer")
            .help("take it out of the right side; for a series, use the row before: `lag(…, 1)`"),
        );
    }
    found
}

/// The arguments but for totals: `k ~ Binomial(n = k + others, …)` says how many of both are of one kind, and the total
/// does not tell that. `n = k` alone would.
fn predictors(subject: &Subject, dist: &Distribution) -> Vec<ExprId> {
    let args = dist.args.iter().zip(dist.family.forms[dist.form].args);
    let is_total = |id: ExprId, slot: ArgSlot| {
        matches!(slot, ArgSlot::Scalar(interval) if interval.whole)
            && columns(subject, subject.made_of([id])).len() > 1
    };
    args.filter(|(id, arg)| !is_total(**id, arg.slot)).map(|(id, _)| *id).collect()
}

fn columns(subject: &Subject, ids: impl IntoIterator<Item = ExprId>) -> BTreeSet<ColumnId> {
    let column = |id: ExprId| match subject.kind(id) {
        ExprKind::Column(c) => Some(*c),
        _ => None,
    };
    ids.into_iter().filter_map(column).collect()
}
