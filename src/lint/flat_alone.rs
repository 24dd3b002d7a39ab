//! P003: a `Flat` unknown that no likelihood depends on has no proper posterior.

use super::{Lint, Subject};
use crate::diagnostic::Diagnostic;
use crate::model::{Distribution, ExprId, ExprKind, Model, Treatment};

/// The entry of the table.
pub const LINT: Lint = Lint { code: "P003", is_about_values: false, check };

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let model = subject.model;
    let observed = observed(model);
    let is_lost = |(i, u): &(usize, &crate::model::Unknown)| {
        u.treatment == Treatment::Random && u.prior.family.name == "Flat" && !observed[*i]
    };
    let lost = model.unknowns.iter().enumerate().filter(is_lost);
    lost.map(|(_, unknown)| {
        let name = &unknown.name;
        Diagnostic::new(
            "P003",
            format!("`Flat` on `{name}`, and no path leads from `{name}` to a likelihood"),
        )
        .at(unknown.span, "nothing pins this down: there is no proper posterior")
        .help(format!("use `{name}` in a likelihood, or give it a proper prior"))
    })
    .collect()
}

/// Which unknowns a likelihood depends on, also through the priors of others.
pub fn observed(model: &Model) -> Vec<bool> {
    let of_dist = Distribution::exprs;
    let mut unknowns = vec![false; model.unknowns.len()];
    let mut seen = vec![false; model.exprs.len()];
    let mut pending: Vec<ExprId> = model.observations.iter().flat_map(|o| of_dist(&o.dist)).collect();
    while let Some(id) = pending.pop() {
        if std::mem::replace(&mut seen[id.0 as usize], true) {
            continue;
        }
        let kind = &model.expr(id).kind;
        pending.extend(kind.operands());
        if let ExprKind::Unknown(u) = kind {
            unknowns[u.0 as usize] = true;
            let unknown = model.unknown(*u);
            pending.extend(of_dist(&unknown.prior));
            pending.extend(&unknown.bounds);
        }
    }
    unknowns
}
