//! `v[i]`, `theta[school]`, `theta["A"]`, `e[school, 3]`.

use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::Diagnostic;
use crate::kernels::scalar::Binary;
use crate::model::{ExprId, ExprKind as Kind};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use crate::ty::{Element, Support};

impl<'a> Checker<'a> {
    /// `v[i]`, `e[school, 3]`
    pub(super) fn index(
        &mut self,
        base: &'a Expr,
        indices: &'a [Expr],
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        let whole = self.expr(base, scope)?;
        self.numeric(whole, base)?;
        let rank = self.arena.shape(whole).rank();
        if indices.len() > rank {
            let found = error::size(self.arena.shape(whole));
            self.found.push(
                Diagnostic::new("T002", format!("`{}` has no {} to index", error::written(base), axes(rank)))
                    .at(span, format!("{} given", error::count(indices.len(), "index", "indices")))
                    .at(base.span, format!("is {found}")),
            );
            return None;
        }
        let labels = match self.arena.get(whole).kind {
            Kind::Unknown(u) => self.unknowns[u.0 as usize].axis_labels.clone(),
            _ => vec![],
        };
        let mut id = whole;
        for (axis, index) in indices.iter().enumerate() {
            let labels = labels.get(axis).map_or(&[] as &[String], Vec::as_slice);
            id = self.one_index(id, base, index, labels, span, scope)?;
        }
        Some(id)
    }

    pub(super) fn one_index(
        &mut self,
        x: ExprId,
        base: &'a Expr,
        index: &'a Expr,
        labels: &[String],
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        let size = self.arena.shape(x).0[0];
        if let ExprKind::Text(label) = &index.kind {
            return match labels.iter().position(|l| l == label) {
                Some(position) => Some(self.arena.element(x, position, span)),
                None if labels.is_empty() => {
                    self.found.push(
                        Diagnostic::new("T002", format!("`{}` has no labels here", error::written(base)))
                            .at(index.span, "a text is a label of a factor")
                            .help(format!("index it by a number from 1 to {size}")),
                    );
                    None
                }
                None => {
                    let name = error::written(base);
                    let finding = super::expressions::no_such_label(&name, labels, label, index.span);
                    self.found.push(finding);
                    None
                }
            };
        }
        let i = self.expr(index, scope)?;
        if let Some(number) = self.arena.constant(i) {
            return self.constant_index(x, base, index, number, span);
        }
        let expr = self.arena.get(i);
        match (&expr.kind, expr.ty.element, &expr.ty.support) {
            (Kind::Column(_), Element::Class | Element::Factor, Support::Class(k) | Support::Factor(k)) => {
                if *k != size {
                    let (k, declared) = (*k, expr.span);
                    let (whole, by) = (error::written(base), error::written(index));
                    self.found.push(
                        Diagnostic::new("T001", format!("`{whole}` is [{size}], `{by}` has {k} levels"))
                            .at(index.span, format!("has {k} levels"))
                            .at(base.span, format!("is [{size}]"))
                            .at(declared, "declared here")
                            .help(format!("give it one copy per level: `{whole}[{by}] ~ …`")),
                    );
                    return None;
                }
                Some(self.arena.index_by(x, i, span))
            }
            (Kind::Column(c), Element::Count, _) => {
                // Along a count, places have its values for names; elsewhere they count from 1.
                let first = labels.first().and_then(|l| l.parse::<u64>().ok());
                let range = self.columns[c.0 as usize].range;
                let first = match (range, first) {
                    (Some([low, high]), Some(first)) if low == first && (high - low) as usize + 1 == size => {
                        low
                    }
                    _ => 1,
                };
                let one = self.arena.number(first as f64, index.span);
                let from_zero = self.arena.binary(Binary::Sub, i, one, index.span).ok()?;
                Some(self.arena.index_by(x, from_zero, span))
            }
            _ => {
                let found = self.described(i);
                self.found.push(
                    Diagnostic::new("T002", "an index is a constant, or a factor, class or count column")
                        .at(index.span, format!("this is {found}")),
                );
                None
            }
        }
    }

    fn constant_index(
        &mut self,
        x: ExprId,
        base: &Expr,
        index: &Expr,
        number: f64,
        span: Span,
    ) -> Option<ExprId> {
        let size = self.arena.shape(x).0[0];
        let whole = error::written(base);
        let uses = self.indexed.entry(whole.clone()).or_default();
        uses.size = size;
        match number {
            0.0 => uses.zeros.push(index.span),
            // One beyond the end is counted from 1, or not counted at all.
            _ => uses.largest = uses.largest.max(number.clamp(0.0, size as f64) as usize),
        }
        if number == number.floor() && number >= 1.0 && number <= size as f64 {
            return Some(self.arena.element(x, number as usize - 1, span));
        }
        let finding = if number == 0.0 {
            Diagnostic::new("T007", "index 0: indices count from 1")
                .at(index.span, "the first element has the index 1")
                .help(format!("write `{whole}[1]`"))
                .fix(index.span, "1")
        } else {
            Diagnostic::new("T007", format!("index {number} is outside `{whole}`, which is [{size}]"))
                .at(index.span, format!("indices go from 1 to {size}"))
                .help(match size {
                    1 => format!("`{whole}` has one element: write `{whole}[1]`, or give it a larger size"),
                    _ => format!("write one of `{whole}[1]` to `{whole}[{size}]`, or give it a larger size"),
                })
        };
        let declared = self.arena.get(x).span;
        let outside = declared.end <= span.start || declared.start >= span.end;
        self.found.push(if outside { finding.at(declared, "declared here") } else { finding });
        None
    }
}

/// The constants by which a name is indexed.
#[derive(Debug, Default)]
pub(super) struct Indexed {
    size: usize,
    largest: usize,
    /// Where a 0 stands.
    zeros: Vec<Span>,
}

impl Checker<'_> {
    /// Where every index of a name is below its size and one is 0, all were counted from 0: to change that one alone
    /// would make another model.
    pub(super) fn counted_from_zero(&mut self) {
        for (name, Indexed { size, largest, zeros }) in &self.indexed {
            if *largest == 0 || largest >= size {
                continue;
            }
            let help = format!(
                "add 1 to every index of `{name}`: `{name}[0]` is `{name}[1]`, `{name}[{largest}]` is `{name}[{}]`",
                largest + 1
            );
            let is_of_this = |d: &&mut Diagnostic| d.labels.first().is_some_and(|l| zeros.contains(&l.span));
            for finding in self.found.0.iter_mut().filter(|d| d.code.id() == "T007").filter(is_of_this) {
                (finding.fix, finding.help) = (None, Some(help.clone()));
            }
        }
    }
}

fn axes(rank: usize) -> String {
    match rank {
        0 => "axis".into(),
        _ => format!("axis after the first {rank}"),
    }
}
