//! How settled a series is: split-R̂, effective sample size, Monte Carlo error of its mean (Gelman and others, Bayesian
//! Data Analysis, 3rd edition, section 11.4; Geyer 1992 for where the sum of autocorrelations ends).

pub use crate::metrics::convergence::moments;

/// Split-R̂ of one chain: its two halves against each other. A chain that does not move has 1.
///
/// √((n−1)/n + B/(nW)), with W the mean variance of the halves and B/n the variance of their means.
pub fn split_rhat(x: &[f64]) -> f64 {
    let half = x.len() / 2;
    if half < 2 {
        return f64::INFINITY;
    }
    let ((m1, v1), (m2, v2)) = (moments(&x[..half]), moments(&x[x.len() - half..]));
    let within = 0.5 * (v1 + v2);
    let between = 0.5 * (m1 - m2).powi(2);
    let n = half as f64;
    if within == 0.0 {
        return if between == 0.0 { 1.0 } else { f64::INFINITY };
    }
    ((n - 1.0) / n + between / within).sqrt()
}

/// Effective sample size and standard error of the mean of a chain.
///
/// Autocorrelations are summed in pairs until a pair is negative, and pairs never rise.
pub fn mean_error(x: &[f64]) -> (f64, f64) {
    let n = x.len();
    let (mean, variance) = moments(x);
    if variance == 0.0 || n < 4 {
        return (n as f64, 0.0);
    }
    let rho = |lag: usize| {
        let products = x[lag..].iter().zip(x).map(|(a, b)| (a - mean) * (b - mean));
        products.sum::<f64>() / ((n - 1) as f64 * variance)
    };
    let (mut tau, mut last) = (0.0, f64::INFINITY);
    for lag in (0..n - 1).step_by(2) {
        let pair = (rho(lag) + rho(lag + 1)).min(last);
        if pair <= 0.0 {
            break;
        }
        tau += 2.0 * pair;
        last = pair;
    }
    let ess = (n as f64 / (tau - 1.0).max(1.0 / n as f64)).min(n as f64);
    (ess, (variance / ess).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::noise;

    fn normals(n: usize) -> Vec<f64> {
        let mut x = vec![0.0; n];
        noise::normals(&mut x, noise::key(1, 2, 3, 4), 0);
        x
    }

    #[test]
    fn halves_that_agree_have_one_and_a_drift_has_more() {
        let x = normals(400);
        assert!(split_rhat(&x) < 1.02);
        // Halves two sds apart: B/n = 2, W = 1.
        let apart: Vec<f64> =
            x.iter().enumerate().map(|(i, v)| v + if i < 200 { 0.0 } else { 2.0 }).collect();
        assert!((split_rhat(&apart) - 3f64.sqrt()).abs() < 0.1);
        assert_eq!(split_rhat(&[1.0; 8]), 1.0);
        assert_eq!(split_rhat(&[1.0, 1.0, 2.0, 2.0]), f64::INFINITY);
    }

    #[test]
    fn the_error_of_an_autoregression_is_its_closed_form() {
        // x_t = φ x_{t−1} + e_t: the mean of n has variance σ²/(n(1−φ)²), and ESS is n (1−φ)/(1+φ).
        let (n, phi) = (200_000, 0.8);
        let mut x = normals(n);
        for t in 1..n {
            x[t] += phi * x[t - 1];
        }
        let (ess, error) = mean_error(&x);
        assert!((ess / (n as f64 / 9.0) - 1.0).abs() < 0.1, "{ess}");
        assert!((error / (5.0 / (n as f64).sqrt()) - 1.0).abs() < 0.05, "{error}");
        let independent = mean_error(&normals(4_000)).0;
        assert!((independent / 4_000.0 - 1.0).abs() < 0.2, "{independent}");
    }
}
