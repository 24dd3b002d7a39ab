//! Every example model is fitted: it says more of its rows than their own mean and spread, or class frequencies, do.

use super::run;
use bnnc::compile::Options;
use bnnc::run_folder::{Run, TargetValues};

/// Fitted elsewhere, by tests of their own; the last two on made files (`tests/cli/pictures.rs`).
const ELSEWHERE: &[&str] = &["mnist", "mnist_inputs", "moons", "circles", "cifar10", "cats_dogs"];
/// Fitted as points here: many draws of a convolutional net are slow without full optimisation.
const POINTS: &[&str] = &["residual"];
/// Optimiser steps for nets that would take minutes; they need not converge to beat the baseline.
const SHORT: &[(&str, u64)] = &[("residual", 400), ("last_layer", 200), ("embedding", 300)];

#[test]
fn example_models_are_fitted() {
    for (name, _) in crate::support::files_in("models", "bnn") {
        if ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        let method = POINTS.contains(&name.as_str()).then(|| "map".to_owned());
        let steps = SHORT.iter().find(|(n, _)| *n == name).map(|(_, steps)| *steps);
        let set = vec![("predict_draws".to_owned(), "20".to_owned())];
        let fitted = run(&format!("{name}.bnn"), Options { set, steps, method, ..Options::default() });
        let value = fitted.metrics.objective.value;
        assert!(value.is_finite(), "{name}: objective {value}");
        learned(&name, &fitted);
    }
}

/// Negative log likelihood of the held-out rows against that of their own mean and sd, or class frequencies.
fn learned(name: &str, run: &Run) {
    for split in &run.predictions {
        let Some(metrics) = run.metrics.splits.iter().find(|s| s.split == split.split) else { continue };
        for (target, values) in metrics.targets.iter().zip(&split.targets) {
            let nll = target.get("nll").expect("every target has it");
            let baseline = match &values.values {
                TargetValues::Reals(r) => {
                    let n = r.target.len() as f64;
                    let mean = r.target.iter().sum::<f64>() / n;
                    let variance = r.target.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
                    0.5 * (1.0 + (2.0 * std::f64::consts::PI * variance).ln())
                }
                TargetValues::Classes(c) => {
                    let total = c.target.iter().flatten().count() as f64;
                    let share = |k| c.target.iter().flatten().filter(|t| **t == k).count() as f64 / total;
                    (0..c.levels.len()).map(share).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum()
                }
            };
            assert!(nll < baseline, "{name}: nll {nll} of {}, {baseline} without a model", target.target);
        }
    }
}
