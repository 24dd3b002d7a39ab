//! Latents that are correlated, in a block or along directions (`docs/inference.md`, equations 5 and 6): rewrites of
//! their noise and of their priors keep the expectation, and the gradient is that of central differences.

use super::forms::{Fixture, Form};
use super::same::{FEW, IMAGES, ONCE, REUSED};
use bnnc::engine::NoiseKey;
use bnnc::guide::{GuideSettings, NoiseSource};
use bnnc::infer::directions::Directions;
use bnnc::infer::points::Points;
use bnnc::infer::posterior::Gaussian;
use std::ops::Range;

const RANK: usize = 2;

/// Every second tensor of a model moves along; so some neighbours do, and some stay by themselves.
fn along(fixture: &Fixture) -> Vec<Range<usize>> {
    let random = fixture.joint.random_dim;
    let latents = fixture.joint.latents.iter().map(|l| l.start..l.start + l.len);
    latents.filter(|r| r.end <= random).enumerate().filter(|(i, _)| i % 3 != 1).map(|(_, r)| r).collect()
}

fn guide(fixture: &Fixture, along: &[Range<usize>]) -> Gaussian {
    let guide = fixture.guide();
    let mut directions = Directions { rank: RANK, v: vec![0.0; guide.random() * RANK] };
    for (k, v) in directions.rows_mut(along).enumerate() {
        *v = 0.4 * (k as f64 * 1.7 + 0.3).sin();
    }
    Gaussian { directions, ..guide }
}

/// A guide with a block of the first two tensors.
fn blocked(fixture: &Fixture) -> Gaussian {
    let mut starts: Vec<usize> = fixture.joint.latents.iter().map(|l| l.start).collect();
    starts.sort_unstable();
    let full = starts[2];
    let lower = (0..full * full).map(|k| 0.3 * (k as f64 * 2.3 + 0.1).sin()).collect();
    Gaussian { lower, full, ..fixture.guide() }
}

#[test]
fn rewrites_keep_the_expectation_beside_a_block() {
    let keyed = GuideSettings { noise: NoiseSource::Keyed, entropy: true, ..GuideSettings::plain() };
    for (name, model, rows) in [("reused", REUSED, 20), ("once", ONCE, 40)] {
        let fixture = Fixture::new(model, rows);
        let guide = blocked(&fixture);
        let before = GuideSettings { full_dims: guide.full, ..keyed.clone() };
        let after =
            GuideSettings { expected_prior: true, local_reparam: true, flipout: true, ..before.clone() };
        let run = |settings: &GuideSettings, seed| {
            Form::<f64>::new(&fixture, settings, Points::default(), 1).moments(&guide, seed, FEW.0)
        };
        let distance = run(&before, 1).distance(&run(&after, 2));
        println!("{name}: {distance:.2} se");
        assert!(distance < FEW.1, "{name}: {distance} standard errors");
    }
}

#[test]
fn the_gradient_of_a_block_is_that_of_central_differences() {
    let fixture = Fixture::new(ONCE, 40);
    let at = blocked(&fixture);
    let settings = GuideSettings {
        full_dims: at.full,
        noise: NoiseSource::Keyed,
        entropy: true,
        expected_prior: true,
        ..GuideSettings::plain()
    };
    let mut form = Form::<f64>::keyed(&fixture, &settings, Some(8));
    let key = NoiseKey { seed: 5, step: 3, draw: 0, ..NoiseKey::default() };
    let found = form.step(&at, key);
    let first = at.mu.len() + at.random();
    for k in 0..at.full * at.full {
        let mut value = |h: f64| {
            let mut moved = at.clone();
            moved.lower[k] += h;
            form.step(&moved, key)[0]
        };
        let slope = (value(1e-5) - value(-1e-5)) / 2e-5;
        let gap = (slope - found[1 + first + k]).abs();
        assert!(gap < DIFFERENCES * (1.0 + slope.abs()), "{k}: {} and {slope}", found[1 + first + k]);
    }
}

#[test]
fn rewrites_keep_the_expectation_around_directions() {
    let plain = GuideSettings { rank: RANK, entropy: true, ..GuideSettings::plain() };
    let keyed = GuideSettings { noise: NoiseSource::Keyed, ..plain.clone() };
    let closed = |from: &GuideSettings| GuideSettings { expected_prior: true, ..from.clone() };
    for (name, model, rows, before, after) in [
        ("closed priors", REUSED, 5, &plain, closed(&plain)),
        ("closed priors", ONCE, 5, &plain, closed(&plain)),
        ("noise per row", ONCE, 40, &keyed, GuideSettings { local_reparam: true, ..closed(&keyed) }),
        ("noise per row", IMAGES, 4, &keyed, GuideSettings { local_reparam: true, ..closed(&keyed) }),
        ("signs per row", REUSED, 40, &keyed, GuideSettings { flipout: true, ..closed(&keyed) }),
    ] {
        let fixture = Fixture::new(model, rows);
        let along = along(&fixture);
        let guide = guide(&fixture, &along);
        let run = |settings: &GuideSettings, seed| {
            let settings = GuideSettings { along: along.clone(), ..settings.clone() };
            Form::<f64>::new(&fixture, &settings, Points::default(), 1).moments(&guide, seed, FEW.0)
        };
        let (before, after) = (run(before, 1), run(&after, 2));
        let distance = before.distance(&after);
        println!("{name}: {distance:.2} se, variance {:.4} → {:.4}", before.of_value(), after.of_value());
        assert!(distance < FEW.1, "{name}: {distance} standard errors");
        let moved = (before.of_value() / after.of_value() - 1.0).abs()
            + (before.of_gradient() / after.of_gradient() - 1.0).abs();
        assert!(moved > 0.01, "{name}: both forms have the same variance");
    }
}

/// Central differences with step 1e-5 of a sum over forty rows: rounding 1e-9, truncation less.
const DIFFERENCES: f64 = 1e-6;

#[test]
fn the_gradient_is_that_of_central_differences() {
    let fixture = Fixture::new(ONCE, 40);
    let along = along(&fixture);
    let settings = GuideSettings {
        rank: RANK,
        along: along.clone(),
        noise: NoiseSource::Keyed,
        entropy: true,
        expected_prior: true,
        local_reparam: true,
        ..GuideSettings::plain()
    };
    let mut form = Form::<f64>::keyed(&fixture, &settings, Some(8));
    let at = guide(&fixture, &along);
    let key = NoiseKey { seed: 5, step: 3, draw: 0, ..NoiseKey::default() };
    let found = form.step(&at, key);
    let (dim, random) = (at.mu.len(), at.random());
    let numbers = found.len() - 1;
    assert!(numbers > dim + random + RANK, "there are directions");
    for k in 0..numbers {
        let mut value = |h: f64| {
            let mut moved = at.clone();
            match k {
                k if k < dim => moved.mu[k] += h,
                k if k < dim + random => moved.omega[k - dim] += h,
                k => *moved.directions.rows_mut(&along).nth(k - dim - random).expect("a row") += h,
            }
            form.step(&moved, key)[0]
        };
        let slope = (value(1e-5) - value(-1e-5)) / 2e-5;
        let gap = (slope - found[1 + k]).abs();
        assert!(gap < DIFFERENCES * (1.0 + slope.abs()), "number {k}: {} and {slope}", found[1 + k]);
    }
}
