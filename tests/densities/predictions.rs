//! Predictions of every kind of target, from fits whose posterior is a point: what is predicted has a closed form then.

use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::{Run, TargetValues};

/// Of a posterior squeezed to a point by a prior of sd 1e-6.
const POINT: f64 = 1e-4;

/// Fits a model on four training rows and one held-out row.
fn run(rows: &str, model: &str) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("data.csv"), rows).expect("written");
    let path = folder.path().join("model.bnn");
    std::fs::write(&path, model).expect("written");
    let set = vec![("predict_draws".to_owned(), "4".to_owned())];
    let session = Session::open(&path, Options { set, ..Options::default() }).expect("it is there");
    fit(&session, &mut Silent).unwrap_or_else(|e| panic!("{model}: {:?}", e.diagnostics))
}

fn metric(run: &Run, target: &str, name: &str) -> f64 {
    let split = run.metrics.split("valid").expect("a held-out row");
    let target = split.targets.iter().find(|t| t.target == target).unwrap_or_else(|| panic!("no {target}"));
    target.get(name).unwrap_or_else(|| panic!("no {name}"))
}

/// (mean, sd) predicted for the held-out row.
fn predicted(run: &Run, target: &str) -> (f64, f64) {
    let split = run.predictions.iter().find(|p| p.split == "valid").expect("a held-out row");
    match &split.targets.iter().find(|t| t.name == target).expect("predicted").values {
        TargetValues::Reals(r) => (r.mean[0], r.sd[0]),
        TargetValues::Classes(_) => panic!("{target} is of classes"),
    }
}

fn close(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() <= POINT * (1.0 + want.abs()), "{what} is {got}, should be {want}");
}

fn normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

const NUMBERS: &str = "y,part\n0.5,train\n1.5,train\n0.2,train\n2,train\n0.75,valid\n";
const VECTORS: &str = "v1,v2,part\n0.5,1,train\n1,2,train\n0,1,train\n2,0,train\n1,0.5,valid\n";

#[test]
fn vectors_are_predicted_together_and_entry_by_entry() {
    let model = "data \"data.csv\" { v : real[2]; split by part }
m ~ Normal(0.25, 1e-6)
v ~ MvNormal(m, cov = [[4, -1], [-1, 2.5]])";
    let run = run(VECTORS, model);
    let (a, b) = (0.75, 0.25);
    let joint = 0.5 * (2.5 * a * a + 2.0 * a * b + 4.0 * b * b) / 9.0
        + 0.5 * 9f64.ln()
        + (2.0 * std::f64::consts::PI).ln();
    close(metric(&run, "v", "nll"), joint, "joint nll");
    for (entry, x, sd) in [("v[1]", 1.0, 2.0), ("v[2]", 0.5, 2.5f64.sqrt())] {
        close(metric(&run, entry, "nll"), -normal(x, 0.25, sd), entry);
        close(predicted(&run, entry).0, 0.25, entry);
        close(predicted(&run, entry).1, sd, entry);
    }
}

#[test]
fn independent_entries_are_predicted_with_arguments_of_their_own() {
    let model = "data \"data.csv\" { v : real[2]; split by part }
m ~ Normal(0.25, 1e-6)
v ~ Normal([m, 2 * m], [1, 3])";
    let run = run(VECTORS, model);
    close(metric(&run, "v", "nll"), -normal(1.0, 0.25, 1.0) - normal(0.5, 0.5, 3.0), "joint nll");
    close(metric(&run, "v[2]", "nll"), -normal(0.5, 0.5, 3.0), "v[2]");
    close(predicted(&run, "v[2]").0, 0.5, "v[2]");
    close(predicted(&run, "v[2]").1, 3.0, "v[2]");
}

#[test]
fn shares_are_predicted_as_betas() {
    let rows = "s1,s2,s3,part\n0.2,0.3,0.5,train\n0.1,0.6,0.3,train\n0.25,0.25,0.5,train\n0.3,0.3,0.4,train\n0.2,0.2,0.6,valid\n";
    let model = "data \"data.csv\" { s : real[3]; split by part }
a ~ LogNormal(0, 1e-6)
s ~ Dirichlet([a, 2 * a, 3 * a])";
    let run = run(rows, model);
    // Γ(6)/(Γ(1)Γ(2)Γ(3)) x₂ x₃²
    close(metric(&run, "s", "nll"), -(60.0f64 * 0.2 * 0.36).ln(), "joint nll");
    close(predicted(&run, "s[3]").0, 0.5, "s[3]");
    close(predicted(&run, "s[3]").1, (0.25f64 / 7.0).sqrt(), "s[3]");
}

#[test]
fn mixtures_are_predicted_with_all_their_components() {
    let model = "data \"data.csv\" { y : real; split by part }
m ~ Normal(0.5, 1e-6)
y ~ Mixture([0.25, 0.75], Normal(m, 1), Normal(3, 2))";
    let run = run(NUMBERS, model);
    let density = 0.25 * normal(0.75, 0.5, 1.0).exp() + 0.75 * normal(0.75, 3.0, 2.0).exp();
    close(metric(&run, "y", "nll"), -density.ln(), "nll");
    let mean = 0.25 * 0.5 + 0.75 * 3.0;
    close(predicted(&run, "y").0, mean, "mean");
    let square = 0.25 * (1.0 + 0.25) + 0.75 * (4.0 + 9.0);
    close(predicted(&run, "y").1, (square - mean * mean).sqrt(), "sd");
}

#[test]
fn inflated_counts_are_predicted_with_their_zeros() {
    let rows = "n,part\n0,train\n3,train\n0,train\n2,train\n0,valid\n";
    let model = "data \"data.csv\" { n : count; split by part }
r ~ LogNormal(0, 1e-6)
n ~ Mixture([0.5, 0.5], Delta(0), Poisson(2 * r) on (1, inf))";
    let run = run(rows, model);
    close(metric(&run, "n", "nll"), 2f64.ln(), "nll of a zero");
    let above = 2.0 / (1.0 - (-2f64).exp());
    close(predicted(&run, "n").0, 0.5 * above, "mean");
    // E n² = λ(1 + λ)/(1 − e^−λ) of the cut counts
    let square = 0.5 * 6.0 / (1.0 - (-2f64).exp());
    close(predicted(&run, "n").1, (square - (0.5 * above).powi(2)).sqrt(), "sd");
}

#[test]
fn ordered_classes_are_predicted_as_classes() {
    let rows = "g,part\nlow,train\nmid,train\nhigh,train\nmid,train\nmid,valid\n";
    let model = "data \"data.csv\" { g : class(\"low\", \"mid\", \"high\"); split by part }
s ~ Normal(0, 1e-6)
c[2] ~ Normal(0, 1e3) ordered
g ~ OrderedLogistic(score = s, cuts = c)";
    let run = run(rows, model);
    let nll = metric(&run, "g", "nll");
    assert!(nll > 0.0 && nll < 3.0, "{nll}");
    assert_eq!(metric(&run, "g", "accuracy"), 1.0);
}

#[test]
fn every_likelihood_of_numbers_gives_predictions_that_are_numbers() {
    let likelihoods: &[(&str, &str)] = &[
        ("real", "StudentT(5, m, 1)"),
        ("real", "Logistic(m, 1)"),
        ("real", "Gumbel(m, 1)"),
        ("positive", "Weibull(shape = 1.5, scale = exp(m))"),
        ("positive", "Gamma(shape = 2, scale = exp(m)) on (0.1, 5)"),
        ("positive", "InvGamma(4, exp(m))"),
        ("positive", "Pareto(shape = 3, scale = 0.1 * exp(m))"),
        ("positive", "HalfStudentT(5, exp(m))"),
        ("positive", "LogNormal(m, 1) on (0.1, inf)"),
        ("positive", "ChiSquared(2 * exp(m))"),
    ];
    for (support, likelihood) in likelihoods {
        let model = format!(
            "data \"data.csv\" {{ y : {support}; split by part }}\nm ~ Normal(0.1, 0.1)\ny ~ {likelihood}"
        );
        let run = run(NUMBERS, &model);
        let (mean, sd) = predicted(&run, "y");
        assert!(mean.is_finite() && sd > 0.0 && sd.is_finite(), "{likelihood}: {mean} ± {sd}");
        for name in ["nll", "rmse", "crps"] {
            assert!(metric(&run, "y", name).is_finite(), "{likelihood}: {name}");
        }
    }
    let counts: &[&str] = &[
        "NegBinomial(mean = exp(m), shape = 2)",
        "Geometric(logit = m)",
        "Binomial(n = 5, logit = m)",
        "BetaBinomial(n = 5, a = exp(m), b = 2)",
        "Poisson(exp(m)) on (0, 6)",
        "NegBinomial(log_mean = m, shape = 2) on (0, 6)",
    ];
    for likelihood in counts {
        let rows = "n,part\n0,train\n3,train\n1,train\n2,train\n1,valid\n";
        let model = format!(
            "data \"data.csv\" {{ n : count; split by part }}\nm ~ Normal(0.1, 0.1)\nn ~ {likelihood}"
        );
        let run = run(rows, &model);
        let (mean, sd) = predicted(&run, "n");
        assert!(mean.is_finite() && sd > 0.0 && sd.is_finite(), "{likelihood}: {mean} ± {sd}");
        assert!(metric(&run, "n", "nll").is_finite(), "{likelihood}");
    }
}
