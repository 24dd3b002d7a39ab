//! Where steps on minibatches begin, how far they go and how fast (`docs/inference.md`, section 5).

use super::draws::{Joint, variable};
use super::error::FitError;
use super::no_net;
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::record::GuideRecord;
use super::settings::Batch;
use super::small_net::random_start;
use super::{Path, messages, wide_net};
use crate::kernels::noise;
use crate::model::Role;
use std::sync::Arc;

/// Rows in a step where none are given.
const BATCH: usize = 128;
/// Row visits of a fit where no length is given, and the most epochs.
const ROW_VISITS: f64 = 3e6;
const MOST_EPOCHS: f64 = 500.0;
/// Share of the steps in which sds are held and the KL is off.
const HELD: f64 = 0.07;
/// Share of the steps at the full rate, before the cosine.
pub(super) const CONSTANT: f64 = 0.3;
/// The rate at the end, as a share of the first.
const LAST_RATE: f64 = 1e-3;
/// Share of the steps whose mean is the result: of a net, and of a fit that begins near its optimum.
pub(super) const AVERAGED: f64 = 0.05;
pub(super) const AVERAGED_NEAR: f64 = 0.5;
/// Rate of log sds, and of means times √fan_in.
pub(super) const RATE: f64 = 0.02;
/// Rows times latents of the sample whose mode is a start, and its fewest rows.
const MODE_WORK: usize = 20_000_000;
const MODE_ROWS: usize = 1_000;

/// Where a fit begins, how far it goes and how fast.
pub(super) struct Recipe<T> {
    /// Which start it is.
    pub(super) start: usize,
    /// The first numbers.
    pub(super) p: Vec<T>,
    pub(super) steps: u64,
    /// Steps in which sds are held and the KL is off.
    pub(super) held: u64,
    /// The rate that the trace shows, and those of all numbers.
    pub(super) rate: f64,
    pub(super) rates: Vec<T>,
    /// Share of the steps whose mean is the result.
    pub(super) averaged: f64,
}

impl<T: Number> Recipe<T> {
    /// Nets: means N(0, 1/fan_in), biases and scales 0; sds 0.01/√fan_in, held at first; each mean's rate divided by
    /// √fan_in.
    pub(super) fn narrow(problem: &Problem<'_>, start: usize) -> Self {
        let (joint, settings) = (problem.joint, problem.settings);
        let steps = steps(problem, Path::Minibatch);
        let held = if joint.random_dim == 0 { 0 } else { (HELD * steps as f64).round() as u64 };
        let means = random_start(problem, start as u64).into_iter().map(T::from_f64);
        let factor = settings.learning_rate.map_or(1.0, |r| r / RATE);
        let mut omega = vec![T::ZERO; joint.random_dim];
        let mut rates = vec![T::from_f64(RATE * factor); joint.dim + joint.random_dim];
        for latent in &joint.latents {
            let (fan_in, is_tensor) = match &problem.model.unknown(latent.unknown).role {
                Role::Net { fan_in, tensor, .. } => (*fan_in as f64, tensor == "w" || tensor == "b"),
                Role::Plain => (1.0, false),
            };
            for i in latent.start..latent.start + latent.len {
                if is_tensor {
                    rates[i] = T::from_f64(RATE * factor / fan_in.sqrt());
                }
                if i < joint.random_dim {
                    omega[i] = T::from_f64(if is_tensor { (0.01 / fan_in.sqrt()).ln() } else { 0.1f64.ln() });
                }
            }
        }
        let p = means.chain(omega).collect();
        Recipe { start, p, steps, held, rate: RATE * factor, rates, averaged: AVERAGED }
    }

    /// Models without a net: from the mode and the curvature of all rows, or of a keyed sample of many. Each mean's
    /// rate is in units of its sd there: the coordinates of equation 20, for an optimiser that knows no units.
    ///
    /// # Errors
    /// What cannot be run; G008 if no start has a finite density and gradient.
    pub(super) fn near_the_mode(problem: &Problem<'_>, start: usize) -> Result<Self, FitError> {
        let (random, rows) = (problem.joint.random_dim, problem.train.len());
        let most = (MODE_WORK / problem.joint.dim.max(1)).max(MODE_ROWS);
        let mut joint = if rows <= most {
            Joint::tempered(problem).map_err(messages::refused)?
        } else {
            let mut order = vec![0; rows];
            noise::permutation(&mut order, noise::key(problem.settings.seed, 0, variable::START, 0));
            let sample: Vec<u32> = order[..most].iter().map(|i| problem.train[*i as usize]).collect();
            let mut joint = Joint::of_rows(problem, &sample).map_err(messages::refused)?;
            let weight = rows as f64 / most as f64;
            joint.weigh(&mut |weights| weights.iter_mut().for_each(|w| *w *= weight));
            joint.temper(problem);
            joint
        };
        let kept = problem.journal.try_piece(&no_net::name_of("mode", start), || {
            let (guide, units) = no_net::start(&mut joint, problem, start)?;
            Ok::<_, FitError>((GuideRecord::of(&guide).into_owned(), units))
        })?;
        let (guide, units) = match kept {
            (guide, units) if guide.fits(problem.joint.dim, random) && units.len() == problem.joint.dim => {
                (guide.guide(&Arc::default()), units)
            }
            _ => no_net::start(&mut joint, problem, start)?,
        };
        let rate = problem.settings.learning_rate.unwrap_or(RATE);
        let mut rates = vec![T::from_f64(rate); units.len() + random];
        rates.iter_mut().zip(&units).for_each(|(r, unit)| *r = T::from_f64(rate * unit));
        let steps = steps(problem, Path::Batches);
        Ok(Recipe { steps, rate, rates, averaged: AVERAGED_NEAR, ..Self::from_guide(&guide, start, 0, 0.0) })
    }

    /// From a mean-field guide, one rate for all numbers, nothing held. `start` tells its noise from that of others.
    pub(super) fn from_guide(guide: &Gaussian, start: usize, steps: u64, rate: f64) -> Self {
        let p: Vec<T> = guide.mu.iter().chain(&guide.omega).map(|x| T::from_f64(*x)).collect();
        let rates = vec![T::from_f64(rate); p.len()];
        Recipe { start, p, steps, held: 0, rate, rates, averaged: AVERAGED }
    }
}

/// Steps of a fit: as many as asked for, or as visit each row often enough.
pub(super) fn steps(problem: &Problem<'_>, path: Path) -> u64 {
    let epochs = (ROW_VISITS / problem.train.len() as f64).clamp(1.0, MOST_EPOCHS);
    steps_asked(problem, path).unwrap_or_else(|| steps_of(problem, path, epochs))
}

/// Steps that a setting asks for, as they are or as passes over the rows.
pub(super) fn steps_asked(problem: &Problem<'_>, path: Path) -> Option<u64> {
    let settings = problem.settings;
    settings.steps.or_else(|| settings.epochs.map(|epochs| steps_of(problem, path, epochs)))
}

/// Steps that see each row so often, at least one.
fn steps_of(problem: &Problem<'_>, path: Path, epochs: f64) -> u64 {
    let per_epoch = problem.train.len().div_ceil(batch_rows(problem, path)) as f64;
    (epochs * per_epoch).round().max(1.0) as u64
}

/// Rows in a step.
pub(super) fn batch_rows(problem: &Problem<'_>, path: Path) -> usize {
    let rows = problem.train.len();
    match problem.settings.batch {
        Batch::Auto if path == Path::WideNet => wide_net::batch(problem, BATCH),
        Batch::Auto => BATCH.min(rows),
        Batch::All => rows,
        Batch::Rows(n) => n,
    }
}

/// Constant for 30 % of the steps, then a cosine down to 0.1 %.
pub(super) fn schedule(step: u64, steps: u64) -> f64 {
    let done = step as f64 / steps.max(1) as f64;
    if done < CONSTANT {
        return 1.0;
    }
    let angle = std::f64::consts::PI * (done - CONSTANT) / (1.0 - CONSTANT);
    LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + angle.cos())
}
