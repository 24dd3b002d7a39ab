//! The two gradients, over winners only.

use super::{ConvolutionPool, MAX_ENTRIES};
use crate::kernels::conv::tile::{Entries, List, Segment, Side, Tiling, add_segments};
use crate::kernels::conv::{packed_by_output_len, pad_images, padded_copy_len, padded_run, unpad_images};
use crate::kernels::dispatch::{Isa, versions};
use crate::kernels::real::Real;
use crate::kernels::vector::Vector;

/// Pixels whose winners of one channel are listed together.
const PIXELS: usize = 256;
/// Winners listed together for the input gradient.
const LIST: usize = 1024;
/// Channels of one pixel listed together.
const CHANNELS: usize = 512;

/// Whether images are copied so that whole registers may be read behind each run.
fn needs_copy<T: Real>(shape: &ConvolutionPool) -> bool {
    shape.convolution.is_padded() || padded_run::<T>(&shape.convolution) != shape.convolution.run()
}

/// The numbers of scratch that [`weight_gradient`] wants for `rows` rows.
pub fn weight_gradient_scratch<T: Real>(shape: &ConvolutionPool, rows: usize) -> usize {
    let copy = if needs_copy::<T>(shape) { padded_copy_len(&shape.convolution, rows) } else { 0 };
    copy + packed_by_output_len::<T>(&shape.convolution)
}

/// The numbers of scratch that [`input_gradient`] wants for `rows` rows.
pub fn input_gradient_scratch<T: Real>(shape: &ConvolutionPool, rows: usize) -> usize {
    if needs_copy::<T>(shape) { padded_copy_len(&shape.convolution, rows) } else { 0 }
}

versions! {
    /// dw `[kh][kw][cin][cout]` = the gradient by the weights, added to what is there where `accumulate`; dy is the
    /// gradient before bias and activation.
    pub fn weight_gradient(
        shape: &ConvolutionPool,
        x: &[T],
        dy: &[T],
        winners: &[u8],
        dw: &mut [T],
        rows: usize,
        accumulate: bool,
        scratch: &mut [T],
    ) = weight_gradient_body, wider if padded_run::<T>(&shape.convolution).is_multiple_of(T::Avx512::WIDTH);
    /// dx = the gradient by the images, added to what is there where `accumulate`; weights of
    /// `conv::pack_by_output`. Windows overlap, so the order of a sum depends on the tiles: no wider version.
    pub fn input_gradient(
        shape: &ConvolutionPool,
        packed: &[T],
        dy: &[T],
        winners: &[u8],
        dx: &mut [T],
        rows: usize,
        accumulate: bool,
        scratch: &mut [T],
    ) = input_gradient_body;
}

#[inline(always)]
fn check<T: Real>(shape: &ConvolutionPool, x: &[T], dy: &[T], winners: &[u8], rows: usize) {
    assert!(shape.is_supported(), "a pool window has 1 to {MAX_ENTRIES} entries");
    assert_eq!(x.len(), shape.convolution.input_len() * rows);
    assert_eq!(dy.len(), shape.output_len() * rows);
    assert_eq!(winners.len(), dy.len());
    // Winners become offsets: one that names no entry would point outside of the image.
    let entries = shape.entries();
    assert!((winners.iter().fold(0, |most, &w| most.max(w)) as usize) < entries, "winners name entries");
}

#[inline(always)]
fn weight_gradient_body<T: Real, I: Isa>(
    shape: &ConvolutionPool,
    x: &[T],
    dy: &[T],
    winners: &[u8],
    dw: &mut [T],
    rows: usize,
    accumulate: bool,
    scratch: &mut [T],
) {
    let convolution = &shape.convolution;
    check(shape, x, dy, winners, rows);
    assert_eq!(dw.len(), convolution.weights_len());
    assert!(scratch.len() >= weight_gradient_scratch::<T>(shape, rows));
    if !accumulate {
        dw.fill(T::ZERO);
    }
    if dy.is_empty() {
        return;
    }
    let (sums, copy) = scratch.split_at_mut(packed_by_output_len::<T>(convolution));
    let x = if needs_copy::<T>(shape) { pad_images(convolution, x, copy, rows) } else { x };
    sums.fill(T::ZERO);
    let (outputs, lines, padded) = (convolution.outputs, convolution.kernel[0], padded_run::<T>(convolution));
    let (starts, entry_offsets) = (shape.starts(), shape.entry_offsets());
    let pixels = starts.per_image();
    let tiling = Tiling::new::<I>(lines, padded / I::Vector::<T>::WIDTH);
    let (mut offsets, mut values, mut places) = ([0; PIXELS], [T::ZERO; PIXELS], [0; PIXELS]);
    let from = Side { at: x.as_ptr(), line: starts.line };
    for row in 0..rows {
        for pixel in (0..pixels).step_by(PIXELS) {
            let together = PIXELS.min(pixels - pixel);
            for i in 0..together {
                places[i] = starts.start(row * pixels + pixel + i);
            }
            let first = (row * pixels + pixel) * outputs;
            let (dy, winners) = (&dy[first..][..together * outputs], &winners[first..][..together * outputs]);
            for output in 0..outputs {
                let target = output * lines * padded;
                let to = Side { at: sums.as_mut_ptr(), line: padded };
                let column =
                    Column { places: &places, entries: &entry_offsets, winners, dy, output, outputs };
                // SAFETY: targets lie inside the sums; winners name entries, whose windows lie inside of x with room
                // for whole registers behind the last run.
                unsafe {
                    if tiling.count() == 1 {
                        let segment = Segment { target, from: 0, to: together };
                        add_segments::<T, I, _>(tiling.tile(0), to, from, &[segment], &column);
                        continue;
                    }
                    // Many tiles: the winners are sought once.
                    let mut count = 0;
                    for i in 0..together {
                        (offsets[count], values[count]) = column.get(i);
                        count += usize::from(values[count] != T::ZERO);
                    }
                    let list = List { offsets: &offsets, values: &values };
                    for number in 0..tiling.count() {
                        let segment = Segment { target, from: 0, to: count };
                        add_segments::<T, I, _>(tiling.tile(number), to, from, &[segment], &list);
                    }
                }
            }
        }
    }
    add_by_output(shape, sums, dw);
}

/// The winners of one channel among neighbouring pixels, sought as they are read.
struct Column<'a, T> {
    /// Where the pool of each pixel begins.
    places: &'a [usize; PIXELS],
    /// Where each entry of a pool begins.
    entries: &'a [usize; MAX_ENTRIES],
    winners: &'a [u8],
    dy: &'a [T],
    output: usize,
    outputs: usize,
}

impl<T: Copy> Entries<T> for Column<'_, T> {
    #[inline(always)]
    unsafe fn get(&self, entry: usize) -> (usize, T) {
        let at = entry * self.outputs + self.output;
        // SAFETY: by the contract of the trait the pixel exists, and with it its places, winners and gradients.
        unsafe {
            let winner = *self.winners.get_unchecked(at) as usize;
            (*self.places.get_unchecked(entry) + self.entries[winner], *self.dy.get_unchecked(at))
        }
    }
}

/// dw `[kh][run][cout]` += sums `[cout][kh][padded run]`.
#[inline(always)]
fn add_by_output<T: Real>(shape: &ConvolutionPool, sums: &[T], dw: &mut [T]) {
    let convolution = &shape.convolution;
    let (outputs, lines, run) = (convolution.outputs, convolution.kernel[0], convolution.run());
    let padded = padded_run::<T>(convolution);
    for line in 0..lines {
        for from in (0..run).step_by(8) {
            for output in 0..outputs {
                for tap in from..run.min(from + 8) {
                    dw[(line * run + tap) * outputs + output] += sums[(output * lines + line) * padded + tap];
                }
            }
        }
    }
}

#[inline(always)]
fn input_gradient_body<T: Real, I: Isa>(
    shape: &ConvolutionPool,
    packed: &[T],
    dy: &[T],
    winners: &[u8],
    dx: &mut [T],
    rows: usize,
    accumulate: bool,
    scratch: &mut [T],
) {
    let convolution = &shape.convolution;
    check(shape, dx, dy, winners, rows);
    assert_eq!(packed.len(), packed_by_output_len::<T>(convolution));
    assert!(scratch.len() >= input_gradient_scratch::<T>(shape, rows));
    let copied = needs_copy::<T>(shape);
    let to = if copied { &mut scratch[..padded_copy_len(convolution, rows)] } else { &mut *dx };
    if copied || !accumulate {
        to.fill(T::ZERO);
    }
    spread::<T, I>(shape, packed, dy, winners, to, rows);
    if copied {
        let copy = &scratch[..padded_copy_len(convolution, rows)];
        unpad_images(convolution, copy, dx, rows, accumulate);
    }
}

/// to += every dy times the weights of its channel, at the window of its winner. Winners of one window are neighbours
/// in the list, so that the window is read and written once for all of them.
#[inline(always)]
fn spread<T: Real, I: Isa>(
    shape: &ConvolutionPool,
    packed: &[T],
    dy: &[T],
    winners: &[u8],
    to: &mut [T],
    rows: usize,
) {
    let convolution = &shape.convolution;
    let (outputs, lines, padded) = (convolution.outputs, convolution.kernel[0], padded_run::<T>(convolution));
    let (starts, entry_offsets, entries) = (shape.starts(), shape.entry_offsets(), shape.entries());
    let tiling = Tiling::new::<I>(lines, padded / I::Vector::<T>::WIDTH);
    let per_output = lines * padded;
    let (mut offsets, mut values) = ([0; LIST], [T::ZERO; LIST]);
    let mut segments = [Segment::default(); MAX_ENTRIES];
    let total = starts.per_image() * rows;
    let parts = outputs.div_ceil(CHANNELS);
    // One item is a part of the channels of one pixel; items are listed until the list might not hold the next one.
    let mut item = 0;
    while item < total * parts {
        let (mut length, mut count) = (0, 0);
        while item < total * parts && length + CHANNELS.min(outputs) < LIST && count + entries <= MAX_ENTRIES
        {
            let (pixel, from) = (item / parts, item % parts * CHANNELS);
            let start = starts.start(pixel);
            let (dy, winners) = (&dy[pixel * outputs..][..outputs], &winners[pixel * outputs..][..outputs]);
            for entry in 0..entries {
                let first = length;
                for output in from..outputs.min(from + CHANNELS) {
                    offsets[length] = output * per_output;
                    values[length] = dy[output];
                    length += usize::from(winners[output] as usize == entry && dy[output] != T::ZERO);
                }
                if length > first {
                    segments[count] =
                        Segment { target: start + entry_offsets[entry], from: first, to: length };
                    count += 1;
                }
            }
            item += 1;
        }
        for number in 0..tiling.count() {
            // SAFETY: targets are windows inside the images behind `to`, which has room for whole registers; offsets
            // are those of packed weights of a channel.
            unsafe {
                add_segments::<T, I, _>(
                    tiling.tile(number),
                    Side { at: to.as_mut_ptr(), line: starts.line },
                    Side { at: packed.as_ptr(), line: padded },
                    &segments[..count],
                    &List { offsets: &offsets, values: &values },
                );
            }
        }
    }
}
