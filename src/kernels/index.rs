//! Reading and writing by indices that are stored as numbers: one per row.
//!
//! Indices must be below the size that they select from; callers check data when it is bound.

use super::real::Real;

/// out\[r\] = x\[index\[r\], r\] for lanes x `[K][row]`.
pub fn pick<T: Real>(x: &[T], index: &[T], out: &mut [T]) {
    let rows = out.len();
    assert_eq!(index.len(), rows);
    for (r, (out, index)) in out.iter_mut().zip(index).enumerate() {
        *out = x[index.to_index() * rows + r];
    }
}

/// out\[k,r\] = 1 where k = index\[r\], else 0.
pub fn one_hot<T: Real>(index: &[T], out: &mut [T]) {
    let rows = index.len();
    out.fill(T::ZERO);
    for (r, index) in index.iter().enumerate() {
        out[index.to_index() * rows + r] = T::ONE;
    }
}

/// out\[m,r\] = table\[index\[r\], m\] for a global table `[K][M]`.
pub fn gather<T: Real>(table: &[T], index: &[T], out: &mut [T]) {
    let rows = index.len();
    if rows == 0 {
        return;
    }
    assert!(out.len().is_multiple_of(rows));
    let width = out.len() / rows;
    if width == 1 {
        for (out, index) in out.iter_mut().zip(index) {
            *out = table[index.to_index()];
        }
        return;
    }
    for (r, index) in index.iter().enumerate() {
        let entry = &table[index.to_index() * width..][..width];
        for (m, &number) in entry.iter().enumerate() {
            out[m * rows + r] = number;
        }
    }
}

/// table\[index\[r\], m\] += y\[m,r\]: the adjoint of [`gather`].
pub fn scatter_add<T: Real>(y: &[T], index: &[T], table: &mut [T]) {
    let rows = index.len();
    if rows == 0 {
        return;
    }
    assert!(y.len().is_multiple_of(rows));
    let width = y.len() / rows;
    if width == 1 {
        for (y, index) in y.iter().zip(index) {
            table[index.to_index()] += *y;
        }
        return;
    }
    for (r, index) in index.iter().enumerate() {
        let entry = &mut table[index.to_index() * width..][..width];
        for (m, number) in entry.iter_mut().enumerate() {
            *number += y[m * rows + r];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_select_and_scatter() {
        // Three rows, K = 2, M = 2.
        let x = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        let index = [1.0, 0.0, 1.0];
        let mut out = [0.0; 3];
        pick(&x, &index, &mut out);
        assert_eq!(out, [4.0, 2.0, 6.0]);
        let mut hot = [9.0; 6];
        one_hot(&index, &mut hot);
        assert_eq!(hot, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        let mut lanes = [0.0; 6];
        gather(&[10.0, 20.0, 30.0, 40.0], &index, &mut lanes);
        assert_eq!(lanes, [30.0, 10.0, 30.0, 40.0, 20.0, 40.0]);
        let mut table = [1.0; 4];
        scatter_add(&x, &index, &mut table);
        assert_eq!(table, [1.0 + 2.0, 1.0 + 5.0, 1.0 + 1.0 + 3.0, 1.0 + 4.0 + 6.0]);
        // M = 1.
        gather(&[10.0, 20.0], &index, &mut out);
        assert_eq!(out, [20.0, 10.0, 20.0]);
        let mut table = [1.0; 2];
        scatter_add(&x[..3], &index, &mut table);
        assert_eq!(table, [1.0 + 2.0, 1.0 + 1.0 + 3.0]);
    }
}
