//! `Mixture(weights, A, B, …)`: which distributions are mixed.
//!
//! With one component whose arguments are vectors of K there are K components, one for each entry.

use super::distributions::Target;
use super::forms::match_form;
use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::Diagnostic;
use crate::dist::{self, ArgSlot, Event, Family};
use crate::model::{Distribution, ExprId};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arg, ExprKind as Written, Suffix};
use crate::ty::Support;

/// The only argument that is a value.
const WEIGHTS: usize = 0;

impl<'a> Checker<'a> {
    /// A mixture from its parts.
    pub(super) fn mixture(
        &mut self,
        family: &'static Family,
        args: &'a [Arg],
        suffixes: &'a [Spanned<Suffix>],
        span: Span,
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<Distribution> {
        let help = "write `Mixture([p, 1 - p], Normal(0, 1), Normal(0, 5))`";
        let [first, rest @ ..] = args else {
            self.found.push(
                Diagnostic::new("T006", "`Mixture` takes weights and distributions, nothing given")
                    .at(span, "weights come first")
                    .help(help),
            );
            return None;
        };
        if rest.is_empty() {
            self.found.push(
                Diagnostic::new("T006", "`Mixture` has nothing to mix")
                    .at(span, "distributions follow the weights")
                    .help(help),
            );
            return None;
        }
        let weights_name = first.name.as_ref().filter(|n| n.value != "weights");
        if let Some(named) = weights_name.or_else(|| rest.iter().find_map(|a| a.name.as_ref())) {
            self.found.push(
                Diagnostic::new("N012", format!("`Mixture` has no argument `{}`", named.value))
                    .at(named.span, "weights and distributions have no names")
                    .help(help),
            );
            return None;
        }
        let weights = self.argument(first, scope)?;
        let weights = self.of_copies(weights, ArgSlot::Simplex, Event::Scalar, first.value.span, target);
        let weights = self.fits_slot(family, 0, WEIGHTS, weights, first, target)?;
        let count = self.arena.shape(weights).0.last().copied().unwrap_or(1);
        let components = match rest {
            [only] => self.copies_of(only, count, scope, target)?,
            many => {
                let parts: Vec<_> = many.iter().map(|a| self.component(a, scope, target)).collect();
                parts.into_iter().collect::<Option<Vec<_>>>()?
            }
        };
        if components.len() != count {
            let (given, weighed) = (
                error::count(components.len(), "distribution", "distributions"),
                error::count(count, "weight", "weights"),
            );
            self.found.push(
                Diagnostic::new("T001", format!("{given} are mixed by {weighed}"))
                    .at(first.value.span, weighed)
                    .at(span, given),
            );
            return None;
        }
        if let Some(other) = components.iter().find(|c| c.event() != components[0].event()) {
            let found = "a mixture of numbers and vectors";
            let instead = "mix distributions of numbers only, or of vectors of one size only";
            let finding = error::not_yet(found, other.name_span(), instead);
            self.found.push(finding.at(components[0].name_span(), "this is mixed with it"));
            return None;
        }
        if let Some(finding) = mixed_measures(&components, span) {
            self.found.push(finding);
            return None;
        }
        if let Some(censored) = components.iter().find(|c| c.weight.is_some() || c.is_ordered) {
            self.found.push(error::not_yet(
                "this suffix of a component",
                censored.name_span(),
                "let it follow the mixture: `Mixture(…) weighted by w`",
            ));
            return None;
        }
        // A point among them makes an unknown discrete, which is said elsewhere (G003).
        let has_atom = components.iter().any(Distribution::has_atom);
        if target.observed.is_none() && !has_atom && !self.mixes_one_support(&components) {
            return None;
        }
        let said = self.suffixes(suffixes, scope, target)?;
        let mut dist = Distribution { components, ..Distribution::new(family, 0, vec![weights], span) };
        self.suffixes_fit(&mut dist, said, target)?;
        self.bounds_are_in_order(&dist)?;
        Some(dist)
    }

    /// A bijection reaches one support only, so all components of an unknown have it.
    fn mixes_one_support(&mut self, components: &[Distribution]) -> bool {
        let supports: Vec<_> = components.iter().map(|c| self.support_of(c)).collect();
        let is_other =
            |(c, support): &(&Distribution, &Support)| **support != supports[0] || c.truncation.is_some();
        let Some((other, support)) = components.iter().zip(&supports).find(is_other) else { return true };
        let first = &components[0];
        let finding = error::not_yet(
            "a mixture of different supports for an unknown",
            other.name_span(),
            "mix distributions of one support without bounds of their own, and let `on (a, b)` follow the mixture",
        );
        self.found.push(match *support == supports[0] {
            true => finding,
            false => finding
                .at(first.name_span(), format!("values of this are {}", supports[0]))
                .note(format!("values of `{}` are {support}", other.family.name)),
        });
        false
    }

    /// A distribution among the arguments.
    fn component(&mut self, arg: &'a Arg, scope: &Scope<'a>, target: &Target) -> Option<Distribution> {
        let (name, args) = self.written(arg)?;
        self.deeper(1, arg.value.span, |checker| {
            checker.distribution_of(name, args, &arg.suffixes, arg.value.span, scope, target)
        })
    }

    /// The name and the arguments of a distribution where an expression may stand.
    fn written(&mut self, arg: &'a Arg) -> Option<((&'a str, Span), &'a [Arg])> {
        let is_family = |name: &str| dist::find(name).is_some();
        match &arg.value.kind {
            Written::Call { name, args } => Some(((name.value.as_str(), name.span), args)),
            Written::Name(name) if is_family(name) => Some(((name.as_str(), arg.value.span), &[])),
            _ => {
                self.found.push(
                    Diagnostic::new("T006", "`Mixture` takes weights first, then distributions")
                        .at(arg.value.span, "this is a value")
                        .help("write `Mixture([p, 1 - p], Normal(0, 1), Normal(0, 5))`"),
                );
                None
            }
        }
    }

    /// One distribution with vectors of K for arguments, as K distributions.
    fn copies_of(
        &mut self,
        arg: &'a Arg,
        count: usize,
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<Vec<Distribution>> {
        let ((name, name_span), args) = self.written(arg)?;
        let span = arg.value.span;
        let Some(family) = dist::find(name).filter(|f| f.name != "Mixture") else {
            return self.component(arg, scope, target).map(|one| vec![one]);
        };
        let (form, args) = match match_form(family, name_span, args, span) {
            Ok(matched) => matched,
            Err(finding) => {
                self.found.push(*finding);
                return None;
            }
        };
        let ids: Vec<Option<ExprId>> = args.iter().map(|a| self.argument(a, scope)).collect();
        let ids: Vec<ExprId> = ids.into_iter().collect::<Option<_>>()?;
        let said = self.suffixes(&arg.suffixes, scope, target)?;
        let own_rank = |i: usize| match family.forms[form].args[i].slot {
            ArgSlot::Scalar(_) => 0,
            ArgSlot::Simplex | ArgSlot::Scores | ArgSlot::Ordered | ArgSlot::Entries(_) => 1,
            ArgSlot::Components => 1,
            ArgSlot::Covariance | ArgSlot::Cholesky | ArgSlot::CholeskyCorr => 2,
        };
        let varies = |checker: &Self, i: usize| {
            let shape = checker.arena.shape(ids[i]);
            shape.rank() > own_rank(i) && shape.0.first() == Some(&count)
        };
        if count == 1 || !(0..ids.len()).any(|i| varies(self, i)) {
            self.found.push(
                Diagnostic::new("T001", format!("one distribution is mixed by {count} weights"))
                    .at(span, format!("none of its arguments is a vector of {count}"))
                    .help(format!("give it vectors of {count}, or write {count} distributions")),
            );
            return None;
        }
        let mut parts = vec![];
        for k in 0..count {
            let of_k: Vec<ExprId> =
                (0..ids.len())
                    .map(|i| {
                        if varies(self, i) {
                            self.arena.element(ids[i], k, args[i].value.span)
                        } else {
                            ids[i]
                        }
                    })
                    .collect();
            let dist = Distribution::new(family, form, of_k, span);
            parts.push(self.fitted(dist, &args, said.clone(), target)?);
        }
        Some(parts)
    }
}

/// L002: the probabilities of whole numbers and the densities of a continuous distribution cannot be added; single
/// points (`Delta`) have a place among both.
fn mixed_measures(components: &[Distribution], span: Span) -> Option<Diagnostic> {
    let mut leaves = vec![];
    let mut pending: Vec<&Distribution> = components.iter().rev().collect();
    while let Some(part) = pending.pop() {
        match part.components.as_slice() {
            [] if part.has_atom() => {}
            [] => leaves.push(part),
            parts => pending.extend(parts.iter().rev()),
        }
    }
    let first = leaves.first()?;
    let other = leaves.iter().find(|l| l.family.is_discrete != first.family.is_discrete)?;
    let is = |d: &Distribution| if d.family.is_discrete { "gives whole numbers" } else { "is continuous" };
    let (a, b) = (first.family.name, other.family.name);
    Some(
        Diagnostic::new(
            "L002",
            format!("`{a}` {}, but `{b}` {}: they cannot be mixed", is(first), is(other)),
        )
        .at(span, "these are mixed")
        .at(first.span, is(first))
        .at(other.span, is(other))
        .note("a probability and a density have no sum")
        .help("mix distributions of one kind; `Delta(value)` is a point that comes too often among both"),
    )
}
