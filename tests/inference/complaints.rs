//! What users of other programs complain of, as models that the defaults must fit.

use super::cases::{agrees, agrees_but_for, case};

/// "ADVI cannot even find the mean of a normal": its steps are of the size of 1, the mean is 1e5 away.
#[test]
fn a_mean_far_from_zero_is_found() {
    agrees("far_normal", &[], 0.02, 0.02);
    agrees("far_normal_tight", &[], 0.02, 0.02);
    // sigma has 19 degrees of freedom: a log-normal is 6 % too narrow.
    agrees("far_normal_sd", &[], 0.05, 0.08);
    let (run, n) = (case("far_normal", &[]), 20.0);
    // log N(y; 0, I + τ² 1 1'), from the mean and the sum of squares about it (case data).
    let evidence = far_normal_evidence(n, 1e6);
    let o = run.metrics.objective;
    assert!((o.value - evidence).abs() < 0.001, "{} for {evidence}", o.value);
}

/// The log evidence of `far_normal`: noise sd 1, prior sd `tau`.
fn far_normal_evidence(n: f64, tau: f64) -> f64 {
    let y: Vec<f64> =
        include_str!("cases/data/far_normal.csv").lines().skip(1).map(|l| l.parse().unwrap()).collect();
    let mean = y.iter().sum::<f64>() / n;
    let about: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    let variance = 1.0 / n + tau * tau;
    let tau_2pi = std::f64::consts::TAU;
    -0.5 * (about + mean * mean / variance + n * tau_2pi.ln() + (1.0 + n * tau * tau).ln())
}

/// "With seven points and vague priors the slope is wrong and the sds are far too small."
#[test]
fn seven_unscaled_points_have_their_line() {
    // Given sigma everything is normal, but sigma has five degrees of freedom and a tail that no log-normal has:
    // the best one has 0.68 of its sd.
    agrees_but_for("seven_points", &["sigma"], 0.05, 0.1, (0.1, 0.35));
}

/// "The ELBO is NaN after three steps": the loss is an exponential of something large.
#[test]
fn a_loss_that_explodes_does_not() {
    agrees("steep", &[], 0.1, 0.1);
}

/// "It works only if I standardise": columns in units from 1e-4 to 1e4 that are nearly the same column.
#[test]
fn collinear_columns_in_any_units() {
    agrees("collinear", &[], 0.1, 0.1);
}

/// "It dies when the fit is too good": the noise is 1e-4 of what its prior expects.
#[test]
fn a_variance_may_go_towards_zero() {
    agrees("small_noise", &[], 0.1, 0.1);
}

/// "With hundreds of groups it never ends": 303 latents, so the guide is mean-field.
///
/// Its sds are conditional: that of the slope, given 300 intercepts, is 0.62 of the posterior's.
#[test]
fn hundreds_of_groups_are_fitted() {
    agrees_but_for("groups", &["b"], 0.1, 0.2, (0.1, 0.4));
}
