//! Methods: each takes the same log joint and the rows, and returns a fitted guide.
//!
//! [`fit`] chooses the path (`docs/inference.md`, section 5): full batch for models without a net and for small nets,
//! minibatches for the rest. [`evaluate`] computes the ELBO that is reported, [`predict`] the predictions.

pub mod asked;
pub mod chains;
mod chosen;
pub mod climb;
pub mod coordinates;
mod dilation;
pub mod directions;
pub mod draws;
pub mod each_draw;
pub mod error;
pub mod evaluate;
mod fisher;
mod hand_out;
pub mod idle;
mod joined;
pub mod journal;
mod ladder;
mod lanes;
pub mod laplace;
pub mod lbfgs;
pub mod linear;
pub mod loo;
pub mod memory;
pub mod messages;
pub mod minibatch;
pub mod mix;
pub mod mixture;
pub mod no_net;
mod numbers;
#[cfg(feature = "nuts")]
pub mod nuts;
#[cfg(not(feature = "nuts"))]
#[path = "no_nuts.rs"]
pub mod nuts;
pub mod objective;
pub mod of_data;
pub mod of_rows;
pub mod optimizer;
pub mod points;
pub mod posterior;
pub mod predict;
pub mod prior;
pub mod problem;
pub mod progress;
mod recipe;
mod record;
pub mod row_keys;
pub mod row_reports;
pub mod settings;
pub mod shown;
pub mod small_net;
pub mod smc;
mod underfit;
pub mod uneven_noise;
mod whitened;
mod wide_net;

use crate::diagnostic::Diagnostic;
use crate::guide::{GuideSettings, Guided, NoiseSource};
use crate::model::{Model, Role};
use crate::rewrites::{Note, Rewrite};
use crate::tape::Tape;
use climb::TracePoint;
use error::FitError;
use mixture::Mixture;
use objective::shard_rows;
use posterior::Gaussian;
use problem::Problem;
use progress::Progress;
use settings::{Batch, Draws, GuideChoice};
use std::ops::Range;

/// Latents up to which a net is fitted on all rows.
const SMALL_DIMS: usize = 2_000;
/// Latents up to which a net of numbers has the starts of small nets: noise per row beats them on UCI's sets.
const SMALL_REGRESSION: usize = 200;
/// Rows up to which a net is fitted on all rows.
const SMALL_ROWS: usize = 10_000;

/// Rows, and rows times latents, up to which a net of more latents starts near modes: beyond, minibatches from random
/// weights reach more in the same time (between 2,000 and 4,000 rows of UCI's sets).
const WIDE_ROWS: usize = 2_500;
const WIDE_WORK: usize = 30_000_000;

/// Latents outside nets up to which they share one full-rank block.
const FULL_RANK_DIMS: usize = 200;

/// Which way a fit goes (`docs/inference.md`, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// all rows, no net
    NoNet,
    /// all rows, a small net
    SmallNet,
    /// all rows, a net of many weights
    WideNet,
    /// minibatches, no net
    Batches,
    /// minibatches of a net
    Minibatch,
}

impl Path {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Path::NoNet => "all rows in a step, whitened coordinates",
            Path::SmallNet => "all rows in a step, several starts",
            Path::WideNet => "a few starts from near modes",
            Path::Batches => "minibatches, in units of the curvature",
            Path::Minibatch => "minibatches",
        }
    }
    /// Whether a step draws by key inside its program, rather than being given draws.
    pub fn draws_by_key(self) -> bool {
        match self {
            Path::NoNet | Path::SmallNet => false,
            Path::WideNet | Path::Batches | Path::Minibatch => true,
        }
    }
    /// Bytes of a number in its steps, where no precision is asked for.
    pub fn bytes(self) -> usize {
        match self {
            Path::NoNet | Path::Batches => 8,
            Path::SmallNet | Path::WideNet | Path::Minibatch => 4,
        }
    }
    /// Rows that a program of this path is planned for.
    pub fn rows(self, problem: &Problem<'_>, guided: &Guided, tape: &Tape) -> usize {
        match self {
            Path::NoNet | Path::SmallNet => shard_rows(tape, self.bytes(), problem.train.len()),
            Path::WideNet | Path::Batches | Path::Minibatch => {
                minibatch::rows_per_shard(problem, self, guided, tape, self.bytes())
            }
        }
    }
}

/// The path that suits the model.
pub fn path(problem: &Problem<'_>) -> Path {
    let (dim, rows) = (problem.joint.dim, problem.train.len());
    let batch = problem.settings.batch;
    let has_net = problem.model.unknowns.iter().any(|u| matches!(u.role, Role::Net { .. }));
    let is_few = rows <= SMALL_ROWS || batch == Batch::All;
    let is_full = match problem.settings.guide {
        // Points correlate with nothing.
        _ if problem.joint.random_dim == 0 => false,
        GuideChoice::FullRank => problem.model.correlate().is_empty(),
        GuideChoice::Ladder => true,
        GuideChoice::Auto | GuideChoice::MeanField | GuideChoice::LowRank => false,
    };
    let small = if is_regression(problem.model) && !is_full { SMALL_REGRESSION } else { SMALL_DIMS };
    // Noise of the model's own is new in every step of minibatches; the other paths hold their noise fixed.
    if problem.joint.is_noisy() || matches!(batch, Batch::Rows(n) if n < rows) {
        if has_net { Path::Minibatch } else { Path::Batches }
    } else if !has_net {
        if dim <= SMALL_DIMS { Path::NoNet } else { Path::Batches }
    } else if dim <= small && is_few {
        Path::SmallNet
    } else if has_net && (batch == Batch::All || rows <= WIDE_ROWS && rows * dim <= WIDE_WORK) {
        Path::WideNet
    } else {
        Path::Minibatch
    }
}

/// Whether all targets are numbers with a density.
fn is_regression(model: &Model) -> bool {
    model.observations.iter().all(|o| !o.dist.family.is_discrete)
}

/// How many leading latents share a full-rank block.
pub fn full_rank_dims(problem: &Problem<'_>, path: Path) -> usize {
    let plain = problem.joint.plain_dim;
    match (problem.settings.guide, path) {
        (GuideChoice::FullRank, _) => chosen::block(problem),
        (_, Path::WideNet | Path::Batches | Path::Minibatch) | (GuideChoice::MeanField, _) => 0,
        (GuideChoice::Auto | GuideChoice::Ladder, Path::NoNet) if plain <= FULL_RANK_DIMS => plain,
        (GuideChoice::Auto | GuideChoice::LowRank | GuideChoice::Ladder, _) => 0,
    }
}

/// How many directions latents share (6), and which latents.
fn directions(problem: &Problem<'_>) -> (usize, Vec<Range<usize>>) {
    if problem.settings.guide != GuideChoice::LowRank {
        return (0, vec![]);
    }
    let along = chosen::free(problem);
    let latents = along.iter().map(Range::len).sum();
    (problem.settings.rank.min(latents), along)
}

/// The scales that the spread of a full-rank block of so many latents follows (5a).
pub fn tied_scales(problem: &Problem<'_>, path: Path, full: usize) -> Vec<usize> {
    match path {
        _ if full == 0 || problem.settings.leaves_out(Rewrite::TiedScales) => vec![],
        // What is chosen by name follows no scale, so that scales behind the block can be integrated out.
        _ if !problem.model.correlate().is_empty() || path.draws_by_key() => vec![],
        Path::NoNet => no_net::ties::scales(problem, full),
        _ => no_net::ties::of_nets(problem),
    }
}

/// The guide of a path.
pub fn guide_settings(problem: &Problem<'_>, path: Path) -> GuideSettings {
    let settings = problem.settings;
    let keeps = |rewrite| !settings.leaves_out(rewrite);
    let (rank, along) = directions(problem);
    match path {
        Path::NoNet | Path::SmallNet => {
            let stick_the_landing = sticks_the_landing(problem);
            GuideSettings {
                full_dims: full_rank_dims(problem, path),
                rank,
                along,
                noise: NoiseSource::Input,
                tied_scales: tied_scales(problem, path, full_rank_dims(problem, path)),
                stick_the_landing,
                entropy: keeps(Rewrite::Entropy),
                // Sticking the landing works because log p and log q are of the same draw.
                expected_prior: !stick_the_landing && keeps(Rewrite::ExpectedPrior),
                collapse: keeps(Rewrite::Collapse),
                ..GuideSettings::plain()
            }
        }
        Path::WideNet | Path::Batches | Path::Minibatch => {
            let is_auto = settings.draws == Draws::Auto;
            GuideSettings {
                full_dims: full_rank_dims(problem, path),
                rank,
                along,
                noise: NoiseSource::Keyed,
                entropy: keeps(Rewrite::Entropy),
                expected_prior: keeps(Rewrite::ExpectedPrior),
                collapse: keeps(Rewrite::Collapse),
                local_reparam: is_auto && keeps(Rewrite::LocalReparam),
                flipout: is_auto && settings.asks_for(Rewrite::Flipout),
                ..GuideSettings::plain()
            }
        }
    }
}

/// Whether a path that sees all rows sticks the landing.
fn sticks_the_landing(problem: &Problem<'_>) -> bool {
    !problem.settings.leaves_out(Rewrite::StickTheLanding)
}

/// What becomes of the rewrites that are not the guide's: those of the noise, and those that the path leaves out.
pub fn noise_notes(problem: &Problem<'_>, path: Path) -> Vec<Note> {
    let settings = problem.settings;
    let mut notes = points::notes(problem, path);
    if !path.draws_by_key() {
        if sticks_the_landing(problem) {
            notes.push(Note::refused(
                Rewrite::ExpectedPrior,
                "stick_the_landing needs log p of the same draw",
            ));
        }
        notes.push(Note::refused(
            Rewrite::LocalReparam,
            "all rows share a draw, whose log q is of the same draw",
        ));
    } else {
        if settings.draws != Draws::Auto {
            notes.push(Note::refused(Rewrite::LocalReparam, "`draws` asks for draws that rows share"));
        }
        notes.push(Note::refused(Rewrite::StickTheLanding, "fresh noise, or that of minibatches, dominates"));
    }
    notes.retain(|n| !settings.leaves_out(n.rewrite));
    notes
}

/// Fits by the path that suits the model.
///
/// # Errors
/// What cannot be run, or a fit that diverged.
pub fn fit(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    if problem.joint.dim == 0 {
        return Ok(Outcome::point(vec![]));
    }
    let path = path(problem);
    asked::possible(problem, path)?;
    let mut outcome = match path {
        Path::NoNet => no_net::fit(problem, progress),
        Path::SmallNet => small_net::small_net(problem, progress),
        Path::WideNet => wide_net::wide_net(problem, progress),
        Path::Batches => minibatch::no_net(problem, progress),
        Path::Minibatch => minibatch::minibatch(problem, progress),
    }?;
    outcome.warnings.extend(underfit::warning(problem, &outcome.guide));
    Ok(outcome)
}

/// What a path hands back.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The fitted guide; of several that are kept the best.
    pub guide: Gaussian,
    /// All of several guides that are kept.
    pub mixture: Option<Mixture>,
    /// What was tried beyond the first guide, and what each gained.
    pub rungs: Vec<Rung>,
    /// Optimiser steps, all starts together.
    pub steps: u64,
    /// Time inside the step loops; starts that ran side by side count once.
    pub loop_seconds: f64,
    /// The training trace.
    pub trace: Vec<TracePoint>,
    /// Gradients that were shortened.
    pub clipped: u64,
    /// Findings after the fit.
    pub warnings: Vec<Diagnostic>,
    /// The path taken, in words.
    pub path: String,
    /// Whether it ended before it had settled because another form of the model is better ([`problem::GiveUp`]).
    pub is_given_up: bool,
    /// Where it was when it ended before it had settled to see whether another form is better.
    pub suspended: Option<no_net::Suspended>,
}

/// A richer posterior that was tried, against the one before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rung {
    /// In words: `mixture of 4 starts`.
    pub name: String,
    /// Its ELBO, by the draws that compare guides, and its standard error.
    pub elbo: f64,
    /// Standard error of `elbo`.
    pub elbo_se: f64,
    /// What it has more than what was kept before it, on the same draws; 0 for the first.
    pub gain: f64,
    /// Standard error of `gain`.
    pub gain_se: f64,
    /// What it took.
    pub seconds: f64,
    /// Whether it stayed.
    pub is_kept: bool,
}

impl Outcome {
    /// The posterior as what it is: a mixture, mostly of one.
    pub fn posterior(&self) -> Mixture {
        self.mixture.clone().unwrap_or_else(|| Mixture::one(self.guide.clone()))
    }

    /// Nothing done yet.
    pub fn empty() -> Outcome {
        Outcome { path: String::new(), ..Outcome::point(vec![]) }
    }

    /// Adds what another start of the same fit did: its guide and path stand for both.
    fn take(&mut self, other: Outcome, start: usize) {
        self.steps += other.steps;
        self.loop_seconds += other.loop_seconds;
        self.clipped += other.clipped;
        self.trace.extend(other.trace.into_iter().map(|t| TracePoint { start, ..t }));
        self.warnings.extend(other.warnings);
        (self.guide, self.path) = (other.guide, other.path);
    }

    /// Adds what went on from a start: a line of its own in the trace, behind those of the starts.
    fn follow(&mut self, other: Outcome) {
        let start = self.trace.iter().map(|t| t.start + 1).max().unwrap_or(0);
        let path = std::mem::take(&mut self.path);
        self.take(other, start);
        self.path = path;
    }

    /// A point estimate found without gradient noise.
    fn point(mu: Vec<f64>) -> Outcome {
        Outcome {
            guide: Gaussian::point(mu),
            mixture: None,
            rungs: vec![],
            steps: 0,
            loop_seconds: 0.0,
            trace: vec![],
            clipped: 0,
            warnings: vec![],
            path: "mode by L-BFGS and Newton steps".into(),
            is_given_up: false,
            suspended: None,
        }
    }
}
