//! Where a fit without a net starts: a point of high density in u, and lengths from the curvature there.
//!
//! The first candidate is the mode: L-BFGS in units of the curvature, so that the units of a column change nothing,
//! then Newton steps where the Hessian is affordable. A centred hierarchy has no mode (its density rises without
//! bound as the scale of a group goes to 0), so where there are scales the second candidate climbs with them held,
//! then climbs them alone. Which one is better their ELBO says.

use super::super::climb::Diverged;
use super::super::coordinates::Coordinates;
use super::super::draws::{Joint, elbo_draws, mean_and_se, variable};
use super::super::error::FitError;
use super::super::problem::Problem;
use super::super::{lbfgs, linear, messages};
use crate::kernels::noise;

/// Latents up to which the Hessian is computed for Newton steps.
const NEWTON_DIMS: usize = 200;
/// L-BFGS begins again in the units of where it has come to, so often and for so many iterations.
const ROUNDS: usize = 4;
const ITERATIONS: usize = 50;
/// Keyed starts that are tried where the density at u = 0 is not finite, and their sd.
const TRIES: u64 = 20;
const TRY_SD: f64 = 0.5;
/// The sd of the starts of restarts: they are to find other modes.
const RESTART_SD: f64 = 2.0;
/// Further starts that a small model's first one is compared with, by how many nats they have to be better, and what is
/// small: latents times rows.
const FURTHER: usize = 4;
const WORTH: f64 = 1.0;
const LITTLE: usize = 200_000;
/// Draws that candidates are compared by.
const COMPARE: usize = 128;

/// A mode for a model without random unknowns.
///
/// # Errors
/// G008 if no start has a finite density and gradient.
pub fn mode(joint: &mut Joint, problem: &Problem<'_>) -> Result<Vec<f64>, FitError> {
    mode_from(joint, problem, 0)
}

/// The same from another start.
///
/// # Errors
/// G008 if no start has a finite density and gradient.
pub fn mode_from(joint: &mut Joint, problem: &Problem<'_>, index: usize) -> Result<Vec<f64>, FitError> {
    let start = finite_start(joint, problem, index)?;
    let u = ascend(joint, start, &[]);
    Ok(newton(joint, u))
}

/// The best start: its point is the origin, its curvature the unit.
///
/// # Errors
/// G008 if no start has a finite density and gradient.
pub fn start(
    joint: &mut Joint,
    problem: &Problem<'_>,
    full: usize,
    index: usize,
) -> Result<Coordinates, FitError> {
    let random = problem.joint.random_dim;
    let begin = finite_start(joint, problem, index)?;
    let at = ascend(joint, begin.clone(), &[]);
    let at = newton(joint, at);
    let further = if index == 0 { higher_modes(joint, problem, &at) } else { vec![] };
    let mut candidates = vec![at];
    let (scales, others) = split(problem);
    if !scales.is_empty() && !others.is_empty() {
        let located = ascend(joint, begin, &scales);
        candidates.push(ascend(joint, located, &others));
    }
    let near = candidates.len();
    candidates.extend(further);
    let mut best: Option<(f64, Coordinates)> = None;
    for (i, u) in candidates.into_iter().enumerate() {
        let coordinates = whitened(joint, &u, random, full);
        let mut guide = coordinates.blank();
        coordinates.guide(&coordinates.start(), &mut guide);
        let elbo = mean_and_se(&elbo_draws(joint, &guide, COMPARE, problem.settings.seed)).0;
        let elbo = if elbo.is_finite() { elbo } else { f64::NEG_INFINITY };
        // The start at u = 0 is left only for what is worth it.
        let margin = if i < near { 0.0 } else { WORTH };
        if best.as_ref().is_none_or(|(b, _)| elbo > *b + margin) {
            best = Some((elbo, coordinates));
        }
    }
    Ok(best.expect("the mode is always a candidate").1)
}

/// Modes that some keyed starts find and that are higher than the one found from u = 0. Only where that takes next to
/// nothing, and where the length of the fit was not asked for.
fn higher_modes(joint: &mut Joint, problem: &Problem<'_>, first: &[f64]) -> Vec<Vec<f64>> {
    let n = first.len();
    if n > NEWTON_DIMS || n * problem.train.len() > LITTLE || problem.settings.steps.is_some() {
        return vec![];
    }
    let mut gradient = vec![0.0; n];
    let mut highest = joint.value_and_gradient(first, &mut gradient);
    let mut found = vec![];
    for restart in 1..=FURTHER {
        let Ok(begin) = finite_start(joint, problem, restart) else { continue };
        let u = ascend(joint, begin, &[]);
        let u = newton(joint, u);
        let value = joint.value_and_gradient(&u, &mut gradient);
        if value.is_finite() && value > highest + WORTH {
            highest = value;
            found.push(u);
        }
    }
    found
}

/// u = 0, or the first keyed start, where value and gradient are finite; restarts begin at keyed ones.
///
/// A latent that the density does not move at u = 0 may lie between two modes (θ in y ~ Normal(θ², 1)): it begins a
/// little off, by key.
fn finite_start(joint: &mut Joint, problem: &Problem<'_>, restart: usize) -> Result<Vec<f64>, FitError> {
    let n = problem.joint.dim;
    let mut gradient = vec![0.0; n];
    let mut is_finite = |u: &[f64], joint: &mut Joint| {
        joint.value_and_gradient(u, &mut gradient).is_finite() && gradient.iter().all(|g| g.is_finite())
    };
    let zero = vec![0.0; n];
    if restart == 0 && is_finite(&zero, joint) {
        let mut beside = zero.clone();
        noise::normals(&mut beside, noise::key(problem.settings.seed, TRIES, variable::START, 0), 0);
        let mut gradient = vec![0.0; n];
        joint.value_and_gradient(&zero, &mut gradient);
        beside.iter_mut().zip(&gradient).for_each(|(u, g)| *u *= if *g == 0.0 { TRY_SD } else { 0.0 });
        return Ok(if is_finite(&beside, joint) { beside } else { zero });
    }
    let sd = if restart == 0 { TRY_SD } else { RESTART_SD };
    for index in 0..TRIES {
        let mut u = vec![0.0; n];
        let key = noise::key(problem.settings.seed, index, variable::START, restart as u64);
        noise::normals(&mut u, key, 0);
        u.iter_mut().for_each(|u| *u *= sd);
        if is_finite(&u, joint) {
            return Ok(u);
        }
    }
    let bad = joint.find_bad_value(&zero);
    Err(FitError::Diverged(messages::not_finite(&Diverged { step: 0, bad })))
}

/// Latents of positive unknowns, and all others.
fn split(problem: &Problem<'_>) -> (Vec<usize>, Vec<usize>) {
    let is_positive = |l: &crate::lower::Latent| {
        matches!(problem.model.unknown(l.unknown).bijection.name, "exp" | "softplus")
    };
    let (scales, others): (Vec<_>, Vec<_>) = problem.joint.latents.iter().partition(|l| is_positive(l));
    let numbers =
        |all: Vec<&crate::lower::Latent>| all.iter().flat_map(|l| l.start..l.start + l.len).collect();
    (numbers(scales), numbers(others))
}

/// L-BFGS with some latents held, in units of the curvature of each latent.
fn ascend(joint: &mut Joint, mut u: Vec<f64>, held: &[usize]) -> Vec<f64> {
    let mut reached = f64::NEG_INFINITY;
    for _ in 0..ROUNDS {
        let unit: Vec<f64> = (0..u.len())
            .map(|i| if held.contains(&i) { 0.0 } else { length(joint.curvature(&u, &[i])[0].abs(), 1.0) })
            .collect();
        let at = |x: &[f64]| -> Vec<f64> { (0..u.len()).map(|i| u[i] + unit[i] * x[i]).collect() };
        let (x, value) = lbfgs::maximise(vec![0.0; u.len()], ITERATIONS, &mut |x, g| {
            let value = joint.value_and_gradient(&at(x), g);
            g.iter_mut().zip(&unit).for_each(|(g, unit)| *g *= unit);
            value
        });
        u = at(&x);
        if value - reached < 1e-8 * (1.0 + value.abs()) {
            break;
        }
        reached = value;
    }
    u
}

/// Newton steps with a damping in units of the Hessian's diagonal.
fn newton(joint: &mut Joint, mut u: Vec<f64>) -> Vec<f64> {
    let n = u.len();
    if n > NEWTON_DIMS {
        return u;
    }
    let all: Vec<usize> = (0..n).collect();
    let (mut gradient, mut other) = (vec![0.0; n], vec![0.0; n]);
    let mut damping = 0.0;
    for _ in 0..30 {
        let value = joint.value_and_gradient(&u, &mut gradient);
        let h = joint.curvature(&u, &all);
        let Some(l) = linear::cholesky(&damped(&h, n, damping), n) else {
            damping = if damping == 0.0 { 1e-3 } else { damping * 10.0 };
            if damping > 1e6 {
                break;
            }
            continue;
        };
        let mut step = gradient.clone();
        linear::solve_lower(&l, &mut step);
        let decrement: f64 = step.iter().map(|s| s * s).sum();
        linear::solve_lower_transposed(&l, &mut step);
        if decrement < 1e-10 {
            break;
        }
        let mut length = 1.0;
        let better = (0..30).find_map(|_| {
            let candidate: Vec<f64> = u.iter().zip(&step).map(|(u, s)| u + length * s).collect();
            let v = joint.value_and_gradient(&candidate, &mut other);
            length *= 0.5;
            (v.is_finite() && v > value).then_some(candidate)
        });
        let Some(candidate) = better else { break };
        u = candidate;
        damping *= 0.1;
    }
    u
}

/// A Hessian with a share of its diagonal added.
fn damped(h: &[f64], n: usize, damping: f64) -> Vec<f64> {
    let mut h = h.to_vec();
    for i in 0..n {
        h[i * n + i] += damping * h[i * n + i].abs().max(1e-12);
    }
    h
}

/// 1/√h; where the density does not fall off, something else.
fn length(h: f64, otherwise: f64) -> f64 {
    if h > 0.0 && h.is_finite() { 1.0 / h.sqrt() } else { otherwise }
}

/// Lengths from the curvature at a point; where the density does not fall off, a tenth.
fn whitened(joint: &mut Joint, at: &[f64], random: usize, full: usize) -> Coordinates {
    let block: Vec<usize> = (0..full).collect();
    let h = joint.curvature(at, &block);
    let factor = [0.0, 1e-3, 1e-2, 0.1, 1.0]
        .iter()
        .find_map(|damping| linear::inverse_cholesky(&damped(&h, full, *damping), full))
        .unwrap_or_else(|| {
            let mut diagonal = vec![0.0; full * full];
            for i in 0..full {
                diagonal[i * full + i] = length(h[i * full + i], 0.1);
            }
            diagonal
        });
    let mut scale = vec![1.0; at.len()];
    for (i, s) in scale.iter_mut().enumerate().skip(full) {
        *s = length(joint.curvature(at, &[i])[0], 0.1);
    }
    Coordinates::new(at.to_vec(), factor, scale, random)
}
