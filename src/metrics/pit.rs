//! The probability integral transform P(Y ≤ y): uniform on (0, 1) over rows of a calibrated forecast.
//!
//! For counts P(Y ≤ y) has jumps. Each row is then spread evenly from P(Y < y) to P(Y ≤ y), the histogram without random
//! numbers of Czado, Gneiting and Held (2009), Predictive model assessment for count data, Biometrics 65, section 2.1.

use super::RealSummary;

/// Rows in each of `bins` equal bins from 0 to 1; rows without a target are in none.
pub fn histogram(summary: &RealSummary, bins: usize) -> Vec<f64> {
    let mut counts = vec![0.0; bins];
    for (cdf, below) in summary.cdf.iter().zip(&summary.cdf_below) {
        if !(0.0..=1.0 + 1e-9).contains(cdf) || !(0.0..=1.0 + 1e-9).contains(below) {
            continue;
        }
        let (low, high) = (below.min(1.0), cdf.min(1.0));
        if high - low < 1e-12 {
            counts[((low * bins as f64) as usize).min(bins - 1)] += 1.0;
            continue;
        }
        for (i, count) in counts.iter_mut().enumerate() {
            let (left, right) = (i as f64 / bins as f64, (i + 1) as f64 / bins as f64);
            *count += (high.min(right) - low.max(left)).max(0.0) / (high - low);
        }
    }
    counts
}
