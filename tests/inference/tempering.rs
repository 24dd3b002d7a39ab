//! `kl_weight` and `warmup` (equation 3a): a fit whose prior terms count λ is that of rows which count 1/λ, and rows of a
//! Normal that count 1/λ are rows whose sd is √λ times as large.

use super::{EVIDENCE, MEANS, SDS, run, set};
use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::{Run, TensorValues};

/// `models/linear.bnn` with another noise: the sd in the model is 0.7.
fn with_noise(sd: f64, settings: &[(&str, &str)]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("linear.csv"), include_str!("../../models/data/linear.csv"))
        .expect("written");
    let model = format!(
        "data \"linear.csv\" {{ x1, x2, y : real }}\na ~ Normal(0, 2)\nb1 ~ Normal(0, 2)\nb2 ~ Normal(0, 2)\n\
         y ~ Normal(a + b1 * x1 + b2 * x2, {sd})\n"
    );
    let path = folder.path().join("model.bnn");
    std::fs::write(&path, model).expect("written");
    let session = Session::open(&path, set(settings)).expect("it was written");
    fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{:?}", f.diagnostics))
}

/// Mean and sd of each unknown of the guide.
fn guide(run: &Run) -> Vec<(f64, f64)> {
    let of = |name: &str, kind: &str| {
        let tensor = run.tensors.iter().find(|t| t.name == format!("{name}.{kind}")).expect("a tensor");
        let TensorValues::F64(values) = &tensor.values else { panic!("without a net all is f64") };
        values[0]
    };
    ["a", "b1", "b2"].map(|name| (of(name, "mean"), of(name, "log_sd").exp())).to_vec()
}

/// Means in posterior sds, sds relative to each other. On all rows both fits end within a few thousandths of their
/// optimum; on batches with means of the last half of the steps, within some hundredths (`batches.rs`).
fn are_alike(one: &Run, other: &Run, share: f64) {
    for ((mean, sd), (mean2, sd2)) in guide(one).into_iter().zip(guide(other)) {
        assert!(((mean - mean2) / sd2).abs() < share, "mean {mean} for {mean2}");
        assert!((sd / sd2 - 1.0).abs() < share, "sd {sd} for {sd2}");
    }
}

#[test]
fn prior_terms_that_count_a_quarter_are_a_noise_of_half_the_size() {
    for (weight, noise) in [("0.25", 0.35), ("4", 1.4)] {
        for family in ["fullrank", "meanfield"] {
            let tempered = with_noise(0.7, &[("kl_weight", weight), ("guide", family)]);
            are_alike(&tempered, &with_noise(noise, &[("guide", family)]), 0.01);
        }
    }
}

#[test]
fn batches_are_tempered_alike_and_the_way_there_does_not_matter() {
    let wanted = with_noise(0.35, &[("guide", "meanfield")]);
    are_alike(&with_noise(0.7, &[("batch", "6"), ("kl_weight", "0.25")]), &wanted, 0.05);
    let slowly = [("batch", "6"), ("kl_weight", "0.25"), ("warmup", "2000")];
    are_alike(&with_noise(0.7, &slowly), &wanted, 0.05);
    let shared = [("batch", "6"), ("kl_weight", "0.25"), ("draws", "4")];
    are_alike(&with_noise(0.7, &shared), &wanted, 0.1);
}

/// The ELBO counts all terms once, so that a tempered fit is below the evidence; its words say what it is.
#[test]
fn the_elbo_of_a_tempered_fit_is_that_of_the_model() {
    let tempered = run("linear.bnn", set(&[("guide", "fullrank"), ("kl_weight", "0.25")]));
    // Rows that count four times leave N(m, S/4) of N(m, S), up to a prior of sd 2 where S has sds of a tenth: their
    // divergence in three dimensions is ½ (3/4 − 3 + 3 log 4), and the prior moves it by a hundredth at most.
    let elbo = tempered.metrics.objective;
    let divergence = 0.5 * (0.75 - 3.0 + 3.0 * 4f64.ln());
    assert!(elbo.is_elbo && (EVIDENCE - elbo.value - divergence).abs() < 0.02, "{elbo:?}, {divergence}");
    let words = bnnc::report::verdict(&tempered).join(" ");
    assert!(words.contains("tempered (`kl_weight = 0.25`)"), "{words}");
    for (i, row) in tempered.summary.iter().enumerate() {
        assert!((row.mean - MEANS[i]).abs() < 0.2 * SDS[i] && row.sd < 0.6 * SDS[i], "{row:?}");
    }
}

/// The mode of ℓ + λ log p is the mean of the posterior whose noise has √λ times the size.
#[test]
fn a_tempered_mode_weighs_the_prior_less() {
    let by_map = |noise: f64, settings: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = settings.iter().copied().chain([("method", "map")]).collect();
        let run = with_noise(noise, &all);
        ["a", "b1", "b2"].map(|name| super::moments(&run, name).0)
    };
    for (one, other) in by_map(0.7, &[("kl_weight", "4")]).iter().zip(by_map(1.4, &[])) {
        assert!((one - other).abs() < 1e-6, "{one} for {other}");
    }
}

#[test]
fn methods_without_prior_terms_refuse() {
    let refused = |settings: &[(&str, &str)]| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/linear.bnn");
        let session =
            Session::open(&path, Options { ..set(settings) }).expect("the model is in the repository");
        let failed = fit(&session, &mut Silent).expect_err("it fitted");
        format!("{:?}", failed.diagnostics)
    };
    for method in ["mle", "laplace", "nuts", "smc", "prior"] {
        let found = refused(&[("method", method), ("kl_weight", "0.5")]);
        assert!(found.contains("O001") && found.contains("kl_weight"), "{found}");
    }
    let found = refused(&[("warmup", "100")]);
    assert!(found.contains("O001") && found.contains("warmup"), "{found}");
}
