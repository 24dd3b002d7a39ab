//! Elementwise instructions: element i of a scalar or a suffix is element i modulo its length.

use crate::kernels::scalar::Binary;

/// f(a_i, b_i)
pub fn binary(f: Binary, a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    (0..n).map(|i| f.apply(a[i % a.len()], b[i % b.len()])).collect()
}

/// a_i where condition_i is not 0, else b_i
pub fn select(condition: &[f64], a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| if condition[i % condition.len()] != 0.0 { a[i % a.len()] } else { b[i % b.len()] })
        .collect()
}

/// x repeated until there are n elements
pub fn spread(x: &[f64], n: usize) -> Vec<f64> {
    (0..n).map(|i| x[i % x.len()]).collect()
}
