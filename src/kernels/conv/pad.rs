//! Zero padding as a copy, with room behind the last image for whole registers.

use super::Convolution;
use crate::kernels::real::Real;
use crate::kernels::vector::MAX_WIDTH;

/// The numbers of scratch that [`super::forward`] and the fused forward want for `rows` rows.
pub fn forward_scratch(shape: &Convolution, rows: usize) -> usize {
    if shape.is_padded() { padded_copy_len(shape, rows) } else { 0 }
}

/// Numbers of a padded copy of `rows` images and the room behind it.
pub fn padded_copy_len(shape: &Convolution, rows: usize) -> usize {
    shape.windows().image * rows + 2 * MAX_WIDTH
}

/// Copies images between borders of zeros.
#[inline(always)]
pub fn pad_images<'a, T: Real>(shape: &Convolution, x: &[T], scratch: &'a mut [T], rows: usize) -> &'a [T] {
    assert_eq!(x.len(), shape.input_len() * rows);
    let copy = &mut scratch[..padded_copy_len(shape, rows)];
    copy.fill(T::ZERO);
    for_lines(shape, rows, |inner, outer, length| {
        copy[outer..outer + length].copy_from_slice(&x[inner..inner + length]);
    });
    copy
}

/// Copies what lies inside the borders back, or adds it.
#[inline(always)]
pub fn unpad_images<T: Real>(shape: &Convolution, copy: &[T], x: &mut [T], rows: usize, accumulate: bool) {
    assert_eq!(x.len(), shape.input_len() * rows);
    assert_eq!(copy.len(), padded_copy_len(shape, rows));
    for_lines(shape, rows, |inner, outer, length| {
        let (from, to) = (&copy[outer..outer + length], &mut x[inner..inner + length]);
        if accumulate {
            for (to, &from) in to.iter_mut().zip(from) {
                *to += from;
            }
        } else {
            to.copy_from_slice(from);
        }
    });
}

/// Calls `each` with the start of every image line, without and with padding, and its length.
#[inline(always)]
fn for_lines(shape: &Convolution, rows: usize, mut each: impl FnMut(usize, usize, usize)) {
    let [height, width, channels] = shape.input;
    let windows = shape.windows();
    let length = width * channels;
    for row in 0..rows {
        for line in 0..height {
            let outer = row * windows.image + (line + shape.pad[0]) * windows.line + shape.pad[2] * channels;
            each((row * height + line) * length, outer, length);
        }
    }
}
