//! Expressions as written to typed ones: numbers, names, operators, indices, joins.

use super::arena::Sizes;
use super::scope::Scope;
use super::{Checker, DEEPEST, error};
use crate::diagnostic::{Diagnostic, suggest};
use crate::kernels::scalar::{Binary, Unary};
use crate::model::{Column, ExprId, ExprKind as Kind};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::ty::{Element, Support};

impl<'a> Checker<'a> {
    /// The typed expression; `None` if it is wrong, which has been reported.
    pub(super) fn expr(&mut self, expr: &'a Expr, scope: &Scope<'a>) -> Option<ExprId> {
        self.deeper(1, expr.span, |checker| checker.form(expr, scope))
    }

    /// Goes some levels deeper, or refuses because the stack is not endless.
    pub(super) fn deeper<T>(
        &mut self,
        levels: usize,
        span: Span,
        work: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.depth + levels > DEEPEST {
            // Both operands of one operator may be too deep: that is one cause. So is a function that calls itself.
            let is_circle = self.found.0.iter().any(|d| d.code.id() == "N003");
            if std::mem::replace(&mut self.is_too_deep, true) || is_circle {
                return None;
            }
            self.found.push(
                Diagnostic::new("S004", "nested too deep")
                    .at(span, "calls, brackets and declarations go too deep here")
                    .help("give parts of it names of their own"),
            );
            return None;
        }
        self.depth += levels;
        let value = work(self);
        self.depth -= levels;
        value
    }

    fn form(&mut self, expr: &'a Expr, scope: &Scope<'a>) -> Option<ExprId> {
        match &expr.kind {
            ExprKind::Number(v) => Some(self.arena.number(*v, expr.span)),
            ExprKind::Name(name) => self.name(name, expr.span, scope),
            ExprKind::Text(text) => self.stray_text(text, expr.span),
            ExprKind::Call { name, args } => self.call(name, args, expr.span, scope),
            ExprKind::Join(parts) => self.join(parts, expr.span, scope),
            ExprKind::Index { base, indices } => self.index(base, indices, expr.span, scope),
            ExprKind::Field { base, field } => self.field(base, field, expr.span, scope),
            ExprKind::Negate(inner) => {
                let id = self.expr(inner, scope)?;
                let id = self.numeric(id, inner)?;
                Some(self.arena.unary(Unary::Neg, id, expr.span))
            }
            ExprKind::Binary { .. } => self.operators(expr, scope),
        }
    }

    /// `a + b - c …`: the chain on the left is walked with a loop, because it may be as long as the file.
    fn operators(&mut self, expr: &'a Expr, scope: &Scope<'a>) -> Option<ExprId> {
        let mut chain = vec![];
        let mut first = expr;
        while let ExprKind::Binary { op, left, right } = &first.kind {
            chain.push((*op, &**left, &**right, first.span));
            first = left;
        }
        let is_text = |e: &Expr| matches!(e.kind, ExprKind::Text(_));
        let mut value = if is_text(first) { None } else { self.expr(first, scope) };
        for (op, left, right, span) in chain.into_iter().rev() {
            if is_text(left) || is_text(right) {
                value = self.compare_text(op, left, right, value, span, scope);
                continue;
            }
            let other = self.expr(right, scope);
            value = match (value, other) {
                (Some(a), Some(b)) => self.operator(op, (a, left), (b, right), span),
                _ => None,
            };
        }
        value
    }

    fn operator(
        &mut self,
        op: BinaryOp,
        (a, left): (ExprId, &'a Expr),
        (b, right): (ExprId, &'a Expr),
        span: Span,
    ) -> Option<ExprId> {
        let (f, swap) = match op {
            BinaryOp::Add => (Binary::Add, false),
            BinaryOp::Sub => (Binary::Sub, false),
            BinaryOp::Mul => (Binary::Mul, false),
            BinaryOp::Div => (Binary::Div, false),
            BinaryOp::Pow => (Binary::Pow, false),
            BinaryOp::Eq | BinaryOp::Ne => (Binary::Eq, false),
            BinaryOp::Lt => (Binary::Lt, false),
            BinaryOp::Le => (Binary::Le, false),
            BinaryOp::Gt => (Binary::Lt, true),
            BinaryOp::Ge => (Binary::Le, true),
        };
        let is_comparison = matches!(f, Binary::Eq | Binary::Lt | Binary::Le);
        let (a, b) = if is_comparison {
            self.of_data(op, (a, left), (b, right))?;
            self.labels_as_positions((a, left), (b, right))?
        } else {
            (self.numeric(a, left)?, self.numeric(b, right)?)
        };
        let (x, y) = if swap { (b, a) } else { (a, b) };
        match self.arena.binary(f, x, y, span) {
            Ok(id) if op == BinaryOp::Ne => {
                let one = self.arena.number(1.0, span);
                self.arena.binary(Binary::Sub, one, id, span).ok()
            }
            Ok(id) => Some(id),
            Err(Sizes(..)) => {
                let (sa, sb) = (self.arena.shape(a).clone(), self.arena.shape(b).clone());
                let (wa, wb) = (error::written(left), error::written(right));
                let finding = error::sizes_differ((&wa, left.span, &sa), (&wb, right.span, &sb), None);
                let finding = self.with_declarations(finding, [(a, left), (b, right)]);
                self.found.push(finding);
                None
            }
        }
    }

    /// Rule 10: no control flow on unknowns.
    fn of_data(&mut self, op: BinaryOp, a: (ExprId, &'a Expr), b: (ExprId, &'a Expr)) -> Option<()> {
        let random = [a, b].into_iter().find(|(id, _)| !self.arena.is_data(*id));
        let Some((id, expr)) = random else { return Some(()) };
        let mut finding =
            Diagnostic::new("D010", format!("`{}` of an unknown: comparisons take data only", op.symbol()))
                .at(expr.span, "this depends on an unknown");
        if let Some((span, name)) = self.first_unknown(id)
            && span != expr.span
        {
            finding = finding.at(span, format!("`{name}` is unknown"));
        }
        self.found.push(
            finding
                .note("a posterior with a jump in it has no gradient there")
                .help("use a smooth step such as `sigmoid(10 * (a - b))`"),
        );
        None
    }

    /// An unknown that an expression depends on.
    pub(super) fn first_unknown(&self, id: ExprId) -> Option<(Span, String)> {
        let mut id = id;
        loop {
            if let Kind::Unknown(u) = self.arena.get(id).kind {
                let unknown = &self.unknowns[u.0 as usize];
                return Some((unknown.span, unknown.name.clone()));
            }
            id = self.arena.get(id).kind.operands().into_iter().find(|o| !self.arena.is_data(*o))?;
        }
    }

    /// In `y == 3` for a class or factor column, 3 is a label: its position is compared.
    fn labels_as_positions(
        &mut self,
        (a, left): (ExprId, &'a Expr),
        (b, right): (ExprId, &'a Expr),
    ) -> Option<(ExprId, ExprId)> {
        match (self.labelled(a), self.labelled(b), self.arena.constant(a), self.arena.constant(b)) {
            (Some(column), None, _, Some(label)) => {
                let position = self.level(column, &label.to_string(), right.span)?;
                Some((a, self.arena.number(position as f64, right.span)))
            }
            (None, Some(column), Some(label), _) => {
                let position = self.level(column, &label.to_string(), left.span)?;
                Some((self.arena.number(position as f64, left.span), b))
            }
            (Some(_), Some(_), ..) => Some((a, b)),
            _ => Some((self.numeric(a, left)?, self.numeric(b, right)?)),
        }
    }

    /// `school == "A"`
    fn compare_text(
        &mut self,
        op: BinaryOp,
        left: &'a Expr,
        right: &'a Expr,
        left_value: Option<ExprId>,
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        let (text, text_span, other, other_expr) = match (&left.kind, &right.kind) {
            (ExprKind::Text(text), _) => (text, left.span, self.expr(right, scope), right),
            (_, ExprKind::Text(text)) => (text, right.span, left_value, left),
            _ => return None,
        };
        let other = other?;
        let is_equality = matches!(op, BinaryOp::Eq | BinaryOp::Ne);
        let Some(column) = self.labelled(other).filter(|_| is_equality) else {
            self.found.push(
                Diagnostic::new("T002", format!("`{}` of a text and a value", op.symbol()))
                    .at(text_span, "a text is a label of a class or a factor")
                    .at(other_expr.span, format!("this is {}", self.described(other)))
                    .help("compare a factor or class column with one of its labels: `school == \"A\"`"),
            );
            return None;
        };
        let position = self.level(column, text, text_span)?;
        let position = self.arena.number(position as f64, text_span);
        let equal = self.arena.binary(Binary::Eq, other, position, span).ok()?;
        if op == BinaryOp::Eq {
            return Some(equal);
        }
        let one = self.arena.number(1.0, span);
        self.arena.binary(Binary::Sub, one, equal, span).ok()
    }

    fn stray_text(&mut self, text: &str, span: Span) -> Option<ExprId> {
        self.found.push(
            Diagnostic::new("T002", format!("the text \"{text}\" is not a value"))
                .at(span, "a text is a label of a class or a factor")
                .help("labels stand in an index, `theta[\"A\"]`, or a comparison, `school == \"A\"`"),
        );
        None
    }

    /// The column behind an expression, if its values are labels.
    fn labelled(&self, id: ExprId) -> Option<usize> {
        match self.arena.get(id).kind {
            Kind::Column(c) => {
                let element = self.columns[c.0 as usize].ty.element;
                matches!(element, Element::Class | Element::Factor).then_some(c.0 as usize)
            }
            _ => None,
        }
    }

    /// The position of a label of a column.
    fn level(&mut self, column: usize, label: &str, span: Span) -> Option<usize> {
        let column = &self.columns[column];
        let position = position_of(column, label);
        if position.is_none() {
            let finding =
                no_such_label(&column.name, &column.levels, label, span).at(column.span, "declared here");
            self.found.push(finding);
        }
        position
    }

    /// A value that can be calculated with: not a label.
    pub(super) fn numeric(&mut self, id: ExprId, expr: &Expr) -> Option<ExprId> {
        let element = self.arena.get(id).ty.element;
        if !matches!(element, Element::Class | Element::Factor) {
            return Some(id);
        }
        let name = error::written(expr);
        let cure = match element {
            Element::Factor => {
                format!("index with it, `theta[{name}]`, or code it 0/1 in a join, `[{name}]`")
            }
            _ => format!("compare it, `{name} == 1`, or declare it as `bool`, `count` or `real`"),
        };
        self.found.push(
            Diagnostic::new("T002", format!("`{name}` is a {}, not a number", element.name()))
                .at(expr.span, "a number is wanted here")
                .at(self.arena.get(id).span, format!("declared as {}", element.name()))
                .help(cure),
        );
        None
    }

    /// `[a, b]`
    fn join(&mut self, parts: &'a [Expr], span: Span, scope: &Scope<'a>) -> Option<ExprId> {
        let ids: Vec<Option<ExprId>> = parts.iter().map(|p| self.part(p, scope)).collect();
        let ids: Vec<ExprId> = ids.into_iter().collect::<Option<_>>()?;
        Some(self.arena.join(ids, span))
    }

    fn part(&mut self, expr: &'a Expr, scope: &Scope<'a>) -> Option<ExprId> {
        let id = self.expr(expr, scope)?;
        let id = self.coded(id, expr)?;
        let shape = self.arena.shape(id).clone();
        if shape.rank() > 1 {
            self.found.push(
                Diagnostic::new("T002", "a join takes numbers and vectors")
                    .at(expr.span, format!("this is {shape}"))
                    .help("index it, or reduce it with `sum` or `mean`"),
            );
            return None;
        }
        Some(id)
    }

    /// A factor as 0/1 numbers, one per level; anything else as it is.
    pub(super) fn coded(&mut self, id: ExprId, expr: &Expr) -> Option<ExprId> {
        match self.arena.get(id).ty.support {
            Support::Factor(levels) => Some(self.arena.one_hot(id, levels, expr.span)),
            _ => self.numeric(id, expr),
        }
    }

    /// What a value is, in words.
    pub(super) fn described(&self, id: ExprId) -> String {
        let ty = &self.arena.get(id).ty;
        match ty.element {
            Element::Class | Element::Factor => format!("a {}", ty.element.name()),
            _ if ty.shape.is_scalar() => format!("{}", ty.support),
            // A matrix: its range would read as a size, `whole numbers in [1, 2][4]`.
            _ if ty.shape.rank() > 1 => format!(
                "a matrix of {}",
                ty.shape.0.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
            ),
            _ => match ty.support {
                Support::Interval(i) => {
                    let range = i.to_string();
                    if range.starts_with(['[', '(']) {
                        format!("{} in {range}", ty.shape)
                    } else {
                        format!("{range}{}", ty.shape)
                    }
                }
                _ => format!("{}", ty.support),
            },
        }
    }
}

/// Where a label stands among those of a column; without labels, classes are numbers.
fn position_of(column: &Column, label: &str) -> Option<usize> {
    if !column.levels.is_empty() {
        return column.levels.iter().position(|l| l == label);
    }
    let count = match column.ty.support {
        Support::Class(k) | Support::Factor(k) => k,
        _ => 0,
    };
    label.parse::<usize>().ok().filter(|p| *p < count)
}

/// N001 for a label.
pub(super) fn no_such_label(name: &str, levels: &[String], label: &str, span: Span) -> Diagnostic {
    let finding = Diagnostic::new("N001", format!("`{name}` has no label \"{label}\""));
    let shown: Vec<&str> = levels.iter().take(12).map(String::as_str).collect();
    let more = if levels.len() > shown.len() { ", …" } else { "" };
    match suggest::nearest(label, levels.iter().map(String::as_str)) {
        Some(near) => finding
            .at(span, format!("did you mean \"{near}\"?"))
            .help(format!("write `\"{near}\"`"))
            .fix(span, format!("\"{near}\"")),
        None => finding.at(span, "no row has this label").help("write one of its labels, in quotes"),
    }
    .note(format!("labels: {}{more}", shown.join(", ")))
}
