//! `Dist(args) suffixes`: which family, which of its argument forms, and whether each argument fits its slot.

use super::arena::Arena;
use super::forms::match_form;
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
        let along = |checker: &mut Self, arg: &'a Arg| {
            let id = checker.argument(arg, scope)?;
            checker.along_tensor(id, &arg.value, scope, target)
        };
        let ids: Vec<Option<ExprId>> = args.iter().map(|a| along(self, a)).collect();
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
