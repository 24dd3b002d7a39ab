//! The ELBO that is reported: after the fit, all training rows, each draw shared by all rows (section 1).
//!
//! Up to 64 dimensions the draws are randomised Sobol points (16 independent scrambles, whose means give the s.e.),
//! else keyed normals in antithetic pairs; beyond 2,000 dimensions there are 20 draws. Log densities of nets are in f32,
//! as their fits are, others in f64; sums over draws are in f64.

use super::draws::{mean_and_se, variable};
use super::error::CannotRun;
use super::lanes::{self, Lanes};
use super::mixture::Mixture;
use super::objective::held_by;
use super::points::sobol_normals;
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::progress::Progress;
use super::recipe::batch_rows;
use super::settings::{Precision, Settings};
use super::{Path, mix};
use crate::kernels::noise;
use crate::metrics::psis::smooth;
use crate::tape::{Instruction, Op, Tape};
use crate::ty::Kind;

/// Dimensions up to which draws are quasi-random.
const SOBOL_DIMS: usize = 64;
/// Independent scrambles, whose spread is the error.
const SCRAMBLES: usize = 16;
/// Dimensions beyond which there are few draws.
pub(super) const MANY_DIMS: usize = 2_000;
const FEW_DRAWS: usize = 20;
/// And of a fit that was cut short: four for each time that it has seen all rows, at least four.
const FEWEST_DRAWS: usize = 4;
/// Most draws.
const MOST_DRAWS: usize = 200_000;
/// Most draws times rows times multiply-adds of a row: about ten minutes of one core for a dense net. A fit on many rows stops
/// here with the s.e. it has reached.
const MOST_WORK: f64 = 1e10;
/// Draws for each step of the fit: the error of an ELBO is not worth more time than the fit, which was cut short.
const DRAWS_OF_A_STEP: f64 = 256.0;
/// Draws times rows times multiply-adds that are worth it whatever the fit took, unless its length was asked for: a few
/// hundredths of a second.
const LITTLE_WORK: f64 = 2e8;
/// Fewest draws of what is told of a posterior of few dimensions.
const FEWEST: usize = 32 * SCRAMBLES;

/// An ELBO, or the objective of a fit that has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Elbo {
    /// Nats.
    pub value: f64,
    /// Its standard error; 0 for a point estimate.
    pub se: f64,
    /// How many draws it took.
    pub draws: usize,
    /// Means of equal shares of the draws, whose spread is the error.
    pub parts: Vec<f64>,
    /// What the parts' noise was: two fits with the same words have the same noise part by part.
    pub noise: String,
}

/// The seed of the noise: fixed, so that fits of any seed and setting are compared with the same draws.
pub(super) const NOISE_SEED: u64 = 0;
/// In place of the number of a step, where noise of the model's own (`dropout`) is drawn for the ELBO.
pub(super) const OF_ELBO: u64 = u64::MAX - 1;

/// Computes the ELBO of a fit of so many steps, to the error wanted.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn elbo(
    problem: &Problem<'_>,
    guide: &Mixture,
    steps: u64,
    progress: &mut dyn Progress,
) -> Result<Elbo, CannotRun> {
    let has_net = !problem.model.nets.is_empty();
    let wanted = if has_net { 0.05 } else { 0.01 };
    if is_single(problem) {
        run::<f32>(problem, guide, (wanted, steps), progress)
    } else {
        run::<f64>(problem, guide, (wanted, steps), progress)
    }
}

/// Whether log densities are computed in single precision: those of nets, as their fits are. They are good to 1e-6 of
/// their size, and their sum over draws is in f64.
fn is_single(problem: &Problem<'_>) -> bool {
    let has_net = !problem.model.nets.is_empty();
    let is_asked_double = problem.settings.precision == Precision::F64;
    problem.joint.dim > MANY_DIMS || has_net && !is_asked_double
}

fn run<T: Number>(
    problem: &Problem<'_>,
    guide: &Mixture,
    (wanted, steps): (f64, u64),
    progress: &mut dyn Progress,
) -> Result<Elbo, CannotRun> {
    let most = most_draws(problem, steps);
    let lanes = Lanes::<T>::new(problem)?;
    let random = guide.noise();
    if random == 0 && !problem.joint.is_noisy() {
        let values = lanes.values(guide, 0, 1, &|_, _| {}, &mut |_| {});
        return Ok(Elbo { value: values[0], se: 0.0, draws: 1, parts: vec![], noise: String::new() });
    }
    if random > MANY_DIMS {
        let few = few_draws(problem, steps);
        progress.begin("evaluating the ELBO", few as u64);
        let noise = |d: usize, out: &mut [f64]| {
            noise::normals(out, noise::key(NOISE_SEED, 0, variable::ELBO, d as u64), 0);
        };
        let values = lanes.values(guide, 0, few, &noise, &mut |d| progress.advance(d as u64, None));
        progress.end();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let se = (variance / n).sqrt();
        let noise = format!("{few} draws of {random}");
        return Ok(Elbo { value: mean, se, draws: few, parts: values, noise });
    }
    // Noise of the model's own is of more dimensions, and by key.
    progress.begin("evaluating the ELBO", most as u64);
    let tell = &mut |done: usize| progress.advance(done as u64, None);
    let elbo = if random <= SOBOL_DIMS && !problem.joint.is_noisy() {
        by_sobol(&lanes, guide, wanted, most, tell)
    } else {
        by_pairs(&lanes, guide, wanted, most, tell)
    };
    progress.end();
    Ok(elbo)
}

/// log p(y,u) − log q(u) of keyed draws in antithetic pairs: the same keys for every guide, so that differences are
/// paired. `steps` is the length of the fit.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn paired_draws(
    problem: &Problem<'_>,
    guide: &Gaussian,
    steps: u64,
    progress: &mut dyn Progress,
) -> Result<Vec<f64>, CannotRun> {
    let draws = if guide.random() > MANY_DIMS {
        few_draws(problem, steps).next_multiple_of(2)
    } else {
        mix::compare_draws(problem)
    };
    let noise = |d: usize, out: &mut [f64]| {
        let key = noise::key(problem.settings.seed, 0, variable::COMPARE, d as u64 / 2);
        noise::normals(out, key, 0);
        if d % 2 == 1 {
            out.iter_mut().for_each(|e| *e = -*e);
        }
    };
    let guide = Mixture::one(guide.clone());
    progress.begin("comparing the ELBO", draws as u64);
    let values = if is_single(problem) {
        Lanes::<f32>::new(problem)?.values(&guide, 0, draws, &noise, &mut |_| {})
    } else {
        Lanes::<f64>::new(problem)?.values(&guide, 0, draws, &noise, &mut |_| {})
    };
    progress.end();
    Ok(values)
}

/// Draws that importance weights are judged by, and the most multiply-adds that they may take.
const WEIGHED: usize = 2_000;
const WEIGHED_WORK: f64 = 2e9;

/// What the importance weights p(y, u)/q(u) of the guide's draws say of it (section 8).
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// the shape of their tail
    pub k_hat: f64,
    /// of how many equal ones as many are worth, 1/Σw² of shares w, divided by their number
    pub efficiency: f64,
    /// log of their mean: the log evidence, as far as draws reach where the posterior is
    pub log_evidence: f64,
    /// its standard error
    pub log_evidence_se: f64,
    /// smoothed weights, which sum to 1, of the draws of [`weighed_latents`]
    pub shares: Vec<f64>,
}

/// Judges the guide by the importance weights of its draws; none for points, for noise of the model's own, beyond
/// 2,000 dimensions, where weights of weights say nothing, and where rows are too many for 2,000 draws of all of them.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn weights(problem: &Problem<'_>, guide: &Mixture) -> Result<Option<Weights>, CannotRun> {
    let random = guide.noise();
    let work = problem.train.len() as f64 * work_of_a_row(&problem.joint.tape) * WEIGHED as f64;
    if random == 0 || random > MANY_DIMS || problem.joint.is_noisy() || work > WEIGHED_WORK {
        return Ok(None);
    }
    let mut log_weights = if is_single(problem) {
        log_weights::<f32>(problem, guide)?
    } else {
        log_weights::<f64>(problem, guide)?
    };
    // The tail of equal weights is none: the guide is the posterior.
    let (least, most) =
        log_weights.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), w| (w.min(l), w.max(m)));
    if most - least < 1e-6 {
        let (log_evidence, log_evidence_se) = (0.5 * (least + most), 0.0);
        let shares = vec![1.0 / log_weights.len() as f64; log_weights.len()];
        return Ok(Some(Weights { k_hat: 0.0, efficiency: 1.0, log_evidence, log_evidence_se, shares }));
    }
    let raw = log_weights.clone();
    let k_hat = smooth(&mut log_weights);
    let (n, squares) = (raw.len() as f64, log_weights.iter().map(|w| (2.0 * w).exp()).sum::<f64>());
    let efficiency = 1.0 / squares / n;
    // The least weight is in no tail: smoothing has only divided it by the sum of all.
    let smallest = (0..raw.len()).min_by(|a, b| raw[*a].total_cmp(&raw[*b])).unwrap_or(0);
    let log_evidence = raw[smallest] - log_weights[smallest] - n.ln();
    let log_evidence_se = ((1.0 / efficiency - 1.0).max(0.0) / n).sqrt();
    let shares = log_weights.iter().map(|w| w.exp()).collect();
    Ok(Some(Weights { k_hat, efficiency, log_evidence, log_evidence_se, shares }))
}

/// log p(y, u)/q(u) of draws of each component by its share.
fn log_weights<T: Number>(problem: &Problem<'_>, guide: &Mixture) -> Result<Vec<f64>, CannotRun> {
    let lanes = Lanes::<T>::new(problem)?;
    let of = |(k, draws)| lanes.values_of(guide, k, (0, draws), &noise_of_weighed, &mut |_| {});
    Ok(weighed(problem, guide).flat_map(of).collect())
}

/// How many draws of each component are weighed.
fn weighed<'a>(problem: &Problem<'_>, guide: &'a Mixture) -> impl Iterator<Item = (usize, usize)> + 'a {
    let all = draws_worth(problem.settings, WEIGHED) as f64;
    guide.shares.iter().enumerate().map(move |(k, share)| (k, (share * all).round() as usize))
}

fn noise_of_weighed(draw: usize, out: &mut [f64]) {
    noise::normals(out, noise::key(NOISE_SEED, 1, variable::ELBO, draw as u64), 0);
}

/// The draws that [`weights`] weighs, one after another.
pub fn weighed_latents(problem: &Problem<'_>, guide: &Mixture, each: &mut dyn FnMut(&[f64])) {
    for (k, draws) in weighed(problem, guide) {
        let component = &guide.parts[k];
        let (mut e, mut u) = (vec![0.0; component.noise()], vec![0.0; component.mu.len()]);
        for draw in 0..draws {
            noise_of_weighed(draw, &mut e);
            component.draw(&e, &mut u);
            each(&u);
        }
    }
}

/// Multiply-adds of the log joint in one row: a kernel is used again at every place of its image.
fn work_of_a_row(tape: &Tape) -> f64 {
    let of = |x: &Instruction| {
        let size = |i: usize| tape.get(x.args[i]).shape.len() as f64;
        match x.op {
            Op::Dot { .. } => size(1),
            Op::Conv(_) => x.shape.len() as f64 * size(1) / x.shape.0.last().copied().unwrap_or(1) as f64,
            _ => x.shape.len() as f64,
        }
    };
    tape.instructions.iter().filter(|x| x.kind == Kind::Row).map(of).sum()
}

/// Draws of a large net: see [`FEWEST_DRAWS`].
fn few_draws(problem: &Problem<'_>, steps: u64) -> usize {
    let rows = problem.train.len().max(1);
    let batch = match super::path(problem) {
        path @ (Path::Minibatch | Path::Batches | Path::WideNet) => batch_rows(problem, path),
        Path::NoNet | Path::SmallNet => rows,
    };
    let passes = steps as f64 * batch as f64 / rows as f64;
    ((FEWEST_DRAWS as f64 * passes) as usize).clamp(FEWEST_DRAWS, FEW_DRAWS)
}

/// Draws that rows, their work and the length of the fit allow.
fn most_draws(problem: &Problem<'_>, steps: u64) -> usize {
    let one = problem.train.len().max(1) as f64 * work_of_a_row(&problem.joint.tape).max(1.0);
    let little = if problem.settings.length().is_some() { 0.0 } else { LITTLE_WORK / one };
    let by_fit = little.max(DRAWS_OF_A_STEP * steps as f64);
    (by_fit.min(MOST_WORK / one) as usize).clamp(FEWEST, MOST_DRAWS)
}

/// At most so many draws of a posterior: fewer where the fit's length was asked for and is short, because then the
/// error of the fit is far above that of fewer draws.
pub fn draws_worth(settings: &Settings, most: usize) -> usize {
    let of_steps = |steps: u64| ((DRAWS_OF_A_STEP * steps as f64) as usize).max(FEWEST);
    settings.length().map_or(most, |steps| most.min(of_steps(steps)))
}

/// Doubles the number of points until the scrambles agree.
fn by_sobol<T: Number>(
    lanes: &Lanes<T>,
    guide: &Mixture,
    wanted: f64,
    most: usize,
    tell: &mut dyn FnMut(usize),
) -> Elbo {
    let mut sums = [0.0; SCRAMBLES];
    let (mut done, mut target) = (0usize, 16usize);
    loop {
        for (scramble, sum) in sums.iter_mut().enumerate() {
            let seed = (NOISE_SEED as u32).wrapping_mul(0x9e37).wrapping_add(scramble as u32);
            let noise = |d: usize, out: &mut [f64]| sobol_normals((done + d) as u32, seed, out);
            *sum += lanes.values(guide, done, target - done, &noise, &mut |_| {}).iter().sum::<f64>();
        }
        done = target;
        tell(done * SCRAMBLES);
        let means: Vec<f64> = sums.iter().map(|s| s / done as f64).collect();
        let mean = means.iter().sum::<f64>() / SCRAMBLES as f64;
        let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (SCRAMBLES as f64 - 1.0);
        let se = (variance / SCRAMBLES as f64).sqrt();
        if se <= wanted || done * SCRAMBLES * 2 > most || !se.is_finite() {
            let noise = format!("{SCRAMBLES} scrambles of Sobol points of {}", guide.noise());
            return Elbo { value: mean, se, draws: done * SCRAMBLES, parts: means, noise };
        }
        target = done * 2;
    }
}

/// Antithetic pairs of keyed draws until the error is small enough.
fn by_pairs<T: Number>(
    lanes: &Lanes<T>,
    guide: &Mixture,
    wanted: f64,
    most: usize,
    tell: &mut dyn FnMut(usize),
) -> Elbo {
    let mut values = vec![];
    loop {
        let done = values.len();
        let noise = |d: usize, out: &mut [f64]| {
            let d = done + d;
            let key = noise::key(NOISE_SEED, 0, variable::ELBO, d as u64 / 2);
            noise::normals(out, key, 0);
            if d % 2 == 1 {
                out.iter_mut().for_each(|e| *e = -*e);
            }
        };
        values.extend(lanes.values(guide, done, done.max(256), &noise, &mut |_| {}));
        tell(values.len());
        let (value, se) = mean_and_se(&values);
        if se <= wanted || values.len() * 2 > most || !se.is_finite() {
            let share = values.len() / SCRAMBLES;
            let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
            let parts = values.chunks_exact(share.max(1)).map(mean).collect();
            let noise = format!("{} pairs of {}", values.len() / 2, guide.noise());
            return Elbo { value, se, draws: values.len(), parts, noise };
        }
    }
}

/// Bytes that the ELBO of a fit takes to compute, its rows among them.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn bytes(problem: &Problem<'_>) -> Result<u64, CannotRun> {
    let (held, number) = if is_single(problem) {
        let (program, parts, _) = lanes::planned::<f32>(problem)?;
        (held_by::<f32>(&program, parts), size_of::<f32>())
    } else {
        let (program, parts, _) = lanes::planned::<f64>(problem)?;
        (held_by::<f64>(&program, parts), size_of::<f64>())
    };
    // Noise and latents of a draw, and the latents once more as numbers of the program.
    Ok(held + problem.joint.dim as u64 * (2 * size_of::<f64>() + number) as u64)
}
