//! Rewrites that say "same" keep the expectation of value and gradient: every line of the table, before and after.

use super::forms::{Fixture, Form};
use bnnc::guide::{GuideSettings, NoiseSource};
use bnnc::infer::points::Points;
use bnnc::rewrites::{self, Family, Rewrite};

/// Draws in the slow tests, and standard errors by which two means may differ there.
const MANY: (usize, f64) = (100_000, 4.0);
/// The same in the ordinary tests: 1,300 numbers are compared, and means of few draws have heavier tails than a normal.
pub(super) const FEW: (usize, f64) = (10_000, 5.0);

/// A net called twice in a row: each weight is reused. Priors of every closed form, and two without.
pub(super) const REUSED: &str = r#"
data "data/moons.csv" { x1, x2 : real; y : class(2) from "y"; split by split }
net f(x) {
  each layer { w ~ Normal(0, s); b ~ Laplace(0, 1) }
  dense 3 tanh { s ~ InvGamma(1, 1) }
  dense 1 { s ~ HalfNormal(1); b ~ Cauchy(0, 1) }
}
y ~ Bernoulli(logit = 2 * f([x1, x2]) - f([x2, x1]))
"#;

/// Each weight enters a row once.
pub(super) const ONCE: &str = r#"
data "data/moons.csv" { x1, x2 : real; y : class(2) from "y"; split by split }
net f(x) {
  each layer { w ~ Normal(0, s); b ~ Laplace(0, 1); s ~ InvGamma(1, 1) }
  dense 4 tanh
  dense 3 tanh { b ~ Point }
  dense 2 softmax { w ~ Cauchy(0, 1) }
}
y ~ Categorical(probs = f([x1, x2]))
"#;

/// Kernels are reused at each position.
pub(super) const IMAGES: &str = r#"
data idx("data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz") {
  x : image(28, 28)
  y : class(10)
}
net f(x) {
  each layer { w ~ Normal(0, 1); b ~ Normal(0, 1) }
  avgpool 4
  conv 2 3x3 tanh
  maxpool 2
  conv 3 2x2 relu
  dense 10 softmax
}
y ~ Categorical(probs = f(x))
"#;

/// A model, and the two forms of it.
struct Case {
    model: &'static str,
    rows: usize,
    before: (GuideSettings, Points, usize),
    after: (GuideSettings, Points, usize),
}

/// The cases of a rewrite; a new variant must say what its proof is.
fn cases(rewrite: Rewrite) -> Vec<Case> {
    let plain = GuideSettings::plain();
    // Closed forms, so that the noise compared is that of the rows.
    let keyed =
        GuideSettings { noise: NoiseSource::Keyed, entropy: true, expected_prior: true, ..plain.clone() };
    let none = Points::default();
    let case = |model, rows, before: &GuideSettings, after: GuideSettings| Case {
        model,
        rows,
        before: (before.clone(), none, 1),
        after: (after, none, 1),
    };
    let noise = |draws, points| Case {
        model: REUSED,
        rows: 5,
        before: (plain.clone(), none, draws),
        after: (plain.clone(), points, draws),
    };
    match rewrite {
        Rewrite::Entropy => vec![case(REUSED, 5, &plain, GuideSettings { entropy: true, ..plain.clone() })],
        Rewrite::ExpectedPrior => {
            let after = GuideSettings { expected_prior: true, ..plain.clone() };
            vec![case(REUSED, 5, &plain, after.clone()), case(ONCE, 5, &plain, after)]
        }
        Rewrite::LocalReparam => {
            let after = GuideSettings { local_reparam: true, ..keyed.clone() };
            vec![
                case(ONCE, 40, &keyed, after.clone()),
                // A convolution with one output pixel and the last layer; the other kernel is drawn.
                case(IMAGES, 4, &keyed, after),
            ]
        }
        Rewrite::Flipout => {
            let after = GuideSettings { flipout: true, ..keyed.clone() };
            vec![case(REUSED, 40, &keyed, after.clone()), case(IMAGES, 4, &keyed, after)]
        }
        Rewrite::StickTheLanding => {
            let before = GuideSettings { entropy: true, ..plain.clone() };
            vec![case(REUSED, 5, &before, GuideSettings { stick_the_landing: true, ..plain.clone() })]
        }
        Rewrite::Antithetic => vec![noise(2, Points { antithetic: true, quasi_random: false })],
        Rewrite::QuasiRandom => vec![
            noise(4, Points { antithetic: false, quasi_random: true }),
            noise(8, Points { antithetic: true, quasi_random: true }),
        ],
        Rewrite::Collapse | Rewrite::NonCentre | Rewrite::TiedScales | Rewrite::ScaleMixture => vec![],
    }
}

fn same_expectation((draws, errors): (usize, f64)) {
    for entry in rewrites::ALL {
        let cases = cases(entry.rewrite);
        assert_eq!(cases.is_empty(), entry.family == Family::New, "{}", entry.name);
        for case in cases {
            let fixture = Fixture::new(case.model, case.rows);
            let guide = fixture.guide();
            let run = |(settings, points, per_step): &(GuideSettings, Points, usize), seed| {
                Form::<f64>::new(&fixture, settings, *points, *per_step).moments(
                    &guide,
                    seed,
                    draws / per_step,
                )
            };
            let (before, after) = (run(&case.before, 1), run(&case.after, 2));
            let distance = before.distance(&after);
            println!(
                "{:<18} {distance:.2} se; variance of the value {:.4} → {:.4}, of the gradient {:.4} → {:.4}",
                entry.name,
                before.of_value(),
                after.of_value(),
                before.of_gradient(),
                after.of_gradient()
            );
            assert!(distance < errors, "{}: {distance} standard errors", entry.name);
            // The comparison could not fail if the rewrite did nothing.
            let moved = (before.of_value() / after.of_value() - 1.0).abs()
                + (before.of_gradient() / after.of_gradient() - 1.0).abs();
            assert!(moved > 0.02, "{}: both forms have the same variance", entry.name);
        }
    }
}

#[test]
fn same_rewrites_keep_value_and_gradient() {
    same_expectation(FEW);
}

#[test]
#[ignore = "slow: part of the second command of the README"]
fn same_rewrites_keep_value_and_gradient_over_many_draws() {
    same_expectation(MANY);
}

/// The reason why convolutions refuse (13): independent noise at each position is another distribution.
#[test]
fn noise_per_position_of_a_reused_kernel_is_biased() {
    let keyed = GuideSettings {
        noise: NoiseSource::Keyed,
        entropy: true,
        expected_prior: true,
        ..GuideSettings::plain()
    };
    let allowed = GuideSettings { local_reparam: true, ..keyed.clone() };
    let forced = GuideSettings { even_where_reused: true, ..allowed.clone() };
    let fixture = Fixture::new(IMAGES, 2);
    let guide = fixture.guide();
    let run = |settings: &GuideSettings, seed| {
        Form::<f64>::new(&fixture, settings, Points::default(), 1).moments(&guide, seed, 2 * FEW.0)
    };
    let drawn = run(&keyed, 1);
    let (exact, biased) = (drawn.distance(&run(&allowed, 2)), drawn.distance(&run(&forced, 2)));
    println!("(13) on a convolutional net: {exact:.1} se; forced on every kernel: {biased:.1} se");
    assert!(exact < FEW.1 && biased > 2.0 * FEW.1);
}
