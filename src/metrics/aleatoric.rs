//! aleatoric = 1/M Σ_n mean_s H[p_s(·|x_n)], equation 22: what stays uncertain when the weights are known.

use super::{ClassSummary, mean};

/// Mean expected entropy.
pub fn aleatoric(summary: &ClassSummary, _targets: &[usize]) -> f64 {
    mean(summary.aleatoric.iter().copied())
}
