//! `w ~ Posterior("runs/old", widen = 2)`: the posterior of the same-named variable of an earlier run, as a prior.
//!
//! The checker knows no files: what the runs hold is handed to it ([`Earlier`]). Each number gets a Normal of its own
//! mean and sd, a positive one a LogNormal; `widen` multiplies the sds (of the logarithm for positive ones).

use super::distributions::Target;
use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::{Diagnostic, suggest};
use crate::dist;
use crate::model::Distribution;
use crate::source::Span;
use crate::syntax::ast::{Dist, Expr, ExprKind, Item};
use std::collections::HashMap;

/// An earlier run by the names of its variables, or why it cannot be read.
pub type Earlier = HashMap<String, Result<HashMap<String, Marginals>, String>>;

/// What a run says of one variable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marginals {
    /// How many numbers, axis by axis; absent where only a list of numbers is known.
    pub shape: Option<Vec<usize>>,
    /// Mean of each number; of its logarithm if `of_log`.
    pub mean: Vec<f64>,
    /// Standard deviation of each.
    pub sd: Vec<f64>,
    /// Whether these are of the logarithms of positive numbers.
    pub of_log: bool,
}

/// The folders that a model's priors name.
pub fn folders(items: &[Item]) -> Vec<String> {
    let mut found = vec![];
    walk(items, &mut found);
    found.sort();
    found.dedup();
    found
}

fn walk(items: &[Item], found: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Random { dist, .. } if dist.name.value == "Posterior" => {
                let first = dist.args.first().map(|a| &a.value.kind);
                if let Some(ExprKind::Text(folder)) = first {
                    found.push(folder.clone());
                }
            }
            Item::Choose { alternatives, .. } => alternatives.iter().for_each(|a| walk(&a.items, found)),
            Item::Net { body, .. } | Item::Each { body, .. } => walk(body, found),
            Item::Layer(layer) => walk(layer.body.as_deref().unwrap_or_default(), found),
            Item::Random { .. }
            | Item::Data(_)
            | Item::Const { .. }
            | Item::Define { .. }
            | Item::Report { .. }
            | Item::Fit { .. } => {}
        }
    }
}

impl<'a> Checker<'a> {
    /// The prior that an earlier run gives.
    pub(super) fn posterior(
        &mut self,
        dist: &'a Dist,
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<Distribution> {
        if let Some(suffix) = dist.suffixes.first() {
            self.found.push(
                Diagnostic::new("T006", "`Posterior` takes no suffix")
                    .at(suffix.span, "a posterior is taken as it is")
                    .help("`widen = 2` doubles its sds"),
            );
            return None;
        }
        let (folder, widen) = self.posterior_args(dist, scope)?;
        let marginals = self.earlier(folder, target, dist.span)?;
        let shape = target.shape;
        let has_shape = marginals.shape.as_ref().is_none_or(|s| *s == shape.0);
        if marginals.mean.len() != shape.len() || !has_shape {
            let there = marginals.shape.map_or_else(
                || error::count(marginals.mean.len(), "number", "numbers"),
                |s| crate::ty::Shape(s).to_string(),
            );
            self.found.push(
                Diagnostic::new(
                    "T001",
                    format!("`{}` has {there} in {folder}, and {} here", target.name, error::size(shape)),
                )
                .at(dist.span, "taken from there")
                .at(target.span, format!("is {}", error::size(shape)))
                .help("give what has another size a prior of its own"),
            );
            return None;
        }
        if marginals.sd.iter().any(|sd| sd.is_nan() || *sd <= 0.0) {
            self.found.push(
                Diagnostic::new(
                    "T011",
                    format!("`{}` is a point in {folder}: it has no spread", target.name),
                )
                .at(dist.span, "a prior of sd 0 could not be moved")
                .help(format!("write `Normal(0, 1)`, or fit {folder} by a method that gives sds")),
            );
            return None;
        }
        let sd: Vec<f64> = marginals.sd.iter().map(|sd| sd * widen).collect();
        let family = dist::find(if marginals.of_log { "LogNormal" } else { "Normal" })?;
        let args = [("mean", marginals.mean), ("sd", sd)].map(|(what, values)| {
            let name = format!("{folder}: {what} of {}", target.name);
            self.arena.fixed(name, values, shape.clone(), dist.span)
        });
        Some(Distribution::new(family, 0, args.to_vec(), dist.span))
    }

    fn posterior_args(&mut self, dist: &'a Dist, scope: &Scope<'a>) -> Option<(&'a str, f64)> {
        let usage = "write `Posterior(\"runs/old\")` or `Posterior(\"runs/old\", widen = 2)`";
        let mut widen = 1.0;
        let mut folder = None;
        for (i, arg) in dist.args.iter().enumerate() {
            match (&arg.name, &arg.value.kind) {
                (None, ExprKind::Text(path)) if i == 0 => folder = Some(path.as_str()),
                (Some(name), _) if name.value == "widen" && i == 1 => {
                    widen = self.widen(&arg.value, scope)?
                }
                _ => {
                    self.found.push(
                        Diagnostic::new("T006", "`Posterior` takes the folder of a run, and `widen =`")
                            .at(arg.value.span, "not wanted here")
                            .help(usage),
                    );
                    return None;
                }
            }
        }
        if folder.is_none() {
            self.found.push(
                Diagnostic::new("T006", "`Posterior` needs the folder of a run")
                    .at(dist.span, "no folder")
                    .help(usage),
            );
        }
        Some((folder?, widen))
    }

    fn widen(&mut self, value: &'a Expr, scope: &Scope<'a>) -> Option<f64> {
        let id = self.expr(value, scope)?;
        let number = self.arena.constant(id).filter(|v| *v > 0.0 && v.is_finite());
        if number.is_none() {
            let found = self.described(id);
            self.found.push(
                Diagnostic::new("T011", "`widen` is a positive constant")
                    .at(value.span, format!("this is {found}")),
            );
        }
        number
    }

    /// The variable of the same name in an earlier run.
    fn earlier(&mut self, folder: &str, target: &Target, span: Span) -> Option<Marginals> {
        let variables = match self.posteriors.get(folder) {
            Some(Ok(variables)) => variables,
            Some(Err(why)) => {
                let why = why.clone();
                self.found.push(
                    Diagnostic::new("R001", format!("no prior can be taken from {folder}: {why}"))
                        .at(span, "named here")
                        .note("run folders are found from where the command runs"),
                );
                return None;
            }
            None => {
                self.found.push(
                    Diagnostic::new("R001", format!("no prior can be taken from {folder}: it was not read"))
                        .at(span, "named here"),
                );
                return None;
            }
        };
        if let Some(marginals) = variables.get(target.name) {
            return Some(marginals.clone());
        }
        let mut known: Vec<&str> = variables.keys().map(String::as_str).collect();
        known.sort_unstable();
        let finding = Diagnostic::new("N001", format!("{folder} has no variable `{}`", target.name));
        let finding = match suggest::nearest(target.name, known.iter().copied()) {
            Some(near) => finding.at(span, format!("it has `{near}`")),
            None => finding.at(span, "taken from there"),
        };
        let shown: Vec<&str> = known.iter().take(12).copied().collect();
        let more = if known.len() > shown.len() { ", …" } else { "" };
        self.found.push(finding.note(format!("its variables are {}{more}", shown.join(", "))));
        None
    }
}
