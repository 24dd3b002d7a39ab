//! The terms of a linear predictor: `a + b * x + dot(c, z)` as data times unknowns.

use super::subject::Subject;
use crate::kernels::scalar::{Binary, Unary};
use crate::model::{ExprId, ExprKind};

/// One term: what is multiplied with the unknown. `None` is an intercept.
pub struct Term {
    /// The unknown part.
    pub coefficient: ExprId,
    /// The data: an expression, and which element of it.
    pub data: Option<(ExprId, usize)>,
}

/// The terms of a sum; none if something in it is not linear in unknowns.
pub fn terms(subject: &Subject, id: ExprId) -> Option<Vec<Term>> {
    let mut found = vec![];
    let mut pending = vec![id];
    while let Some(id) = pending.pop() {
        if !subject.is_random(id) {
            continue;
        }
        if !subject.is_row(id) || subject.unknown(id).is_some() {
            found.push(Term { coefficient: id, data: None });
            continue;
        }
        match subject.kind(id) {
            ExprKind::Binary(Binary::Add | Binary::Sub, a, b) => pending.extend([*a, *b]),
            ExprKind::Unary(Unary::Neg, x) => pending.push(*x),
            ExprKind::Binary(Binary::Mul, a, b) => {
                let (data, coefficient) = match (subject.is_random(*a), subject.is_random(*b)) {
                    (true, false) => (*b, *a),
                    (false, true) => (*a, *b),
                    _ => return None,
                };
                if subject.is_row(coefficient) && subject.unknown(coefficient).is_none() {
                    return None;
                }
                found.push(Term { coefficient, data: Some((data, 0)) });
            }
            ExprKind::Dot(a, b) => {
                let (data, coefficient) = match (subject.is_random(*a), subject.is_random(*b)) {
                    (true, false) => (*b, *a),
                    (false, true) => (*a, *b),
                    _ => return None,
                };
                if subject.is_row(coefficient) {
                    return None;
                }
                for i in 0..subject.model.expr(data).ty.shape.len() {
                    found.push(Term { coefficient, data: Some((data, i)) });
                }
            }
            _ => return None,
        }
    }
    Some(found)
}
