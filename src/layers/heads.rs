//! `heads { … }`: several outputs of one net.

use super::{Body, Layer, Misfit, Operation, Plan, Wants, Words};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "heads",
    usage: "heads { name: layer … }",
    sizes: &[],
    has_kernel: false,
    has_rate: false,
    options: &[],
    wants: Wants::Any,
    body: Body::Heads,
    plan,
    page: "heads { name: layer … }: several outputs of one net.
A head is one layer or a braced stack; it is used as `f(x).name`.",
};

fn plan(_: &Words, input: &Shape) -> Result<Plan, Misfit> {
    Ok(Plan {
        output: input.clone(),
        tensors: None,
        operation: Operation::Heads,
        text: "heads".into(),
        dropped: [0, 0],
    })
}
