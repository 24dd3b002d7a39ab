//! Whether Markov chains agree, and how many independent draws theirs are worth: rank-normalised split-R̂, bulk and tail
//! effective sample size, Monte Carlo error of the mean (Vehtari, Gelman, Simpson, Carpenter, Bürkner 2021; Geyer 1992
//! for where the sum of autocorrelations ends).

use super::quantile;
use statrs::distribution::{ContinuousCDF, Normal};

/// Chains whose largest R̂ is below this agree (`docs/inference.md`, section 8).
pub const RHAT: f64 = 1.01;

/// What the chains of one scalar say of each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Convergence {
    /// Rank-normalised split-R̂, the larger of location and scale: 1 where the chains agree.
    pub rhat: f64,
    /// Independent draws that the mean's are worth.
    pub ess_bulk: f64,
    /// The same of the 5 % and 95 % quantiles, the smaller.
    pub ess_tail: f64,
    /// Standard error of the mean.
    pub mcse: f64,
}

/// Fewest draws of a chain that can be judged.
const FEWEST: usize = 8;

/// Judges chains of equal length that lie one after another; a scalar that never moves has R̂ = 1 and is worth all draws.
/// Not a number where chains are shorter than eight draws, or a draw is not finite.
pub fn convergence(values: &[f64], chains: usize) -> Convergence {
    let draws = values.len() / chains.max(1);
    if draws < FEWEST || values.iter().any(|v| !v.is_finite()) {
        return Convergence { rhat: f64::NAN, ess_bulk: f64::NAN, ess_tail: f64::NAN, mcse: f64::NAN };
    }
    if values.iter().all(|v| *v == values[0]) {
        let all = values.len() as f64;
        return Convergence { rhat: 1.0, ess_bulk: all, ess_tail: all, mcse: 0.0 };
    }
    let split = halves(values, draws);
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut kept: Vec<f64> = split.iter().flatten().copied().collect();
    kept.sort_by(f64::total_cmp);
    let median = quantile(&kept, 0.5);
    let bulk = of_ranks(&split);
    let folded: Vec<Vec<f64>> =
        split.iter().map(|chain| chain.iter().map(|x| (x - median).abs()).collect()).collect();
    let tail = |share: f64| {
        let limit = quantile(&sorted, share);
        let below = |chain: &Vec<f64>| chain.iter().map(|x| f64::from(*x <= limit)).collect();
        ess(&split.iter().map(below).collect::<Vec<Vec<f64>>>())
    };
    let (_, variance) = moments(values);
    Convergence {
        rhat: rhat(&bulk).max(rhat(&of_ranks(&folded))),
        ess_bulk: ess(&bulk),
        ess_tail: tail(0.05).min(tail(0.95)),
        mcse: (variance / ess(&split)).sqrt(),
    }
}

/// The two halves of every chain; the middle draw of an odd number is left out.
fn halves(values: &[f64], draws: usize) -> Vec<Vec<f64>> {
    let half = draws / 2;
    values
        .chunks_exact(draws)
        .flat_map(|chain| [chain[..half].to_vec(), chain[draws - half..].to_vec()])
        .collect()
}

/// Normal scores of the ranks among all chains, ties sharing their mean rank: Φ⁻¹((r − 3/8)/(S + 1/4)).
fn of_ranks(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let all: Vec<f64> = chains.iter().flatten().copied().collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|a, b| all[*a].total_cmp(&all[*b]));
    let normal = Normal::standard();
    let mut scores = vec![0.0; all.len()];
    let mut first = 0;
    while first < order.len() {
        let tied = order[first..].iter().take_while(|i| all[**i] == all[order[first]]).count();
        let rank = first as f64 + (tied as f64 + 1.0) / 2.0;
        let score = normal.inverse_cdf((rank - 0.375) / (all.len() as f64 + 0.25));
        order[first..first + tied].iter().for_each(|i| scores[*i] = score);
        first += tied;
    }
    let mut rest = scores.as_slice();
    chains
        .iter()
        .map(|chain| {
            let (own, others) = rest.split_at(chain.len());
            rest = others;
            own.to_vec()
        })
        .collect()
}

/// Mean, and variance with n − 1.
pub fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let m = mean(x);
    (m, x.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (n - 1.0))
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// √(((n − 1)/n W + B/n) / W).
fn rhat(chains: &[Vec<f64>]) -> f64 {
    let n = chains[0].len() as f64;
    let (means, variances): (Vec<f64>, Vec<f64>) = chains.iter().map(|c| moments(c)).unzip();
    let within = mean(&variances);
    let (_, between) = moments(&means);
    (((n - 1.0) / n * within + between) / within).sqrt()
}

/// Effective sample size of all chains together; at most S log₁₀ S.
fn ess(chains: &[Vec<f64>]) -> f64 {
    let n = chains[0].len();
    let centred: Vec<Vec<f64>> = chains
        .iter()
        .map(|c| {
            let m = mean(c);
            c.iter().map(|x| x - m).collect()
        })
        .collect();
    // The mean over chains of the autocovariance, with n below the line.
    let covariance = |lag: usize| {
        let of = |c: &Vec<f64>| c[lag..].iter().zip(c).map(|(a, b)| a * b).sum::<f64>() / n as f64;
        centred.iter().map(of).sum::<f64>() / chains.len() as f64
    };
    let within = covariance(0) * n as f64 / (n as f64 - 1.0);
    let means: Vec<f64> = chains.iter().map(|c| mean(c)).collect();
    let total = within * (n as f64 - 1.0) / n as f64 + moments(&means).1;
    let all = (n * chains.len()) as f64;
    if total == 0.0 {
        return all;
    }
    let rho = |lag: usize| 1.0 - (within - covariance(lag)) / total;
    // Geyer's initial positive sequence: rho[0..=last] in pairs that are positive together, then one more even term.
    let mut terms = vec![1.0, rho(1)];
    while terms.len() + 2 < n && terms[terms.len() - 2] + terms[terms.len() - 1] > 0.0 {
        let lag = terms.len();
        terms.extend([rho(lag), rho(lag + 1)]);
    }
    let pairs = terms.len() / 2 - 1;
    let next = terms[2 * pairs].max(0.0);
    terms.truncate(2 * pairs);
    // ... made monotone: no pair above the one before.
    for pair in 1..pairs {
        let (before, here) =
            (terms[2 * pair - 2] + terms[2 * pair - 1], terms[2 * pair] + terms[2 * pair + 1]);
        if here > before {
            terms[2 * pair] = before / 2.0;
            terms[2 * pair + 1] = before / 2.0;
        }
    }
    let tau = -1.0 + 2.0 * terms.iter().sum::<f64>() + next;
    all / tau.max(1.0 / all.log10())
}
