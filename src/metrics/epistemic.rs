//! epistemic = 1/M Σ_n (H[p̄] − mean_s H[p_s]), equation 22: the mutual information of class and weights.

use super::{ClassSummary, mean};

/// Mean mutual information between the class and the weights.
pub fn epistemic(summary: &ClassSummary, _targets: &[usize]) -> f64 {
    mean(summary.epistemic.iter().copied())
}
