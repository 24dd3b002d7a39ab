//! Functions of two numbers where one side is smaller and repeats.

use super::{for_binary, scalar_loop};
use crate::kernels::dispatch::{Isa, versions};
use crate::kernels::real::Real;
use crate::kernels::scalar::Binary;

versions! {
    /// `a` lanes `[feature][row]`, `b` a global `[feature]`: out\[f,r\] = op(a\[f,r\], b\[f\]), or op(b\[f\], a\[f,r\])
    /// where `swapped`.
    pub fn binary_feature(op: Binary, a: &[T], b: &[T], out: &mut [T], rows: usize, swapped: bool) = outer_body;
    /// `a` lanes `[feature][row]`, `b` one number a row: out\[f,r\] = op(a\[f,r\], b\[r\]), or swapped.
    pub fn binary_row(op: Binary, a: &[T], b: &[T], out: &mut [T], swapped: bool) = inner_body;
    /// `a` an image or global whose last axis has the length of `b`: out\[i,c\] = op(a\[i,c\], b\[c\]), or swapped.
    pub fn binary_channel(op: Binary, a: &[T], b: &[T], out: &mut [T], swapped: bool) = inner_body;
    /// `a` an image of `size` numbers a row, `b` one number a row: out\[r,i\] = op(a\[r,i\], b\[r\]), or swapped.
    pub fn binary_image_row(op: Binary, a: &[T], b: &[T], out: &mut [T], size: usize, swapped: bool) = outer_body;
}

/// `b` counts along the outer axis; the inner one has length `inner`.
#[inline(always)]
fn outer_body<T: Real, I: Isa>(op: Binary, a: &[T], b: &[T], out: &mut [T], inner: usize, swapped: bool) {
    assert_eq!(a.len(), out.len());
    assert_eq!(a.len(), b.len() * inner);
    if inner == 0 {
        return;
    }
    macro_rules! run {
        (|$a:ident, $b:ident| $value:expr) => {
            for ((a, &scalar), out) in a.chunks_exact(inner).zip(b).zip(out.chunks_exact_mut(inner)) {
                if swapped {
                    let $a = scalar;
                    for (out, &$b) in out.iter_mut().zip(a) {
                        *out = $value;
                    }
                } else {
                    let $b = scalar;
                    for (out, &$a) in out.iter_mut().zip(a) {
                        *out = $value;
                    }
                }
            }
        };
    }
    for_binary!(op, T, run)
}

/// `b` counts along the inner axis.
#[inline(always)]
fn inner_body<T: Real, I: Isa>(op: Binary, a: &[T], b: &[T], out: &mut [T], swapped: bool) {
    assert_eq!(a.len(), out.len());
    if a.is_empty() {
        return;
    }
    assert!(!b.is_empty() && a.len().is_multiple_of(b.len()));
    if let [scalar] = b {
        // One channel: the loop over channels would have length one.
        scalar_loop::<T>(op, a, *scalar, out, swapped);
        return;
    }
    macro_rules! run {
        (|$a:ident, $b:ident| $value:expr) => {
            for (a, out) in a.chunks_exact(b.len()).zip(out.chunks_exact_mut(b.len())) {
                if swapped {
                    for ((out, &$a), &$b) in out.iter_mut().zip(b).zip(a) {
                        *out = $value;
                    }
                } else {
                    for ((out, &$a), &$b) in out.iter_mut().zip(a).zip(b) {
                        *out = $value;
                    }
                }
            }
        };
    }
    for_binary!(op, T, run)
}
