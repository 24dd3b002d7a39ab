//! accuracy = 1/M Σ_n [argmax p̄(x_n) = y_n]; of equally likely classes the lowest is predicted.

use super::{ClassSummary, mean};

/// Share of rows whose predicted class is the true one.
pub fn accuracy(summary: &ClassSummary, targets: &[usize]) -> f64 {
    mean(summary.predicted.iter().zip(targets).map(|(predicted, y)| f64::from(u8::from(predicted == y))))
}
