//! The convolution itself: six windows times two registers of output channels at a time.

use super::{Convolution, Windows, forward_scratch, pad_images};
use crate::kernels::dispatch::{Isa, versions};
use crate::kernels::real::Real;
use crate::kernels::vector::{Vector, add_to};

/// Windows in a tile.
const TILE: usize = 6;

/// Output channels in a tile: two registers.
#[inline(always)]
pub(crate) fn channels_in_tile<T: Real>() -> usize {
    2 * T::Plain::WIDTH
}

/// Numbers of packed weights.
pub fn packed_len<T: Real>(shape: &Convolution) -> usize {
    shape.outputs.next_multiple_of(channels_in_tile::<T>()) * shape.kernel[0] * shape.run()
}

/// Packs weights `[kh][kw][cin][cout]` as `[tile][kh][kw · cin][two registers of channels]`, zeros behind the last.
pub fn pack<T: Real>(shape: &Convolution, w: &[T], packed: &mut [T]) {
    assert_eq!(w.len(), shape.weights_len());
    assert_eq!(packed.len(), packed_len::<T>(shape));
    let (tile, taps) = (channels_in_tile::<T>(), shape.kernel[0] * shape.run());
    if taps == 0 {
        return;
    }
    for (block, packed) in packed.chunks_exact_mut(tile * taps).enumerate() {
        let from = block * tile;
        let count = tile.min(shape.outputs - from);
        for (packed, w) in packed.chunks_exact_mut(tile).zip(w.chunks_exact(shape.outputs)) {
            packed[..count].copy_from_slice(&w[from..from + count]);
            packed[count..].fill(T::ZERO);
        }
    }
}

versions! {
    /// The convolution of `rows` images with weights from [`pack`]; scratch as [`forward_scratch`] says.
    pub fn forward(
        shape: &Convolution,
        x: &[T],
        packed: &[T],
        bias: Option<&[T]>,
        out: &mut [T],
        rows: usize,
        scratch: &mut [T],
    ) = forward_body;
}

#[inline(always)]
fn forward_body<T: Real, I: Isa>(
    shape: &Convolution,
    x: &[T],
    packed: &[T],
    bias: Option<&[T]>,
    out: &mut [T],
    rows: usize,
    scratch: &mut [T],
) {
    assert_eq!(x.len(), shape.input_len() * rows);
    assert_eq!(packed.len(), packed_len::<T>(shape));
    assert_eq!(out.len(), shape.output_len() * rows);
    assert!(scratch.len() >= forward_scratch(shape, rows));
    if out.is_empty() {
        return;
    }
    match bias {
        Some(bias) => {
            assert_eq!(bias.len(), shape.outputs);
            out.chunks_exact_mut(shape.outputs).for_each(|pixel| pixel.copy_from_slice(bias));
        }
        None => out.fill(T::ZERO),
    }
    let x = if shape.is_padded() { pad_images(shape, x, scratch, rows) } else { x };
    let (tile, windows) = (channels_in_tile::<T>(), shape.windows());
    let total = windows.per_image() * rows;
    let taps = shape.kernel[0] * shape.run();
    for (block, packed) in packed.chunks_exact(tile * taps).enumerate() {
        for window in (0..total).step_by(TILE) {
            // The last tile repeats its last window; what is repeated is not added.
            let count = TILE.min(total - window);
            let starts: [usize; TILE] = std::array::from_fn(|i| windows.start(window + i.min(count - 1)));
            // SAFETY: every start is that of a window that lies inside of x, whose length was checked, as was packed's.
            let sums = unsafe { tap_sums::<T, I, TILE>(x, starts, packed, shape, &windows) };
            for i in 0..count {
                let pixel = &mut out[(window + i) * shape.outputs..][..shape.outputs];
                add_to::<T, I::Vector<T>>(sums[i], &mut pixel[block * tile..]);
            }
        }
    }
}

/// Σ over taps of x · w for the windows that begin at `starts` and one tile of channels.
///
/// # Safety
/// `x` holds the whole window behind each start; `packed` is one tile of weights.
#[inline(always)]
pub(crate) unsafe fn tap_sums<T: Real, I: Isa, const N: usize>(
    x: &[T],
    starts: [usize; N],
    packed: &[T],
    shape: &Convolution,
    windows: &Windows,
) -> [[I::Vector<T>; 2]; N] {
    let width = I::Vector::<T>::WIDTH;
    let run = shape.run();
    let mut sums = [[I::Vector::<T>::splat(T::ZERO); 2]; N];
    let mut w = packed.as_ptr();
    for line in 0..shape.kernel[0] {
        let from: [*const T; N] = starts.map(|start| x.as_ptr().wrapping_add(start + line * windows.line));
        for tap in 0..run {
            // SAFETY: by the contract of this function.
            unsafe {
                let (low, high) = (I::Vector::<T>::load(w), I::Vector::<T>::load(w.add(width)));
                w = w.add(2 * width);
                for i in 0..N {
                    let x = I::Vector::<T>::splat(*from[i].add(tap));
                    sums[i][0] = x.mul_add(low, sums[i][0]);
                    sums[i][1] = x.mul_add(high, sums[i][1]);
                }
            }
        }
    }
    sums
}
