//! Leave-one-out by reweighting draws, against the fits that leave each row out, in closed form.

use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;

/// Rows around a mean with a known sd; the last one far out.
fn values() -> Vec<f64> {
    let mut y: Vec<f64> =
        (0..40).map(|i| 3.0 + (f64::from(i) * 1.7).sin() + 0.6 * (f64::from(i) * 0.9).cos()).collect();
    y.push(6.5);
    y
}

fn fitted(method: &str) -> Run {
    let place = tempfile::tempdir().unwrap();
    let table: String = values().iter().map(|y| format!("{y}\n")).collect();
    std::fs::write(place.path().join("rows.csv"), format!("y\n{table}")).unwrap();
    let text = "data \"rows.csv\" { y : real }\nm ~ Normal(0, 5)\ny ~ Normal(m, 1.2)\n";
    std::fs::write(place.path().join("mean.bnn"), text).unwrap();
    let options = Options { method: Some(method.to_owned()), ..Options::default() };
    let session = Session::open(&place.path().join("mean.bnn"), options).unwrap();
    fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{:?}", f.diagnostics))
}

/// log p(y_i | y_−i): the mean of the others has a normal posterior.
fn exact() -> Vec<f64> {
    let (y, variance, prior) = (values(), 1.2f64 * 1.2, 1.0 / 25.0);
    let total: f64 = y.iter().sum();
    let of = |y_i: &f64| {
        let precision = prior + (y.len() as f64 - 1.0) / variance;
        let mean = (total - y_i) / variance / precision;
        let spread = variance + 1.0 / precision;
        -0.5 * ((y_i - mean).powi(2) / spread + (std::f64::consts::TAU * spread).ln())
    };
    y.iter().map(of).collect()
}

#[test]
fn rows_left_out_by_reweighting_are_those_of_the_fits_without_them() {
    let wanted = exact();
    for method in ["advi", "laplace", "nuts"] {
        let run = fitted(method);
        assert_eq!(run.left_out.len(), wanted.len(), "{method}");
        for (i, (left, wanted)) in run.left_out.iter().zip(&wanted).enumerate() {
            assert_eq!(left.row, i as u64 + 1);
            // A thousand draws tell the row far out to some hundredths, the others to thousandths.
            let tolerance = if i == 40 { 0.08 } else { 0.015 };
            assert!((left.elpd - wanted).abs() < tolerance, "{method} row {i}: {} {wanted}", left.elpd);
            assert!(left.k_hat < 0.67, "{method} row {i}: {}", left.k_hat);
        }
        let of = |name: &str| run.metrics.extra.iter().find(|(n, _)| n == name).unwrap().1;
        let total: f64 = wanted.iter().sum();
        assert!((of("elpd_loo") - total).abs() < 0.15, "{method}: {} {total}", of("elpd_loo"));
        assert_eq!(of("loo_k_high"), 0.0, "{method}");
        // p_loo of one unknown mean, somewhat more than 1 because of the row far out.
        assert!((0.5..2.0).contains(&of("p_loo")), "{method}: {}", of("p_loo"));
        let n = wanted.len() as f64;
        let variance = wanted.iter().map(|w| (w - total / n).powi(2)).sum::<f64>() / (n - 1.0);
        assert!((of("elpd_loo_se") / (variance * n).sqrt() - 1.0).abs() < 0.03, "{method}");
    }
}
