//! Correlations on batches (`docs/inference.md`, equations 5 and 6): richer families join a mean-field fit.
//!
//! ```text
//! mean-field fit ──→ L′ = 1, or V = 0.1/√rows · noise;  all numbers go on together, half as many steps again
//!               paired draws of the ELBO on all rows  ──→  what the family gained, and what it took
//! ```
//!
//! So a family begins where mean-field has ended, and lacks no steps beside it. A ladder is several of them, each begun
//! where the last that was kept has ended. Nothing of size D × D is made for directions: V has r numbers a latent, and
//! its entropy is that of M = I + VᵀV.

use super::draws::variable;
use super::error::FitError;
use super::evaluate::paired_draws;
use super::minibatch::{Trainer, seed_of};
use super::numbers::Numbers;
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::progress::Progress;
use super::recipe::{AVERAGED, AVERAGED_NEAR, RATE, Recipe, steps};
use super::settings::{GuideChoice, Mix};
use super::{Outcome, Path, Rung, chosen, guide_settings, messages, wide_net};
use crate::guide::GuideSettings;
use crate::kernels::noise;
use crate::model::Role;
use std::ops::Range;

/// Steps of what joins, as a share of those of the mean-field fit.
const SHARE: f64 = 0.5;
/// Length of a direction at first: without any, none has a slope.
const FIRST: f64 = 0.1;
/// Latents up to which correlations have the rate of the other numbers.
const CALM: f64 = 10.0;
/// Starts of what joins are told from those of the mean-field fit by this.
const JOINED: usize = 1 << 8;

/// A family of guides beyond mean-field.
struct Family {
    name: String,
    wants: GuideSettings,
}

/// Gives the guides of a mean-field fit the correlations that the settings ask for: the best one, which comes first, or
/// all of a mixture. Tells what the best one gained; a family of a ladder stays only if that is more than its error.
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
    let families = families(problem, path);
    if families.is_empty() || guides.is_empty() {
        return Ok(());
    }
    let settings = problem.settings;
    let is_ladder = settings.guide == GuideChoice::Ladder;
    let length = outcome.steps;
    let judge = |guide: &Gaussian, progress: &mut dyn Progress| {
        paired_draws(problem, guide, length, progress).map_err(messages::refused)
    };
    let count = if settings.mix == Mix::No { 1 } else { guides.len() };
    let mut before = judge(&guides[0], progress)?;
    outcome.rungs.push(Rung::first("mean-field", &before));
    for (number, Family { name, wants }) in families.into_iter().enumerate() {
        let trainer = Trainer::of::<T>(problem, path, &wants, &format!("rung {number}, start"))?;
        let (mut raised, mut seconds) = (vec![], 0.0);
        for (start, guide) in guides.iter().take(count).enumerate() {
            let place = JOINED * number + start;
            let recipe = recipe::<T>(problem, path, trainer.numbers(), guide, place);
            match trainer.run(recipe, "fitting correlations", progress) {
                Ok(one) => {
                    seconds += one.loop_seconds;
                    raised.push(one.guide.clone());
                    outcome.follow(one);
                }
                Err(FitError::Diverged(_)) if is_ladder => {}
                Err(failed) => return Err(failed),
            }
        }
        let Some(best) = raised.first() else {
            outcome.rungs.push(Rung::lost(&name, &before, seconds));
            continue;
        };
        let after = judge(best, progress)?;
        let rung = Rung::after(name, &after, &before, seconds);
        let is_kept = rung.is_kept || !is_ladder;
        outcome.rungs.push(Rung { is_kept, ..rung });
        if is_kept {
            before = after;
            guides.iter_mut().zip(raised).for_each(|(guide, raised)| *guide = raised);
        }
    }
    Ok(())
}

/// The families that the settings ask for, each wider than the one before.
fn families(problem: &Problem<'_>, path: Path) -> Vec<Family> {
    let wants = guide_settings(problem, path);
    let on = match problem.model.correlate() {
        [] => String::new(),
        names => format!(" on {}", names.join(", ")),
    };
    match problem.settings.guide {
        GuideChoice::Auto | GuideChoice::MeanField => vec![],
        GuideChoice::LowRank if wants.rank > 0 => {
            vec![Family { name: format!("low rank ({}){on}", wants.rank), wants }]
        }
        GuideChoice::FullRank if wants.full_dims > 0 => {
            vec![Family { name: format!("full rank{on}"), wants }]
        }
        GuideChoice::LowRank | GuideChoice::FullRank => vec![],
        GuideChoice::Ladder => {
            let free = chosen::free(problem);
            let last = chosen::of_last_layers(problem, &free);
            let low = |what: &str, along: &[Range<usize>]| {
                let rank = problem.settings.rank.min(along.iter().map(Range::len).sum());
                let wants = GuideSettings { rank, along: along.to_vec(), ..wants.clone() };
                Family { name: format!("low rank ({rank}) on {what}"), wants }
            };
            let is_part = !last.is_empty() && last.len() < free.len();
            let part = is_part.then(|| low("the last layer", &last));
            part.into_iter().chain((!free.is_empty()).then(|| low("all latents", &free))).collect()
        }
    }
}

/// On from a guide: latents move in units of their sds; entries of V and of L′, of which more make a direction or a row
/// of the same length, as their number allows.
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
    let rows = directions.len() as f64 / numbers.rank().max(1) as f64;
    let calm = |entries: f64| rate * (CALM / entries).sqrt().min(1.0);
    rates[directions.clone()].fill(calm(rows));
    rates[numbers.block()].fill(calm((numbers.block().len() as f64).sqrt()));
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
