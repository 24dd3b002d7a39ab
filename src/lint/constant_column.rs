//! D008: a column that a model learns from and that has one value in all training rows.

use super::Lint;
use super::subject::{Subject, location};
use super::terms::terms;
use crate::diagnostic::{Diagnostic, elements};
use crate::kernels::scalar::Binary;
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
        let Some(position) = position.filter(|_| column.ty.shape.rank() <= 1) else { continue };
        let values = rows.values(ExprId(position as u32));
        let width = column.ty.shape.len();
        let Some(first) = values.get(..width) else { continue };
        // A column of ones is the usual way to write an intercept.
        let is_constant = |at: &usize| {
            first[*at] != 1.0 && values.iter().skip(*at).step_by(width).all(|v| *v == first[*at])
        };
        let constant: Vec<usize> = (0..width).filter(is_constant).collect();
        if constant.is_empty() {
            continue;
        }
        let name = &column.name;
        let (what, they, help) = if column.ty.shape.is_scalar() {
            let value = column.levels.get(first[0] as usize).cloned().unwrap_or_else(|| first[0].to_string());
            let what = format!("column `{name}` is constant in the training rows: it carries no signal");
            let help =
                format!("leave `{name}` out, or look at the split: held-out rows may have other values");
            (what, value, help)
        } else {
            let (verb, pronoun) =
                if constant.len() == 1 { ("is", "it carries") } else { ("are", "they carry") };
            let of = elements(&constant);
            let what = format!("{of} of `{name}` {verb} constant in the training rows: {pronoun} no signal");
            let help = "leave such columns of the file out, or look at the split: held-out rows may have other values";
            let values: Vec<String> = constant.iter().take(6).map(|i| first[*i].to_string()).collect();
            let more = if constant.len() > values.len() { ", …" } else { "" };
            (what, values.join(", ") + more, help.to_owned())
        };
        let label = format!("every training row has {they}");
        found.push(Diagnostic::new("D008", what).at(column.span, label).help(help));
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
            // `(x − mean) / sd`
            ExprKind::Binary(Binary::Sub | Binary::Div, x, statistic)
                if matches!(subject.kind(*statistic), ExprKind::Statistic(_)) =>
            {
                inputs.push(*x);
            }
            _ => {}
        }
    }
    found
}
