//! Small loops over lanes that are not worth a kernel of their own: spreading, sums of tiles, products of small global matrices.

use crate::kernels::elementwise;
use crate::kernels::real::Real;
use crate::kernels::scalar::Binary;

/// `[F]` to `[F][R]`.
pub(super) fn repeat_lanes<T: Real>(x: &[T], out: &mut [T], rows: usize) {
    for (x, lane) in x.iter().zip(out.chunks_exact_mut(rows)) {
        lane.fill(*x);
    }
}

/// Copies x again and again until out is full.
pub(super) fn tile<T: Real>(x: &[T], out: &mut [T]) {
    if let [value] = x {
        out.fill(*value);
        return;
    }
    for part in out.chunks_exact_mut(x.len()) {
        part.copy_from_slice(x);
    }
}

/// Lane i of the result is lane `places[i]` of x; a lane has as many numbers as there are rows, or one.
pub(super) fn take<T: Real>(x: &[T], places: &[u32], out: &mut [T]) {
    let rows = out.len() / places.len().max(1);
    for (lane, p) in out.chunks_exact_mut(rows.max(1)).zip(places) {
        lane.copy_from_slice(&x[*p as usize * rows..][..rows]);
    }
}

/// Lane i of x is added to lane `places[i]` of zeros.
pub(super) fn put<T: Real>(x: &[T], places: &[u32], out: &mut [T]) {
    out.fill(T::ZERO);
    let rows = x.len() / places.len().max(1);
    for (lane, p) in x.chunks_exact(rows.max(1)).zip(places) {
        elementwise::accumulate(lane, &mut out[*p as usize * rows..][..rows]);
    }
}

/// `[R]` to `[R][n]`.
pub(super) fn spread_image_row<T: Real>(x: &[T], out: &mut [T]) {
    let n = out.len() / x.len();
    for (x, part) in x.iter().zip(out.chunks_exact_mut(n)) {
        part.fill(*x);
    }
}

/// `[C][R]` to `[R][n][C]`.
pub(super) fn spread_image_channel<T: Real>(x: &[T], out: &mut [T], rows: usize) {
    let channels = x.len() / rows;
    let per_row = out.len() / rows;
    for (r, image) in out.chunks_exact_mut(per_row).enumerate() {
        for pixel in image.chunks_exact_mut(channels) {
            for (c, v) in pixel.iter_mut().enumerate() {
                *v = x[c * rows + r];
            }
        }
    }
}

/// `[A][n]` to `[n]`: Σ over the leading axis.
pub(super) fn sum_tiles<T: Real>(x: &[T], out: &mut [T]) {
    out.fill(T::ZERO);
    for part in x.chunks_exact(out.len()) {
        elementwise::accumulate(part, out);
    }
}

/// Global x [K] times w [K, N], or by its transpose: x [N] → [K].
pub(super) fn dot_global<T: Real>(x: &[T], w: &[T], out: &mut [T], transposed: bool) {
    if transposed {
        for (row, o) in w.chunks_exact(x.len()).zip(out) {
            let mut sum = [T::ZERO; 4];
            for (i, (a, b)) in row.iter().zip(x).enumerate() {
                sum[i % 4] += *a * *b;
            }
            *o = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        }
    } else {
        let n = out.len();
        out.fill(T::ZERO);
        for (a, row) in x.iter().zip(w.chunks_exact(n)) {
            elementwise::axpy(*a, row, out);
        }
    }
}

/// Global x [K], y [N] → [K, N].
pub(super) fn outer_global<T: Real>(x: &[T], y: &[T], out: &mut [T]) {
    for (a, row) in x.iter().zip(out.chunks_exact_mut(y.len())) {
        elementwise::binary_scalar_left(Binary::Mul, *a, y, row);
    }
}
