//! `method = laplace`: N(û, H⁻¹) in u, with H the curvature of the log joint at its mode (`docs/inference.md`, section 3).
//!
//! Of a net only the last layer is random; what lies before it is a point (the compiler has made it one).

use super::draws::Joint;
use super::error::FitError;
use super::posterior::Gaussian;
use super::problem::Problem;
use super::progress::Progress;
use super::small_net::map_start;
use super::{Outcome, linear, messages, no_net};
use crate::diagnostic::Diagnostic;
use crate::model::{Role, Unknown};

/// Random latents up to which the Hessian is computed.
pub const MOST_DIMS: usize = 2_000;
/// Rows times random latents times latents: a Hessian takes at least two gradients for each latent.
const MOST_WORK: f64 = 3e10;
/// A pivot below this share of the diagonal is rounding.
const FLATTEST: f64 = 1e-8;
/// Starts of a net, and L-BFGS iterations of each.
const STARTS: usize = 4;
const ITERATIONS: usize = 400;

/// The Gaussian, and the estimate of the log evidence: log p(y,û) + (D/2) log 2π − ½ log det H.
///
/// # Errors
/// O001 for too many latents, G011 where the density has no maximum.
pub fn laplace(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<(Outcome, f64), FitError> {
    super::asked::of_method(problem)?;
    let (dim, random) = (problem.joint.dim, problem.joint.random_dim);
    let work = problem.train.len() as f64 * random as f64 * dim as f64;
    if random > MOST_DIMS || work > MOST_WORK {
        let what = format!(
            "`method = laplace` needs the curvature of {random} latents over {} rows, which is too much work",
            problem.train.len()
        );
        let help = "fit with `method = advi`, or make the last layer narrower";
        return Err(FitError::Refused(Diagnostic::new("O001", what).help(help)));
    }
    let mut joint = Joint::new(problem).map_err(messages::refused)?;
    progress.begin("climbing to the mode", 2);
    let has_net = problem.model.unknowns.iter().any(|u| matches!(u.role, Role::Net { .. }));
    let mut find = || match has_net {
        true => Ok::<_, FitError>(best_of_starts(&mut joint, problem)),
        false => no_net::mode(&mut joint, problem),
    };
    let mode = problem.journal.try_piece("mode", &mut find)?;
    let mode = if mode.len() == dim { mode } else { find()? };
    problem.journal.stopped()?;
    progress.advance(1, None);
    let mut gradient = vec![0.0; dim];
    let value = joint.value_and_gradient(&mode, &mut gradient);
    let block: Vec<usize> = (0..random).collect();
    let h = problem.journal.piece("curvature", || joint.curvature(&mode, &block));
    let h = if h.len() == random * random { h } else { joint.curvature(&mode, &block) };
    progress.end();
    let flat = |i: usize| {
        let latent = problem.joint.latents.iter().find(|l| (l.start..l.start + l.len).contains(&i));
        latent.map(|l| problem.model.unknown(l.unknown))
    };
    let is_curved = |i: usize| h[i * random + i].is_finite() && h[i * random + i] > 0.0;
    if let Some(i) = block.iter().find(|i| !is_curved(**i)) {
        return Err(no_maximum(flat(*i)));
    }
    if !falls_off(&h, random) {
        return Err(no_maximum(None));
    }
    let Some(factor) = linear::inverse_cholesky(&h, random) else { return Err(no_maximum(None)) };
    let mut lower = factor.clone();
    let mut omega = vec![0.0; random];
    for i in 0..random {
        omega[i] = factor[i * random + i].ln();
        lower[i * random + i..(i + 1) * random].fill(0.0);
    }
    // ½ log det H = −Σ log L_ii.
    let evidence = value + 0.5 * random as f64 * std::f64::consts::TAU.ln() + omega.iter().sum::<f64>();
    let guide = Gaussian { omega, lower, full: random, ..Gaussian::point(mode) };
    let path = "Laplace: the curvature of the mode".to_owned();
    Ok((Outcome { guide, path, ..Outcome::empty() }, evidence))
}

/// Whether no direction is flat: pivots of H, scaled to a diagonal of ones, are above what differences can tell from 0.
fn falls_off(h: &[f64], n: usize) -> bool {
    let length = |i: usize| h[i * n + i].sqrt();
    let scaled: Vec<f64> = (0..n * n).map(|k| h[k] / (length(k / n) * length(k % n))).collect();
    linear::cholesky(&scaled, n).is_some_and(|l| (0..n).all(|i| l[i * n + i] * l[i * n + i] > FLATTEST))
}

/// The best mode of several starts; unknown scales stay at 1, because with them the density is unbounded.
fn best_of_starts(joint: &mut Joint, problem: &Problem<'_>) -> Vec<f64> {
    let mut gradient = vec![0.0; problem.joint.dim];
    let starts = problem.settings.restarts.unwrap_or(STARTS);
    let modes = (0..starts).map(|start| {
        let u = map_start(joint, problem, ITERATIONS, 1.0, start);
        (joint.value_and_gradient(&u, &mut gradient), u)
    });
    let finite = |v: f64| if v.is_finite() { v } else { f64::NEG_INFINITY };
    modes.max_by(|a, b| finite(a.0).total_cmp(&finite(b.0))).map_or_else(Vec::new, |(_, u)| u)
}

/// G011: no maximum, or none with a curvature.
fn no_maximum(along: Option<&Unknown>) -> FitError {
    let what = match along {
        Some(unknown) => format!("the log density does not fall off along `{}`", unknown.name),
        None => "the log density does not fall off in some direction".to_owned(),
    };
    let finding = Diagnostic::new("G011", format!("`method = laplace` finds no maximum: {what}"));
    let finding = match along {
        Some(unknown) => finding.at(unknown.span, "this is not pinned down"),
        None => finding,
    };
    FitError::Refused(finding.help("give it a proper prior, or fit with `method = advi` or `method = nuts`"))
}
