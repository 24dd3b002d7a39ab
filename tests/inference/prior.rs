//! `method = prior`: draws of every kind of prior against closed forms; no target is read.

use super::moments;
use bnnc::compile::{FitFailure, Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::{Run, TargetValues};

/// Standard errors of 16,000 draws by which a mean may miss; an sd by the same share of itself, doubled for the tails.
const ERRORS: f64 = 4.5;

fn drawn(rows: &str, model: &str, threads: usize) -> Result<Run, FitFailure> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("data.csv"), rows).expect("written");
    let path = folder.path().join("model.bnn");
    std::fs::write(&path, model).expect("written");
    let options = Options { method: Some("prior".to_owned()), threads: Some(threads), ..Options::default() };
    fit(&Session::open(&path, options).expect("it is there"), &mut Silent)
}

const ROWS: &str = "x,g,y\n0,a,1\n1,b,2\n2,a,5\n3,c,4\n";

const KINDS: &str = "data \"data.csv\" { x, y : real; g : factor }
tau ~ HalfNormal(2)
theta[g] ~ Normal(1, tau)
cut[3] ~ Normal(0, 1) ordered
share[3] ~ Dirichlet([1, 2, 3])
L[2] ~ LKJCholesky(eta = 2)
tail ~ Normal(0, 1) on (1, inf)
two ~ Mixture([0.3, 0.7], Normal(-1, 1), Normal(2, 1))
walk[4] ~ RandomWalk(0.5)
v[2] ~ MvNormal([1, 2], cov = [[1, 0.5], [0.5, 2]])
low ~ Uniform(0, 1)
above ~ Uniform(low, 2)
apart[2] ~ Normal([0, 1], [1, 2])
s ~ LogNormal(0, 0.5)
report product = (v[1] - 1) * (v[2] - 2)
y ~ Normal(theta[g] + cut[1] + sum(share) + L[2, 1] + tail + two + walk[4] + v[1] + above + sum(apart), s)
";

/// Means and sds from the formulas of each distribution; order statistics of three normals from Teichroew (1956).
#[test]
fn every_kind_of_prior_is_drawn() {
    let run = drawn(ROWS, KINDS, 1).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
    let half = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
    let expected = [
        ("tau", half, (4.0 - half * half).sqrt()),
        ("theta[b]", 1.0, 2.0),
        ("cut[1]", -0.846_284_375_3, 0.747_975_3),
        ("cut[2]", 0.0, 0.669_829),
        ("share[1]", 1.0 / 6.0, (5.0f64 / 252.0).sqrt()),
        ("share[3]", 0.5, (1.0f64 / 28.0).sqrt()),
        ("L[2,1]", 0.0, 0.447_213_6),
        ("tail", 1.525_135_276, 0.446_203_6),
        ("two", 1.1, (0.3f64 * 2.0 + 0.7 * 5.0 - 1.21).sqrt()),
        ("walk[1]", 0.0, 0.5),
        ("walk[4]", 0.0, 1.0),
        ("v[1]", 1.0, 1.0),
        ("v[2]", 2.0, 2f64.sqrt()),
        ("product", 0.5, 1.5),
        ("above", 1.25, (0.25f64 / 12.0 + 7.0 / 36.0).sqrt()),
        ("apart[2]", 1.0, 2.0),
    ];
    let error = ERRORS / 16_000f64.sqrt();
    for (name, mean, sd) in expected {
        let found = moments(&run, name);
        assert!((found.0 - mean).abs() < error * sd, "{name} has mean {}, should be {mean}", found.0);
        assert!((found.1 / sd - 1.0).abs() < 2.0 * error, "{name} has sd {}, should be {sd}", found.1);
    }
    assert!(run.metrics.splits.is_empty() && !run.metrics.objective.is_elbo);
    assert!(run.metrics.objective.value.is_nan() && run.trace.is_empty());
}

#[test]
fn draws_do_not_depend_on_the_number_of_threads() {
    let [one, four] = [1, 4].map(|n| drawn(ROWS, KINDS, n).unwrap_or_else(|f| panic!("{:?}", f.diagnostics)));
    assert_eq!(one.tensors, four.tensors);
    // Absent targets are NaN, which equals nothing.
    assert_eq!(format!("{:?}", one.predictions), format!("{:?}", four.predictions));
    let theta = one.tensors.iter().find(|t| t.name == "theta.draws").expect("draws of theta");
    assert_eq!(theta.shape, [100, 3]);
}

/// y = theta + noise, with sds 3 and 4: the prediction has sd 5, and knows no row's target.
#[test]
fn the_prior_is_predicted_for_rows_without_a_target() {
    let model = "data \"data.csv\" { x : real; y : real }
theta ~ Normal(2, 3)
y ~ Normal(theta + 0 * x, 4)
report double = 2 * theta + x
fit { predict_draws = 4000 }";
    for rows in ["x\n0\n1\n", "x,y\n0,NA\n1,three\n"] {
        let run = drawn(rows, model, 1).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
        let table = &run.predictions[0];
        assert_eq!(table.split, "train");
        let TargetValues::Reals(y) = &table.targets[0].values else { panic!("numbers are expected") };
        for row in 0..2 {
            // 4,000 draws; the mean's error is that of theta.
            assert!((y.mean[row] - 2.0).abs() < 4.5 * 3.0 / 4000f64.sqrt(), "{}", y.mean[row]);
            assert!((y.sd[row] / 5.0 - 1.0).abs() < 0.05, "{}", y.sd[row]);
            assert!(y.target[row].is_nan());
        }
        let double = &table.reports.iter().find(|(name, _)| name == "double").expect("reported").1;
        assert!((double[1] - 5.0).abs() < 4.5 * 6.0 / 4000f64.sqrt(), "{}", double[1]);
    }
}

/// What is used beside the likelihood is read, and its faults are told.
#[test]
fn a_column_that_something_else_needs_is_read() {
    let model = |rest: &str| format!("data \"data.csv\" {{ x, y : real }}\nb ~ Normal(0, 1)\n{rest}");
    let code = |rows: &str, rest: &str| {
        let failure = drawn(rows, &model(rest), 1).map(|_| ()).expect_err(rest);
        failure.diagnostics.0[0].code.id()
    };
    assert_eq!(code("x\n0\n", "z = standardize(y)\nz ~ Normal(b * x, 1)"), "D001");
    assert_eq!(code("x,y\n0,NA\n1,2\n", "y ~ Normal(b * x, 1)\nreport r = y - b"), "D002");
    // Another method does read it.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("data.csv"), "x\n0\n").expect("written");
    let path = folder.path().join("model.bnn");
    std::fs::write(&path, model("y ~ Normal(b * x, 1)\nfit { method = prior }")).expect("written");
    let map = Options { method: Some("map".to_owned()), ..Options::default() };
    assert!(Session::open(&path, map).expect("it is there").check().has_errors());
    assert!(!Session::open(&path, Options::default()).expect("it is there").check().has_errors());
}

#[test]
fn what_is_no_distribution_is_refused_by_name() {
    for prior in ["Flat", "Flat on (0, 1)", "Point"] {
        let model = format!("data \"data.csv\" {{ x, y : real }}\nb ~ {prior}\ny ~ Normal(b * x, 1)");
        let failure = drawn(ROWS, &model, 1).map(|_| ()).expect_err(prior);
        let finding = &failure.diagnostics.0[0];
        assert_eq!((failure.exit, finding.code.id()), (1, "O001"), "{prior}");
        assert!(finding.message.contains("`b`"), "{}", finding.message);
    }
}

/// No likelihood, and no data at all: the priors remain.
#[test]
fn a_model_without_data_is_its_prior() {
    let run =
        drawn("", "a ~ Normal(3, 2)\nreport b = 2 * a", 1).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
    let (mean, sd) = moments(&run, "b");
    assert!((mean - 6.0).abs() < ERRORS * 4.0 / 16_000f64.sqrt() && (sd / 4.0 - 1.0).abs() < 0.04);
}
