//! The rows of one body run, laid out as the program wants them.

use crate::kernels::real::Real;
use crate::plan::Program;

/// Where rows come from: a data set, seen through one method.
pub trait RowSource<T>: Sync {
    /// Writes the elements of a column in a row.
    fn copy_row(&self, column: u32, row: u32, out: &mut [T]);
}

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
    row: Vec<T>,
}

impl<T: Real> Shard<T> {
    /// Buffers for a program; holds no rows yet.
    pub fn new(program: &Program) -> Self {
        let capacity = program.capacity;
        let widest = program.columns.iter().map(|c| c.width).max().unwrap_or(0);
        Shard {
            columns: program.columns.iter().map(|c| vec![T::ZERO; c.width * capacity]).collect(),
            weights: vec![T::ZERO; capacity],
            ids: vec![0; capacity],
            rows: 0,
            row: vec![T::ZERO; widest],
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
            for (r, id) in self.ids.iter().enumerate() {
                if column.is_image {
                    let row = &mut buffer[r * column.width..(r + 1) * column.width];
                    source.copy_row(column.column, *id, row);
                } else {
                    let row = &mut self.row[..column.width];
                    source.copy_row(column.column, *id, row);
                    for (f, x) in row.iter().enumerate() {
                        buffer[f * capacity + r] = *x;
                    }
                }
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
