//! The convolution itself: six windows times two registers of output channels at a time.

use super::{Convolution, Windows, forward_scratch, pad_images};
use crate::kernels::dense::{Activation, apply_activation};
use crate::kernels::dispatch::{Isa, versions};
use crate::kernels::real::Real;
use crate::kernels::vector::{MAX_WIDTH, Vector, put_to};

/// Windows in a tile of two registers of channels.
const TILE: usize = 6;
/// Windows in a tile of one register.
const NARROW_TILE: usize = 12;

/// Output channels in a whole tile: two registers.
#[inline(always)]
pub(crate) fn channels_in_tile<T: Real>() -> usize {
    2 * T::Plain::WIDTH
}

/// Channels with what fills up the last tile, which has one register where that is enough.
#[inline(always)]
pub(crate) fn padded_channels<T: Real>(shape: &Convolution) -> usize {
    shape.outputs.next_multiple_of(T::Plain::WIDTH)
}

/// Numbers of packed weights.
pub fn packed_len<T: Real>(shape: &Convolution) -> usize {
    padded_channels::<T>(shape) * shape.kernel[0] * shape.run()
}

/// Packs weights `[kh][kw][cin][cout]` as `[tile][kh][kw · cin][channels of a tile]`, zeros behind the last channel.
/// Tiles have two registers, the last one may have one.
pub fn pack<T: Real>(shape: &Convolution, w: &[T], packed: &mut [T]) {
    assert_eq!(w.len(), shape.weights_len());
    assert_eq!(packed.len(), packed_len::<T>(shape));
    let taps = shape.kernel[0] * shape.run();
    if packed.is_empty() {
        return;
    }
    for from in (0..shape.outputs).step_by(channels_in_tile::<T>()) {
        let tile = channels_in_tile::<T>().min(padded_channels::<T>(shape) - from);
        let count = tile.min(shape.outputs - from);
        let packed = &mut packed[from * taps..][..tile * taps];
        for (packed, w) in packed.chunks_exact_mut(tile).zip(w.chunks_exact(shape.outputs)) {
            packed[..count].copy_from_slice(&w[from..from + count]);
            packed[count..].fill(T::ZERO);
        }
    }
}

versions! {
    /// f(the convolution of `rows` images with weights from [`pack`] + bias); scratch as [`forward_scratch`] says.
    pub fn forward(
        shape: &Convolution,
        x: &[T],
        packed: &[T],
        bias: Option<&[T]>,
        activation: Activation,
        out: &mut [T],
        rows: usize,
        scratch: &mut [T],
    ) = forward_body, wider if padded_channels::<T>(shape).is_multiple_of(T::Avx512::WIDTH);
}

#[inline(always)]
fn forward_body<T: Real, I: Isa>(
    shape: &Convolution,
    x: &[T],
    packed: &[T],
    bias: Option<&[T]>,
    activation: Activation,
    out: &mut [T],
    rows: usize,
    scratch: &mut [T],
) {
    assert!(bias.is_none_or(|bias| bias.len() == shape.outputs));
    assert_eq!(x.len(), shape.input_len() * rows);
    assert_eq!(packed.len(), packed_len::<T>(shape));
    assert_eq!(out.len(), shape.output_len() * rows);
    assert!(scratch.len() >= forward_scratch(shape, rows));
    if out.is_empty() {
        return;
    }
    let x = if shape.is_padded() { pad_images(shape, x, scratch, rows) } else { x };
    let then = (bias.unwrap_or(&[]), activation);
    let mut from = 0;
    while from < shape.outputs {
        let packed = Packed::new::<I>(shape, packed, from);
        match packed.registers {
            2 if I::TILES => channels::<T, I, TILE, 2>(shape, x, packed, then, out, rows, from),
            2 => channels::<T, I, 1, 2>(shape, x, packed, then, out, rows, from),
            _ if I::TILES => channels::<T, I, NARROW_TILE, 1>(shape, x, packed, then, out, rows, from),
            _ => channels::<T, I, 1, 1>(shape, x, packed, then, out, rows, from),
        }
        from += packed.registers * I::Vector::<T>::WIDTH;
    }
    after_registers::<T, I>(activation, out);
}

/// Packed weights from one channel on, as one or two registers at each tap.
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a, T> {
    weights: &'a [T],
    /// How many registers: two where as many channels are left.
    pub(crate) registers: usize,
    /// From the first register to the second.
    second: usize,
    /// From one tap to the next.
    tap: usize,
}

impl<'a, T: Real> Packed<'a, T> {
    /// The weights from channel `from` on, at which a tile begins. A register as wide as a tile takes the second one
    /// from the tile behind.
    #[inline(always)]
    pub(crate) fn new<I: Isa>(shape: &Convolution, packed: &'a [T], from: usize) -> Self {
        let (width, taps) = (I::Vector::<T>::WIDTH, shape.kernel[0] * shape.run());
        let left = padded_channels::<T>(shape) - from;
        let registers = if left >= 2 * width { 2 } else { 1 };
        let is_tile = width == channels_in_tile::<T>();
        let second = if is_tile { taps * width } else { width };
        let tap = if is_tile { width } else { registers * width };
        Packed { weights: &packed[from * taps..], registers, second, tap }
    }
}

/// One tile of R registers of channels from channel `from` on, for all windows.
#[inline(always)]
fn channels<T: Real, I: Isa, const N: usize, const R: usize>(
    shape: &Convolution,
    x: &[T],
    packed: Packed<'_, T>,
    (bias, activation): (&[T], Activation),
    out: &mut [T],
    rows: usize,
    from: usize,
) {
    let windows = shape.windows();
    let bias = load_registers::<T, I, R>(bias.get(from..).unwrap_or(&[]));
    let width = (R * I::Vector::<T>::WIDTH).min(shape.outputs - from);
    let total = windows.per_image() * rows;
    for window in (0..total).step_by(N) {
        // The last tile repeats its last window; what is repeated is not written.
        let count = N.min(total - window);
        let starts: [usize; N] = std::array::from_fn(|i| windows.start(window + i.min(count - 1)));
        // SAFETY: every start is that of a window that lies inside of x, whose length was checked, as was packed's.
        let sums = unsafe { tap_sums::<T, I, N, R>(x, starts, packed, shape, &windows) };
        for i in 0..count {
            let pixel = &mut out[(window + i) * shape.outputs + from..][..width];
            put::<T, I, R>(sums[i], bias, activation, pixel);
        }
    }
}

/// sum + bias, as many numbers as `to` has, and relu of that where it is the activation; others are for
/// [`after_registers`].
#[inline(always)]
pub(crate) fn put<T: Real, I: Isa, const R: usize>(
    mut sums: [I::Vector<T>; R],
    bias: [I::Vector<T>; R],
    activation: Activation,
    to: &mut [T],
) {
    let zero = I::Vector::<T>::splat(T::ZERO);
    for r in 0..R {
        sums[r] = bias[r].add(sums[r]);
        if activation == Activation::Relu {
            // What is no number stays.
            sums[r] = I::Vector::<T>::if_greater(zero, sums[r], zero, sums[r]);
        }
    }
    put_to::<T, I::Vector<T>, R>(sums, to);
}

/// f(out) for an activation that [`put`] leaves: of long runs of numbers, whatever the number of channels.
#[inline(always)]
pub(crate) fn after_registers<T: Real, I: Isa>(activation: Activation, out: &mut [T]) {
    if activation != Activation::Relu {
        apply_activation::<T, I>(activation, out);
    }
}

/// The first numbers in R registers, filled up with zeros.
#[inline(always)]
pub(crate) fn load_registers<T: Real, I: Isa, const R: usize>(numbers: &[T]) -> [I::Vector<T>; R] {
    let mut all = [T::ZERO; 2 * MAX_WIDTH];
    for (to, number) in all.iter_mut().zip(numbers) {
        *to = *number;
    }
    // SAFETY: two registers of any width have at most as many numbers as `all`.
    std::array::from_fn(|r| unsafe { I::Vector::<T>::load(all.as_ptr().add(r * I::Vector::<T>::WIDTH)) })
}

/// Σ over taps of x · w for the windows that begin at `starts` and one tile of R registers of channels.
///
/// # Safety
/// `x` holds the whole window behind each start; `packed` has R registers.
#[inline(always)]
pub(crate) unsafe fn tap_sums<T: Real, I: Isa, const N: usize, const R: usize>(
    x: &[T],
    starts: [usize; N],
    packed: Packed<'_, T>,
    shape: &Convolution,
    windows: &Windows,
) -> [[I::Vector<T>; R]; N] {
    let run = shape.run();
    let mut sums = [[I::Vector::<T>::splat(T::ZERO); R]; N];
    let mut w = packed.weights.as_ptr();
    for line in 0..shape.kernel[0] {
        let from: [*const T; N] = starts.map(|start| x.as_ptr().wrapping_add(start + line * windows.line));
        for tap in 0..run {
            // SAFETY: by the contract of this function.
            unsafe {
                let mut weights = [I::Vector::<T>::splat(T::ZERO); R];
                for r in 0..R {
                    weights[r] = I::Vector::<T>::load(w.add(r * packed.second));
                }
                w = w.add(packed.tap);
                for i in 0..N {
                    let x = I::Vector::<T>::splat(*from[i].add(tap));
                    for r in 0..R {
                        sums[i][r] = x.mul_add(weights[r], sums[i][r]);
                    }
                }
            }
        }
    }
    sums
}
