//! dw\[k,n\] = Σ_r x\[k,r\] dy\[n,r\] and db\[n\] = Σ_r dy\[n,r\].

use crate::kernels::dispatch::{Isa, versions};
use crate::kernels::real::Real;
use crate::kernels::vector::{Vector, add_to, prefetch, put_to};

/// Outputs from which the outer-product form is taken.
const WIDE: usize = 12;

/// The numbers of scratch that [`weight_gradient`] wants.
pub fn weight_gradient_scratch<T: Real>(outputs: usize, rows: usize) -> usize {
    if outputs < WIDE { 0 } else { padded::<T>(outputs) * rows }
}

/// Outputs rounded up to two registers, of the wider ones where these are taken.
#[inline(always)]
fn padded<T: Real>(outputs: usize) -> usize {
    outputs.next_multiple_of(if takes_wider::<T>(outputs) { 4 } else { 2 } * T::Plain::WIDTH)
}

/// Whether the wider registers of AVX-512 (twice [`Vector::WIDTH`] of the plain ones) need fewer panels.
#[inline(always)]
fn takes_wider<T: Real>(outputs: usize) -> bool {
    outputs > 2 * T::Plain::WIDTH
}

versions! {
    fn bias_gradient(dy: &[T], db: &mut [T], outputs: usize, rows: usize, accumulate: bool) = bias_gradient_body;
    fn narrow(
        x: &[T],
        dy: &[T],
        dw: &mut [T],
        db: Option<&mut [T]>,
        inputs: usize,
        outputs: usize,
        rows: usize,
        accumulate: bool,
    ) = by_lanes, wider if true;
    fn wide_layer(
        x: &[T],
        dy: &[T],
        dw: &mut [T],
        inputs: usize,
        outputs: usize,
        rows: usize,
        accumulate: bool,
        panels: &mut [T],
    ) = by_panels, wider if takes_wider::<T>(outputs);
}

/// The gradient by the weights `[inputs][outputs]` and, where asked, the bias, added to what is there where
/// `accumulate`; x `[inputs][rows]`, dy `[outputs][rows]`. Rows that do not count must have dy = 0.
pub fn weight_gradient<T: Real>(
    x: &[T],
    dy: &[T],
    dw: &mut [T],
    db: Option<&mut [T]>,
    inputs: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
    scratch: &mut [T],
) {
    assert_eq!(x.len(), inputs * rows);
    assert_eq!(dy.len(), outputs * rows);
    assert_eq!(dw.len(), inputs * outputs);
    assert!(rows.is_multiple_of(16), "rows come in multiples of 16");
    assert!(scratch.len() >= weight_gradient_scratch::<T>(outputs, rows));
    if outputs < WIDE {
        narrow::<T>(x, dy, dw, db, inputs, outputs, rows, accumulate);
    } else {
        if let Some(db) = db {
            bias_gradient::<T>(dy, db, outputs, rows, accumulate);
        }
        let panels = &mut scratch[..padded::<T>(outputs) * rows];
        wide_layer::<T>(x, dy, dw, inputs, outputs, rows, accumulate, panels);
    }
}

#[inline(always)]
fn by_panels<T: Real, I: Isa>(
    x: &[T],
    dy: &[T],
    dw: &mut [T],
    inputs: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
    panels: &mut [T],
) {
    let panels = &mut panels[..outputs.next_multiple_of(2 * I::Vector::<T>::WIDTH) * rows];
    transpose::<T, I>(dy, panels, outputs, rows);
    by_rows::<T, I>(x, panels, dw, inputs, outputs, rows, accumulate);
}

#[inline(always)]
fn bias_gradient_body<T: Real, I: Isa>(
    dy: &[T],
    db: &mut [T],
    outputs: usize,
    rows: usize,
    accumulate: bool,
) {
    assert_eq!(db.len(), outputs);
    let width = I::Vector::<T>::WIDTH;
    for (n, db) in db.iter_mut().enumerate() {
        let mut sums = [I::Vector::<T>::splat(T::ZERO); 2];
        for row in (0..rows).step_by(2 * width) {
            // SAFETY: dy has outputs · rows numbers and rows is a multiple of two registers.
            unsafe {
                let at = dy.as_ptr().add(n * rows + row);
                sums[0] = sums[0].add(I::Vector::<T>::load(at));
                sums[1] = sums[1].add(I::Vector::<T>::load(at.add(width)));
            }
        }
        let sum = sums[0].add(sums[1]).sum();
        *db = if accumulate { *db + sum } else { sum };
    }
}

/// Narrow layers: a tile of K × N sums, each a register of lanes, added up at the end. The bias is one input more, which
/// is 1 in every row.
#[inline(always)]
fn by_lanes<T: Real, I: Isa>(
    x: &[T],
    dy: &[T],
    dw: &mut [T],
    mut db: Option<&mut [T]>,
    inputs: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
) {
    assert!(db.as_ref().is_none_or(|db| db.len() == outputs));
    let all = inputs + usize::from(db.is_some());
    let mut k = 0;
    while k < all {
        let left = all - k;
        let height = left.div_ceil(left.div_ceil(if I::TILES { 3 } else { 1 }));
        let has_bias = k + height > inputs;
        let mut n = 0;
        while n < outputs {
            let left = outputs - n;
            let size = left.div_ceil(left.div_ceil(if I::TILES { 4 } else { 1 }));
            macro_rules! tile {
                ($k:literal $n:literal) => {
                    // SAFETY: lengths were checked by the caller and above; the tile lies inside.
                    unsafe {
                        match (has_bias, &mut db) {
                            (true, Some(db)) => {
                                let bias = db.as_mut_ptr().add(n);
                                lane_tile::<T, I, $k, $n, true>(
                                    x, dy, dw, bias, k, n, outputs, rows, accumulate,
                                )
                            }
                            _ => {
                                let none = std::ptr::null_mut();
                                lane_tile::<T, I, $k, $n, false>(
                                    x, dy, dw, none, k, n, outputs, rows, accumulate,
                                )
                            }
                        }
                    }
                };
            }
            if !I::TILES {
                tile!(1 1);
            } else {
                match (height, size) {
                    (1, 1) => tile!(1 1),
                    (1, 2) => tile!(1 2),
                    (1, 3) => tile!(1 3),
                    (1, _) => tile!(1 4),
                    (2, 1) => tile!(2 1),
                    (2, 2) => tile!(2 2),
                    (2, 3) => tile!(2 3),
                    (2, _) => tile!(2 4),
                    (_, 1) => tile!(3 1),
                    (_, 2) => tile!(3 2),
                    (_, 3) => tile!(3 3),
                    (_, _) => tile!(3 4),
                }
            }
            n += size;
        }
        k += height;
    }
}

/// Where `BIAS`, the last of the K inputs is the bias, whose N sums go to `bias`.
///
/// # Safety
/// x `[≥ k + K][rows]` (`[≥ k + K − 1][rows]` with a bias), dy `[≥ n + N][rows]`, dw `[the same][outputs]`, rows a
/// multiple of a register; `bias` has N numbers where `BIAS`.
#[inline(always)]
unsafe fn lane_tile<T: Real, I: Isa, const K: usize, const N: usize, const BIAS: bool>(
    x: &[T],
    dy: &[T],
    dw: &mut [T],
    bias: *mut T,
    k: usize,
    n: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
) {
    // The widest register there may be is added up by halves (see `Vector::sum`); a narrower one goes by its halves one
    // after the other, so that all have the same bits.
    let width = I::Vector::<T>::WIDTH;
    let widest = T::Avx512::WIDTH.max(width);
    let mut total = [[I::Vector::<T>::splat(T::ZERO); N]; K];
    // SAFETY: by the contract of this function.
    unsafe {
        let (x, dy) = (x.as_ptr().add(k * rows), dy.as_ptr().add(n * rows));
        for half in (0..widest).step_by(width) {
            let mut sums = [[I::Vector::<T>::splat(T::ZERO); N]; K];
            for row in (half..rows).step_by(widest) {
                let mut d = [I::Vector::<T>::splat(T::ZERO); N];
                for j in 0..N {
                    d[j] = I::Vector::<T>::load(dy.add(j * rows + row));
                }
                for i in 0..K {
                    if BIAS && i == K - 1 {
                        for j in 0..N {
                            sums[i][j] = sums[i][j].add(d[j]);
                        }
                        continue;
                    }
                    let x = I::Vector::<T>::load(x.add(i * rows + row));
                    for j in 0..N {
                        sums[i][j] = x.mul_add(d[j], sums[i][j]);
                    }
                }
            }
            if half == 0 {
                total = sums;
                continue;
            }
            for i in 0..K {
                for j in 0..N {
                    total[i][j] = total[i][j].add(sums[i][j]);
                }
            }
        }
        let mut sums = [[T::ZERO; N]; K];
        for first in (0..K * N).step_by(4) {
            let at = |i: usize| total[i / N][i % N];
            if first + 4 > K * N {
                for i in first..K * N {
                    sums[i / N][i % N] = at(i).sum();
                }
                break;
            }
            let four = I::Vector::<T>::sums([at(first), at(first + 1), at(first + 2), at(first + 3)]);
            for (i, sum) in (first..).zip(four) {
                sums[i / N][i % N] = sum;
            }
        }
        for i in 0..K {
            let to = if BIAS && i == K - 1 { bias } else { dw.as_mut_ptr().add((k + i) * outputs + n) };
            for j in 0..N {
                let to = to.add(j);
                *to = if accumulate { *to + sums[i][j] } else { sums[i][j] };
            }
        }
    }
}

/// dy `[outputs][rows]` to panels `[tile][row][two registers of outputs]` with zeros behind the last output. (Rows of
/// all outputs would lie a power of two apart in many layers, and throw each other out of the first cache.)
#[inline(always)]
fn transpose<T: Real, I: Isa>(dy: &[T], panels: &mut [T], outputs: usize, rows: usize) {
    let side = I::Vector::<T>::WIDTH;
    let step = 2 * side;
    for (tile, panel) in panels.chunks_exact_mut(step * rows).enumerate() {
        for from in [0, side] {
            let n = tile * step + from;
            if n + side <= outputs {
                for row in (0..rows).step_by(side) {
                    // SAFETY: dy has outputs · rows numbers, the panel step · rows; rows come in multiples of a side.
                    unsafe {
                        let to = panel.as_mut_ptr().add(row * step + from);
                        I::Vector::<T>::turn(dy.as_ptr().add(n * rows + row), rows, to, step);
                    }
                }
            } else {
                for (row, line) in panel.chunks_exact_mut(step).enumerate() {
                    for i in 0..side {
                        line[from + i] = if n + i < outputs { dy[(n + i) * rows + row] } else { T::ZERO };
                    }
                }
            }
        }
    }
}

/// Inputs that go by all outputs together: their values stay in the first cache, and so does a panel while they go by.
const INPUTS: usize = 24;

/// Wide layers: six inputs times two registers of outputs, row after row.
#[inline(always)]
fn by_rows<T: Real, I: Isa>(
    x: &[T],
    panels: &[T],
    dw: &mut [T],
    inputs: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
) {
    let step = 2 * I::Vector::<T>::WIDTH;
    for first in (0..inputs).step_by(INPUTS) {
        let until = (first + INPUTS).min(inputs);
        for n in (0..outputs).step_by(step) {
            let panel = &panels[n * rows..][..step * rows];
            let mut k = first;
            while k < until {
                let left = until - k;
                let height = left.div_ceil(left.div_ceil(if I::TILES { 6 } else { 1 }));
                macro_rules! tile {
                    ($k:literal) => {
                        // SAFETY: lengths were checked by the caller; a panel has two registers for each row.
                        unsafe {
                            if outputs - n > I::Vector::<T>::WIDTH {
                                row_tile::<T, I, $k, 2>(x, panel, dw, k, n, outputs, rows, accumulate)
                            } else {
                                row_tile::<T, I, $k, 1>(x, panel, dw, k, n, outputs, rows, accumulate)
                            }
                        }
                    };
                }
                if !I::TILES {
                    tile!(1);
                } else {
                    match height {
                        1 => tile!(1),
                        2 => tile!(2),
                        3 => tile!(3),
                        4 => tile!(4),
                        5 => tile!(5),
                        _ => tile!(6),
                    }
                }
                k += height;
            }
        }
    }
}

/// The tile with R registers of outputs, one where no more are left.
///
/// # Safety
/// x `[≥ k + K][rows]`, panel `[rows][two registers]`, dw `[≥ k + K][outputs]`, `n < outputs`.
#[inline(always)]
unsafe fn row_tile<T: Real, I: Isa, const K: usize, const R: usize>(
    x: &[T],
    panel: &[T],
    dw: &mut [T],
    k: usize,
    n: usize,
    outputs: usize,
    rows: usize,
    accumulate: bool,
) {
    let width = I::Vector::<T>::WIDTH;
    let mut sums = [[I::Vector::<T>::splat(T::ZERO); R]; K];
    // Lines of the result lie far apart, and are needed when all rows are summed.
    for i in 0..K {
        let line = dw.as_ptr().wrapping_add((k + i) * outputs + n);
        prefetch(line);
        prefetch(line.wrapping_add(R * width - 1));
    }
    // SAFETY: by the contract of this function.
    unsafe {
        let (x, mut dy) = (x.as_ptr().add(k * rows), panel.as_ptr());
        for row in 0..rows {
            let mut d = [I::Vector::<T>::splat(T::ZERO); R];
            for r in 0..R {
                d[r] = I::Vector::<T>::load(dy.add(r * width));
            }
            for i in 0..K {
                let x = I::Vector::<T>::splat(*x.add(i * rows + row));
                for r in 0..R {
                    sums[i][r] = x.mul_add(d[r], sums[i][r]);
                }
            }
            dy = dy.add(2 * width);
        }
    }
    // Sums that go straight to their places never leave the registers on the way.
    let is_whole = outputs - n >= R * width;
    for i in 0..K {
        let dw = &mut dw[(k + i) * outputs..][..outputs][n..];
        match (is_whole, accumulate) {
            (true, _) => {
                for r in 0..R {
                    // SAFETY: there is room for R registers.
                    unsafe {
                        let at = dw.as_mut_ptr().add(r * width);
                        let sum = sums[i][r];
                        if accumulate { I::Vector::<T>::load(at).add(sum) } else { sum }.store(at);
                    }
                }
            }
            (false, true) => add_to::<T, I::Vector<T>, R>(sums[i], dw),
            (false, false) => put_to::<T, I::Vector<T>, R>(sums[i], dw),
        }
    }
}
