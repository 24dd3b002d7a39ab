//! dw\[k,n\] = Σ_r x\[k,r\] dy\[n,r\] and db\[n\] = Σ_r dy\[n,r\].

use crate::kernels::dispatch::{Isa, versions};
use crate::kernels::real::Real;
use crate::kernels::vector::Vector;

/// Outputs from which the outer-product form is taken.
const WIDE: usize = 12;

/// The numbers of scratch that [`weight_gradient`] wants.
pub fn weight_gradient_scratch<T: Real>(outputs: usize, rows: usize) -> usize {
    if outputs < WIDE { 0 } else { padded::<T>(outputs) * rows }
}

/// Outputs rounded up to two registers.
#[inline(always)]
fn padded<T: Real>(outputs: usize) -> usize {
    outputs.next_multiple_of(2 * T::Plain::WIDTH)
}

versions! {
    /// The gradient by the weights `[inputs][outputs]` and, where asked, the bias, added to what is there where
    /// `accumulate`; x `[inputs][rows]`, dy `[outputs][rows]`. Rows that do not count must have dy = 0.
    pub fn weight_gradient(
        x: &[T],
        dy: &[T],
        dw: &mut [T],
        db: Option<&mut [T]>,
        inputs: usize,
        outputs: usize,
        rows: usize,
        accumulate: bool,
        scratch: &mut [T],
    ) = weight_gradient_body;
}

#[inline(always)]
fn weight_gradient_body<T: Real, I: Isa>(
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
    assert!(rows.is_multiple_of(2 * I::Vector::<T>::WIDTH), "rows come in multiples of 16");
    assert!(scratch.len() >= weight_gradient_scratch::<T>(outputs, rows));
    if !accumulate {
        dw.fill(T::ZERO);
    }
    if let Some(db) = db {
        bias_gradient::<T, I>(dy, db, outputs, rows, accumulate);
    }
    if outputs < WIDE {
        by_lanes::<T, I>(x, dy, dw, inputs, outputs, rows);
    } else {
        let wide = padded::<T>(outputs);
        transpose(dy, &mut scratch[..wide * rows], outputs, rows, wide);
        by_rows::<T, I>(x, scratch, dw, inputs, outputs, rows, wide);
    }
}

#[inline(always)]
fn bias_gradient<T: Real, I: Isa>(dy: &[T], db: &mut [T], outputs: usize, rows: usize, accumulate: bool) {
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

/// Narrow layers: a tile of K × N sums, each a register of lanes, added up at the end.
#[inline(always)]
fn by_lanes<T: Real, I: Isa>(x: &[T], dy: &[T], dw: &mut [T], inputs: usize, outputs: usize, rows: usize) {
    let mut k = 0;
    while k < inputs {
        let left = inputs - k;
        let height = left.div_ceil(left.div_ceil(3));
        let mut n = 0;
        while n < outputs {
            let left = outputs - n;
            let size = left.div_ceil(left.div_ceil(4));
            macro_rules! tiles {
                ($($k:literal $n:literal)*) => {
                    match (height, size) {
                        // SAFETY: lengths were checked by the caller; the tile lies inside.
                        $(($k, $n) => unsafe { lane_tile::<T, I, $k, $n>(x, dy, dw, k, n, outputs, rows) },)*
                        _ => unreachable!("a tile has at most three by four sums"),
                    }
                };
            }
            tiles!(1 1 1 2 1 3 1 4 2 1 2 2 2 3 2 4 3 1 3 2 3 3 3 4);
            n += size;
        }
        k += height;
    }
}

/// # Safety
/// x `[≥ k + K][rows]`, dy `[≥ n + N][rows]`, dw `[≥ k + K][outputs]`, rows a multiple of a register.
#[inline(always)]
unsafe fn lane_tile<T: Real, I: Isa, const K: usize, const N: usize>(
    x: &[T],
    dy: &[T],
    dw: &mut [T],
    k: usize,
    n: usize,
    outputs: usize,
    rows: usize,
) {
    let mut sums = [[I::Vector::<T>::splat(T::ZERO); N]; K];
    // SAFETY: by the contract of this function.
    unsafe {
        let (x, dy) = (x.as_ptr().add(k * rows), dy.as_ptr().add(n * rows));
        for row in (0..rows).step_by(I::Vector::<T>::WIDTH) {
            let mut d = [I::Vector::<T>::splat(T::ZERO); N];
            for j in 0..N {
                d[j] = I::Vector::<T>::load(dy.add(j * rows + row));
            }
            for i in 0..K {
                let x = I::Vector::<T>::load(x.add(i * rows + row));
                for j in 0..N {
                    sums[i][j] = x.mul_add(d[j], sums[i][j]);
                }
            }
        }
        for i in 0..K {
            for j in 0..N {
                *dw.get_unchecked_mut((k + i) * outputs + n + j) += sums[i][j].sum();
            }
        }
    }
}

/// dy `[outputs][rows]` to `[rows][wide]` with zeros at the end of each row.
#[inline(always)]
fn transpose<T: Real>(dy: &[T], out: &mut [T], outputs: usize, rows: usize, wide: usize) {
    // Eight rows by eight outputs at a time: each side touches eight cache lines.
    for row in (0..rows).step_by(8) {
        for n in (0..wide).step_by(8) {
            let mut block = [[T::ZERO; 8]; 8];
            for i in 0..8.min(outputs.saturating_sub(n)) {
                let line: &[T; 8] =
                    dy[(n + i) * rows + row..][..8].try_into().expect("rows come in multiples of 16");
                for j in 0..8 {
                    block[j][i] = line[j];
                }
            }
            for j in 0..8 {
                out[(row + j) * wide + n..][..8].copy_from_slice(&block[j]);
            }
        }
    }
}

/// Wide layers: six inputs times two registers of outputs, row after row.
#[inline(always)]
fn by_rows<T: Real, I: Isa>(
    x: &[T],
    dy: &[T],
    dw: &mut [T],
    inputs: usize,
    outputs: usize,
    rows: usize,
    wide: usize,
) {
    let step = 2 * I::Vector::<T>::WIDTH;
    for n in (0..outputs).step_by(step) {
        let mut k = 0;
        while k < inputs {
            let left = inputs - k;
            let height = left.div_ceil(left.div_ceil(6));
            macro_rules! tiles {
                ($($k:literal)*) => {
                    match height {
                        // SAFETY: lengths were checked by the caller, `wide` is a multiple of `step`.
                        $($k => unsafe { row_tile::<T, I, $k>(x, dy, dw, k, n, outputs, rows, wide) },)*
                        _ => unreachable!("a tile has at most six inputs"),
                    }
                };
            }
            tiles!(1 2 3 4 5 6);
            k += height;
        }
    }
}

/// # Safety
/// x `[≥ k + K][rows]`, dy `[rows][wide]` with `wide ≥ n` + two registers, dw `[≥ k + K][outputs]`, `n < outputs`.
#[inline(always)]
unsafe fn row_tile<T: Real, I: Isa, const K: usize>(
    x: &[T],
    dy: &[T],
    dw: &mut [T],
    k: usize,
    n: usize,
    outputs: usize,
    rows: usize,
    wide: usize,
) {
    let width = I::Vector::<T>::WIDTH;
    let mut sums = [[I::Vector::<T>::splat(T::ZERO); 2]; K];
    // SAFETY: by the contract of this function.
    unsafe {
        let (x, mut dy) = (x.as_ptr().add(k * rows), dy.as_ptr().add(n));
        for row in 0..rows {
            let (low, high) = (I::Vector::<T>::load(dy), I::Vector::<T>::load(dy.add(width)));
            for i in 0..K {
                let x = I::Vector::<T>::splat(*x.add(i * rows + row));
                sums[i][0] = x.mul_add(low, sums[i][0]);
                sums[i][1] = x.mul_add(high, sums[i][1]);
            }
            dy = dy.wrapping_add(wide);
        }
    }
    for i in 0..K {
        super::super::vector::add_to::<T, I::Vector<T>>(
            sums[i],
            &mut dw[(k + i) * outputs..][..outputs][n..],
        );
    }
}
