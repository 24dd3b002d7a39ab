//! `concat { … }`: the stack's output after its input.

use super::{Body, Layer, Misfit, Operation, Plan, Wants, Words};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "concat",
    usage: "concat { layers }",
    sizes: &[],
    has_kernel: false,
    has_rate: false,
    options: &[],
    wants: Wants::Vector,
    body: Body::Stack,
    plan,
    page: "concat { layers }: the stack's output after its input.
Both must be vectors.",
};

fn plan(_: &Words, input: &Shape) -> Result<Plan, Misfit> {
    Ok(Plan {
        output: input.clone(),
        tensors: None,
        operation: Operation::Concat,
        text: "concat".into(),
        dropped: [0, 0],
    })
}
