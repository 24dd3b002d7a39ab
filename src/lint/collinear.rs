//! D011: two columns that are nearly the same, under a guide without correlations.

use super::Lint;
use super::numbers::{column, correlation};
use super::subject::{Subject, argument, location};
use super::terms::terms;
use crate::diagnostic::Diagnostic;
use crate::kernels::scalar::Unary;
use crate::model::{ExprId, ExprKind};

/// The entry of the table.
pub const LINT: Lint = Lint { code: "D011", is_about_values: false, check };

/// The correlation from which on sds of a mean-field guide are too small by √(1 − r²) < 0.15.
const NEAR: f64 = 0.99;
/// More terms than this are not compared in pairs.
const MOST_TERMS: usize = 50;

fn check(subject: &Subject) -> Vec<Diagnostic> {
    if !subject.is_advi() || subject.word("guide") != Some("meanfield") {
        return vec![];
    }
    let mut found = vec![];
    for observation in &subject.model.observations {
        let named = ["logit", "log_rate", "log_mean", "score"].into_iter();
        let predictors =
            named.filter_map(|n| argument(&observation.dist, n)).chain(location(&observation.dist));
        for predictor in predictors {
            let data: Vec<(ExprId, usize)> = terms(subject, predictor)
                .unwrap_or_default()
                .iter()
                .filter_map(|t| t.data)
                .take(MOST_TERMS)
                .collect();
            let values: Vec<Option<Vec<f64>>> = data
                .iter()
                .map(|(id, at)| {
                    Some(column(&subject.values(*id)?, subject.model.expr(*id).ty.shape.len(), *at))
                })
                .collect();
            let mut worst: Option<(f64, usize, usize)> = None;
            for i in 0..data.len() {
                for j in i + 1..data.len() {
                    let (Some(a), Some(b)) = (&values[i], &values[j]) else { continue };
                    let r = correlation(a, b);
                    if a.len() > 2 && r.abs() > worst.map_or(NEAR, |w| w.0.abs()) {
                        worst = Some((r, i, j));
                    }
                }
            }
            let Some((r, i, j)) = worst else { continue };
            let finding = Diagnostic::new(
                "D011",
                format!(
                    "{} and {} correlate {r:.3}, and the guide has no correlations",
                    name(subject, data[i]),
                    name(subject, data[j])
                ),
            )
            .at(observation.span, "the sds of their coefficients will be far too small");
            let span = subject.model.settings.iter().find(|s| s.name == "guide").and_then(|s| s.span);
            let finding = span.into_iter().fold(finding, |f, span| f.at(span, "asked for here"));
            found.push(finding.help("write `guide = fullrank`, or centre them: `center(x)`, `center(x)^2`"));
        }
    }
    found
}

fn name(subject: &Subject, (id, at): (ExprId, usize)) -> String {
    let expr = subject.model.expr(id);
    match (&expr.kind, &expr.name) {
        (ExprKind::Column(c), _) => format!("`{}`", subject.model.column(*c).name),
        (ExprKind::Join(parts), _) if parts.len() == expr.ty.shape.len() => name(subject, (parts[at], 0)),
        (ExprKind::Unary(Unary::Square, x), _) => name(subject, (*x, 0)).replacen('`', "the square of `", 1),
        (ExprKind::Unary(f, x), _) => format!("{} of {}", f.name(), name(subject, (*x, 0))),
        (_, Some(name)) => format!("`{name}`"),
        (_, None) => "another term".into(),
    }
}
