//! crps = 1/M Σ_n (E|X − y_n| − ½ E|X − X′|), X and X′ independent draws from the predictive mixture.
//!
//! Estimated from the S samples of a row without bias: the second mean runs over pairs of different samples,
//! Σ_{i≠j} |x_i − x_j| / (S(S − 1)) (the fair estimator of Ferro 2014). A single row may so come out slightly
//! negative. With one sample there are no pairs, and it is the absolute error of that sample.

use super::{RealSummary, mean};

/// Mean continuous ranked probability score, in the units of the target.
pub fn crps(summary: &RealSummary, targets: &[f64]) -> f64 {
    mean(targets.iter().enumerate().map(|(row, y)| {
        let ascending = &summary.samples[row * summary.draws..(row + 1) * summary.draws];
        of_row(ascending, *y)
    }))
}

/// The score of one row from its samples in ascending order.
fn of_row(ascending: &[f64], y: f64) -> f64 {
    let count = ascending.len() as f64;
    let distance = mean(ascending.iter().map(|x| (x - y).abs()));
    if ascending.len() < 2 {
        return distance;
    }
    // In ascending order x_i is the larger one of i pairs and the smaller one of S − 1 − i (counting from 0), so
    // Σ_{i<j} (x_j − x_i) = Σ_i (2i − S + 1) x_i.
    let pairs: f64 = ascending.iter().enumerate().map(|(i, x)| (2.0 * i as f64 - count + 1.0) * x).sum();
    distance - pairs / (count * (count - 1.0))
}
