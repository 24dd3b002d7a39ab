//! out\[j,r\] = Σ_i c\[i,j\] x\[i,r\]: the product behind a layer and behind its input gradient.

use crate::kernels::dispatch::Isa;
use crate::kernels::real::Real;
use crate::kernels::vector::Vector;

/// A matrix with a stride for each index: weights, or their transpose.
#[derive(Clone, Copy)]
pub struct Coefficients<'a, T> {
    /// The numbers.
    pub values: &'a [T],
    /// From one summed index to the next.
    pub per_input: usize,
    /// From one output to the next.
    pub per_output: usize,
}

/// Outputs in a tile; times two registers of rows these are the accumulators.
const TILE: usize = 6;

/// The product with `bias[j]`, or what is in `out` where `accumulate`, as the start of the sum.
#[inline(always)]
pub fn product<T: Real, I: Isa>(
    c: Coefficients<T>,
    x: &[T],
    bias: Option<&[T]>,
    out: &mut [T],
    inputs: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
) {
    check(&c, x, out, inputs, outputs, rows);
    assert!(bias.is_none_or(|b| b.len() == outputs));
    let width = I::Vector::<T>::WIDTH;
    assert!(rows.is_multiple_of(16), "rows come in multiples of 16");
    for row in (0..rows).step_by(2 * width) {
        // Registers of sixteen rows may leave one behind the last two.
        let is_one = width == 16 && rows - row < 2 * width;
        let mut from = 0;
        while from < outputs {
            // Tiles of nearly equal size: ten outputs are five and five.
            let left = outputs - from;
            let size = left.div_ceil(left.div_ceil(if I::TILES { TILE } else { 1 }));
            macro_rules! tile {
                ($n:literal) => {
                    // SAFETY: lengths were checked above; the tile covers outputs from..from + size and the rows of
                    // one or two registers from `row` on.
                    unsafe {
                        if is_one {
                            tile::<T, I, $n, 1>(&c, x, bias, out, inputs, rows, row, from, accumulate)
                        } else {
                            tile::<T, I, $n, 2>(&c, x, bias, out, inputs, rows, row, from, accumulate)
                        }
                    }
                };
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
            from += size;
        }
    }
}

/// # Safety
/// `check` has passed, `from + N` is at most the number of outputs and `row` plus R registers at most `rows`.
#[inline(always)]
unsafe fn tile<T: Real, I: Isa, const N: usize, const R: usize>(
    c: &Coefficients<T>,
    x: &[T],
    bias: Option<&[T]>,
    out: &mut [T],
    inputs: usize,
    rows: usize,
    row: usize,
    from: usize,
    accumulate: bool,
) {
    let width = I::Vector::<T>::WIDTH;
    let mut sums = [[I::Vector::<T>::splat(T::ZERO); R]; N];
    // SAFETY: every index below is inside by the contract of this function.
    unsafe {
        let out = out.as_mut_ptr().add(from * rows + row);
        for j in 0..N {
            if accumulate {
                for r in 0..R {
                    sums[j][r] = I::Vector::<T>::load(out.add(j * rows + r * width));
                }
            } else if let Some(bias) = bias {
                sums[j] = [I::Vector::<T>::splat(*bias.get_unchecked(from + j)); R];
            }
        }
        let mut at = x.as_ptr().add(row);
        let mut c_at = c.values.as_ptr().wrapping_add(from * c.per_output);
        for _ in 0..inputs {
            let mut lanes = [I::Vector::<T>::splat(T::ZERO); R];
            for r in 0..R {
                lanes[r] = I::Vector::<T>::load(at.add(r * width));
            }
            for j in 0..N {
                let factor = I::Vector::<T>::splat(*c_at.add(j * c.per_output));
                for r in 0..R {
                    sums[j][r] = factor.mul_add(lanes[r], sums[j][r]);
                }
            }
            at = at.wrapping_add(rows);
            c_at = c_at.wrapping_add(c.per_input);
        }
        for j in 0..N {
            for r in 0..R {
                sums[j][r].store(out.add(j * rows + r * width));
            }
        }
    }
}

/// The same by the crate `gemm`, on this thread, without a bias.
pub fn product_by_gemm<T: Real>(
    c: Coefficients<T>,
    x: &[T],
    out: &mut [T],
    inputs: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
) {
    check(&c, x, out, inputs, outputs, rows);
    // SAFETY: `check` has compared the lengths with the strides passed here; `out` overlaps nothing.
    unsafe {
        gemm::gemm(
            outputs,
            rows,
            inputs,
            out.as_mut_ptr(),
            1,
            rows as isize,
            accumulate,
            c.values.as_ptr(),
            c.per_input as isize,
            c.per_output as isize,
            x.as_ptr(),
            1,
            rows as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[inline(always)]
fn check<T>(c: &Coefficients<T>, x: &[T], out: &[T], inputs: usize, outputs: usize, rows: usize) {
    assert_eq!(c.values.len(), inputs * outputs);
    assert_eq!(x.len(), inputs * rows);
    assert_eq!(out.len(), outputs * rows);
    if inputs * outputs > 0 {
        debug_assert!((inputs - 1) * c.per_input + (outputs - 1) * c.per_output < c.values.len());
    }
}
