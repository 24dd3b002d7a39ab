//! The rows of one body run, laid out as the program wants them.

use crate::kernels::real::Real;
use crate::kernels::transpose::rows_to_lanes;
use crate::plan::Program;

/// Where rows come from: a data set, seen through one method.
pub trait RowSource<T>: Sync {
    /// Writes the elements of a column in a row.
    fn copy_row(&self, column: u32, row: u32, out: &mut [T]);
    /// Says that a row of many numbers is copied soon.
    fn prefetch_row(&self, _column: u32, _row: u32) {}
}

/// Rows that go to lanes together: a register of any instruction set, and few enough to stay in a cache.
const AT_ONCE: usize = 16;

/// Numbers of a row from which it is asked for before it is copied: several cache lines.
const MANY: usize = 256;

/// Up to [`Program::capacity`] rows. Missing rows repeat the last one with weight 0.
#[derive(Debug, Clone)]
pub struct Shard<T> {
    /// One buffer per column of the program.
    pub(super) columns: Vec<Vec<T>>,
    /// One weight per row.
    pub(super) weights: Vec<T>,
    /// The row numbers in the data set.
    pub(super) ids: Vec<u32>,
    /// How many rows count.
    pub(super) rows: usize,
    /// As many rows of the widest column as are turned at once.
    rows_at_once: Vec<T>,
}

impl<T: Real> Shard<T> {
    /// Buffers for a program; holds no rows yet.
    pub fn new(program: &Program) -> Self {
        let capacity = program.capacity;
        let lanes = program.columns.iter().filter(|c| !c.is_image);
        let widest = lanes.map(|c| c.width).max().unwrap_or(0);
        Shard {
            columns: program.columns.iter().map(|c| vec![T::ZERO; c.width * capacity]).collect(),
            weights: vec![T::ZERO; capacity],
            ids: vec![0; capacity],
            rows: 0,
            rows_at_once: vec![T::ZERO; AT_ONCE * widest],
        }
    }

    /// Fills the buffers with rows, each with the same weight. Allocates nothing.
    pub fn fill(&mut self, program: &Program, source: &dyn RowSource<T>, ids: &[u32], weight: T) {
        let capacity = program.capacity;
        assert!(ids.len() <= capacity && !ids.is_empty(), "a shard holds 1 to {capacity} rows");
        self.rows = ids.len();
        for r in 0..capacity {
            self.ids[r] = ids[r.min(ids.len() - 1)];
            self.weights[r] = if r < ids.len() { weight } else { T::ZERO };
        }
        for (column, buffer) in program.columns.iter().zip(&mut self.columns) {
            let width = column.width;
            let ids = &self.ids;
            // Rows of a batch lie anywhere: the next one comes from memory while one is copied.
            let copy = |from: usize, rows: &mut [T]| {
                for (r, row) in (from..).zip(rows.chunks_exact_mut(width)) {
                    if let Some(next) = ids.get(r + 1)
                        && width >= MANY
                    {
                        source.prefetch_row(column.column, *next);
                    }
                    source.copy_row(column.column, ids[r], row);
                }
            };
            // One number a row lies alike in both layouts.
            if column.is_image || width == 1 {
                copy(0, buffer);
                continue;
            }
            for first in (0..capacity).step_by(AT_ONCE) {
                let count = AT_ONCE.min(capacity - first);
                let rows = &mut self.rows_at_once[..count * width];
                copy(first, rows);
                rows_to_lanes(rows, &mut buffer[first..], count, capacity);
            }
        }
    }

    /// Replaces what the rows' noise is keyed by: their numbers in the data set, unless something else is given.
    pub fn key_rows(&mut self, keys: &[u32]) {
        let last = keys.len().saturating_sub(1);
        for (r, id) in self.ids.iter_mut().enumerate() {
            *id = keys.get(r.min(last)).copied().unwrap_or(*id);
        }
    }

    /// Gives the rows that count other weights; `weigh` sees those of all its rows.
    pub fn weigh(&mut self, weigh: &mut dyn FnMut(&mut [T])) {
        weigh(&mut self.weights[..self.rows]);
    }

    /// How many rows count.
    pub fn rows(&self) -> usize {
        self.rows
    }
}
