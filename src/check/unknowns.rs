//! `name[sizes] ~ Dist(…)`: the unknown with its prior, its support, and from it the bijection.

use super::distributions::Target;
use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::Diagnostic;
use crate::dist;
use crate::model::{ColumnId, Distribution, ExprId, ExprKind, Role, Treatment, Unknown};
use crate::source::Span;
use crate::syntax::ast::{Arg, Dist, Expr, ExprKind as Written};
use crate::transform;
use crate::ty::{Element, Interval, Shape, Support};

/// More steps than this in one walk are taken for a mistake.
const LONGEST_WALK: u64 = 10_000;

/// More elements than this in one unknown is taken for a mistake.
pub const MOST_ELEMENTS: usize = 1 << 28;

impl<'a> Checker<'a> {
    /// An unknown of the top level.
    pub(super) fn top_unknown(
        &mut self,
        name: &'a str,
        span: Span,
        sizes: &'a [Expr],
        dist: &'a Dist,
    ) -> Option<ExprId> {
        let top = Scope::default();
        // `Point(Dirichlet(1))` has the sizes of what it penalises.
        let inner = match dist.args.as_slice() {
            [Arg { value: Expr { kind: Written::Call { name, args }, .. }, .. }]
                if dist.name.value == "Point" =>
            {
                Some((name, args.as_slice()))
            }
            _ => None,
        };
        let (family, args) = inner.unwrap_or((&dist.name, dist.args.as_slice()));
        let written = (family.span, args, dist.span);
        let family = dist::find(&family.value);
        let (shape, labels) = self.all_sizes(sizes, family, written, &top)?;
        let factors: Vec<Option<ColumnId>> =
            sizes.iter().map(|size| self.expr(size, &top).and_then(|id| self.factor(id))).collect();
        self.unknown(name.to_owned(), shape, labels, &factors, dist, &top, Role::Plain, span)
    }

    /// The column behind a factor, or a class.
    fn factor(&self, id: ExprId) -> Option<ColumnId> {
        match self.arena.get(id) {
            expr if !matches!(expr.ty.element, Element::Factor | Element::Class) => None,
            expr => match expr.kind {
                ExprKind::Column(c) => Some(c),
                _ => None,
            },
        }
    }

    /// The sizes left of `~`: numbers, constants, factor columns.
    pub(super) fn sizes(
        &mut self,
        sizes: &'a [Expr],
        scope: &Scope<'a>,
    ) -> Option<(Shape, Vec<Vec<String>>)> {
        let axes: Vec<Option<(usize, Vec<String>)>> = sizes.iter().map(|s| self.one_size(s, scope)).collect();
        let axes: Vec<(usize, Vec<String>)> = axes.into_iter().collect::<Option<_>>()?;
        let total = axes.iter().try_fold(1usize, |n, (size, _)| n.checked_mul(*size));
        if total.is_none_or(|n| n > MOST_ELEMENTS)
            && let (Some(first), Some(last)) = (sizes.first(), sizes.last())
        {
            self.found.push(
                Diagnostic::new("T011", "this is too large for one unknown")
                    .at(first.span.to(last.span), format!("more than {MOST_ELEMENTS} elements")),
            );
            return None;
        }
        let (sizes, labels) = axes.into_iter().unzip();
        Some((Shape(sizes), labels))
    }

    fn one_size(&mut self, size: &'a Expr, scope: &Scope<'a>) -> Option<(usize, Vec<String>)> {
        if let Some(axis) = self.axis(size, scope) {
            return Some((self.axis_size(axis), vec![]));
        }
        // Nets and layers have names of their own.
        let is_top = scope.net.is_none() && scope.layer.is_none();
        if let Some(finding) = is_top.then(|| self.index_of_a_loop(size)).flatten() {
            self.found.push(finding);
            return None;
        }
        let id = self.expr(size, scope)?;
        let expr = self.arena.get(id);
        if let ExprKind::Column(c) = expr.kind
            && let (Element::Factor | Element::Class, Support::Factor(k) | Support::Class(k)) =
                (expr.ty.element, &expr.ty.support)
        {
            return Some((*k, self.columns[c.0 as usize].levels.clone()));
        }
        if let ExprKind::Column(c) = expr.kind
            && let Some([first, last]) = self.columns[c.0 as usize].range
        {
            if last - first < LONGEST_WALK {
                return Some(((last - first) as usize + 1, (first..=last).map(|n| n.to_string()).collect()));
            }
            let name = &self.columns[c.0 as usize].name;
            self.found.push(
                Diagnostic::new("T011", format!("a walk from {first} to {last} has too many steps"))
                    .at(size.span, format!("`{name}` goes from {first} to {last}"))
                    .help(format!("walk along fewer steps: at most {LONGEST_WALK}")),
            );
            return None;
        }
        match self.arena.constant(id) {
            Some(n) if n >= 1.0 && n == n.floor() && n <= MOST_ELEMENTS as f64 => Some((n as usize, vec![])),
            Some(n) => {
                self.found.push(
                    Diagnostic::new("T011", format!("a size is a whole number from 1; this is {n}"))
                        .at(size.span, format!("is {n}"))
                        .help("a single unknown stands without a size: `name ~ …`"),
                );
                None
            }
            None => {
                let (found, element) = (self.described(id), self.arena.get(id).ty.element);
                let finding = Diagnostic::new("T002", "a size is a number, a constant or a factor column")
                    .at(size.span, format!("this is {found}"))
                    .note("on the left of `~`, brackets hold sizes, never an index");
                self.found.push(match (&size.kind, element) {
                    (Written::Name(name), Element::Count) => finding.help(format!(
                        "declare it as a factor, `{name} : factor`; only the last size of a `RandomWalk` may be a count"
                    )),
                    _ => finding,
                });
                None
            }
        }
    }

    /// N001 for `theta[j] ~ …` where nothing is called `j`.
    fn index_of_a_loop(&self, size: &Expr) -> Option<Diagnostic> {
        let Written::Name(name) = &size.kind else { return None };
        if !matches!(name.as_str(), "i" | "j" | "k" | "t" | "n") || self.names.find(name).is_some() {
            return None;
        }
        let factor = self.columns.iter().find(|c| c.ty.element == Element::Factor);
        let along = factor.map_or("school", |c| c.name.as_str());
        Some(
            Diagnostic::new("N001", format!("`{name}` is not defined"))
                .at(size.span, "there are no loops, and so no index")
                .note(
                    "left of `~` stands how many copies there are: a number, a constant, or a factor column",
                )
                .help(format!("write `[{along}]` for one copy per level of a factor, or `[8]` for eight")),
        )
    }

    /// An unknown with a written prior.
    pub(super) fn unknown(
        &mut self,
        name: String,
        shape: Shape,
        axis_labels: Vec<Vec<String>>,
        factors: &[Option<ColumnId>],
        dist: &'a Dist,
        scope: &Scope<'a>,
        role: Role,
        span: Span,
    ) -> Option<ExprId> {
        let along_factor = axis_labels.iter().any(|labels| !labels.is_empty());
        let target = Target { name: &name, span, shape: &shape, along_factor, factors, observed: None };
        let (treatment, prior) = match dist.name.value.as_str() {
            "Point" => self.point(dist, scope, &target)?,
            "Posterior" => (Treatment::Random, self.posterior(dist, scope, &target)?),
            _ => {
                let prior = self.distribution(dist, scope, &target)?;
                (Treatment::Random, self.global(&target, prior)?)
            }
        };
        let axis_labels = if axis_labels.is_empty() { vec![vec![]; shape.rank()] } else { axis_labels };
        self.put_unknown(name, shape, axis_labels, prior, treatment, role, false, span)
    }

    /// `w ~ Point` and `w ~ Point(prior)`
    fn point(
        &mut self,
        dist: &'a Dist,
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<(Treatment, Distribution)> {
        match dist.args.as_slice() {
            // `Point on (0, inf)` is a point of `Flat on (0, inf)`.
            [] => {
                let flat = ("Flat", dist.name.span);
                let prior = self.distribution_of(flat, &[], &dist.suffixes, dist.span, scope, target)?;
                Some((Treatment::Point, self.global(target, prior)?))
            }
            [Arg { name: None, value, suffixes }] => {
                let (family, args): (_, &'a [Arg]) = match &value.kind {
                    Written::Call { name, args } => (Some((name.value.as_str(), name.span)), args),
                    Written::Name(name) => (Some((name.as_str(), value.span)), &[]),
                    _ => (None, &[]),
                };
                let Some(family) = family else {
                    self.found.push(
                        Diagnostic::new("T006", "`Point` takes a distribution, or nothing")
                            .at(value.span, "this is a value")
                            .help("write `Point(Normal(0, 1))`, or `Point`"),
                    );
                    return None;
                };
                // `Point(Normal(0, 1)) on (0, 2)` is `Point(Normal(0, 1) on (0, 2))`.
                let suffixes = match (suffixes.as_slice(), dist.suffixes.first()) {
                    ([], _) => &dist.suffixes,
                    (_, None) => suffixes,
                    ([inner, ..], Some(outer)) => {
                        self.found.push(
                            Diagnostic::new("T006", "suffixes inside `Point(…)` and after it")
                                .at(outer.span, "this one is after it")
                                .at(inner.span, "this one is inside")
                                .help("write all of them inside the brackets"),
                        );
                        return None;
                    }
                };
                let prior = self.distribution_of(family, args, suffixes, value.span, scope, target)?;
                Some((Treatment::PointWithPrior, self.global(target, prior)?))
            }
            args => {
                let given = args.len();
                self.found.push(
                    Diagnostic::new(
                        "T006",
                        format!("`Point` takes one distribution, or nothing; {given} given"),
                    )
                    .at(dist.span, "too many arguments"),
                );
                None
            }
        }
    }

    /// A prior is not discrete, and its bounds are one for all rows.
    fn global(&mut self, target: &Target, prior: Distribution) -> Option<Distribution> {
        if prior.is_discrete() || prior.has_atom() {
            let name = target.name;
            let why = match prior.has_atom() {
                true => format!("`{}` has a point with probability of its own", prior.family.name),
                false => format!("`{}` has whole numbers or classes only", prior.family.name),
            };
            self.found.push(
                Diagnostic::new("G003", format!("the discrete unknown `{name}` cannot be fitted"))
                    .at(prior.span, why)
                    .at(target.span, "this is not a column, so it is an unknown")
                    .help("sum it out with `Mixture`; if it is data, declare it in the `data` block"),
            );
            return None;
        }
        let bounds = prior.truncation.into_iter().flat_map(|(a, b)| [a, b]);
        match bounds.into_iter().find(|b| self.arena.is_row(*b)) {
            Some(bound) => {
                let finding = self.row_in_prior(target, bound, prior.span);
                self.found.push(finding);
                None
            }
            None => Some(prior),
        }
    }

    /// A prior depends on a column: for copies along a factor it could, for others it makes no sense.
    pub(super) fn row_in_prior(&self, target: &Target, id: ExprId, at: Span) -> Diagnostic {
        let name = target.name;
        let column = self.first_column(id);
        let words = column.as_ref().map_or("a column".to_owned(), |(_, c)| format!("the column `{c}`"));
        let finding = match target.along_factor {
            true => error::not_yet(
                &format!("{words} in the arguments of such a prior"),
                at,
                "copies along one factor may read columns, `theta[school] ~ Normal(a * income, s)`; here, \
                 move it to the likelihood, where each row has its own value",
            ),
            false => Diagnostic::new(
                "T002",
                format!("`{name}` has one value for all rows, but its prior depends on {words}"),
            )
            .at(at, "this has a value per row")
            .help(format!(
                "move it to the likelihood; if `{name}` was meant to be data, declare it as a column"
            )),
        };
        match column {
            Some((declared, c)) => finding.at(declared, format!("`{c}` has a value per row")),
            None => finding,
        }
    }

    /// A column that an expression depends on.
    fn first_column(&self, id: ExprId) -> Option<(Span, String)> {
        let mut id = id;
        loop {
            if let ExprKind::Column(c) = self.arena.get(id).kind {
                let column = &self.columns[c.0 as usize];
                return Some((column.span, column.name.clone()));
            }
            id = self.arena.get(id).kind.operands().into_iter().find(|o| self.arena.is_row(*o))?;
        }
    }

    /// The implied priors of a layer: `w ~ Normal(0, 1/sqrt(fan_in))`, `b ~ Normal(0, 1)`.
    pub(super) fn default_tensor(
        &mut self,
        full: String,
        tensor: &str,
        shape: Shape,
        role: Role,
        span: Span,
    ) -> Option<ExprId> {
        let fan_in = match &role {
            Role::Net { fan_in, .. } if tensor == "w" => *fan_in,
            Role::Net { .. } | Role::Plain => 1,
        };
        let family = dist::find("Normal")?;
        let mean = self.arena.number(0.0, span);
        let sd = self.arena.number(1.0 / (fan_in as f64).sqrt(), span);
        let prior = Distribution::new(family, 0, vec![mean, sd], span);
        let labels = vec![vec![]; shape.rank()];
        let id = self.put_unknown(full.clone(), shape, labels, prior, Treatment::Random, role, true, span)?;
        self.parts.insert(full, id);
        Some(id)
    }

    fn put_unknown(
        &mut self,
        name: String,
        shape: Shape,
        axis_labels: Vec<Vec<String>>,
        prior: Distribution,
        treatment: Treatment,
        role: Role,
        is_default: bool,
        span: Span,
    ) -> Option<ExprId> {
        let (support, bijection, bounds) = self.transform(&name, &shape, &prior)?;
        let id = self.arena.unknown(self.unknowns.len(), shape.clone(), support.clone(), span);
        self.unknowns.push(Unknown {
            name,
            shape,
            axis_labels,
            prior,
            support,
            bijection,
            bounds,
            treatment,
            role,
            is_default,
            span,
        });
        Some(id)
    }

    /// Transform inference: the support of the truncated prior, its bijection, and the bounds as expressions.
    fn transform(
        &mut self,
        name: &str,
        shape: &Shape,
        prior: &Distribution,
    ) -> Option<(Support, &'static transform::Bijection, Vec<ExprId>)> {
        let own = match self.support_of(prior) {
            Support::Interval(own) => own,
            // The family knows what its values are, not how many; the unknown knows both.
            own => {
                let last = shape.0.last().copied().unwrap_or(1);
                let own = own.of_size(last);
                if last < 2 {
                    self.found.push(
                        Diagnostic::new("T011", format!("`{name}` is {own}: nothing is left to be unknown"))
                            .at(prior.span, format!("`{}` needs at least 2 entries", prior.family.name)),
                    );
                    return None;
                }
                return match transform::for_support(&own) {
                    Some((bijection, _)) => Some((own, bijection, vec![])),
                    None => {
                        self.found.push(error::not_yet(
                            &format!("an unknown that is {own}"),
                            prior.name_span(),
                            "take a distribution of numbers, `Dirichlet` or `LKJCholesky`",
                        ));
                        None
                    }
                };
            }
        };
        // Ends that are arguments and no constants (`Uniform`, `Pareto`), then those of `on`.
        let [mut low, mut high] =
            [(own.low, 0), (own.high, 1)].map(|(number, side)| match prior.family.ends[side] {
                Some(argument) if number.is_nan() => self.end(prior.args[argument]),
                _ => End::number(number),
            });
        if let Some((a, b)) = prior.truncation {
            // Where an end is infinite the bijection is another one, and all copies have the same.
            let is_endless = |id: &&ExprId| {
                self.numbers(**id).is_some_and(|n| n.len() > 1 && n.iter().any(|x| x.is_infinite()))
            };
            if let Some(bound) = [a, b].iter().find(is_endless) {
                self.found.push(error::not_yet(
                    "`inf` as the bound of some copies only",
                    self.arena.get(*bound).span,
                    "one `inf` may stand for all copies; declare those with other bounds by themselves",
                ));
                return None;
            }
            let (from, to) = (self.end(a), self.end(b));
            let Some(ends) = low.cut(from, true).zip(high.cut(to, false)) else {
                self.found.push(error::not_yet(
                    &format!(
                        "bounds of `{}` that depend on unknowns and may lie outside it",
                        prior.family.name
                    ),
                    prior.name_span(),
                    "let the bound lie inside by itself: `exp(…)` and `softplus(…)` are positive",
                ));
                return None;
            };
            (low, high) = ends;
        }
        let interval = Interval::open(low.range.low, high.range.high);
        if prior.is_ordered {
            return self.ordered(shape, prior, low, high);
        }
        // Where a bound is an expression any number will do: only the kind of bijection is asked for.
        let pattern = Interval::open(
            if low.expr.is_some() { -1.0 } else { low.range.low },
            if high.expr.is_some() { interval.low.max(-1.0) + 2.0 } else { high.range.high },
        );
        let pattern = match low.expr.is_some() && high.expr.is_none() && high.range.high.is_finite() {
            true => Interval::open(high.range.high - 1.0, high.range.high),
            false => pattern,
        };
        let Some((bijection, numbers)) = transform::for_support(&Support::Interval(pattern)) else {
            self.found.push(error::not_yet(
                &format!("an unknown on {interval} (`{name}`)"),
                prior.name_span(),
                "give it bounds that are constants",
            ));
            return None;
        };
        let mut ends = vec![];
        if pattern.low.is_finite() {
            ends.push(low);
        }
        if pattern.high.is_finite() {
            ends.push(high);
        }
        let bounds = match numbers.len() {
            0 => vec![],
            _ => ends
                .iter()
                .map(|e| e.expr.unwrap_or_else(|| self.arena.number(e.range.low, prior.span)))
                .collect(),
        };
        Some((Support::Interval(interval), bijection, bounds))
    }

    /// Copies in increasing order: on the whole line, or above an end.
    fn ordered(
        &mut self,
        shape: &Shape,
        prior: &Distribution,
        low: End,
        high: End,
    ) -> Option<(Support, &'static transform::Bijection, Vec<ExprId>)> {
        let last = shape.0.last().copied().unwrap_or(1);
        let interval = Interval::open(low.range.low, high.range.high);
        let is_known = low.expr.is_none() && high.expr.is_none();
        let support = match (is_known, low.range.low == f64::NEG_INFINITY, interval) {
            (true, true, Interval::REAL) => Support::Ordered(last),
            (true, _, Interval::POSITIVE) => Support::PositiveOrdered(last),
            _ => Support::OrderedWithin(last, interval),
        };
        let found = if is_known { transform::for_support(&support) } else { None };
        let Some((bijection, numbers)) = found else {
            let what = "`ordered` between bounds that are unknown";
            self.found.push(error::not_yet(what, prior.name_span(), "give it bounds that are constants"));
            return None;
        };
        let bounds = numbers.into_iter().map(|n| self.arena.number(n, prior.span)).collect();
        Some((support, bijection, bounds))
    }

    fn end(&mut self, id: ExprId) -> End {
        match self.arena.constant(id) {
            Some(number) => End::number(number),
            None => End { range: self.arena.interval(id), expr: Some(self.arena.single(id)) },
        }
    }
}

/// One end of a support: where it can lie, and the expression if it is not a number.
#[derive(Debug, Clone, Copy)]
struct End {
    range: Interval,
    expr: Option<ExprId>,
}

impl End {
    fn number(value: f64) -> End {
        End { range: Interval::point(value), expr: None }
    }

    /// The end after `on (a, b)`; none if only the unknowns decide which of the two it is.
    fn cut(self, by: End, is_low: bool) -> Option<End> {
        let (own, cut) = (self.range, by.range);
        let cut_is_inside = if is_low { cut.low >= own.high } else { cut.high <= own.low };
        let own_is_inside = if is_low { own.low >= cut.high } else { own.high <= cut.low };
        if cut_is_inside {
            Some(by)
        } else if own_is_inside {
            Some(self)
        } else {
            None
        }
    }
}
