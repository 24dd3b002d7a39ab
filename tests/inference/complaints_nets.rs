//! Complaints about nets: one that cannot fit its own rows, and weights that all fall into the prior.

use super::run;
use bnnc::compile::Options;

fn accuracy(model: &str, split: &str, options: Options) -> f64 {
    let run = run(model, options);
    let metrics = run.metrics.split(split).expect("the model has the split");
    metrics.targets[0].get("accuracy").expect("classes")
}

/// "My Bayesian net cannot fit the data it was given, where a plain net does at once."
#[test]
fn a_net_fits_its_own_rows() {
    let set = [("predict_draws", "50")].map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("own.bnn");
    let source = "data moons(200, noise = 0.05, seed = 3) { x1, x2 : real; y : class(2) }\n\
        net f(x) {\n  each layer { w ~ Normal(0, s); s ~ HalfNormal(1) }\n  dense 8 tanh\n  dense 2 softmax\n}\n\
        y ~ Categorical(probs = f([x1, x2]))\n";
    std::fs::write(&path, source).expect("written");
    let session = bnnc::compile::Session::open(&path, Options { set, ..Options::default() }).expect("opens");
    let run = bnnc::compile::fit(&session, &mut bnnc::infer::progress::Silent).expect("fits");
    let own = run.metrics.split("train").expect("all rows are for training").targets[0].get("accuracy");
    assert!(own.expect("classes") > 0.98, "{own:?} of its own rows");
}

/// "All my weights are zero": a narrow start under a learned scale is a trap (small T, larger precision, smaller T).
#[test]
fn weights_do_not_fall_into_the_prior() {
    leaves_the_prior(1);
}

#[test]
#[ignore = "slow: part of the second command of the README"]
fn weights_do_not_fall_into_the_prior_whatever_the_seed() {
    (2..=5).for_each(leaves_the_prior);
}

fn leaves_the_prior(seed: u64) {
    // One class has 0.5 of the rows; the best known net 0.72.
    let all_rows = accuracy("circles.bnn", "valid", Options { seed: Some(seed), ..Options::default() });
    assert!(all_rows > 0.66, "all rows, seed {seed}: {all_rows}");
    let options = Options { seed: Some(seed), batch: Some("128".into()), ..Options::default() };
    let batches = accuracy("circles.bnn", "valid", options);
    assert!(batches > 0.66, "batches, seed {seed}: {batches}");
}

/// "It exploded and I do not know why": every start of the net overflows, and the statement is named.
#[test]
fn a_net_whose_starts_all_overflow_fails_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("overflow.bnn");
    let source = "data moons(60, noise = 0.1, seed = 3) { x1, x2 : real; y : class(2) }\n\
        net f(x) {\n  each layer { w ~ Normal(0, 1) }\n  dense 4 tanh\n  dense 1\n}\n\
        x1 ~ Normal(exp(1e5 * f([x2])), 1)\n";
    std::fs::write(&path, source).expect("written");
    let session = bnnc::compile::Session::open(&path, Options::default()).expect("opens");
    let failure =
        bnnc::compile::fit(&session, &mut bnnc::infer::progress::Silent).expect_err("no start is finite");
    let d = failure.diagnostics.0.last().expect("a finding");
    assert_eq!((failure.exit, d.code.id()), (3, "G008"), "{d:?}");
}

/// A hundred units for twenty noisy rows: little is there to move the weights, and the fit says so (G010). A scale
/// for each input switches inputs off instead, which is no fault, and a net that fits is not accused.
#[test]
fn a_layer_at_its_prior_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let fit = |rows: &str, scale: &str| {
        let path = folder.path().join("idle.bnn");
        let source = format!(
            "data {rows} {{ x1, x2 : real; y : class(2) }}\n\
             net f(x) {{\n  each layer {{ {scale} }}\n  dense 100 tanh\n  dense 2 softmax\n}}\n\
             y ~ Categorical(probs = f([x1, x2]))\nfit {{ steps = 1500; batch = 20; restarts = 2; predict_draws = 20 }}\n"
        );
        std::fs::write(&path, source).expect("written");
        let session = bnnc::compile::Session::open(&path, Options::default()).expect("opens");
        let run = bnnc::compile::fit(&session, &mut bnnc::infer::progress::Silent).expect("fits");
        run.manifest.warnings.iter().any(|w| w.contains("G010"))
    };
    let noise = "moons(20, noise = 1, seed = 1)";
    assert!(fit(noise, "w ~ Normal(0, 1)"), "weights of twenty noisy rows");
    assert!(!fit(noise, "w ~ Normal(0, s); s[inputs] ~ HalfNormal(1)"), "scales by input");
}
