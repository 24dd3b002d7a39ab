//! What rows compute of their data alone, for programs that see the same rows in every step (`passes/of_data.rs`).

use super::error::CannotRun;
use super::objective::{program, shards};
use super::problem::{Number, Problem};
use crate::engine::{Executor, NoiseKey, RowSource, Shard};
use crate::passes::of_data::{Split, output, split};
use crate::passes::optimise;
use crate::plan::Program;
use crate::tape::Tape;
use std::sync::Arc;

/// Bytes that further columns may take.
const MOST_BYTES: usize = 64 << 20;

/// The rows with further columns.
struct Rows<'a, T> {
    source: &'a dyn RowSource<T>,
    /// The first further column.
    first: u32,
    /// Position of a row of the data in the columns; of rows that are in none, no matter.
    places: Vec<u32>,
    /// Per further column its width and its numbers, row after row.
    columns: Vec<(usize, Vec<T>)>,
}

impl<T: Number> RowSource<T> for Rows<'_, T> {
    fn copy_row(&self, column: u32, row: u32, out: &mut [T]) {
        match column.checked_sub(self.first).and_then(|k| self.columns.get(k as usize)) {
            Some((width, values)) => {
                let at = self.places[row as usize] as usize * width;
                out.copy_from_slice(&values[at..at + width]);
            }
            None => self.source.copy_row(column, row, out),
        }
    }
}

/// The number of the first column that a problem does not have.
fn first(problem: &Problem<'_>) -> usize {
    problem.model.columns.len().max(problem.rows.0.columns.len())
}

/// A tape as programs of the same rows in every step run it: without what is of the data alone.
pub fn without_data(problem: &Problem<'_>, tape: &Tape, bytes: usize, rows: usize) -> Option<Split> {
    let fits = |split: &Split| split.widths.iter().sum::<usize>() * rows * bytes <= MOST_BYTES;
    let parted = |with_joined| split(tape, first(problem), with_joined).filter(fits);
    parted(true).or_else(|| parted(false))
}

/// Plans a tape for rows that are the same in every step, for so many executors, and lays out these rows.
///
/// # Errors
/// Says which combination the engine cannot run, or that there is no room for it.
pub fn compiled<T: Number>(
    problem: &Problem<'_>,
    tape: &Tape,
    (rows, weight): (&[u32], f64),
    executors: usize,
) -> Result<(Arc<Program>, Vec<Shard<T>>), CannotRun> {
    let parted = match without_data(problem, tape, size_of::<T>(), rows.len()) {
        Some(split) => further_columns::<T>(problem, &split, rows)?.map(|columns| (split.rest, columns)),
        None => None,
    };
    let Some((rest, source)) = parted else {
        let program = program::<T>(problem, tape, rows.len(), executors)?;
        let shards = shards(&program, &problem.rows, rows, weight);
        return Ok((program, shards));
    };
    let program = program::<T>(problem, &rest, rows.len(), executors)?;
    let shards = shards(&program, &source, rows, weight);
    Ok((program, shards))
}

/// Computes the further columns; none where one has a number that is not finite, so that the instruction which made it
/// can be named.
fn further_columns<'a, T: Number>(
    problem: &'a Problem<'_>,
    split: &Split,
    rows: &[u32],
) -> Result<Option<Rows<'a, T>>, CannotRun> {
    let tape = optimise(&split.of_data, &mut |_, _, _| {});
    let program = program::<T>(problem, &tape, rows.len(), 1)?;
    let capacity = program.capacity;
    let mut executor = Executor::<T>::new(program.clone());
    let mut shard = Shard::new(&program);
    let mut columns: Vec<(usize, Vec<T>)> =
        split.widths.iter().map(|width| (*width, Vec::with_capacity(width * rows.len()))).collect();
    executor.begin(NoiseKey::default());
    for ids in rows.chunks(capacity) {
        shard.fill(&program, &problem.rows, ids, T::ONE);
        executor.rows(&shard, NoiseKey::default());
        for (k, (width, values)) in columns.iter_mut().enumerate() {
            let found = executor.output_of_rows(&output(k), &shard).unwrap_or(&[]);
            values.extend((0..ids.len()).flat_map(|r| (0..*width).map(move |f| found[f * capacity + r])));
        }
    }
    let all = columns.iter().flat_map(|(_, values)| values);
    if all.into_iter().any(|x| !x.to_f64().is_finite()) {
        return Ok(None);
    }
    let mut places = vec![0; problem.rows.0.rows];
    for (place, row) in (0u32..).zip(rows) {
        places[*row as usize] = place;
    }
    Ok(Some(Rows { source: &problem.rows, first: first(problem) as u32, places, columns }))
}
