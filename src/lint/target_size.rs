//! D007, L003: the size of the target against the noise that the model expects.

use super::Lint;
use super::numbers::{mean_sd, shown};
use super::subject::{Subject, location, scale};
use super::tree;
use crate::diagnostic::Diagnostic;
use crate::model::{ExprId, ExprKind, Observation, Unknown};
use crate::syntax::ast::Item;

/// D007: a noise prior that is far too small.
pub const TARGET: Lint = Lint { code: "D007", is_about_values: true, check: target };
/// L003: a noise that is fixed far from what the target shows.
pub const FIXED: Lint = Lint { code: "L003", is_about_values: true, check: fixed };

/// The target's sd over the noise from which on they do not fit.
const RATIO: f64 = 20.0;
/// Fewer rows than this say little about a spread.
const ROWS: usize = 5;

/// The sd of a target that is one number per row.
pub fn target_sd(subject: &Subject, observation: &Observation) -> Option<f64> {
    if !subject.model.expr(observation.target).ty.shape.is_scalar() || observation.dist.censoring.is_some() {
        return None;
    }
    let values = subject.values(observation.target).filter(|v| v.len() >= ROWS)?;
    Some(mean_sd(&values).1).filter(|sd| *sd > 0.0 && sd.is_finite())
}

/// Whether the mean is a net's output or one number for all rows: then a large target is left to the noise.
fn cannot_reach(subject: &Subject, observation: &Observation) -> bool {
    let Some(mean) = location(&observation.dist) else { return false };
    let is_net = |id: &ExprId| matches!(subject.kind(*id), ExprKind::Dense { .. } | ExprKind::Conv { .. });
    !subject.is_row(mean) && subject.model.expr(mean).ty.shape.is_scalar()
        || subject.made_of([mean]).iter().any(is_net)
}

/// What size a noise prior expects: its mean, for priors whose tails do not reach far beyond.
fn expected(subject: &Subject, prior: &Unknown) -> Option<f64> {
    let dist = &prior.prior;
    let is_light = matches!(dist.family.name, "HalfNormal" | "Exponential" | "Gamma" | "Uniform");
    let args: Vec<f64> = dist.args.iter().map(|id| subject.number(*id)).collect::<Option<_>>()?;
    let args: Vec<&[f64]> = args.iter().map(std::slice::from_ref).collect();
    (is_light && dist.is_bare()).then(|| dist.family.mean.map(|mean| mean(dist.form, &args)))?
}

fn target(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for observation in &subject.model.observations {
        let (Some(sd), Some(noise)) = (target_sd(subject, observation), scale(&observation.dist)) else {
            continue;
        };
        let ExprKind::Unknown(noise) = *subject.kind(noise) else { continue };
        let noise = subject.model.unknown(noise);
        let Some(size) = expected(subject, noise).filter(|size| sd / size > RATIO) else { continue };
        let name = &observation.name;
        let finding = Diagnostic::new(
            "D007",
            format!(
                "the sd of the target `{name}` is {}, but the noise prior expects about {}: standardise it",
                shown(sd),
                shown(size)
            ),
        )
        .at(observation.span, "the likelihood")
        .at(noise.prior.span, format!("`{}` is about {} before the data are seen", noise.name, shown(size)));
        let finding = if cannot_reach(subject, observation) { finding } else { finding.as_note() };
        let left = tree::items(subject.ast).into_iter().find_map(|item| match item {
            Item::Random { name: left, dist, .. } if dist.span == observation.dist.span => Some(left),
            _ => None,
        });
        let fresh = format!("{name}_z");
        let is_taken = subject.model.columns.iter().any(|c| c.name == fresh)
            || tree::items(subject.ast).iter().any(|item| {
                matches!(item, Item::Random { name, .. } | Item::Define { name, .. } | Item::Const { name, .. } if name.value == fresh)
            });
        let help = format!(
            "write `{fresh} = standardize({name})` and `{fresh} ~ …`; results stay in the units of `{name}`"
        );
        found.push(match left {
            Some(left) if !is_taken => {
                finding.help(help).fix(left.span, format!("{fresh} = standardize({name})\n{fresh}"))
            }
            _ => finding.help(help),
        });
    }
    found
}

fn fixed(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for observation in &subject.model.observations {
        let (Some(sd), Some(at)) = (target_sd(subject, observation), scale(&observation.dist)) else {
            continue;
        };
        let Some(noise) = subject.number(at) else { continue };
        let ratio = sd / noise;
        if (1.0 / RATIO..=RATIO).contains(&ratio) {
            continue;
        }
        let name = &observation.name;
        let finding = Diagnostic::new(
            "L003",
            format!("the noise sd is fixed at {}, but the sd of `{name}` is {}", shown(noise), shown(sd)),
        )
        .at(observation.span, "the likelihood")
        .at(subject.model.expr(observation.target).span, format!("`{name}` varies by {}", shown(sd)))
        .help("make it an unknown: `sigma ~ HalfNormal(…)` of the size of the target");
        // A mean that varies by row may explain the target; noise above all of its spread explains nothing.
        let is_sure = ratio < 1.0 || location(&observation.dist).is_some_and(|mean| !subject.is_row(mean));
        found.push(if is_sure { finding } else { finding.as_note() });
    }
    found
}
