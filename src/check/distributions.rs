//! `Dist(args) suffixes`: which family, which of its argument forms, and whether each argument fits its slot.

use super::arena::Arena;
use super::forms::match_form;
use super::scope::Scope;
use super::suffixes::Said;
use super::{Checker, error};
use crate::diagnostic::{Diagnostic, Level, suggest};
use crate::dist::{self, ArgSlot, ArgValue};
use crate::model::{ColumnId, Distribution, ExprId};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arg, Dist, Suffix};
use crate::syntax::foreign::{formula, names as foreign};
use crate::ty::{Shape, Support, Type};

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
    /// for each axis the factor that it runs along
    pub factors: &'t [Option<ColumnId>],
    /// its type, if it is data
    pub observed: Option<&'t Type>,
}

impl Target<'_> {
    /// Whether a value is what one copy along leading factors has: [2] for `beta[school, 2]`.
    pub fn is_one_copy(&self, shape: &Shape) -> bool {
        let copies = self.factors.iter().take_while(|f| f.is_some()).count();
        copies > 0
            && self.factors.iter().skip(copies).all(Option::is_none)
            && shape.0 == self.shape.0[copies..]
    }
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
            let finding = self.no_such_family((name, name_span), args, suffixes, span, target);
            self.found.push(finding);
            return None;
        };
        if family.name == "Mixture" {
            return self.mixture(family, args, suffixes, span, scope, target);
        }
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
        let said = self.suffixes(suffixes, scope, target);
        let Some(complete) = ids.iter().copied().collect::<Option<Vec<ExprId>>>() else {
            // One argument is wrong; what is wrong with the others is said all the same.
            for (i, id) in ids.into_iter().enumerate() {
                id.and_then(|id| self.fits_slot(family, form, i, id, args[i], target));
            }
            return None;
        };
        self.fitted(Distribution::new(family, form, complete, span), &args, said?, target)
    }

    /// A distribution whose arguments are known, held against their slots and against what it is for.
    pub(super) fn fitted(
        &mut self,
        dist: Distribution,
        args: &[&Arg],
        said: Said,
        target: &Target,
    ) -> Option<Distribution> {
        let (family, span) = (dist.family, dist.span);
        let mut dist = dist;
        let mut is_held = vec![false; dist.args.len()];
        for (i, id) in dist.args.iter_mut().enumerate() {
            let slot = family.forms[dist.form].args[i].slot;
            let is_matrix = matches!(slot, ArgSlot::Covariance | ArgSlot::Cholesky | ArgSlot::CholeskyCorr);
            // What one copy's matrix is can be seen before there is one for each.
            if is_matrix && target.observed.is_none() && self.arena.is_row(*id) {
                *id = self.fits_slot(family, dist.form, i, *id, args[i], target)?;
                is_held[i] = true;
            }
            *id = self.of_copies(*id, slot, family.event, args[i].value.span, target);
        }
        if let Some(ty) = target.observed
            && let Some(finding) = self.wrong_kind_of_target(target, ty, family, span)
        {
            let is_note = finding.level() == Level::Note;
            self.found.push(finding);
            if !is_note {
                return None;
            }
        }
        let row = dist.args.iter().zip(args).find(|(id, _)| self.arena.is_row(**id));
        if let (None, Some((id, arg))) = (target.observed, row) {
            let finding = self.row_in_prior(target, *id, arg.value.span);
            self.found.push(finding);
            return None;
        }
        self.event_fits(&dist, target)?;
        let mut fitted = vec![];
        for (i, id) in dist.args.iter().enumerate() {
            fitted.push(match is_held[i] {
                true => Some(*id),
                false => self.fits_slot(family, dist.form, i, *id, args[i], target),
            });
        }
        let args: Vec<ExprId> = fitted.into_iter().collect::<Option<_>>()?;
        let mut dist = Distribution { args, ..dist };
        self.ends_are_in_order(&dist)?;
        self.suffixes_fit(&mut dist, said, target)?;
        self.bounds_are_in_order(&dist)?;
        self.classes_agree(&dist, target)?;
        Some(dist)
    }

    pub(super) fn argument(&mut self, arg: &'a Arg, scope: &Scope<'a>) -> Option<ExprId> {
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

    /// T012 for ends that are arguments: `Uniform(3, 1)`.
    fn ends_are_in_order(&mut self, dist: &Distribution) -> Option<()> {
        self.bounds_are_in_order(&Distribution { truncation: None, ..dist.clone() })
    }

    /// T012: something lies between the bounds.
    pub(super) fn bounds_are_in_order(&mut self, dist: &Distribution) -> Option<()> {
        let support = self.support_of(dist).interval();
        let empty = |low: f64, high: f64| {
            let finding = Diagnostic::new("T012", format!("bounds are empty: lower {low}, upper {high}"))
                .at(dist.span, "nothing lies between them");
            match low > high {
                true => finding.help(format!("the lower one stands first: `({high}, {low})`")),
                false => finding.help("give two different numbers, the lower one first"),
            }
        };
        if support.low > support.high || (support.low == support.high && !support.low_closed) {
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

impl Checker<'_> {
    fn no_such_family(
        &self,
        (name, name_span): (&str, Span),
        args: &[Arg],
        suffixes: &[Spanned<Suffix>],
        span: Span,
        target: &Target,
    ) -> Diagnostic {
        let finding = Diagnostic::new("N012", format!("no distribution is called `{name}`"));
        if matches!(name, "Posterior" | "Point") {
            return Diagnostic::new(
                "N012",
                format!("`{name}` is a prior of unknowns, not a distribution of data"),
            )
            .at(name_span, "this is no distribution here")
            .help("write a distribution such as `Normal(mean, sd)`");
        }
        // `y ~ x` where `x` is a column or a value.
        if args.is_empty() && suffixes.is_empty() && self.names.find(name).is_some() {
            return formula::told(target.name, &[name], name_span);
        }
        if matches!(name, "iid" | "filldist" | "arraydist") {
            return finding
                .at(name_span, "copies are not counted here")
                .help(format!("sizes stand left of `~`: `{}[8] ~ Normal(0, 1)`", target.name));
        }
        // In a mixture; elsewhere reading the file has found it.
        let texts: Vec<String> = args.iter().map(|a| error::written(&a.value)).collect();
        let named = args.iter().map(|a| a.name.as_ref().map(|n| n.value.as_str()));
        let written: Vec<(Option<&str>, &str)> = named.zip(texts.iter().map(String::as_str)).collect();
        if let Some((cure, note)) = foreign::translated(name, &written) {
            let finding = finding.at(name_span, "the spelling of another language");
            let finding = if note.is_empty() { finding } else { finding.note(note) };
            let can_fix = !cure.contains('…') && suffixes.is_empty();
            let finding = finding.help(format!("write `{cure}`"));
            return if can_fix { finding.fix(span, cure) } else { finding };
        }
        let known = dist::ALL.iter().map(|f| f.name).chain(["Point", "Posterior"]);
        let finding = finding.at(name_span, "a distribution is wanted here");
        match suggest::nearest(name, known) {
            Some(near) => finding.help(format!("did you mean `{near}`?")).fix(name_span, near),
            None => finding.help(format!("write `bnnc explain Normal` for one; all are {}", names())),
        }
    }
}

fn names() -> String {
    let names: Vec<&str> = dist::ALL.iter().map(|f| f.name).collect();
    names.join(", ")
}

impl Checker<'_> {
    /// Where values lie before a cut: for a mixture, in the hull of what it mixes; single points widen nothing.
    pub(super) fn support_of(&self, dist: &Distribution) -> Support {
        if dist.components.is_empty() {
            let args: Vec<ArgValue> = dist.args.iter().map(|a| arg_value(&self.arena, *a)).collect();
            return (dist.family.support)(dist.form, &args);
        }
        let parts: Vec<Support> = (dist.components.iter())
            .filter(|c| !c.has_atom() || !c.components.is_empty())
            .map(|c| self.support_of(c))
            .collect();
        match parts.split_first() {
            None => Support::REAL,
            Some((first, rest)) if rest.iter().all(|s| s == first) => first.clone(),
            Some((first, rest)) => {
                Support::Interval(rest.iter().fold(first.interval(), |hull, s| hull.hull(s.interval())))
            }
        }
    }

    /// D005: as many probabilities as the target has classes.
    fn classes_agree(&mut self, dist: &Distribution, target: &Target) -> Option<()> {
        let Some(ty) = target.observed else { return Some(()) };
        let Support::Class(given) = self.support_of(dist) else { return Some(()) };
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
        } else {
            finding = finding.help(format!("give one number for each of the {wanted} classes"));
        }
        self.found.push(finding);
        None
    }
}
