//! Class probabilities of many posterior draws, to their mean, spread and uncertainty per row.

use super::log_mean::LogMeanExp;
use crate::kernels::elementwise;
use crate::kernels::scalar::Unary;

/// Accumulates draws; memory is a few numbers per row and class, whatever the number of draws.
#[derive(Debug, Clone)]
pub struct ClassPredictive {
    rows: usize,
    classes: usize,
    draws: usize,
    /// Welford's running mean and sum of squared deviations of p_s, row-major.
    mean: Vec<f64>,
    squares: Vec<f64>,
    log_mean: LogMeanExp,
    /// Σ_s H[p_s] per row.
    entropies: Vec<f64>,
    /// How many draws voted for each class, row-major.
    votes: Vec<u32>,
    /// p_s of a few rows.
    probabilities: Vec<f64>,
}

/// Rows whose exponentials are taken together.
const ROWS_AT_A_TIME: usize = 128;

/// What many draws say about each row. Matrices are row-major, `rows` × `classes`.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassSummary {
    /// number of rows
    pub rows: usize,
    /// number of classes
    pub classes: usize,
    /// number of draws
    pub draws: usize,
    /// p̄: mean probability of each class
    pub mean: Vec<f64>,
    /// standard deviation of p_s over draws (divided by S): equation 23
    pub sd: Vec<f64>,
    /// log p̄, exact where p̄ itself is too small for a float
    pub log_mean: Vec<f64>,
    /// argmax p̄; of equal ones the lowest class
    pub predicted: Vec<usize>,
    /// H[p̄], in nats
    pub entropy: Vec<f64>,
    /// mean over draws of H(p_s): equation 22
    pub aleatoric: Vec<f64>,
    /// the rest, never below 0
    pub epistemic: Vec<f64>,
    /// share of draws whose class is not `predicted`
    pub disagreement: Vec<f64>,
}

impl ClassPredictive {
    /// Starts without a draw.
    pub fn new(rows: usize, classes: usize) -> ClassPredictive {
        let size = rows * classes;
        ClassPredictive {
            rows,
            classes,
            draws: 0,
            mean: vec![0.0; size],
            squares: vec![0.0; size],
            log_mean: LogMeanExp::new(size),
            entropies: vec![0.0; rows],
            votes: vec![0; size],
            probabilities: vec![],
        }
    }

    /// Adds the log probabilities of one draw, `[row][class]`.
    pub fn add_draw(&mut self, log_probabilities: &[f64]) {
        assert_eq!(log_probabilities.len(), self.mean.len(), "one log probability per row and class");
        self.draws += 1;
        self.log_mean.add(log_probabilities);
        let count = self.draws as f64;
        let classes = self.classes;
        if classes == 0 {
            return;
        }
        let mut probabilities = std::mem::take(&mut self.probabilities);
        for first in (0..self.rows).step_by(ROWS_AT_A_TIME) {
            let rows = first..self.rows.min(first + ROWS_AT_A_TIME);
            let part = rows.start * classes..rows.end * classes;
            let log_p = &log_probabilities[part.clone()];
            probabilities.resize(log_p.len(), 0.0);
            elementwise::unary(Unary::Exp, log_p, &mut probabilities);
            let moments = self.mean[part.clone()].iter_mut().zip(&mut self.squares[part]);
            for ((mean, squares), p) in moments.zip(&probabilities) {
                let before = p - *mean;
                *mean += before / count;
                *squares += before * (p - *mean);
            }
            let of_rows = log_p.chunks_exact(classes).zip(probabilities.chunks_exact(classes));
            for (row, (log_p, p)) in rows.zip(of_rows) {
                let terms =
                    log_p.iter().zip(p).map(|(l, p)| if *l == f64::NEG_INFINITY { 0.0 } else { p * l });
                self.entropies[row] -= terms.sum::<f64>();
                self.votes[row * self.classes + largest(log_p)] += 1;
            }
        }
        self.probabilities = probabilities;
    }

    /// The summary of all draws; every number is NaN if there was none.
    pub fn finish(self) -> ClassSummary {
        let draws = self.draws as f64;
        let by_row = || self.mean.chunks_exact(self.classes.max(1));
        let predicted: Vec<usize> = by_row().map(largest).collect();
        let entropy: Vec<f64> = by_row().map(entropy_of).collect();
        let aleatoric: Vec<f64> = self.entropies.iter().map(|sum| sum / draws).collect();
        // Rounding may leave a little below 0; `max` would also turn NaN into 0.
        let rest = |(all, noise): (&f64, &f64)| if all < noise { 0.0 } else { all - noise };
        let epistemic = entropy.iter().zip(&aleatoric).map(rest).collect();
        let agreeing =
            predicted.iter().enumerate().map(|(row, class)| self.votes[row * self.classes + class]);
        let disagreement = agreeing.map(|votes| 1.0 - f64::from(votes) / draws).collect();
        let sd = self.squares.iter().map(|squares| (squares / draws).sqrt()).collect();
        let log_mean = self.log_mean.finish();
        ClassSummary {
            rows: self.rows,
            classes: self.classes,
            draws: self.draws,
            mean: self.mean,
            sd,
            log_mean,
            predicted,
            entropy,
            aleatoric,
            epistemic,
            disagreement,
        }
    }
}

impl ClassSummary {
    /// Mean probabilities of one row.
    pub fn probabilities(&self, row: usize) -> &[f64] {
        &self.mean[row * self.classes..(row + 1) * self.classes]
    }
    /// The probability of the predicted class of one row.
    pub fn confidence(&self, row: usize) -> f64 {
        self.probabilities(row)[self.predicted[row]]
    }
}

/// The position of the largest number; of equal ones the lowest.
fn largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best
}

/// −Σ p log p, with 0 log 0 = 0.
fn entropy_of(p: &[f64]) -> f64 {
    -p.iter().map(|p| if *p == 0.0 { 0.0 } else { p * p.ln() }).sum::<f64>()
}
