//! PyMC, NumPyro and their kin: `mu = pm.Normal("mu", 0, 1)`, `numpyro.sample("y", dist.Normal(mu, 1), obs=y)`.

use super::names::{self, Written};
use super::{foreign, pieces_of};
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;
use crate::syntax::tokens::{Kind, Token};

/// Names under which Python's modules are known.
const MODULES: [&str; 22] = [
    "pm",
    "pymc",
    "pymc3",
    "numpyro",
    "pyro",
    "dist",
    "distributions",
    "tfd",
    "tfp",
    "np",
    "jnp",
    "numpy",
    "jax",
    "torch",
    "tf",
    "math",
    "tt",
    "pt",
    "at",
    "stats",
    "scipy",
    "F",
];

/// Arguments that say something about the variable, not about its distribution.
const ABOUT: [&str; 11] = [
    "observed",
    "obs",
    "shape",
    "dims",
    "size",
    "name",
    "rng_key",
    "infer",
    "total_size",
    "initval",
    "sample_shape",
];

/// A call with its arguments, as texts.
struct Call<'s> {
    /// Position of the first token of its name.
    start: usize,
    /// Position of its opening bracket.
    open: usize,
    /// The last part of its name: `Normal` of `pm.Normal`.
    name: &'s str,
    args: Vec<Written<'s>>,
}

/// A statement that calls something of a Python module.
pub fn module_call(pieces: &[Token], words: &[&str], source: &SourceFile) -> Option<Diagnostic> {
    let at = words
        .windows(4)
        .position(|w| MODULES.contains(&w[0]) && w[1] == "." && w[3].starts_with(['(', '.']))?;
    let call = call_at(at, pieces, words, source)?;
    let span = pieces[at].span.to(pieces[call.open - 1].span);
    let finding = foreign(span, &format!("`{}` is Python's", source.slice(span)));
    // `numpyro.sample("y", dist.Normal(mu, 1), obs=y)` holds the distribution as an argument.
    let inner = (matches!(call.name, "sample" | "Potential" | "factor"))
        .then(|| {
            let later = (call.open + 1..words.len()).find(|i| {
                words[*i].starts_with(|c: char| c.is_ascii_uppercase()) && words.get(i + 1) == Some(&"(")
            })?;
            call_at(later, pieces, words, source)
        })
        .flatten();
    let of = |call: &Call<'_>, key: &[&str]| {
        call.args.iter().find(|(n, _)| n.is_some_and(|n| key.contains(&n))).map(|(_, v)| (*v).to_owned())
    };
    if call.name == "Deterministic" || call.name == "deterministic" {
        let name = assigned(words).or_else(|| named(&call)).unwrap_or_else(|| "name".into());
        let value = call.args.iter().map(|(_, v)| *v).find(|v| !v.starts_with(['"', '\''])).unwrap_or("…");
        return Some(finding.help(format!("write `report {name} = {value}`")));
    }
    let is_distribution = inner.is_some() || call.name.starts_with(|c: char| c.is_ascii_uppercase());
    if !is_distribution {
        let args: Vec<&str> = call.args.iter().map(|(_, v)| *v).collect();
        let cure = names::function(call.name, &args)
            .unwrap_or_else(|| format!("{}({})", call.name, args.join(", ")));
        return Some(finding.help(format!("functions stand alone: `{cure}`")));
    }
    let drawn = inner.as_ref().unwrap_or(&call);
    let args: Vec<Written> = drawn
        .args
        .iter()
        .filter(|(n, v)| n.is_none_or(|n| !ABOUT.contains(&n)) && !v.starts_with(['"', '\'']))
        .copied()
        .collect();
    let dist = names::translated(drawn.name, &args).map_or_else(
        || format!("{}({})", drawn.name, args.iter().map(|(_, v)| *v).collect::<Vec<_>>().join(", ")),
        |(text, _)| text,
    );
    let left = of(&call, &["observed", "obs"])
        .or_else(|| assigned(words))
        .or_else(|| named(&call))
        .unwrap_or_else(|| "name".into());
    let size = of(&call, &["shape", "dims", "size"])
        .map_or_else(String::new, |s| format!("[{}]", s.trim_matches(|c: char| "()\"', ".contains(c))));
    let finding = match of(&call, &["observed", "obs"]) {
        Some(column) => {
            finding.note(format!("`{column}` is observed because it is a column of the data block"))
        }
        None => finding,
    };
    Some(finding.help(format!("write `{left}{size} ~ {dist}`")))
}

/// The name left of `=`.
fn assigned(words: &[&str]) -> Option<String> {
    (words.get(1) == Some(&"=")).then(|| words[0].to_owned())
}

/// The name in quotes that a call begins with.
fn named(call: &Call<'_>) -> Option<String> {
    let (_, first) = call.args.first()?;
    let inside = first.trim_matches(['"', '\'']);
    (inside.len() < first.len() && !inside.is_empty()).then(|| inside.to_owned())
}

/// The call whose name starts at a token.
fn call_at<'s>(at: usize, pieces: &[Token], words: &[&'s str], source: &'s SourceFile) -> Option<Call<'s>> {
    let mut open = at + 1;
    while words.get(open) == Some(&".") && pieces.get(open + 1).is_some_and(|t| t.kind == Kind::Word) {
        open += 2;
    }
    (words.get(open) == Some(&"(")).then_some(())?;
    let args = pieces_of(open, pieces, words).into_iter().filter(|p| !p.is_empty()).map(|part| {
        let (name, from) = match words[part.start..part.end] {
            [name, "=", _, ..] => (Some(name), part.start + 2),
            _ => (None, part.start),
        };
        (name, source.slice(pieces[from].span.to(pieces[part.end - 1].span)))
    });
    Some(Call { start: at, open, name: words[open - 1], args: args.collect() }).filter(|c| c.start < c.open)
}
