//! T024, K002: an activation at the end of the net that gives a mean.

use super::Lint;
use super::subject::{Subject, location};
use super::tree;
use crate::diagnostic::Diagnostic;
use crate::kernels::scalar::Unary;
use crate::layers::find_activation;
use crate::model::{ExprKind, Observation};
use crate::source::Span;
use crate::syntax::ast::{Layer, Word};

/// T024: more than half of the targets cannot be reached.
pub const UNREACHED: Lint = Lint { code: "T024", is_about_values: false, check: unreached };
/// K002: rarely meant.
pub const NOTE: Lint = Lint { code: "K002", is_about_values: false, check: note };

/// The activation of the mean, if it is the last thing that a net does: its name, its layer as written, the finding's
/// place in the model.
fn activation<'a>(
    subject: &Subject<'a>,
    observation: &Observation,
) -> Option<(&'static str, Span, Option<&'a Layer>)> {
    let mut mean = location(&observation.dist)?;
    while let ExprKind::Reshape(x) = *subject.kind(mean) {
        mean = x;
    }
    let ExprKind::Unary(f, before) = *subject.kind(mean) else { return None };
    let name = match f {
        Unary::Tanh => "tanh",
        Unary::Sigmoid => "sigmoid",
        Unary::Relu => "relu",
        Unary::Softplus => "softplus",
        _ => return None,
    };
    let dense = subject.made_of([before]).into_iter().rev().find_map(|id| match subject.kind(id) {
        ExprKind::Dense { w, .. } => subject.unknown(*w),
        _ => None,
    })?;
    let net = dense.1.name.split('.').next()?.to_owned();
    let layer = tree::last_layer(subject.ast, &net);
    let span = subject.model.expr(mean).span;
    Some((name, span, layer.filter(|l| l.span.start <= span.start && span.end <= l.span.end)))
}

/// The place of the last word with the blank before it, and what is left without it.
fn without(layer: &Layer, name: &str) -> Option<(Span, String)> {
    let word = layer.words.last()?;
    let is_it = matches!(&word.value, Word::Name(n) if n == name && find_activation(n).is_some());
    let before =
        layer.words.iter().rev().nth(1).map(|w| w.span.end).or(layer.kind.as_ref().map(|k| k.span.end))?;
    is_it.then_some((Span { start: before, end: word.span.end }, String::new()))
}

fn unreached(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for observation in &subject.model.observations {
        let Some(mean) = location(&observation.dist) else { continue };
        let range = subject.model.expr(mean).ty.support.interval();
        let is_bounded = range.low.is_finite() && range.high.is_finite() && range.low < range.high;
        if !is_bounded || !subject.is_random(mean) || observation.dist.censoring.is_some() {
            continue;
        }
        let Some(values) = subject.values(observation.target).filter(|v| !v.is_empty()) else { continue };
        let outside = values.iter().filter(|v| **v < range.low || **v > range.high).count();
        if 2 * outside <= values.len() {
            continue;
        }
        let share = 100 * outside / values.len();
        let message = format!(
            "the mean of `{}` lies in ({}, {}), but {share} % of the training targets do not",
            observation.name, range.low, range.high
        );
        let finding =
            Diagnostic::new("T024", message).at(observation.span, "no mean in that range fits them");
        found.push(match activation(subject, observation) {
            Some((name, span, layer)) => {
                let finding = finding
                    .at(span, format!("`{name}` bounds the mean"))
                    .help(format!("drop `{name}` from the last layer"));
                match layer.and_then(|l| without(l, name)) {
                    Some((span, text)) => finding.fix(span, text),
                    None => finding,
                }
            }
            None => finding.help("give the mean a wider range"),
        });
    }
    found
}

fn note(subject: &Subject) -> Vec<Diagnostic> {
    let told: Vec<Span> =
        unreached(subject).iter().filter_map(|d| d.labels.first().map(|l| l.span)).collect();
    let mut found = vec![];
    for observation in subject.model.observations.iter().filter(|o| !told.contains(&o.span)) {
        let Some((name, span, _)) = activation(subject, observation) else { continue };
        found.push(
            Diagnostic::new(
                "K002",
                format!("the last layer ends in `{name}`; for a mean that is rarely meant"),
            )
            .at(span, "bounds the mean")
            .at(observation.span, "which is used here")
            .help("a mean is usually the output of a layer without an activation"),
        );
    }
    found
}
