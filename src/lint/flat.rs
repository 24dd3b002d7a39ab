//! P001, P002, P004: what `Flat` leaves without a proper posterior. (P003, a `Flat` that nothing observes, is alone in
//! its file, because it is an error.)

use super::Lint;
use super::flat_alone::observed;
use super::subject::{Subject, argument, tensor};
use crate::diagnostic::Diagnostic;
use crate::kernels::scalar::Binary;
use crate::model::{ExprId, ExprKind, Role, Treatment, Unknown, UnknownId};
use std::collections::BTreeSet;

/// P001: on a tensor below another layer.
pub const HIDDEN: Lint = Lint { code: "P001", is_about_values: false, check: hidden };
/// P004: on everything that is added to all logits.
pub const LOGITS: Lint = Lint { code: "P004", is_about_values: false, check: logits };
/// P002: anywhere else.
pub const NOTE: Lint = Lint { code: "P002", is_about_values: false, check: note };

fn is_flat(unknown: &Unknown) -> bool {
    unknown.treatment == Treatment::Random && unknown.prior.family.name == "Flat"
}

/// Tensors that another layer stands on.
fn below_a_layer(subject: &Subject) -> BTreeSet<UnknownId> {
    let inputs = subject.model.exprs.iter().filter_map(|e| match e.kind {
        ExprKind::Dense { x, .. } | ExprKind::Conv { x, .. } => Some(x),
        _ => None,
    });
    let all = subject.made_of(inputs);
    let unknowns = all.into_iter().filter_map(|id| match subject.kind(id) {
        ExprKind::Unknown(u) => Some(*u),
        _ => None,
    });
    let is_tensor = |u: &UnknownId| matches!(subject.model.unknown(*u).role, Role::Net { .. });
    unknowns.filter(is_tensor).filter(|u| is_flat(subject.model.unknown(*u))).collect()
}

fn hidden(subject: &Subject) -> Vec<Diagnostic> {
    let found = below_a_layer(subject);
    let mut findings = vec![];
    for (position, net) in subject.model.nets.iter().enumerate() {
        let of_net = |u: &&Unknown| matches!(u.role, Role::Net { net, .. } if net == position);
        let mut spans = vec![];
        let mut names = vec![];
        for unknown in found.iter().map(|u| subject.model.unknown(*u)).filter(of_net) {
            let Role::Net { tensor, .. } = &unknown.role else { continue };
            if !spans.contains(&unknown.prior.span) {
                spans.push(unknown.prior.span);
                names.push(format!("`{tensor}`"));
            }
        }
        names.dedup();
        let [first, rest @ ..] = spans.as_slice() else { continue };
        let finding = Diagnostic::new(
            "P001",
            format!(
                "`Flat` on {} of a hidden layer of `{}`: no proper posterior exists",
                names.join(" and "),
                net.name
            ),
        )
        .at(*first, "far out the units saturate, and the likelihood stays as it is");
        let finding = rest.iter().fold(finding, |f, span| f.at(*span, "here too"));
        findings.push(
            finding
                .note("the fit is a penalised likelihood; its ELBO compares with nothing")
                .help("write a proper prior: `w ~ Normal(0, 1 / sqrt(fan_in))`, `b ~ Normal(0, 1)`"),
        );
    }
    findings
}

/// The `Flat` unknowns that shift all logits of a likelihood alike, whatever the others are.
fn shifts(subject: &Subject) -> Vec<(UnknownId, usize)> {
    let mut found = vec![];
    for observation in &subject.model.observations {
        let dist = &observation.dist;
        if dist.family.name != "Categorical" {
            continue;
        }
        let scores = argument(dist, "logits").or_else(|| match subject.kind(argument(dist, "probs")?) {
            ExprKind::Softmax(x) => Some(*x),
            _ => None,
        });
        let Some(scores) = scores else { continue };
        let classes = subject.model.expr(scores).ty.shape.len();
        let mut pending: Vec<ExprId> = vec![scores];
        while let Some(id) = pending.pop() {
            let unknown = match subject.kind(id) {
                ExprKind::Binary(Binary::Add | Binary::Sub, a, b) => {
                    pending.extend([*a, *b]);
                    continue;
                }
                ExprKind::Unknown(u) => *u,
                ExprKind::Dense { w, .. } => match subject.kind(*w) {
                    ExprKind::Unknown(u) => *u,
                    _ => continue,
                },
                _ => continue,
            };
            let size = subject.model.unknown(unknown).shape.0.last().copied();
            if is_flat(subject.model.unknown(unknown)) && size == Some(classes) && classes > 1 {
                found.push((unknown, classes));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn logits(subject: &Subject) -> Vec<Diagnostic> {
    let found = shifts(subject);
    let mut spans = vec![];
    for (unknown, _) in &found {
        let span = subject.model.unknown(*unknown).prior.span;
        if !spans.contains(&span) {
            spans.push(span);
        }
    }
    let ([first, rest @ ..], Some((_, classes))) = (spans.as_slice(), found.first()) else { return vec![] };
    let finding = Diagnostic::new(
        "P004",
        format!(
            "`Flat` on all {classes} logits: adding a constant to each changes nothing, so the posterior is improper"
        ),
    )
    .at(*first, "nothing says where all of them together lie");
    let finding = rest.iter().fold(finding, |f, span| f.at(*span, "here too"));
    vec![finding.help("give them a proper prior, `Normal(0, 5)`, or fix one class at 0: `[0, z]`")]
}

fn note(subject: &Subject) -> Vec<Diagnostic> {
    let told = below_a_layer(subject);
    let shifts = shifts(subject);
    let pinned = observed(subject.model);
    let mut findings = vec![];
    for (id, unknown) in subject.priors().filter(|(_, u)| is_flat(u)) {
        let is_told = told.contains(&id) || shifts.iter().any(|(u, _)| *u == id);
        if is_told || !pinned[id.0 as usize] || !subject.is_advi() {
            continue;
        }
        let name = match tensor(unknown, "w").or(tensor(unknown, "b")) {
            Some(_) => unknown.name.rsplit('.').next().unwrap_or_default().to_owned(),
            None => unknown.name.clone(),
        };
        findings.push(
            Diagnostic::new("P002", format!("`Flat` on `{name}`: fine only if the data pin it down"))
                .at(unknown.prior.span, "an improper prior")
                .note("the ELBO is then defined up to a constant, and compares with no other model's")
                .help(
                    "a wide proper prior says nearly the same: `Normal(0, 100)` in the units of the target",
                ),
        );
    }
    findings
}
