//! out\[j,r\] = Σ_i c\[i,j\] x\[i,r\]: the product behind a layer and behind its input gradient.

use super::Activation;
use crate::kernels::dispatch::Isa;
use crate::kernels::real::Real;
use crate::kernels::vector::{LINE, Vector, prefetch};
use std::mem::MaybeUninit;

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

/// What the product is multiplied by, number by number: the derivative of the activation whose values are y.
#[derive(Clone, Copy)]
pub struct Derivative<'a, T> {
    /// Which; softplus has none here.
    pub activation: Activation,
    /// `[outputs][rows]`
    pub y: &'a [T],
}

/// Outputs in a tile; times two registers of rows these are the accumulators.
const TILE: usize = 6;
/// Bytes of x that a block of summed indices may have: half a first cache, so that it stays there while all outputs
/// pass by.
const BLOCK_BYTES: usize = 16 * 1024;
/// Fewest rows in a block: as many more as have room beside few inputs, because a narrow layer's product takes hardly
/// longer than the beginning of a block.
const BLOCK_ROWS: usize = 64;
/// Fewest and most summed indices in a block: fewer would store sums too often, more have no room in a panel.
const BLOCK_INPUTS: (usize, usize) = (32, 256);
/// Registers of rows that repay copying coefficients together.
const PACKED_FROM: usize = 6;

/// The product with `bias[j]`, or what is in `out` where `accumulate`, as the start of the sum; then, where it is given,
/// times a derivative.
///
/// Blocks of summed indices times blocks of rows go by all outputs while they are in the first cache; sums wait in
/// `out` in between, so their order, and their bits, are those of one long loop.
#[inline(always)]
pub fn product<T: Real, I: Isa>(
    c: Coefficients<T>,
    x: &[T],
    bias: Option<&[T]>,
    derivative: Option<Derivative<'_, T>>,
    out: &mut [T],
    inputs: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
) {
    check(&c, x, out, inputs, outputs, rows);
    assert!(derivative.is_none_or(|d| d.y.len() == outputs * rows));
    assert!(bias.is_none_or(|b| b.len() == outputs));
    assert!(rows.is_multiple_of(16), "rows come in multiples of 16");
    let roomy = BLOCK_BYTES / (size_of::<T>() * inputs.max(1)) / BLOCK_ROWS * BLOCK_ROWS;
    let block_rows = rows.min(roomy.max(BLOCK_ROWS));
    let fit = BLOCK_BYTES / (size_of::<T>() * block_rows.max(1));
    let block = fit.clamp(BLOCK_INPUTS.0, BLOCK_INPUTS.1);
    // Coefficients of one input lie together and those of the next far away: a copy brings a block of them together.
    let is_packed = I::TILES && c.per_output == 1 && rows >= PACKED_FROM * I::Vector::<T>::WIDTH;
    // Not filled: that would take a small layer as long as its product.
    let mut packed = [MaybeUninit::<T>::uninit(); TILE * BLOCK_INPUTS.1];
    let mut input = 0;
    // One block where there is nothing to sum: the sums begin all the same.
    loop {
        let count = (inputs - input).min(block);
        let mut row = 0;
        while row < rows {
            let until = (row + block_rows).min(rows);
            let mut from = 0;
            while from < outputs {
                // Tiles of nearly equal size: ten outputs are five and five.
                let left = outputs - from;
                let size = left.div_ceil(left.div_ceil(if I::TILES { TILE } else { 1 }));
                let part = Part { input, count, from, row, until };
                let is_later = accumulate || input > 0;
                let derivative = derivative.filter(|_| input + count >= inputs);
                macro_rules! tile {
                    ($n:literal) => {
                        // SAFETY: lengths were checked above; the part covers inputs up to `inputs`, outputs
                        // from..from + size and rows up to `rows`.
                        unsafe {
                            if is_packed {
                                let values = pack::<T, $n>(&c, part, &mut packed);
                                let c = Coefficients { values, per_input: $n, per_output: 1 };
                                tiles::<T, I, $n>(&c, 0, x, bias, derivative, out, rows, part, is_later)
                            } else {
                                let at = input * c.per_input + from * c.per_output;
                                tiles::<T, I, $n>(&c, at, x, bias, derivative, out, rows, part, is_later)
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
            row = until;
        }
        input += count;
        if input >= inputs {
            break;
        }
    }
}

/// What a tile computes: `count` summed indices from `input` on, outputs from `from` on, rows from `row` to `until`.
#[derive(Clone, Copy)]
struct Part {
    input: usize,
    count: usize,
    from: usize,
    row: usize,
    until: usize,
}

/// Copies the coefficients of N outputs that lie beside each other, input by input, and asks for those of later
/// outputs: lines that lie far apart are not guessed by the processor. The copies come back.
///
/// # Safety
/// The part lies inside the coefficients, whose `per_output` is 1, and has at most [`BLOCK_INPUTS`] inputs.
#[inline(always)]
unsafe fn pack<'p, T: Real, const N: usize>(
    c: &Coefficients<T>,
    part: Part,
    packed: &'p mut [MaybeUninit<T>; TILE * BLOCK_INPUTS.1],
) -> &'p [T] {
    debug_assert!(N <= TILE && part.count <= BLOCK_INPUTS.1);
    let mut from = c.values.as_ptr().wrapping_add(part.input * c.per_input + part.from);
    let mut to = packed.as_mut_ptr().cast::<T>();
    for _ in 0..part.count {
        prefetch(from.wrapping_add(2 * LINE / size_of::<T>()));
        // SAFETY: by the contract of this function.
        unsafe {
            to.cast::<[T; N]>().write_unaligned(from.cast::<[T; N]>().read_unaligned());
            to = to.add(N);
        }
        from = from.wrapping_add(c.per_input);
    }
    // SAFETY: so many were written just now.
    unsafe { std::slice::from_raw_parts(packed.as_ptr().cast::<T>(), part.count * N) }
}

/// The tiles of a part, one or two registers of rows each; `at` is the part's first coefficient.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
unsafe fn tiles<T: Real, I: Isa, const N: usize>(
    c: &Coefficients<T>,
    at: usize,
    x: &[T],
    bias: Option<&[T]>,
    derivative: Option<Derivative<'_, T>>,
    out: &mut [T],
    rows: usize,
    part: Part,
    is_later: bool,
) {
    let width = I::Vector::<T>::WIDTH;
    let mut row = part.row;
    while row < part.until {
        let part = Part { row, ..part };
        // Registers of sixteen rows may leave one behind the last two.
        // SAFETY: by the contract of this function.
        unsafe {
            if width == 16 && part.until - row < 2 * width {
                tile::<T, I, N, 1>(c, at, x, bias, derivative, out, rows, part, is_later);
            } else {
                tile::<T, I, N, 2>(c, at, x, bias, derivative, out, rows, part, is_later);
            }
        }
        row += 2 * width;
    }
}

/// # Safety
/// `check` has passed, N outputs from `part.from` on and R registers of rows from `part.row` on exist, and so do the
/// coefficients from `at` on.
#[inline(always)]
unsafe fn tile<T: Real, I: Isa, const N: usize, const R: usize>(
    c: &Coefficients<T>,
    at: usize,
    x: &[T],
    bias: Option<&[T]>,
    derivative: Option<Derivative<'_, T>>,
    out: &mut [T],
    rows: usize,
    part: Part,
    is_later: bool,
) {
    let width = I::Vector::<T>::WIDTH;
    let Part { input, count, from, row, .. } = part;
    let mut sums = [[I::Vector::<T>::splat(T::ZERO); R]; N];
    // SAFETY: every index below is inside by the contract of this function.
    unsafe {
        let out = out.as_mut_ptr().add(from * rows + row);
        for j in 0..N {
            if is_later {
                for r in 0..R {
                    sums[j][r] = I::Vector::<T>::load(out.add(j * rows + r * width));
                }
            } else if let Some(bias) = bias {
                sums[j] = [I::Vector::<T>::splat(*bias.get_unchecked(from + j)); R];
            }
        }
        let mut lanes_at = x.as_ptr().wrapping_add(input * rows + row);
        let mut c_at = c.values.as_ptr().wrapping_add(at);
        for _ in 0..count {
            let mut lanes = [I::Vector::<T>::splat(T::ZERO); R];
            for r in 0..R {
                lanes[r] = I::Vector::<T>::load(lanes_at.add(r * width));
            }
            for j in 0..N {
                let factor = I::Vector::<T>::splat(*c_at.add(j * c.per_output));
                for r in 0..R {
                    sums[j][r] = factor.mul_add(lanes[r], sums[j][r]);
                }
            }
            lanes_at = lanes_at.wrapping_add(rows);
            c_at = c_at.wrapping_add(c.per_input);
        }
        if let Some(Derivative { activation, y }) = derivative {
            let y = y.as_ptr().add(from * rows + row);
            let (zero, one) = (I::Vector::<T>::splat(T::ZERO), I::Vector::<T>::splat(T::ONE));
            for j in 0..N {
                for r in 0..R {
                    let y = I::Vector::<T>::load(y.add(j * rows + r * width));
                    sums[j][r] = match activation {
                        Activation::Tanh => sums[j][r].mul(y.minus_product(y, one)),
                        Activation::Sigmoid => sums[j][r].mul(y.minus_product(y, y)),
                        Activation::Relu => I::Vector::<T>::if_greater(y, zero, sums[j][r], zero),
                        Activation::None | Activation::Softplus => sums[j][r],
                    };
                }
            }
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
