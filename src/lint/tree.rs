//! Walks over what was written: where a prior, a call or a layer stands.

use crate::source::Span;
use crate::syntax::ast::{Arg, Ast, Dist, Expr, ExprKind, Item, Layer, Name};

/// Every item, outer before inner.
pub fn items(ast: &Ast) -> Vec<&Item> {
    let mut found = vec![];
    let mut pending: Vec<&Item> = ast.items.iter().rev().collect();
    while let Some(item) = pending.pop() {
        found.push(item);
        pending.extend(inside(item).into_iter().rev());
    }
    found
}

fn inside(item: &Item) -> Vec<&Item> {
    match item {
        Item::Net { body, .. } | Item::Each { body, .. } => body.iter().collect(),
        Item::Choose { alternatives, .. } => alternatives.iter().flat_map(|a| &a.items).collect(),
        Item::Layer(layer) => layer.body.iter().flatten().collect(),
        Item::Data(_)
        | Item::Const { .. }
        | Item::Define { .. }
        | Item::Random { .. }
        | Item::Report { .. }
        | Item::Fit { .. } => vec![],
    }
}

/// Every `name ~ Dist(…)`.
pub fn randoms(ast: &Ast) -> impl Iterator<Item = (&Name, &Dist)> {
    items(ast).into_iter().filter_map(|item| match item {
        Item::Random { name, dist, .. } => Some((name, dist)),
        _ => None,
    })
}

/// The `name ~ Dist(…)` whose right side stands at a place.
pub fn random_at(ast: &Ast, dist: Span) -> Option<(&Name, &Dist)> {
    randoms(ast).find(|(_, d)| d.span == dist)
}

/// The argument of a written distribution that has this name or, by position, this place.
pub fn argument<'a>(dist: &'a Dist, name: &str, position: usize) -> Option<&'a Arg> {
    let named = dist.args.iter().find(|a| a.name.as_ref().is_some_and(|n| n.value == name));
    named.or_else(|| dist.args.get(position).filter(|a| a.name.is_none()))
}

/// The last layer of a net's stack; none where it ends in a block of layers.
pub fn last_layer<'a>(ast: &'a Ast, net: &str) -> Option<&'a Layer> {
    let body = items(ast).into_iter().find_map(|item| match item {
        Item::Net { name, body, .. } if name.value == net => Some(body),
        _ => None,
    })?;
    body.iter().rev().find_map(|item| match item {
        Item::Layer(layer) => Some(layer),
        _ => None,
    })
}

/// Every expression of an item's own right side, with all that it holds.
pub fn expressions(ast: &Ast) -> Vec<&Expr> {
    let mut pending: Vec<&Expr> = vec![];
    for item in items(ast) {
        match item {
            Item::Define { value, .. } | Item::Report { value, .. } | Item::Const { value, .. } => {
                pending.push(value);
            }
            Item::Random { dist, .. } => pending.extend(dist.args.iter().map(|a| &a.value)),
            _ => {}
        }
    }
    let mut found = vec![];
    while let Some(expr) = pending.pop() {
        found.push(expr);
        pending.extend(operands(expr));
    }
    found
}

/// The expressions directly inside one.
pub fn operands(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Name(_) => vec![],
        ExprKind::Call { args, .. } => args.iter().map(|a| &a.value).collect(),
        ExprKind::Join(parts) => parts.iter().collect(),
        ExprKind::Index { base, indices } => std::iter::once(&**base).chain(indices).collect(),
        ExprKind::Field { base, .. } => vec![base],
        ExprKind::Negate(x) => vec![x],
        ExprKind::Binary { left, right, .. } => vec![left, right],
    }
}

/// The arguments of every call of a net.
pub fn arguments_of_net<'a>(ast: &'a Ast, net: &str) -> Vec<&'a Arg> {
    let calls = expressions(ast).into_iter().filter_map(|e| match &e.kind {
        ExprKind::Call { name, args } if name.value == net => Some(args),
        _ => None,
    });
    calls.flatten().collect()
}
