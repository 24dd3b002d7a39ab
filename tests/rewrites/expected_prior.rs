//! Expected priors form by form (equations 8 to 10), each draw paired with itself before and after.

use crate::support::checked::checked;
use bnnc::check::Context;
use bnnc::engine::{Executor, NoiseKey, RowSource, Shard};
use bnnc::guide::{GuideSettings, guide};
use bnnc::infer::objective::with_gradient;
use bnnc::kernels::noise;
use bnnc::lower::{Parameterization, lower};
use bnnc::plan::plan;
use bnnc::rewrites::Rewrite;
use bnnc::source::SourceFile;
use std::sync::Arc;

/// Keyed draws; the difference between the two forms is paired, so its error is that of the rewritten terms only.
const DRAWS: usize = 3_000;
/// Standard errors by which a mean of differences may be off: 4, and a few more because several hundred are looked at.
const ERRORS: f64 = 5.0;

/// Rows that fill whatever column is asked for; the likelihood is the same in both forms.
struct Rows;

impl RowSource<f64> for Rows {
    fn copy_row(&self, column: u32, row: u32, out: &mut [f64]) {
        for (i, o) in out.iter_mut().enumerate() {
            *o = f64::from((row + column + i as u32) % 2);
        }
    }
}

/// Objective and gradient of one form at each draw.
struct Form {
    executor: Executor<f64>,
    shard: Shard<f64>,
}

impl Form {
    fn new(model: &bnnc::model::Model, expected_prior: bool) -> (Form, usize) {
        let joint = lower(model, &Parameterization::default());
        let settings = GuideSettings { entropy: true, expected_prior, ..GuideSettings::plain() };
        let guided = guide(&joint, model, &settings);
        let is_applied = guided.notes.iter().any(|n| n.is_applied && n.rewrite == Rewrite::ExpectedPrior);
        assert_eq!(is_applied, expected_prior);
        let tape = with_gradient(&guided.tape, guided.objective, &["mu", "omega"]).expect("differentiable");
        let program = Arc::new(plan(&tape, 16).expect("runs"));
        let mut shard = Shard::new(&program);
        shard.fill(&program, &Rows, &[0, 1, 2, 3, 4], 1.0);
        (Form { executor: Executor::new(program), shard }, joint.dim)
    }

    fn run(&mut self, mu: &[f64], omega: &[f64], e: &[f64]) -> Vec<f64> {
        self.executor.set_input("mu", mu);
        self.executor.set_input("omega", omega);
        self.executor.set_input("noise", e);
        self.executor.begin(NoiseKey::default());
        self.executor.rows(&self.shard, NoiseKey::default());
        self.executor.end(NoiseKey::default());
        ["objective", "grad:mu", "grad:omega"]
            .iter()
            .flat_map(|name| self.executor.output(name).expect("named above").to_vec())
            .collect()
    }
}

#[test]
fn expected_priors_keep_value_and_gradient() {
    let choices =
        [("normal", "inv_gamma"), ("normal", "half_normal"), ("laplace", "inv_gamma"), ("normal", "fixed")];
    for (prior, scale) in choices {
        let choices = [("prior", prior), ("scale", scale)].map(|(n, l)| (n.to_owned(), l.to_owned()));
        let context = Context { choices: choices.to_vec(), ..Context::default() };
        let source = SourceFile::new("moons.bnn", include_str!("../../models/moons.bnn"));
        let model = checked(&source, "models", &context).0.expect("the model is right");
        keeps_expectation(&format!("{prior} {scale}"), &model);
    }
}

/// Scales that run along the inputs of a layer are repeated along its outputs.
#[test]
fn expected_priors_of_scales_along_inputs_keep_value_and_gradient() {
    let text = include_str!("../../models/moons.bnn")
        .replace("w ~ Normal(0, s_w);", "w ~ Normal(0, 2 * s_w / sqrt(fan_in));")
        .replace("s_w ~ InvGamma(1, 1);", "s_w[inputs] ~ InvGamma(1, 1);");
    let source = SourceFile::new("moons.bnn", text);
    let context = Context { choices: vec![("prior".to_owned(), "normal".to_owned())], ..Context::default() };
    let model = checked(&source, "models", &context).0.expect("the model is right");
    assert!(model.unknowns.iter().any(|u| u.name == "f.2.s_w" && u.shape.0 == [5]));
    keeps_expectation("normal along inputs", &model);
}

fn keeps_expectation(name: &str, model: &bnnc::model::Model) {
    let ((mut drawn, dim), (mut closed, _)) = (Form::new(model, false), Form::new(model, true));
    let mu: Vec<f64> = (0..dim).map(|i| 0.4 * (i as f64 * 1.3).sin()).collect();
    let omega: Vec<f64> = (0..dim).map(|i| -1.2 + 0.3 * (i as f64 * 0.7).cos()).collect();
    let (mut mean, mut square) = (vec![0.0; 2 * dim + 1], vec![0.0; 2 * dim + 1]);
    let mut e = vec![0.0; dim];
    for d in 0..DRAWS {
        noise::normals(&mut e, noise::key(7, d as u64, 1, 0), 0);
        let (a, b) = (drawn.run(&mu, &omega, &e), closed.run(&mu, &omega, &e));
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            mean[i] += (a - b) / DRAWS as f64;
            square[i] += (a - b).powi(2) / DRAWS as f64;
        }
    }
    for i in 0..mean.len() {
        let se = ((square[i] - mean[i] * mean[i]).max(0.0) / DRAWS as f64).sqrt();
        assert!(mean[i].abs() <= ERRORS * se + 1e-9, "{name} {i}: {} ± {se}", mean[i]);
    }
    // The test could not fail if the two forms were the same.
    assert!(square[0] > 1e-6, "{name}");
}
