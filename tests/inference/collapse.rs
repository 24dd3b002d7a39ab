//! Collapsed scales (`docs/inference.md`, equation 12) against quadrature of the bound that they replace.

use crate::support::checked::checked;
use bnnc::check::Context;
use bnnc::guide::collapse::{Moment, find};
use bnnc::lower::{LogJoint, Parameterization, lower};
use bnnc::model::Model;
use bnnc::source::SourceFile;
use bnnc::tape::Slot;
use bnnc::tape::eval::{Inputs, evaluate};

/// Two layers; what is in braces is put into each.
fn net(priors: &str) -> String {
    format!(
        "data moons(50, noise = 0.3) {{ x1, x2 : real; y : class(2) }}\n\
         net f(x) {{\n  each layer {{ {priors} }}\n  dense 3 tanh\n  dense 2 softmax\n}}\n\
         y ~ Categorical(probs = f([x1, x2]))\n"
    )
}

fn lowered(text: &str) -> (Model, LogJoint) {
    let source = SourceFile::new("net.bnn", text);
    let (model, found) = checked(&source, "models", &Context::default());
    let model = model.unwrap_or_else(|| panic!("{text}\n{found:?}"));
    let joint = lower(&model, &Parameterization::default());
    (model, joint)
}

/// Priors, whether anything is collapsed, and how many scales.
const CASES: &[(&str, usize)] = &[
    ("w ~ Normal(0, s); b ~ Normal(0, 1); s ~ HalfNormal(1)", 2),
    ("w ~ Normal(0, s / sqrt(fan_in)); b ~ Normal(0, 2 * t); s ~ HalfCauchy(2); t ~ InvGamma(1, 1)", 4),
    ("w ~ Normal(0, sqrt(v)); b ~ Normal(0, sqrt(v)); v ~ InvGamma(2, 1.5)", 2),
    ("w ~ Normal(0, 1 / sqrt(p)); b ~ Normal(0, 1); p ~ Gamma(shape = 2, rate = 1)", 2),
    ("w ~ Laplace(0, s); b ~ Laplace(0, t); s ~ InvGamma(1, 1); t ~ Exponential(rate = 2)", 4),
    ("w ~ Normal(0, s / sqrt(fan_in)); s[inputs] ~ HalfNormal(1)", 5),
    ("w ~ Laplace(0, s); b ~ Laplace(0, s); s[outputs] ~ LogNormal(0, 1)", 5),
    ("w ~ Normal(0, s); b ~ Normal(0, 1); s ~ Cauchy(0, 2) on (0, inf)", 2),
    // The prior is not centred at 0, not Normal or Laplace, or its scale is a product of two unknowns.
    ("w ~ Normal(1, s); b ~ Normal(0, 1); s ~ HalfNormal(1)", 0),
    ("w ~ Cauchy(0, s); b ~ Normal(0, 1); s ~ HalfNormal(1)", 0),
    ("w ~ Normal(0, s * t); b ~ Normal(0, 1); s ~ HalfNormal(1); t ~ HalfNormal(1)", 0),
    ("w ~ Normal(0, s); b ~ Laplace(0, s); s ~ HalfNormal(1)", 0),
    ("w ~ Normal(0, s); b ~ Normal(0, 1); s ~ HalfNormal(r); r ~ HalfNormal(1)", 0),
    ("w ~ Normal(0, 1 + s); b ~ Normal(0, 1); s ~ HalfNormal(1)", 0),
];

#[test]
fn what_may_be_collapsed_is_and_nothing_else() {
    for (priors, count) in CASES {
        let (model, joint) = lowered(&net(priors));
        let mut notes = vec![];
        let collapse = find(&joint, &model, 0, &mut notes);
        assert_eq!(collapse.scales.len(), *count, "{priors}: {notes:?}");
        assert_eq!(notes.is_empty(), *count == 0, "{priors}");
        let none = find(&joint, &model, joint.random_dim, &mut notes);
        assert!(none.is_empty(), "nothing in a full-rank block is collapsed: {priors}");
    }
}

#[test]
fn a_scale_that_the_likelihood_reads_is_not_collapsed() {
    let text = "data moons(50, noise = 0.3) { x1, x2 : real; y : class(2) }\n\
        s ~ HalfNormal(1)\nbeta[2] ~ Normal(0, s)\nx1 ~ Normal(x2 * beta[1] + beta[2], s)\n";
    let (model, joint) = lowered(text);
    assert!(find(&joint, &model, 0, &mut vec![]).is_empty());
    let (model, joint) = lowered(&text.replace("beta[2], s)", "beta[2], 1)"));
    assert_eq!(find(&joint, &model, 0, &mut vec![]).scales.len(), 1);
}

/// Nodes over a weight's noise and over the logarithm of a scale.
const NOISE: usize = 2_001;
const GRID: usize = 3_001;

#[test]
fn the_integral_is_the_best_bound_over_every_q_of_the_scale() {
    for (priors, _) in CASES.iter().filter(|c| c.1 > 0) {
        let (model, joint) = lowered(&net(priors));
        let collapse = find(&joint, &model, 0, &mut vec![]);
        let n = joint.random_dim;
        let mu: Vec<f64> = (0..n).map(|i| 0.6 * (1.3 * i as f64).sin()).collect();
        let omega: Vec<f64> = (0..n).map(|i| -1.0 + 0.5 * (0.7 * i as f64).cos()).collect();
        let mut precision = vec![0.0; n];
        let sigma: Vec<f64> = omega.iter().map(|o| o.exp()).collect();
        let with_rest = collapse.precision(&mu, &sigma, &mut precision);
        // Σ C(T) = what is returned less c E*[v^{−kp}] T, here from each weight's moment.
        let rest: f64 = (0..n)
            .filter(|i| precision[*i] != 0.0)
            .map(|i| {
                let sigma = omega[i].exp();
                match collapse.scales[0].moment {
                    Moment::Normal => 0.5 * precision[i] * (mu[i] * mu[i] + sigma * sigma),
                    Moment::Laplace => precision[i] * normal_mean(|z| (mu[i] + sigma * z).abs()),
                }
            })
            .sum();
        let got = with_rest - rest;
        let want: f64 = uncollapsed(&joint, &collapse, &mu, &omega);
        assert!((got - want).abs() < 1e-5 * (1.0 + want.abs()), "{priors}: {got} for {want}");
    }
}

/// Σ over scales of log ∫ exp(E_q log p(w|s)) p(s) ds: the uncollapsed bound at its best q(s), by brute force on the
/// tape of the log joint.
fn uncollapsed(
    joint: &LogJoint,
    collapse: &bnnc::guide::collapse::Collapse,
    mu: &[f64],
    omega: &[f64],
) -> f64 {
    // Expected log priors as functions of the scales: a mean over the weights' noise, all at once, because the terms add.
    let latents: Vec<_> = joint.latents.iter().filter(|l| !collapse.holds(l.start)).collect();
    let scales: Vec<_> = joint.latents.iter().filter(|l| collapse.holds(l.start)).collect();
    let weights: Vec<Slot> = latents
        .iter()
        .filter(|l| collapse.moment_of(l.start).is_some())
        .filter_map(|l| l.log_prior)
        .collect();
    let own: Vec<Slot> = scales.iter().flat_map(|l| [l.log_prior, l.log_jacobian]).flatten().collect();
    let at = |u: &[f64], slots: &[Slot]| -> f64 {
        let mut inputs = Inputs::default();
        inputs.inputs.insert("u".into(), u.to_vec());
        let values = evaluate(&joint.tape, &inputs, 0);
        slots.iter().map(|s| values[s.0 as usize].number()).sum()
    };
    // The weights' terms are a + Σ_k (b_k x_k + c_k e^{−p x_k}) in the logs x of the scales: three points tell all.
    let expected = |x: &[f64]| {
        normal_mean(|z| {
            let mut u: Vec<f64> = mu.iter().zip(omega).map(|(m, o)| m + o.exp() * z).collect();
            for (scale, x) in collapse.scales.iter().zip(x) {
                u[scale.latent] = *x;
            }
            at(&u, &weights)
        })
    };
    let k = collapse.scales.len();
    let zero = vec![0.0; k];
    let base = expected(&zero);
    let prior = |i: usize, x: f64| {
        let mut u = mu.to_vec();
        for scale in &collapse.scales {
            u[scale.latent] = 0.0;
        }
        u[collapse.scales[i].latent] = x;
        at(&u, &own)
    };
    let priors_at_zero = {
        let mut u = mu.to_vec();
        for scale in &collapse.scales {
            u[scale.latent] = 0.0;
        }
        at(&u, &own)
    };
    let mut total = base + priors_at_zero;
    for i in 0..k {
        let moved = |x: f64| {
            let mut at = zero.clone();
            at[i] = x;
            expected(&at) - base
        };
        let power = power_of(moved(1.0), moved(2.0), moved(3.0));
        let slope = |x: f64| (-power * x).exp() - 1.0;
        // moved(x) = b x + c (e^{−p x} − 1), from two points.
        let (y1, y2) = (moved(1.0), moved(2.0));
        let c = (y2 - 2.0 * y1) / (slope(2.0) - 2.0 * slope(1.0));
        let b = y1 - c * slope(1.0);
        let (low, high) = (-14.0, 14.0);
        let step = (high - low) / (GRID - 1) as f64;
        let values: Vec<f64> = (0..GRID)
            .map(|g| {
                let x = low + step * g as f64;
                b * x + c * slope(x) + prior(i, x) - priors_at_zero
            })
            .collect();
        let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        total += top + (values.iter().map(|v| (v - top).exp()).sum::<f64>() * step).ln();
    }
    total
}

/// p of y(x) = b x + c (e^{−p x} − 1) from y(1), y(2), y(3): (y3 − 2 y2 + y1)/(y2 − 2 y1) = e^{−p}.
fn power_of(y1: f64, y2: f64, y3: f64) -> f64 {
    -((y3 - 2.0 * y2 + y1) / (y2 - 2.0 * y1)).ln()
}

/// Mean over a standard normal by the trapezoid rule on ± 9.
fn normal_mean(f: impl Fn(f64) -> f64) -> f64 {
    let step = 18.0 / (NOISE - 1) as f64;
    let node = |i: usize| -9.0 + step * i as f64;
    let weight = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt() * step;
    (0..NOISE).map(|i| weight(node(i)) * f(node(i))).sum()
}
