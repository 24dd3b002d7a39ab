//! `method = smc`: particles that are drawn from the fitted guide and carried to the posterior over a path of tempered
//! densities, resampled by their weights and moved by Hamiltonian trajectories on the way (Del Moral, Doucet, Jasra 2006;
//! Neal 2001 for the path; `docs/inference.md`, section 3, equation 6b).
//!
//! ```text
//! log p_β = (1 − β) log q + β log p(y, u),   0 = β_0 < β_1 < … < 1
//! w_i = (p(y, u_i) / q(u_i))^(β_t − β_{t−1}),   log Z = Σ_t log mean_i w_i
//! ```
//!
//! The next β is that at which the weights are worth 0.6 of the particles. A population is a function of the seed
//! and its number, so the threads that run populations change no bit; several of them, which know nothing of each other,
//! are judged as chains are.

mod dilate;
mod moves;
mod settling;
mod start;

use super::chains::Chains;
use super::draws::{Joint, log_joint, variable};
use super::error::FitError;
use super::hand_out::{Done, hand_out};
use super::journal::Piece;
use super::messages;
use super::mixture::{Mixture, log_sum_exp};
use super::objective::FullBatch;
use super::path;
use super::posterior::Gaussian;
use super::problem::Problem;
use super::progress::Progress;
use super::whitened::Whitened;
use crate::diagnostic::Diagnostic;
use crate::kernels::noise;
use dilate::Scales;
use moves::{Mover, Place};
use serde::{Deserialize, Serialize};
use settling::likeness;
use start::Start;
use std::sync::Arc;

pub use settling::{Motion, Settling};

/// Share of the particles that the weights of a step of β are worth, by their effective number.
const WORTH: f64 = 0.6;
/// Moves at one β: until where a particle is says little of where it was, but no more than these.
const MOST_MOVES: u64 = 4;
/// Distance of the keys of one level's moves from those of the next.
const FARTHEST: u64 = 1 << 32;
/// Correlation with where particles were, averaged over latents, that is little.
const LITTLE: f64 = 0.5;
/// Acceptance that a random walk in one dimension is best with (Roberts and Rosenthal 2001).
const WALK: f64 = 0.44;
/// Where progress has the end of a population.
const WHOLE: usize = 1000;
/// Where it has the posterior, at which some nets spend half of their time.
const PATH: usize = 500;
/// Steps of β that no path needs.
const MOST_LEVELS: u64 = 2_000;

/// What populations reach.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Populations {
    /// The particles, a population for a chain.
    pub chains: Chains,
    /// log p(y) as each population estimates it, in nats.
    pub log_evidence: Vec<f64>,
    /// Variance of each that its weights alone would give it.
    pub of_weights: Vec<f64>,
    /// Steps of β that each took.
    pub levels: Vec<u64>,
    /// How each ended.
    pub settling: Vec<Settling>,
}

impl Populations {
    /// log p(y) by all populations: the log of the mean of their estimates; and its standard error, which one population
    /// alone does not know (not a number).
    ///
    /// Where populations are nats apart the mean is the largest of them, and its relative error says no more than that.
    /// So the error is never less than that of the mean of the logs; nor than what the weights alone would give, because
    /// few populations may be near to each other by chance.
    pub fn evidence(&self) -> (f64, f64) {
        let n = self.log_evidence.len() as f64;
        let log_mean = log_sum_exp(&self.log_evidence) - n.ln();
        let error = |deviations: &mut dyn Iterator<Item = f64>| {
            (deviations.map(|d| d * d).sum::<f64>() / (n * (n - 1.0))).sqrt()
        };
        let mean = self.log_evidence.iter().sum::<f64>() / n;
        let relative = error(&mut self.log_evidence.iter().map(|z| (z - log_mean).exp() - 1.0));
        let of_logs = error(&mut self.log_evidence.iter().map(|z| z - mean));
        let of_weights = self.of_weights.iter().sum::<f64>().sqrt() / n;
        let error = if n < 2.0 { f64::NAN } else { relative.max(of_logs).max(of_weights) };
        (log_mean, error)
    }
}

/// A population between two moves of a particle.
#[derive(Serialize, Deserialize, Clone)]
struct Population {
    /// Steps of β done.
    level: u64,
    beta: f64,
    log_z: f64,
    /// Σ over levels of the relative variance of the mean weight.
    of_weights: f64,
    /// Length of a step of a trajectory, in sds.
    step: f64,
    /// Sds of each v over the particles.
    sds: Vec<f64>,
    /// [particles, dim]
    v: Vec<f64>,
    /// Where each was when the level began; at the posterior, at the last power of two of its moves that is no more than
    /// half of all.
    began: Vec<f64>,
    log_p: Vec<f64>,
    log_q: Vec<f64>,
    /// Moves done at this level, and particles moved in the one that goes on.
    moves: u64,
    moved: usize,
    /// Σ of their acceptance.
    accepted: f64,
    /// Steps of trajectories for each particle, at this level.
    leaps: Vec<f64>,
    /// log p of all particles when the level began; at the posterior also after 1, 2, 4, 8, … moves, up to half of all,
    /// and at half.
    heights: Vec<(u64, Vec<f64>)>,
    /// Sd of the moves of each scale with its weights; how many were tried at this move, and Σ of their acceptance.
    paces: Vec<f64>,
    tried: Vec<(f64, f64)>,
}

/// What is left of one that has arrived.
#[derive(Serialize, Deserialize)]
struct Arrived {
    values: Vec<f64>,
    log_z: f64,
    of_weights: f64,
    levels: u64,
    leaps: Vec<f64>,
    settling: Settling,
}

/// Particles of the posterior from draws of a guide, which may be a mixture.
///
/// # Errors
/// G008 where no draw of the guide has a finite density, or where β does not come near 1.
pub fn smc(
    problem: &Problem<'_>,
    guide: &Gaussian,
    mixture: &Mixture,
    progress: &mut dyn Progress,
) -> Result<Populations, FitError> {
    let settings = problem.settings;
    let joint = Joint::new(problem).map_err(messages::refused)?;
    let bytes = settings.precision.bytes().unwrap_or_else(|| path(problem).bytes());
    let single = match bytes {
        4 => Some(log_joint::<f32>(problem, problem.train, "slopes").map_err(messages::refused)?),
        _ => None,
    };
    let (populations, particles) = (settings.chains, settings.particles());
    let start = Start::of(guide, mixture);
    let scales = Arc::new(Scales::of(problem));
    progress.begin(&format!("{populations} populations"), (populations * WHOLE) as u64);
    let arrived = hand_out(
        (problem.threads, populations, WHOLE),
        progress,
        || (joint.fork(), single.as_ref().map(FullBatch::fork)),
        |(joint, single), number, done| {
            let memory = (joint.fork(), single.as_ref().map(FullBatch::fork));
            let mover = Mover::new(memory, start.clone(), scales.clone(), Whitened::new(guide));
            run(problem, mover, number as u64, done)
        },
    )?;
    let chains = Chains { chains: populations, draws: particles, dim: guide.mu.len(), ..Chains::default() };
    let mut out = Populations { chains, ..Populations::default() };
    for one in arrived {
        out.chains.values.extend(one.values);
        out.chains.steps.extend(one.leaps);
        out.log_evidence.push(one.log_z);
        out.of_weights.push(one.of_weights);
        out.levels.push(one.levels);
        out.settling.push(one.settling);
    }
    Ok(out)
}

/// One population, from the guide to the posterior.
fn run(problem: &Problem<'_>, mut mover: Mover, number: u64, done: &Done) -> Result<Arrived, FitError> {
    let settings = problem.settings;
    let last_moves = settings.moves();
    let (seed, particles, dim) = (settings.seed, settings.particles(), mover.dim());
    let mut piece = problem.journal.open(&format!("population {number}"));
    let total = particles * mover.latents();
    if let Some(arrived) = piece.finished::<Arrived>().filter(|a| a.values.len() == total) {
        let _ = done.send((number as usize, WHOLE));
        return Ok(arrived);
    }
    let begun = piece.begun::<Population>().filter(|p| p.v.len() == particles * dim);
    let mut at = match begun {
        Some(at) => at,
        None => begin(problem, &mut mover, number)?,
    };
    loop {
        let is_last = at.beta >= 1.0;
        let most = if is_last { last_moves } else { MOST_MOVES };
        while at.level > 0 && at.moves < most {
            move_all(problem, &mut mover, &mut at, number, &mut piece)?;
            if is_last {
                if settling::may_end(&at, settings.chains) {
                    break;
                }
                settling::remember(&mut at, most);
                let share = PATH + (WHOLE - PATH) * at.moves as usize / most as usize;
                let _ = done.send((number as usize, share.min(WHOLE - 1)));
            } else if likeness(&at.began, &at.v, dim) < LITTLE {
                break;
            }
        }
        if is_last {
            let _ = done.send((number as usize, WHOLE));
            break;
        }
        let _ = done.send((number as usize, (at.beta.sqrt() * PATH as f64) as usize));
        if at.level >= MOST_LEVELS {
            return Err(stuck(number, at.beta));
        }
        advance(&mut at, (seed, number), dim);
    }
    let values = at.v.chunks_exact(dim).flat_map(|v| mover.place(v).to_vec()).collect();
    let settling = Settling::of(&at, (seed, number));
    let arrived = Arrived {
        values,
        log_z: at.log_z,
        of_weights: at.of_weights,
        levels: at.level,
        leaps: at.leaps,
        settling,
    };
    piece.finish(&arrived);
    Ok(arrived)
}

/// One move of each particle, and what it says about the sizes of the next.
fn move_all(
    problem: &Problem<'_>,
    mover: &mut Mover,
    at: &mut Population,
    number: u64,
    piece: &mut Piece,
) -> Result<(), FitError> {
    let settings = problem.settings;
    let (particles, dim) = (settings.particles(), mover.dim());
    while at.moved < particles {
        piece.pause(|| at.clone())?;
        let i = at.moved;
        let key = |purpose| {
            let which = number << 32 | i as u64;
            noise::key(settings.seed, at.level * FARTHEST + at.moves, purpose, which)
        };
        let keys = (key(variable::MOMENTUM), key(variable::ACCEPT));
        let mut place = Place { log_p: at.log_p[i], log_q: at.log_q[i] };
        let v = &mut at.v[i * dim..(i + 1) * dim];
        let (accepted, leaps) = mover.hop(v, &mut place, (at.beta, at.step, &at.sds), keys);
        let tried = &mut at.tried;
        mover.dilate(v, &mut place, (at.beta, &at.paces), key(variable::DILATE), &mut |which, accepted| {
            tried[which].0 += 1.0;
            tried[which].1 += accepted;
        });
        (at.log_p[i], at.log_q[i]) = (place.log_p, place.log_q);
        at.accepted += accepted;
        at.leaps[i] += leaps as f64;
        at.moved += 1;
    }
    // Robbins and Monro on the scale of logs, with a gain that does not fall: β goes on.
    let mean = at.accepted / particles as f64;
    at.step *= (mean - settings.target_accept).exp();
    for (pace, tried) in at.paces.iter_mut().zip(&mut at.tried) {
        let (n, accepted) = std::mem::take(tried);
        if n > 0.0 {
            *pace *= (2.0 * (accepted / n - WALK)).exp();
        }
    }
    (at.moves, at.moved, at.accepted) = (at.moves + 1, 0, 0.0);
    Ok(())
}

/// Draws of the guide.
fn begin(problem: &Problem<'_>, mover: &mut Mover, number: u64) -> Result<Population, FitError> {
    let settings = problem.settings;
    let (particles, dim) = (settings.particles(), mover.dim());
    let (mut v, mut log_p, mut log_q) = (vec![0.0; particles * dim], vec![], vec![]);
    for (i, v) in v.chunks_exact_mut(dim).enumerate() {
        problem.journal.stopped()?;
        let index = i as u64 * settings.chains as u64 + number;
        let key = noise::key(settings.seed, index, variable::START, number);
        // Components by their shares within each population, whatever the number of populations.
        let place = mover.draw(i as u64, key, v);
        log_p.push(place.log_p);
        log_q.push(place.log_q);
    }
    if log_p.iter().all(|p| !p.is_finite()) {
        let what = format!("population {} finds no draw of the guide with a finite density", number + 1);
        return Err(FitError::Diverged(
            Diagnostic::new("G008", what)
                .help("bound the value that overflows (softplus, a narrower prior), or standardise the data"),
        ));
    }
    Ok(Population {
        level: 0,
        beta: 0.0,
        log_z: 0.0,
        of_weights: 0.0,
        step: (dim as f64).powf(-0.25),
        sds: vec![1.0; dim],
        began: v.clone(),
        v,
        log_p,
        log_q,
        moves: 0,
        moved: 0,
        accepted: 0.0,
        leaps: vec![0.0; particles],
        heights: vec![],
        paces: vec![0.1; mover.scales()],
        tried: vec![(0.0, 0.0); mover.scales()],
    })
}

/// To the next β: weighs the particles and resamples them.
fn advance(at: &mut Population, (seed, number): (u64, u64), dim: usize) {
    let n = at.log_p.len();
    // A place that p rules out has no weight at any β above 0.
    let ratio = |(p, q): (&f64, &f64)| if p.is_finite() && q.is_finite() { p - q } else { f64::NEG_INFINITY };
    let ratios: Vec<f64> = at.log_p.iter().zip(&at.log_q).map(ratio).collect();
    let weights = |by: f64| -> Vec<f64> { ratios.iter().map(|r| by * r).collect() };
    let worth = |by: f64| {
        let logs = weights(by);
        let squares: Vec<f64> = logs.iter().map(|l| 2.0 * l).collect();
        (2.0 * log_sum_exp(&logs) - log_sum_exp(&squares)).exp()
    };
    let possible = ratios.iter().filter(|r| r.is_finite()).count() as f64;
    let left = 1.0 - at.beta;
    let mut by = left;
    if worth(left) < WORTH * possible {
        let (mut low, mut high) = (0.0, left);
        for _ in 0..60 {
            by = 0.5 * (low + high);
            if worth(by) < WORTH * possible { high = by } else { low = by }
        }
    }
    let logs = weights(by);
    let total = log_sum_exp(&logs);
    at.log_z += total - (n as f64).ln();
    at.of_weights += (1.0 / worth(by) - 1.0 / n as f64).max(0.0);
    at.beta = if by >= left { 1.0 } else { at.beta + by };
    at.level += 1;
    let mut offset = [0.0];
    noise::uniforms(&mut offset, noise::key(seed, at.level, variable::RESAMPLE, number), 0);
    let chosen = systematic(logs.iter().map(|l| (l - total).exp()), n, offset[0]);
    at.v = chosen.iter().flat_map(|i| at.v[i * dim..(i + 1) * dim].iter().copied()).collect();
    at.log_p = chosen.iter().map(|i| at.log_p[*i]).collect();
    at.log_q = chosen.iter().map(|i| at.log_q[*i]).collect();
    at.sds = sds(&at.v, dim, &at.sds);
    at.began.clone_from(&at.v);
    (at.moves, at.moved, at.accepted) = (0, 0, 0.0);
    at.leaps.fill(0.0);
    at.heights = vec![(0, at.log_p.clone())];
}

/// Which particle stands at each of `n` places: of shares that sum to 1, each stands ⌊n w⌋ or ⌈n w⌉ times, in order.
fn systematic(shares: impl Iterator<Item = f64>, n: usize, offset: f64) -> Vec<usize> {
    let mut chosen = Vec::with_capacity(n);
    let (mut sum, mut last) = (0.0, 0);
    for (i, share) in shares.enumerate() {
        sum += share * n as f64;
        if share > 0.0 {
            last = i;
        }
        while chosen.len() < n && (chosen.len() as f64 + offset) < sum {
            chosen.push(i);
        }
    }
    // Rounding of the sum may leave the last place empty.
    chosen.resize(n, last);
    chosen
}

/// Sds of each v; one that particles agree on keeps what it had.
fn sds(v: &[f64], dim: usize, before: &[f64]) -> Vec<f64> {
    let n = (v.len() / dim) as f64;
    let (mut mean, mut squares) = (vec![0.0; dim], vec![0.0; dim]);
    for v in v.chunks_exact(dim) {
        mean.iter_mut().zip(v).for_each(|(m, v)| *m += v / n);
    }
    for v in v.chunks_exact(dim) {
        squares.iter_mut().zip(v.iter().zip(&mean)).for_each(|(s, (v, m))| *s += (v - m).powi(2) / n);
    }
    // Of equal numbers the mean is rounded, so that their variance is not quite 0.
    let is_spread = |i: usize| v.iter().skip(i).step_by(dim).any(|x| *x != v[i]);
    let sd = |(i, (square, before)): (usize, (&f64, &f64))| {
        if is_spread(i) && square.is_finite() { square.sqrt() } else { *before }
    };
    squares.iter().zip(before).enumerate().map(sd).collect()
}

/// G008: β does not come near 1.
fn stuck(number: u64, beta: f64) -> FitError {
    let what = format!(
        "population {} is at β = {beta:.3} after {MOST_LEVELS} steps: the guide is too far from the posterior",
        number + 1
    );
    FitError::Diverged(Diagnostic::new("G008", what).help(
        "give more `samples` (particles of a population), a richer guide (`guide = fullrank`), or fit with \
         `method = nuts`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_stand_as_often_as_their_shares_say() {
        let shares = [0.1, 0.0, 0.55, 0.35];
        for offset in [0.01, 0.5, 0.99] {
            let chosen = systematic(shares.into_iter(), 10, offset);
            let count = |i: usize| chosen.iter().filter(|c| **c == i).count() as f64;
            assert_eq!(chosen.len(), 10);
            assert!(chosen.is_sorted(), "copies of one stand together: {chosen:?}");
            for (i, share) in shares.iter().enumerate() {
                assert!((count(i) - 10.0 * share).abs() < 1.0, "{i} of {chosen:?}");
            }
        }
        // Shares that sum to a little less than 1.
        assert_eq!(systematic([0.5, 0.4, 0.0].into_iter(), 4, 0.9), [0, 0, 1, 1]);
    }

    #[test]
    fn the_evidence_of_populations_that_are_apart_has_an_error_that_says_so() {
        let of = |log_evidence: &[f64]| {
            Populations { log_evidence: log_evidence.to_vec(), ..Populations::default() }.evidence()
        };
        let (value, error) = of(&[-3.0, -3.0, -3.0, -3.0]);
        assert!((value + 3.0).abs() < 1e-12 && error < 1e-12);
        let near =
            Populations { log_evidence: vec![-3.0; 4], of_weights: vec![0.04; 4], ..Populations::default() };
        assert!(of(&[-3.0]).1.is_nan(), "one population does not know");
        assert!((near.evidence().1 - 0.1).abs() < 1e-12, "sd of each 0.2, of the mean of four half of it");
        let (value, error) = of(&[0.0, -20.0, -40.0, -60.0]);
        assert!((value + 4f64.ln()).abs() < 1e-8, "{value}");
        assert!((error - 12.909_944_487_358_056).abs() < 1e-9, "sd of the four over 2: {error}");
    }

    #[test]
    fn the_sd_of_equal_particles_is_what_it_was() {
        let v = [0.1, 3.0, 0.1, 4.0, 0.1, 8.0];
        let found = sds(&v, 2, &[0.7, 1.0]);
        assert_eq!(found[0], 0.7);
        assert!((found[1] - (14.0f64 / 3.0).sqrt()).abs() < 1e-12, "{found:?}");
    }

    /// A population of `n` particles in one dimension, which has not moved.
    pub(super) fn blank(n: usize) -> Population {
        Population {
            level: 0,
            beta: 0.0,
            log_z: 0.0,
            of_weights: 0.0,
            step: 1.0,
            sds: vec![1.0],
            v: vec![0.0; n],
            began: vec![],
            log_p: vec![0.0; n],
            log_q: vec![0.0; n],
            moves: 0,
            moved: 0,
            accepted: 0.0,
            leaps: vec![1.0; n],
            heights: vec![],
            paces: vec![],
            tried: vec![],
        }
    }

    #[test]
    fn a_step_of_beta_weighs_and_resamples() {
        let n = 400;
        let ratio = |i: usize| i as f64 / 20.0;
        let mut at = Population {
            v: (0..n).map(|i| i as f64).collect(),
            log_p: (0..n).map(ratio).collect(),
            moves: 3,
            moved: 2,
            accepted: 1.0,
            ..blank(n)
        };
        at.log_p[0] = f64::NEG_INFINITY;
        let mut exact = 0.0;
        while at.beta < 1.0 {
            let before = at.clone();
            advance(&mut at, (1, 0), 1);
            let by = at.beta - before.beta;
            let w: Vec<f64> = before.log_p.iter().map(|r| (by * r).exp()).collect();
            let (sum, squares) = (w.iter().sum::<f64>(), w.iter().map(|w| w * w).sum::<f64>());
            exact += (sum / n as f64).ln();
            if at.beta < 1.0 {
                let possible = before.log_p.iter().filter(|p| p.is_finite()).count() as f64;
                assert!((sum * sum / squares / possible - WORTH).abs() < 1e-6);
            }
            assert!(at.v.iter().zip(&at.log_p).all(|(v, p)| ratio(*v as usize) == *p && *v > 0.0));
            assert_eq!((at.moves, at.moved, at.accepted), (0, 0, 0.0));
            let relative = squares / (sum * sum) - 1.0 / n as f64;
            assert!((at.of_weights - before.of_weights - relative).abs() < 1e-9);
        }
        assert!((at.log_z - exact).abs() < 1e-9);
    }
}
