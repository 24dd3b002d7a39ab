//! `name ~ Dist(…)`, `name = expression` and `f(a, b) = expression`: what may stand on which side.

use super::expr::is_named;
use super::{Builder, Piece, next, only, parts, span};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arg, Dist, Expr, ExprKind, Item, Name};
use crate::syntax::grammar::Rule;
use crate::syntax::{error, foreign};

impl Builder<'_> {
    /// An unknown, a likelihood or a definition.
    pub(super) fn statement(&mut self, piece: Piece) -> Option<Item> {
        let mut parts = parts(piece);
        let left = self.expr(next(&mut parts));
        let right = next(&mut parts);
        match right.as_rule() {
            Rule::random => self.random(left, only(right)),
            _ => {
                let value = self.expr(only(right));
                self.define(left, value)
            }
        }
    }

    /// `f(a, b) = expression`: the left side is a name or a call with names.
    fn define(&mut self, left: Expr, value: Expr) -> Option<Item> {
        let refused = match left.kind {
            ExprKind::Name(name) => {
                return Some(Item::Define {
                    name: Spanned { value: name, span: left.span },
                    parameters: vec![],
                    value,
                });
            }
            ExprKind::Call { name, args } => {
                let parameters: Option<Vec<Name>> = args.iter().map(parameter).collect();
                match parameters {
                    Some(parameters) if !parameters.is_empty() => {
                        return Some(Item::Define { name, parameters, value });
                    }
                    _ => error::parameters_must_be_names(left.span, &name.value),
                }
            }
            _ => error::left_of_definition(left.span, self.source.slice(left.span)),
        };
        self.refuse(refused);
        None
    }

    /// `beta[4] ~ Normal(0, 1)`
    fn random(&mut self, left: Expr, right: Piece) -> Option<Item> {
        let whole = span(&right);
        let mut parts = parts(right);
        let value = self.expr(next(&mut parts));
        let suffixes = parts.map(|p| self.suffix(p)).collect();
        let left_span = left.span;
        let sides = (self.left(left, &value), self.dist_of(left_span, value));
        let (Some((name, sizes)), Some((dist, args))) = sides else { return None };
        let dist = Dist { name: dist, args, suffixes, span: whole };
        let end = dist.suffixes.first().map_or(dist.span.end, |s| s.span.start);
        let words = self.source.slice(Span { start: dist.span.start, end }).trim_end();
        let call = Span { start: dist.span.start, end: dist.span.start + words.len() as u32 };
        let foreign =
            foreign::names::distribution(&dist.name.value, dist.name.span, &dist.args, call, self.source);
        if let Some(finding) = foreign {
            self.refuse(finding);
            return None;
        }
        Some(Item::Random { name, sizes, dist })
    }

    /// The name and sizes on the left of `~`.
    fn left(&mut self, left: Expr, right: &Expr) -> Option<(Name, Vec<Expr>)> {
        let span = left.span;
        match left.kind {
            ExprKind::Name(name) => return Some((Spanned { value: name, span }, vec![])),
            ExprKind::Index { base, indices } => match base.kind {
                ExprKind::Name(name) if !indices.iter().any(is_text) => {
                    return Some((Spanned { value: name, span: base.span }, indices));
                }
                _ => self.refuse(error::indexed_left(span, self.source.slice(base.span))),
            },
            ref kind => {
                let finding = error::left_of_tilde(span, kind, right, self.source);
                self.refuse(finding);
            }
        }
        None
    }

    /// The distribution on the right of `~`.
    fn dist_of(&mut self, left: Span, value: Expr) -> Option<(Name, Vec<Arg>)> {
        let span = value.span;
        match value.kind {
            ExprKind::Name(name) => Some((Spanned { value: name, span }, vec![])),
            ExprKind::Call { name, args } => Some((name, args)),
            ExprKind::Binary { op, .. } => {
                let mut terms = Vec::new();
                collect_terms(&value, &mut terms);
                let has_call = terms.iter().any(|t| matches!(t.kind, ExprKind::Call { .. }));
                let finding = match op {
                    op if foreign::formula::joins_terms(op) && !has_call => {
                        foreign::formula::formula(self.source.slice(left), span, &terms, self.source)
                    }
                    _ => error::not_a_distribution(span, has_call),
                };
                self.refuse(finding);
                None
            }
            _ => {
                self.refuse(error::not_a_distribution(span, false));
                None
            }
        }
    }
}

/// The terms of a sum or product, left to right.
fn collect_terms<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Binary { left, right, .. } => {
            collect_terms(left, into);
            collect_terms(right, into);
        }
        _ => into.push(expr),
    }
}

/// A parameter of a function: a bare name.
fn parameter(arg: &Arg) -> Option<Name> {
    match (&arg.name, &arg.value.kind) {
        (None, ExprKind::Name(name)) if is_named(&arg.value) && arg.suffixes.is_empty() => {
            Some(Spanned { value: name.clone(), span: arg.value.span })
        }
        _ => None,
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Text(_))
}
