//! What follows a distribution: `on (a, b)`, `censored by`, `weighted by`, `ordered`; each once, each where it can be.

use super::distributions::Target;
use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::Diagnostic;
use crate::dist::{self, ArgSlot, Ends, Event};
use crate::kernels::scalar::Binary;
use crate::model::{Censoring, Distribution, ExprId, ExprKind};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Expr, Name, Suffix};
use crate::ty::{Element, Interval, Shape};

/// The suffixes of one distribution as typed values, each with its place.
#[derive(Debug, Clone, Default)]
pub struct Said {
    truncation: Option<(ExprId, ExprId, Span)>,
    censoring: Option<(Censoring, Span)>,
    weight: Option<(ExprId, Span)>,
    ordered: Option<Span>,
}

impl<'a> Checker<'a> {
    /// The suffixes as typed values; `None` if something is wrong, which has been reported.
    pub(super) fn suffixes(
        &mut self,
        suffixes: &'a [Spanned<Suffix>],
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<Said> {
        let mut said = Said::default();
        let mut is_right = true;
        for suffix in suffixes {
            let span = suffix.span;
            let (word, first) = match &suffix.value {
                Suffix::On(..) => ("on", said.truncation.map(|t| t.2)),
                Suffix::Ordered => ("ordered", said.ordered),
                Suffix::WeightedBy(_) => ("weighted by", said.weight.map(|w| w.1)),
                Suffix::CensoredBy(_) | Suffix::CensoredBetween(..) => {
                    ("censored by", said.censoring.map(|c| c.1))
                }
            };
            if let Some(first) = first {
                self.found.push(
                    Diagnostic::new("T006", format!("`{word}` is given twice"))
                        .at(span, "the second one")
                        .at(first, "the first one"),
                );
                is_right = false;
                continue;
            }
            let done = match &suffix.value {
                Suffix::On(low, high) => {
                    let ends = self.bound(low, scope, target).zip(self.bound(high, scope, target));
                    said.truncation = ends.map(|(a, b)| (a, b, span));
                    ends.is_some()
                }
                Suffix::Ordered => {
                    said.ordered = Some(span);
                    true
                }
                Suffix::WeightedBy(name) => {
                    said.weight = self.weight(name, scope, target).map(|id| (id, span));
                    said.weight.is_some()
                }
                Suffix::CensoredBy(name) => {
                    said.censoring = self.sides(name, scope, target).map(|c| (c, span));
                    said.censoring.is_some()
                }
                Suffix::CensoredBetween(low, high) => {
                    let seen = self.is_seen("censored by", span, target);
                    let ends = self.bound(low, scope, target).zip(self.bound(high, scope, target));
                    said.censoring = ends.map(|(a, b)| (Censoring::Between(a, b), span));
                    seen.is_some() && ends.is_some()
                }
            };
            is_right &= done;
        }
        is_right.then_some(said)
    }

    fn bound(&mut self, expr: &'a Expr, scope: &Scope<'a>, target: &Target) -> Option<ExprId> {
        let id = self.expr(expr, scope)?;
        let id = self.numeric(id, expr)?;
        let id = self.of_copies(id, ArgSlot::Scalar(Interval::REAL), Event::Scalar, expr.span, target);
        let id = if self.arena.shape(id) == target.shape { id } else { self.arena.single(id) };
        let shape = self.arena.shape(id);
        if shape.is_scalar() || shape == target.shape || target.is_one_copy(shape) {
            return Some(id);
        }
        let found = error::size(shape);
        self.found.push(
            Diagnostic::new("T002", format!("a bound of `{}` is a single number", target.name))
                .at(expr.span, format!("this is {found}")),
        );
        None
    }

    /// Only data have rows to weigh and values that were not seen.
    fn is_seen(&mut self, word: &str, span: Span, target: &Target) -> Option<()> {
        if target.observed.is_some() {
            return Some(());
        }
        self.found.push(
            Diagnostic::new(
                "T006",
                format!("`{word}` belongs to a likelihood; `{}` is an unknown", target.name),
            )
            .at(span, "this speaks of rows of data")
            .at(target.span, "not a column"),
        );
        None
    }

    fn weight(&mut self, name: &'a Name, scope: &Scope<'a>, target: &Target) -> Option<ExprId> {
        self.is_seen("weighted by", name.span, target)?;
        let id = self.name(&name.value, name.span, scope)?;
        let expr = self.arena.get(id);
        let is_number = matches!(expr.ty.element, Element::Real | Element::Count | Element::Bool);
        let fits = is_number && self.arena.interval(id).within(&Interval::NONNEG);
        if fits && self.arena.is_data(id) && self.arena.is_row(id) && self.arena.shape(id).is_scalar() {
            return Some(id);
        }
        let (found, declared) = (self.described(id), self.arena.get(id).span);
        self.found.push(
            Diagnostic::new(
                "T010",
                format!("a weight is a column of numbers from 0; `{}` is {found}", name.value),
            )
            .at(name.span, "this weighs a row's log density")
            .at(declared, "declared here")
            .help(format!("declare it as `count`, `positive` or `nonneg`: `{} : nonneg`", name.value)),
        );
        None
    }

    /// `censored by c`: truth values, or the labels `none`, `right` and `left`.
    fn sides(&mut self, name: &'a Name, scope: &Scope<'a>, target: &Target) -> Option<Censoring> {
        self.is_seen("censored by", name.span, target)?;
        let id = self.name(&name.value, name.span, scope)?;
        let expr = self.arena.get(id).clone();
        // `running = 1 - failed`: what is computed from data and is 0 or 1 says it as well.
        let interval = self.arena.interval(id);
        let is_computed = !matches!(expr.kind, ExprKind::Column(_)) && expr.ty.shape.is_scalar();
        let is_truth = is_computed && interval.is_whole() && interval.low >= 0.0 && interval.high <= 1.0;
        if (expr.ty.element == Element::Bool || is_truth) && self.arena.is_row(id) && self.arena.is_data(id) {
            return Some(Censoring::Sides { right: id, left: None });
        }
        if let ExprKind::Column(c) = expr.kind
            && matches!(expr.ty.element, Element::Class | Element::Factor)
        {
            let levels = self.columns[c.0 as usize].levels.clone();
            if let Some(other) = levels.iter().find(|l| !["none", "right", "left"].contains(&l.as_str())) {
                self.found.push(
                    Diagnostic::new("T002", format!("`{}` holds `{other}`; it says how a value was censored", name.value))
                        .at(name.span, "this may hold `none`, `right` and `left` only")
                        .at(expr.span, "declared here")
                        .help("`right`: the value is a lower bound; `left`: an upper bound; or declare it as `bool`"),
                );
                return None;
            }
            let mut side = |label: &str| {
                let position = levels.iter().position(|l| l == label);
                position.and_then(|position| {
                    let number = self.arena.number(position as f64, name.span);
                    self.arena.binary(Binary::Eq, id, number, name.span).ok()
                })
            };
            let (right, left) = (side("right"), side("left"));
            let right = right.unwrap_or_else(|| self.arena.number(0.0, name.span));
            return Some(Censoring::Sides { right, left });
        }
        let found = self.described(id);
        self.found.push(
            Diagnostic::new(
                "T002",
                format!("`{}` does not say which values are censored: it is {found}", name.value),
            )
            .at(name.span, "a `bool` column is wanted here (true: the value is a lower bound)")
            .at(expr.span, "declared here")
            .help("or a `class` column that holds `none`, `right` and `left`"),
        );
        None
    }

    /// Holds the suffixes against the distribution that they follow, and adds them to it.
    pub(super) fn suffixes_fit(
        &mut self,
        dist: &mut Distribution,
        said: Said,
        target: &Target,
    ) -> Option<()> {
        if let Some((low, high, span)) = said.truncation {
            self.has_mass("on (a, b)", dist, span)?;
            self.ends_fit(dist, [low, high], span)?;
            dist.truncation = Some((low, high));
        }
        if let Some((censoring, span)) = said.censoring {
            self.has_mass("censored by", dist, span)?;
            let ends = match censoring {
                Censoring::Between(low, high) => vec![low, high],
                Censoring::Sides { .. } => vec![],
            };
            if matches!(ends_of(dist), Ends::Constant | Ends::Known) {
                let what = format!("`censored by` of `{}`", dist.family.name);
                let instead = if dist.is_discrete() {
                    "`Poisson` and `Geometric` counts may be censored, and all of them cut: `on (a, b)`"
                } else {
                    "`Kumaraswamy` has values in (0, 1) too and may be censored; `Beta` may be cut: `on (a, b)`"
                };
                self.found.push(error::not_yet(&what, span, instead));
                return None;
            }
            self.ends_fit(dist, ends, span)?;
            dist.censoring = Some(censoring);
        }
        dist.weight = said.weight.map(|(id, _)| id);
        if let Some(span) = said.ordered {
            self.can_be_ordered(dist, span, target)?;
            dist.is_ordered = true;
        }
        Some(())
    }

    /// X001: a mass that is not known, or not differentiable in an argument that is unknown.
    fn has_mass(&mut self, word: &str, dist: &Distribution, span: Span) -> Option<()> {
        for part in &dist.components {
            self.has_mass(word, part, span)?;
        }
        let family = dist.family;
        if !dist.components.is_empty() {
            return Some(());
        }
        if family.log_mass.is_none() || family.event != Event::Scalar {
            let what = format!("`{word}` of `{}`", family.name);
            self.found.push(error::not_yet(&what, span, with_a_mass(family)));
            return None;
        }
        for (spec, id) in family.forms[dist.form].args.iter().zip(&dist.args) {
            let is_number = family.mass_ends == Ends::Known;
            let is_fixed =
                if is_number { self.arena.constant(*id).is_some() } else { self.arena.is_data(*id) };
            if family.fixed_for_mass.contains(&spec.name) && !is_fixed {
                let (state, wanted) = if is_number && self.arena.is_data(*id) {
                    ("no constant", "this would have to be a constant")
                } else {
                    (
                        "unknown",
                        if is_number {
                            "this would have to be a constant"
                        } else {
                            "this would have to be a constant or data"
                        },
                    )
                };
                let what = format!("`{word}` of `{}` where `{}` is {state}", family.name, spec.name);
                let finding =
                    error::not_yet(&what, span, with_a_mass(family)).at(self.arena.get(*id).span, wanted);
                self.found.push(finding);
                return None;
            }
        }
        Some(())
    }

    /// The ends of an interval of whole numbers are whole numbers that nothing unknown moves.
    fn ends_fit(
        &mut self,
        dist: &Distribution,
        ends: impl IntoIterator<Item = ExprId>,
        span: Span,
    ) -> Option<()> {
        let wanted = ends_of(dist);
        for end in ends {
            let interval = self.arena.interval(end);
            let is_infinite = interval.is_point() && interval.low.is_infinite();
            let fits = match wanted {
                Ends::Any => true,
                Ends::Data => is_infinite || (self.arena.is_data(end) && interval.is_whole()),
                Ends::Constant => {
                    is_infinite
                        || self
                            .arena
                            .constant(end)
                            .is_some_and(|n| n == n.floor() && n.abs() <= crate::dist::MOST_TERMS as f64)
                }
                Ends::Known => is_infinite || self.arena.constant(end).is_some(),
            };
            if !fits {
                let what = format!("such an interval of `{}`", dist.family.name);
                let (least, but) = match wanted {
                    Ends::Any | Ends::Known => ("a constant", "this is not known before the data are read"),
                    Ends::Data => (
                        "a whole number from constants or data",
                        "this is not known before the fit, or no whole number",
                    ),
                    Ends::Constant => {
                        ("a whole number up to 1000", "this is not known before the fit, or no whole number")
                    }
                };
                let finding =
                    error::not_yet(&what, span, format!("write {least}")).at(self.arena.get(end).span, but);
                self.found.push(finding);
                return None;
            }
        }
        Some(())
    }

    /// `ordered`: several copies that are alike.
    fn can_be_ordered(&mut self, dist: &Distribution, span: Span, target: &Target) -> Option<()> {
        let finding = if target.observed.is_some() {
            Diagnostic::new("T006", format!("`ordered` belongs to an unknown; `{}` is data", target.name))
                .at(span, "this restricts copies of an unknown")
        } else if target.shape.is_scalar() {
            Diagnostic::new("T006", format!("`{}` has no copies to order", target.name))
                .at(span, "this restricts copies to increasing order")
                .help(format!("give it copies: `{}[2] ~ …`", target.name))
        } else if dist.event() != Event::Scalar {
            error::not_yet(
                &format!("`ordered` of `{}`", dist.family.name),
                span,
                "order copies of numbers: `mu[2] ~ Normal(0, 2) ordered`",
            )
        } else if dist.exprs().iter().any(|id| !is_alike(self.arena.shape(*id), target.shape)) {
            error::not_yet(
                "`ordered` of copies with arguments of their own",
                span,
                "write the steps between them: `gap ~ HalfNormal(1)` and `mu = [low, low + gap]`",
            )
        } else {
            return Some(());
        };
        self.found.push(finding);
        None
    }
}

/// Which distributions can be cut and censored whatever their arguments are.
fn with_a_mass(family: &dist::Family) -> String {
    let any = |f: &&&dist::Family| {
        f.log_mass.is_some()
            && f.is_discrete == family.is_discrete
            && f.event == Event::Scalar
            && f.fixed_for_mass.is_empty()
    };
    let names: Vec<&str> = dist::ALL.iter().filter(any).map(|f| f.name).collect();
    format!("{} take any arguments here", error::and_list(&names))
}

/// Whether a value is the same for all copies along the last axis.
fn is_alike(shape: &Shape, _target: &Shape) -> bool {
    shape.len() == 1
}

/// What the ends of an interval must be: the strictest of what is mixed.
fn ends_of(dist: &Distribution) -> Ends {
    let parts = dist.components.iter().map(ends_of);
    parts.fold(dist.family.mass_ends, |a, b| match (a, b) {
        (Ends::Constant, _) | (_, Ends::Constant) => Ends::Constant,
        (Ends::Known, _) | (_, Ends::Known) => Ends::Known,
        (Ends::Data, _) | (_, Ends::Data) => Ends::Data,
        (Ends::Any, Ends::Any) => Ends::Any,
    })
}
