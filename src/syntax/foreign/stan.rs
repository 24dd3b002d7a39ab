//! Stan: declarations by type, blocks, truncation.

use super::{foreign, outside_brackets};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::syntax::tokens::{Kind, Token};

/// Types of Stan with the prior that gives an unknown the same support.
const TYPES: [(&str, &str); 18] = [
    ("real", "Normal(0, 1)"),
    ("int", ""),
    ("vector", "Normal(0, 1)"),
    ("row_vector", "Normal(0, 1)"),
    ("matrix", "Normal(0, 1)"),
    ("array", "Normal(0, 1)"),
    ("simplex", "Dirichlet(1)"),
    ("ordered", "Normal(0, 1) ordered"),
    ("positive_ordered", "HalfNormal(1) ordered"),
    ("unit_vector", "Normal(0, 1)"),
    ("cov_matrix", "LKJCholesky(eta = 2)"),
    ("corr_matrix", "LKJCholesky(eta = 2)"),
    ("cholesky_factor_corr", "LKJCholesky(eta = 2)"),
    ("cholesky_factor_cov", "LKJCholesky(eta = 2)"),
    ("float", "Normal(0, 1)"),
    ("double", "Normal(0, 1)"),
    ("let", ""),
    ("var", ""),
];

/// A block of Stan.
pub fn blocks(span: Span) -> Diagnostic {
    foreign(span, "only data, nets, choices and the fit have blocks; everything else stands at the top")
        .note("declarations stand in any order; an unknown is what has a prior: `mu ~ Normal(0, 1)`")
        .help("take the lines out of the block and leave out the types")
}

/// `real<lower=0> sigma;`, `vector[K] beta;`, `int N`, `real mu = a + b;`
pub fn typed_declaration(pieces: &[Token], words: &[&str], source: &SourceFile) -> Option<Diagnostic> {
    let (kind, prior) = words.first().and_then(|w| TYPES.iter().find(|(kind, _)| kind == w))?;
    let is_constrained = words.get(1) == Some(&"<");
    let bounds_end = if is_constrained { words.iter().position(|w| *w == ">")? } else { 0 };
    let is_name = |i: &usize| *i > bounds_end && pieces[*i].kind == Kind::Word && !is_type(words[*i]);
    let name = outside_brackets(pieces, words).find(is_name);
    if !is_constrained && name.is_none() {
        return None;
    }
    let bound = |which: &str| {
        let at = words[..bounds_end].windows(2).position(|w| w == [which, "="])?;
        let end = words[at + 2..bounds_end].iter().position(|w| *w == ",").map_or(bounds_end, |n| at + 2 + n);
        let last = end.checked_sub(1).filter(|last| *last >= at + 2)?;
        Some(source.slice(pieces[at + 2].span.to(pieces[last].span)))
    };
    let word = name.map_or("sigma", |i| words[i]);
    let prior = match (bound("lower"), bound("upper")) {
        (Some("0"), None) => "HalfNormal(1)".to_owned(),
        (Some("0"), Some("1")) => "Beta(1, 1)".to_owned(),
        (Some(low), Some(high)) => format!("Uniform({low}, {high})"),
        (Some(low), None) => format!("Normal(0, 1) on ({low}, inf)"),
        (None, Some(high)) => format!("Normal(0, 1) on (-inf, {high})"),
        (None, None) => (*prior).to_owned(),
    };
    let shown = if is_constrained { pieces[0].span.to(pieces[bounds_end].span) } else { pieces[0].span };
    let whose =
        if matches!(*kind, "float" | "double" | "let" | "var") { "another language's" } else { "Stan's" };
    let finding =
        foreign(shown, &format!("`{kind}` declarations are {whose}; here nothing is declared by its type"));
    // `real mu = a + b` is a definition.
    if let Some(at) = name.filter(|i| words.get(i + 1) == Some(&"=")) {
        let whole = pieces[at].span.to(pieces.last().map_or(pieces[at].span, |t| t.span));
        return Some(finding.help(format!("write `{}`", source.slice(whole).trim_end_matches(';'))));
    }
    let help = match *kind {
        "int" => {
            format!("write `{word} : count` in the data block for a column, `const {word} = …` for a number")
        }
        "let" | "var" => format!("write `{word} = …` for a definition, `{word} ~ …` for an unknown"),
        _ => format!(
            "write its prior: `{word}{} ~ {prior}`, or name it in the data block if it is a column",
            size_after(pieces, words, bounds_end, source)
        ),
    };
    Some(
        finding
            .note("a column has its type in the data block; the support of an unknown is that of its prior")
            .help(help),
    )
}

fn is_type(word: &str) -> bool {
    TYPES.iter().any(|(kind, _)| *kind == word)
}

/// `[K]` of `vector[K] beta` and of `array[K] real beta`, as written, or nothing.
fn size_after<'s>(pieces: &[Token], words: &[&str], at: usize, source: &'s SourceFile) -> &'s str {
    match words[at + 1..].iter().position(|w| *w == "]") {
        Some(end) if words.get(at + 1) == Some(&"[") => {
            source.slice(pieces[at + 1].span.to(pieces[at + 1 + end].span))
        }
        _ => "",
    }
}

/// `y ~ Normal(0, 1) T(0, )`, `I(0, )`, `T[0, ]`
pub fn truncation(pieces: &[Token], words: &[&str]) -> Option<Diagnostic> {
    let tilde = words.iter().position(|w| *w == "~")?;
    let at = outside_brackets(pieces, words)
        .filter(|i| *i > tilde + 1)
        .find(|i| matches!(words[*i], "T" | "I" | "C") && matches!(words.get(i + 1), Some(&"(" | &"[")))?;
    let inside: Vec<&str> =
        words[at + 2..].iter().copied().take_while(|w| !matches!(*w, ")" | "]")).collect();
    let comma = inside.iter().position(|w| *w == ",");
    let (low, high) = inside.split_at(comma.unwrap_or(inside.len()));
    let low = if low.is_empty() { "-inf".to_owned() } else { low.concat() };
    let high = match high.get(1..) {
        Some(rest) if !rest.is_empty() => rest.concat(),
        _ => "inf".to_owned(),
    };
    Some(
        foreign(pieces[at].span, &format!("`{}` is the truncation of BUGS and Stan", words[at]))
            .help(format!("write `on ({low}, {high})` after the distribution")),
    )
}
