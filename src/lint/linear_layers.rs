//! K001: two `dense` in a row with no activation between them.
//!
//! ```text
//! (x A + a) B + b  =  x (A B) + (a B + b)
//! ```
//!
//! They compute what one layer can. Only where the inner layer is narrower than both its neighbours do two make sense
//! (a matrix of low rank), and nothing is said.

use super::{Lint, Subject};
use crate::diagnostic::Diagnostic;
use crate::kernels::scalar::Binary;
use crate::model::{ExprId, ExprKind, Model};

/// The entry of the table.
pub const LINT: Lint = Lint { code: "K001", is_about_values: false, check };

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let model = subject.model;
    let mut found = vec![];
    for outer in &model.exprs {
        let ExprKind::Dense { x, .. } = outer.kind else { continue };
        let Some(input) = linear_input(model, x) else { continue };
        let width = |id: ExprId| model.expr(id).ty.shape.len();
        let (before, inner, after) = (width(input), width(x), outer.ty.shape.len());
        if inner < before.min(after) {
            continue;
        }
        let first = model.expr(x).span;
        found.push(
            Diagnostic::new("K001", "two `dense` in a row with no activation are one")
                .at(first, "no activation ends this layer")
                .at(outer.span, "so this one can do the work of both")
                .help("end the first with an activation such as `tanh`, or leave it out"),
        );
    }
    found
}

/// The input of `x A + a`, if that is what an expression is.
fn linear_input(model: &Model, id: ExprId) -> Option<ExprId> {
    let ExprKind::Binary(Binary::Add, product, _) = model.expr(id).kind else { return None };
    match model.expr(product).kind {
        ExprKind::Dense { x, .. } => Some(x),
        _ => None,
    }
}
