//! What a fit will hold in memory, part by part, before it is begun.
//!
//! A part's numbers are those that it allocates: executors, lanes and shards by their plan, parameters and moments of the
//! optimiser, the guide. Not in them are the program itself and what it compiles (some tens of MiB), tables of the
//! report, and what the system keeps of memory that was given back.

use super::error::{CannotRun, FitError};
use super::minibatch::Trainer;
use super::objective::{held_by, with_gradient};
use super::of_data::without_data;
use super::problem::{Number, Problem};
use super::shown::prediction_tape;
use super::{Path, each_draw, evaluate, guide_settings, messages, small_net};
use crate::guide::guide;
use crate::infer::draws::PARAMETERS;
use crate::kernels::real::Real;
use crate::plan::plan;
use std::fmt;

/// Bytes of the parts of a fit at their largest. Of steps, evaluation and predictions one comes after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// the data, as they are kept all the time
    pub rows: u64,
    /// the fitted guide and its copy in the journal
    pub guide: u64,
    /// steps: programs, their rows, and the optimiser
    pub steps: u64,
    /// what a checkpoint takes beside the steps
    pub checkpoint: u64,
    /// the ELBO of the fitted guide
    pub evaluation: u64,
    /// predictions of the largest split
    pub predictions: u64,
}

impl Memory {
    /// The largest that is held at a time.
    pub fn peak(&self) -> u64 {
        let after = self.guide + self.evaluation.max(self.predictions);
        self.rows + self.steps.max(after)
    }

    /// The same of a fit that lasts until a checkpoint is written.
    pub fn peak_with_checkpoint(&self) -> u64 {
        self.peak().max(self.rows + self.steps + self.checkpoint)
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        writeln!(f, "memory of a fit, in MiB, beside that of the program itself:")?;
        for (what, bytes) in [
            ("rows", self.rows),
            ("steps", self.steps),
            ("the guide, after the steps", self.guide),
            ("evaluation", self.evaluation),
            ("predictions", self.predictions),
            ("at most at a time", self.peak()),
            ("with a checkpoint", self.peak_with_checkpoint()),
        ] {
            writeln!(f, "  {what:<32}{:>10.1}", mib(bytes))?;
        }
        Ok(())
    }
}

/// Rows of the largest split of which predictions are made.
fn most_predicted(problem: &Problem<'_>, of_train: usize) -> usize {
    let splits = &problem.rows.0.splits;
    let rows = |name: &str, rows: usize| if name == "train" { rows.min(of_train) } else { rows };
    splits.iter().map(|s| rows(&s.name, s.rows.len())).max().unwrap_or(0)
}

/// What a fit of the problem by a path will hold, with predictions of no more than so many training rows.
///
/// # Errors
/// What cannot be run.
pub fn memory(problem: &Problem<'_>, path: Path, of_train: usize) -> Result<Memory, FitError> {
    let number = problem.settings.precision.bytes().unwrap_or(path.bytes());
    let (steps, checkpoint) = match number {
        4 => steps::<f32>(problem, path)?,
        _ => steps::<f64>(problem, path)?,
    };
    let refused = |what: CannotRun| messages::refused(what);
    let (tape, _) = prediction_tape(problem);
    let predicted = most_predicted(problem, of_train);
    let predictions = if problem.joint.dim > evaluate::MANY_DIMS {
        each_draw::bytes::<f32>(problem, &tape, predicted)
    } else {
        each_draw::bytes::<f64>(problem, &tape, predicted)
    };
    // Means and log sds, as the outcome has them and as its copy for the starts; the journal's entry is one more.
    let guide = 3 * (problem.joint.dim + problem.joint.random_dim) * size_of::<f64>();
    Ok(Memory {
        rows: problem.rows.0.bytes(),
        guide: guide as u64,
        steps,
        checkpoint,
        evaluation: evaluate::bytes(problem).map_err(refused)?,
        predictions: predictions.map_err(refused)?,
    })
}

/// Bytes that the steps hold, and a checkpoint beside them.
fn steps<T: Number + Real>(problem: &Problem<'_>, path: Path) -> Result<(u64, u64), FitError> {
    if path.draws_by_key() {
        return Ok(Trainer::new::<T>(problem, path)?.bytes::<T>());
    }
    let settings = guide_settings(problem, path);
    let guided = guide(problem.joint, problem.model, &settings);
    let tape = with_gradient(&guided.tape, guided.objective, &PARAMETERS).map_err(messages::refused)?;
    let split = without_data(problem, &tape, size_of::<T>(), problem.train.len());
    let tape = split.map_or(tape, |split| split.rest);
    let program = plan(&tape, path.rows(problem, &guided, &tape)).map_err(messages::refused)?;
    let shards = problem.train.len().div_ceil(program.capacity);
    // Every start keeps its place until the best is found.
    let executors = if path == Path::SmallNet { small_net::starts(problem).len() } else { problem.threads };
    Ok((held_by::<T>(&program, (executors, 0, shards)), 0))
}
