//! Which form the arguments of a distribution have: by position or by name, complete, and without doubt.

use super::error;
use crate::diagnostic::{Diagnostic, suggest};
use crate::dist::{self, Family};
use crate::source::Span;
use crate::syntax::ast::{Arg, Name};
use crate::syntax::foreign::names;

/// The form's position and the arguments in its order, or what is wrong.
pub type Matched<'a> = Result<(usize, Vec<&'a Arg>), Box<Diagnostic>>;

/// Which form the arguments have, and the arguments in the form's order.
pub fn match_form<'a>(family: &Family, name: Span, args: &'a [Arg], span: Span) -> Matched<'a> {
    let positional: Vec<&Arg> = args.iter().filter(|a| a.name.is_none()).collect();
    if let Some(finding) = misplaced(family, args) {
        return Err(Box::new(finding));
    }
    let longest = family.forms.iter().map(|f| f.args.len()).max().unwrap_or(0);
    if let Some(finding) = exclusive(family, args, span) {
        return Err(Box::new(finding));
    }
    if args.len() > longest || positional.len() > longest {
        return Err(Box::new(wrong_number(family, args.len(), name, span)));
    }
    if positional.len() > family.positional {
        return Err(Box::new(say_which(family, args, positional[family.positional], span)));
    }
    for (i, form) in family.forms.iter().enumerate() {
        let named = |slot: &str| args.iter().find(|a| a.name.as_ref().is_some_and(|n| n.value == slot));
        let place = |(j, spec): (usize, &dist::ArgSpec)| match positional.get(j) {
            Some(arg) if named(spec.name).is_none() => Some(*arg),
            Some(_) => None,
            None => named(spec.name),
        };
        let placed: Option<Vec<&Arg>> = form.args.iter().enumerate().map(place).collect();
        if let Some(placed) = placed.filter(|p| p.len() == args.len()) {
            return Ok((i, placed));
        }
    }
    Err(Box::new(incomplete(family, args, &positional, name, span)))
}

/// Names that the family does not have, names given twice, positions after names.
fn misplaced(family: &Family, args: &[Arg]) -> Option<Diagnostic> {
    let known = || family.forms.iter().flat_map(|f| f.args.iter().map(|a| a.name));
    let mut seen: Vec<(&str, Span)> = vec![];
    for arg in args {
        let Some(name) = &arg.name else {
            if let Some((last, at)) = seen.last() {
                return Some(
                    Diagnostic::new("T006", "an argument without a name stands after one with a name")
                        .at(arg.value.span, "which argument is this?")
                        .at(*at, format!("after `{last} =`, all need names")),
                );
            }
            continue;
        };
        if !known().any(|k| k == name.value) {
            let mut words: Vec<&'static str> = known().collect();
            words.dedup();
            let finding =
                Diagnostic::new("N012", format!("`{}` has no argument `{}`", family.name, name.value));
            if let Some(finding) = spelled_elsewhere(family, args, name, &words) {
                return Some(finding);
            }
            return Some(match suggest::nearest(&name.value, words.iter().copied()) {
                Some(near) => finding.at(name.span, format!("did you mean `{near}`?")).fix(name.span, near),
                None => finding.at(name.span, "not one of its arguments"),
            })
            .map(|f| f.help(format!("write {}", forms(family))));
        }
        if let Some((_, first)) = seen.iter().find(|(n, _)| *n == name.value) {
            return Some(
                Diagnostic::new("T006", format!("`{}` is given twice", name.value))
                    .at(name.span, "the second one")
                    .at(*first, "the first one"),
            );
        }
        seen.push((&name.value, name.span));
    }
    None
}

/// What a message says of `observed = y`: the likelihood is there.
pub(super) const OBSERVED: &str = "what is observed stands left of `~`";

/// N012 for a name that other languages give to an argument, `sigma` of `Normal`; and what says how many copies.
fn spelled_elsewhere(
    family: &Family,
    args: &[Arg],
    name: &Name,
    words: &[&'static str],
) -> Option<Diagnostic> {
    let finding = Diagnostic::new("N012", format!("`{}` has no argument `{}`", family.name, name.value));
    let given = args.iter().find(|a| a.name.as_ref().is_some_and(|n| n.span == name.span))?;
    if matches!(name.value.as_str(), "shape" | "dims" | "size" | "sample_shape") {
        let size = error::written(&given.value);
        let size = size.trim_matches(|c: char| "\"()[], ".contains(c));
        return Some(
            finding
                .at(name.span, "copies are not counted here")
                .help(format!("sizes stand left of `~`: `name[{size}] ~ {}(…)`", family.name)),
        );
    }
    if matches!(name.value.as_str(), "observed" | "obs") {
        return Some(finding.at(name.span, OBSERVED).help(format!(
            "write `{} ~ {}(…)`",
            error::written(&given.value),
            family.name
        )));
    }
    let texts: Vec<String> = args.iter().map(|a| error::written(&a.value)).collect();
    let named = args.iter().map(|a| a.name.as_ref().map(|n| n.value.as_str()));
    let written: Vec<(Option<&str>, &str)> = named.zip(texts.iter().map(String::as_str)).collect();
    let cure = names::translated(family.name, &written).map(|(cure, _)| cure).filter(|c| !c.contains('…'));
    let cure = cure.or_else(|| renamed(family, &written, words));
    let help = cure.map_or_else(|| format!("write {}", forms(family)), |cure| format!("write `{cure}`"));
    if matches!(name.value.as_str(), "tau" | "precision" | "prec") && words.contains(&"sd") {
        return Some(finding.at(name.span, "a precision; here it is a standard deviation").help(help));
    }
    let ours = names::argument(&name.value, words)?;
    Some(finding.at(name.span, format!("here it is called `{ours}`")).help(help).fix(name.span, ours))
}

/// The call with the names that its arguments have here.
fn renamed(family: &Family, args: &[names::Written], words: &[&'static str]) -> Option<String> {
    let parts = args.iter().map(|(name, value)| match name {
        None => Some((*value).to_owned()),
        Some(name) if words.contains(name) => Some(format!("{name} = {value}")),
        Some(name) => Some(format!("{} = {value}", names::argument(name, words)?)),
    });
    Some(format!("{}({})", family.name, parts.collect::<Option<Vec<String>>>()?.join(", ")))
}

/// T020: an argument whose meaning only its name tells.
fn say_which(family: &Family, args: &[Arg], unnamed: &Arg, span: Span) -> Diagnostic {
    let place = family.positional;
    let mut options: Vec<&str> =
        family.forms.iter().filter_map(|f| f.args.get(place)).map(|a| a.name).collect();
    options.dedup();
    let with_equals: Vec<String> = options.iter().map(|o| format!("{o} =")).collect();
    let words: Vec<&str> = with_equals.iter().map(String::as_str).collect();
    let named = |form: &dist::Form| {
        let parts = args
            .iter()
            .zip(form.args)
            .enumerate()
            .skip(place)
            .map(|(_, (arg, spec))| format!("{} = {}", spec.name, error::written(&arg.value)));
        parts.collect::<Vec<_>>().join(", ")
    };
    let first: Vec<String> = args.iter().take(place).map(|a| error::written(&a.value)).collect();
    let fitting: Vec<&dist::Form> = family.forms.iter().filter(|f| f.args.len() >= args.len()).collect();
    let written: Vec<String> = fitting
        .iter()
        .map(|form| {
            let all: Vec<String> = first.iter().cloned().chain([named(form)]).collect();
            format!("`{}({})`", family.name, all.join(", "))
        })
        .collect();
    let finding =
        Diagnostic::new("T020", format!("`{}` needs {} to say which", family.name, error::or_list(&words)))
            .at(unnamed.value.span, "which argument is this?")
            .help(format!("write {}", written.join(" or ")));
    let last = args.last().map_or(span, |a| a.value.span);
    match fitting.first().map(|form| named(form)) {
        Some(text) if !text.contains('…') => finding.fix(unnamed.value.span.to(last), text),
        _ => finding,
    }
}

/// Two names of one and the same thing: `rate` and `scale`.
fn exclusive(family: &Family, args: &[Arg], span: Span) -> Option<Diagnostic> {
    let given: Vec<&str> = args.iter().filter_map(|a| a.name.as_ref()).map(|n| n.value.as_str()).collect();
    let fits = |form: &dist::Form| given.iter().all(|g| form.args.iter().any(|a| a.name == *g));
    if family.forms.iter().any(fits) {
        return None;
    }
    let in_all = |name: &str| family.forms.iter().all(|f| f.args.iter().any(|a| a.name == name));
    let either: Vec<&str> = given.into_iter().filter(|g| !in_all(g)).collect();
    Some(
        Diagnostic::new("T006", format!("`{}` takes only one of {}", family.name, error::and_list(&either)))
            .at(span, "these say the same thing twice")
            .help(format!("write {}", forms(family))),
    )
}

/// Arguments are missing.
fn incomplete(family: &Family, args: &[Arg], positional: &[&Arg], name: Span, span: Span) -> Diagnostic {
    let given: Vec<&str> = args.iter().filter_map(|a| a.name.as_ref()).map(|n| n.value.as_str()).collect();
    let fits = |form: &&dist::Form| given.iter().all(|g| form.args.iter().any(|a| a.name == *g));
    let Some(form) = family.forms.iter().find(fits) else {
        return wrong_number(family, args.len(), name, span);
    };
    let clash = form.args.iter().take(positional.len()).find(|a| given.contains(&a.name));
    if let Some(spec) = clash {
        return Diagnostic::new("T006", format!("`{}` is given by position and by name", spec.name))
            .at(span, format!("the first arguments are {}", forms(family)));
    }
    let missing: Vec<&str> =
        form.args.iter().skip(positional.len()).map(|a| a.name).filter(|n| !given.contains(n)).collect();
    let place = form.args.iter().position(|a| missing.first() == Some(&a.name)).unwrap_or(0);
    let mut choices: Vec<&str> =
        family.forms.iter().filter(fits).filter_map(|f| f.args.get(place)).map(|a| a.name).collect();
    choices.dedup();
    if choices.len() > 1 && place >= family.positional {
        let with_equals: Vec<String> = choices.iter().map(|o| format!("{o} =")).collect();
        let words: Vec<&str> = with_equals.iter().map(String::as_str).collect();
        return Diagnostic::new(
            "T020",
            format!("`{}` needs {} to say which", family.name, error::or_list(&words)),
        )
        .at(span, "one argument is missing")
        .help(format!("write {}", forms(family)));
    }
    let finding = wrong_number(family, args.len(), name, span);
    finding.note(format!("missing: {}", error::and_list(&missing)))
}

fn wrong_number(family: &Family, given: usize, name: Span, span: Span) -> Diagnostic {
    let mut counts: Vec<usize> = family.forms.iter().map(|f| f.args.len()).collect();
    counts.dedup();
    let takes = match counts.as_slice() {
        [0] => "no arguments".to_owned(),
        [n] => error::count(*n, "argument", "arguments"),
        _ => {
            let counts: Vec<String> = counts.iter().map(|n| n.to_string()).collect();
            format!("{} arguments", counts.join(" or "))
        }
    };
    let at = if given == 0 { name } else { span };
    Diagnostic::new("T006", format!("`{}` takes {takes}, {given} given", family.name))
        .at(at, format!("{given} given"))
        .help(format!("write {}", forms(family)))
}

/// `Gamma(shape, rate = …)` or `Gamma(shape, scale = …)`
fn forms(family: &Family) -> String {
    let one = |form: &dist::Form| {
        let parts = form.args.iter().enumerate().map(|(i, a)| {
            let by_position =
                i < family.positional && family.forms[0].args.get(i).map(|f| f.name) == Some(a.name);
            if by_position { a.name.to_owned() } else { format!("{} = …", a.name) }
        });
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() {
            format!("`{}`", family.name)
        } else {
            format!("`{}({})`", family.name, parts.join(", "))
        }
    };
    family.forms.iter().map(one).collect::<Vec<_>>().join(" or ")
}
