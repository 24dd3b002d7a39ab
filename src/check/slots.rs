//! Whether an argument fits its slot: its size (rules 7 and 8 of the language), and where it lies (rule 4).

use super::distributions::Target;
use super::names::What;
use super::{Checker, error};
use crate::diagnostic::Diagnostic;
use crate::dist::{ArgSlot, Event, Family};
use crate::kernels::scalar::{Binary, Unary};
use crate::model::{ExprId, ExprKind as Kind};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind};
use crate::ty::{Fit, Interval, Shape, Support};

/// An argument with everything a message may point at.
#[derive(Clone, Copy)]
pub(super) struct Given<'g> {
    pub(super) family: &'g Family,
    pub(super) form: usize,
    pub(super) place: usize,
    pub(super) id: ExprId,
    pub(super) arg: &'g Arg,
}

impl Given<'_> {
    pub(super) fn name(&self) -> &'static str {
        self.family.forms[self.form].args[self.place].name
    }
    pub(super) fn span(&self) -> Span {
        self.arg.value.span
    }
    fn written(&self) -> String {
        error::written(&self.arg.value)
    }
    /// `Normal`'s sd
    pub(super) fn slot(&self) -> String {
        format!("`{}`'s {}", self.family.name, self.name())
    }
    /// Whether another form takes this argument under another name.
    fn has_form(&self, name: &str) -> bool {
        self.family.forms.iter().any(|f| f.args.iter().any(|a| a.name == name))
    }
}

impl Checker<'_> {
    /// The argument, its vector of one number taken as a number where one is wanted.
    pub(super) fn fits_slot(
        &mut self,
        family: &Family,
        form: usize,
        place: usize,
        id: ExprId,
        arg: &Arg,
        target: &Target,
    ) -> Option<ExprId> {
        let given = Given { family, form, place, id, arg };
        match family.forms[form].args[place].slot {
            ArgSlot::Scalar(_)
                if given.name() == "logit"
                    && matches!(self.arena.get(given.id).kind, Kind::Unary(Unary::Sigmoid, _)) =>
            {
                self.squeezed(given)
            }
            ArgSlot::Scalar(interval) => self.scalar(given, interval, target),
            ArgSlot::Simplex => {
                self.vector(given, target)?;
                self.simplex(given)
            }
            ArgSlot::Scores => {
                self.vector(given, target)?;
                self.scores(given)
            }
            ArgSlot::Entries(interval) => {
                self.entries(given, target)?;
                self.lies_in(given, interval)?;
                Some(id)
            }
            ArgSlot::Covariance | ArgSlot::Cholesky | ArgSlot::CholeskyCorr => self.matrix(given, target),
            // Distributions are no values; nothing else comes here.
            ArgSlot::Components => Some(id),
            ArgSlot::Ordered => {
                self.vector(given, target)?;
                match self.arena.get(id).ty.support {
                    Support::Ordered(_) | Support::PositiveOrdered(_) | Support::OrderedWithin(..) => {
                        Some(id)
                    }
                    _ => {
                        let found = self.described(id);
                        self.found.push(
                            Diagnostic::new("T010", format!("{} must be increasing", given.slot()))
                                .at(given.span(), format!("this is {found}"))
                                .help(
                                    "give the unknown the suffix `ordered`: `cuts[4] ~ Normal(0, 3) ordered`",
                                ),
                        );
                        None
                    }
                }
            }
        }
    }

    fn scalar(&mut self, given: Given, slot: Interval, target: &Target) -> Option<ExprId> {
        let id =
            if self.arena.shape(given.id) == target.shape { given.id } else { self.arena.single(given.id) };
        let shape = self.arena.shape(id).clone();
        let copies = target.shape.rank() - given.family.event.rank().min(target.shape.rank());
        let is_each_copy = given.family.event == Event::Vector && shape.0 == target.shape.0[..copies];
        if given.family.event != Event::Scalar && !shape.is_scalar() && !is_each_copy {
            let what = format!("{} of several numbers", given.slot());
            let instead = match given.family.name {
                "RandomWalk" => {
                    "give one number for all steps; two walks may be added where the pace changes"
                }
                _ => "give one number, or one for each copy",
            };
            self.found.push(error::not_yet(&what, given.span(), instead).note(format!("this is {shape}")));
            return None;
        }
        let is_along_tensor = !self.arena.axes(id).is_empty() && shape.is_suffix_of(target.shape);
        if is_along_tensor {
            self.lies_in(Given { id, ..given }, slot)?;
            return Some(id);
        }
        if is_each_copy || target.is_one_copy(&shape) {
            self.lies_in(Given { id, ..given }, slot)?;
            return Some(id);
        }
        if !shape.is_scalar() && shape != *target.shape && !(shape.len() == 1 && target.shape.len() == 1) {
            let finding = self.copies_of_a_factor(wrong_size(given, &shape, target), given);
            let made = self.arena.get(self.before_reshape(id)).span;
            self.found.push(match self.last_layer(made) {
                Some((layer, text)) if outside(layer, given.span()) => finding
                    .at(layer, format!("`{text}` makes the output {shape}"))
                    .help("give the last layer one unit, or index its output"),
                _ => finding,
            });
            return None;
        }
        self.lies_in(Given { id, ..given }, slot)?;
        Some(id)
    }

    /// Copies along a factor want the factor as their index.
    fn copies_of_a_factor(&self, finding: Diagnostic, given: Given) -> Diagnostic {
        let ExprKind::Name(name) = &given.arg.value.kind else { return finding };
        let declared = self.names.find(name).map(|i| &self.names.declarations[i].what);
        let Some(What::Unknown { sizes: [size], .. }) = declared else { return finding };
        let ExprKind::Name(by) = &size.kind else { return finding };
        let is_factor = self.columns.iter().any(|c| c.name == *by && !c.levels.is_empty());
        if !is_factor || finding.code.id() != "T002" {
            return finding;
        }
        finding
            .help(format!("write `{name}[{by}]`: the copy that belongs to the row's `{by}`"))
            .fix(given.span(), format!("{name}[{by}]"))
    }

    /// A value as it was before its shape was changed.
    fn before_reshape(&self, id: ExprId) -> ExprId {
        match self.arena.get(id).kind {
            Kind::Reshape(x) => x,
            _ => id,
        }
    }

    /// A vector per element of the target.
    fn vector(&mut self, given: Given, target: &Target) -> Option<()> {
        let shape = self.arena.shape(given.id).clone();
        let Some((_, outer)) = shape.0.split_last() else {
            let cure = match given.name() {
                "probs" => "give one probability per class: `[p, 1 - p]`",
                _ => "give one number per class: `[a, b]`",
            };
            self.found.push(
                Diagnostic::new("T002", format!("{} must be a vector", given.slot()))
                    .at(given.span(), "this is a single number")
                    .help(cure),
            );
            return None;
        };
        if outer.is_empty() || outer == target.shape.0.as_slice() {
            return Some(());
        }
        self.found.push(
            Diagnostic::new("T001", format!("{} must be one vector for `{}`", given.slot(), target.name))
                .at(given.span(), format!("this is {shape}"))
                .at(target.span, format!("is {}", error::size(target.shape))),
        );
        None
    }

    /// T022: probabilities sum to 1.
    fn simplex(&mut self, given: Given) -> Option<ExprId> {
        if let Support::Simplex(_) = self.arena.get(given.id).ty.support {
            return Some(given.id);
        }
        let (found, wanted) = (self.described(given.id), self.arena.shape(given.id).len());
        let (name, written) = (given.name(), given.written());
        let is = match self.sum_of_numbers(given.id) {
            Some(sum) => {
                let finding = wrong_sum(name, &given.arg.value, sum);
                self.found.push(finding);
                return None;
            }
            None => format!("is {}", self.arena.interval(given.id)),
        };
        let mut finding =
            Diagnostic::new("T022", format!("`{name}` wants probabilities that sum to 1; `{written}` {is}"));
        finding = match self.at_fault(given.id, &Interval::closed(0.0, 1.0), given.span()) {
            Some((entry, is)) => finding.at(entry, format!("this is {is}")),
            None => finding.at(given.span(), format!("this is {found}")),
        };
        let origin = self.origin(given.id, &Interval::UNIT, given.span());
        let is_net = self.last_layer(self.arena.get(given.id).span).is_some();
        if let Some((span, text)) = origin {
            finding = finding.at(span, text);
        }
        finding = finding.note(format!("expected: simplex[{wanted}]")).note(format!("found:    {found}"));
        // Scores as they are; of numbers that may be probabilities the logarithms, so that the model stays.
        let short = if written.contains('…') { "…".to_owned() } else { written.clone() };
        let is_positive = self.arena.interval(given.id).low >= 0.0;
        let scores = if is_positive { format!("log({short})") } else { short };
        let same = if is_positive { ", the same where they sum to 1" } else { "" };
        let cure = match (is_net, is_positive) {
            (true, true) => "; or end the net with `softmax`",
            (true, false) => ", or end the net with `softmax`",
            (false, false) => ", or make it a simplex by `softmax`",
            (false, true) => "",
        };
        self.found.push(match (given.has_form("logits"), &self.arena.get(given.id).kind) {
            (true, _) => {
                let finding = finding.help(format!("write `logits = {scores}`{same}{cure}"));
                match &given.arg.name {
                    Some(n) if !is_positive => finding.fix(n.span, "logits"),
                    _ => finding,
                }
            }
            (false, Kind::Unknown(_)) => finding.help(format!(
                "give `{written}` a prior over shares: `{written}[{wanted}] ~ Dirichlet(1)`; or write `softmax({scores})`{same}"
            )),
            (false, _) => finding.help(format!("write `softmax({scores})`{same}")),
        });
        None
    }

    /// The sum of a join of numbers.
    fn sum_of_numbers(&self, id: ExprId) -> Option<f64> {
        match &self.arena.get(id).kind {
            Kind::Join(parts) => parts.iter().map(|p| self.arena.constant(*p)).sum(),
            _ => None,
        }
    }

    /// T021: scores are not probabilities yet.
    fn scores(&mut self, given: Given) -> Option<ExprId> {
        if let Kind::Unary(Unary::Sigmoid, _) = self.arena.get(given.id).kind {
            return self.squeezed(given);
        }
        let Support::Simplex(k) = self.arena.get(given.id).ty.support else { return Some(given.id) };
        let (name, written) = (given.name(), given.written());
        let made = self.arena.get(given.id).span;
        let by_layer = outside(made, given.span());
        let what = if by_layer {
            format!("`{written}` ends in softmax")
        } else {
            format!("`{written}` is a simplex")
        };
        let mut finding = Diagnostic::new("T021", format!("{what}, but `{name}` wants unnormalised scores"))
            .at(given.span(), "softmax would be applied twice");
        if by_layer {
            finding = finding.at(made, format!("this makes the output a simplex[{k}]"));
        }
        finding = finding
            .note(
                "probabilities squeezed twice are nearly uniform: the fit looks calibrated and learns slowly",
            )
            .help(format!("write `probs = {written}`, or drop `softmax`"));
        self.found.push(match &given.arg.name {
            Some(n) => finding.fix(n.span, "probs"),
            None => finding,
        });
        None
    }

    /// T021: a probability where log-odds are wanted.
    fn squeezed(&mut self, given: Given) -> Option<ExprId> {
        let (name, written) = (given.name(), given.written());
        let probability = if name == "logits" { "probs" } else { "p" };
        let made = self.arena.get(given.id).span;
        let mut finding =
            Diagnostic::new("T021", format!("`{written}` is a probability, but `{name}` wants log-odds"))
                .at(given.span(), "sigmoid would be applied twice");
        if outside(made, given.span()) {
            finding = finding.at(made, "sigmoid makes this a number in (0, 1)");
        }
        finding = finding
            .note("a probability squeezed twice lies between 0.5 and 0.73")
            .help(format!("write `{probability} = {written}`, or drop `sigmoid`"));
        self.found.push(match &given.arg.name {
            Some(n) if probability == "p" => finding.fix(n.span, probability),
            _ => finding,
        });
        None
    }

    /// Where a number lies against where it must lie.
    fn lies_in(&mut self, given: Given, slot: Interval) -> Option<()> {
        if let Some(value) = self.wrong_constant(given.id, &slot) {
            let finding = Diagnostic::new(
                "T011",
                format!("{} is {value}; it must be {}", given.slot(), in_words(&slot)),
            )
            .at(given.span(), format!("this is {value}"));
            let declared = match &given.arg.value.kind {
                ExprKind::Name(name) => self.names.find(name).map(|i| self.names.declarations[i].span),
                _ => None,
            };
            let finding = match right_constant(value, &slot) {
                Some(help) => finding.help(help),
                None => finding,
            };
            self.found.push(match declared {
                Some(span) => finding.at(span, "declared here"),
                None => finding,
            });
            return None;
        }
        let found = self.arena.interval(given.id);
        match found.fit(&slot) {
            Fit::Inside => Some(()),
            Fit::Touches => {
                self.found.push(
                    Diagnostic::new("T013", format!("{} can come as near 0 as it likes", given.slot()))
                        .at(given.span(), "`abs` and `square` touch 0")
                        .help("`softplus` and `exp` stay away from it"),
                );
                Some(())
            }
            Fit::Outside => {
                let finding = self.outside_slot(given, slot, found);
                self.found.push(finding);
                None
            }
        }
    }

    /// A number, or one in a join, that is out of range.
    fn wrong_constant(&self, id: ExprId, slot: &Interval) -> Option<f64> {
        match &self.arena.get(id).kind {
            Kind::Number(v) => (!slot.contains(*v)).then_some(*v),
            Kind::Join(parts) => {
                parts.iter().filter_map(|p| self.arena.constant(*p)).find(|v| !slot.contains(*v))
            }
            Kind::Reshape(x) => self.wrong_constant(*x, slot),
            _ => None,
        }
    }

    /// T010, T023, T025, T026: it can lie where it must not.
    fn outside_slot(&self, given: Given, slot: Interval, found: Interval) -> Diagnostic {
        let written = given.written();
        let can = trouble(&found, &slot);
        let origin = self.origin(given.id, &slot, given.span());
        let relu = self.relu(given.id).filter(|_| slot.low == 0.0 && found.low == 0.0);
        let is_probability = slot.low == 0.0 && slot.high == 1.0;
        let finding = if is_probability && given.has_form("logit") {
            let name = given.name();
            Diagnostic::new(
                "T023",
                format!(
                    "`{}({name} = …)` wants a number in {}; `{written}` is {found}",
                    given.family.name,
                    unit_in_brackets(&slot)
                ),
            )
            .help(self.probability(given, &slot, &found))
        } else if relu.is_some() {
            let (code, way) = match given.has_form("log_rate") {
                true => ("T025", "use `softplus` in place of `relu`, or `log_rate =`"),
                false => ("T026", "use `softplus` in place of `relu`"),
            };
            let message = format!("{} must be positive; relu can give exactly 0", given.slot());
            Diagnostic::new(code, message).help(way)
        } else {
            let message = format!("{} must be {}; `{written}` {can}", given.slot(), in_words(&slot));
            Diagnostic::new("T010", message).help(self.cure(given, &slot))
        };
        let at_fault = self.at_fault(given.id, &slot, given.span());
        let (place, is) = at_fault.unwrap_or((given.span(), found));
        let mut finding = finding.at(place, format!("this is {is}"));
        if let Some((span, text)) = origin {
            finding = finding.at(span, text);
        }
        let finding = finding.note(format!("expected: {slot}")).note(format!("found:    {found}"));
        self.with_fix(finding, given, relu, &slot)
    }

    /// The way to a probability. Any number at all is a score; what has an end may well be a probability whose other
    /// end cannot be seen, and then the help keeps the model as it is.
    fn probability(&self, given: Given, slot: &Interval, found: &Interval) -> String {
        let name = given.name();
        let written = if given.written().contains('…') { "…".to_owned() } else { given.written() };
        if is_score(found) {
            return match written.as_str() {
                "…" => format!("write `logit =` in place of `{name} =`, or `{name} = sigmoid(…)`"),
                _ => format!("write `logit = {written}`, or `{name} = sigmoid({written})`"),
            };
        }
        if self.relu(given.id).is_some() {
            return "use `sigmoid` in place of `relu`".to_owned();
        }
        if let Kind::Unknown(u) = self.arena.get(given.id).kind {
            let unknown = &self.unknowns[u.0 as usize].name;
            return format!("give `{unknown}` a prior over probabilities, such as `Beta(1, 1)`");
        }
        let bounded = match (found.low < 0.0, &given.arg.value.kind) {
            // `p = exp(a + b * x)`: log p is linear, and nothing keeps it below 0.
            (_, ExprKind::Call { name: link, args }) if link.value == "exp" && args.len() == 1 => {
                let inner = error::written(&args[0].value);
                let inner = if inner.contains('…') { "…".to_owned() } else { inner };
                let kept = match slot.high_closed {
                    true => format!("write `{name} = exp(min({inner}, 0))` to keep the model"),
                    false => format!("keep `{inner}` below 0"),
                };
                return format!(
                    "{kept}; `logit = {inner}` is another one, with odds where this has probabilities"
                );
            }
            (true, _) => format!("min(max({written}, 0), 1)"),
            (false, _) => format!("min({written}, 1)"),
        };
        let bound = "bound what it is made of: `Uniform(0, 1)` for an unknown, `unit` for a column";
        match slot.high_closed {
            true => format!("{bound}; or, if it never leaves [0, 1], write `{name} = {bounded}`"),
            false => bound.to_owned(),
        }
    }

    fn with_fix(&self, finding: Diagnostic, given: Given, relu: Option<Span>, slot: &Interval) -> Diagnostic {
        let written = given.written();
        match (finding.code.id(), &given.arg.name, relu) {
            ("T023", Some(name), _) if is_score(&self.arena.interval(given.id)) => {
                finding.fix(name.span, "logit")
            }
            ("T025" | "T026", _, Some(relu)) if outside(relu, given.span()) => finding.fix(relu, "softplus"),
            ("T025" | "T026", ..) => match &given.arg.value.kind {
                ExprKind::Call { name, .. } if name.value == "relu" => finding.fix(name.span, "softplus"),
                _ => finding,
            },
            ("T010", ..) if *slot == Interval::POSITIVE && !written.contains('…') => {
                finding.fix(given.span(), format!("softplus({written})"))
            }
            _ => finding,
        }
    }

    fn cure(&self, given: Given, slot: &Interval) -> String {
        let written = given.written();
        let wrapped = match (slot.low, slot.high) {
            _ if slot.whole => return "use a constant, or a column declared as `count`".into(),
            (0.0, 1.0) => format!("write `sigmoid({written})`"),
            (0.0, _) => format!("write `softplus({written})` or `exp({written})`"),
            _ => return format!("keep it {}", in_words(slot)),
        };
        match self.arena.get(given.id).kind {
            Kind::Unknown(u) if slot.low == 0.0 && slot.high > 1.0 => {
                let name = &self.unknowns[u.0 as usize].name;
                format!("give `{name}` a positive prior, such as `HalfNormal(1)`; or {wrapped}")
            }
            Kind::Column(_) if slot.low == 0.0 && slot.high > 1.0 => {
                format!("declare the column as `positive` if it is; or {wrapped}")
            }
            // What is at fault is a column that may be 0.
            _ => match self.nonneg_column(given.id) {
                Some(column) if slot.low == 0.0 && slot.high > 1.0 => {
                    format!("declare `{column} : positive` if no row of it is 0; or {wrapped}")
                }
                _ => wrapped,
            },
        }
    }

    /// The column that makes a product or a quotient touch 0.
    fn nonneg_column(&self, id: ExprId) -> Option<&str> {
        match self.arena.get(id).kind {
            Kind::Column(c) if self.arena.interval(id).low == 0.0 => Some(&self.columns[c.0 as usize].name),
            Kind::Binary(Binary::Mul | Binary::Div, a, b) => {
                let touches = |x: &ExprId| self.arena.interval(*x).fit(&Interval::POSITIVE) != Fit::Inside;
                let guilty: Vec<ExprId> = [a, b].into_iter().filter(touches).collect();
                guilty.first().filter(|_| guilty.len() == 1).and_then(|x| self.nonneg_column(*x))
            }
            _ => None,
        }
    }

    /// The first entry of a list written here that lies outside a slot by itself, and where it lies.
    fn at_fault(&self, id: ExprId, slot: &Interval, given: Span) -> Option<(Span, Interval)> {
        match &self.arena.get(id).kind {
            Kind::Reshape(x) => self.at_fault(*x, slot, given),
            Kind::Join(parts) => {
                let is_outside = |p: &&ExprId| self.arena.interval(**p).fit(slot) != Fit::Inside;
                let part = *parts.iter().find(is_outside)?;
                let span = self.arena.get(part).span;
                let entry = (!outside(span, given)).then(|| (span, self.arena.interval(part)));
                self.at_fault(part, slot, given).or(entry)
            }
            _ => None,
        }
    }

    /// The declaration or layer that makes an expression lie outside a slot, with a few words.
    fn origin(&self, id: ExprId, slot: &Interval, given: Span) -> Option<(Span, String)> {
        let mut id = id;
        loop {
            let expr = self.arena.get(id);
            let found = self.arena.interval(id);
            let (span, text) = match &expr.kind {
                Kind::Number(_) | Kind::Statistic(_) | Kind::Fixed(_) | Kind::Mask { .. } => return None,
                Kind::Unknown(u) => {
                    let unknown = &self.unknowns[u.0 as usize];
                    (unknown.span, format!("`{}` is {}", unknown.name, unknown.support))
                }
                Kind::Column(c) => {
                    let column = &self.columns[c.0 as usize];
                    (column.span, format!("`{}` is declared {}", column.name, column.ty.support))
                }
                Kind::Dense { .. } | Kind::Conv { .. } => {
                    (expr.span, format!("without an activation, the output of this layer is {found}"))
                }
                Kind::Unary(Unary::Neg, x) => {
                    id = *x;
                    continue;
                }
                Kind::Unary(Unary::Relu, _) => (expr.span, "relu gives exactly 0 for all below".to_owned()),
                Kind::Unary(f, _) => (expr.span, format!("{} makes this {found}", f.name())),
                Kind::Softmax(_) => (expr.span, "softmax makes this a simplex".to_owned()),
                Kind::LogSoftmax(_) => (expr.span, format!("log_softmax makes this {found}")),
                Kind::Reduce(_, x)
                | Kind::Element(x, _)
                | Kind::IndexBy(x, _)
                | Kind::OneHot(x)
                | Kind::MaxPool { x, .. }
                | Kind::AvgPool { x, .. }
                | Kind::Reshape(x)
                | Kind::ChannelMeans(x)
                | Kind::Repeat(x, _)
                | Kind::Take { x, .. }
                | Kind::LookUp { x, .. }
                | Kind::SumTo { x, .. } => {
                    id = *x;
                    continue;
                }
                Kind::Binary(Binary::Sub | Binary::Add | Binary::Mul | Binary::Div, a, b)
                | Kind::Binary(Binary::Pow | Binary::Min | Binary::Max | Binary::LogAddExp, a, b)
                | Kind::Binary(Binary::LogGammaP | Binary::LogGammaQ | Binary::LogStudentCdf, a, b)
                | Kind::Dot(a, b) => {
                    let guilty = [*a, *b].into_iter().find(|o| {
                        self.arena.constant(*o).is_none() && self.arena.interval(*o).fit(slot) == Fit::Outside
                    });
                    match guilty {
                        Some(operand) => {
                            id = operand;
                            continue;
                        }
                        None => (expr.span, format!("this is {found}")),
                    }
                }
                Kind::Binary(Binary::Eq | Binary::Lt | Binary::Le, ..) => {
                    (expr.span, "a comparison is 0 or 1".to_owned())
                }
                Kind::Join(parts) => {
                    let guilty = parts.iter().find(|p| self.arena.interval(**p).fit(slot) == Fit::Outside);
                    id = *guilty?;
                    continue;
                }
            };
            return outside(span, given).then_some((span, text));
        }
    }

    /// Where a value ends in relu, if it does.
    fn relu(&self, id: ExprId) -> Option<Span> {
        let mut id = id;
        loop {
            match self.arena.get(id).kind {
                Kind::Unary(Unary::Relu, _) => return Some(self.arena.get(id).span),
                Kind::Reshape(x) | Kind::Element(x, _) | Kind::IndexBy(x, _) => id = x,
                Kind::Binary(Binary::Mul | Binary::Div, a, b) => {
                    id = if self.arena.interval(a).fit(&Interval::POSITIVE) == Fit::Outside { a } else { b };
                }
                _ => return None,
            }
        }
    }
}

/// T001 or T002 for a scalar slot.
fn wrong_size(given: Given, shape: &Shape, target: &Target) -> Diagnostic {
    let written = given.written();
    let what = if target.observed.is_some() { "" } else { "declared " };
    if target.shape.is_scalar() {
        return Diagnostic::new(
            "T002",
            format!("`{}` is a single number, but {} is a vector", target.name, given.slot()),
        )
        .at(given.span(), format!("this is {shape}"))
        .at(target.span, format!("{what}a single number"))
        .help(match target.observed {
            Some(_) if matches!(given.arg.value.kind, ExprKind::Name(_)) => {
                format!("index it, `{written}[1]`, or reduce it with `sum` or `dot`")
            }
            Some(_) => "index a part of it, or reduce it with `sum` or `dot`".to_owned(),
            None => format!("index or reduce it, or give `{}` copies: `{0}{shape} ~ …`", target.name),
        });
    }
    Diagnostic::new(
        "T001",
        format!("sizes differ: {} is {shape}, `{}` is {}", given.slot(), target.name, target.shape),
    )
    .at(given.span(), format!("is {shape}"))
    .at(target.span, format!("is {}", target.shape))
    .help("only a single number spreads over a vector")
}

/// T022 for numbers.
fn wrong_sum(name: &str, numbers: &Expr, sum: f64) -> Diagnostic {
    let sum = (sum * 1e9).round() / 1e9;
    let written = error::written(numbers);
    let finding = Diagnostic::new(
        "T022",
        format!("`{name}` wants probabilities that sum to 1; `{written}` sums to {sum}"),
    )
    .at(numbers.span, format!("these sum to {sum}"));
    match &numbers.kind {
        ExprKind::Join(parts) if sum > 0.0 && parts.len() <= MOST_SHOWN => {
            let shares: Vec<String> =
                parts.iter().map(|p| format!("{} / {sum}", error::written(p))).collect();
            finding.help(format!("change one of them, or write `[{}]`", shares.join(", ")))
        }
        _ => finding.help("change one of them"),
    }
}

/// Longer vectors are not written out in a help.
const MOST_SHOWN: usize = 8;

/// What could have been meant by a constant that is out of range.
fn right_constant(value: f64, slot: &Interval) -> Option<String> {
    match value {
        v if v < 0.0 && slot.contains(-v) => Some(format!("write `{}`", -v)),
        v if v == 0.0 && slot.low == 0.0 && slot.high > 1.0 => {
            Some("give a number above 0, such as `0.01` for very little".into())
        }
        v if slot.low == 0.0 && slot.high == 1.0 && slot.contains(v / 100.0) => {
            Some(format!("a share lies between 0 and 1: {v} % is `{}`", v / 100.0))
        }
        v if slot.whole && slot.contains(v.round()) => Some(format!("write `{}`", v.round())),
        _ => None,
    }
}

/// Whether a value that is no probability can be anything, or is one of no number above 0.
fn is_score(found: &Interval) -> bool {
    found.low == f64::NEG_INFINITY && (found.high == f64::INFINITY || found.high <= 0.0)
}

/// `(0, 1)` or `[0, 1]`
fn unit_in_brackets(slot: &Interval) -> String {
    let (left, right) = (if slot.low_closed { '[' } else { '(' }, if slot.high_closed { ']' } else { ')' });
    format!("{left}0, 1{right}")
}

/// What a slot wants, in words.
fn in_words(slot: &Interval) -> String {
    match (slot.low, slot.low_closed, slot.high) {
        (low, _, f64::INFINITY) if slot.whole => format!("a whole number from {low}"),
        (0.0, false, f64::INFINITY) => "positive".into(),
        (0.0, true, f64::INFINITY) => "0 or above".into(),
        (0.0, _, 1.0) => "between 0 and 1".into(),
        _ if *slot == Interval::REAL => "a finite number".into(),
        _ => format!("in {slot}"),
    }
}

/// What a value can do that its slot does not allow.
fn trouble(found: &Interval, slot: &Interval) -> String {
    if slot.low == 0.0 && found.low < 0.0 {
        return "can be negative".into();
    }
    if slot.low == 0.0 && found.low == 0.0 && found.low_closed && !slot.low_closed {
        return "can be 0".into();
    }
    if slot.whole && !found.is_whole() && found.low >= slot.low {
        return "is not always a whole number".into();
    }
    if found.high > slot.high {
        return format!("can be above {}", slot.high);
    }
    format!("is {found}")
}

fn outside(span: Span, given: Span) -> bool {
    span.end <= given.start || span.start >= given.end
}
