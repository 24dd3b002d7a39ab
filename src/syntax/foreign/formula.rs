//! Formulas of R: `y ~ x1 + x2`, `y ~ x + (1 | group)`, `brm(y ~ x)`.

use super::foreign;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::syntax::tokens::{Kind, Token};

/// Functions of R that take a formula.
const FITTERS: [&str; 12] =
    ["lm", "glm", "lmer", "glmer", "brm", "bf", "stan_glm", "stan_lm", "stan_glmer", "aov", "gam", "ulam"];

/// `y ~ x1 + x2`: the left side, and the terms from left to right.
pub fn formula(left: &str, span: Span, terms: &[&Expr], source: &SourceFile) -> Diagnostic {
    let named: Vec<&str> =
        terms.iter().filter(|t| matches!(t.kind, ExprKind::Name(_))).map(|t| source.slice(t.span)).collect();
    told(left, &named, span)
}

/// Z003 with the likelihood that a formula stands for.
pub fn told(left: &str, named: &[&str], span: Span) -> Diagnostic {
    let finding = foreign(span, "this is a formula of R; the right of `~` is a distribution")
        .at(span, "which distribution has this mean?");
    let finding = Diagnostic { labels: finding.labels[1..].to_vec(), ..finding };
    // Names of our own must not be those of the terms.
    let free = |wanted: &[&'static str]| {
        *wanted.iter().find(|n| !named.contains(*n) && left != **n).unwrap_or(&wanted[0])
    };
    let (a, b, s) = (
        free(&["a", "alpha", "intercept"]),
        free(&["b", "beta", "slope"]),
        free(&["sigma", "noise", "spread"]),
    );
    match named {
        [] => finding.help(format!("write a distribution with its arguments: `{left} ~ Normal(mean, sd)`")),
        [one] => finding.help(format!(
            "write `{left} ~ Normal({a} + {b} * {one}, {s})`, with `{a} ~ Normal(0, 10)`, `{b} ~ Normal(0, 1)` and `{s} ~ HalfNormal(1)`"
        )),
        _ => {
            let mean: Vec<String> =
                named.iter().enumerate().map(|(i, x)| format!("{b}[{}] * {x}", i + 1)).collect();
            finding.help(format!(
                "write `{left} ~ Normal({a} + {}, {s})`, with `{a} ~ Normal(0, 10)`, `{b}[{}] ~ Normal(0, 1)` and `{s} ~ HalfNormal(1)`",
                mean.join(" + "),
                mean.len()
            ))
        }
    }
}

/// Operators that a formula of R joins its terms with.
pub fn joins_terms(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul)
}

/// `y ~ x + (1 | group)` and `brm(y ~ x, data = d)`, which the grammar refuses.
pub fn statement(pieces: &[Token], words: &[&str]) -> Option<Diagnostic> {
    let tilde = words.iter().position(|w| *w == "~")?;
    let is_fitter = words.len() > 2 && FITTERS.contains(&words[0]) && words[1] == "(" && tilde > 1;
    let left = words[tilde.checked_sub(1)?];
    let end = match is_fitter {
        true => (tilde..words.len()).find(|i| matches!(words[*i], "," | ")")).unwrap_or(words.len()),
        false => words.len(),
    };
    let terms = tilde + 1..end;
    let bar = terms.clone().find(|i| words[*i] == "|");
    if terms.is_empty() || !(is_fitter || bar.is_some() && !calls(&words[terms.clone()])) {
        return None;
    }
    let span = pieces[terms.start].span.to(pieces[terms.end - 1].span);
    let Some(bar) = bar else {
        let named: Vec<&str> = terms.filter(|i| pieces[*i].kind == Kind::Word).map(|i| words[i]).collect();
        return Some(told(left, &named, span));
    };
    let group = words.get(bar + 1).filter(|_| pieces.get(bar + 1).is_some_and(|t| t.kind == Kind::Word));
    let group = group.copied().unwrap_or("group");
    Some(
        foreign(span, "this is a formula of R; the right of `~` is a distribution")
            .note(format!("`(1 | {group})` is one intercept for each level of `{group}`, with a spread of its own"))
            .help(format!(
                "write `u[{group}] ~ Normal(0, tau)` with `tau ~ HalfNormal(1)`, and `u[{group}]` as a term of the mean: \
                 `{left} ~ Normal(a + b * x + u[{group}], sigma)`"
            )),
    )
}

/// Whether a name is called: `Normal(0, 1)`.
fn calls(words: &[&str]) -> bool {
    words.windows(2).any(|w| w[1] == "(" && w[0].starts_with(|c: char| c.is_ascii_alphabetic()))
}
