//! Mixtures of restarts: what they keep, what they are worth, and what is refused.

use super::set;
use bnnc::compile::{FitFailure, Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;

/// Two modes, at ±2: a square has lost the sign.
const WELLS: &str = "data \"d.csv\" { y : real }\ntheta ~ Normal(0, 2)\ny ~ Normal(theta^2, 1)\n";
const ROWS: [f64; 4] = [4.2, 3.9, 4.5, 3.7];
/// A Gaussian at each mode is this near to the evidence (nat); a mode left out costs log 2.
const NEAR: f64 = 0.02;

fn fitted(model: &str, rows: &str, options: Options) -> Result<Run, FitFailure> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.bnn");
    std::fs::write(folder.path().join("d.csv"), rows).expect("written");
    std::fs::write(&path, model).expect("written");
    let session = Session::open(&path, options).expect("it is well formed");
    fit(&session, &mut Silent)
}

fn wells(settings: &[(&str, &str)]) -> Result<Run, FitFailure> {
    let rows: String = ROWS.iter().map(|y| format!("{y}\n")).collect();
    fitted(WELLS, &format!("y\n{rows}"), set(settings))
}

/// log ∫ p(θ) Π p(y | θ) dθ on a fine grid.
fn evidence() -> f64 {
    let normal = |x: f64, m: f64, s: f64| -0.5 * ((x - m) / s).powi(2) - (s * 2.506_628_274_631_000_5).ln();
    let step = 1e-4;
    let density = |i: i32| {
        let theta = f64::from(i) * step;
        (normal(theta, 0.0, 2.0) + ROWS.iter().map(|y| normal(*y, theta * theta, 1.0)).sum::<f64>()).exp()
    };
    ((-60_000..=60_000).map(density).sum::<f64>() * step).ln()
}

fn shares(run: &Run) -> Vec<f64> {
    run.tensors.iter().find(|t| t.name == "mixture.share").map_or(vec![], |t| t.values.to_f64())
}

#[test]
fn a_mixture_covers_both_modes() {
    let evidence = evidence();
    let alone = wells(&[]).expect("it fits");
    let gap = evidence - alone.metrics.objective.value;
    assert!((gap - 2f64.ln()).abs() < NEAR && shares(&alone).is_empty(), "{gap}");
    let both = wells(&[("mix", "elbo"), ("restarts", "6")]).expect("it fits");
    let gap = evidence - both.metrics.objective.value;
    let error = 4.0 * both.metrics.objective.se;
    assert!(gap > -error && gap < NEAR + error, "{gap} with {:?}", shares(&both));
    assert!((shares(&both).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    // Both modes are drawn from, so the mean is 0 and the sd that of two points at ±2.
    let theta = &both.summary[0];
    assert!(theta.mean.abs() < 0.2 && (theta.sd - 2.02).abs() < 0.1, "{theta:?}");
    let mean = both.tensors.iter().find(|t| t.name == "theta.mean").expect("it is kept");
    assert_eq!(mean.shape, [shares(&both).len()]);
    assert!(mean.values.to_f64().iter().any(|m| *m > 1.8) && mean.values.to_f64().iter().any(|m| *m < -1.8));
}

#[test]
fn the_gain_of_a_mixture_is_told() {
    let run = wells(&[("mix", "elbo"), ("restarts", "6")]).expect("it fits");
    let [first, last] = &run.manifest.rungs[..] else { panic!("{:?}", run.manifest.rungs) };
    assert!(first.kept && last.kept && first.gain == 0.0);
    assert!((last.gain - 2f64.ln()).abs() < NEAR + 4.0 * last.gain_se, "{last:?}");
    assert_eq!(run.metrics.rungs, run.manifest.rungs);
    assert!(run.manifest.guide.starts_with("mixture of "), "{}", run.manifest.guide);
}

#[test]
fn equal_shares_keep_every_start_of_a_net() {
    let settings = [("mix", "true"), ("restarts", "3"), ("steps", "60"), ("predict_draws", "30")];
    let run = super::run("moons.bnn", set(&settings));
    let third = 1.0 / 3.0;
    assert_eq!(shares(&run), [third; 3]);
    let weights = run.tensors.iter().find(|t| t.name == "f.1.w.log_sd").expect("it is kept");
    assert_eq!(weights.shape, [3, 2, 5]);
}

#[test]
fn points_mixed_are_an_ensemble() {
    let settings = [("mix", "true"), ("restarts", "2"), ("predict_draws", "20")];
    let options = Options { method: Some("map".to_owned()), ..set(&settings) };
    let run = super::run("moons.bnn", options);
    assert_eq!(run.manifest.guide.split(';').next(), Some("ensemble of 2 points"));
    let held_out = run.metrics.held_out().expect("a split");
    assert!(held_out.targets[0].get("epistemic").expect("classes") > 0.0);
}

#[test]
fn what_cannot_be_mixed_is_refused() {
    let nuts = Options { method: Some("nuts".to_owned()), ..set(&[("mix", "true")]) };
    let failure = fitted(WELLS, "y\n1\n2\n", nuts).expect_err("chains are not starts");
    assert_eq!(failure.diagnostics.0[0].code.id(), "O001");
    let failure = wells(&[("mix", "elbo"), ("batch", "2")]).expect_err("shares take all rows");
    assert!(failure.diagnostics.0[0].message.contains("mix = elbo"), "{:?}", failure.diagnostics);
}
