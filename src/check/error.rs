//! Wording that more than one question uses.

use crate::diagnostic::{Diagnostic, suggest};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Name};
use crate::ty::Shape;

/// N001: a name that nothing declares.
pub fn not_defined<'a>(name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    // Sorted, so that of two equally near names the same one is always suggested.
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    let nearest = suggest::nearest(name, known);
    match nearest {
        Some(near) => Diagnostic::new("N001", format!("`{name}` is not defined; did you mean `{near}`?"))
            .at(span, "nothing has this name")
            .help(format!("write `{near}`"))
            .fix(span, near),
        None => Diagnostic::new("N001", format!("`{name}` is not defined"))
            .at(span, "nothing has this name")
            .help(format!("declare it: a column in `data`, `{name} = …`, or `{name} ~ …`")),
    }
}

/// N002: one scope, one meaning.
pub fn defined_twice(name: &Name, first: Span) -> Diagnostic {
    Diagnostic::new("N002", format!("`{}` is defined twice", name.value))
        .at(name.span, "the second one")
        .at(first, "the first one")
        .help("give one of them another name")
}

/// N008: a second `~`.
pub fn second_tilde(name: &Name, first: Span) -> Diagnostic {
    let n = &name.value;
    Diagnostic::new("N008", format!("`{n}` gets a second `~`"))
        .at(name.span, "the second one")
        .at(first, "the first one")
        .help(format!(
            "combine them, observe a different column, or give copies their own arguments: \
             `{n}[2] ~ Normal([0, 0], [1, 2])`"
        ))
}

/// X001: a construct that this version refuses, and what can be written instead.
pub fn not_yet(construct: &str, span: Span, instead: impl Into<String>) -> Diagnostic {
    Diagnostic::new("X001", format!("this version cannot do {construct} yet"))
        .at(span, "part of the language, but not of this version")
        .help(instead)
}

/// T001: two sizes that should agree.
pub fn sizes_differ(
    left: (&str, Span, &Shape),
    right: (&str, Span, &Shape),
    whole: Option<Span>,
) -> Diagnostic {
    let (a, b) = (size(left.2), size(right.2));
    let mut finding =
        Diagnostic::new("T001", format!("sizes differ: `{}` is {a}, `{}` is {b}", left.0, right.0))
            .at(left.1, format!("is {a}"))
            .at(right.1, format!("is {b}"));
    if let Some(whole) = whole {
        finding.labels.insert(0, crate::diagnostic::Label { span: whole, text: "these must agree".into() });
    }
    finding.help("only a single number spreads over a vector: index one, or reduce it with `sum` or `dot`")
}

/// `[3, 4]`, or `a single number`.
pub fn size(shape: &Shape) -> String {
    if shape.is_scalar() { "a single number".into() } else { shape.to_string() }
}

/// `4×4×32`
pub fn by(sizes: &[usize]) -> String {
    sizes.iter().map(|n| n.to_string()).collect::<Vec<_>>().join("×")
}

/// `a`, `a or b`, `a, b or c`
pub fn or_list(words: &[&str]) -> String {
    list(words, "or")
}

/// `a`, `a and b`, `a, b and c`
pub fn and_list(words: &[&str]) -> String {
    list(words, "and")
}

fn list(words: &[&str], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [init @ .., end] => {
            let init: Vec<String> = init.iter().map(|w| format!("`{w}`")).collect();
            format!("{} {last} `{end}`", init.join(", "))
        }
    }
}

/// Longer than this, the rest of an expression is shown as `…`.
const LONGEST: usize = 60;

/// An expression as it would be written, for help that shows corrected source; long ones are cut.
pub fn written(expr: &Expr) -> String {
    // Chains of operators may be as long as the file; printing them goes as deep as they are long.
    let mut first = expr;
    for _ in 0..LONGEST {
        match &first.kind {
            ExprKind::Binary { left, .. } => first = left,
            _ => {
                let text = expr.to_string();
                return match text.char_indices().nth(LONGEST) {
                    Some((end, _)) => format!("{}…", &text[..end]),
                    None => text,
                };
            }
        }
    }
    "…".into()
}

/// `1 argument`, `2 arguments`
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
