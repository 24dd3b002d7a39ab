//! brier = 1/M Σ_n Σ_c (p̄(c|x_n) − [c = y_n])², from 0 (right and sure) to 2 (wrong and sure): Brier (1950).
//!
//! All classes are summed, also for two classes, where some texts count one of them and get half of it.

use super::{ClassSummary, mean};

/// Mean squared distance of the mean probabilities from the truth.
pub fn brier(summary: &ClassSummary, targets: &[usize]) -> f64 {
    mean(targets.iter().enumerate().map(|(row, y)| {
        let distance = |(class, p): (usize, &f64)| (p - f64::from(u8::from(class == *y))).powi(2);
        summary.probabilities(row).iter().enumerate().map(distance).sum::<f64>()
    }))
}
