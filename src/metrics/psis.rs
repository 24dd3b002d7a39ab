//! Pareto-smoothed importance sampling (Vehtari, Simpson, Gelman, Yao, Gabry 2024): how far importance weights can be
//! trusted, and the weights made usable.
//!
//! The largest weights are as those of a generalised Pareto distribution; its shape k̂, by the estimate of Zhang and
//! Stephens (2009) with the weakly informative prior of the paper, says how heavy their tail is: below 0.7 means of
//! reweighted draws can be trusted.

/// Draws in the tail below which no shape is fitted.
const FEWEST: usize = 5;
/// The prior of the shape: that of 10 draws with shape ½.
const PRIOR_DRAWS: f64 = 10.0;
const PRIOR_SHAPE: f64 = 0.5;

/// Smooths log weights in place and normalises them to weights that sum to one; returns k̂.
///
/// k̂ is infinite where the tail is too short to be judged, and not a number where a log weight is.
pub fn smooth(log_weights: &mut [f64]) -> f64 {
    let n = log_weights.len();
    if n == 0 || log_weights.iter().any(|w| w.is_nan() || *w == f64::INFINITY) {
        return f64::NAN;
    }
    let most = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    log_weights.iter_mut().for_each(|w| *w -= most);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| log_weights[*a].total_cmp(&log_weights[*b]));
    let tail = (n as f64 / 5.0).min(3.0 * (n as f64).sqrt()).ceil() as usize;
    let cutoff = log_weights[order[n.saturating_sub(tail + 1)]].max(f64::MIN_POSITIVE.ln());
    let above: Vec<usize> = order.into_iter().filter(|i| log_weights[*i] > cutoff).collect();
    let mut shape = f64::INFINITY;
    if above.len() >= FEWEST {
        let excesses: Vec<f64> = above.iter().map(|i| log_weights[*i].exp() - cutoff.exp()).collect();
        let (k, scale) = generalised_pareto(&excesses);
        shape = k;
        if k.is_finite() {
            for (rank, i) in above.iter().enumerate() {
                let share = (rank as f64 + 0.5) / above.len() as f64;
                let excess =
                    scale * if k == 0.0 { -(-share).ln_1p() } else { (-k * (-share).ln_1p()).exp_m1() / k };
                log_weights[*i] = (excess + cutoff.exp()).ln().min(0.0);
            }
        }
    }
    let total = log_weights.iter().map(|w| w.exp()).sum::<f64>().ln();
    log_weights.iter_mut().for_each(|w| *w -= total);
    shape
}

/// Shape and scale of excesses in increasing order.
fn generalised_pareto(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let grid = 30 + n.sqrt() as usize;
    let quartile = x[((n / 4.0 + 0.5) as usize).saturating_sub(1)];
    let last = x[x.len() - 1];
    let shape_at = |b: f64| x.iter().map(|x| (-b * x).ln_1p()).sum::<f64>() / n;
    let points: Vec<(f64, f64)> = (1..=grid)
        .map(|j| {
            let b = (1.0 - (grid as f64 / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile) + 1.0 / last;
            let k = shape_at(b);
            (b, n * ((-b / k).ln() - k - 1.0))
        })
        .collect();
    let weight =
        |likelihood: f64| 1.0 / points.iter().map(|(_, other)| (other - likelihood).exp()).sum::<f64>();
    let weighted = points.iter().map(|(b, likelihood)| (*b, weight(*likelihood)));
    let kept: Vec<(f64, f64)> = weighted.filter(|(_, w)| *w >= 10.0 * f64::EPSILON).collect();
    let total: f64 = kept.iter().map(|(_, w)| w).sum();
    let b = kept.iter().map(|(b, w)| b * w).sum::<f64>() / total;
    let shape = shape_at(b);
    ((n * shape + PRIOR_DRAWS * PRIOR_SHAPE) / (n + PRIOR_DRAWS), -shape / b)
}
