//! Spellings of BUGS, Stan, R and PyMC, answered with the .bnn one (Z003).
//!
//! [`statement`] looks only at what the grammar refused, so nothing valid can be taken for foreign.
//! [`distribution`] and [`formula`] look at right sides of `~`, where only the built-in distributions may stand.

use super::ast::{BinaryOp, Dist, Expr, ExprKind};
use super::tokens::{Kind, Token};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// Recognises a refused statement.
pub fn statement(pieces: &[Token], source: &SourceFile) -> Option<Diagnostic> {
    let words: Vec<&str> = pieces.iter().map(|t| source.slice(t.span)).collect();
    let first = pieces.first()?.span;
    let touches = |i: usize| pieces.get(i + 1).is_some_and(|t| t.span.start == pieces[i].span.end);
    let through = |i: usize| first.to(pieces[i.min(pieces.len() - 1)].span);
    match words.as_slice() {
        ["target", "+", "=", ..] => {
            Some(foreign(through(2), "`target +=` is Stan's; a density is not added by hand here").help(
                "write the statement itself: `y ~ Normal(mu, sigma)`; constants and Jacobians are complete",
            ))
        }
        ["for" | "while", ..] => Some(
            foreign(first, "there are no loops")
                .note("a column stands for its value in every row, so a statement holds for all rows")
                .help("write the statement once without an index: `y ~ Normal(a + b * x, sigma)`"),
        ),
        ["if" | "else", ..] if pieces.len() > 1 => Some(
            foreign(first, "there are no branches")
                .help("a comparison of data is 0 or 1: `z = (age > 2) * a + (age <= 2) * b`"),
        ),
        ["data", "{", ..] => Some(
            foreign(through(1), "a data block begins with where the rows come from")
                .help("write `data \"file.csv\" { x, y : real }`"),
        ),
        ["parameters" | "model" | "functions", "{", ..] => Some(blocks(through(0))),
        ["transformed", "data" | "parameters", "{", ..] | ["generated", "quantities", "{", ..] => {
            Some(blocks(through(1)))
        }
        ["library" | "require", "(", ..] | ["import", ..] | ["def" | "with" | "class", ..]
            if pieces.get(1).is_some_and(|t| t.kind != Kind::Operator) =>
        {
            Some(
                foreign(first, "a model file holds declarations only")
                    .help("delete this line; `name = …` defines, `name ~ …` draws, `f(a) = …` is a function"),
            )
        }
        _ => arrow(pieces, &words, &touches)
            .or_else(|| module_call(pieces, &words))
            .or_else(|| typed_declaration(pieces, &words, source))
            .or_else(|| truncation(pieces, &words)),
    }
}

fn foreign(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new("Z003", message).at(span, "")
}

fn blocks(span: Span) -> Diagnostic {
    foreign(span, "only data, nets, choices and the fit have blocks; everything else stands at the top")
        .note("declarations stand in any order; an unknown is what has a prior: `mu ~ Normal(0, 1)`")
        .help("take the lines out of the block and leave out the types")
}

/// `x <- 3`
fn arrow(pieces: &[Token], words: &[&str], touches: &dyn Fn(usize) -> bool) -> Option<Diagnostic> {
    let at = outside_brackets(pieces, words).find(|i| matches!(words[*i], "<" | "=" | "~" | "<="))?;
    if words[at] != "<" || words.get(at + 1) != Some(&"-") || !touches(at) {
        return None;
    }
    let span = pieces[at].span.to(pieces[at + 1].span);
    Some(
        Diagnostic::new("Z003", "`<-` is the assignment of BUGS and R")
            .at(span, "")
            .help("write `=` to define a value, `~` to draw one")
            .fix(span, "="),
    )
}

/// `mu = pm.Normal("mu", 0, 1)`
fn module_call(pieces: &[Token], words: &[&str]) -> Option<Diagnostic> {
    let is_module = |w: &str| matches!(w, "pm" | "numpyro" | "pyro" | "dist" | "tfd" | "np" | "torch" | "tf");
    let at = words.windows(4).position(|w| is_module(w[0]) && w[1] == "." && w[3] == "(")?;
    let name = words[at + 2];
    let span = pieces[at].span.to(pieces[at + 2].span);
    let finding = Diagnostic::new("Z003", format!("`{}.{name}` is Python's", words[at])).at(span, "");
    if name.starts_with(|c: char| c.is_ascii_uppercase()) {
        Some(finding.help(format!("write `{} ~ {name}(…)`, without the name in quotes", words[0])))
    } else {
        Some(finding.help(format!("built-in functions stand alone: `{name}(…)`")))
    }
}

/// `real<lower=0> sigma;`, `vector[K] beta;`, `int N`
fn typed_declaration(pieces: &[Token], words: &[&str], source: &SourceFile) -> Option<Diagnostic> {
    const TYPES: [&str; 13] = [
        "real",
        "int",
        "vector",
        "row_vector",
        "matrix",
        "array",
        "simplex",
        "ordered",
        "positive_ordered",
        "unit_vector",
        "cov_matrix",
        "corr_matrix",
        "cholesky_factor_corr",
    ];
    let kind = words.first().filter(|w| TYPES.contains(w))?;
    let is_constrained = words.get(1) == Some(&"<");
    let bounds_end = if is_constrained { words.iter().position(|w| *w == ">")? } else { 0 };
    let name =
        outside_brackets(pieces, words).filter(|i| *i > bounds_end).find(|i| pieces[*i].kind == Kind::Word);
    if !is_constrained && name.is_none() {
        return None;
    }
    let bound = |which: &str| {
        let at = words[..bounds_end].windows(2).position(|w| w == [which, "="])?;
        let end = words[at + 2..bounds_end].iter().position(|w| *w == ",").map_or(bounds_end, |n| at + 2 + n);
        Some(source.slice(pieces[at + 2].span.to(pieces[end - 1].span)))
    };
    let name = name.map_or("sigma", |i| words[i]);
    let prior = match (bound("lower"), bound("upper")) {
        (Some("0"), None) => "HalfNormal(1)".to_owned(),
        (Some("0"), Some("1")) => "Beta(1, 1)".to_owned(),
        (Some(low), Some(high)) => format!("Uniform({low}, {high})"),
        (Some(low), None) => format!("Normal(0, 1) on ({low}, inf)"),
        (None, Some(high)) => format!("Normal(0, 1) on (-inf, {high})"),
        (None, None) => "Normal(0, 1)".to_owned(),
    };
    let help = match *kind {
        "int" => {
            format!("write `{name} : count` in the data block for a column, `const {name} = …` for a number")
        }
        _ => format!(
            "write its prior: `{name}{} ~ {prior}`, or name it in the data block if it is a column",
            size_after(pieces, words, bounds_end, source)
        ),
    };
    let shown = if is_constrained { pieces[0].span.to(pieces[bounds_end].span) } else { pieces[0].span };
    Some(
        Diagnostic::new(
            "Z003",
            format!("`{kind}` declarations are Stan's; here nothing is declared by its type"),
        )
        .at(shown, "")
        .note("a column has its type in the data block; the support of an unknown is that of its prior")
        .help(help),
    )
}

/// `[K]` of `vector[K] beta`, as written, or nothing.
fn size_after<'s>(pieces: &[Token], words: &[&str], at: usize, source: &'s SourceFile) -> &'s str {
    match words[at + 1..].iter().position(|w| *w == "]") {
        Some(end) if words.get(at + 1) == Some(&"[") => {
            source.slice(pieces[at + 1].span.to(pieces[at + 1 + end].span))
        }
        _ => "",
    }
}

/// `y ~ Normal(0, 1) T(0, )`, `I(0, )`, `T[0, ]`
fn truncation(pieces: &[Token], words: &[&str]) -> Option<Diagnostic> {
    let tilde = words.iter().position(|w| *w == "~")?;
    let at = outside_brackets(pieces, words)
        .filter(|i| *i > tilde + 1)
        .find(|i| matches!(words[*i], "T" | "I" | "C") && matches!(words.get(i + 1), Some(&"(" | &"[")))?;
    Some(
        Diagnostic::new("Z003", format!("`{}` is the truncation of BUGS and Stan", words[at]))
            .at(pieces[at].span, "")
            .help("write `on (0, inf)` after the distribution, or `on (a, b)` with both bounds"),
    )
}

/// Indices of the tokens that stand in no bracket.
fn outside_brackets<'a>(pieces: &'a [Token], words: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
    let mut depth = 0usize;
    (0..words.len()).filter(move |i| {
        match pieces[*i].kind {
            Kind::Open => depth += 1,
            Kind::Close => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    })
}

/// BUGS distributions, with the arguments of the .bnn one; `{0}` is the first argument as written.
const BUGS: [(&str, usize, &str); 22] = [
    ("dnorm", 2, "Normal({0}, 1 / sqrt({1}))"),
    ("dlnorm", 2, "LogNormal({0}, 1 / sqrt({1}))"),
    ("dt", 3, "StudentT({2}, {0}, 1 / sqrt({1}))"),
    ("dunif", 2, "Uniform({0}, {1})"),
    ("dgamma", 2, "Gamma({0}, rate = {1})"),
    ("dinvgamma", 2, "InvGamma({0}, {1})"),
    ("dexp", 1, "Exponential(rate = {0})"),
    ("dbeta", 2, "Beta({0}, {1})"),
    ("ddexp", 2, "Laplace({0}, 1 / {1})"),
    ("dlogis", 2, "Logistic({0}, 1 / {1})"),
    ("dcauchy", 2, "Cauchy({0}, {1})"),
    ("dhalfcauchy", 1, "HalfCauchy({0})"),
    ("dweib", 2, "Weibull(shape = {0}, scale = {1}^(-1 / {0}))"),
    ("dpar", 2, "Pareto(shape = {0}, scale = {1})"),
    ("dchisqr", 1, "ChiSquared({0})"),
    ("dbern", 1, "Bernoulli(p = {0})"),
    ("dbin", 2, "Binomial(n = {1}, p = {0})"),
    ("dpois", 1, "Poisson({0})"),
    ("dnegbin", 2, "NegBinomial(mean = {1} * (1 - {0}) / {0}, shape = {1})"),
    ("dcat", 1, "Categorical(probs = {0})"),
    ("ddirch", 1, "Dirichlet({0})"),
    ("dflat", 0, "Flat"),
];

/// `y ~ dnorm(mu, tau)`
pub fn distribution(dist: &Dist, source: &SourceFile) -> Option<Diagnostic> {
    let (name, count, template) = BUGS.iter().find(|(name, ..)| *name == dist.name.value)?;
    let end = dist.suffixes.first().map_or(dist.span.end, |s| s.span.start);
    let words = source.slice(Span { start: dist.span.start, end }).trim_end();
    let call = Span { start: dist.span.start, end: dist.span.start + words.len() as u32 };
    let cure = (0..*count).fold((*template).to_owned(), |text, i| match dist.args.get(i) {
        Some(arg) => text.replace(&format!("{{{i}}}"), source.slice(arg.value.span)),
        None => text.replace(&format!("{{{i}}}"), "…"),
    });
    let mut finding =
        Diagnostic::new("Z003", format!("`{name}` is the spelling of BUGS")).at(dist.name.span, "");
    if template.contains("sqrt") {
        finding = finding
            .note(format!("the last argument of `{name}` is a precision, here it is a standard deviation"));
    }
    let finding = finding.help(format!("write `{cure}`"));
    let is_simple = |e: &Expr| !matches!(e.kind, ExprKind::Binary { .. } | ExprKind::Negate(_));
    let can_fix = dist.args.len() == *count && dist.args.iter().all(|a| is_simple(&a.value));
    Some(if can_fix { finding.fix(call, cure) } else { finding })
}

/// `y ~ x1 + x2`: the left side, and the terms from left to right.
pub fn formula(left: &str, span: Span, terms: &[&Expr], source: &SourceFile) -> Diagnostic {
    let named: Vec<&str> =
        terms.iter().filter(|t| matches!(t.kind, ExprKind::Name(_))).map(|t| source.slice(t.span)).collect();
    let mean: Vec<String> = named.iter().enumerate().map(|(i, x)| format!("b[{}] * {x}", i + 1)).collect();
    let help = match mean.as_slice() {
        [] => format!("write a distribution with its arguments: `{left} ~ Normal(mean, sd)`"),
        _ => format!(
            "write `{left} ~ Normal(a + {}, sigma)`, with `a ~ Normal(0, 10)`, `b[{}] ~ Normal(0, 1)` and `sigma ~ HalfNormal(1)`",
            mean.join(" + "),
            mean.len()
        ),
    };
    Diagnostic::new("Z003", "this is a formula of R; the right of `~` is a distribution")
        .at(span, "which distribution has this mean?")
        .help(help)
}

/// Operators that a formula of R joins its terms with.
pub fn joins_terms(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul)
}
