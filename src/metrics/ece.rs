//! Calibration: ece = Σ_b n_b/M |accuracy of b − mean confidence of b|, over 15 bins of equal width.
//!
//! The confidence of a row is max p̄; bin b holds those in ((b−1)/15, b/15]. Naeini, Cooper, Hauskrecht (2015).

use super::ClassSummary;

/// Number of bins.
pub const BINS: usize = 15;

/// One bin of the reliability curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// lower end, not included
    pub low: f64,
    /// upper end, included
    pub high: f64,
    /// number of rows
    pub rows: usize,
    /// mean confidence of its rows; NaN without rows
    pub confidence: f64,
    /// share of its rows that are predicted rightly; NaN without rows
    pub accuracy: f64,
}

/// Expected calibration error.
pub fn ece(summary: &ClassSummary, targets: &[usize]) -> f64 {
    let filled = |bin: &Bin| bin.rows > 0;
    let gap = |bin: Bin| bin.rows as f64 * (bin.accuracy - bin.confidence).abs();
    reliability(summary, targets).into_iter().filter(filled).map(gap).sum::<f64>() / targets.len() as f64
}

/// The reliability curve: all bins from low to high confidence.
pub fn reliability(summary: &ClassSummary, targets: &[usize]) -> Vec<Bin> {
    let mut sums = [(0usize, 0.0f64, 0.0f64); BINS];
    for (row, y) in targets.iter().enumerate() {
        let confidence = summary.confidence(row);
        // `as` takes NaN and what lies below the first bin to 0.
        let bin = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        let (rows, confidences, right) = &mut sums[bin];
        *rows += 1;
        *confidences += confidence;
        *right += f64::from(u8::from(summary.predicted[row] == *y));
    }
    let bin = |(i, (rows, confidences, right)): (usize, &(usize, f64, f64))| Bin {
        low: i as f64 / BINS as f64,
        high: (i + 1) as f64 / BINS as f64,
        rows: *rows,
        confidence: confidences / *rows as f64,
        accuracy: right / *rows as f64,
    };
    sums.iter().enumerate().map(bin).collect()
}
