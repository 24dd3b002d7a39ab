//! `Dist(args) suffixes`: which family, which of its argument forms, and whether each argument fits its slot.

use super::arena::Arena;
use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::{Diagnostic, suggest};
use crate::dist::{self, ArgValue, Family};
use crate::model::{Distribution, ExprId};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arg, Dist, Suffix};
use crate::ty::{Shape, Support, Type};

/// Distributions of the language that this version cannot do yet.
pub const PLANNED: &[&str] = &[
    "Delta",
    "Dirichlet",
    "LKJCholesky",
    "Mixture",
    "MvNormal",
    "OrderedLogistic",
    "Posterior",
    "RandomWalk",
    "VonMises",
];

/// Names that other programs give to distributions of this language.
const ELSEWHERE: &[(&str, &str)] = &[
    ("Gaussian", "Normal"),
    ("T", "StudentT"),
    ("Student", "StudentT"),
    ("DoubleExponential", "Laplace"),
    ("InverseGamma", "InvGamma"),
    ("NegativeBinomial", "NegBinomial"),
    ("MultivariateNormal", "MvNormal"),
    ("Discrete", "Categorical"),
    ("ImproperUniform", "Flat"),
];

/// What stands left of `~`.
#[derive(Debug, Clone, Copy)]
pub struct Target<'t> {
    /// `y`
    pub name: &'t str,
    /// where it was declared
    pub span: Span,
    /// its sizes
    pub shape: &'t Shape,
    /// whether it has copies along a factor
    pub along_factor: bool,
    /// its type, if it is data
    pub observed: Option<&'t Type>,
}

/// What a family may know of an argument.
pub fn arg_value(arena: &Arena, id: ExprId) -> ArgValue {
    ArgValue { constant: arena.constant(id), len: arena.shape(id).0.last().copied().unwrap_or(1) }
}

impl<'a> Checker<'a> {
    /// A distribution as written right of `~`.
    pub(super) fn distribution(
        &mut self,
        dist: &'a Dist,
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<Distribution> {
        let name = (dist.name.value.as_str(), dist.name.span);
        self.distribution_of(name, &dist.args, &dist.suffixes, dist.span, scope, target)
    }

    /// A distribution from its parts.
    pub(super) fn distribution_of(
        &mut self,
        (name, name_span): (&'a str, Span),
        args: &'a [Arg],
        suffixes: &'a [Spanned<Suffix>],
        span: Span,
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<Distribution> {
        let Some(family) = dist::find(name) else {
            let finding = no_such_family(name, name_span);
            self.found.push(finding);
            return None;
        };
        let (form, args) = match match_form(family, name_span, args, span) {
            Ok(matched) => matched,
            Err(finding) => {
                self.found.push(*finding);
                return None;
            }
        };
        let ids: Vec<Option<ExprId>> = args.iter().map(|a| self.argument(a, scope)).collect();
        let truncation = self.suffixes(family, suffixes, scope, target);
        if let Some(ty) = target.observed
            && let Some(finding) = self.wrong_kind_of_target(target, ty, family, span)
        {
            self.found.push(finding);
            return None;
        }
        let row =
            ids.iter().zip(&args).find_map(|(id, arg)| id.filter(|id| self.arena.is_row(*id)).zip(Some(arg)));
        if let (None, Some((id, arg))) = (target.observed, row) {
            let finding = self.row_in_prior(target, id, arg.value.span);
            self.found.push(finding);
            return None;
        }
        let mut fitted = vec![];
        for (i, id) in ids.into_iter().enumerate() {
            fitted.push(id.and_then(|id| self.fits_slot(family, form, i, id, args[i], target)));
        }
        let args: Vec<ExprId> = fitted.into_iter().collect::<Option<_>>()?;
        let distribution = Distribution { family, form, args, truncation: truncation?, span };
        self.bounds_are_in_order(&distribution)?;
        self.classes_agree(&distribution, target)?;
        Some(distribution)
    }

    fn argument(&mut self, arg: &'a Arg, scope: &Scope<'a>) -> Option<ExprId> {
        if let Some(suffix) = arg.suffixes.first() {
            self.found.push(
                Diagnostic::new("T006", "a suffix follows a distribution only")
                    .at(suffix.span, "this stands after a value"),
            );
            return None;
        }
        let id = self.expr(&arg.value, scope)?;
        self.numeric(id, &arg.value)
    }

    /// `on (a, b)`; the others are not in this version. The outer `None` says that something is wrong.
    #[expect(clippy::option_option, reason = "wrong, absent and present are three answers")]
    fn suffixes(
        &mut self,
        family: &Family,
        suffixes: &'a [Spanned<Suffix>],
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<Option<(ExprId, ExprId)>> {
        let mut bounds = None;
        let mut is_right = true;
        let mut first: Option<Span> = None;
        for suffix in suffixes {
            let construct = match &suffix.value {
                Suffix::On(low, high) => {
                    if let Some(first) = first {
                        self.found.push(
                            Diagnostic::new("T006", "`on` is given twice")
                                .at(suffix.span, "the second one")
                                .at(first, "the first one"),
                        );
                        is_right = false;
                        continue;
                    }
                    first = Some(suffix.span);
                    if family.log_mass.is_none() {
                        let what = format!("`on (a, b)` of `{}`", family.name);
                        self.found.push(error::not_yet(&what, suffix.span));
                        is_right = false;
                        continue;
                    }
                    let (a, b) = (self.bound(low, scope, target), self.bound(high, scope, target));
                    bounds = a.zip(b);
                    is_right &= bounds.is_some();
                    continue;
                }
                Suffix::Ordered => "the suffix `ordered`",
                Suffix::WeightedBy(_) => "the suffix `weighted by`",
                Suffix::CensoredBy(_) | Suffix::CensoredBetween(..) => "the suffix `censored by`",
            };
            self.found.push(error::not_yet(construct, suffix.span));
            is_right = false;
        }
        is_right.then_some(bounds)
    }

    fn bound(
        &mut self,
        expr: &'a crate::syntax::ast::Expr,
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<ExprId> {
        let id = self.expr(expr, scope)?;
        let id = self.numeric(id, expr)?;
        let id = if self.arena.shape(id) == target.shape { id } else { self.arena.single(id) };
        let shape = self.arena.shape(id);
        if shape.is_scalar() || shape == target.shape {
            return Some(id);
        }
        let found = error::size(shape);
        self.found.push(
            Diagnostic::new("T002", format!("a bound of `{}` is a single number", target.name))
                .at(expr.span, format!("this is {found}")),
        );
        None
    }

    /// T012: something lies between the bounds.
    fn bounds_are_in_order(&mut self, dist: &Distribution) -> Option<()> {
        let args: Vec<ArgValue> = dist.args.iter().map(|a| arg_value(&self.arena, *a)).collect();
        let support = (dist.family.support)(dist.form, &args).interval();
        let empty = |low: f64, high: f64| {
            Diagnostic::new("T012", format!("bounds are empty: lower {low}, upper {high}"))
                .at(dist.span, "nothing lies between them")
        };
        if support.low >= support.high {
            self.found.push(empty(support.low, support.high));
            return None;
        }
        let Some((a, b)) = dist.truncation else { return Some(()) };
        // `f64::max` passes over ends that are not known yet.
        let low = self.arena.interval(a).low.max(support.low);
        let high = self.arena.interval(b).high.min(support.high);
        if low >= high {
            let finding = empty(self.arena.interval(a).low, self.arena.interval(b).high);
            self.found.push(if self.arena.interval(a).low < self.arena.interval(b).high {
                finding.note(format!("`{}` itself lies in {support}", dist.family.name))
            } else {
                finding
            });
            return None;
        }
        Some(())
    }
}

fn no_such_family(name: &str, span: Span) -> Diagnostic {
    if PLANNED.contains(&name) {
        return error::not_yet(&format!("the distribution `{name}`"), span);
    }
    if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name)) {
        return Diagnostic::new("N012", format!("no distribution is called `{name}`"))
            .at(span, format!("here it is called `{ours}`"))
            .help(format!("write `{ours}`"))
            .fix(span, *ours);
    }
    let known = dist::ALL.iter().map(|f| f.name).chain(PLANNED.iter().copied()).chain(["Point"]);
    let finding = Diagnostic::new("N012", format!("no distribution is called `{name}`"))
        .at(span, "a distribution is wanted here");
    match suggest::nearest(name, known) {
        Some(near) => finding.help(format!("did you mean `{near}`?")).fix(span, near),
        None => finding.help(format!("write `bnnc explain Normal` for one; all are {}", names())),
    }
}

fn names() -> String {
    let names: Vec<&str> = dist::ALL.iter().map(|f| f.name).collect();
    names.join(", ")
}

type Matched<'a> = Result<(usize, Vec<&'a Arg>), Box<Diagnostic>>;

/// Which form the arguments have, and the arguments in the form's order.
fn match_form<'a>(family: &Family, name: Span, args: &'a [Arg], span: Span) -> Matched<'a> {
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
            let mut words: Vec<&str> = known().collect();
            words.dedup();
            let finding =
                Diagnostic::new("N012", format!("`{}` has no argument `{}`", family.name, name.value));
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

impl Checker<'_> {
    /// D005: as many probabilities as the target has classes.
    fn classes_agree(&mut self, dist: &Distribution, target: &Target) -> Option<()> {
        let Some(ty) = target.observed else { return Some(()) };
        let args: Vec<ArgValue> = dist.args.iter().map(|a| arg_value(&self.arena, *a)).collect();
        let Support::Class(given) = (dist.family.support)(dist.form, &args) else { return Some(()) };
        let wanted = match ty.support {
            Support::Class(k) | Support::Factor(k) => k,
            _ => 2,
        };
        if given == wanted {
            return Some(());
        }
        let first = dist.args.first().map(|a| self.arena.get(*a).span).unwrap_or(dist.span);
        let mut finding = Diagnostic::new(
            "D005",
            format!("output width {given}, but `{}` has {wanted} classes", target.name),
        )
        .at(dist.span, format!("{given} numbers"))
        .at(target.span, format!("{wanted} classes"));
        if let Some(layer) = self.last_layer(first) {
            finding = finding
                .at(layer.0, "this layer makes the output")
                .help(format!("write `{}`", layer.1.replace(&given.to_string(), &wanted.to_string())));
        }
        self.found.push(finding);
        None
    }
}
