//! mae = 1/M Σ_n |y_n − ȳ_n| with ȳ_n the predictive mean, the same prediction that rmse judges.

use super::{RealSummary, mean};

/// Mean absolute error of the predictive mean.
pub fn mae(summary: &RealSummary, targets: &[f64]) -> f64 {
    mean(summary.mean.iter().zip(targets).map(|(mean, y)| (mean - y).abs()))
}
