//! Convolution, pool of the largest without overlap, bias and an increasing activation as one kernel.
//!
//! ```text
//! maxpool(f(conv(x) + b)) = f(maxpool(conv(x)) + b)     for increasing f
//! ```
//!
//! The windows of one pool times two registers of channels are computed together; the largest and its place (the
//! *winner*, its number in the pool's window in row-major order) are found in registers, so the full map is never
//! stored and a quarter of the activations is computed for a 2×2 pool. Both gradients visit winners only: a quarter of
//! the multiply-adds. They take the gradient *before* the activation and the bias
//! (`dense::activation_gradient` of the output), whose sum over pixels is the gradient by the bias.

mod forward;
mod gradient;
#[cfg(test)]
mod tests;

pub use forward::forward;
pub use gradient::{input_gradient, input_gradient_scratch, weight_gradient, weight_gradient_scratch};

use super::conv::Convolution;

/// A convolution and the pool after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvolutionPool {
    /// The convolution.
    pub convolution: Convolution,
    /// Height and width of the pool's window, which are also its steps; at most 256 entries.
    pub pool: [usize; 2],
}

impl ConvolutionPool {
    /// Height, width and channels that come out.
    pub fn output(&self) -> [usize; 3] {
        let [height, width, channels] = self.convolution.output();
        [height / self.pool[0].max(1), width / self.pool[1].max(1), channels]
    }
    /// Numbers in one output image.
    pub fn output_len(&self) -> usize {
        self.output().iter().product()
    }
    /// Entries of a pool window.
    pub fn entries(&self) -> usize {
        self.pool[0] * self.pool[1]
    }
    /// Whether the fused kernels can compute it.
    pub fn is_supported(&self) -> bool {
        (1..=MAX_ENTRIES).contains(&self.entries())
    }
    /// Where the windows of the pool's entries begin, counted from the first.
    #[inline(always)]
    fn entry_offsets(&self) -> [usize; MAX_ENTRIES] {
        let windows = self.convolution.windows();
        let mut offsets = [0; MAX_ENTRIES];
        for (i, offset) in offsets.iter_mut().enumerate().take(self.entries()) {
            *offset = i / self.pool[1] * windows.down + i % self.pool[1] * windows.across;
        }
        offsets
    }
    /// Where the first window of each pool begins in padded images.
    #[inline(always)]
    fn starts(&self) -> super::conv::Windows {
        let windows = self.convolution.windows();
        let [output_height, output_width, _] = self.output();
        super::conv::Windows {
            down: windows.down * self.pool[0],
            across: windows.across * self.pool[1],
            output_height,
            output_width,
            ..windows
        }
    }
}

/// Entries of a pool window that a winner can name.
const MAX_ENTRIES: usize = 256;
