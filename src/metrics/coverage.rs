//! coverage90: share of targets between the 5 % and the 95 % quantile of the mixture over draws.
//!
//! The quantiles are not needed: y lies between them where P(Y ≤ y) ≥ 0.05 and P(Y < y) ≤ 0.95. For a density both
//! are the averaged distribution function; for counts they differ by the probability of y itself.

use super::{RealSummary, mean};

/// Share of targets inside the central 90 % interval.
pub fn coverage90(summary: &RealSummary, _targets: &[f64]) -> f64 {
    mean(summary.cdf.iter().zip(&summary.cdf_below).map(|(cdf, below)| {
        match cdf.is_nan() || below.is_nan() {
            true => f64::NAN,
            false => f64::from(u8::from(*cdf >= 0.05 && *below <= 0.95)),
        }
    }))
}
