//! Outputs of a tape for some rows under one posterior draw after another, each draw shared by all rows.

use super::draws::variable;
use super::error::CannotRun;
use super::objective::{held_by, shard_rows, shards, within_room};
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::row_keys;
use crate::engine::{Executor, Lane, NoiseKey, RowSource, Shard, Team};
use crate::kernels::noise;
use crate::plan::{Program, Space, plan};
use crate::tape::Tape;
use std::sync::{Arc, PoisonError, RwLock};

/// In place of the number of a step, where noise of the model's own (`dropout`) is drawn for predictions.
const OF_PREDICTIONS: u64 = u64::MAX;

/// Some of the rows, and what was read of them.
struct Part<T> {
    lane: Lane<T>,
    shards: Vec<Shard<T>>,
    /// Per output: values of this lane's rows, row-major.
    out: Vec<Vec<f64>>,
}

/// Where the latents of a draw come from: a fitted guide, or the prior.
pub trait Source {
    /// How many latents there are.
    fn dim(&self) -> usize;
    /// Whether all draws are the same.
    fn is_point(&self) -> bool;
    /// How many draws, the first of a purpose, hold each different one as often as every other; none where no number does.
    fn round(&self) -> Option<usize> {
        self.is_point().then_some(1)
    }
    /// The latents of one draw: a function of the key alone.
    fn latents(&self, key: DrawKey, u: &mut [f64]);
    /// Where the draws are those of Markov chains: how many chains, and draws of each.
    fn chains(&self) -> Option<(usize, usize)> {
        None
    }
}

/// Which draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawKey {
    /// The user's seed.
    pub seed: u64,
    /// What it is for: one of [`variable`].
    pub purpose: u64,
    /// Its number.
    pub index: u64,
    /// Whether its noise is that of the draw of this number with the signs turned, where there are signs.
    pub is_mirrored: bool,
}

impl DrawKey {
    /// The first draw for a purpose.
    pub fn of(seed: u64, purpose: u64) -> DrawKey {
        DrawKey { seed, purpose, index: 0, is_mirrored: false }
    }
}

/// Fractional part of the golden ratio: steps of it spread evenly, however many are taken.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// A place in [0, 1) for each number; the first n of them lie evenly, whatever n is.
pub fn spread_evenly(index: u64) -> f64 {
    ((index as f64 + 0.5) * GOLDEN).fract()
}

impl Source for Gaussian {
    fn dim(&self) -> usize {
        self.mu.len()
    }

    fn is_point(&self) -> bool {
        self.random() == 0
    }

    fn latents(&self, key: DrawKey, u: &mut [f64]) {
        let mut e = vec![0.0; self.noise()];
        noise::normals(&mut e, noise::key(key.seed, 0, key.purpose, key.index), 0);
        if key.is_mirrored {
            e.iter_mut().for_each(|x| *x = -*x);
        }
        self.draw(&e, u);
    }
}

/// Bytes that the outputs of a tape for so many rows take to compute, the rows among them.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn bytes<T: Number>(problem: &Problem<'_>, tape: &Tape, rows: usize) -> Result<u64, CannotRun> {
    let (program, parts) = planned::<T>(problem, tape, rows)?;
    // Noise and latents of a draw, and the latents once more as numbers of the program.
    let drawn = problem.joint.dim * (2 * size_of::<f64>() + size_of::<T>());
    let out: usize = program.outputs.iter().map(|o| o.shape.len() * rows * size_of::<f64>()).sum();
    Ok(held_by::<T>(&program, parts) + (drawn + 2 * out) as u64)
}

/// The program for so many rows; how many executors, further lanes and shards it is run with.
fn planned<T: Number>(
    problem: &Problem<'_>,
    tape: &Tape,
    rows: usize,
) -> Result<(Program, (usize, usize, usize)), CannotRun> {
    let program = plan(tape, shard_rows(tape, size_of::<T>(), rows))?;
    let total = rows.div_ceil(program.capacity);
    let count = (problem.threads * 4).min(total).max(1);
    Ok((program, (1, count, total)))
}

/// Calls `each` with the number of a draw and the values of every output, row-major over all rows.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn each_draw<T: Number>(
    problem: &Problem<'_>,
    from: &dyn Source,
    (tape, outputs): (&Tape, &[String]),
    (source, rows): (&dyn RowSource<T>, &[u32]),
    draws: usize,
    each: &mut dyn FnMut(usize, &[Vec<f64>]),
) -> Result<(), CannotRun> {
    let (program, parts) = planned::<T>(problem, tape, rows.len())?;
    within_room::<T>(problem, &program, parts)?;
    let ((_, count, total), program) = (parts, Arc::new(program));
    let mut all = shards(&program, source, rows, 1.0);
    if problem.joint.is_noisy() {
        let keys = row_keys::keys(&row_keys::columns(problem.joint), &|c| problem.width(c), source, rows);
        for (shard, keys) in all.iter_mut().zip(keys.chunks(program.capacity)) {
            shard.key_rows(&keys.iter().map(|k| *k as u32).collect::<Vec<u32>>());
        }
    }
    // The global values of a draw are computed once, and read by all parts.
    let leader = Executor::<T>::new(program.clone());
    let mut parts: Vec<Part<T>> =
        (0..count).map(|_| Part { lane: leader.further_lane(), shards: vec![], out: vec![] }).collect();
    for (i, shard) in all.into_iter().enumerate() {
        parts[i * count / total].shards.push(shard);
    }
    let team = Team::new(parts, problem.threads);
    let capacity = program.capacity;
    let first =
        NoiseKey { seed: problem.settings.seed, step: OF_PREDICTIONS, draw: 0, ..NoiseKey::default() };
    let drawn = RwLock::new((leader, first));
    let work = |_: usize, part: &mut Part<T>| {
        let drawn = drawn.read().unwrap_or_else(PoisonError::into_inner);
        let (leader, key) = &*drawn;
        part.out.resize(outputs.len(), vec![]);
        part.out.iter_mut().for_each(Vec::clear);
        part.lane.begin();
        for shard in &part.shards {
            part.lane.rows(leader, shard, *key);
            for (name, out) in outputs.iter().zip(&mut part.out) {
                let values = part.lane.output_of_rows(leader, name, shard).unwrap_or(&[]);
                copy_out(values, capacity, shard.rows(), name, &program, out);
            }
        }
    };
    team.run(work, |lead| {
        let (mut point, mut numbers) = (vec![0.0; from.dim()], vec![T::ZERO; from.dim()]);
        for d in 0..draws {
            let key = DrawKey { index: d as u64, ..DrawKey::of(problem.settings.seed, variable::PREDICT) };
            from.latents(key, &mut point);
            numbers.iter_mut().zip(&point).for_each(|(n, x)| *n = T::from_f64(*x));
            {
                let mut drawn = drawn.write().unwrap_or_else(PoisonError::into_inner);
                let (leader, key) = &mut *drawn;
                key.draw = d as u64;
                leader.set_input(crate::lower::LATENTS, &numbers);
                leader.begin(*key);
            }
            lead.round();
            let joined: Vec<Vec<f64>> = (0..outputs.len())
                .map(|o| (0..team.len()).flat_map(|l| team.job(l).out[o].clone()).collect())
                .collect();
            each(d, &joined);
        }
    });
    Ok(())
}

/// Appends a shard's values row by row; a global value is repeated for each row.
fn copy_out<T: Number>(
    values: &[T],
    capacity: usize,
    rows: usize,
    name: &str,
    program: &Program,
    out: &mut Vec<f64>,
) {
    let is_row = program
        .outputs
        .iter()
        .any(|o| o.name == name && !matches!(o.place.space, Space::Global | Space::Sum));
    for r in 0..rows {
        if is_row {
            out.extend((0..values.len() / capacity).map(|f| values[f * capacity + r].to_f64()));
        } else {
            out.extend(values.iter().map(|v| v.to_f64()));
        }
    }
}
