//! Predictive distributions of a number under many posterior draws, to their mixture per row.

use super::log_mean::LogMeanExp;

/// What one posterior draw predicts: one number per row in each list.
#[derive(Debug, Clone, Copy)]
pub struct RealDraw<'a> {
    /// mean of the predictive distribution
    pub mean: &'a [f64],
    /// its standard deviation
    pub sd: &'a [f64],
    /// its log density (for counts: log probability) at the target
    pub log_density: &'a [f64],
    /// its distribution function at the target: P(Y ≤ y)
    pub cdf: &'a [f64],
    /// for counts P(Y < y); none for densities, where it is the same
    pub cdf_below: Option<&'a [f64]>,
    /// one random draw from it
    pub sample: &'a [f64],
}

/// Accumulates draws; keeps one sample per row and draw.
#[derive(Debug, Clone)]
pub struct RealPredictive {
    rows: usize,
    draws: usize,
    /// Welford's running mean and sum of squared deviations of the predictive means.
    mean: Vec<f64>,
    squares: Vec<f64>,
    /// Σ_s sd_s²
    variances: Vec<f64>,
    log_density: LogMeanExp,
    cdf: Vec<f64>,
    cdf_below: Vec<f64>,
    /// Draw after draw.
    samples: Vec<f64>,
}

/// The mixture over draws, per row.
#[derive(Debug, Clone, PartialEq)]
pub struct RealSummary {
    /// number of rows
    pub rows: usize,
    /// number of draws
    pub draws: usize,
    /// mean of the mixture
    pub mean: Vec<f64>,
    /// sd of the mixture: √(E σ_s² + Var μ_s), equation 22
    pub sd: Vec<f64>,
    /// √(E σ_s²): the noise
    pub aleatoric_sd: Vec<f64>,
    /// √(Var μ_s): what is not known of the mean
    pub epistemic_sd: Vec<f64>,
    /// 5 % quantile of the samples
    pub q05: Vec<f64>,
    /// median of the samples
    pub q50: Vec<f64>,
    /// 95 % quantile of the samples
    pub q95: Vec<f64>,
    /// log density of the mixture at the target
    pub log_density: Vec<f64>,
    /// P(Y ≤ y) under the mixture, the probability integral transform
    pub cdf: Vec<f64>,
    /// P(Y < y) under the mixture
    pub cdf_below: Vec<f64>,
    /// samples of each row in ascending order, `rows` × `draws`
    pub samples: Vec<f64>,
}

impl RealPredictive {
    /// Starts without a draw.
    pub fn new(rows: usize) -> RealPredictive {
        RealPredictive {
            rows,
            draws: 0,
            mean: vec![0.0; rows],
            squares: vec![0.0; rows],
            variances: vec![0.0; rows],
            log_density: LogMeanExp::new(rows),
            cdf: vec![0.0; rows],
            cdf_below: vec![0.0; rows],
            samples: vec![],
        }
    }

    /// Adds what one posterior draw predicts.
    pub fn add_draw(&mut self, draw: RealDraw) {
        let below = draw.cdf_below.unwrap_or(draw.cdf);
        let lists = [draw.mean, draw.sd, draw.log_density, draw.cdf, below, draw.sample];
        assert!(lists.iter().all(|list| list.len() == self.rows), "one number per row in each list");
        self.draws += 1;
        let count = self.draws as f64;
        for row in 0..self.rows {
            let before = draw.mean[row] - self.mean[row];
            self.mean[row] += before / count;
            self.squares[row] += before * (draw.mean[row] - self.mean[row]);
            self.variances[row] += draw.sd[row] * draw.sd[row];
            self.cdf[row] += draw.cdf[row];
            self.cdf_below[row] += below[row];
        }
        self.log_density.add(draw.log_density);
        self.samples.extend_from_slice(draw.sample);
    }

    /// The summary of all draws; every number is NaN if there was none.
    pub fn finish(self) -> RealSummary {
        let draws = self.draws as f64;
        let divided = |sums: Vec<f64>| -> Vec<f64> { sums.into_iter().map(|sum| sum / draws).collect() };
        let noise = divided(self.variances);
        let spread = divided(self.squares);
        let mut samples = Vec::with_capacity(self.samples.len());
        for row in 0..self.rows {
            let start = samples.len();
            samples.extend(self.samples.iter().skip(row).step_by(self.rows));
            samples[start..].sort_unstable_by(f64::total_cmp);
        }
        let quantiles = |share: f64| -> Vec<f64> {
            let of_row = |row: usize| quantile(&samples[row * self.draws..(row + 1) * self.draws], share);
            (0..self.rows).map(of_row).collect()
        };
        RealSummary {
            rows: self.rows,
            draws: self.draws,
            // A sum over no draws is 0, which would pass for a prediction.
            mean: if self.draws == 0 { vec![f64::NAN; self.rows] } else { self.mean },
            sd: noise.iter().zip(&spread).map(|(noise, spread)| (noise + spread).sqrt()).collect(),
            aleatoric_sd: noise.iter().map(|x| x.sqrt()).collect(),
            epistemic_sd: spread.iter().map(|x| x.sqrt()).collect(),
            q05: quantiles(0.05),
            q50: quantiles(0.5),
            q95: quantiles(0.95),
            log_density: self.log_density.finish(),
            cdf: divided(self.cdf),
            cdf_below: divided(self.cdf_below),
            samples,
        }
    }
}

/// A quantile of ascending numbers, interpolated linearly between neighbours (NumPy's default, type 7 of
/// Hyndman and Fan); NaN of nothing.
pub fn quantile(ascending: &[f64], share: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(last);
    // At a whole place the right neighbour must not matter: it may be infinite.
    if part == 0.0 { ascending[low] } else { ascending[low] + part * (ascending[high] - ascending[low]) }
}
