//! Convolutions of images, directly: no matrix of patches is made.
//!
//! ```text
//! y[r, i, j, o] = b[o] + Σ_{p,q,c} w[p, q, c, o] · x[r, i·s + p − top, j·s + q − left, c]
//! ```
//!
//! In `[row][h][w][c]` the kernel columns times channels of one kernel row (a *run*) lie side by side, so a sum over
//! taps is a loop over contiguous numbers. Zero padding is a padded copy of the images in scratch. Kernels of any size,
//! stride and channel count take the same path; six pixels times two registers of output channels are the tile.
//! The gradient by the images is a convolution of its own where that is less work, else windows are scattered.
//! Weights are packed by [`pack`] for [`forward`], and by [`pack_by_output`] where windows are scattered.

mod forward;
mod geometry;
mod gradient;
mod pad;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod tile;

pub(crate) use forward::{Packed, after_registers, load_registers, padded_channels, put, tap_sums};
pub use forward::{forward, pack, packed_len};
pub use geometry::Convolution;
pub(crate) use geometry::Windows;
pub(crate) use gradient::padded_run;
pub use gradient::{
    input_gradient, input_gradient_scratch, pack_by_output, packed_by_output_len, weight_gradient,
    weight_gradient_scratch,
};
pub use pad::forward_scratch;
pub(crate) use pad::{pad_images, padded_copy_len, unpad_images};
