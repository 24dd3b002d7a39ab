//! `BNNC_WITHOUT` switches passes and fusions off: the plan is another one, and the fit is the same but for rounding.

use super::{Outcome, Place, command};
use bnnc::passes;
use bnnc::plan::{ARRANGEMENTS, FUSIONS};

/// A fit of ten steps in f32: rounding of 1e-7 grows by the steps' rates.
const TOLERANCE: f64 = 1e-3;

/// All passes and fusions but one change the plan of this network.
const NET: &str = r#"data idx("images", "labels") { x : image(8, 8); y : class(2) }
net f(x) {
  each layer { w ~ Normal(0, 1); b ~ Normal(0, 1) }
  conv 3 3x3 tanh
  maxpool 2
  dense 4 tanh
  dense 2 softmax
}
y ~ Categorical(probs = f(x))
"#;

/// Weights that are more than a cache holds.
const WIDE: &str = r#"data idx("images", "labels") { x : image(8, 8); y : class(2) }
net f(x) {
  each layer { w ~ Normal(0, s); s ~ HalfNormal(1); b ~ Normal(0, 1) }
  dense 300 tanh
  dense 2 softmax
}
y ~ Categorical(probs = f(x))
"#;

fn place() -> Place {
    let place = Place::new();
    let rows = 24u32;
    let file = |sizes: &[u32], below: u32| {
        let mut bytes = vec![0, 0, 8, sizes.len() as u8];
        sizes.iter().for_each(|n| bytes.extend(n.to_be_bytes()));
        let numbers = 0..sizes.iter().product::<u32>();
        bytes.extend(numbers.map(|i| ((i.wrapping_mul(2_654_435_761) >> 8) % below) as u8));
        bytes
    };
    std::fs::write(place.path("images"), file(&[rows, 8, 8], 256)).unwrap();
    std::fs::write(place.path("labels"), file(&[rows], 2)).unwrap();
    place.write("net.bnn", NET);
    place.write("wide.bnn", WIDE);
    place
}

fn without(place: &Place, line: &str, names: &str) -> Outcome {
    Outcome::of(command(&place.path(""), line).env("BNNC_WITHOUT", names).output().unwrap())
}

#[test]
fn every_pass_and_fusion_can_be_switched_off() {
    let place = place();
    let fit = "fit net.bnn --steps 10 --set predict_draws=2 --force --out run";
    let objective = |names: &str| {
        let done = without(&place, fit, names);
        assert_eq!(done.status, 0, "without {names}: {}", done.err);
        place.json("run/metrics.json")["elbo"].as_f64().unwrap()
    };
    let plan = |names: &str| without(&place, "check net.bnn --emit plan", names).out;
    let (with_all, plan_with_all) = (objective(""), plan(""));
    assert!(plan_with_all.contains("ConvPool"), "{plan_with_all}");
    for name in passes::ALL.iter().map(|p| p.name).chain(FUSIONS.iter().map(|f| f.name)) {
        // Equal instructions are mostly shared where they are appended, so that pass finds none on this network.
        assert!(name == "share_common" || plan(name) != plan_with_all, "{name} changes nothing");
        let found = objective(name);
        assert!((found / with_all - 1.0).abs() < TOLERANCE, "without {name}: {found}, with all: {with_all}");
    }
}

/// What only moves values in memory changes no bit.
#[test]
fn arrangements_change_the_plan_and_no_bit() {
    let place = place();
    for draws in ["auto", "shared"] {
        let posterior = |names: &str| {
            let fit = format!(
                "fit wide.bnn --steps 5 --set predict_draws=2 --set restarts=1 --set draws={draws} --force --out run"
            );
            let done = without(&place, &fit, names);
            assert_eq!(done.status, 0, "without {names}: {}", done.err);
            let elbo = place.json("run/metrics.json")["elbo"].as_f64().unwrap();
            (std::fs::read(place.path("run/posterior.safetensors")).unwrap(), elbo.to_bits())
        };
        let plan = |names: &str| {
            without(&place, &format!("check wide.bnn --set draws={draws} --emit plan"), names).out
        };
        let (all, plan_with_all) = (posterior(""), plan(""));
        assert!(plan_with_all.contains("strips:"), "{plan_with_all}");
        for (name, _) in ARRANGEMENTS {
            assert!(plan(name) != plan_with_all, "{name} changes nothing");
            assert!(posterior(name) == all, "{name} changes the fit, draws = {draws}");
        }
    }
}

/// Counts whose log Γ(y + 1) is of the data alone.
const COUNTS: &str = r#"data "counts.csv" { x : real; y : count }
a ~ Normal(0, 1)
b ~ Normal(0, 1)
y ~ Poisson(exp(a + b * x))
"#;

/// The same kernels compute it, so on rows of one shard it changes no bit; with more, sums are cut elsewhere.
#[test]
fn what_is_of_the_data_is_computed_once_and_changes_no_bit() {
    let place = place();
    let rows: String = (0..37).map(|i| format!("{},{}\n", f64::from(i % 7) / 7.0, i * 5 % 9)).collect();
    place.write("counts.csv", &format!("x,y\n{rows}"));
    place.write("counts.bnn", COUNTS);
    let plan = |names: &str| without(&place, "check counts.bnn --emit plan", names).out;
    assert!(plan("").contains("of_data") && !plan("of_data").contains("of_data"), "{}", plan(""));
    assert!(plan("of_data").contains("LnGamma"), "{}", plan("of_data"));
    for method in ["advi", "nuts --set tune=50 --set samples=50", "smc --set samples=20", "laplace"] {
        let posterior = |names: &str| {
            let done = without(&place, &format!("fit counts.bnn --force --out run --method {method}"), names);
            assert_eq!(done.status, 0, "{method} without {names}: {}", done.err);
            std::fs::read(place.path("run/posterior.safetensors")).unwrap()
        };
        assert!(posterior("") == posterior("of_data"), "{method} has another posterior");
    }
}

#[test]
fn a_switch_that_there_is_not_is_refused() {
    let place = place();
    let refused = without(&place, "check net.bnn", "fuse_desne");
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("O001") && refused.err.contains("fuse_dense"), "{}", refused.err);
    let level = |name: &str| {
        let mut check = command(&place.path(""), "check net.bnn");
        Outcome::of(check.env("BNNC_SIMD", name).output().unwrap())
    };
    let refused = level("axv2");
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("O001") && refused.err.contains("plain, avx2, avx512"), "{}", refused.err);
    assert_eq!(level("avx2").status, 0);
}
