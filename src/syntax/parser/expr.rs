//! Expressions, loosest first; each function keeps track of how deep its tree is.
//!
//! A chain such as `a + b + c + …` is a tree as deep as it is long, and later stages walk trees by recursion.
//! So the depth is bounded here, where the tree is made, and a tree that is too deep is refused and dropped in time.

use super::{Builder, Piece, name, next, only, parts, span};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arg, BinaryOp, Expr, ExprKind, Suffix};
use crate::syntax::error;
use crate::syntax::grammar::Rule;

/// The deepest tree of an expression: brackets, signs, powers and operators in a row.
const DEEPEST_TREE: usize = 512;

/// An expression, the place of it with brackets around it, and its depth.
struct Built {
    expr: Expr,
    outer: Span,
    depth: usize,
}

impl Builder<'_> {
    /// An expression of any rule from `expr` to `primary`.
    pub(super) fn expr(&mut self, piece: Piece) -> Expr {
        self.built(piece).expr
    }

    /// Expressions with commas between them: sizes, indices, the members of a join.
    pub(super) fn exprs(&mut self, piece: Piece) -> Vec<Expr> {
        parts(piece).map(|p| self.expr(p)).collect()
    }

    /// `0, rate = 2`
    pub(super) fn args(&mut self, piece: Piece) -> Vec<Arg> {
        self.built_args(piece).0
    }

    fn built(&mut self, piece: Piece) -> Built {
        let outer = span(&piece);
        match piece.as_rule() {
            Rule::expr | Rule::sum | Rule::term => self.chain(piece),
            Rule::unary => {
                let is_negated =
                    piece.clone().into_inner().next().is_some_and(|p| p.as_rule() == Rule::minus);
                let inner = self.built(only(piece));
                match is_negated {
                    true => self.grown(ExprKind::Negate(Box::new(inner.expr)), outer, inner.depth),
                    false => inner,
                }
            }
            Rule::power => {
                let mut parts = parts(piece);
                let base = self.built(next(&mut parts));
                match parts.next() {
                    None => base,
                    Some(exponent) => {
                        let exponent = self.built(exponent);
                        self.binary(BinaryOp::Pow, base, exponent)
                    }
                }
            }
            Rule::postfix => self.postfix(piece),
            Rule::group => Built { outer, ..self.built(only(piece)) },
            Rule::number => {
                let value: f64 = piece.as_str().parse().unwrap_or(f64::INFINITY);
                if value.is_infinite() {
                    self.refuse(error::too_large(outer));
                }
                self.grown(ExprKind::Number(value), outer, 0)
            }
            Rule::string => {
                let text = self.text(piece).value;
                self.grown(ExprKind::Text(text), outer, 0)
            }
            Rule::name => self.grown(ExprKind::Name(piece.as_str().to_owned()), outer, 0),
            Rule::call => {
                let mut parts = parts(piece);
                let name = name(next(&mut parts));
                let (args, depth) = parts.next().map(|p| self.built_args(p)).unwrap_or_default();
                self.grown(ExprKind::Call { name, args }, outer, depth)
            }
            Rule::join => {
                let members: Vec<Built> = parts(piece).map(|p| self.built(p)).collect();
                let depth = members.iter().map(|m| m.depth).max().unwrap_or(0);
                self.grown(ExprKind::Join(members.into_iter().map(|m| m.expr).collect()), outer, depth)
            }
            _ => self.built(only(piece)), // primary: one of the above
        }
    }

    /// Operators of one level, grouped to the left: `a - b + c`.
    fn chain(&mut self, piece: Piece) -> Built {
        let mut parts = parts(piece);
        let mut left = self.built(next(&mut parts));
        while let Some(op) = parts.next() {
            let op = operator(op.as_str());
            let right = self.built(next(&mut parts));
            left = self.binary(op, left, right);
        }
        left
    }

    fn binary(&mut self, op: BinaryOp, left: Built, right: Built) -> Built {
        let depth = left.depth.max(right.depth);
        let outer = left.outer.to(right.outer);
        self.grown(
            ExprKind::Binary { op, left: Box::new(left.expr), right: Box::new(right.expr) },
            outer,
            depth,
        )
    }

    /// `theta[school]`, `f(x).mean`, `f.1.w`
    fn postfix(&mut self, piece: Piece) -> Built {
        let mut parts = parts(piece);
        let mut built = self.built(next(&mut parts));
        for part in parts {
            let outer = built.outer.to(span(&part));
            let base = Box::new(built.expr);
            built = if part.as_rule() == Rule::index {
                let indices: Vec<Built> = super::parts(part).map(|p| self.built(p)).collect();
                let depth = indices.iter().map(|i| i.depth).max().unwrap_or(0).max(built.depth);
                let indices = indices.into_iter().map(|i| i.expr).collect();
                self.grown(ExprKind::Index { base, indices }, outer, depth)
            } else {
                let field = name(only(part));
                self.grown(ExprKind::Field { base, field }, outer, built.depth)
            };
        }
        built
    }

    /// A tree one deeper than what it is made of.
    fn grown(&mut self, kind: ExprKind, span: Span, depth: usize) -> Built {
        if depth < DEEPEST_TREE {
            return Built { expr: Expr { kind, span }, outer: span, depth: depth + 1 };
        }
        // What is left of the chain would be refused again and again.
        if !std::mem::replace(&mut self.is_too_deep, true) {
            self.refuse(error::too_many_operators(span, DEEPEST_TREE));
        }
        Built { expr: Expr { kind: ExprKind::Number(0.0), span }, outer: span, depth: 0 }
    }

    fn built_args(&mut self, piece: Piece) -> (Vec<Arg>, usize) {
        let mut deepest = 0;
        let mut args = Vec::new();
        for arg in parts(piece) {
            let mut inner = parts(arg).peekable();
            let name = inner.next_if(|p| p.as_rule() == Rule::name).map(name);
            let value = self.built(next(&mut inner));
            let suffixes: Vec<_> = inner.map(|p| self.suffix(p)).collect();
            if let (Some(first), false) = (suffixes.first(), is_named(&value.expr)) {
                self.refuse(error::suffix_without_distribution(first.span, self.source.slice(first.span)));
            }
            deepest = deepest.max(value.depth);
            args.push(Arg { name, value: value.expr, suffixes });
        }
        (args, deepest)
    }

    /// `on (0, inf)`, `ordered`, `weighted by n`, `censored by c`
    pub(super) fn suffix(&mut self, piece: Piece) -> Spanned<Suffix> {
        let span = span(&piece);
        let inner = only(piece);
        let rule = inner.as_rule();
        let mut parts = parts(inner);
        let value = match rule {
            Rule::ordered => Suffix::Ordered,
            Rule::weighted => Suffix::WeightedBy(name(next(&mut parts))),
            Rule::on => Suffix::On(self.expr(next(&mut parts)), self.expr(next(&mut parts))),
            _ => {
                let by = next(&mut parts);
                match by.as_rule() {
                    Rule::name => Suffix::CensoredBy(name(by)),
                    _ => {
                        let mut bounds = super::parts(by);
                        Suffix::CensoredBetween(self.expr(next(&mut bounds)), self.expr(next(&mut bounds)))
                    }
                }
            }
        };
        Spanned { value, span }
    }
}

/// Whether an expression can be a distribution: `Flat`, `Normal(0, 1)`.
pub(super) fn is_named(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Name(_) | ExprKind::Call { .. })
}

/// The operator of `a + b`, `a < b`; powers have a rule of their own.
fn operator(symbol: &str) -> BinaryOp {
    const SPELLED: [BinaryOp; 10] = [
        BinaryOp::Add,
        BinaryOp::Sub,
        BinaryOp::Mul,
        BinaryOp::Div,
        BinaryOp::Eq,
        BinaryOp::Ne,
        BinaryOp::Lt,
        BinaryOp::Le,
        BinaryOp::Gt,
        BinaryOp::Ge,
    ];
    SPELLED.into_iter().find(|op| op.symbol() == symbol).expect("the grammar has these operators only")
}
