//! rmse = √(1/M Σ_n (y_n − ȳ_n)²) with ȳ_n the predictive mean; NaN if the predictive distribution has none.

use super::{RealSummary, mean};

/// Root mean squared error of the predictive mean.
pub fn rmse(summary: &RealSummary, targets: &[f64]) -> f64 {
    mean(summary.mean.iter().zip(targets).map(|(mean, y)| (mean - y).powi(2))).sqrt()
}
