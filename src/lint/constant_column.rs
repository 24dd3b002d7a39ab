//! D008: what a model learns from, or standardises, and that has one value in all training rows.

use super::Lint;
use super::subject::{Rows, Subject, location};
use super::terms::terms;
use crate::diagnostic::{Diagnostic, SHOWN, elements};
use crate::kernels::scalar::Binary;
use crate::model::{ColumnId, ExprId, ExprKind};
use std::collections::{BTreeMap, BTreeSet};

/// The entry of the table.
pub const LINT: Lint = Lint { code: "D008", is_about_values: false, check };

/// What a finding is about: a value of data, of which some elements never vary.
#[derive(Default)]
struct Constant {
    elements: BTreeSet<usize>,
    /// Whether `standardize` has shifted some of them to 0.
    is_shifted: bool,
}

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let Some(rows) = subject.rows.filter(|rows| rows.count() > 1) else { return vec![] };
    let mut all: BTreeMap<ExprId, Constant> = shifted(subject);
    for id in learned_from(subject) {
        let position = subject.model.exprs.iter().position(|e| e.kind == ExprKind::Column(id));
        let shape = &subject.model.column(id).ty.shape;
        let Some(position) = position.filter(|_| shape.rank() <= 1) else { continue };
        let values = rows.values(ExprId(position as u32));
        let width = shape.len();
        let Some(first) = values.get(..width) else { continue };
        // A column of ones is the usual way to write an intercept.
        let is_constant = |at: &usize| {
            first[*at] != 1.0 && values.iter().skip(*at).step_by(width).all(|v| *v == first[*at])
        };
        let constant: Vec<usize> = (0..width).filter(is_constant).collect();
        if !constant.is_empty() {
            all.entry(ExprId(position as u32)).or_default().elements.extend(constant);
        }
    }
    all.into_iter().map(|(id, constant)| finding(subject, rows, id, &constant)).collect()
}

fn finding(subject: &Subject, rows: &dyn Rows, id: ExprId, constant: &Constant) -> Diagnostic {
    let expr = subject.model.expr(id);
    let (shape, at): (_, Vec<usize>) = (&expr.ty.shape, constant.elements.iter().copied().collect());
    let first = rows.values(id);
    let (named, span, level) = match expr.kind {
        ExprKind::Column(c) => {
            let column = subject.model.column(c);
            let level = |value: f64| column.levels.get(value as usize).cloned();
            (format!("`{}`", column.name), column.span, at.first().and_then(|i| level(*first.get(*i)?)))
        }
        _ => (expr.name.as_ref().map_or("this value".to_owned(), |n| format!("`{n}`")), expr.span, None),
    };
    let kind = if matches!(expr.kind, ExprKind::Column(_)) { "column " } else { "" };
    let values: Vec<String> =
        at.iter().take(SHOWN).filter_map(|i| Some(first.get(*i)?.to_string())).collect();
    let more = if at.len() > SHOWN { ", …" } else { "" };
    let they = level.unwrap_or_else(|| values.join(", ") + more);
    let (what, help) = match shape.rank() {
        0 => (
            format!("{kind}{named} is constant in the training rows: it carries no signal"),
            format!("leave {named} out, or look at the split: held-out rows may have other values"),
        ),
        rank => {
            let (verb, pronoun) = if at.len() == 1 { ("is", "it carries") } else { ("are", "they carry") };
            // An image has one mean and one sd per channel.
            let (of, such) = match (rank, elements(&at)) {
                (3, these) => (these.replace("element", "channel"), "write the images without such channels"),
                (_, these) => (these, "leave such columns of the file out"),
            };
            (
                format!("{of} of {named} {verb} constant in the training rows: {pronoun} no signal"),
                format!("{such}, or look at the split: held-out rows may have other values"),
            )
        }
    };
    let d = Diagnostic::new("D008", what).at(span, format!("every training row has {they}")).help(help);
    let is_one = at.iter().any(|i| first.get(*i) == Some(&1.0));
    if constant.is_shifted && is_one {
        d.note("`standardize` shifts ones to 0 like any other constant: write an intercept as an unknown of its own")
    } else {
        d
    }
}

/// What `standardize` only shifts, because it never varies.
fn shifted(subject: &Subject) -> BTreeMap<ExprId, Constant> {
    let mut found: BTreeMap<ExprId, Constant> = BTreeMap::new();
    for statistic in &subject.model.statistics {
        for at in &statistic.constant {
            let (id, at) = origin(subject, statistic.of, *at);
            let constant = found.entry(id).or_default();
            constant.elements.insert(at);
            constant.is_shifted = true;
        }
    }
    found
}

/// Where an element of an array comes from: a column that stands in it, with the element of that.
fn origin(subject: &Subject, mut id: ExprId, mut at: usize) -> (ExprId, usize) {
    loop {
        match subject.kind(id) {
            ExprKind::Reshape(x) if subject.model.expr(*x).ty.shape.rank() < 3 => id = *x,
            ExprKind::Join(parts) => {
                let mut inside = None;
                for part in parts {
                    let width = subject.model.expr(*part).ty.shape.len();
                    if at < width {
                        inside = Some(*part);
                        break;
                    }
                    at -= width;
                }
                let Some(part) = inside else { return (id, at) };
                id = part;
            }
            _ => return (id, at),
        }
    }
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
