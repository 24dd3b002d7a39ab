//! `embed N`: a vector for each level of a factor.

use super::{Body, Layer, Misfit, Operation, Plan, Tensors, Wants, Words};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "embed",
    usage: "embed UNITS [ACTIVATION] [{ overrides }]",
    sizes: &["units"],
    has_kernel: false,
    has_rate: false,
    options: &[],
    wants: Wants::Factor,
    body: Body::Overrides,
    plan,
    page: "embed N: N numbers for each level of a factor, w [levels, N]; no b.
One level is there at a time, so fan_in = 1 and fan_out = N. Only the first layer of a net can have it.",
};

fn plan(words: &Words, input: &Shape) -> Result<Plan, Misfit> {
    let (levels, units) = (input.len(), words.sizes[0]);
    Ok(Plan {
        output: Shape::vector(units),
        tensors: Some(Tensors { weights: [levels, units].into(), biases: None, fan_in: 1, fan_out: units }),
        operation: Operation::Embed,
        text: format!("embed {units}"),
        dropped: [0, 0],
    })
}
