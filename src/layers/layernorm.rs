//! `layernorm`: the numbers of one row moved and scaled to mean 0 and sd 1.
//!
//! It has no weights: those of the layer after it can do what a gain and a shift would.

use super::{Body, Layer, Misfit, Operation, Plan, Wants, Words};
use crate::ty::Shape;

/// Added to the variance, so that equal numbers give 0.
pub const EPSILON: f64 = 1e-5;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "layernorm",
    usage: "layernorm [ACTIVATION]",
    sizes: &[],
    has_kernel: false,
    has_rate: false,
    options: &[],
    wants: Wants::Any,
    body: Body::None,
    plan,
    page: "layernorm: (x - mean) / sqrt(variance + 1e-5) over all numbers of one row.
It has no weights; those of the next layer scale and shift.",
};

fn plan(_: &Words, input: &Shape) -> Result<Plan, Misfit> {
    Ok(Plan {
        output: input.clone(),
        tensors: None,
        operation: Operation::LayerNorm,
        text: "layernorm".into(),
        dropped: [0, 0],
    })
}
