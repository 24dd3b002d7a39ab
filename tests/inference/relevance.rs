//! Inputs that carry nothing are switched off by their own scale, also in minibatches.

use super::moments;
use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

/// y = sin 2x₁ + ½ x₂² + noise, four further columns of noise.
fn rows() -> String {
    let mut rng = StdRng::seed_from_u64(5);
    let mut text = "x1,x2,x3,x4,x5,x6,y\n".to_owned();
    for _ in 0..2000 {
        let x: Vec<f64> = (0..6).map(|_| rng.sample(StandardNormal)).collect();
        let noise: f64 = rng.sample(StandardNormal);
        let y = (2.0 * x[0]).sin() + 0.5 * x[1] * x[1] + 0.2 * noise;
        let words: Vec<String> = x.iter().chain([&y]).map(|v| format!("{v:.4}")).collect();
        text += &(words.join(",") + "\n");
    }
    text
}

const MODEL: &str = r#"
data "rows.csv" { x : real[6]; y : real; split valid = 0.2 }
net f(x) {
  each layer { w ~ Normal(0, s / sqrt(fan_in)); s[inputs] ~ HalfNormal(1) }
  dense 30 tanh
  dense 1
}
sigma ~ HalfNormal(1)
y ~ Normal(f(x), sigma)
fit { batch = 128; epochs = 200; predict_draws = 20 }
"#;

#[test]
fn inputs_that_carry_nothing_are_switched_off() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rows.csv"), rows()).expect("written");
    let path = folder.path().join("relevance.bnn");
    std::fs::write(&path, MODEL).expect("written");
    let session = Session::open(&path, Options::default()).expect("opens");
    let run = fit(&session, &mut Silent).expect("fits");
    let scale = |i: usize| moments(&run, &format!("f.1.s[{i}]")).0;
    let least = scale(1).min(scale(2));
    for i in 3..=6 {
        assert!(scale(i) < 0.03 * least, "scale of input {i}: {}, of those that matter {least}", scale(i));
    }
    // Where weights move one by one only, the same steps end near -430.
    let elbo = run.metrics.objective.value;
    assert!(elbo > -400.0, "ELBO {elbo}");
}
