//! Sums, largest elements and the functions over the last axis.

/// Σ over leading axes: element i of the result is the sum of all elements that agree with i modulo n.
pub fn sum_leading(x: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    for i in 0..x.len() {
        out[i % n] += x[i];
    }
    out
}

/// The largest element; NaN if one is NaN.
pub fn largest(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::NEG_INFINITY, |a, b| if a.is_nan() || a > b { a } else { b })
}

/// log Σ exp of each run of `last` elements, the largest taken out first.
pub fn log_sum_exp(x: &[f64], last: usize) -> Vec<f64> {
    x.chunks(last)
        .map(|run| {
            let m = largest(run);
            // All −∞ or one +∞: the largest is the answer, and subtracting it would give NaN.
            if m.is_infinite() { m } else { m + run.iter().map(|v| (v - m).exp()).sum::<f64>().ln() }
        })
        .collect()
}

/// e^x_i / Σ e^x of each run of `last` elements
pub fn softmax(x: &[f64], last: usize) -> Vec<f64> {
    x.chunks(last)
        .flat_map(|run| {
            let m = largest(run);
            let total: f64 = run.iter().map(|v| (v - m).exp()).sum();
            run.iter().map(move |v| (v - m).exp() / total)
        })
        .collect()
}

/// x_i − log Σ e^x of each run of `last` elements.
///
/// The largest element's own share is kept apart, log1p of the others: its logarithm then has full relative accuracy
/// (a surely right class has log probability −1e−20, not 0).
pub fn log_softmax(x: &[f64], last: usize) -> Vec<f64> {
    x.chunks(last)
        .flat_map(|run| {
            let m = largest(run);
            let first = run.iter().position(|v| *v == m).unwrap_or(0);
            let others: f64 = (0..run.len()).filter(|i| *i != first).map(|i| (run[i] - m).exp()).sum();
            run.iter().map(move |v| (v - m) - others.ln_1p())
        })
        .collect()
}
