//! Small loops over lanes that are not worth a kernel of their own: spreading, summing features, one-hot codes.

use crate::kernels::elementwise;
use crate::kernels::real::Real;
use crate::kernels::scalar::{Binary, Unary};

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

/// `[R][n][C]` to `[C][R]`.
pub(super) fn sum_image_channel<T: Real>(x: &[T], out: &mut [T], rows: usize) {
    let channels = out.len() / rows;
    let per_row = x.len() / rows;
    out.fill(T::ZERO);
    for (r, image) in x.chunks_exact(per_row).enumerate() {
        for pixel in image.chunks_exact(channels) {
            for (c, v) in pixel.iter().enumerate() {
                out[c * rows + r] += *v;
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

/// `[A][n]` to `[n]`: the largest over the leading axis.
pub(super) fn max_tiles<T: Real>(x: &[T], out: &mut [T]) {
    let n = out.len();
    out.copy_from_slice(&x[..n]);
    for part in x[n..].chunks_exact(n) {
        elementwise::binary_in_place(Binary::Max, out, part, false);
    }
}

/// `[R][n]` to `[R]`.
pub(super) fn sum_image<T: Real>(x: &[T], out: &mut [T]) {
    let n = x.len() / out.len();
    for (part, o) in x.chunks_exact(n).zip(out) {
        *o = total(part);
    }
}

/// Σ of all, in sixteen interleaved sums added pairwise.
pub(super) fn total<T: Real>(x: &[T]) -> T {
    let mut lanes = [T::ZERO; 16];
    let chunks = x.chunks_exact(16);
    let rest = chunks.remainder();
    for part in chunks {
        for (l, v) in lanes.iter_mut().zip(part) {
            *l += *v;
        }
    }
    for (l, v) in lanes.iter_mut().zip(rest) {
        *l += *v;
    }
    let mut width = 8;
    while width > 0 {
        for i in 0..width {
            let other = lanes[i + width];
            lanes[i] += other;
        }
        width /= 2;
    }
    lanes[0]
}

/// Accumulates `[F][R]` over rows into `[F]`.
pub(super) fn sum_rows<T: Real>(x: &[T], out: &mut [T], rows: usize) {
    for (lane, o) in x.chunks_exact(rows).zip(out) {
        *o += total(lane);
    }
}

/// log Σ exp over features: `[F][n]` to `[n]`. An all −∞ column gives −∞, not NaN.
pub(super) fn log_sum_exp<T: Real>(x: &[T], out: &mut [T], scratch: &mut [T]) {
    let n = out.len();
    let (largest, rest) = scratch.split_at_mut(n);
    let part = &mut rest[..n];
    max_tiles(x, largest);
    for m in largest.iter_mut() {
        if !m.is_finite() {
            *m = T::ZERO;
        }
    }
    out.fill(T::ZERO);
    for lane in x.chunks_exact(n) {
        elementwise::binary(Binary::Sub, lane, largest, part);
        elementwise::unary_in_place(Unary::Exp, part);
        elementwise::accumulate(part, out);
    }
    elementwise::unary_in_place(Unary::Log, out);
    elementwise::accumulate(largest, out);
}

/// Softmax over features: `[F][n]` to `[F][n]`.
pub(super) fn softmax<T: Real>(x: &[T], out: &mut [T], n: usize, scratch: &mut [T]) {
    let (largest, rest) = scratch.split_at_mut(n);
    let sum = &mut rest[..n];
    max_tiles(x, largest);
    elementwise::binary_row(Binary::Sub, x, largest, out, false);
    elementwise::unary_in_place(Unary::Exp, out);
    sum_tiles(out, sum);
    elementwise::unary_in_place(Unary::Reciprocal, sum);
    for lane in out.chunks_exact_mut(n) {
        elementwise::binary_in_place(Binary::Mul, lane, sum, false);
    }
}

/// Log-softmax over features.
pub(super) fn log_softmax<T: Real>(x: &[T], out: &mut [T], n: usize, scratch: &mut [T]) {
    let (lse, rest) = scratch.split_at_mut(n);
    log_sum_exp(x, lse, rest);
    elementwise::binary_row(Binary::Sub, x, lse, out, false);
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

/// table [K, F], index `[R]` → `[F][R]`; an index outside the table takes its last entry.
pub(super) fn gather<T: Real>(table: &[T], index: &[T], out: &mut [T]) {
    let rows = index.len();
    let features = out.len() / rows;
    let last = table.len() / features - 1;
    for (r, i) in index.iter().enumerate() {
        let entry = &table[i.to_index().min(last) * features..][..features];
        for (f, v) in entry.iter().enumerate() {
            out[f * rows + r] = *v;
        }
    }
}

/// Accumulates y `[F][R]` into [K, F] at the rows' indices.
pub(super) fn scatter<T: Real>(y: &[T], index: &[T], out: &mut [T]) {
    let rows = index.len();
    let features = y.len() / rows;
    let last = out.len() / features - 1;
    for (r, i) in index.iter().enumerate() {
        let entry = &mut out[i.to_index().min(last) * features..][..features];
        for (f, v) in entry.iter_mut().enumerate() {
            *v += y[f * rows + r];
        }
    }
}

/// x `[K][R]`, index `[R]` → `[R]`.
pub(super) fn pick<T: Real>(x: &[T], index: &[T], out: &mut [T]) {
    let rows = out.len();
    let last = x.len() / rows - 1;
    for (r, o) in out.iter_mut().enumerate() {
        *o = x[index[r].to_index().min(last) * rows + r];
    }
}

/// index `[R]` → `[K][R]`.
pub(super) fn one_hot<T: Real>(index: &[T], out: &mut [T]) {
    let rows = index.len();
    for (k, lane) in out.chunks_exact_mut(rows).enumerate() {
        elementwise::binary_scalar_right(Binary::Eq, index, T::from_f64(k as f64), lane);
    }
}

/// Transposes `[a][b]` to `[b][a]`.
pub(super) fn transpose<T: Real>(x: &[T], out: &mut [T], a: usize, b: usize) {
    for (i, row) in x.chunks_exact(b).enumerate() {
        for (j, v) in row.iter().enumerate() {
            out[j * a + i] = *v;
        }
    }
}
