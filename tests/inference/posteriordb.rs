//! `models/posteriordb/` against reference draws: errors of means in reference sds, sds relative to the reference.

use super::{run, set};
use serde_json::Value;
use std::path::Path;

/// Most that a mean-field mean may be off: 0.1 where the coefficients are nearly uncorrelated, 0.3 where they are not.
const POSTERIORS: &[(&str, f64)] =
    &[("blr", 0.1), ("earnings", 0.3), ("kidiq", 0.3), ("mesquite", 0.3), ("nes", 0.3)];
/// Full rank: most that a mean may be off.
const MEAN: f64 = 0.1;
/// Most that an sd may be off (full rank), or above the reference (mean-field).
const SD: f64 = 0.1;

/// Every unknown of the reference: its name, the error of its mean, the ratio of its sd.
fn errors(name: &str, settings: &[(&str, &str)]) -> Vec<(String, f64, f64)> {
    compared(name, settings).into_iter().map(|(variable, error, ratio, _)| (variable, error, ratio)).collect()
}

/// The same with the Monte Carlo error of its mean, in reference sds; 0 without chains.
fn compared(name: &str, settings: &[(&str, &str)]) -> Vec<(String, f64, f64, f64)> {
    let run = run(&format!("posteriordb/{name}.bnn"), set(settings));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/oracles/posteriordb/{name}.json"));
    let reference: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("in the repository")).expect("JSON");
    let number = |row: &Value, key: &str| row[key].as_f64().expect("a number");
    let reference = reference.as_object().expect("an object").iter();
    reference
        .map(|(variable, row)| {
            let found = run.summary.iter().find(|r| label(&r.variable) == *variable).expect("in the summary");
            let error = (found.mean - number(row, "mean")) / number(row, "sd");
            let mcse = found.convergence.map_or(0.0, |c| c.mcse / number(row, "sd"));
            (variable.clone(), error, found.sd / number(row, "sd"), mcse)
        })
        .collect()
}

/// Schools are called by letters here and by numbers in the reference.
fn label(variable: &str) -> String {
    match variable.strip_prefix("theta[").and_then(|rest| rest.bytes().next()) {
        Some(letter @ b'A'..=b'H') => format!("theta[{}]", letter - b'A' + 1),
        _ => variable.to_owned(),
    }
}

#[test]
fn the_defaults_have_the_means_and_sds_of_the_reference() {
    for (name, _) in POSTERIORS {
        for settings in [&[][..], &[("guide", "fullrank")]] {
            for (variable, error, ratio) in errors(name, settings) {
                assert!(error.abs() < MEAN, "{name} {variable}: {error}");
                assert!((ratio - 1.0).abs() < SD, "{name} {variable}: {ratio}");
            }
        }
    }
}

#[test]
fn mean_field_means_agree_and_no_sd_is_above_the_reference() {
    for (name, most) in POSTERIORS {
        for (variable, error, ratio) in errors(name, &[("guide", "meanfield")]) {
            assert!(error.abs() < *most, "{name} {variable}: {error}");
            assert!(ratio < 1.0 + SD, "{name} {variable}: {ratio}");
        }
    }
}

/// The method, its draws, and how much of an sd may be off: of 4 × 1,000 draws a heavy-tailed sd is good to 2.3 % only.
const SAMPLERS: [(&str, &str, f64); 2] = [("nuts", "4000", 0.05), ("smc", "1000", 0.1)];

/// Means within 4 combined Monte Carlo errors (that of the reference is 0.01 sd), by chains and by particles.
fn is_drawn(name: &str) {
    for (method, samples, sd) in SAMPLERS {
        for (variable, error, ratio, mcse) in compared(name, &[("method", method), ("samples", samples)]) {
            assert!(error.abs() < 4.0 * mcse.hypot(0.01), "{method} {name} {variable}: {error} ± {mcse}");
            assert!((ratio - 1.0).abs() < sd, "{method} {name} {variable}: {ratio}");
        }
    }
}

/// A regression, and the funnel, whose neck the guide does not reach.
#[test]
fn draws_have_the_means_and_sds_of_the_reference() {
    ["mesquite", "eight_schools"].into_iter().for_each(is_drawn);
}

#[test]
#[ignore = "slow: part of the second command of the README"]
fn draws_have_the_means_and_sds_of_every_reference() {
    POSTERIORS.iter().for_each(|(name, _)| is_drawn(name));
}

/// Means within 0.25 sds, sds within 25 %, but for the funnel, whose mode has a far too small tau.
///
/// The joint mode has sigma² = SS/n where the marginal posterior has SS/(n − p): p/2n lower, which is p/√(2n) of its
/// sd: 0.35 for blr (100, 5), 0.73 for mesquite (46, 7); of log sigma (p + 1)/√(2n). Third derivatives know it (6f).
#[test]
fn laplace_is_near_the_reference_but_for_a_funnel() {
    for (name, _) in POSTERIORS {
        for (variable, error, ratio) in errors(name, &[("method", "laplace")]) {
            assert!(error.abs() < 0.25, "{name} {variable}: {error}");
            assert!((ratio - 1.0).abs() < 0.25, "{name} {variable}: {ratio}");
        }
    }
    let tau = errors("eight_schools", &[("method", "laplace")]);
    let (_, error, _) = tau.iter().find(|(variable, ..)| variable == "tau").expect("a scale");
    assert!(error.abs() > 0.1, "the failure is asserted: {error}");
}

/// Eight schools is a funnel, whose neck and tail no Gaussian in (z, mu, log tau) reaches. Limits of (tau's mean, tau's
/// sd): from the optimum of each family, found by L-BFGS on 16,384 Sobol draws (SciPy 1.16): mean-field -0.208 and
/// 0.767, one covariance -0.171 and 0.796, a spread that follows tau (5a) -0.084 and 0.926.
#[test]
fn eight_schools_reaches_the_optimum_of_its_guide_and_no_more() {
    let families = [
        (&[("guide", "meanfield")][..], -0.208, 0.767),
        (&[("without", "[tied_scales]")], -0.171, 0.796),
        (&[], -0.084, 0.926),
    ];
    for (settings, mean, sd) in families {
        for (variable, error, ratio) in errors("eight_schools", settings) {
            if variable == "tau" {
                assert!((error - mean).abs() < 0.04, "{settings:?} tau: {error}, optimum {mean}");
                assert!((ratio - sd).abs() < 0.05, "{settings:?} tau: {ratio}, optimum {sd}");
            } else {
                // The worst of the mean-field optimum is theta[1]: 0.14 low and 0.87 as wide.
                assert!(error.abs() < 0.2 && (ratio - 1.0).abs() < 0.17, "{variable}: {error} {ratio}");
            }
        }
    }
}
