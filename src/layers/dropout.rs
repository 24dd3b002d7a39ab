//! `dropout P`: a share of its input set to 0, anew in each row and each draw, the rest enlarged so that the mean stays.
//!
//! The zeros are noise of the model, not a trick of the optimiser: they are there in predictions too.

use super::{Body, Layer, Misfit, Operation, Plan, Wants, Words};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "dropout",
    usage: "dropout RATE",
    sizes: &[],
    has_kernel: false,
    has_rate: true,
    options: &[],
    wants: Wants::Any,
    body: Body::None,
    plan,
    page: "dropout P: each number is 0 with probability P and x/(1 - P) else, anew in each row and each draw.
P is a constant from 0 to below 1. The zeros belong to the model: each row has its own, which nothing is learned of,
so the ELBO is one of the model with them, and predictions average over them.
Reference: Gal, Ghahramani, Dropout as a Bayesian Approximation, 2016.",
};

fn plan(words: &Words, input: &Shape) -> Result<Plan, Misfit> {
    let rate = words.rate.unwrap_or(0.0);
    Ok(Plan {
        output: input.clone(),
        tensors: None,
        operation: Operation::Dropout { rate },
        text: format!("dropout {rate}"),
        dropped: [0, 0],
    })
}
