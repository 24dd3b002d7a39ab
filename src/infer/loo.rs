//! Leave-one-out (equation 24a): what the fit would say of each training row if it had not seen it, from draws of it all.
//!
//! ```text
//! p(y_i | y_−i) ≈ Σ_s w_is p(y_i | u_s),   w_is ∝ p(y, u_s) / q(u_s) / p(y_i | u_s), smoothed
//! ```
//!
//! Draws of Markov chains have q = p(u | y), so the first ratio is constant; draws of a guide are brought to the
//! posterior by it (Magnusson, Andersen, Jonasson, Vehtari 2019). The weights of each row are smoothed (Vehtari, Gelman,
//! Gabry 2017), and the shape k̂ of their tail says whether that row's number can be trusted.

use super::draws::variable;
use super::each_draw::{DrawKey, Source};
use super::error::CannotRun;
use super::mixture::Mixture;
use super::objective::{FullBatch, program, shards};
use super::problem::{Number, Problem};
use crate::engine::{Executor, NoiseKey};
use crate::kernels::noise;
use crate::metrics::convergence::convergence;
use crate::metrics::psis::smooth;
use crate::passes::optimise;
use std::sync::Arc;

/// Draws that are weighed, and numbers kept of them: rows times draws.
const DRAWS: usize = 1_000;
const MOST_NUMBERS: usize = 20_000_000;
/// Rows whose log likelihoods chains are judged by, spread evenly.
const JUDGED: usize = 500;

/// The answer for one training row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeftOut {
    /// log p(y_i | y_−i), in nats.
    pub elpd: f64,
    /// Shape of the tail of the row's weights.
    pub k_hat: f64,
}

/// The answer for all rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Loo {
    /// One for each training row, in the order of the split.
    pub rows: Vec<LeftOut>,
    /// By how much the rows are predicted better when they are seen: the effective number of parameters.
    pub p_loo: f64,
    /// Up to this k̂ a row's number is right: min(1 − 1/log₁₀ S, 0.7) of S draws.
    pub threshold: f64,
    /// Of Markov chains: whether they agree on what the rows are.
    pub agreement: Option<Agreement>,
}

/// Whether chains say the same of rows. Unknowns that may change places (the units of a layer) keep chains from
/// agreeing on each of them; the likelihood of a row does not depend on which is which.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// The largest R̂ of the log likelihood of a row.
    pub rhat: f64,
    /// The fewest independent draws that such a log likelihood is worth.
    pub ess: f64,
    /// How many rows were looked at.
    pub rows: usize,
}

impl Loo {
    /// Σ over rows, in nats, and its standard error over rows.
    pub fn total(&self) -> (f64, f64) {
        let n = self.rows.len() as f64;
        let sum: f64 = self.rows.iter().map(|r| r.elpd).sum();
        let squares: f64 = self.rows.iter().map(|r| (r.elpd - sum / n).powi(2)).sum();
        (sum, (squares / (n - 1.0) * n).sqrt())
    }

    /// Rows whose number cannot be trusted.
    pub fn high(&self) -> usize {
        self.rows.iter().filter(|r| r.k_hat.is_nan() || r.k_hat > self.threshold).count()
    }
}

/// Draws of a posterior with their log weights.
enum Draws<'a> {
    Guide(&'a Mixture),
    Chains(&'a dyn Source, Thinned),
}

/// Draws of each chain, as many as are weighed: at equal distances, one chain after another.
#[derive(Clone, Copy)]
struct Thinned {
    chains: usize,
    /// Draws that a chain has, and that are taken of it.
    each: usize,
    taken: usize,
}

impl Thinned {
    fn new(chains: usize, each: usize, most: usize) -> Thinned {
        Thinned { chains, each, taken: each.min((most / chains.max(1)).max(1)) }
    }

    fn len(self) -> usize {
        self.chains * self.taken
    }

    /// Which of all draws the `s`-th taken is.
    fn draw(self, s: usize) -> u64 {
        let (chain, i) = (s / self.taken, s % self.taken);
        (chain * self.each + i * self.each / self.taken) as u64
    }
}

/// Leaves out one training row after another; `guide` in place of chains. None where there is nothing to weigh: points,
/// one row, noise of the model's own, `weighted by`, or more rows than memory is spent on.
///
/// # Errors
/// Says what the compiler cannot run.
pub fn loo(
    problem: &Problem<'_>,
    from: &dyn Source,
    guide: Option<&Mixture>,
) -> Result<Option<Loo>, CannotRun> {
    let rows = problem.train.len();
    let draws = match (guide, from.chains()) {
        (_, Some((chains, each))) => Draws::Chains(from, Thinned::new(chains, each, 4 * DRAWS)),
        (Some(guide), None) if guide.noise() > 0 => Draws::Guide(guide),
        _ => return Ok(None),
    };
    let count = match draws {
        Draws::Guide(_) => DRAWS,
        Draws::Chains(_, taken) => taken.len(),
    };
    let is_weighted = problem.model.observations.iter().any(|o| o.dist.weight.is_some());
    let is_too_much = rows.saturating_mul(count) > MOST_NUMBERS;
    let is_none = rows < 2 || problem.model.observations.is_empty();
    if is_none || is_weighted || is_too_much || problem.joint.is_noisy() {
        return Ok(None);
    }
    left_out::<f64>(problem, &draws, count).map(Some)
}

fn left_out<T: Number>(problem: &Problem<'_>, draws: &Draws<'_>, count: usize) -> Result<Loo, CannotRun> {
    let rows = problem.train.len();
    let (log_weights, log_likelihood) = weighed::<T>(problem, draws, count)?;
    let of_row = |i: usize| -> Vec<f64> { (0..count).map(|s| log_likelihood[s * rows + i]).collect() };
    let mut base = log_weights.clone();
    smooth(&mut base);
    let (mut out, mut seen) = (vec![], 0.0);
    for i in 0..rows {
        let of_row = of_row(i);
        let mut weights: Vec<f64> = log_weights.iter().zip(&of_row).map(|(w, l)| w - l).collect();
        let k_hat = smooth(&mut weights);
        let elpd = log_mean(&weights, &of_row);
        seen += log_mean(&base, &of_row);
        out.push(LeftOut { elpd, k_hat });
    }
    let p_loo = seen - out.iter().map(|r| r.elpd).sum::<f64>();
    let threshold = (1.0 - 1.0 / (count as f64).log10()).min(0.7);
    let agreement = match draws {
        Draws::Chains(_, taken) => Some(agreement(taken.chains, rows, of_row)),
        Draws::Guide(_) => None,
    };
    Ok(Loo { rows: out, p_loo, threshold, agreement })
}

/// The worst over rows of what chains say of their log likelihoods, one chain after another.
fn agreement(chains: usize, rows: usize, of_row: impl Fn(usize) -> Vec<f64>) -> Agreement {
    let judged = rows.min(JUDGED);
    let mut worst = Agreement { rhat: 1.0, ess: f64::INFINITY, rows: judged };
    for i in 0..judged {
        let found = convergence(&of_row(i * rows / judged), chains);
        // `f64::max` would pass over what is not a number.
        if found.rhat.is_nan() || found.rhat > worst.rhat {
            worst.rhat = found.rhat;
        }
        if found.ess_bulk.is_nan() || found.ess_bulk < worst.ess {
            worst.ess = found.ess_bulk;
        }
        if worst.rhat.is_nan() {
            break;
        }
    }
    worst
}

/// log Σ e^(w + l) of normalised log weights.
fn log_mean(log_weights: &[f64], values: &[f64]) -> f64 {
    let sum = || log_weights.iter().zip(values).map(|(w, l)| w + l);
    let most = sum().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() { most + sum().map(|x| (x - most).exp()).sum::<f64>().ln() } else { most }
}

/// Of each draw the log weight, and the log likelihoods of all rows `[draws, rows]`.
fn weighed<T: Number>(
    problem: &Problem<'_>,
    draws: &Draws<'_>,
    count: usize,
) -> Result<(Vec<f64>, Vec<f64>), CannotRun> {
    let names: Vec<String> =
        problem.model.observations.iter().map(|o| format!("log_lik:{}", o.name)).collect();
    let mut tape = problem.joint.tape.clone();
    tape.outputs.retain(|(name, _)| name == "log_prior" || names.contains(name));
    let tape = optimise(&tape, &mut |_, _, _| {});
    let program = program::<T>(problem, &tape, problem.train.len(), 1)?;
    let shards = Arc::new(shards(&program, &problem.rows, problem.train, 1.0));
    let mut batch = FullBatch { executor: Executor::new(program), shards };
    let mut u = vec![0.0; problem.joint.dim];
    let mut numbers = vec![T::ZERO; u.len()];
    let (mut log_weights, mut all) = (vec![], Vec::with_capacity(count * problem.train.len()));
    let seed = problem.settings.seed;
    for s in 0..count {
        let log_q = match draws {
            Draws::Chains(chains, taken) => {
                // In their order, each once: how far a chain's draws depend on each other is asked of them.
                let key = DrawKey { index: taken.draw(s), ..DrawKey::of(seed, variable::SUMMARY) };
                chains.latents(key, &mut u);
                None
            }
            Draws::Guide(guide) => {
                let k = if guide.parts.len() == 1 { 0 } else { guide.part_of(s as u64) };
                let mut e = vec![0.0; guide.parts[k].noise()];
                noise::normals(&mut e, noise::key(seed, 2, variable::ELBO, s as u64), 0);
                guide.parts[k].draw(&e, &mut u);
                Some(guide.log_density(k, &e, &u))
            }
        };
        numbers.iter_mut().zip(&u).for_each(|(n, x)| *n = T::from_f64(*x));
        batch.executor.set_input(crate::lower::LATENTS, &numbers);
        batch.executor.begin(NoiseKey::default());
        let first = all.len();
        for shard in batch.shards.iter() {
            batch.executor.rows(shard, NoiseKey::default());
            let from = all.len();
            all.resize(from + shard.rows(), 0.0);
            for name in &names {
                let values = batch.executor.output_of_rows(name, shard).unwrap_or(&[]);
                all[from..].iter_mut().zip(values).for_each(|(sum, x)| *sum += x.to_f64());
            }
        }
        let prior = batch.executor.output("log_prior").map_or(0.0, |x| x[0].to_f64());
        let log_p = prior + all[first..].iter().sum::<f64>();
        log_weights.push(log_q.map_or(0.0, |log_q| log_p - log_q));
    }
    Ok((log_weights, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_is_taken_once_or_each_chain_at_equal_distances() {
        let all = Thinned::new(3, 10, 100);
        assert_eq!((0..all.len()).map(|s| all.draw(s)).collect::<Vec<_>>(), (0..30).collect::<Vec<_>>());
        let some = Thinned::new(2, 10, 8);
        assert_eq!((0..some.len()).map(|s| some.draw(s)).collect::<Vec<_>>(), [0, 2, 5, 7, 10, 12, 15, 17]);
        assert_eq!(Thinned::new(9, 10, 4).len(), 9, "each chain is heard");
    }

    /// Four chains of which the last sits elsewhere in one of 600 rows, which is among those looked at.
    #[test]
    fn one_row_on_which_chains_disagree_is_found() {
        let of_row = |shift: f64| {
            move |i: usize| -> Vec<f64> {
                let mut x = vec![0.0; 400];
                noise::normals(&mut x, noise::key(1, 0, i as u64, 0), 0);
                x[300..].iter_mut().for_each(|x| *x += if i == 6 { shift } else { 0.0 });
                x
            }
        };
        let (apart, near) = (agreement(4, 600, of_row(2.0)), agreement(4, 600, of_row(0.0)));
        assert!(apart.rhat > 1.2 && near.rhat < 1.06, "{apart:?} {near:?}");
        // The least of 500 estimates from 400 independent draws.
        assert!(apart.ess < 30.0 && near.ess > 80.0, "{apart:?} {near:?}");
        assert_eq!(near.rows, JUDGED);
    }
}
