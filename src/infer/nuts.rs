//! `method = nuts`: the No-U-Turn sampler of nuts-rs on the log joint, in coordinates whitened by a fitted guide
//! (`docs/inference.md`, section 3).
//!
//! ```text
//! u = μ + L v,   ∂/∂v = Lᵀ ∂/∂u,   v = ε at the start: a draw of the guide
//! ```
//!
//! A chain is a function of the seed and its number, so the threads that run the chains change no bit.
//!
//! The sampler's own state cannot be written down. A chain that was interrupted runs again from its seed, but what it
//! asks of the density is read from the journal as far as that goes: nearly all of its time goes there.

use super::chains::Chains;
use super::draws::{Joint, variable};
use super::error::FitError;
use super::hand_out::{Done, hand_out};
use super::messages;
use super::posterior::Gaussian;
use super::problem::Problem;
use super::progress::Progress;
use super::whitened::Whitened;
use crate::diagnostic::Diagnostic;
use crate::kernels::noise;
use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, EuclideanAdaptOptions, HasDims, LogpError,
    LowRankNutsSettings, NutsSettings, Settings,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

/// Doublings of a trajectory.
const DEPTH: u64 = 10;
/// Dimensions of a full-rank block up to which the guide whitens; beyond, the sampler learns a low-rank metric.
const WHITENED: usize = 200;
/// Starts that are tried for a chain until the density there is finite.
const TRIES: u64 = 100;
/// Draws after which a chain says how far it is.
const EVERY: usize = 10;
/// Numbers of a chain's answers that are kept for a rerun: 64 MiB.
const MOST_ANSWERS: usize = 1 << 23;

/// The log joint in whitened coordinates.
struct Density {
    joint: Joint,
    at: Whitened,
    gradient: Vec<f64>,
    answers: Answers,
}

impl Density {
    fn new(joint: Joint, guide: &Gaussian) -> Self {
        Density {
            joint,
            at: Whitened::new(guide),
            gradient: vec![0.0; guide.mu.len()],
            answers: Answers::default(),
        }
    }
}

/// The densities and gradients that a chain has asked for, in order.
#[derive(Default)]
struct Answers {
    /// A value and its gradient in v, again and again.
    kept: Arc<Mutex<Vec<f64>>>,
    /// Numbers that a rerun has read.
    read: usize,
    /// Whether a journal wants them.
    are_kept: bool,
}

impl Answers {
    /// The next answer, if it was given before.
    fn next(&mut self, out: &mut [f64]) -> Option<f64> {
        let kept = lock(&self.kept);
        let answer = kept.get(self.read..self.read + 1 + out.len())?;
        out.copy_from_slice(&answer[1..]);
        self.read += answer.len();
        Some(answer[0])
    }

    fn push(&mut self, value: f64, gradient: &[f64]) {
        let mut kept = lock(&self.kept);
        // Beyond this a rerun computes again: the same numbers, at the price of time.
        if self.are_kept && self.read == kept.len() && kept.len() + gradient.len() < MOST_ANSWERS {
            kept.push(value);
            kept.extend_from_slice(gradient);
            self.read = kept.len();
        }
    }
}

fn lock(kept: &Mutex<Vec<f64>>) -> std::sync::MutexGuard<'_, Vec<f64>> {
    kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A density or gradient that is not finite: the trajectory ends there.
#[derive(Debug)]
struct NotFinite;

impl std::fmt::Display for NotFinite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the log density is not finite")
    }
}

impl std::error::Error for NotFinite {}

impl LogpError for NotFinite {
    fn is_recoverable(&self) -> bool {
        true
    }
}

impl HasDims for Density {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_owned(), self.at.dim() as u64)])
    }
}

impl CpuLogpFunc for Density {
    type LogpError = NotFinite;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.at.dim()
    }

    fn logp(&mut self, v: &[f64], out: &mut [f64]) -> Result<f64, NotFinite> {
        if let Some(value) = self.answers.next(out) {
            return if value.is_finite() { Ok(value) } else { Err(NotFinite) };
        }
        let value = self.joint.value_and_gradient(self.at.place(v), &mut self.gradient);
        self.at.pull_back(&self.gradient, out);
        let is_finite = value.is_finite() && out.iter().all(|g| g.is_finite());
        self.answers.push(if is_finite { value } else { f64::NAN }, out);
        if is_finite { Ok(value) } else { Err(NotFinite) }
    }

    fn expand_vector<R: rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        v: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(v.to_vec())
    }
}

/// What a chain kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    values: Vec<f64>,
    divergences: usize,
    at_most_depth: usize,
    diverging: Vec<f64>,
    steps: Vec<f64>,
}

/// Draws from the posterior, from starts that the guide gives.
///
/// # Errors
/// G008 where no start of a chain has a finite density.
pub fn nuts(
    problem: &Problem<'_>,
    guide: &Gaussian,
    progress: &mut dyn Progress,
) -> Result<Chains, FitError> {
    let settings = problem.settings;
    let joint = Joint::new(problem).map_err(messages::refused)?;
    let (chains, draws, tune) = (settings.chains, settings.kept(), settings.tuning());
    let each = draws + tune;
    progress.begin(&format!("{chains} chains"), (chains * each) as u64);
    let kept = hand_out(
        (problem.threads, chains, each),
        progress,
        || joint.fork(),
        |joint, chain, done| run(problem, Density::new(joint.fork(), guide), chain as u64, done),
    )?;
    let mut out = Chains { chains, draws, dim: guide.mu.len(), ..Chains::default() };
    for chain in kept {
        out.values.extend(chain.values);
        out.divergences.push(chain.divergences);
        out.at_most_depth.push(chain.at_most_depth);
        out.diverging.extend(chain.diverging);
        out.steps.extend(chain.steps);
    }
    Ok(out)
}

/// A chain with the metric that suits its dimensions.
fn run(problem: &Problem<'_>, density: Density, chain: u64, done: &Done) -> Result<Kept, FitError> {
    let random = density.at.dim();
    if random > density.at.full() && random > WHITENED {
        go(&tuned(LowRankNutsSettings::default(), problem), problem, density, chain, done)
    } else {
        go(&tuned(DiagNutsSettings::default(), problem), problem, density, chain, done)
    }
}

/// The sampler's settings, whatever its metric.
fn tuned<M: Debug + Copy + Default + Serialize>(
    mut settings: NutsSettings<EuclideanAdaptOptions<M>>,
    problem: &Problem<'_>,
) -> NutsSettings<EuclideanAdaptOptions<M>> {
    (settings.num_tune, settings.maxdepth) = (problem.settings.tuning() as u64, DEPTH);
    settings.adapt_options.step_size_settings.target_accept = problem.settings.target_accept;
    settings
}

/// One chain.
fn go<S: Settings>(
    settings: &S,
    problem: &Problem<'_>,
    mut density: Density,
    chain: u64,
    done: &Done,
) -> Result<Kept, FitError> {
    let seed = problem.settings.seed;
    let random = density.at.dim();
    let (tune, draws) = (problem.settings.tuning(), problem.settings.kept());
    let mut piece = problem.journal.open(&format!("chain {chain}"));
    if let Some(kept) = piece.finished::<Kept>().filter(|k| k.values.len() == draws * density.gradient.len())
    {
        let _ = done.send((chain as usize, tune + draws));
        return Ok(kept);
    }
    density.answers.are_kept = problem.journal.is_kept();
    let answers = density.answers.kept.clone();
    *lock(&answers) = piece.begun().unwrap_or_default();
    // Half an answer would be taken for the beginning of the next.
    let whole = lock(&answers).len() / (random + 1) * (random + 1);
    lock(&answers).truncate(whole);
    let Some(start) = begin(&mut density, seed, chain) else {
        return Err(FitError::Diverged(
            Diagnostic::new(
                "G008",
                format!("chain {} of NUTS finds no start with a finite density", chain + 1),
            )
            .help("bound the value that overflows (softplus, a narrower prior), or standardise the data"),
        ));
    };
    let (mut at, dim) = (density.at.clone(), density.gradient.len());
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ (chain << 48));
    let mut sampler = settings.new_chain(chain, CpuMath::new(density), &mut rng).map_err(failed)?;
    sampler.set_position(&start).map_err(failed)?;
    let mut kept = Kept {
        values: Vec::with_capacity(draws * dim),
        divergences: 0,
        at_most_depth: 0,
        diverging: vec![],
        steps: vec![],
    };
    for i in 0..tune + draws {
        piece.pause(|| lock(&answers).clone())?;
        let (v, info) = sampler.draw().map_err(failed)?;
        if i >= tune {
            kept.values.extend_from_slice(at.place(&v[..random]));
            kept.diverging.push(f64::from(u8::from(info.diverging)));
            kept.steps.push(info.num_steps as f64);
            kept.divergences += usize::from(info.diverging);
            kept.at_most_depth += usize::from(!info.diverging && info.num_steps >= (1 << DEPTH) - 1);
        }
        if (i + 1) % EVERY == 0 || i + 1 == tune + draws {
            // Nobody listens any more only where the fit is over.
            let _ = done.send((chain as usize, i + 1));
        }
    }
    piece.finish(&kept);
    Ok(kept)
}

fn failed(e: impl std::fmt::Display) -> FitError {
    messages::refused(format!("NUTS here: {e}"))
}

/// A draw of the guide where density and gradient are finite.
fn begin(density: &mut Density, seed: u64, chain: u64) -> Option<Vec<f64>> {
    let n = density.at.dim();
    let mut gradient = vec![0.0; n];
    (0..TRIES).find_map(|t| {
        let mut v = vec![0.0; n];
        noise::normals(&mut v, noise::key(seed, t, variable::START, chain), 0);
        density.logp(&v, &mut gradient).is_ok().then_some(v)
    })
}
