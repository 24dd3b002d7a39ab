//! Spellings of BUGS, Stan, R, PyMC and NumPyro, answered with the .bnn one (Z003).
//!
//! [`statement`] looks only at what the grammar refused, so nothing valid can be taken for foreign.
//! [`names::distribution`] and [`formula::formula`] look at right sides of `~`, where only the built-in distributions
//! may stand. The tables of names are in [`names`].

pub mod formula;
pub mod names;
mod python;
mod stan;

use super::tokens::{Kind, Token};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use std::ops::Range;

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
                .help(match without_index(pieces, &words, source) {
                    Some(once) => format!("write the statement once without an index: `{once}`"),
                    None => {
                        "write the statement once without an index: `y ~ Normal(a + b * x, sigma)`".to_owned()
                    }
                }),
        ),
        ["/", "*", ..] => {
            Some(foreign(through(1), "a comment starts with `#` and ends with its line").help("write `# …`"))
        }
        ["-", "-", ..] if words.len() > 2 => {
            Some(foreign(through(1), "a comment starts with `#`").help("write `# …`"))
        }
        ["%", ..] => Some(foreign(first, "a comment starts with `#`").help("write `# …`")),
        ["if" | "else", ..] if pieces.len() > 1 => Some(
            foreign(first, "there are no branches")
                .help("a comparison of data is 0 or 1: `z = (age > 2) * a + (age <= 2) * b`"),
        ),
        ["data", "{", ..] => Some(
            foreign(through(1), "a data block begins with where the rows come from")
                .help("write `data \"file.csv\" { x, y : real }`"),
        ),
        ["parameters" | "model" | "functions", "{", ..] => Some(stan::blocks(through(0))),
        ["transformed", "data" | "parameters", "{", ..] | ["generated", "quantities", "{", ..] => {
            Some(stan::blocks(through(1)))
        }
        ["library" | "require" | "print" | "plot" | "summary" | "set", "(", ..]
        | [
            "import" | "from" | "using" | "def" | "with" | "class" | "return" | "function" | "end" | "@",
            ..,
        ] if pieces.get(1).is_some_and(|t| t.kind != Kind::Operator) => Some(
            foreign(first, "a model file holds declarations only")
                .help("delete this line; `name = …` defines, `name ~ …` draws, `f(a) = …` is a function"),
        ),
        ["observe", _, "~", ..] => Some(
            foreign(first, "what is observed is known by its name: it is a column of the data block")
                .help("leave out `observe`"),
        ),
        _ => arrow(pieces, &words, &touches)
            .or_else(|| python::module_call(pieces, &words, source))
            .or_else(|| stan::typed_declaration(pieces, &words, source))
            .or_else(|| stan::truncation(pieces, &words))
            .or_else(|| formula::statement(pieces, &words))
            .or_else(|| operators(pieces, &words, source)),
    }
}

fn foreign(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new("Z003", message).at(span, "")
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
            .help(match words[..at] {
                [name, "[", index, "]"] if index.len() == 1 => {
                    format!("write `{name} = …` without an index: a definition holds for every row")
                }
                _ => "write `=` to define a value, `~` to draw one".to_owned(),
            })
            .fix(span, "="),
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

/// The places of the arguments of a call whose bracket is at `open`.
fn pieces_of(open: usize, pieces: &[Token], words: &[&str]) -> Vec<Range<usize>> {
    let mut found = vec![];
    let (mut depth, mut start) = (0usize, open + 1);
    for (i, token) in pieces.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    found.push(start..i);
                    return found;
                }
            }
            _ if depth == 1 && words[i] == "," => {
                found.push(start..i);
                start = i + 1;
            }
            _ => {}
        }
    }
    found
}

/// The one statement of `for (i in 1:N) { y[i] ~ dnorm(mu[i], tau) }` without its index, in the words of this
/// language.
fn without_index(pieces: &[Token], words: &[&str], source: &SourceFile) -> Option<String> {
    let index = words.iter().position(|w| *w == "in").and_then(|at| words.get(at.checked_sub(1)?))?;
    let open = words.iter().position(|w| *w == "{")?;
    let close = words.iter().rposition(|w| *w == "}").filter(|close| *close > open + 1)?;
    let mut kept: Vec<&str> = vec![];
    let mut tilde = None;
    let mut at = open + 1;
    while at < close {
        if words[at..close].starts_with(&["[", index, "]"]) {
            at += 3;
            continue;
        }
        match words[at] {
            ";" | "~" | "=" if words[at] == ";" || tilde.is_some() => return None,
            "~" => tilde = Some(at),
            "<" | "=" => return None,
            _ => {}
        }
        kept.push(words[at]);
        at += 1;
    }
    let tilde = tilde?;
    let name = words.get(tilde + 1)?;
    let parts = pieces_of(tilde + 2, pieces, words);
    if words.get(tilde + 2) != Some(&"(") || parts.is_empty() {
        return None;
    }
    let without = |text: &str| text.replace(&format!("[{index}]"), "");
    let args: Vec<String> = parts
        .iter()
        .filter(|p| !p.is_empty())
        .map(|p| without(source.slice(pieces[p.start].span.to(pieces[p.end - 1].span))))
        .collect();
    let written: Vec<names::Written> = args.iter().map(|a| (None, a.as_str())).collect();
    let (dist, _) = names::translated(name, &written)?;
    Some(format!("{} ~ {dist}", kept.first()?))
}

/// `a %*% b`, `x |> f()`, `a .* b`, `y .~ Normal(…)`, `a if c else b`
fn operators(pieces: &[Token], words: &[&str], source: &SourceFile) -> Option<Diagnostic> {
    let place = |from: usize, to: usize| pieces[from].span.to(pieces[to].span);
    if let Some(at) = words.windows(3).position(|w| w[0] == "%" && w[2] == "%") {
        let finding =
            foreign(place(at, at + 2), &format!("`{}` is an operator of R", source.slice(place(at, at + 2))));
        return Some(match words[at + 1] {
            "*" => finding.help("a product of vectors is `dot(x, beta)`, of numbers `a * b`"),
            _ => finding.help("a comparison of data is 0 or 1: `(g == \"a\") + (g == \"b\")`"),
        });
    }
    if let Some(at) = words.windows(2).position(|w| w == ["|", ">"]) {
        return Some(foreign(place(at, at + 1), "there are no pipes").help("write the call itself: `f(x)`"));
    }
    if let Some(at) =
        words.windows(2).position(|w| w[0] == "." && matches!(w[1], "*" | "/" | "+" | "-" | "^" | "~" | "="))
    {
        let plain = words[at + 1];
        return Some(
            foreign(place(at, at + 1), "operators act element by element without a dot")
                .help(format!("write `{plain}`"))
                .fix(place(at, at + 1), plain),
        );
    }
    let branch = outside_brackets(pieces, words)
        .skip(1)
        .find(|i| words[*i] == "if" && words[i + 1..].contains(&"else"))?;
    Some(
        foreign(pieces[branch].span, "there are no branches")
            .help("a comparison of data is 0 or 1: `z = (age > 2) * a + (age <= 2) * b`"),
    )
}
