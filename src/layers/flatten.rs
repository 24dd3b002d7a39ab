//! `flatten`: all numbers of an image in one row. Put in by the checker where a layer wants a vector.

use super::{Body, Layer, Misfit, Operation, Plan, Wants, Words};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "flatten",
    usage: "flatten",
    sizes: &[],
    has_kernel: false,
    has_rate: false,
    options: &[],
    wants: Wants::Any,
    body: Body::None,
    plan,
    page: "flatten: [H, W, C] to [H * W * C], row by row. Put in before `dense` where it is needed.",
};

fn plan(_: &Words, input: &Shape) -> Result<Plan, Misfit> {
    Ok(Plan {
        output: Shape::vector(input.len()),
        tensors: None,
        operation: Operation::Flatten,
        text: "flatten".into(),
        dropped: [0, 0],
    })
}
