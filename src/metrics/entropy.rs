//! entropy = 1/M Σ_n H[p̄(·|x_n)], in nats: from 0 (sure) to log K (no idea).

use super::{ClassSummary, mean};

/// Mean entropy of the mean probabilities.
pub fn entropy(summary: &ClassSummary, _targets: &[usize]) -> f64 {
    mean(summary.entropy.iter().copied())
}
