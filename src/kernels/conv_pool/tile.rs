//! Sums over a list of winners, many registers of one image or kernel at a time.

use crate::kernels::dispatch::Isa;
use crate::kernels::real::Real;
use crate::kernels::vector::Vector;

/// Registers in a tile.
const TILE: usize = 10;

/// Sums that go to one place: list\[from..to\].
#[derive(Clone, Copy, Default)]
pub struct Segment {
    /// Where the sums begin.
    pub target: usize,
    /// First entry.
    pub from: usize,
    /// One past the last entry.
    pub to: usize,
}

/// A side of the sum: `lines` lines of registers each, this far apart.
#[derive(Clone, Copy)]
pub struct Side<P> {
    /// First number.
    pub at: P,
    /// From one line to the next.
    pub line: usize,
}

/// to\[target + v\] += Σ over a segment's entries of value · from\[offset + v\], v over lines × registers of numbers.
///
/// # Safety
/// `to` is writable for the lines and registers behind each target, `from` readable behind each offset; segments lie
/// inside the list.
#[inline(always)]
pub unsafe fn add_segments<T: Real, I: Isa>(
    lines: usize,
    registers: usize,
    to: Side<*mut T>,
    from: Side<*const T>,
    segments: &[Segment],
    offsets: &[usize],
    values: &[T],
) {
    let width = I::Vector::<T>::WIDTH;
    // Short runs: several lines in a tile; long ones: part of a line.
    let across = registers.div_ceil(registers.div_ceil(TILE).max(1));
    let most = [6, 5, 3, 2, 2].get(across.wrapping_sub(1)).copied().unwrap_or(1);
    let down = lines.div_ceil(lines.div_ceil(most).max(1));
    let mut line = 0;
    while line < lines {
        let height = down.min(lines - line);
        let mut register = 0;
        while register < registers {
            let size = across.min(registers - register);
            let offset = register * width;
            let to = Side { at: to.at.wrapping_add(line * to.line + offset), line: to.line };
            let from = Side { at: from.at.wrapping_add(line * from.line + offset), line: from.line };
            macro_rules! tiles {
                ($($h:literal $w:literal),*) => {
                    match (height, size) {
                        // SAFETY: by the contract of this function; the tile lies inside lines and registers.
                        $(($h, $w) => unsafe { tile::<T, I, $h, $w>(to, from, segments, offsets, values) },)*
                        _ => unreachable!("tiles hold at most ten registers"),
                    }
                };
            }
            tiles!(
                1 1, 2 1, 3 1, 4 1, 5 1, 6 1, 1 2, 2 2, 3 2, 4 2, 5 2, 1 3, 2 3, 3 3, 1 4, 2 4, 1 5, 2 5, 1 6, 1 7, 1 8,
                1 9, 1 10
            );
            register += size;
        }
        line += height;
    }
}

/// # Safety
/// As for [`add_segments`], with `H` lines of `W` registers.
#[inline(always)]
unsafe fn tile<T: Real, I: Isa, const H: usize, const W: usize>(
    to: Side<*mut T>,
    from: Side<*const T>,
    segments: &[Segment],
    offsets: &[usize],
    values: &[T],
) {
    let width = I::Vector::<T>::WIDTH;
    for segment in segments {
        // SAFETY: by the contract of this function.
        unsafe {
            let target = to.at.add(segment.target);
            let mut sums = [[I::Vector::<T>::splat(T::ZERO); W]; H];
            for h in 0..H {
                for w in 0..W {
                    sums[h][w] = I::Vector::<T>::load(target.add(h * to.line + w * width));
                }
            }
            for entry in segment.from..segment.to {
                let value = I::Vector::<T>::splat(*values.get_unchecked(entry));
                let source = from.at.add(*offsets.get_unchecked(entry));
                for h in 0..H {
                    for w in 0..W {
                        let number = I::Vector::<T>::load(source.add(h * from.line + w * width));
                        sums[h][w] = value.mul_add(number, sums[h][w]);
                    }
                }
            }
            for h in 0..H {
                for w in 0..W {
                    sums[h][w].store(target.add(h * to.line + w * width));
                }
            }
        }
    }
}
