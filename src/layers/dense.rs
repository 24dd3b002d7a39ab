//! `dense N`: every output is a weighted sum of all inputs.

use super::{Body, Layer, Misfit, Operation, Plan, Tensors, Wants, Words};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "dense",
    usage: "dense UNITS [ACTIVATION] [{ overrides }]",
    sizes: &["units"],
    has_kernel: false,
    has_rate: false,
    options: &[],
    wants: Wants::Vector,
    body: Body::Overrides,
    plan,
    page: "dense N: y = x w + b, with w [inputs, N] and b [N]. fan_in = inputs, fan_out = N.
An image is flattened first.",
};

fn plan(words: &Words, input: &Shape) -> Result<Plan, Misfit> {
    let (inputs, units) = (input.len(), words.sizes[0]);
    Ok(Plan {
        output: Shape::vector(units),
        tensors: Some(Tensors {
            weights: [inputs, units].into(),
            biases: Some(Shape::vector(units)),
            fan_in: inputs,
            fan_out: units,
        }),
        operation: Operation::Dense,
        text: format!("dense {units}"),
        dropped: [0, 0],
    })
}
