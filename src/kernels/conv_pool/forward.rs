//! The value and the winners.

use super::{ConvolutionPool, MAX_ENTRIES};
use crate::kernels::conv::{
    Packed, after_registers, forward_scratch, load_registers, packed_len, pad_images, padded_channels, put,
    tap_sums,
};
use crate::kernels::dense::Activation;
use crate::kernels::dispatch::{Isa, versions};
use crate::kernels::real::Real;
use crate::kernels::vector::{MAX_WIDTH, Vector, spill};

versions! {
    /// out = f(maxpool(conv(x)) + bias) with packed weights of `conv::pack`, and the winner of each output; scratch as
    /// `conv::forward_scratch` says.
    pub fn forward(
        shape: &ConvolutionPool,
        x: &[T],
        packed: &[T],
        bias: Option<&[T]>,
        activation: Activation,
        out: &mut [T],
        winners: &mut [u8],
        rows: usize,
        scratch: &mut [T],
    ) = forward_body, wider if padded_channels::<T>(&shape.convolution).is_multiple_of(T::Avx512::WIDTH);
}

#[inline(always)]
fn forward_body<T: Real, I: Isa>(
    shape: &ConvolutionPool,
    x: &[T],
    packed: &[T],
    bias: Option<&[T]>,
    activation: Activation,
    out: &mut [T],
    winners: &mut [u8],
    rows: usize,
    scratch: &mut [T],
) {
    let convolution = &shape.convolution;
    let outputs = convolution.outputs;
    assert!(shape.is_supported(), "a pool window has 1 to {MAX_ENTRIES} entries");
    assert_eq!(x.len(), convolution.input_len() * rows);
    assert_eq!(packed.len(), packed_len::<T>(convolution));
    assert_eq!(out.len(), shape.output_len() * rows);
    assert_eq!(winners.len(), out.len());
    assert!(scratch.len() >= forward_scratch(convolution, rows));
    if out.is_empty() {
        return;
    }
    assert!(bias.is_none_or(|bias| bias.len() == outputs));
    let then = (bias.unwrap_or(&[]), activation);
    let x = if convolution.is_padded() { pad_images(convolution, x, scratch, rows) } else { x };
    let mut from = 0;
    while from < outputs {
        let packed = Packed::new::<I>(convolution, packed, from);
        if packed.registers == 2 {
            channels::<T, I, 2>(shape, x, packed, then, out, winners, rows, from);
        } else {
            channels::<T, I, 1>(shape, x, packed, then, out, winners, rows, from);
        }
        from += packed.registers * I::Vector::<T>::WIDTH;
    }
}

/// One tile of R registers of channels from channel `from` on, for all pools: f(the largest + bias).
#[inline(always)]
fn channels<T: Real, I: Isa, const R: usize>(
    shape: &ConvolutionPool,
    x: &[T],
    packed: Packed<'_, T>,
    (bias, activation): (&[T], Activation),
    out: &mut [T],
    winners: &mut [u8],
    rows: usize,
    from: usize,
) {
    let (starts, offsets, entries) = (shape.starts(), shape.entry_offsets(), shape.entries());
    let outputs = shape.convolution.outputs;
    let count = (R * I::Vector::<T>::WIDTH).min(outputs - from);
    let bias = load_registers::<T, I, R>(bias.get(from..).unwrap_or(&[]));
    let (is_last, image) = (from + count == outputs, starts.per_image() * outputs);
    // Entries computed together: all of them, or parts of nearly equal size.
    let together = entries.div_ceil(entries.div_ceil(if I::TILES { TOGETHER } else { 1 }));
    let mut pixel = from;
    for row in 0..rows {
        for i in 0..starts.output_height {
            let mut j = 0;
            // Two neighbouring pools at once keep enough sums going to hide what one takes.
            while I::MANY && entries == PAIRED && j + 1 < starts.output_width {
                let start = row * starts.image + i * starts.down + j * starts.across;
                // SAFETY: as below, for both pools.
                let pools = unsafe {
                    two_pools::<T, I, R>(
                        shape,
                        x,
                        [start, start + starts.across],
                        &offsets[..entries],
                        packed,
                    )
                };
                for [best, winner] in pools {
                    put::<T, I, R>(best, bias, activation, &mut out[pixel..pixel + count]);
                    store_winners::<T, I, R>(winner, &mut winners[pixel..pixel + count]);
                    pixel += outputs;
                }
                j += 2;
            }
            for j in j..starts.output_width {
                let start = row * starts.image + i * starts.down + j * starts.across;
                macro_rules! pool {
                    ($n:literal) => {
                        // SAFETY: the windows of this pool lie inside of x, whose length was checked, as was packed's.
                        unsafe { one_pool::<T, I, $n, R>(shape, x, start, &offsets[..entries], packed) }
                    };
                }
                let [best, winner] = if !I::TILES {
                    pool!(1)
                } else {
                    match together {
                        1 => pool!(1),
                        2 => pool!(2),
                        3 => pool!(3),
                        4 => pool!(4),
                        5 => pool!(5),
                        _ => pool!(6),
                    }
                };
                put::<T, I, R>(best, bias, activation, &mut out[pixel..pixel + count]);
                store_winners::<T, I, R>(winner, &mut winners[pixel..pixel + count]);
                pixel += outputs;
            }
        }
        // While the image is at hand.
        if is_last {
            after_registers::<T, I>(activation, &mut out[row * image..][..image]);
        }
    }
}

/// Most entries computed together: twelve accumulators.
const TOGETHER: usize = 6;
/// Entries of a pool that is computed together with its neighbour: sixteen accumulators.
const PAIRED: usize = 4;

/// The largest of the windows of two pools, as [`one_pool`].
///
/// # Safety
/// As for [`one_pool`], at both starts; `offsets` has [`PAIRED`] entries.
#[inline(always)]
unsafe fn two_pools<T: Real, I: Isa, const R: usize>(
    shape: &ConvolutionPool,
    x: &[T],
    pools: [usize; 2],
    offsets: &[usize],
    packed: Packed<'_, T>,
) -> [[[I::Vector<T>; R]; 2]; 2] {
    let windows = shape.convolution.windows();
    let starts: [usize; 2 * PAIRED] = std::array::from_fn(|i| pools[i / PAIRED] + offsets[i % PAIRED]);
    // SAFETY: by the contract of this function.
    let sums =
        unsafe { tap_sums::<T, I, { 2 * PAIRED }, R>(x, starts, packed, &shape.convolution, &windows) };
    let mut found = [[[I::Vector::<T>::splat(T::ZERO); R]; 2]; 2];
    for (p, [best, winner]) in found.iter_mut().enumerate() {
        for i in 0..PAIRED {
            enter::<T, I, R>(i, &sums[p * PAIRED + i], best, winner);
        }
    }
    found
}

/// Takes entry `i` of a pool into account.
#[inline(always)]
fn enter<T: Real, I: Isa, const R: usize>(
    i: usize,
    sums: &[I::Vector<T>; R],
    best: &mut [I::Vector<T>; R],
    winner: &mut [I::Vector<T>; R],
) {
    let number = I::Vector::<T>::splat(T::from_f64(i as f64));
    for half in 0..R {
        if i == 0 {
            best[half] = sums[half];
        } else {
            winner[half] = I::Vector::<T>::if_greater(sums[half], best[half], number, winner[half]);
            best[half] = I::Vector::<T>::if_greater(sums[half], best[half], sums[half], best[half]);
        }
    }
}

/// The largest of the windows that begin at `start` + offsets, and its number, for one tile of channels.
///
/// # Safety
/// As for [`tap_sums`]; `N ≤ offsets.len()`.
#[inline(always)]
unsafe fn one_pool<T: Real, I: Isa, const N: usize, const R: usize>(
    shape: &ConvolutionPool,
    x: &[T],
    start: usize,
    offsets: &[usize],
    packed: Packed<'_, T>,
) -> [[I::Vector<T>; R]; 2] {
    let windows = shape.convolution.windows();
    let mut best = [I::Vector::<T>::splat(T::ZERO); R];
    let mut winner = best;
    let mut from = 0;
    while from < offsets.len() {
        // The last part begins early enough to be whole: what is repeated is never greater than itself.
        let first = from.min(offsets.len() - N);
        let starts: [usize; N] = std::array::from_fn(|i| start + offsets[first + i]);
        // SAFETY: by the contract of this function.
        let sums = unsafe { tap_sums::<T, I, N, R>(x, starts, packed, &shape.convolution, &windows) };
        for i in 0..N {
            enter::<T, I, R>(first + i, &sums[i], &mut best, &mut winner);
        }
        from += N;
    }
    [best, winner]
}

/// Entry numbers as bytes.
#[inline(always)]
fn store_winners<T: Real, I: Isa, const R: usize>(winner: [I::Vector<T>; R], to: &mut [u8]) {
    let mut numbers = [T::ZERO; 2 * MAX_WIDTH];
    spill(winner, &mut numbers);
    if to.len() == R * I::Vector::<T>::WIDTH {
        for i in 0..R * I::Vector::<T>::WIDTH {
            to[i] = numbers[i].to_byte();
        }
    } else {
        for (to, number) in to.iter_mut().zip(numbers) {
            *to = number.to_byte();
        }
    }
}
