//! The methods beside variational inference, on posteriors that are known.

use super::{EVIDENCE, MEANS, SDS, run};
use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;

fn by(method: &str) -> Options {
    Options { method: Some(method.to_owned()), ..Options::default() }
}

fn extra(run: &Run, name: &str) -> f64 {
    run.metrics.extra.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, v)| *v)
}

#[test]
fn nuts_draws_from_the_posterior_of_linear_regression() {
    let run = run("linear.bnn", by("nuts"));
    assert!(!run.metrics.objective.is_elbo || run.metrics.objective.value.is_nan());
    for (i, row) in run.summary.iter().enumerate() {
        let c = row.convergence.expect("draws of chains are judged");
        assert!(c.rhat < 1.01 && c.ess_bulk > 400.0 && c.ess_tail > 400.0, "{row:?}");
        assert!((row.mean - MEANS[i]).abs() < 4.0 * c.mcse, "{row:?} for {}", MEANS[i]);
        assert!((row.sd / SDS[i] - 1.0).abs() < 0.05, "{row:?} for {}", SDS[i]);
    }
    assert_eq!((extra(&run, "divergences"), extra(&run, "draws")), (0.0, 4000.0));
    let draws = run.tensors.iter().find(|t| t.name == "beta.draws").expect("draws are kept");
    assert_eq!(draws.shape, [4, 1000, 3]);
}

/// With such a rate the guide breaks off at once; chains begin near the mode and come to where those of a fitted guide do.
#[test]
fn chains_do_without_a_guide_that_broke_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scale.bnn");
    std::fs::write(folder.path().join("d.csv"), "y\n0.4\n-0.2\n0.1\n3\n").expect("written");
    let model = "data \"d.csv\" { y : real }\nm ~ Normal(0, 3)\ns ~ LogNormal(0, 1)\ny ~ Normal(m, s)\n";
    std::fs::write(&path, model).expect("written");
    let by = |method: &str, set: &[(&str, &str)]| {
        let options = Options { method: Some(method.to_owned()), ..super::set(set) };
        fit(&Session::open(&path, options).expect("it is well formed"), &mut Silent)
    };
    let broken = [("learning_rate", "1e30")];
    assert_eq!(by("advi", &broken).expect_err("the guide alone is no result").exit, 3);
    let (without, with) = (by("nuts", &broken).expect("chains"), by("nuts", &[]).expect("chains"));
    for (a, b) in without.summary.iter().zip(&with.summary) {
        let (of_a, of_b) = (a.convergence.expect("chains"), b.convergence.expect("chains"));
        assert!(of_a.rhat < 1.01, "{a:?}");
        assert!((a.mean - b.mean).abs() < 4.0 * of_a.mcse.hypot(of_b.mcse), "{a:?} and {b:?}");
    }
    let warned =
        |run: &Run| run.manifest.warnings.iter().any(|w| w.starts_with("G007") && w.contains("broke off"));
    assert!(warned(&without) && !warned(&with), "{:?}", without.manifest.warnings);
}

#[test]
fn threads_change_no_draw() {
    let with = |threads| {
        let set = vec![("samples".to_owned(), "50".to_owned()), ("tune".to_owned(), "100".to_owned())];
        let run = run("linear.bnn", Options { threads: Some(threads), set, ..by("nuts") });
        run.tensors
    };
    assert_eq!(with(1), with(3));
}

/// A small net: its chains are long, so few draws are taken; they predict as the guide does.
#[test]
fn nuts_runs_on_a_net() {
    let set =
        [("samples", "40"), ("tune", "80"), ("chains", "2"), ("restarts", "1"), ("predict_draws", "40")];
    let options = Options { method: Some("nuts".to_owned()), ..super::set(&set) };
    let run = run("moons.bnn", options);
    let accuracy = run.metrics.held_out().expect("a split").targets[0].get("accuracy").expect("classes");
    assert!(accuracy > 0.8, "{accuracy}");
}

#[test]
fn laplace_is_exact_for_linear_regression() {
    let run = run("linear.bnn", by("laplace"));
    assert!((extra(&run, "laplace_evidence") - EVIDENCE).abs() < 1e-6, "{:?}", run.metrics.extra);
    assert!((run.metrics.objective.value - EVIDENCE).abs() < 1e-6);
    for (i, row) in run.summary.iter().enumerate() {
        assert!(
            (row.mean - MEANS[i]).abs() < 0.02 * SDS[i] && (row.sd / SDS[i] - 1.0).abs() < 0.03,
            "{row:?}"
        );
    }
}

/// The posterior of λ is Gamma(12, 4). In log λ the mode is log 3, the curvature 12 and the third derivative −12, so the
/// mean is 1/24 lower: then E λ is 3, as it should be, where a Gaussian at the mode has 3 e^(1/24).
#[test]
fn the_mean_of_laplace_is_corrected_by_third_derivatives() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("counts.bnn");
    std::fs::write(folder.path().join("d.csv"), "y\n3\n5\n2\n").expect("written");
    std::fs::write(&path, "data \"d.csv\" { y : count }\nl ~ Gamma(2, rate = 1)\ny ~ Poisson(l)\n")
        .expect("written");
    let session = Session::open(&path, by("laplace")).expect("it is well formed");
    let run = fit(&session, &mut Silent).expect("it has a mode");
    assert!((run.summary[0].mean - 3.0).abs() < 0.02, "{:?}", run.summary[0]);
    // 1/24 over an sd of √(1/12).
    assert!(run.manifest.path.contains("no mean moved by more than 0.14 sds"), "{}", run.manifest.path);
}

/// The mode of a funnel is in its neck, far from its mean: said, and left where it is.
#[test]
fn a_mean_that_is_further_than_a_correction_goes_stays_at_the_mode() {
    let run = run("eight_schools.bnn", by("laplace"));
    assert!(run.manifest.path.contains("too far for a correction"), "{}", run.manifest.path);
}

/// A density that rises without bound has no mode: said, not damped away.
#[test]
fn laplace_refuses_what_has_no_maximum() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("flat.bnn");
    std::fs::write(folder.path().join("d.csv"), "y\n1\n2\n").expect("written");
    std::fs::write(&path, "data \"d.csv\" { y : real }\na ~ Flat\nb ~ Flat\ny ~ Normal(a + b, 1)\n")
        .expect("written");
    let session = Session::open(&path, by("laplace")).expect("it is well formed");
    let failure = fit(&session, &mut Silent).expect_err("a ridge");
    assert_eq!(failure.exit, 1);
    assert_eq!(failure.diagnostics.0[0].code.id(), "G011", "{:?}", failure.diagnostics);
}

/// What it says names the ridge, and does not ask for proper priors where they are.
#[test]
fn laplace_says_what_is_not_pinned_down() {
    let said = |prior: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ridge.bnn");
        std::fs::write(folder.path().join("d.csv"), "y\n1\n2\n").expect("written");
        let model = format!(
            "data \"d.csv\" {{ y : real }}\na ~ Normal(0, 1)\nb ~ {prior}\nc ~ {prior}\ny ~ Normal(a + b - c, 1)\n"
        );
        std::fs::write(&path, model).expect("written");
        let session = Session::open(&path, by("laplace")).expect("it is well formed");
        let failure = fit(&session, &mut Silent).expect_err("a ridge");
        let finding = failure.diagnostics.0[0].clone();
        (finding.message, finding.help.expect("a way out"))
    };
    let (message, help) = said("Normal(0, 1e8)");
    assert!(message.contains("along a combination of `b` and `c`"), "{message}");
    assert!(help.contains("method = nuts") && !help.contains("proper prior"), "{help}");
    let (message, help) = said("Flat");
    assert!(message.contains("`b` and `c`"), "{message}");
    assert!(help.contains("a proper prior"), "{help}");
}

/// Of a net the last layer is random, what lies before it a point.
#[test]
fn laplace_of_a_net_is_that_of_its_last_layer() {
    let run = run("moons.bnn", by("laplace"));
    let sd = |name: &str| run.tensors.iter().any(|t| t.name == format!("{name}.log_sd"));
    assert!(sd("f.3.w") && !sd("f.1.w") && !sd("f.2.w"));
    let valid = &run.metrics.held_out().expect("a split").targets[0];
    assert!(valid.get("accuracy").expect("classes") > 0.8 && valid.get("nll").expect("nats") < 0.45);
}

/// Least squares, by the normal equations; the prior of models/linear.bnn pulls towards 0 and is not read.
#[test]
fn maximum_likelihood_is_least_squares() {
    let rows: Vec<[f64; 3]> = include_str!("../../models/data/linear.csv")
        .lines()
        .skip(1)
        .map(|l| {
            let n: Vec<f64> = l.split(',').map(|x| x.parse().expect("a number")).collect();
            [n[0], n[1], n[2]]
        })
        .collect();
    let run = run("linear.bnn", by("mle"));
    let b: Vec<f64> = run.summary.iter().map(|r| r.mean).collect();
    // Residuals are orthogonal to 1, x1 and x2.
    for pick in [|_: &[f64; 3]| 1.0, |r: &[f64; 3]| r[0], |r: &[f64; 3]| r[1]] {
        let product: f64 = rows.iter().map(|r| pick(r) * (r[2] - b[0] - b[1] * r[0] - b[2] * r[1])).sum();
        assert!(product.abs() < 1e-4, "{product}");
    }
    assert!(!run.metrics.objective.is_elbo);
    let prior = super::run("linear.bnn", by("map"));
    assert!((prior.summary[1].mean - b[1]).abs() > 1e-3, "a prior pulls");
}

/// What a method cannot be asked is refused before anything is fitted.
#[test]
fn what_has_no_density_to_draw_from_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("d.csv"), "x,y\n1,2\n2,3\n3,1\n").expect("written");
    let net = |layers: &str| format!("y ~ Normal(f(x), 1)\nnet f(x) {{ {layers} }}");
    let cases = [
        (net("dense 2 tanh; dropout 0.5; dense 1"), "nuts", "dropout"),
        (net("dense 2 tanh; dropout 0.5; dense 1"), "laplace", "dropout"),
        ("a ~ Point\ny ~ Normal(a * x, 1)".to_owned(), "nuts", "Point"),
        ("a ~ Point\ny ~ Normal(a * x, 1)".to_owned(), "laplace", "Point"),
        ("a ~ Normal(0, 1)\ny ~ Normal(a * x, 1)\nfit { samples = 1e14 }".to_owned(), "nuts", "samples"),
    ];
    for (body, method, word) in cases {
        let path = folder.path().join("model.bnn");
        std::fs::write(&path, format!("data \"d.csv\" {{ x, y : real }}\n{body}\n")).expect("written");
        let session = Session::open(&path, by(method)).expect("it is well formed");
        let failure = fit(&session, &mut Silent).expect_err("refused");
        let refused = failure.diagnostics.0.iter().find(|d| d.code.id() == "O001");
        assert_eq!(failure.exit, 1, "{body}: {failure:?}");
        assert!(refused.is_some_and(|d| format!("{d:?}").contains(word)), "{body}: {failure:?}");
    }
}

/// `--compare map`: the mode's nll, and the paired difference, as the rows of both runs say.
#[test]
fn a_posterior_is_compared_with_its_mode() {
    let set = [("steps", "100"), ("restarts", "2"), ("predict_draws", "30")];
    let both = run("moons.bnn", Options { compare_map: true, ..super::set(&set) });
    let mode = run("moons.bnn", Options { method: Some("map".into()), ..super::set(&[("steps", "100")]) });
    let nll = |run: &Run| run.metrics.held_out().and_then(|s| s.targets[0].get("nll")).expect("classes");
    assert!(
        (extra(&both, "map_nll") - nll(&mode)).abs() < 1e-9,
        "{} {}",
        extra(&both, "map_nll"),
        nll(&mode)
    );
    let difference = extra(&both, "map_nll_difference");
    assert!((difference - (nll(&both) - nll(&mode))).abs() < 1e-9, "{difference}");
    assert!(extra(&both, "map_nll_difference_se") > 0.0);
    assert!(bnnc::report::verdict(&both).join(" ").contains("The mode of the same model (MAP)"));
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/moons.bnn");
    for (method, words) in [("map", "is a point"), ("prior", "nothing is fitted")] {
        let options = Options { compare_map: true, ..by(method) };
        let session = Session::open(&path, options).expect("the model is in the repository");
        let failed = fit(&session, &mut Silent).expect_err("it compared");
        assert!(failed.diagnostics.0[0].message.contains(words), "{:?}", failed.diagnostics);
    }
}

/// A higher acceptance takes smaller steps, so trajectories have more of them.
#[test]
fn the_target_acceptance_sets_the_step_size() {
    let steps = |target: &str| {
        let set = [("samples", "100"), ("tune", "300"), ("chains", "2"), ("target_accept", target)];
        let run = run("linear.bnn", Options { method: Some("nuts".into()), ..super::set(&set) });
        let all =
            run.tensors.iter().find(|t| t.name == "sample_stats.n_steps").expect("kept").values.to_f64();
        all.iter().sum::<f64>() / all.len() as f64
    };
    assert!(steps("0.99") > 1.5 * steps("0.6"), "{} {}", steps("0.99"), steps("0.6"));
    let session = |target: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/linear.bnn");
        let options = Options { method: Some("nuts".into()), ..super::set(&[("target_accept", target)]) };
        let session = Session::open(&path, options).expect("the model is in the repository");
        fit(&session, &mut Silent).expect_err("it fitted").diagnostics
    };
    for wrong in ["1", "1.5", "0"] {
        assert!(session(wrong).0[0].code.id() == "O001", "{wrong}");
    }
}

/// A point has no doubt of its own, but what it predicts has noise: the intervals are those of the noise.
#[test]
fn intervals_of_a_point_are_those_of_the_noise() {
    let run =
        run("motor.bnn", Options { method: Some("map".into()), ..super::set(&[("predict_draws", "400")]) });
    let bnnc::run_folder::TargetValues::Reals(reals) = &run.predictions[0].targets[0].values else {
        panic!("an acceleration is a number")
    };
    for (i, sd) in reals.sd.iter().enumerate() {
        // The 90 % interval of a Normal is 3.29 sds wide; quantiles of 400 draws are good to some 8 %.
        let width = (reals.q95[i] - reals.q05[i]) / sd;
        assert!((width - 3.29).abs() < 0.8 && reals.epistemic_sd[i] == 0.0, "row {i}: {width}");
    }
}
