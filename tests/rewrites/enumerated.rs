//! (13) and (14) against integrals over all draws: value and gradient by Gauss–Hermite quadrature, no sampling at all.

use super::forms::Fixture;
use bnnc::guide::{GuideSettings, NoiseSource};
use bnnc::infer::objective::with_gradient;
use bnnc::infer::posterior::Gaussian;
use bnnc::tape::eval::{Inputs, evaluate};
use bnnc::tape::{Op, Tape};

/// What 14 nodes leave of integrands like log σ(a + b tanh ε).
const TOLERANCE: f64 = 2e-6;
const NODES: usize = 14;

/// Nodes and weights for E f(ε), ε ~ N(0, 1): zeros of the Hermite polynomial He_n by Newton from between the zeros of
/// the one before, weights n! / (n He_{n−1})².
fn gauss_hermite(n: usize) -> Vec<(f64, f64)> {
    // Orthonormal recurrence: h_{k+1} = (x h_k − √k h_{k−1}) / √(k+1)
    let value = |x: f64| {
        let (mut before, mut at) = (0.0, 1.0);
        for k in 0..n {
            (before, at) = (at, (x * at - (k as f64).sqrt() * before) / ((k + 1) as f64).sqrt());
        }
        (at, before)
    };
    let limit = 2.0 * (n as f64).sqrt() + 1.0;
    let grid = 20_000;
    let x = |i: usize| -limit + 2.0 * limit * (i as f64 + 0.5) / f64::from(grid);
    let mut nodes = vec![];
    for i in 0..grid as usize {
        let (mut low, mut high) = (x(i), x(i + 1));
        if value(low).0 * value(high).0 >= 0.0 {
            continue;
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if value(low).0 * value(middle).0 < 0.0 { high = middle } else { low = middle }
        }
        nodes.push((low, 1.0 / (n as f64 * value(low).1.powi(2))));
    }
    assert_eq!(nodes.len(), n);
    nodes
}

/// Where noise enters a tape: per draw or per row, and how many numbers.
fn sources(tape: &Tape, wanted: fn(&Op) -> Option<u32>) -> Vec<(u32, usize)> {
    tape.instructions.iter().filter_map(|x| Some((wanted(&x.op)?, x.shape.len()))).collect()
}

/// E of value and gradient over all noise of a form, on one row; each sign is what `signs` says.
fn expectation(fixture: &Fixture, settings: &GuideSettings, guide: &Gaussian, signs: &[f64]) -> Vec<f64> {
    let guided = fixture.guided(settings);
    let tape = with_gradient(&guided.tape, guided.objective, &["mu", "omega"]).expect("differentiable");
    let mut inputs = Inputs::default();
    inputs.inputs.insert("mu".into(), guide.mu.clone());
    inputs.inputs.insert("omega".into(), guide.omega.clone());
    for (c, column) in fixture.model.columns.iter().enumerate() {
        let mut cell = vec![0.0; column.ty.shape.len()];
        fixture.data.columns[c].copy_rows(&[fixture.rows[0]], &mut cell);
        inputs.columns.insert(c as u32, vec![cell]);
    }
    let mut signs = signs.iter().copied().cycle();
    for (variable, n) in sources(&tape, |op| if let Op::RowSigns(v) = op { Some(*v) } else { None }) {
        inputs.row_noise.insert(variable, vec![signs.by_ref().take(n).collect()]);
    }
    let shared = sources(&tape, |op| if let Op::Noise(v) = op { Some(*v) } else { None });
    let by_row = sources(&tape, |op| if let Op::RowNoise(v) = op { Some(*v) } else { None });
    let dims: usize = shared.iter().chain(&by_row).map(|s| s.1).sum();
    assert!((1..=4).contains(&dims), "{dims} dimensions of noise");
    let nodes = gauss_hermite(NODES);
    let mut total: Vec<f64> = vec![];
    for point in 0..NODES.pow(dims as u32) {
        let mut rest = point;
        let mut weight = 1.0;
        let noise: Vec<f64> = (0..dims)
            .map(|_| {
                let (x, w) = nodes[rest % NODES];
                (rest, weight) = (rest / NODES, weight * w);
                x
            })
            .collect();
        let mut noise = noise.into_iter();
        for (variable, n) in &shared {
            inputs.noise.insert(*variable, noise.by_ref().take(*n).collect());
        }
        for (variable, n) in &by_row {
            inputs.row_noise.insert(*variable, vec![noise.by_ref().take(*n).collect()]);
        }
        let values = evaluate(&tape, &inputs, 1);
        let all = ["objective", "grad:mu", "grad:omega"].iter().flat_map(|name| {
            let slot = tape.output(name).expect("named by the gradient");
            values[slot.0 as usize].at(0).to_vec()
        });
        let all: Vec<f64> = all.collect();
        total.resize(all.len(), 0.0);
        total.iter_mut().zip(&all).for_each(|(t, v)| *t += weight * v);
    }
    total
}

/// Narrow enough for the quadrature; still the noise moves the value by tenths.
fn narrow(fixture: &Fixture) -> Gaussian {
    let mut guide = fixture.guide();
    guide.omega.iter_mut().for_each(|o| *o -= 0.9);
    guide
}

fn agree(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn keyed() -> GuideSettings {
    GuideSettings { noise: NoiseSource::Keyed, entropy: true, expected_prior: true, ..GuideSettings::plain() }
}

#[test]
fn local_reparameterisation_is_the_integral_over_all_weights() {
    let text = r#"
data "data/moons.csv" { x1, x2 : real; y : class(2); split by split }
net f(x) {
  each layer { w ~ Normal(0, 1); b ~ Normal(0, 1) }
  dense 1 tanh
  dense 1
}
y ~ Bernoulli(logit = 2 * f([x1]))
"#;
    let fixture = Fixture::new(text, 1);
    let guide = narrow(&fixture);
    let drawn = expectation(&fixture, &keyed(), &guide, &[]);
    let local = GuideSettings { local_reparam: true, ..keyed() };
    assert!(!fixture.guided(&local).rows_share_noise);
    let by_row = expectation(&fixture, &local, &guide, &[]);
    assert!(agree(&drawn, &by_row) < TOLERANCE, "{drawn:?} {by_row:?}");
}

/// A net called twice: under any fixed signs the noise keeps its law. (13) would not, and is refused.
#[test]
fn flipout_is_the_integral_over_all_weights_for_all_signs() {
    let text = r#"
data "data/moons.csv" { x1, x2 : real; y : class(2); split by split }
net f(x) {
  each layer { w ~ Normal(0, 1); b ~ Normal(0, 1) }
  dense 1 tanh
}
y ~ Bernoulli(logit = 2 * f([x1]) * f([x2]) - f([x1]))
"#;
    let fixture = Fixture::new(text, 1);
    let guide = narrow(&fixture);
    let drawn = expectation(&fixture, &keyed(), &guide, &[]);
    let flipped = GuideSettings { flipout: true, ..keyed() };
    for signs in [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]] {
        let by_row = expectation(&fixture, &flipped, &guide, &signs);
        assert!(agree(&drawn, &by_row) < TOLERANCE, "{signs:?}: {drawn:?} {by_row:?}");
    }
    let local = GuideSettings { local_reparam: true, ..keyed() };
    let notes = fixture.guided(&local).notes;
    assert!(
        notes.iter().any(|n| !n.is_applied && n.what.contains("enters each row more than once")),
        "{notes:?}"
    );
}
