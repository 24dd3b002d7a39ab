//! Sums over lists, many registers of an image or kernel at a time: the loop inside the gradients that scatter.

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

/// What is summed: where it is read, and the factor.
pub trait Entries<T> {
    /// Offset and value of an entry.
    ///
    /// # Safety
    /// The entry must be one of those that exist.
    unsafe fn get(&self, entry: usize) -> (usize, T);
}

/// Entries that were written down.
pub struct List<'a, T> {
    /// Where each is read.
    pub offsets: &'a [usize],
    /// The factor of each.
    pub values: &'a [T],
}

impl<T: Copy> Entries<T> for List<'_, T> {
    #[inline(always)]
    unsafe fn get(&self, entry: usize) -> (usize, T) {
        // SAFETY: by the contract of the trait.
        unsafe { (*self.offsets.get_unchecked(entry), *self.values.get_unchecked(entry)) }
    }
}

/// How lines of registers are cut into tiles of at most [`TILE`]: several lines where they are short, parts of one
/// where they are long.
#[derive(Clone, Copy)]
pub struct Tiling {
    lines: usize,
    registers: usize,
    down: usize,
    across: usize,
}

/// A part of the lines.
#[derive(Clone, Copy)]
pub struct Tile {
    line: usize,
    register: usize,
    height: usize,
    width: usize,
}

impl Tiling {
    /// Tiles of nearly equal size.
    pub fn new<I: Isa>(lines: usize, registers: usize) -> Tiling {
        if !I::TILES {
            return Tiling { lines, registers, down: 1, across: 1 };
        }
        let across = registers.div_ceil(registers.div_ceil(TILE).max(1)).max(1);
        let most = [6, 5, 3, 2, 2].get(across - 1).copied().unwrap_or(1);
        let down = lines.div_ceil(lines.div_ceil(most).max(1)).max(1);
        Tiling { lines, registers, down, across }
    }
    /// How many tiles.
    pub fn count(&self) -> usize {
        self.lines.div_ceil(self.down) * self.registers.div_ceil(self.across)
    }
    /// The tile of that number, below [`Tiling::count`].
    pub fn tile(&self, number: usize) -> Tile {
        let per_line = self.registers.div_ceil(self.across);
        let line = number / per_line * self.down;
        let register = number % per_line * self.across;
        Tile {
            line,
            register,
            height: self.down.min(self.lines - line),
            width: self.across.min(self.registers - register),
        }
    }
}

/// to\[target + v\] += Σ over a segment's entries of value · from\[offset + v\], v over the numbers of the tile.
///
/// # Safety
/// `to` is writable for all lines and registers behind each target, `from` readable behind each offset; segments lie
/// inside the list.
#[inline(always)]
pub unsafe fn add_segments<T: Real, I: Isa, E: Entries<T>>(
    tile: Tile,
    to: Side<*mut T>,
    from: Side<*const T>,
    segments: &[Segment],
    entries: &E,
) {
    let offset = tile.register * I::Vector::<T>::WIDTH;
    let to = Side { at: to.at.wrapping_add(tile.line * to.line + offset), line: to.line };
    let from = Side { at: from.at.wrapping_add(tile.line * from.line + offset), line: from.line };
    macro_rules! tiles {
        ($($h:literal $w:literal),*) => {
            match (tile.height, tile.width) {
                // SAFETY: by the contract of this function; the tile lies inside lines and registers.
                $(($h, $w) => unsafe { one_tile::<T, I, $h, $w, E>(to, from, segments, entries) },)*
                _ => unreachable!("tiles hold at most ten registers"),
            }
        };
    }
    if I::TILES {
        tiles!(
            1 1, 2 1, 3 1, 4 1, 5 1, 6 1, 1 2, 2 2, 3 2, 4 2, 5 2, 1 3, 2 3, 3 3, 1 4, 2 4, 1 5, 2 5, 1 6, 1 7, 1 8,
            1 9, 1 10
        );
    } else {
        tiles!(1 1);
    }
}

/// # Safety
/// As for [`add_segments`], with `H` lines of `W` registers.
#[inline(always)]
unsafe fn one_tile<T: Real, I: Isa, const H: usize, const W: usize, E: Entries<T>>(
    to: Side<*mut T>,
    from: Side<*const T>,
    segments: &[Segment],
    entries: &E,
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
                let (offset, value) = entries.get(entry);
                let value = I::Vector::<T>::splat(value);
                let source = from.at.add(offset);
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
