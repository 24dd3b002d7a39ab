//! expected_error = 1/M Σ_n share of draws s with argmax p_s(·|x_n) ≠ argmax p̄(·|x_n), equation 23.

use super::{ClassSummary, mean};

/// Mean share of posterior draws whose class differs from the predicted one; the truth plays no part.
pub fn expected_error(summary: &ClassSummary, _targets: &[usize]) -> f64 {
    mean(summary.disagreement.iter().copied())
}
