//! `method = laplace`: N(û + δ, H⁻¹) in u, with H the curvature of the log joint at its mode û (`docs/inference.md`,
//! section 3), and δ what the third derivatives say of the mean (equation 6f).
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
/// Step of the third derivatives, in sds.
const THIRD: f64 = 0.01;
/// Sds of a latent; a mean that would be moved further is not corrected.
const FURTHEST: f64 = 1.0;
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
    let is_curved = |i: usize| h[i * random + i].is_finite() && h[i * random + i] > 0.0;
    if let Some(i) = block.iter().find(|i| !is_curved(**i)) {
        let along: Vec<f64> = block.iter().map(|k| f64::from(k == i)).collect();
        return Err(no_maximum(problem, &along));
    }
    if let Some(along) = flat_direction(&h, random) {
        return Err(no_maximum(problem, &along));
    }
    let Some(factor) = linear::inverse_cholesky(&h, random) else { return Err(no_maximum(problem, &[])) };
    let mut lower = factor.clone();
    let mut omega = vec![0.0; random];
    for i in 0..random {
        omega[i] = factor[i * random + i].ln();
        lower[i * random + i..(i + 1) * random].fill(0.0);
    }
    // ½ log det H = −Σ log L_ii.
    let evidence = value + 0.5 * random as f64 * std::f64::consts::TAU.ln() + omega.iter().sum::<f64>();
    let (mut mean, mut path) = (mode, "Laplace: the curvature of the mode".to_owned());
    problem.journal.stopped()?;
    progress.begin("finding the third derivatives", 1);
    let kept = problem.journal.piece("third derivatives", || shift(&mut joint, &mean, &factor));
    let shift = if kept.len() == random { kept } else { shift(&mut joint, &mean, &factor) };
    progress.end();
    let furthest = in_sds(&shift, &factor).into_iter().fold(0.0, f64::max);
    if shift.iter().any(|d| !d.is_finite()) {
        path += "; its third derivatives are not finite";
    } else if furthest <= FURTHEST {
        mean.iter_mut().zip(&shift).for_each(|(u, d)| *u += d);
        path += &format!(", no mean moved by more than {furthest:.2} sds by third derivatives");
    } else {
        path +=
            &format!("; third derivatives would move a mean by {furthest:.1} sds, too far for a correction");
    }
    let guide = Gaussian { omega, lower, full: random, ..Gaussian::point(mean) };
    Ok((Outcome { guide, path, ..Outcome::empty() }, evidence))
}

/// δ of (6f), by which the mean is off the mode, with the factor L of H⁻¹.
fn shift(joint: &mut Joint, mode: &[f64], factor: &[f64]) -> Vec<f64> {
    let random = (factor.len() as f64).sqrt() as usize;
    let mut gradient = |t: f64, m: usize| {
        let mut u = mode.to_vec();
        (m..random).for_each(|i| u[i] += t * factor[i * random + m]);
        let mut gradient = vec![0.0; u.len()];
        joint.value_and_gradient(&u, &mut gradient);
        gradient
    };
    let middle = gradient(0.0, 0);
    let mut third = vec![0.0; random];
    for m in 0..random {
        let (up, down) = (gradient(THIRD, m), gradient(-THIRD, m));
        for (i, third) in third.iter_mut().enumerate() {
            *third += (up[i] - middle[i] + (down[i] - middle[i])) / (THIRD * THIRD);
        }
    }
    let columns: Vec<f64> =
        (0..random).map(|m| (m..random).map(|i| factor[i * random + m] * third[i]).sum::<f64>()).collect();
    (0..random).map(|i| 0.5 * (0..=i).map(|m| factor[i * random + m] * columns[m]).sum::<f64>()).collect()
}

/// The size of a shift in each latent's own sd, √Σ_m L_im².
fn in_sds(shift: &[f64], factor: &[f64]) -> Vec<f64> {
    let rows = factor.chunks_exact(shift.len().max(1));
    shift.iter().zip(rows).map(|(d, row)| d.abs() / row.iter().map(|l| l * l).sum::<f64>().sqrt()).collect()
}

/// A direction in which the density does not fall off, if there is one: the first pivot of H, scaled to a diagonal of
/// ones, that differences cannot tell from 0.
fn flat_direction(h: &[f64], n: usize) -> Option<Vec<f64>> {
    let length = |i: usize| h[i * n + i].sqrt();
    let scaled: Vec<f64> = (0..n * n).map(|k| h[k] / (length(k / n) * length(k % n))).collect();
    let (l, stopped) = linear::cholesky_above(&scaled, n, FLATTEST);
    let last = stopped?;
    // With A of the rows before and a of this one, (−A⁻¹ a, 1) has the curvature of the pivot.
    let before: Vec<f64> = (0..last * last).map(|k| l[(k / last) * n + k % last]).collect();
    let mut along: Vec<f64> = (0..last).map(|k| -scaled[last * n + k]).collect();
    linear::solve_lower(&before, &mut along);
    linear::solve_lower_transposed(&before, &mut along);
    along.push(1.0);
    along.resize(n, 0.0);
    Some(along)
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

/// Unknowns with a smaller share of a direction are not named, nor more than these.
const LEAST_SHARE: f64 = 0.1;
const MOST_NAMED: usize = 3;

/// The unknowns that a direction runs along, the largest share first.
fn runs_along<'m>(problem: &Problem<'m>, along: &[f64]) -> Vec<&'m Unknown> {
    let total: f64 = along.iter().map(|v| v * v).sum();
    let mut shares: Vec<(f64, &Unknown)> = vec![];
    for latent in &problem.joint.latents {
        let unknown = problem.model.unknown(latent.unknown);
        let part = along.iter().skip(latent.start).take(latent.len).map(|v| v * v).sum::<f64>() / total;
        shares.push((part, unknown));
    }
    shares.retain(|(share, _)| *share > LEAST_SHARE);
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    shares.into_iter().take(MOST_NAMED).map(|(_, unknown)| unknown).collect()
}

/// G011: no maximum, or none with a curvature.
fn no_maximum(problem: &Problem, along: &[f64]) -> FitError {
    let unknowns = runs_along(problem, along);
    let names: Vec<String> = unknowns.iter().map(|u| format!("`{}`", u.name)).collect();
    let what = match names.as_slice() {
        [] => "in some direction".to_owned(),
        [one] => format!("along {one}"),
        [first @ .., last] => format!("along a combination of {} and {last}", first.join(", ")),
    };
    let what = format!("the log density does not fall off {what}");
    let mut finding = Diagnostic::new("G011", format!("`method = laplace` finds no maximum: {what}"));
    for unknown in &unknowns {
        finding = finding.at(unknown.span, "this is not pinned down");
    }
    let is_flat = |u: &&Unknown| u.prior.family.name == "Flat";
    let suspects: Vec<&Unknown> =
        if unknowns.is_empty() { problem.model.unknowns.iter().collect() } else { unknowns };
    FitError::Refused(match suspects.into_iter().find(is_flat) {
        Some(flat) => finding.help(format!("give `{}` a proper prior, such as `Normal(0, 10)`", flat.name)),
        None => finding
            .note("every prior there is proper: the posterior has a ridge, or the neck of a funnel")
            .help("fit with `method = nuts`, or with `method = advi` and `guide = fullrank`"),
    })
}

#[cfg(test)]
mod tests {
    use super::in_sds;

    /// Latents with sds 1 and √2, correlated.
    #[test]
    fn a_shift_is_measured_in_the_sd_of_each_latent() {
        let found = in_sds(&[0.9, -1.8], &[1.0, 0.0, 1.0, 1.0]);
        assert!((found[0] - 0.9).abs() < 1e-15 && (found[1] - 1.8 / 2f64.sqrt()).abs() < 1e-15, "{found:?}");
        assert!(in_sds(&[], &[]).is_empty());
    }
}
