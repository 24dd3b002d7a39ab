//! Distributions whose values are vectors or matrices: how long they are, and which sizes left of `~` are copies.
//!
//! ```text
//! theta[school] ~ MvNormal(m, …)      a vector per school: m says how long
//! share[3] ~ Dirichlet(1)             the value's size stands last
//! L[2] ~ LKJCholesky(eta = 2)         a matrix, its size written once
//! ```
//!
//! Where an argument says how long a vector is, a last size that runs along a factor counts copies; a last number is
//! the vector's own if it is the same.

use super::distributions::Target;
use super::forms::match_form;
use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::Diagnostic;
use crate::dist::{ArgSlot, Event, Family};
use crate::model::{Distribution, ExprId};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr};
use crate::ty::Shape;

/// Sizes and, for each axis, its labels.
pub type Sizes = (Shape, Vec<Vec<String>>);

impl<'a> Checker<'a> {
    /// The full sizes of an unknown from those written left of `~`.
    pub(super) fn event_sizes(
        &mut self,
        family: &'static Family,
        (name, args, span): (Span, &'a [Arg], Span),
        (mut shape, mut labels): Sizes,
        scope: &Scope<'a>,
    ) -> Option<Sizes> {
        if family.event == Event::Scalar {
            return Some((shape, labels));
        }
        labels.resize(shape.rank(), vec![]);
        let (form, args) = match match_form(family, name, args, span) {
            Ok(matched) => matched,
            Err(finding) => {
                self.found.push(*finding);
                return None;
            }
        };
        let ids: Vec<Option<ExprId>> = args.iter().map(|a| self.argument(a, scope)).collect();
        let ids: Vec<ExprId> = ids.into_iter().collect::<Option<_>>()?;
        let from_args = self.event_len(family, form, &ids);
        let last_is_plain = labels.last().is_some_and(Vec::is_empty);
        match from_args {
            Some(n) if !(last_is_plain && shape.0.last() == Some(&n)) => {
                shape.0.push(n);
                labels.push(vec![]);
            }
            Some(_) => {}
            None if shape.is_scalar() => {
                self.found.push(
                    Diagnostic::new(
                        "T001",
                        format!("`{}` has values of several numbers; how many?", family.name),
                    )
                    .at(span, "nothing here says how many")
                    .help(format!("write the size last on the left: `name[3] ~ {}(…)`", family.name)),
                );
                return None;
            }
            None => {}
        }
        if family.event == Event::Square {
            let n = shape.0.last().copied().unwrap_or(1);
            let along = labels.last().cloned().unwrap_or_default();
            shape.0.push(n);
            labels.push(along);
        }
        Some((shape, labels))
    }

    /// How many numbers the arguments say that a vector has.
    fn event_len(&self, family: &Family, form: usize, ids: &[ExprId]) -> Option<usize> {
        family.forms[form].args.iter().zip(ids).find_map(|(spec, id)| {
            let shape = self.arena.shape(*id);
            match spec.slot {
                ArgSlot::Entries(_) => shape.0.last().copied(),
                ArgSlot::Covariance | ArgSlot::Cholesky | ArgSlot::CholeskyCorr => match shape.0.as_slice() {
                    [all] => side(*all),
                    [.., n] => Some(*n),
                    [] => None,
                },
                _ => None,
            }
        })
    }

    /// A target has as many numbers as a value of the distribution.
    pub(super) fn event_fits(&mut self, dist: &Distribution, target: &Target) -> Option<()> {
        let rank = dist.family.event.rank();
        if target.shape.rank() < rank {
            let what = error::size(target.shape);
            self.found.push(
                Diagnostic::new(
                    "T002",
                    format!(
                        "`{}` has values of several numbers, `{}` is {what}",
                        dist.family.name, target.name
                    ),
                )
                .at(dist.span, "gives several numbers at once")
                .at(target.span, what)
                .help(format!(
                    "declare it as a vector: `{} : real[{}]`",
                    target.name,
                    self.event_len(dist.family, dist.form, &dist.args).unwrap_or(3)
                )),
            );
            return None;
        }
        if dist.family.name == "RandomWalk" && target.observed.is_some() {
            self.found.push(error::not_yet(
                "`RandomWalk` of data",
                dist.name_span(),
                format!("say what one step is: `{0} ~ Normal(lag({0}, 1), sd)`", target.name),
            ));
            return None;
        }
        if let (Some(given), Some(has)) =
            (self.event_len(dist.family, dist.form, &dist.args), target.shape.0.last())
            && given != *has
            && rank > 0
        {
            self.found.push(
                Diagnostic::new(
                    "T001",
                    format!(
                        "`{}` is {}, `{}` here gives vectors of {given}",
                        target.name, target.shape, dist.family.name
                    ),
                )
                .at(dist.span, format!("vectors of {given}"))
                .at(target.span, format!("is {}", target.shape)),
            );
            return None;
        }
        Some(())
    }

    /// The sizes left of `~`, with those that the distribution adds.
    pub(super) fn all_sizes(
        &mut self,
        sizes: &'a [Expr],
        family: Option<&'static Family>,
        written: (Span, &'a [Arg], Span),
        scope: &Scope<'a>,
    ) -> Option<Sizes> {
        let sizes = self.sizes(sizes, scope)?;
        match family {
            Some(family) => self.event_sizes(family, written, sizes, scope),
            None => Some(sizes),
        }
    }
}

/// The side of a square of so many numbers.
pub fn side(all: usize) -> Option<usize> {
    let n = (all as f64).sqrt().round() as usize;
    (n * n == all).then_some(n)
}
