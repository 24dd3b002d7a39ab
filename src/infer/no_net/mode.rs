//! Where a fit without a net starts: the mode of the log joint in u, and lengths from its curvature.

use super::super::climb::Diverged;
use super::super::coordinates::Coordinates;
use super::super::draws::Joint;
use super::super::error::FitError;
use super::super::{linear, messages};

/// Latents up to which the Hessian is computed for Newton steps.
const NEWTON_DIMS: usize = 200;

/// The mode of the log joint in u: L-BFGS, then Newton steps where the Hessian is affordable.
pub fn climb(joint: &mut Joint, start: Vec<f64>) -> Result<(Vec<f64>, f64), FitError> {
    let mut gradient = vec![0.0; start.len()];
    if !joint.value_and_gradient(&start, &mut gradient).is_finite() {
        let bad = joint.find_bad_value(&start);
        let diverged = Diverged { step: 0, bad };
        return Err(FitError::Diverged(messages::not_finite(&diverged)));
    }
    let (mut u, mut value) = joint.maximise(start, 200, &[]);
    let n = u.len();
    if n > NEWTON_DIMS {
        return Ok((u, value));
    }
    let all: Vec<usize> = (0..n).collect();
    let (mut damping, mut candidate_gradient) = (0.0, vec![0.0; n]);
    for _ in 0..30 {
        value = joint.value_and_gradient(&u, &mut gradient);
        let mut h = joint.curvature(&u, &all);
        for i in 0..n {
            h[i * n + i] += damping * h[i * n + i].abs().max(1e-12);
        }
        let Some(l) = linear::cholesky(&h, n) else {
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
            let v = joint.value_and_gradient(&candidate, &mut candidate_gradient);
            length *= 0.5;
            (v.is_finite() && v > value).then_some((candidate, v))
        });
        let Some((candidate, v)) = better else { break };
        (u, value) = (candidate, v);
        damping *= 0.1;
    }
    Ok((u, value))
}

/// Lengths from the curvature at the mode; where the density does not fall off, a tenth.
pub fn whitened(joint: &mut Joint, mode: &[f64], random: usize, full: usize) -> Coordinates {
    let block: Vec<usize> = (0..full).collect();
    let h = joint.curvature(mode, &block);
    let length = |h: f64| if h > 0.0 && h.is_finite() { 1.0 / h.sqrt() } else { 0.1 };
    let factor = linear::inverse_cholesky(&h, full).unwrap_or_else(|| {
        let mut diagonal = vec![0.0; full * full];
        for i in 0..full {
            diagonal[i * full + i] = length(h[i * full + i]);
        }
        diagonal
    });
    let mut scale = vec![1.0; mode.len()];
    for (i, s) in scale.iter_mut().enumerate().skip(full) {
        *s = length(joint.curvature(mode, &[i])[0]);
    }
    Coordinates::new(mode.to_vec(), factor, scale, random)
}
