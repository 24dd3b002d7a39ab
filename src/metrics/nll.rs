//! nll = −1/M Σ_n log (1/S Σ_s p_s(y_n)), equation 21: the draws are averaged inside the logarithm.

use super::{ClassSummary, RealSummary, mean};

/// Of the true class; +∞ where every draw rules it out.
pub fn of_classes(summary: &ClassSummary, targets: &[usize]) -> f64 {
    mean(targets.iter().enumerate().map(|(row, y)| -summary.log_mean[row * summary.classes + y]))
}

/// Of the true number, whose densities the draws were given with.
pub fn of_numbers(summary: &RealSummary, _targets: &[f64]) -> f64 {
    mean(summary.log_density.iter().map(|log_density| -log_density))
}
