//! `residual { … }`: the stack's output plus its input.

use super::{Body, Layer, Misfit, Operation, Plan, Wants, Words};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "residual",
    usage: "residual { layers }",
    sizes: &[],
    has_kernel: false,
    has_rate: false,
    options: &[],
    wants: Wants::Any,
    body: Body::Stack,
    plan,
    page: "residual { layers }: the stack's output plus its input.
Both must have one shape.",
};

fn plan(_: &Words, input: &Shape) -> Result<Plan, Misfit> {
    Ok(Plan {
        output: input.clone(),
        tensors: None,
        operation: Operation::Residual,
        text: "residual".into(),
        dropped: [0, 0],
    })
}
