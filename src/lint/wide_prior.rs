//! P015: a prior of sd 1000 where everything else has size 1.

use super::Lint;
use super::numbers::shown;
use super::subject::{Subject, argument, location, scale};
use super::terms::terms;
use crate::diagnostic::Diagnostic;
use crate::kernels::scalar::Binary;
use crate::model::{ExprId, ExprKind};

/// The entry of the table.
pub const LINT: Lint = Lint { code: "P015", is_about_values: true, check };

/// The prior sd from which on it is told.
const WIDE: f64 = 500.0;

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = vec![];
    for observation in &subject.model.observations {
        let is_standardised = observation.units.is_some_and(|u| u.scale.is_some());
        let terms = location(&observation.dist).filter(|_| is_standardised).and_then(|m| terms(subject, m));
        let Some(terms) = terms else { continue };
        if !terms.iter().filter_map(|t| t.data).all(|(id, at)| standardised(subject, id, at)) {
            continue;
        }
        for term in terms {
            let Some((_, unknown)) = subject.unknown(term.coefficient) else { continue };
            let sd = scale(&unknown.prior).and_then(|id| subject.number(id));
            let is_normal = unknown.prior.family.name == "Normal" && argument(&unknown.prior, "sd").is_some();
            let Some(sd) = sd.filter(|sd| is_normal && *sd >= WIDE) else { continue };
            let name = &unknown.name;
            let finding = Diagnostic::new(
                "P015",
                format!("`{name}` has prior sd {} where target and inputs are standardised", shown(sd)),
            )
            .at(unknown.prior.span, "says that slopes of hundreds of sds are likely")
            .at(observation.span, "both sides are of size 1 here")
            .help(format!("write `{name} ~ Normal(0, 1)`, or 2 or 5 to be generous"));
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    found
}

/// `(x − mean) / sd`, or that part of a vector.
fn standardised(subject: &Subject, id: ExprId, at: usize) -> bool {
    match subject.kind(id) {
        ExprKind::Binary(Binary::Div, _, sd) => matches!(subject.kind(*sd), ExprKind::Statistic(_)),
        ExprKind::Join(parts) if parts.len() == subject.model.expr(id).ty.shape.len() => {
            standardised(subject, parts[at], 0)
        }
        _ => false,
    }
}
