//! `conv C KxK`: C filters slide over an image.
//!
//! ```text
//! valid: OH = (H - KH) / stride + 1
//! same:  OH = ceil(H / stride), zeros added above and below (one more below where their number is odd)
//! ```

use super::{Body, Layer, LayerOption, Misfit, Operation, Plan, Tensors, Wants, Words, image, windows};
use crate::ty::Shape;

/// The entry of the table.
pub const LAYER: Layer = Layer {
    name: "conv",
    usage: "conv CHANNELS KERNEL [stride S] [pad valid|same] [ACTIVATION] [{ overrides }]",
    sizes: &["channels"],
    has_kernel: true,
    has_rate: false,
    options: &[LayerOption::Stride, LayerOption::Pad],
    wants: Wants::Image,
    body: Body::Overrides,
    plan,
    page: "conv C KxL: C filters of K by L pixels; `conv 32 5` is square. w is [K, L, inputs, C], b is [C].
fan_in = K * L * inputs, fan_out = K * L * C. Padding is `valid` (none) unless `pad same` is written.",
};

fn plan(words: &Words, input: &Shape) -> Result<Plan, Misfit> {
    let [h, w, c] = image(input);
    let (channels, [kh, kw], stride) = (words.sizes[0], words.kernel, words.stride.unwrap_or(1));
    let misfit = || Misfit::KernelTooLarge { kernel: [kh, kw], input: [h, w] };
    let (top, bottom) = if words.pads_same { padding(h, kh, stride) } else { (0, 0) };
    let (left, right) = if words.pads_same { padding(w, kw, stride) } else { (0, 0) };
    let (oh, _) = windows(h + top + bottom, kh, stride).ok_or_else(misfit)?;
    let (ow, _) = windows(w + left + right, kw, stride).ok_or_else(misfit)?;
    Ok(Plan {
        output: [oh, ow, channels].into(),
        tensors: Some(Tensors {
            weights: [kh, kw, c, channels].into(),
            biases: Some(Shape::vector(channels)),
            fan_in: kh.saturating_mul(kw).saturating_mul(c),
            fan_out: kh.saturating_mul(kw).saturating_mul(channels),
        }),
        operation: Operation::Conv { stride, pad: [top, bottom, left, right] },
        text: format!(
            "conv {channels} {kh}x{kw} stride {stride} pad {}",
            if words.pads_same { "same" } else { "valid" }
        ),
        dropped: [0, 0],
    })
}

/// Zeros before and after one axis so that the output has `ceil(input / stride)` places.
fn padding(input: usize, kernel: usize, stride: usize) -> (usize, usize) {
    let total = (input.div_ceil(stride).saturating_sub(1) * stride + kernel).saturating_sub(input);
    (total / 2, total - total / 2)
}
