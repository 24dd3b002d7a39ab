//! Small dense linear algebra in f64: Cholesky factors and triangular products, row-major.

/// Lower Cholesky factor of a symmetric positive definite matrix [n, n]; `None` if it is not.
pub fn cholesky(a: &[f64], n: usize) -> Option<Vec<f64>> {
    match cholesky_above(a, n, 0.0) {
        (l, None) => Some(l),
        (_, Some(_)) => None,
    }
}

/// The same up to the first pivot that is not above `least`, and where that is.
pub fn cholesky_above(a: &[f64], n: usize, least: f64) -> (Vec<f64>, Option<usize>) {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = a[i * n + j] - dot;
            if i == j {
                if rest <= least || !rest.is_finite() {
                    return (l, Some(i));
                }
                l[i * n + i] = rest.sqrt();
            } else {
                l[i * n + j] = rest / l[j * n + j];
            }
        }
    }
    (l, None)
}

/// Solves L x = b for lower-triangular L, in place.
pub fn solve_lower(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| l[i * n + k] * b[k]).sum();
        b[i] = (b[i] - dot) / l[i * n + i];
    }
}

/// Solves Lᵀ x = b for lower-triangular L, in place.
pub fn solve_lower_transposed(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| l[k * n + i] * b[k]).sum();
        b[i] = (b[i] - dot) / l[i * n + i];
    }
}

/// L⁻¹ for lower-triangular L.
pub fn inverse_lower(l: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for i in 0..n {
        // Row i of L⁻¹ from the rows above it: (e_i − Σ_{k<i} L_ik row_k) / L_ii.
        let (above, row) = out.split_at_mut(i * n);
        let row = &mut row[..n];
        for k in 0..i {
            let factor = l[i * n + k];
            for (r, a) in row.iter_mut().zip(&above[k * n..=k * n + k]) {
                *r -= factor * a;
            }
        }
        row[i] = 1.0;
        row[..=i].iter_mut().for_each(|r| *r /= l[i * n + i]);
    }
    out
}

/// L x for lower-triangular L.
pub fn multiply_lower(l: &[f64], x: &[f64], out: &mut [f64]) {
    let n = x.len();
    for i in 0..n {
        out[i] = (0..=i).map(|k| l[i * n + k] * x[k]).sum();
    }
}

/// Lᵀ x for lower-triangular L.
pub fn multiply_lower_transposed(l: &[f64], x: &[f64], out: &mut [f64]) {
    let n = x.len();
    for i in 0..n {
        out[i] = (i..n).map(|k| l[k * n + i] * x[k]).sum();
    }
}

/// Lower Cholesky factor of the inverse of a positive definite matrix: with A = U Uᵀ backwards, (U⁻¹)ᵀ is lower.
///
/// `None` if A is not positive definite.
pub fn inverse_cholesky(a: &[f64], n: usize) -> Option<Vec<f64>> {
    // Reverse the order of rows and columns, factor, and reverse back: A = U Uᵀ with U upper triangular.
    let reversed: Vec<f64> = (0..n * n).map(|k| a[(n - 1 - k / n) * n + (n - 1 - k % n)]).collect();
    let l = cholesky(&reversed, n)?;
    let u: Vec<f64> = (0..n * n).map(|k| l[(n - 1 - k / n) * n + (n - 1 - k % n)]).collect();
    // A⁻¹ = U⁻ᵀ U⁻¹, and U⁻ᵀ is lower: its column j solves Uᵀ x = e_j.
    let mut out = vec![0.0; n * n];
    for j in 0..n {
        let mut x = vec![0.0; n];
        x[j] = 1.0;
        for i in j..n {
            let dot: f64 = (j..i).map(|k| u[k * n + i] * x[k]).sum();
            x[i] = (x[i] - dot) / u[i * n + i];
        }
        for i in 0..n {
            out[i * n + j] = x[i];
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_factor_multiplies_back_to_the_inverse() {
        let a = [4.0, 1.0, 0.5, 1.0, 3.0, 0.2, 0.5, 0.2, 2.0];
        let l = inverse_cholesky(&a, 3).expect("positive definite");
        for i in 0..3 {
            for j in 0..3 {
                // (A L Lᵀ)_ij
                let entry: f64 = (0..3)
                    .map(|k| a[i * 3 + k] * (0..3).map(|m| l[k * 3 + m] * l[j * 3 + m]).sum::<f64>())
                    .sum();
                assert!((entry - f64::from(i == j)).abs() < 1e-14);
            }
        }
        assert!(l[1] == 0.0 && l[2] == 0.0 && l[5] == 0.0);
    }

    #[test]
    fn the_inverse_of_a_triangle_solves() {
        let l = [2.0, 0.0, 0.0, 1.0, 3.0, 0.0, -0.5, 0.7, 0.9];
        let inverse = inverse_lower(&l, 3);
        for j in 0..3 {
            let mut x: Vec<f64> = (0..3).map(|i| f64::from(i == j)).collect();
            solve_lower(&l, &mut x);
            assert!((0..3).all(|i| (inverse[i * 3 + j] - x[i]).abs() < 1e-15), "{inverse:?}");
        }
    }

    #[test]
    fn triangular_solves_undo_products() {
        let l = [2.0, 0.0, 1.0, 3.0];
        let (mut y, mut z) = ([0.0; 2], [0.0; 2]);
        multiply_lower(&l, &[5.0, 7.0], &mut y);
        multiply_lower_transposed(&l, &[5.0, 7.0], &mut z);
        solve_lower(&l, &mut y);
        solve_lower_transposed(&l, &mut z);
        assert_eq!((y, z), ([5.0, 7.0], [5.0, 7.0]));
    }
}
