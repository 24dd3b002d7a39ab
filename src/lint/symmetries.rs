//! K004, K005: changes of the weights that change nothing else.

use super::Lint;
use super::subject::{Subject, argument, tensor};
use crate::diagnostic::Diagnostic;
use crate::kernels::scalar::{Binary, Unary};
use crate::model::{Expr, ExprId, ExprKind};

/// K004: a constant added to all logits.
pub const SHIFT: Lint = Lint { code: "K004", is_about_values: false, check: shift };
/// K005: hidden units exchanged, or turned round.
pub const PERMUTATION: Lint = Lint { code: "K005", is_about_values: false, check: permutation };

fn shift(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for observation in subject.model.observations.iter().filter(|o| o.dist.family.name == "Categorical") {
        let dist = &observation.dist;
        let scores = argument(dist, "logits").or_else(|| match subject.kind(argument(dist, "probs")?) {
            ExprKind::Softmax(x) => Some(*x),
            _ => None,
        });
        let Some(scores) = scores else { continue };
        let ExprKind::Binary(Binary::Add, _, b) = subject.kind(scores) else { continue };
        let Some((_, bias)) = subject.unknown(*b).filter(|(_, u)| tensor(u, "b").is_some()) else { continue };
        // With `Flat` it is not harmless, and P004 tells.
        if bias.prior.family.name == "Flat" {
            continue;
        }
        let k = bias.shape.len();
        found.push(
            Diagnostic::new(
                "K004",
                format!("{k} logits with {k} free biases: a constant added to all changes nothing"),
            )
            .at(subject.model.expr(scores).span, format!("the biases `{}`", bias.name))
            .note("harmless with a proper prior: read probabilities, not single logits"),
        );
    }
    found
}

fn permutation(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for (position, net) in subject.model.nets.iter().enumerate() {
        let is_of_net = |(_, e): &(ExprId, &Expr)| match e.kind {
            ExprKind::Dense { w, .. } | ExprKind::Conv { w, .. } => {
                subject.unknown(w).and_then(|(_, u)| tensor(u, "w")).is_some_and(|(n, ..)| n == position)
            }
            _ => false,
        };
        let all = subject.model.exprs.iter().enumerate().map(|(i, e)| (ExprId(i as u32), e));
        let layers: Vec<(ExprId, &Expr)> = all.filter(is_of_net).collect();
        let [(output, first), _, ..] = layers.as_slice() else { continue };
        let symmetry = match is_odd_after(subject, *output) {
            true => "its units can be exchanged, and their signs turned, without a change",
            false => "its units can be exchanged without a change",
        };
        found.push(
            Diagnostic::new(
                "K005",
                format!("weights of the hidden layers of `{}` mean little one by one", net.name),
            )
            .at(first.span, symmetry)
            .help("read predictions, and what `report` computes from them"),
        );
    }
    found
}

/// Whether the activation after a layer's product is odd: then a unit with all its signs turned is the same unit.
fn is_odd_after(subject: &Subject, product: ExprId) -> bool {
    let mut output = product;
    for (i, expr) in subject.model.exprs.iter().enumerate().skip(product.0 as usize) {
        match expr.kind {
            ExprKind::Binary(Binary::Add, x, _) if x == output => output = ExprId(i as u32),
            ExprKind::Unary(Unary::Tanh, x) if x == output => return true,
            _ => {}
        }
    }
    false
}
