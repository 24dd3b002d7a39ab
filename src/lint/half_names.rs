//! Z002: half of a distribution that has a name of its own.

use super::Lint;
use super::subject::Subject;
use super::tree;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{Arg, Dist, Expr, ExprKind, Suffix};

/// The entry of the table.
pub const LINT: Lint = Lint { code: "Z002", is_about_values: false, check };

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for (_, dist) in tree::randoms(subject.ast) {
        let Some(usual) = usual(dist) else { continue };
        let suffixes = dist.suffixes.iter().filter(|s| !matches!(s.value, Suffix::On(..)));
        // The other suffixes keep their places after the name.
        if suffixes.count() > 0 {
            continue;
        }
        let written = dist.to_string();
        let span =
            Span { start: dist.span.start, end: dist.suffixes.last().map_or(dist.span.end, |s| s.span.end) };
        found.push(
            Diagnostic::new("Z002", format!("`{usual}` is the usual spelling of `{written}`"))
                .at(span, "half of a distribution around zero")
                .help(format!("write `{usual}`"))
                .fix(span, usual),
        );
    }
    found
}

/// `HalfCauchy(5)` of `Cauchy(0, 5) on (0, inf)`
fn usual(dist: &Dist) -> Option<String> {
    let is_half = dist.suffixes.iter().any(|s| match &s.value {
        Suffix::On(low, high) => is_number(low, 0.0) && matches!(&high.kind, ExprKind::Name(n) if n == "inf"),
        Suffix::Ordered | Suffix::WeightedBy(_) | Suffix::CensoredBy(_) | Suffix::CensoredBetween(..) => {
            false
        }
    });
    let values: Vec<&Arg> = dist.args.iter().collect();
    let of = |at: usize, names: &[&str]| {
        let named =
            values.iter().find(|a| a.name.as_ref().is_some_and(|n| names.contains(&n.value.as_str())));
        named.or_else(|| values.get(at).filter(|a| a.name.is_none())).map(|a| &a.value)
    };
    if !is_half {
        return None;
    }
    match dist.name.value.as_str() {
        "Normal" if is_number(of(0, &["mean"])?, 0.0) => Some(format!("HalfNormal({})", of(1, &["sd"])?)),
        "Cauchy" if is_number(of(0, &["loc"])?, 0.0) => Some(format!("HalfCauchy({})", of(1, &["scale"])?)),
        "StudentT" if is_number(of(1, &["loc"])?, 0.0) => {
            Some(format!("HalfStudentT({}, {})", of(0, &["df"])?, of(2, &["scale"])?))
        }
        _ => None,
    }
}

fn is_number(expr: &Expr, number: f64) -> bool {
    matches!(expr.kind, ExprKind::Number(n) if n == number)
}
