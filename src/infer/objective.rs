//! From a tape to something that can be run on the data set: gradient, passes, plan, shards.

use super::error::CannotRun;
use super::problem::Problem;
use crate::adjoint::gradient;
use crate::engine::{self, Executor, NoiseKey, RowSource, Shard};
use crate::kernels::real::Real;
use crate::passes::{Pass, optimise};
use crate::plan::{Program, plan};
use crate::tape::{Op, Slot, Tape, build::Builder};
use crate::ty::Kind;
use std::collections::HashSet;
use std::sync::Arc;

/// Bytes of per-row values that a shard should not exceed: half of a common second-level cache.
const SHARD_BYTES: usize = 192 * 1024;
/// Where weights take more than that, a shard may have as many bytes as they have, up to this: each shard reads all
/// weights and adds to all their gradients, and fewer shards do so less often.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Rows of a shard beyond which nothing is gained.
const MOST_ROWS: usize = 1024;

/// Appends the gradient of the output `objective` for the named inputs, as outputs `grad:NAME`, and optimises.
///
/// Only these outputs stay: the others belong to evaluation.
///
/// # Errors
/// Names what cannot be differentiated.
pub fn with_gradient(tape: &Tape, objective: Slot, inputs: &[&str]) -> Result<Tape, String> {
    with_gradient_reported(tape, objective, inputs, &mut |_| {})
}

/// The same; `report` hears of each pass that changed the tape, in words.
///
/// # Errors
/// Names what cannot be differentiated.
pub fn with_gradient_reported(
    tape: &Tape,
    objective: Slot,
    inputs: &[&str],
    report: &mut dyn FnMut(String),
) -> Result<Tape, String> {
    let mut tell = |when: &str, pass: &Pass, before: usize, after: usize| {
        report(format!(
            "{} ({when} the adjoint): {before} → {after} instructions; {}",
            pass.name, pass.effect
        ));
    };
    let mut only = tape.clone();
    only.outputs = vec![("objective".into(), objective)];
    let lean = optimise(&only, &mut |pass, before, after| tell("before", pass, before, after));
    let wrt: Vec<Slot> = inputs.iter().filter_map(|name| input(&lean, name)).collect();
    let names: Vec<&str> = inputs.iter().copied().filter(|name| input(&lean, name).is_some()).collect();
    let objective = lean.output("objective").ok_or("the tape has no objective")?;
    let (tape, gradients) =
        gradient(lean, objective, &wrt).map_err(|e| format!("{} has no derivative", e.0))?;
    let mut b = Builder::extend(tape);
    for (name, slot) in names.iter().zip(gradients) {
        b.output(format!("grad:{name}"), slot);
    }
    Ok(optimise(&b.finish(), &mut |pass, before, after| tell("after", pass, before, after)))
}

/// The slot of a named input.
pub fn input(tape: &Tape, name: &str) -> Option<Slot> {
    let at = tape.instructions.iter().position(|x| x.op == Op::Input(name.into()))?;
    Some(Slot(at as u32))
}

/// Rows per shard so that a shard's values stay in cache.
pub fn shard_rows(tape: &Tape, bytes: usize, rows: usize) -> usize {
    let per_row: usize = tape
        .instructions
        .iter()
        .filter(|x| x.kind == Kind::Row && !matches!(x.op, Op::Reshape | Op::Slice { .. }))
        .map(|x| x.shape.len() * bytes)
        .sum();
    let is_global = |slot: &Slot| tape.get(*slot).kind == Kind::Global;
    let of_rows = tape.instructions.iter().filter(|x| x.kind == Kind::Row);
    let weights: HashSet<Slot> = of_rows.flat_map(|x| &x.args).copied().filter(is_global).collect();
    let weights: usize = weights.iter().map(|slot| tape.get(*slot).shape.len() * bytes).sum();
    // Where weights are more than a cache holds, a shard of few rows pays for reading all of them; what its values
    // take is then worth a look at the plan, which uses memory again.
    let planned = (weights > SHARD_BYTES).then(|| plan(tape, 16).ok()).flatten();
    let per_row = planned.map_or(per_row, |program| program.row_len * bytes / program.capacity);
    let fit = (weights.clamp(SHARD_BYTES, MOST_BYTES) / per_row.max(1)).clamp(16, MOST_ROWS);
    // Equal shards rather than full ones and a small rest.
    let shards = rows.max(1).div_ceil(fit / 16 * 16);
    rows.max(1).div_ceil(shards).div_ceil(16) * 16
}

/// Plans a tape for a number of rows, all of which are held, and for as many executors.
///
/// # Errors
/// Says which combination the engine cannot run, or that there is no room for it.
pub fn program<T: Real>(
    problem: &Problem<'_>,
    tape: &Tape,
    rows: usize,
    executors: usize,
) -> Result<Arc<Program>, CannotRun> {
    let program = plan(tape, shard_rows(tape, size_of::<T>(), rows))?;
    let shards = rows.div_ceil(program.capacity);
    within_room::<T>(problem, &program, (executors, 0, shards))?;
    Ok(Arc::new(program))
}

/// Bytes that so many executors of a program hold, each with a lane, and so many further lanes and shards.
pub fn held_by<T: Real>(program: &Program, (executors, further_lanes, shards): (usize, usize, usize)) -> u64 {
    let memory = program.footprint(size_of::<T>());
    let scratch = engine::scratch_len::<T>(program) * size_of::<T>();
    let lane = memory.sums + memory.row + memory.index + scratch;
    let executor = memory.global + memory.strip + lane;
    let (lanes, shard) = (executors.saturating_add(further_lanes), memory.shard);
    [(executor, executors), (lane, further_lanes), (shard, shards), (memory.turned, lanes)]
        .iter()
        .fold(0u64, |sum, (bytes, count)| sum.saturating_add((*bytes as u64).saturating_mul(*count as u64)))
}

/// Whether there is room for so many executors of a program, each with a lane, and so many further lanes and shards.
///
/// # Errors
/// [`CannotRun::Memory`]
pub fn within_room<T: Real>(
    problem: &Problem<'_>,
    program: &Program,
    (executors, further_lanes, shards): (usize, usize, usize),
) -> Result<(), CannotRun> {
    has_room(problem, held_by::<T>(program, (executors, further_lanes, shards)))
}

/// Bytes that the threads of a team hold to run the chains of one executor side by side, beside what it holds itself.
pub fn held_by_threads<T: Real>(program: &Program, threads: usize) -> u64 {
    program.footprint(size_of::<T>()).strip as u64 * threads.saturating_sub(1) as u64
}

/// Whether there is room for so many bytes.
///
/// # Errors
/// [`CannotRun::Memory`]
pub fn has_room(problem: &Problem<'_>, needed: u64) -> Result<(), CannotRun> {
    match needed <= problem.room {
        true => Ok(()),
        false => Err(CannotRun::Memory { needed, allowed: problem.room }),
    }
}

/// All rows of a split cut into shards, each row with the same weight.
pub fn shards<T: Real>(
    program: &Program,
    source: &dyn RowSource<T>,
    rows: &[u32],
    weight: f64,
) -> Vec<Shard<T>> {
    rows.chunks(program.capacity)
        .map(|ids| {
            let mut shard = Shard::new(program);
            shard.fill(program, source, ids, T::from_f64(weight));
            shard.kept()
        })
        .collect()
}

/// A program on all rows, run draw by draw on one thread.
pub struct FullBatch<T> {
    /// The memory.
    pub executor: Executor<T>,
    /// The rows, shared by all that run the same program.
    pub shards: Arc<Vec<Shard<T>>>,
}

impl<T: Real> FullBatch<T> {
    /// Another evaluator that shares the rows.
    pub fn fork(&self) -> FullBatch<T> {
        FullBatch { executor: self.executor.fork(), shards: self.shards.clone() }
    }

    /// Runs one draw and returns the objective.
    pub fn run(&mut self, key: NoiseKey) -> f64 {
        self.executor.begin(key);
        for shard in self.shards.iter() {
            self.executor.rows(shard, key);
        }
        self.executor.end(key);
        self.executor.output("objective").map_or(f64::NAN, |x| x[0].to_f64())
    }
}
