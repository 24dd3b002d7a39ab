//! Low rank on batches (`docs/inference.md`, equation 6): directions join a mean-field fit.
//!
//! ```text
//! mean-field fit ──→ V = 0.1/√rows · noise;  means, log sds and V go on together, half as many steps again
//!               paired draws of the ELBO on all rows  ──→  what the directions gained, and what they took
//! ```
//!
//! So the fit begins where mean-field has ended, and lacks no steps beside it. Nothing of size D × D is made: V has r
//! numbers a latent, and its entropy is that of M = I + VᵀV.

use super::draws::variable;
use super::error::FitError;
use super::evaluate::paired_draws;
use super::minibatch::{Trainer, seed_of};
use super::numbers::Numbers;
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::progress::Progress;
use super::recipe::{AVERAGED, AVERAGED_NEAR, RATE, Recipe, steps};
use super::settings::Mix;
use super::{Outcome, Path, Rung, guide_settings, messages, wide_net};
use crate::kernels::noise;
use crate::model::Role;

/// Steps of what joins, as a share of those of the mean-field fit.
const SHARE: f64 = 0.5;
/// Length of a direction at first: without any, none has a slope.
const FIRST: f64 = 0.1;
/// Latents up to which directions have the rate of the other numbers.
const CALM: f64 = 10.0;
/// Starts of what joins are told from those of the mean-field fit by this.
const JOINED: usize = 1 << 8;

/// Gives the guides of a mean-field fit the directions that the settings ask for: the best one, which comes first, or
/// all of a mixture. Tells what the best one gained.
///
/// # Errors
/// What cannot be run, a fit that diverged, an interruption.
pub(super) fn join<T: Number>(
    problem: &Problem<'_>,
    path: Path,
    guides: &mut [Gaussian],
    outcome: &mut Outcome,
    progress: &mut dyn Progress,
) -> Result<(), FitError> {
    let wants = guide_settings(problem, path);
    if wants.rank == 0 || guides.is_empty() {
        return Ok(());
    }
    let trainer = Trainer::of::<T>(problem, path, &wants, "directions of start")?;
    let length = outcome.steps;
    let judge = |guide: &Gaussian, progress: &mut dyn Progress| {
        paired_draws(problem, guide, length, progress).map_err(messages::refused)
    };
    let before = judge(&guides[0], progress)?;
    let count = if problem.settings.mix == Mix::No { 1 } else { guides.len() };
    let mut seconds = 0.0;
    for (start, guide) in guides.iter_mut().take(count).enumerate() {
        let recipe = recipe::<T>(problem, path, trainer.numbers(), guide, start);
        let raised = trainer.run(recipe, "fitting correlations", progress)?;
        seconds += raised.loop_seconds;
        *guide = raised.guide.clone();
        outcome.follow(raised);
    }
    let after = judge(&guides[0], progress)?;
    let rung = Rung::after(format!("low rank ({})", wants.rank), &after, &before, seconds);
    outcome.rungs.extend([Rung::first("mean-field", &before), Rung { is_kept: true, ..rung }]);
    Ok(())
}

/// On from a guide: latents move in units of their sds; entries of V, of which more make a direction of the same length,
/// as their number allows.
fn recipe<T: Number>(
    problem: &Problem<'_>,
    path: Path,
    numbers: &Numbers,
    from: &Gaussian,
    start: usize,
) -> Recipe<T> {
    let rate = problem.settings.learning_rate.unwrap_or(RATE);
    let start = JOINED + start;
    let directions = numbers.directions();
    let mut p = numbers.read(from);
    let mut rates = vec![rate; p.len()];
    for latent in &problem.joint.latents {
        let of_net = match &problem.model.unknown(latent.unknown).role {
            Role::Net { fan_in, .. } => 1.0 / (*fan_in as f64).sqrt(),
            Role::Plain => 1.0,
        };
        for i in latent.start..latent.start + latent.len {
            rates[i] *= from.omega.get(i).map_or(of_net, |omega| omega.exp());
        }
    }
    let rows = directions.len() as f64 / numbers.rank() as f64;
    rates[directions.clone()].fill(rate * (CALM / rows).sqrt().min(1.0));
    let mut first = vec![0.0; directions.len()];
    noise::normals(&mut first, noise::key(seed_of(problem, start), 0, variable::DIRECTIONS, 0), 0);
    for (v, first) in p[directions].iter_mut().zip(first) {
        // What has directions already keeps them.
        *v = if *v == 0.0 { FIRST / rows.sqrt() * first } else { *v };
    }
    let steps = if path == Path::WideNet { wide_net::steps(problem) } else { steps(problem, path) };
    Recipe {
        start,
        p: p.into_iter().map(T::from_f64).collect(),
        steps: ((SHARE * steps as f64) as u64).max(1),
        held: 0,
        rate,
        rates: rates.into_iter().map(T::from_f64).collect(),
        averaged: if path == Path::Batches { AVERAGED_NEAR } else { AVERAGED },
    }
}
