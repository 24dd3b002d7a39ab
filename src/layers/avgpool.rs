//! `avgpool K`: the mean of each K by K window of an image.

use super::{Body, Layer, LayerOption, Misfit, Operation, Plan, Wants, Words, image, windows};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "avgpool",
    usage: "avgpool SIZE [stride S]",
    sizes: &["size"],
    has_kernel: false,
    has_rate: false,
    options: &[LayerOption::Stride],
    wants: Wants::Image,
    body: Body::None,
    plan,
    page: "avgpool K: the mean of each K by K window. The windows do not overlap unless `stride` says so.
No padding: rows and columns left over at the end are dropped.",
};

fn plan(words: &Words, input: &Shape) -> Result<Plan, Misfit> {
    let [h, w, c] = image(input);
    let size = words.sizes[0];
    let stride = words.stride.unwrap_or(size);
    let misfit = || Misfit::KernelTooLarge { kernel: [size, size], input: [h, w] };
    let (oh, rows) = windows(h, size, stride).ok_or_else(misfit)?;
    let (ow, columns) = windows(w, size, stride).ok_or_else(misfit)?;
    Ok(Plan {
        output: [oh, ow, c].into(),
        tensors: None,
        operation: Operation::AvgPool { size, stride },
        text: format!("avgpool {size} stride {stride}"),
        dropped: [rows, columns],
    })
}
