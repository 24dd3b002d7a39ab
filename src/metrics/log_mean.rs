//! log (1/S Σ_s exp l_s), one term at a time and without underflow.

use crate::kernels::elementwise;
use crate::kernels::scalar::Unary;

/// Terms whose exponentials are taken together.
const AT_A_TIME: usize = 512;

/// Running sums of exponentials, each kept relative to its largest term.
#[derive(Debug, Clone)]
pub struct LogMeanExp {
    largest: Vec<f64>,
    sum: Vec<f64>,
    count: usize,
}

impl LogMeanExp {
    /// So many sums at once.
    pub fn new(len: usize) -> LogMeanExp {
        LogMeanExp { largest: vec![f64::NEG_INFINITY; len], sum: vec![0.0; len], count: 0 }
    }

    /// Adds one term to each sum.
    pub fn add(&mut self, terms: &[f64]) {
        assert_eq!(terms.len(), self.sum.len(), "one term for each sum");
        self.count += 1;
        let (mut apart, mut shares) = ([0.0; AT_A_TIME], [0.0; AT_A_TIME]);
        let sums = self.largest.chunks_mut(AT_A_TIME).zip(self.sum.chunks_mut(AT_A_TIME));
        for ((largest, sums), terms) in sums.zip(terms.chunks(AT_A_TIME)) {
            let (apart, shares) = (&mut apart[..terms.len()], &mut shares[..terms.len()]);
            for ((apart, largest), term) in apart.iter_mut().zip(&*largest).zip(terms) {
                *apart = -(*term - *largest).abs();
            }
            elementwise::unary(Unary::Exp, apart, shares);
            for (((largest, sum), term), share) in largest.iter_mut().zip(sums).zip(terms).zip(&*shares) {
                if term.is_nan() {
                    *sum = f64::NAN;
                } else if *term > *largest {
                    // The first finite term finds sum 0 and exp(−∞) = 0: nothing times nothing.
                    *sum = *sum * *share + 1.0;
                    *largest = *term;
                } else if *term > f64::NEG_INFINITY {
                    *sum += *share;
                }
            }
        }
    }

    /// The logarithms of the means; −∞ where all terms were impossible.
    pub fn finish(&self) -> Vec<f64> {
        let count = (self.count as f64).ln();
        let means = self.largest.iter().zip(&self.sum);
        means
            .map(|(largest, sum)| if *sum == 0.0 { f64::NEG_INFINITY } else { largest + sum.ln() - count })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_and_impossible_terms_are_averaged_exactly() {
        let mut sums = LogMeanExp::new(4);
        sums.add(&[-2000.0, f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0]);
        sums.add(&[-2000.0, f64::NEG_INFINITY, -3.0, 0.0]);
        let means = sums.finish();
        assert!((means[0] + 2000.0).abs() < 1e-12);
        assert_eq!(means[1], f64::NEG_INFINITY);
        assert!((means[2] - (-3.0 - 2f64.ln())).abs() < 1e-12);
        assert!((means[3] - ((1f64.exp() + 1.0) / 2.0).ln()).abs() < 1e-12);
    }
}
