//! Metrics against tables computed with NumPy 2.4.6 and SciPy 1.17.1 from their definitions (`np.log`, `np.std`,
//! `np.quantile`, `stats.norm`), for predictions drawn there once and rounded.

use super::*;

/// Both sides compute in f64 from the same decimals; only the order of sums differs.
const CLOSE: f64 = 1e-12;

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= CLOSE * expected.abs().max(1.0)
}
fn all_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(f, e)| near(*f, *e)), "{found:?} instead of {expected:?}");
}
fn value(metrics: &[(&'static str, f64)], name: &str) -> f64 {
    metrics.iter().find(|(n, _)| *n == name).unwrap().1
}

/// Four draws of the probabilities of three classes for six rows; in the last row two draws are tied.
const PROBABILITIES: [[[f64; 3]; 6]; 4] = [
    [
        [0.762, 0.233, 0.005],
        [0.003, 0.117, 0.88],
        [0.167, 0.514, 0.319],
        [0.613, 0.079, 0.308],
        [0.056, 0.91, 0.034],
        [0.4, 0.4, 0.2],
    ],
    [
        [0.004, 0.081, 0.915],
        [0.148, 0.276, 0.576],
        [0.864, 0.105, 0.031],
        [0.297, 0.59, 0.113],
        [0.029, 0.074, 0.897],
        [0.4, 0.4, 0.2],
    ],
    [
        [0.67, 0.33, 0.0],
        [0.134, 0.562, 0.304],
        [0.912, 0.023, 0.065],
        [0.207, 0.793, 0.0],
        [0.075, 0.803, 0.122],
        [0.3, 0.3, 0.4],
    ],
    [
        [0.802, 0.011, 0.187],
        [0.01, 0.728, 0.262],
        [0.16, 0.706, 0.134],
        [0.285, 0.148, 0.567],
        [0.552, 0.008, 0.44],
        [0.1, 0.1, 0.8],
    ],
];
const CLASSES: [usize; 6] = [0, 1, 2, 0, 1, 2];

fn class_summary() -> ClassSummary {
    let mut predictive = ClassPredictive::new(6, 3);
    for draw in PROBABILITIES {
        predictive.add_draw(&draw.as_flattened().iter().map(|p| p.ln()).collect::<Vec<f64>>());
    }
    predictive.finish()
}

#[test]
fn class_summaries_agree_with_numpy() {
    let summary = class_summary();
    all_near(summary.probabilities(1), &[0.07375, 0.42075, 0.5055]);
    all_near(&summary.sd[..3], &[0.32426956378914135, 0.12511469737804587, 0.3761172523296425]);
    assert_eq!(summary.predicted, [0, 2, 0, 1, 1, 2]);
    all_near(
        &summary.entropy,
        &[
            0.9767241493158283,
            0.9013776831282837,
            0.977137549403001,
            1.0791581557300698,
            1.0346419876502755,
            1.0888999753452238,
        ],
    );
    all_near(
        &summary.aleatoric,
        &[
            0.5135619266052075,
            0.7300053285090164,
            0.6582143012279764,
            0.8134173920298704,
            0.5275047821575796,
            0.9594430427419223,
        ],
    );
    all_near(&summary.disagreement, &[0.25, 0.5, 0.5, 0.5, 0.5, 0.5]);
    let exps: Vec<f64> = summary.log_mean.iter().map(|l| l.exp()).collect();
    all_near(&exps, &summary.mean);
}

#[test]
fn class_metrics_agree_with_numpy() {
    let metrics = of_classes(&class_summary(), &CLASSES);
    let expected = [
        ("accuracy", 0.5),
        ("nll", 1.0330590065491954),
        ("brier", 0.6146676666666666),
        ("ece", 0.3700833333333333),
        ("entropy", 1.0096565834287803),
        ("aleatoric", 0.700357795545262),
        ("epistemic", 0.3092987878835182),
        ("expected_error", 0.4583333333333333),
    ];
    assert_eq!(metrics.len(), expected.len());
    for ((name, found), (expected_name, expected)) in metrics.iter().zip(expected) {
        assert_eq!(*name, expected_name);
        assert!(near(*found, expected), "{name}: {found} instead of {expected}");
    }
}

#[test]
fn the_reliability_curve_holds_every_row_once() {
    let bins = reliability(&class_summary(), &CLASSES);
    let counts: Vec<usize> = bins.iter().map(|bin| bin.rows).collect();
    assert_eq!(counts, [0, 0, 0, 0, 0, 1, 2, 2, 1, 0, 0, 0, 0, 0, 0]);
    assert!(near(bins[6].confidence, (0.4025 + 0.44875) / 2.0) && near(bins[6].accuracy, 0.5));
    assert!(bins[0].accuracy.is_nan());
}

#[test]
fn equal_probabilities_predict_the_lowest_class() {
    let mut predictive = ClassPredictive::new(1, 3);
    predictive.add_draw(&[0.2f64.ln(), 0.4f64.ln(), 0.4f64.ln()]);
    let summary = predictive.finish();
    assert_eq!((summary.predicted[0], summary.disagreement[0], summary.epistemic[0]), (1, 0.0, 0.0));
}

#[test]
fn a_certain_mistake_costs_what_its_log_probability_says() {
    let mut predictive = ClassPredictive::new(2, 2);
    // exp(−1000) is no float, and yet the nll is known.
    predictive.add_draw(&[0.0, -1000.0, 0.0, f64::NEG_INFINITY]);
    let summary = predictive.finish();
    assert_eq!(value(&of_classes(&summary, &[1, 0]), "nll"), 500.0);
    assert_eq!(value(&of_classes(&summary, &[0, 1]), "nll"), f64::INFINITY);
    assert_eq!(value(&of_classes(&summary, &[0, 1]), "brier"), 1.0);
    assert_eq!(summary.entropy, [0.0, 0.0]);
}

/// Five draws of a normal predictive distribution for four rows: means, sds, samples, log densities, cdfs.
const MEANS: [[f64; 4]; 5] = [
    [-0.71, -0.63, -1.68, 1.95],
    [0.92, -0.97, 0.91, 1.34],
    [-2.39, -0.55, -0.39, 0.65],
    [-0.12, -0.23, -0.06, 1.85],
    [2.16, -0.52, -0.93, 2.69],
];
const SDS: [[f64; 4]; 5] = [
    [0.53, 1.11, 0.9, 0.96],
    [0.84, 0.63, 0.89, 1.41],
    [0.54, 1.18, 0.6, 0.53],
    [0.69, 0.41, 1.42, 0.74],
    [0.51, 0.3, 0.37, 0.56],
];
const SAMPLES: [[f64; 4]; 5] = [
    [-0.36, 0.25, -2.31, 1.77],
    [2.41, 0.11, 1.67, 1.81],
    [-1.78, -0.72, -0.45, 0.19],
    [-0.12, -0.26, 3.88, 1.71],
    [2.81, -0.12, -1.0, 3.34],
];
const LOG_DENSITIES: [[f64; 4]; 5] = [
    [-23.868253923994047, -1.2961660105855668, -7.907466906435734, -2.9411048199344174],
    [-20.424928116581437, -2.152040387793047, -1.206394112227095, -2.910735068237071],
    [-6.889858017923512, -1.2810918685509618, -6.5331129094386835, -19.08523505606952],
    [-19.338990163723103, -0.5520280998221385, -2.04645019553397, -4.4550321255924095],
    [-81.71445211142878, -2.515521284434292, -25.379762958180752, -2.6734631501966284],
];
const CDFS: [[f64; 4]; 5] = [
    [3.2571333178390273e-12, 0.7699671711590108, 0.9999172791731743, 0.9788851796822847],
    [1.761597431245536e-10, 0.9672089875019032, 0.8156407513086157, 0.9652843409310266],
    [0.00014191408474950275, 0.7347092666114063, 0.9997673709209645, 0.9999999995663004],
    [4.3819618729683754e-10, 0.8471745059014879, 0.8937056796651655, 0.9971995102267487],
    [1.29061891987264e-37, 0.991025454704217, 0.9999999999995165, 0.9846412916508143],
];
const NUMBERS: [f64; 4] = [-4.35, 0.19, 1.71, 3.9];

fn real_summary() -> RealSummary {
    let mut predictive = RealPredictive::new(4);
    for s in 0..5 {
        predictive.add_draw(RealDraw {
            mean: &MEANS[s],
            sd: &SDS[s],
            log_density: &LOG_DENSITIES[s],
            cdf: &CDFS[s],
            cdf_below: None,
            sample: &SAMPLES[s],
        });
    }
    predictive.finish()
}

#[test]
fn summaries_of_numbers_agree_with_numpy() {
    let summary = real_summary();
    all_near(&summary.mean, &[-0.028, -0.58, -0.43, 1.696]);
    all_near(&summary.sd, &[1.6584920862036092, 0.8439312768229413, 1.2539537471533788, 1.126846928380248]);
    all_near(&summary.q05, &[-1.496, -0.628, -2.048, 0.494]);
    all_near(&summary.q50, &[-0.12, -0.12, -0.45, 1.77]);
    all_near(&summary.q95, &[2.73, 0.222, 3.438, 3.034]);
    let squares = |row: usize| summary.aleatoric_sd[row].powi(2) + summary.epistemic_sd[row].powi(2);
    all_near(&[squares(0), squares(3)], &[summary.sd[0].powi(2), summary.sd[3].powi(2)]);
}

#[test]
fn metrics_of_numbers_agree_with_numpy() {
    let metrics = of_numbers(&real_summary(), &NUMBERS);
    let expected = [
        ("rmse", 2.679076333365662),
        ("mae", 2.359),
        ("nll", 3.8905240409264312),
        ("coverage90", 0.5),
        ("crps", 1.52225),
    ];
    assert_eq!(metrics.len(), expected.len());
    for ((name, found), (expected_name, expected)) in metrics.iter().zip(expected) {
        assert_eq!(*name, expected_name);
        assert!(near(*found, expected), "{name}: {found} instead of {expected}");
    }
}

#[test]
fn a_count_is_covered_if_the_interval_touches_it() {
    // P(Y = 0) = 0.97: the 90 % interval is the point 0, and 0 lies in it although P(Y ≤ 0) is above 0.95.
    let mut predictive = RealPredictive::new(2);
    let (mean, log_density) = ([0.03, 0.03], [0.97f64.ln(), 0.02f64.ln()]);
    predictive.add_draw(RealDraw {
        mean: &mean,
        sd: &[0.17, 0.17],
        log_density: &log_density,
        cdf: &[0.97, 0.99],
        cdf_below: Some(&[0.0, 0.97]),
        sample: &[0.0, 0.0],
    });
    assert_eq!(value(&of_numbers(&predictive.finish(), &[0.0, 1.0]), "coverage90"), 0.5);
}

#[test]
fn crps_of_normal_samples_is_that_of_the_normal() {
    // Closed form for N(0, 1) at y = 0: 2 φ(0) − 1/√π = 0.23369497725510916.
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(3);
    let (rows, draws) = (2000, 5);
    let mut predictive = RealPredictive::new(rows);
    let zeros = vec![0.0; rows];
    for _ in 0..draws {
        let sample: Vec<f64> = (0..rows).map(|_| StandardNormal.sample(&mut rng)).collect();
        predictive.add_draw(RealDraw {
            mean: &zeros,
            sd: &zeros,
            log_density: &zeros,
            cdf: &zeros,
            cdf_below: None,
            sample: &sample,
        });
    }
    let found = value(&of_numbers(&predictive.finish(), &zeros), "crps");
    // Unbiased even with 5 samples: the plain estimator would be 0.113 too high. One row has an sd of about 0.25, so
    // four standard errors of 2,000 rows are 0.022.
    assert!((found - 0.23369497725510916).abs() < 0.022, "{found}");
}

#[test]
fn without_draws_or_rows_nothing_is_claimed() {
    let summary = ClassPredictive::new(1, 2).finish();
    assert!(summary.disagreement[0].is_nan() && summary.epistemic[0].is_nan());
    let summary = RealPredictive::new(1).finish();
    assert!(summary.mean[0].is_nan() && summary.q50[0].is_nan() && summary.sd[0].is_nan());
    assert!(value(&of_numbers(&summary, &[0.0]), "coverage90").is_nan());
    for (name, found) in of_classes(&ClassPredictive::new(0, 2).finish(), &[]) {
        assert!(found.is_nan(), "{name}");
    }
    for (name, found) in of_numbers(&RealPredictive::new(0).finish(), &[]) {
        assert!(found.is_nan(), "{name}");
    }
}

#[test]
fn names_are_those_of_the_contract() {
    let names: Vec<&str> = ALL.iter().map(|metric| metric.name).collect();
    let classes = ["accuracy", "nll", "brier", "ece", "entropy", "aleatoric", "epistemic", "expected_error"];
    let numbers = ["rmse", "mae", "nll", "coverage90", "crps"];
    assert_eq!(names, [&classes[..], &numbers[..]].concat());
}

/// A fair die that falls evenly is calibrated: its jumps are spread, and every bin holds as much.
#[test]
fn counts_that_fall_as_predicted_have_an_even_pit() {
    let sixth = |k: usize| k as f64 / 6.0;
    let die = |faces: &[usize]| RealSummary {
        cdf: faces.iter().map(|k| sixth(*k)).collect(),
        cdf_below: faces.iter().map(|k| sixth(k - 1)).collect(),
        ..real_summary()
    };
    for bins in [4, 7, 20] {
        for count in pit::histogram(&die(&[1, 2, 3, 4, 5, 6]), bins) {
            assert!((count - 6.0 / bins as f64).abs() < 1e-12, "{count} in one of {bins}");
        }
    }
    // Only ones and twos: all in the lower third.
    let low = pit::histogram(&die(&[1, 2, 2, 1]), 6);
    assert!((low[0] - 2.0).abs() < 1e-12 && (low[1] - 2.0).abs() < 1e-12 && low[2..] == [0.0; 4], "{low:?}");
}

/// SciPy: the mean over draws of norm.cdf is 2.8e-5, 0.862, 0.942, 0.985 for the four rows.
#[test]
fn densities_lie_in_one_bin_each() {
    let summary = real_summary();
    assert_eq!(pit::histogram(&summary, 10), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
    let unknown = RealSummary { cdf: vec![f64::NAN, 0.5], cdf_below: vec![f64::NAN, 0.5], ..summary };
    assert_eq!(pit::histogram(&unknown, 2), [0.0, 1.0]);
}
