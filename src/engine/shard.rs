//! The rows of one body run, laid out as the program wants them.

use crate::kernels::real::Real;
use crate::kernels::transpose::rows_to_lanes;
use crate::plan::{AT_ONCE, Program};

/// Where rows come from: a data set, seen through one method.
pub trait RowSource<T>: Sync {
    /// Writes the elements of a column in a row.
    fn copy_row(&self, column: u32, row: u32, out: &mut [T]);
    /// Says that a row of many numbers is copied soon.
    fn prefetch_row(&self, _column: u32, _row: u32) {}
}

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
    /// As many rows of the widest column as are turned at once, from the first time on that they are.
    rows_at_once: Vec<T>,
}

impl<T: Real> Shard<T> {
    /// Buffers for a program; holds no rows yet.
    pub fn new(program: &Program) -> Self {
        let capacity = program.capacity;
        Shard {
            columns: program.columns.iter().map(|c| vec![T::ZERO; c.width * capacity]).collect(),
            weights: vec![T::ZERO; capacity],
            ids: vec![0; capacity],
            rows: 0,
            rows_at_once: vec![],
        }
    }

    /// A shard that is filled once and kept: without what only filling it takes.
    pub fn kept(mut self) -> Self {
        self.rows_at_once = vec![];
        self
    }

    /// Fills the buffers with rows, each with the same weight. Allocates nothing but the first time.
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
                for (r, row) in (from..).zip(rows.chunks_exact_mut(width.max(1))) {
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
            if self.rows_at_once.is_empty() {
                self.rows_at_once.resize(program.turned(), T::ZERO);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;
    use crate::tape::build::Builder;

    /// Widths of the columns; the last one is an image of 6 × 5 × 10.
    const WIDTHS: [usize; 5] = [1, 3, 17, 300, 300];

    struct Cells;

    fn cell(column: usize, row: u32, i: usize) -> f64 {
        (column * 1_000_000) as f64 + f64::from(row) * 1000.0 + i as f64
    }

    impl<T: Real> RowSource<T> for Cells {
        fn copy_row(&self, column: u32, row: u32, out: &mut [T]) {
            for (i, out) in out.iter_mut().enumerate() {
                *out = T::from_f64(cell(column as usize, row, i));
            }
        }
    }

    fn check<T: Real>() {
        let mut b = Builder::new();
        for (c, width) in WIDTHS.into_iter().enumerate() {
            let is_image = c + 1 == WIDTHS.len();
            let x = b.column(c as u32, if is_image { [6, 5, 10].into() } else { [width].into() });
            b.output(format!("column {c}"), x);
        }
        let program = plan(&b.finish(), 48).expect("the engine runs it");
        let capacity = program.capacity;
        let ids: Vec<u32> = (0..37).map(|i| 7 * i % 101).collect();
        let mut shard = Shard::<T>::new(&program);
        // Twice: what the first time leaves does not matter.
        shard.fill(&program, &Cells, &[5], T::HALF);
        shard.fill(&program, &Cells, &ids, T::ONE);
        for (used, buffer) in program.columns.iter().zip(&shard.kept().columns) {
            let c = used.column as usize;
            for r in 0..capacity {
                let id = ids[r.min(ids.len() - 1)];
                for i in 0..used.width {
                    let at = if used.is_image { r * used.width + i } else { i * capacity + r };
                    assert_eq!(buffer[at].to_f64(), cell(c, id, i), "column {c}, row {r}, number {i}");
                }
            }
        }
    }

    #[test]
    fn every_number_of_a_row_is_in_its_place() {
        check::<f32>();
        check::<f64>();
    }
}
