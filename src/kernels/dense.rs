//! Dense layers on lanes: y\[n,r\] = f(Σ_k w\[k,n\] x\[k,r\] + b\[n\]) and its two gradients.
//!
//! Weights are `[in][out]`, values `[feature][row]` with a multiple of 16 rows. Rows fill the vector registers; a tile
//! of up to six outputs times two registers of rows stays in registers while the inputs go by, so a layer of five
//! units costs little more than its multiply-adds. Where there is no AVX2, products large enough to repay packing go to
//! the crate `gemm`.
//! The weight gradient has two forms: sums over lanes for narrow layers, outer products row by row for wide ones.

mod activation;
mod product;
#[cfg(test)]
pub(crate) mod tests;
mod weight;

pub(crate) use activation::apply as apply_activation;
pub use activation::{Activation, activation_gradient, add_bias};
pub use weight::{weight_gradient, weight_gradient_scratch};

use super::dispatch::{Isa, versions};
use super::real::Real;
use product::{Coefficients, Derivative, product, product_by_gemm};

/// Multiply-adds above which the crate's packing pays.
const GEMM_WORK: usize = 1 << 21;
/// Rows below which it never pays, of products by the weights' transpose.
const GEMM_ROWS: usize = 64;
/// The same of products by the weights, whose coefficients [`product`] copies together itself.
const GEMM_ROWS_FORWARD: usize = 192;

/// Whether a product goes to the crate: not on x86-64 with AVX2, where [`product`] is as fast, with AVX-512 (for which the
/// crate has no kernels) 1.4 to 1.6 times, and has the same bits with both.
#[inline(always)]
fn prefers_gemm<I: Isa>(inputs: usize, outputs: usize, rows: usize) -> bool {
    let has_own = I::TILES && cfg!(target_arch = "x86_64");
    !has_own && rows >= GEMM_ROWS && inputs.min(outputs) >= 32 && inputs * outputs * rows >= GEMM_WORK
}

versions! {
    /// out\[n,r\] = f(Σ_k w\[k,n\] x\[k,r\] + bias\[n\]) for w `[inputs][outputs]`, x `[inputs][rows]`.
    pub fn forward(
        w: &[T],
        x: &[T],
        bias: Option<&[T]>,
        activation: Activation,
        out: &mut [T],
        inputs: usize,
        outputs: usize,
        rows: usize,
    ) = forward_body, wider if true;
    /// dx\[k,r\] = Σ_n w\[k,n\] dy\[n,r\], added to what is there where `accumulate`; then times the derivative of the
    /// activation that made x, from x (which is not read where there is none).
    pub fn input_gradient(
        w: &[T],
        dy: &[T],
        before: (Activation, &[T]),
        dx: &mut [T],
        inputs: usize,
        outputs: usize,
        rows: usize,
        accumulate: bool,
    ) = input_gradient_body, wider if true;
}

#[inline(always)]
fn forward_body<T: Real, I: Isa>(
    w: &[T],
    x: &[T],
    bias: Option<&[T]>,
    activation: Activation,
    out: &mut [T],
    inputs: usize,
    outputs: usize,
    rows: usize,
) {
    let coefficients = Coefficients { values: w, per_input: outputs, per_output: 1 };
    if rows >= GEMM_ROWS_FORWARD && prefers_gemm::<I>(inputs, outputs, rows) {
        product_by_gemm(coefficients, x, out, inputs, outputs, rows, false);
        if let Some(bias) = bias {
            add_bias::<T>(bias, out, rows);
        }
    } else {
        product::<T, I>(coefficients, x, bias, None, out, inputs, outputs, rows, false);
    }
    activation::apply::<T, I>(activation, out);
}

#[inline(always)]
fn input_gradient_body<T: Real, I: Isa>(
    w: &[T],
    dy: &[T],
    before: (Activation, &[T]),
    dx: &mut [T],
    inputs: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
) {
    let coefficients = Coefficients { values: w, per_input: 1, per_output: outputs };
    let (activation, y) = before;
    // What needs a function of y takes a loop of its own, and so does what another crate has computed.
    let (is_by_gemm, is_simple) =
        (prefers_gemm::<I>(inputs, outputs, rows), activation != Activation::Softplus);
    let is_fused = activation != Activation::None && is_simple && !is_by_gemm;
    if is_by_gemm {
        product_by_gemm(coefficients, dy, dx, outputs, inputs, rows, accumulate);
    } else {
        let derivative = is_fused.then_some(Derivative { activation, y });
        product::<T, I>(coefficients, dy, None, derivative, dx, outputs, inputs, rows, accumulate);
    }
    if !is_fused {
        activation::apply_derivative::<T, I>(activation, y, dx);
    }
}
