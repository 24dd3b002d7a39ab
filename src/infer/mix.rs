//! What becomes of several starts: the best, or the mixture of all (`restarts`, `mix`).

use super::draws::{Joint, mean_and_se};
use super::error::FitError;
use super::mixture::Mixture;
use super::posterior::Gaussian;
use super::problem::Problem;
use super::progress::Progress;
use super::settings::Mix;
use super::{Outcome, Rung};
use std::time::Instant;

/// Starts of a mixture, and of a wide net, where no number is given.
pub const COMPONENTS: usize = 4;
/// Draws times rows times latents that judge a mixture, and the fewest and most draws.
const WORK: usize = 2_000_000_000;
const DRAWS: (usize, usize) = (32, 512);

/// Draws by which guides of a problem are compared, as many as the work allows.
pub fn compare_draws(problem: &Problem<'_>) -> usize {
    let work = problem.train.len() * problem.joint.dim;
    // An even number: draws come in pairs.
    (WORK / work.max(1)).clamp(DRAWS.0, DRAWS.1) / 2 * 2
}

/// A fit from the start of this number, with what to call it while it runs.
pub type FromStart<'a> = dyn FnMut(usize, &str, &mut dyn Progress) -> Result<Outcome, FitError> + 'a;

/// Fits from one start, or from as many as `restarts` asks for, one after another; the guides come best first by their
/// worth. Starts that diverge are left out where another does not.
///
/// # Errors
/// What cannot be run, and the first start's failure where all fail.
pub fn several(
    problem: &Problem<'_>,
    progress: &mut dyn Progress,
    fit: &mut FromStart<'_>,
    worth: &mut dyn FnMut(&Outcome, &mut dyn Progress) -> Result<f64, FitError>,
) -> Result<(Outcome, Vec<Gaussian>), FitError> {
    let is_mixed = problem.settings.mix != Mix::No;
    let starts = problem.settings.restarts.unwrap_or(if is_mixed { COMPONENTS } else { 1 });
    if starts == 1 {
        let outcome = fit(0, "fitting", progress)?;
        let guide = outcome.guide.clone();
        return Ok((outcome, vec![guide]));
    }
    let mut whole = Outcome::empty();
    let (mut guides, mut first) = (vec![], None);
    for start in 0..starts {
        match fit(start, &format!("fitting start {} of {starts}", start + 1), progress) {
            Ok(outcome) => {
                let worth = worth(&outcome, progress)?;
                let worth = if worth.is_finite() { worth } else { f64::NEG_INFINITY };
                guides.push((worth, outcome.guide.clone()));
                whole.take(outcome, start);
            }
            Err(FitError::Diverged(d)) => {
                first.get_or_insert(d);
            }
            Err(refused) => return Err(refused),
        }
    }
    if let (true, Some(d)) = (guides.is_empty(), first) {
        return Err(FitError::Diverged(d));
    }
    let lost = match starts - guides.len() {
        0 => String::new(),
        lost => format!(", {lost} of them diverged"),
    };
    let kept = if is_mixed { "a mixture" } else { "the best" };
    whole.path = format!("{}, {kept} of {starts} starts{lost}", whole.path);
    guides.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok((whole, guides.into_iter().map(|(_, guide)| guide).collect()))
}

/// Keeps the guides, the best of which comes first, as the settings say; notes what the mixture gains on the best, in
/// nats of the ELBO (2) whatever the `kl_weight` of the fit.
pub fn keep(problem: &Problem<'_>, guides: Vec<Gaussian>, mut joint: Joint, outcome: &mut Outcome) {
    joint.weigh(&mut |weights| weights.fill(1.0));
    let joint = &mut joint;
    let begun = Instant::now();
    let (settings, draws) = (problem.settings, compare_draws(problem));
    let Some(best) = guides.first().cloned() else { return };
    outcome.guide = best.clone();
    let count = guides.len();
    let (mixture, shares) = match settings.mix {
        Mix::No => return,
        Mix::Even => (Mixture::even(guides), "equal shares"),
        Mix::Elbo => {
            (Mixture::best_shares(guides, joint, draws, settings.seed), "shares of the largest ELBO")
        }
    };
    let alone = Mixture::one(best).elbo_draws(joint, draws, settings.seed);
    let together = mixture.elbo_draws(joint, draws, settings.seed);
    let name = |q: &Mixture| match q.parts.len() {
        n if n < count => format!("mixture of {count} starts, {n} of them with a share, {shares}"),
        _ => format!("mixture of {count} starts, {shares}"),
    };
    outcome.rungs.push(Rung::first("the best start alone", &alone));
    let mut rung = Rung::after(name(&mixture), &together, &alone, begun.elapsed().as_secs_f64());
    rung.is_kept = true;
    outcome.rungs.push(rung);
    outcome.mixture = Some(mixture);
}

impl Rung {
    /// Where a ladder begins, by the draws of its ELBO.
    pub fn first(name: &str, draws: &[f64]) -> Rung {
        let (elbo, elbo_se) = mean_and_se(draws);
        Rung { name: name.to_owned(), elbo, elbo_se, gain: 0.0, gain_se: 0.0, seconds: 0.0, is_kept: true }
    }

    /// A rung with its gain on another, both by the same draws; kept if the gain exceeds its error.
    pub fn after(name: String, draws: &[f64], before: &[f64], seconds: f64) -> Rung {
        let (elbo, elbo_se) = mean_and_se(draws);
        let differences: Vec<f64> = draws.iter().zip(before).map(|(a, b)| a - b).collect();
        let (gain, gain_se) = mean_and_se(&differences);
        Rung { name, elbo, elbo_se, gain, gain_se, seconds, is_kept: gain > gain_se && gain.is_finite() }
    }
}
