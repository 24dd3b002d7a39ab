//! The gradients of a convolution by its input and by its weights.

use super::forward::{channels_in_tile, forward, pack, packed_len, padded_channels};
use super::tile::{List, Segment, Side, Tiling, add_segments};
use super::{Convolution, forward_scratch, pad_images, padded_copy_len, unpad_images};
use crate::kernels::dense::Activation;
use crate::kernels::dispatch::{Isa, versions};
use crate::kernels::real::Real;
use crate::kernels::transpose::rows_to_lanes;
use crate::kernels::vector::{Vector, add_to};

/// Output channels that the input gradient adds up at a time.
const OUTPUTS: usize = 256;
/// Taps in a tile of the weight gradient, times one or two registers of channels.
const TAP_TILE: usize = 6;

/// A run rounded up to whole registers.
#[inline(always)]
pub(crate) fn padded_run<T: Real>(shape: &Convolution) -> usize {
    shape.run().next_multiple_of(T::Plain::WIDTH)
}

/// Numbers of weights packed by output channel.
pub fn packed_by_output_len<T: Real>(shape: &Convolution) -> usize {
    shape.outputs * shape.kernel[0] * padded_run::<T>(shape)
}

/// Packs weights `[kh][kw][cin][cout]` as `[cout][kh][kw · cin]`, each run filled up with zeros to whole registers.
pub fn pack_by_output<T: Real>(shape: &Convolution, w: &[T], packed: &mut [T]) {
    assert_eq!(w.len(), shape.weights_len());
    assert_eq!(packed.len(), packed_by_output_len::<T>(shape));
    let (run, padded, lines) = (shape.run(), padded_run::<T>(shape), shape.kernel[0]);
    if run < padded {
        packed.fill(T::ZERO);
    }
    // Blocks of eight taps: a cache line of the packed form is written while its source lines are at hand.
    for line in 0..lines {
        for from in (0..run).step_by(8) {
            for output in 0..shape.outputs {
                for tap in from..run.min(from + 8) {
                    packed[(output * lines + line) * padded + tap] =
                        w[(line * run + tap) * shape.outputs + output];
                }
            }
        }
    }
}

/// The numbers of scratch that [`input_gradient`] wants for `rows` rows.
pub fn input_gradient_scratch<T: Real>(shape: &Convolution, rows: usize) -> usize {
    match mirrored::<T>(shape) {
        Some(mirror) => shape.weights_len() + packed_len::<T>(&mirror) + forward_scratch(&mirror, rows),
        None => packed_by_output_len::<T>(shape) + padded_copy_len(shape, rows),
    }
}

/// The convolution of dy that gives dx, with the kernel turned by half a circle, its channels exchanged:
///
/// ```text
/// dx[y, x, c] = Σ_{p,q,o} dy[y + top − p, x + left − q, o] · w[p, q, c, o]
/// ```
///
/// Its sums stay in registers, where windows scattered one by one read a weight for each product and write what they
/// add to. None where windows do not lie side by side, or where filling up channels makes more work than that saves.
pub(super) fn mirrored<T: Real>(shape: &Convolution) -> Option<Convolution> {
    let [top, bottom, left, right] = shape.pad;
    let [height, width] = shape.kernel;
    if shape.stride != 1 || top.max(bottom) >= height || left.max(right) >= width {
        return None;
    }
    let mirror = Convolution {
        input: shape.output(),
        outputs: shape.input[2],
        kernel: shape.kernel,
        stride: 1,
        pad: [height - 1 - top, height - 1 - bottom, width - 1 - left, width - 1 - right],
    };
    if mirror.input.contains(&0) {
        return None;
    }
    let channels = padded_channels::<T>(&mirror);
    let gathered = mirror.windows().per_image() * width * channels;
    let scattered = shape.windows().per_image() * padded_run::<T>(shape);
    // So many quarters of the work are done in the same time: with AVX2 41 and 51 GFlop/s were 70 and 60 on tiles of
    // two registers and of one.
    let quarters = if channels > T::Plain::WIDTH { 7 } else { 5 };
    (4 * gathered <= quarters * scattered).then_some(mirror)
}

/// The numbers of scratch that [`weight_gradient`] wants for `rows` rows.
pub fn weight_gradient_scratch<T: Real>(shape: &Convolution, rows: usize) -> usize {
    let copy = if shape.is_padded() { padded_copy_len(shape, rows) } else { 0 };
    let whole = shape.outputs == padded_channels::<T>(shape);
    copy + if whole { 0 } else { shape.windows().per_image() * rows * channels_in_tile::<T>() }
}

versions! {
    /// Window by window, with weights from [`pack_by_output`].
    fn scattered(
        shape: &Convolution,
        packed: &[T],
        dy: &[T],
        dx: &mut [T],
        rows: usize,
        scratch: &mut [T],
    ) = scattered_body;
    /// dw `[kh][kw][cin][cout]` = the gradient by the weights, added to what is there where `accumulate`.
    pub fn weight_gradient(
        shape: &Convolution,
        x: &[T],
        dy: &[T],
        dw: &mut [T],
        rows: usize,
        accumulate: bool,
        scratch: &mut [T],
    ) = weight_gradient_body, wider if shape.outputs.is_multiple_of(T::Avx512::WIDTH);
}

/// dx = the gradient by the images; w `[kh][kw][cin][cout]`.
pub fn input_gradient<T: Real>(
    shape: &Convolution,
    w: &[T],
    dy: &[T],
    dx: &mut [T],
    rows: usize,
    scratch: &mut [T],
) {
    assert_eq!(w.len(), shape.weights_len());
    assert_eq!(dy.len(), shape.output_len() * rows);
    assert_eq!(dx.len(), shape.input_len() * rows);
    let Some(mirror) = mirrored::<T>(shape) else {
        let (packed, scratch) = scratch.split_at_mut(packed_by_output_len::<T>(shape));
        pack_by_output(shape, w, packed);
        scattered::<T>(shape, packed, dy, dx, rows, scratch);
        return;
    };
    let (turned, scratch) = scratch.split_at_mut(w.len());
    let per_tap = shape.input[2] * shape.outputs;
    let taps = w.chunks_exact(per_tap.max(1)).rev();
    for (to, tap) in turned.chunks_exact_mut(per_tap.max(1)).zip(taps) {
        rows_to_lanes(tap, to, shape.input[2], shape.input[2]);
    }
    let (packed, scratch) = scratch.split_at_mut(packed_len::<T>(&mirror));
    pack(&mirror, turned, packed);
    forward(&mirror, dy, packed, None, Activation::None, dx, rows, scratch);
}

#[inline(always)]
fn scattered_body<T: Real, I: Isa>(
    shape: &Convolution,
    packed: &[T],
    dy: &[T],
    dx: &mut [T],
    rows: usize,
    scratch: &mut [T],
) {
    assert_eq!(packed.len(), packed_by_output_len::<T>(shape));
    let copy = &mut scratch[..padded_copy_len(shape, rows)];
    copy.fill(T::ZERO);
    let windows = shape.windows();
    let padded = padded_run::<T>(shape);
    let tiling = Tiling::new::<I>(shape.kernel[0], padded / I::Vector::<T>::WIDTH);
    let per_output = shape.kernel[0] * padded;
    let total = windows.per_image() * rows;
    for number in 0..if total > 0 { tiling.count() } else { 0 } {
        let tile = tiling.tile(number);
        for first in (0..shape.outputs).step_by(OUTPUTS) {
            let count = OUTPUTS.min(shape.outputs - first);
            let offsets: [usize; OUTPUTS] = std::array::from_fn(|i| (first + i.min(count - 1)) * per_output);
            let mut window = 0;
            for row in 0..rows {
                for i in 0..windows.output_height {
                    for j in 0..windows.output_width {
                        let target = row * windows.image + i * windows.down + j * windows.across;
                        // SAFETY: the window lies inside the copy, which has room for whole registers behind it;
                        // packed has a padded run for each output and line.
                        unsafe {
                            add_segments::<T, I, _>(
                                tile,
                                Side { at: copy.as_mut_ptr(), line: windows.line },
                                Side { at: packed.as_ptr(), line: padded },
                                &[Segment { target, from: 0, to: count }],
                                &List {
                                    offsets: &offsets,
                                    values: &dy[window * shape.outputs + first..][..count],
                                },
                            );
                        }
                        window += 1;
                    }
                }
            }
        }
    }
    unpad_images(shape, copy, dx, rows, false);
}

#[inline(always)]
fn weight_gradient_body<T: Real, I: Isa>(
    shape: &Convolution,
    x: &[T],
    dy: &[T],
    dw: &mut [T],
    rows: usize,
    accumulate: bool,
    scratch: &mut [T],
) {
    assert_eq!(x.len(), shape.input_len() * rows);
    assert_eq!(dy.len(), shape.output_len() * rows);
    assert_eq!(dw.len(), shape.weights_len());
    assert!(scratch.len() >= weight_gradient_scratch::<T>(shape, rows));
    if !accumulate {
        dw.fill(T::ZERO);
    }
    if dy.is_empty() {
        return;
    }
    let copy = if shape.is_padded() { padded_copy_len(shape, rows) } else { 0 };
    let (copy, panel) = scratch.split_at_mut(copy);
    let x = if shape.is_padded() { pad_images(shape, x, copy, rows) } else { x };
    // Two registers of channels, one where that is enough; wider ones are taken where there is nothing to fill up.
    let width = I::Vector::<T>::WIDTH;
    for from in (0..shape.outputs).step_by(2 * width) {
        let tile = (2 * width).min(shape.outputs.next_multiple_of(width) - from);
        let count = tile.min(shape.outputs - from);
        // A tile of fewer channels is read from a copy filled up with zeros.
        let (dy, stride) = if count == tile {
            (&dy[from..], shape.outputs)
        } else {
            for (to, dy) in panel.chunks_exact_mut(tile).zip(dy.chunks_exact(shape.outputs)) {
                to[..count].copy_from_slice(&dy[from..]);
                to[count..].fill(T::ZERO);
            }
            (&*panel, tile)
        };
        if tile == 2 * width {
            channels::<T, I, 2>(shape, x, dy, stride, dw, rows, from);
        } else {
            channels::<T, I, 1>(shape, x, dy, stride, dw, rows, from);
        }
    }
}

/// One tile of R registers of channels from channel `from` on, for all taps, added to `dw`.
#[inline(always)]
fn channels<T: Real, I: Isa, const R: usize>(
    shape: &Convolution,
    x: &[T],
    dy: &[T],
    stride: usize,
    dw: &mut [T],
    rows: usize,
    from: usize,
) {
    let (run, windows) = (shape.run(), shape.windows());
    let most = if I::TILES { TAP_TILE } else { 1 };
    let count = (R * I::Vector::<T>::WIDTH).min(shape.outputs - from);
    for line in 0..shape.kernel[0] {
        let mut tap = 0;
        while tap < run {
            let left = run - tap;
            let size = left.div_ceil(left.div_ceil(most));
            let first = line * windows.line + tap;
            macro_rules! tile {
                ($n:literal) => {{
                    // SAFETY: taps tap..tap + size of every window lie inside of x; dy has a tile of channels for every
                    // window.
                    let sums = unsafe { tap_tile::<T, I, $n, R>(x, dy, stride, first, shape, rows) };
                    for (i, sums) in sums.into_iter().enumerate() {
                        let at = (line * run + tap + i) * shape.outputs + from;
                        add_to::<T, I::Vector<T>, R>(sums, &mut dw[at..at + count]);
                    }
                }};
            }
            if !I::TILES {
                tile!(1);
            } else {
                match size {
                    1 => tile!(1),
                    2 => tile!(2),
                    3 => tile!(3),
                    4 => tile!(4),
                    5 => tile!(5),
                    _ => tile!(6),
                }
            }
            tap += size;
        }
    }
}

/// Σ over windows of x\[start + first + i\] · dy\[window · stride..\] for N neighbouring taps i.
///
/// # Safety
/// x holds those taps of every window; dy R registers at each multiple of `stride` up to the number of windows.
#[inline(always)]
unsafe fn tap_tile<T: Real, I: Isa, const N: usize, const R: usize>(
    x: &[T],
    dy: &[T],
    stride: usize,
    first: usize,
    shape: &Convolution,
    rows: usize,
) -> [[I::Vector<T>; R]; N] {
    let width = I::Vector::<T>::WIDTH;
    let windows = shape.windows();
    let mut sums = [[I::Vector::<T>::splat(T::ZERO); R]; N];
    let mut dy = dy.as_ptr();
    for row in 0..rows {
        for i in 0..windows.output_height {
            let mut x = x.as_ptr().wrapping_add(row * windows.image + i * windows.down + first);
            for _ in 0..windows.output_width {
                // SAFETY: by the contract of this function.
                unsafe {
                    let mut d = [I::Vector::<T>::splat(T::ZERO); R];
                    for r in 0..R {
                        d[r] = I::Vector::<T>::load(dy.add(r * width));
                    }
                    for i in 0..N {
                        let x = I::Vector::<T>::splat(*x.add(i));
                        for r in 0..R {
                            sums[i][r] = x.mul_add(d[r], sums[i][r]);
                        }
                    }
                }
                x = x.wrapping_add(windows.across);
                dy = dy.wrapping_add(stride);
            }
        }
    }
    sums
}
