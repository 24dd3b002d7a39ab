//! Matrix products.

use crate::ty::Shape;

/// y_j = Σ_i x_i w_ij; transposed: y_i = Σ_j x_j w_ij
pub fn dot(x: &[f64], w: &[f64], shape: &Shape, transposed: bool) -> Vec<f64> {
    let (rows, columns) = (shape.0[0], shape.0[1]);
    let mut out = vec![0.0; if transposed { rows } else { columns }];
    for i in 0..rows {
        for j in 0..columns {
            if transposed {
                out[i] += x[j] * w[i * columns + j];
            } else {
                out[j] += x[i] * w[i * columns + j];
            }
        }
    }
    out
}

/// z_ij = x_i y_j
pub fn outer(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().flat_map(|a| y.iter().map(move |b| a * b)).collect()
}
