//! `guide = ladder`: richer families one after another, each begun where the last one ended.
//!
//! ```text
//! mean-field ──→ low rank on the last layer ──→ low rank on all ──→ full rank ──→ mixture of the other starts
//!            a rung stays if the paired gain in ELBO is more than its standard error; else the next begins below it
//! ```
//!
//! Without a net the first rung is what `guide = auto` fits: full rank where there are few latents.

use super::climb::{Climb, Halt, TracePoint};
use super::coordinates::Coordinates;
use super::draws::{Joint, Objective, elbo_draws};
use super::error::FitError;
use super::mixture::Mixture;
use super::no_net::ties;
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::progress::Progress;
use super::record::ClimbRecord;
use super::small_net::in_parallel;
use super::{FULL_RANK_DIMS, Outcome, Path, Rung, chosen, guide_settings, messages, mix, tied_scales};
use crate::guide::GuideSettings;
use std::ops::Range;
use std::time::Instant;

/// Rates of a rung and the steps at each.
const STAGES: [(f64, u64); 4] = [(0.02, 800), (0.01, 800), (0.005, 400), (0.0025, 400)];
/// Components of the last rung.
const COMPONENTS: usize = 8;

/// A family of guides.
struct Family {
    name: String,
    full: usize,
    rank: usize,
    along: Vec<Range<usize>>,
    /// Scales that the spread of others follows (5a).
    tied: Vec<usize>,
    groups: Vec<Range<usize>>,
}

/// Climbs the ladder from the best of several guides of the first family; what it ends on is in the outcome.
///
/// # Errors
/// What cannot be run; an interruption.
pub(super) fn climb<T: Number>(
    problem: &Problem<'_>,
    path: Path,
    guides: Vec<Gaussian>,
    mut joint: Joint,
    outcome: &mut Outcome,
    progress: &mut dyn Progress,
) -> Result<(), FitError> {
    let Some(mut best) = guides.first().cloned() else { return Ok(()) };
    joint.weigh(&mut |weights| weights.fill(1.0));
    let (draws, seed) = (mix::compare_draws(problem), problem.settings.seed);
    let mut before = elbo_draws(&mut joint, &best, draws, seed);
    let first = if best.full > 0 { "full rank" } else { "mean-field" };
    outcome.rungs.push(Rung::first(first, &before));
    let families = families(problem, path, &best);
    let steps: u64 = stages(problem).map(|(_, steps)| steps).sum();
    let most = families.len() + if guides.len() > 1 { guides.len().min(COMPONENTS) } else { 0 };
    progress.begin("climbing the ladder", steps * most as u64);
    let mut done = 0;
    let mut kept: Option<Family> = None;
    for (number, family) in families.into_iter().enumerate() {
        let begun = Instant::now();
        let objective =
            Objective::<T>::new(problem, &settings(problem, path, &family)).map_err(messages::refused)?;
        let raised = raise(problem, &objective, &family, &best, (&format!("rung {number}"), 0))?;
        done += steps;
        progress.advance(done, None);
        problem.journal.stopped()?;
        outcome.add(&raised);
        let Some(guide) = raised.guide else {
            outcome.rungs.push(Rung::lost(&family.name, &before, begun.elapsed().as_secs_f64()));
            continue;
        };
        let values = elbo_draws(&mut joint, &guide, draws, seed);
        let rung = Rung::after(family.name.clone(), &values, &before, begun.elapsed().as_secs_f64());
        if rung.is_kept {
            (best, before, kept) = (guide, values, Some(family));
        }
        outcome.rungs.push(rung);
    }
    outcome.guide = best.clone();
    if guides.len() > 1 {
        let begun = Instant::now();
        let others = &guides[1..guides.len().min(COMPONENTS)];
        let mut parts = vec![best];
        match &kept {
            // All components are of one family: the one that the best has ended in.
            Some(family) => {
                let objective = Objective::<T>::new(problem, &settings(problem, path, family))
                    .map_err(messages::refused)?;
                let work = |i: usize, _: &mut Joint| {
                    raise(problem, &objective, family, &others[i], ("component", i + 1))
                };
                let all = in_parallel(problem.threads, others.len(), &joint, &work, &mut |n| {
                    progress.advance(done + steps * n as u64, None);
                });
                problem.journal.stopped()?;
                for raised in all {
                    let raised = raised?;
                    outcome.add(&raised);
                    parts.extend(raised.guide);
                }
            }
            None => parts.extend(others.iter().cloned()),
        }
        let count = parts.len();
        let mixture = Mixture::best_shares(parts, &mut joint, draws, seed);
        let values = mixture.elbo_draws(&mut joint, draws, seed);
        let name = format!("mixture of {count} starts, {} of them with a share", mixture.parts.len());
        let rung = Rung::after(name, &values, &before, begun.elapsed().as_secs_f64());
        if rung.is_kept {
            outcome.mixture = Some(mixture);
        }
        outcome.rungs.push(rung);
    }
    progress.end();
    Ok(())
}

/// The families beyond that of a guide.
fn families(problem: &Problem<'_>, path: Path, from: &Gaussian) -> Vec<Family> {
    let random = problem.joint.random_dim;
    let mut out = vec![];
    if from.full < random {
        let rank = problem.settings.rank;
        let free = chosen::free(problem);
        let some = chosen::of_last_layers(problem, &free);
        let low = |name: &str, along: Vec<Range<usize>>| {
            let latents: usize = along.iter().map(Range::len).sum();
            let rank = rank.min(latents);
            Family {
                name: format!("low rank ({rank}) on {name}"),
                full: 0,
                rank,
                along,
                tied: vec![],
                groups: vec![],
            }
        };
        if !some.is_empty() && some.len() < free.len() {
            out.push(low("the last layer", some));
        }
        if !free.is_empty() {
            out.push(low("all latents", free));
        }
        if random <= FULL_RANK_DIMS {
            let tied = tied_scales(problem, path, random);
            let groups = ties::groups(problem, random, &tied);
            out.push(Family { name: "full rank".into(), full: random, rank: 0, along: vec![], tied, groups });
        }
    }
    out
}

/// The path's guide in another family.
fn settings(problem: &Problem<'_>, path: Path, family: &Family) -> GuideSettings {
    GuideSettings {
        full_dims: family.full,
        rank: family.rank,
        along: family.along.clone(),
        tied_scales: family.tied.clone(),
        ..guide_settings(problem, path)
    }
}

/// The rates (of Adam) and steps of a rung: no rung has more steps than were asked for.
fn stages(problem: &Problem<'_>) -> impl Iterator<Item = (f64, u64)> {
    let mut left = problem.settings.steps.unwrap_or(u64::MAX);
    STAGES.into_iter().map_while(move |(rate, steps)| {
        let steps = steps.min(left);
        left -= steps;
        (steps > 0).then_some((rate, steps))
    })
}

/// What a guide became.
struct Raised {
    /// None where it diverged.
    guide: Option<Gaussian>,
    steps: u64,
    clipped: u64,
    seconds: f64,
    trace: Vec<TracePoint>,
}

/// A guide of an earlier family as one of this, and up from there.
fn raise<T: Number>(
    problem: &Problem<'_>,
    objective: &Objective<T>,
    family: &Family,
    from: &Gaussian,
    (piece, start): (&str, usize),
) -> Result<Raised, FitError> {
    let seed = problem.settings.seed;
    let (coordinates, p) = begin(family, from, seed ^ ((start as u64) << 48));
    let draws = problem.settings.full_batch_draws();
    let mut climb =
        Climb::new(objective.evaluator(), coordinates, p, draws, seed, start).by(problem.settings);
    let mut point = climb.p.clone();
    let mut is_lost = false;
    for (stage, (rate, steps)) in stages(problem).enumerate() {
        let mut piece = problem.journal.open(&format!("{piece}, start {start}, stage {stage}"));
        if let Some((climbed, reached)) = piece.finished::<(ClimbRecord, Vec<f64>)>()
            && reached.len() == point.len()
            && climb.take_up(climbed)
        {
            point = reached;
            continue;
        }
        match climb.stage(climb.rate(rate), steps, &mut piece) {
            Ok(reached) => point = reached,
            Err(Halt::Diverged(_)) => {
                is_lost = true;
                break;
            }
            Err(Halt::Interrupted) => break,
        }
        climb.p.copy_from_slice(&point);
        piece.finish(&(climb.record(), &point));
    }
    problem.journal.stopped()?;
    let guide = (!is_lost).then(|| climb.guide_at(&point));
    let (steps, clipped, seconds) = (climb.steps, climb.clipped, climb.time.as_secs_f64());
    Ok(Raised { guide, steps, clipped, seconds, trace: std::mem::take(&mut climb.trace) })
}

/// Coordinates of a family with a guide of a smaller one in them. Means, sds and correlations stay as they are.
fn begin(family: &Family, from: &Gaussian, seed: u64) -> (Coordinates, Vec<f64>) {
    let (dim, random) = (from.mu.len(), from.random());
    let sds: Vec<f64> = from.omega.iter().map(|o| o.exp()).collect();
    let mut scale = vec![1.0; dim];
    scale[..random].copy_from_slice(&sds);
    if family.full > 0 {
        let diagonal =
            || (0..random * random).map(|k| if k / random == k % random { sds[k / random] } else { 0.0 });
        let factor = from.directions.covariance_factor(&sds).unwrap_or_else(|| diagonal().collect());
        let coordinates =
            Coordinates::new(from.mu.clone(), factor, scale, random).with_ties(&family.tied, &family.groups);
        let p = coordinates.start();
        return (coordinates, p);
    }
    let coordinates =
        Coordinates::new(from.mu.clone(), vec![], scale, random).with_directions(family.rank, &family.along);
    let mut p = coordinates.start_along(seed);
    coordinates.take_directions(&from.directions, &mut p);
    (coordinates, p)
}

impl Rung {
    /// A rung whose climb diverged.
    pub(super) fn lost(name: &str, before: &[f64], seconds: f64) -> Rung {
        let same = Rung::after(format!("{name} (diverged)"), before, before, seconds);
        Rung { is_kept: false, ..same }
    }
}

impl Outcome {
    /// Counts what a rung took.
    fn add(&mut self, raised: &Raised) {
        self.steps += raised.steps;
        self.clipped += raised.clipped;
        self.loop_seconds += raised.seconds;
        // A line of its own in the trace, behind those of the starts.
        let start = self.trace.iter().map(|t| t.start + 1).max().unwrap_or(0);
        self.trace.extend(raised.trace.iter().map(|t| TracePoint { start, ..*t }));
    }
}
