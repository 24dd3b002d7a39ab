//! `globalpool`: the mean of each channel over the whole image.

use super::{Body, Layer, Misfit, Operation, Plan, Wants, Words, image};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "globalpool",
    usage: "globalpool",
    sizes: &[],
    has_kernel: false,
    has_rate: false,
    options: &[],
    wants: Wants::Image,
    body: Body::None,
    plan,
    page: "globalpool: the mean of each channel over the whole image, [H, W, C] to [C].",
};

fn plan(_: &Words, input: &Shape) -> Result<Plan, Misfit> {
    let [_, _, c] = image(input);
    Ok(Plan {
        output: Shape::vector(c),
        tensors: None,
        operation: Operation::GlobalPool,
        text: "globalpool".into(),
        dropped: [0, 0],
    })
}
