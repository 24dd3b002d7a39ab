//! `method = smc`: particles from a guide to the posterior, on posteriors that are known.

use super::{EVIDENCE, MEANS, SDS, run, set};
use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;

fn particles(pairs: &[(&str, &str)]) -> Options {
    Options { method: Some("smc".to_owned()), ..set(pairs) }
}

fn extra(run: &Run, name: &str) -> f64 {
    run.metrics.extra.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, v)| *v)
}

fn of_text(model: &str, rows: &str, options: Options) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.bnn");
    std::fs::write(folder.path().join("d.csv"), rows).expect("written");
    std::fs::write(&path, model).expect("written");
    let session = Session::open(&path, options).expect("it is well formed");
    fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{:?}", f.diagnostics))
}

/// Means, sds and evidence in closed form (`docs/inference.md`, section 9.1), from guides good and bad.
#[test]
fn particles_have_the_posterior_and_the_evidence_of_linear_regression() {
    for guide in ["fullrank", "meanfield"] {
        let run = run("linear.bnn", particles(&[("samples", "500"), ("guide", guide)]));
        for (i, row) in run.summary.iter().enumerate() {
            let c = row.convergence.expect("populations are judged");
            assert!(c.rhat < 1.02 && c.ess_bulk > 400.0, "{guide}: {row:?}");
            assert!((row.mean - MEANS[i]).abs() < 4.0 * c.mcse, "{guide}: {row:?} for {}", MEANS[i]);
            assert!((row.sd / SDS[i] - 1.0).abs() < 0.07, "{guide}: {row:?} for {}", SDS[i]);
        }
        let (evidence, se) = (extra(&run, "log_evidence"), extra(&run, "log_evidence_se"));
        assert!(se < 0.1 && (evidence - EVIDENCE).abs() < 4.0 * se, "{guide}: {evidence} ± {se}");
        assert!(extra(&run, "levels") >= 1.0 && extra(&run, "divergences").is_nan());
    }
}

/// One of two equal modes is where the guide is; what it leaves out is found on the way, because β begins at 0.
/// The posterior of a is symmetric, so half of the particles have each sign.
#[test]
fn particles_find_the_mode_that_the_guide_has_not() {
    let model = "data \"d.csv\" { y : real }\na ~ Normal(0, 2)\ny ~ Normal(a * a, 0.8)\n";
    let run = of_text(model, "y\n1.1\n0.7\n", particles(&[("samples", "1000")]));
    let a = &run.summary[0];
    assert!(a.mean.abs() < 0.15 && a.q05 < -0.8 && a.q95 > 0.8, "{a:?}");
}

#[test]
fn threads_change_no_particle() {
    let with = |threads| {
        let options = particles(&[("samples", "10"), ("chains", "3"), ("tune", "2"), ("restarts", "1")]);
        run("moons.bnn", Options { threads: Some(threads), ..options }).tensors
    };
    assert_eq!(with(1), with(3));
}

/// Of a net the weights change places, and what is predicted does not; all starts may be begun with.
#[test]
fn particles_predict_as_the_posterior_of_a_net_does() {
    let few = [("samples", "30"), ("tune", "8"), ("mix", "true"), ("restarts", "2")];
    let run = run("moons.bnn", particles(&few));
    let valid = &run.metrics.held_out().expect("a split").targets[0];
    let (accuracy, nll) = (valid.get("accuracy").expect("classes"), valid.get("nll").expect("nats"));
    assert!(accuracy > 0.82 && nll < 0.374, "{accuracy} {nll}: chains have 0.369, a guide alone 0.377");
    // The bound of the best Gaussian guide of this model is −319 nats.
    assert!(extra(&run, "log_evidence") > -310.0, "{:?}", run.metrics.extra);
}

/// The mass of what is known of a scale s = vᵖ, v ~ HalfCauchy(1), by numbers y_i ~ Normal(0, √(s² + ¼)); mean and sd of
/// log v. Trapezoids over log v.
fn of_scale(y: &[f64], power: f64) -> (f64, f64, f64) {
    let (mut mass, mut mean, mut square) = (0.0, 0.0, 0.0);
    let h = 1e-3;
    for k in -20_000..=16_000 {
        let (log_v, pi) = (h * f64::from(k), std::f64::consts::PI);
        let variance = (2.0 * power * log_v).exp() + 0.25;
        let likelihood: f64 = y.iter().map(|y| -0.5 * (y * y / variance + (2.0 * pi * variance).ln())).sum();
        let p = h * 2.0 / (pi * ((-log_v).exp() + log_v.exp())) * likelihood.exp();
        (mass, mean, square) = (mass + p, mean + p * log_v, square + p * log_v * log_v);
    }
    let mean = mean / mass;
    (mass.ln(), mean, (square / mass - mean * mean).sqrt())
}

/// Scales with weights of their own: with the weights integrated out each is an integral over one number. One scale of
/// ten weights, one of them loud; its square; and a scale for each of them, which are more than move at a time.
#[test]
fn particles_have_scales_and_their_weights() {
    let y: Vec<f64> = (0..10).map(|i| if i == 3 { 4.0 } else { 0.3 * f64::from(i - 5) }).collect();
    let rows: String = y.iter().enumerate().map(|(i, y)| format!("g{i},{y}\n")).collect();
    // The full-rank guide of ten funnels breaks off.
    let cases = [
        ("v", "v", 1.0, "fullrank", vec![y.as_slice()]),
        ("v", "v ^ 2", 2.0, "fullrank", vec![y.as_slice()]),
        ("v[g]", "v[g]", 1.0, "meanfield", y.chunks(1).collect()),
    ];
    for (scale, power_of, power, guide, groups) in cases {
        let model = format!(
            "data \"d.csv\" {{ g : factor; y : real }}\n{scale} ~ HalfCauchy(1)\nw[g] ~ Normal(0, {power_of})\n\
             y ~ Normal(w[g], 0.5)\nreport log_v = log(v)\n"
        );
        // Centred, so that the scale has its weights.
        let by = particles(&[("samples", "1000"), ("guide", guide), ("without", "[non_centre]")]);
        let run = of_text(&model, &("g,y\n".to_owned() + &rows), by);
        let known: Vec<_> = groups.iter().map(|y| of_scale(y, power)).collect();
        let evidence: f64 = known.iter().map(|k| k.0).sum();
        let (found, se) = (extra(&run, "log_evidence"), extra(&run, "log_evidence_se"));
        assert!(se < 0.2 && (found - evidence).abs() < 4.0 * se, "{power_of}: {found} ± {se} for {evidence}");
        let reports: Vec<_> = run.summary.iter().filter(|row| row.variable.starts_with("log_v")).collect();
        assert_eq!(reports.len(), known.len(), "{:?}", run.summary);
        for (row, (_, mean, sd)) in reports.iter().zip(known) {
            let c = row.convergence.expect("populations are judged");
            assert!((row.mean - mean).abs() < 4.0 * c.mcse, "{power_of}: {row:?} for {mean}");
            assert!((row.sd / sd - 1.0).abs() < 0.1, "{power_of}: {row:?} for {sd}");
        }
    }
}

/// Two moves of a net are not enough, and enough are.
#[test]
fn particles_that_have_not_settled_say_so() {
    let told = |model: &str, pairs: &[(&str, &str)]| {
        let warnings = run(model, particles(pairs)).manifest.warnings;
        warnings.iter().filter(|w| w.contains("settled")).count()
    };
    assert_eq!(told("moons.bnn", &[("samples", "10"), ("chains", "2"), ("tune", "2"), ("restarts", "1")]), 1);
    assert_eq!(told("linear.bnn", &[("samples", "100")]), 0);
}

/// A guide that broke off leaves the neighbourhood of the mode to begin with.
#[test]
fn particles_do_without_a_guide() {
    let model = "data \"d.csv\" { y : real }\nm ~ Normal(0, 3)\ns ~ LogNormal(0, 1)\ny ~ Normal(m, s)\n";
    let rows = "y\n0.4\n-0.2\n0.1\n3\n";
    let by = |set: &[(&str, &str)]| of_text(model, rows, particles(set));
    let (without, with) = (by(&[("learning_rate", "1e30"), ("samples", "500")]), by(&[("samples", "500")]));
    for (a, b) in without.summary.iter().zip(&with.summary) {
        let (of_a, of_b) = (a.convergence.expect("populations"), b.convergence.expect("populations"));
        assert!((a.mean - b.mean).abs() < 4.0 * of_a.mcse.hypot(of_b.mcse), "{a:?} and {b:?}");
    }
    assert!(without.manifest.warnings.iter().any(|w| w.contains("broke off")), "{:?}", without.manifest);
    assert!(extra(&without, "log_evidence").is_nan() && extra(&with, "log_evidence").is_finite());
}

/// What has no evidence has none by particles either, and what has no common density is refused.
#[test]
fn particles_of_flat_priors_have_no_evidence_and_points_no_mixture() {
    let flat = "data \"d.csv\" { y : real }\nm ~ Flat\ny ~ Normal(m, 1)\n";
    let rows = "y\n0.4\n-0.2\n0.1\n3\n";
    let run = of_text(flat, rows, particles(&[("samples", "100")]));
    assert!(extra(&run, "log_evidence").is_nan() && extra(&run, "levels") >= 1.0, "{:?}", run.metrics.extra);
    assert!((run.summary[0].mean - 0.825).abs() < 0.3 && (run.summary[0].sd - 0.5).abs() < 0.15);
    let mixed = of_text(
        "data \"d.csv\" { y : real }\nm ~ Normal(0, 3)\ny ~ Normal(m, 1)\n",
        rows,
        particles(&[("samples", "100"), ("mix", "true")]),
    );
    assert!(mixed.manifest.guide.starts_with("particles"), "{}", mixed.manifest.guide);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.bnn");
    std::fs::write(folder.path().join("d.csv"), rows).expect("written");
    std::fs::write(
        &path,
        "data \"d.csv\" { y : real }\nm ~ Normal(0, 3)\ns ~ Point\ny ~ Normal(m, softplus(s))\n",
    )
    .expect("written");
    let session = Session::open(&path, particles(&[("mix", "true")])).expect("it is well formed");
    let failure = fit(&session, &mut Silent).expect_err("points of several starts");
    assert_eq!(failure.diagnostics.0[0].code.id(), "O001", "{:?}", failure.diagnostics);
}
