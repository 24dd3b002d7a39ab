//! The ELBO that is reported: after the fit, all training rows, each draw shared by all rows (section 1).
//!
//! Up to 64 dimensions the draws are randomised Sobol points (16 independent scrambles, whose means give the s.e.),
//! else keyed normals in antithetic pairs; beyond 2,000 dimensions there are 20 draws. Sums over rows are in f64.

use super::draws::{mean_and_se, variable};
use super::objective::{program, shards};
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::progress::Progress;
use crate::engine::{Executor, NoiseKey, Shard, Team};
use crate::kernels::noise;
use crate::passes::optimise;
use crate::tape::Tape;
use statrs::distribution::{ContinuousCDF, Normal};

/// Dimensions up to which draws are quasi-random.
const SOBOL_DIMS: usize = 64;
/// Independent scrambles, whose spread is the error.
const SCRAMBLES: usize = 16;
/// Dimensions beyond which there are few draws.
const MANY_DIMS: usize = 2_000;
const FEW_DRAWS: usize = 20;
/// Most draws.
const MOST_DRAWS: usize = 200_000;

/// An ELBO, or the objective of a fit that has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elbo {
    /// Nats.
    pub value: f64,
    /// Its standard error; 0 for a point estimate.
    pub se: f64,
    /// How many draws it took.
    pub draws: usize,
}

/// Computes the ELBO to the error wanted.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn elbo(
    problem: &Problem<'_>,
    guide: &Gaussian,
    has_net: bool,
    progress: &mut dyn Progress,
) -> Result<Elbo, String> {
    let wanted = if has_net { 0.05 } else { 0.01 };
    // Log densities of large nets in f32 are good to 1e-6 each; their sum is in f64.
    if problem.joint.dim > MANY_DIMS {
        run::<f32>(problem, guide, wanted, progress)
    } else {
        run::<f64>(problem, guide, wanted, progress)
    }
}

fn run<T: Number>(
    problem: &Problem<'_>,
    guide: &Gaussian,
    wanted: f64,
    progress: &mut dyn Progress,
) -> Result<Elbo, String> {
    let lanes = Lanes::<T>::new(problem)?;
    let random = guide.random();
    if random == 0 {
        let values = lanes.values(guide, 1, &|_, _| {}, &mut |_| {});
        return Ok(Elbo { value: values[0], se: 0.0, draws: 1 });
    }
    if random > MANY_DIMS {
        progress.begin("evaluating the ELBO", FEW_DRAWS as u64);
        let noise = |d: usize, out: &mut [f64]| {
            noise::normals(out, noise::key(problem.settings.seed, 0, variable::ELBO, d as u64), 0);
        };
        let values = lanes.values(guide, FEW_DRAWS, &noise, &mut |d| progress.advance(d as u64, None));
        progress.end();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        return Ok(Elbo { value: mean, se: (variance / n).sqrt(), draws: FEW_DRAWS });
    }
    if random <= SOBOL_DIMS {
        Ok(by_sobol(problem, &lanes, guide, wanted))
    } else {
        Ok(by_pairs(problem, &lanes, guide, wanted))
    }
}

/// Doubles the number of points until the scrambles agree.
fn by_sobol<T: Number>(problem: &Problem<'_>, lanes: &Lanes<T>, guide: &Gaussian, wanted: f64) -> Elbo {
    let normal = Normal::standard();
    let mut sums = [0.0; SCRAMBLES];
    let (mut done, mut target) = (0usize, 32usize);
    loop {
        for (scramble, sum) in sums.iter_mut().enumerate() {
            let seed = (problem.settings.seed as u32).wrapping_mul(0x9e37).wrapping_add(scramble as u32);
            let noise = |d: usize, out: &mut [f64]| {
                for (dimension, e) in out.iter_mut().enumerate() {
                    let u = f64::from(sobol_burley::sample((done + d) as u32, dimension as u32, seed));
                    // Points lie on a grid of 2⁻²⁴ with 0 in it: half a step keeps them inside.
                    *e = normal.inverse_cdf(u + 2f64.powi(-25));
                }
            };
            *sum += lanes.values(guide, target - done, &noise, &mut |_| {}).iter().sum::<f64>();
        }
        done = target;
        let means: Vec<f64> = sums.iter().map(|s| s / done as f64).collect();
        let mean = means.iter().sum::<f64>() / SCRAMBLES as f64;
        let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (SCRAMBLES as f64 - 1.0);
        let se = (variance / SCRAMBLES as f64).sqrt();
        if se <= wanted || done * SCRAMBLES * 2 > MOST_DRAWS || !se.is_finite() {
            return Elbo { value: mean, se, draws: done * SCRAMBLES };
        }
        target = done * 2;
    }
}

/// Antithetic pairs of keyed draws until the error is small enough.
fn by_pairs<T: Number>(problem: &Problem<'_>, lanes: &Lanes<T>, guide: &Gaussian, wanted: f64) -> Elbo {
    let mut values = vec![];
    loop {
        let done = values.len();
        let noise = |d: usize, out: &mut [f64]| {
            let d = done + d;
            let key = noise::key(problem.settings.seed, 0, variable::ELBO, d as u64 / 2);
            noise::normals(out, key, 0);
            if d % 2 == 1 {
                out.iter_mut().for_each(|e| *e = -*e);
            }
        };
        values.extend(lanes.values(guide, done.max(256), &noise, &mut |_| {}));
        let (value, se) = mean_and_se(&values);
        if se <= wanted || values.len() * 2 > MOST_DRAWS || !se.is_finite() {
            return Elbo { value, se, draws: values.len() };
        }
    }
}

/// The log joint on all training rows, shards side by side.
struct Lanes<T> {
    team: Team<Lane<T>>,
    observations: Vec<String>,
}

struct Lane<T> {
    executor: Executor<T>,
    shards: Vec<Shard<T>>,
    sums: Vec<f64>,
}

/// Lanes of shards; more than any thread count here, so that the order of sums never changes.
const LANES: usize = 16;

impl<T: Number> Lanes<T> {
    fn new(problem: &Problem<'_>) -> Result<Self, String> {
        let observations: Vec<String> =
            problem.model.observations.iter().map(|o| format!("log_lik:{}", o.name)).collect();
        let mut tape: Tape = problem.joint.tape.clone();
        tape.outputs.retain(|(name, _)| name == "log_prior" || observations.contains(name));
        let tape = optimise(&tape, &mut |_, _, _| {});
        let program = program::<T>(&tape, problem.train.len())?;
        let all = shards(&program, &problem.rows, problem.train, 1.0);
        let count = LANES.min(all.len().max(1));
        let mut lanes: Vec<Lane<T>> = (0..count)
            .map(|_| Lane { executor: Executor::new(program.clone()), shards: vec![], sums: vec![] })
            .collect();
        let total = all.len();
        for (i, shard) in all.into_iter().enumerate() {
            lanes[i * count / total].shards.push(shard);
        }
        Ok(Lanes { team: Team::new(lanes, problem.threads), observations })
    }

    /// log p(y,u) − log q(u) per draw.
    fn values(
        &self,
        guide: &Gaussian,
        draws: usize,
        noise: &(dyn Fn(usize, &mut [f64]) + Sync),
        done: &mut dyn FnMut(usize),
    ) -> Vec<f64> {
        let work = |_: usize, lane: &mut Lane<T>| {
            let (mut e, mut u) = (vec![0.0; guide.random()], vec![0.0; guide.mu.len()]);
            lane.sums.clear();
            for d in 0..draws {
                noise(d, &mut e);
                guide.draw(&e, &mut u);
                let numbers: Vec<T> = u.iter().map(|x| T::from_f64(*x)).collect();
                lane.executor.set_input(crate::lower::LATENTS, &numbers);
                lane.executor.begin(NoiseKey::default());
                let mut sum = 0.0;
                for shard in &lane.shards {
                    lane.executor.rows(shard, NoiseKey::default());
                    for name in &self.observations {
                        let rows = lane.executor.output_on(name, shard).unwrap_or(&[]);
                        // A target that no parameter enters may be one number for all rows.
                        sum += rows.iter().take(shard.rows()).map(|x| x.to_f64()).sum::<f64>();
                    }
                }
                lane.sums.push(sum);
            }
        };
        self.team.run(work, |round| round());
        done(draws);
        let mut e = vec![0.0; guide.random()];
        let mut u = vec![0.0; guide.mu.len()];
        let mut first = self.team.job(0);
        let priors: Vec<f64> = (0..draws)
            .map(|d| {
                noise(d, &mut e);
                guide.draw(&e, &mut u);
                let numbers: Vec<T> = u.iter().map(|x| T::from_f64(*x)).collect();
                first.executor.set_input(crate::lower::LATENTS, &numbers);
                first.executor.begin(NoiseKey::default());
                let prior = first.executor.output("log_prior").map_or(0.0, |x| x[0].to_f64());
                prior - guide.log_density(&e)
            })
            .collect();
        drop(first);
        let mut totals = priors;
        for lane in 0..self.team.len() {
            for (total, sum) in totals.iter_mut().zip(&self.team.job(lane).sums) {
                *total += sum;
            }
        }
        totals
    }
}
