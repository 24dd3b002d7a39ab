//! Sums and maxima of slices, over rows, over features and over pixels.
//!
//! Sums in `T` run in 32 interleaved partial sums added up as a tree, in blocks of 4096 whose results are added in f64,
//! so the error does not grow with the length; the `_f64` forms add in f64 throughout. The order is fixed.

#[cfg(test)]
mod tests;

use super::dispatch::{Isa, versions};
use super::real::Real;
use super::vector::Vector;

/// Numbers summed in `T` before the sum moves to f64.
pub const BLOCK: usize = 4096;

versions! {
    /// Σ x
    pub fn sum_all(x: &[T]) -> T = sum_all_body;
    /// Σ x, added in f64.
    pub fn sum_all_f64(x: &[T]) -> f64 = sum_all_f64_body;
    /// Σ a·b
    pub fn dot(a: &[T], b: &[T]) -> T = dot_body;
    /// Σ a·b, multiplied and added in f64.
    pub fn dot_f64(a: &[T], b: &[T]) -> f64 = dot_f64_body;
    /// The largest number, −∞ of none, NaN where there is one.
    pub fn max_all(x: &[T]) -> T = max_all_body;
    /// Lanes over rows: out\[f\] = Σ_r x\[f,r\] over the first `valid` rows, added to what is there where `accumulate`.
    pub fn row_sum(x: &[T], rows: usize, valid: usize, out: &mut [T], accumulate: bool) = row_sum_body;
    /// Lanes over features: out\[r\] = Σ_f x\[f,r\].
    pub fn feature_sum(x: &[T], out: &mut [T]) = feature_sum_body;
    /// Lanes over features: out\[r\] = max_f x\[f,r\].
    pub fn feature_max(x: &[T], out: &mut [T]) = feature_max_body;
    /// Anything over its leading axes: out\[c\] = Σ_i x\[i,c\], added to what is there where `accumulate`. Images over
    /// rows and pixels, or over rows alone with `out` as long as an image.
    pub fn channel_sums(x: &[T], out: &mut [T], accumulate: bool) = channel_sums_body;
    /// An image over pixels: x `[row][pixel][channel]` to lanes out `[channel][row]`.
    pub fn image_channel_sums(x: &[T], out: &mut [T], rows: usize, channels: usize) = image_channel_sums_body;
    /// An image over pixels and channels: out\[r\] = Σ_i x\[r,i\].
    pub fn image_sum(x: &[T], out: &mut [T]) = image_sum_body;
}

// Loops, not `fold` and `map_or`: what they call through a closure is compiled without the instruction set.
#[inline(always)]
fn sum_all_body<T: Real, I: Isa>(x: &[T]) -> T {
    if x.len() <= BLOCK {
        return sum_block::<T, I>(x);
    }
    let mut total = 0.0;
    for block in x.chunks(BLOCK) {
        total += sum_block::<T, I>(block).to_f64();
    }
    T::from_f64(total)
}

#[inline(always)]
fn sum_block<T: Real, I: Isa>(x: &[T]) -> T {
    let width = I::Vector::<T>::WIDTH;
    let mut sums = [I::Vector::<T>::splat(T::ZERO); 4];
    let chunks = x.chunks_exact(4 * width);
    let tail = chunks.remainder().iter().fold(T::ZERO, |sum, &x| sum + x);
    for chunk in chunks {
        for i in 0..4 {
            // SAFETY: a chunk has four registers of numbers.
            sums[i] = sums[i].add(unsafe { I::Vector::<T>::load(chunk.as_ptr().add(i * width)) });
        }
    }
    sums[0].add(sums[1]).add(sums[2].add(sums[3])).sum() + tail
}

#[inline(always)]
fn sum_all_f64_body<T: Real, I: Isa>(x: &[T]) -> f64 {
    let mut sums = [0.0; 8];
    let chunks = x.chunks_exact(8);
    let tail = chunks.remainder().iter().fold(0.0, |sum, x| sum + x.to_f64());
    for chunk in chunks {
        for i in 0..8 {
            sums[i] += chunk[i].to_f64();
        }
    }
    tree(sums) + tail
}

#[inline(always)]
fn tree(s: [f64; 8]) -> f64 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

#[inline(always)]
fn dot_body<T: Real, I: Isa>(a: &[T], b: &[T]) -> T {
    assert_eq!(a.len(), b.len());
    if a.len() <= BLOCK {
        return dot_block::<T, I>(a, b);
    }
    let mut total = 0.0;
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        total += dot_block::<T, I>(a, b).to_f64();
    }
    T::from_f64(total)
}

#[inline(always)]
fn dot_block<T: Real, I: Isa>(a: &[T], b: &[T]) -> T {
    let width = I::Vector::<T>::WIDTH;
    let mut sums = [I::Vector::<T>::splat(T::ZERO); 4];
    let (a, b) = (a.chunks_exact(4 * width), b.chunks_exact(4 * width));
    let tails = a.remainder().iter().zip(b.remainder());
    let mut tail = T::ZERO;
    for (&a, &b) in tails {
        tail = a.fma::<I>(b, tail);
    }
    for (a, b) in a.zip(b) {
        for i in 0..4 {
            // SAFETY: a chunk has four registers of numbers.
            unsafe {
                let a = I::Vector::<T>::load(a.as_ptr().add(i * width));
                let b = I::Vector::<T>::load(b.as_ptr().add(i * width));
                sums[i] = a.mul_add(b, sums[i]);
            }
        }
    }
    sums[0].add(sums[1]).add(sums[2].add(sums[3])).sum() + tail
}

#[inline(always)]
fn dot_f64_body<T: Real, I: Isa>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len());
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let tails = a.remainder().iter().zip(b.remainder());
    let tail = tails.fold(0.0, |sum, (a, b)| sum + a.to_f64() * b.to_f64());
    for (a, b) in a.zip(b) {
        for i in 0..8 {
            sums[i] += a[i].to_f64() * b[i].to_f64();
        }
    }
    tree(sums) + tail
}

/// The greater number, or NaN where one is.
#[inline(always)]
fn greater<T: Real>(most: T, x: T) -> T {
    // False for NaN on either side, so `x` is taken where it is NaN and kept out where `most` is.
    let keep = most >= x || most.is_nan();
    if keep { most } else { x }
}

#[inline(always)]
fn max_all_body<T: Real, I: Isa>(x: &[T]) -> T {
    x.iter().fold(-T::INFINITY, |most, &x| greater(most, x))
}

#[inline(always)]
fn row_sum_body<T: Real, I: Isa>(x: &[T], rows: usize, valid: usize, out: &mut [T], accumulate: bool) {
    assert_eq!(x.len(), out.len() * rows);
    assert!(valid <= rows);
    for (f, out) in out.iter_mut().enumerate() {
        let sum = sum_all_body::<T, I>(&x[f * rows..][..valid]);
        *out = if accumulate { *out + sum } else { sum };
    }
}

#[inline(always)]
fn feature_sum_body<T: Real, I: Isa>(x: &[T], out: &mut [T]) {
    channel_sums_body::<T, I>(x, out, false);
}

#[inline(always)]
fn feature_max_body<T: Real, I: Isa>(x: &[T], out: &mut [T]) {
    out.fill(-T::INFINITY);
    if out.is_empty() {
        return;
    }
    assert!(x.len().is_multiple_of(out.len()));
    for x in x.chunks_exact(out.len()) {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = greater(*out, x);
        }
    }
}

/// Leading entries summed before their sum is added to the total.
const LEADING: usize = 128;

#[inline(always)]
fn channel_sums_body<T: Real, I: Isa>(x: &[T], out: &mut [T], accumulate: bool) {
    if !accumulate {
        out.fill(T::ZERO);
    }
    let channels = out.len();
    if channels == 0 {
        return;
    }
    assert!(x.len().is_multiple_of(channels));
    let width = I::Vector::<T>::WIDTH;
    for part in x.chunks(LEADING * channels) {
        let count = part.len() / channels;
        let mut from = 0;
        while from + width <= channels {
            // SAFETY: the register from `from` on lies inside each of `count` leading entries, and inside of `out`.
            unsafe {
                let mut sums = [I::Vector::<T>::splat(T::ZERO); 4];
                let mut at = part.as_ptr().add(from);
                for _ in 0..count / 4 {
                    for sum in &mut sums {
                        *sum = sum.add(I::Vector::<T>::load(at));
                        at = at.wrapping_add(channels);
                    }
                }
                for _ in 0..count % 4 {
                    sums[0] = sums[0].add(I::Vector::<T>::load(at));
                    at = at.wrapping_add(channels);
                }
                let to = out.as_mut_ptr().add(from);
                let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
                I::Vector::<T>::load(to).add(sum).store(to);
            }
            from += width;
        }
        for c in from..channels {
            let mut sum = T::ZERO;
            for i in 0..count {
                sum += part[i * channels + c];
            }
            out[c] += sum;
        }
    }
}

#[inline(always)]
fn image_channel_sums_body<T: Real, I: Isa>(x: &[T], out: &mut [T], rows: usize, channels: usize) {
    assert_eq!(out.len(), rows * channels);
    out.fill(T::ZERO);
    if out.is_empty() {
        return;
    }
    assert!(x.len().is_multiple_of(out.len()));
    for (row, x) in x.chunks_exact(x.len() / rows).enumerate() {
        for pixel in x.chunks_exact(channels) {
            for (c, &x) in pixel.iter().enumerate() {
                out[c * rows + row] += x;
            }
        }
    }
}

#[inline(always)]
fn image_sum_body<T: Real, I: Isa>(x: &[T], out: &mut [T]) {
    out.fill(T::ZERO);
    if out.is_empty() {
        return;
    }
    assert!(x.len().is_multiple_of(out.len()));
    let size = x.len() / out.len();
    for (row, out) in out.iter_mut().enumerate() {
        *out = sum_all_body::<T, I>(&x[row * size..][..size]);
    }
}
