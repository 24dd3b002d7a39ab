//! How long a sweep still takes, from the cells that are done.
//!
//! Cells may differ in cost a hundredfold (Markov chains beside a mean field), so one is expected to take as long as
//! the done ones that share the most values with it, and the rest are dealt to the threads in the order they will be.

use crate::run_folder::SweepCell;

/// Where a cell is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// not begun, or there before the sweep began
    Idle,
    /// begun at so many seconds
    Running(f64),
    /// done after so many seconds
    Took(f64),
}

/// The times of a sweep's cells; all times are seconds since the sweep began.
pub(super) struct Forecast<'a> {
    cells: &'a [SweepCell],
    /// Those to be fitted, in their order.
    missing: &'a [usize],
    states: Vec<State>,
    threads: usize,
}

/// What is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Left {
    pub(super) seconds: f64,
    /// Whether a cell already takes longer than those like it did.
    pub(super) is_overdue: bool,
}

impl<'a> Forecast<'a> {
    pub(super) fn new(cells: &'a [SweepCell], missing: &'a [usize], threads: usize) -> Self {
        Forecast { cells, missing, states: vec![State::Idle; cells.len()], threads: threads.max(1) }
    }

    pub(super) fn begin(&mut self, cell: usize, now: f64) {
        self.states[cell] = State::Running(now);
    }

    pub(super) fn end(&mut self, cell: usize, now: f64) {
        if let State::Running(begun) = self.states[cell] {
            self.states[cell] = State::Took(now - begun);
        }
    }

    /// None while no cell is done.
    pub(super) fn left(&self, now: f64) -> Option<Left> {
        let mut free = vec![];
        let mut is_overdue = false;
        for i in self.missing {
            if let State::Running(begun) = self.states[*i] {
                let left = self.expected(*i)? - (now - begun);
                is_overdue |= left < 0.0;
                free.push(left.max(0.0));
            }
        }
        free.resize(free.len().max(self.threads), 0.0);
        for i in self.missing.iter().filter(|i| self.states[**i] == State::Idle) {
            let expected = self.expected(*i)?;
            // A waiting cell goes to the thread that is free first.
            if let Some(first) = free.iter_mut().min_by(|a, b| a.total_cmp(b)) {
                *first += expected;
            }
        }
        let seconds = free.into_iter().fold(0.0, f64::max);
        Some(Left { seconds, is_overdue })
    }

    /// The mean over the done cells that share the most values with this one.
    fn expected(&self, cell: usize) -> Option<f64> {
        let (mut most, mut sum, mut count) = (0, 0.0, 0u32);
        for (other, state) in self.cells.iter().zip(&self.states) {
            let State::Took(seconds) = state else { continue };
            let shared = other.values.iter().zip(&self.cells[cell].values).filter(|(a, b)| a == b).count();
            if shared > most || count == 0 {
                (most, sum, count) = (shared, 0.0, 0);
            }
            if shared == most {
                (sum, count) = (sum + seconds, count + 1);
            }
        }
        (count > 0).then(|| sum / f64::from(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(of: &[&str]) -> Vec<SweepCell> {
        let cell = |name: &&str| SweepCell { values: vec![Some((*name).to_owned())], ..SweepCell::default() };
        of.iter().map(cell).collect()
    }

    #[test]
    fn a_cell_takes_as_long_as_those_like_it() {
        let cells = cells(&["chains", "mean", "chains", "mean", "mean"]);
        let missing = [0, 1, 2, 3, 4];
        let mut forecast = Forecast::new(&cells, &missing, 2);
        assert_eq!(forecast.left(0.0), None, "nothing is done yet");
        forecast.begin(0, 0.0);
        forecast.begin(1, 0.0);
        forecast.end(1, 3.0);
        forecast.begin(2, 3.0);
        forecast.end(0, 100.0);
        forecast.begin(3, 100.0);
        // The second chains have 3 s left of 100; of two means of 3 s one is running, and one waits.
        let left = forecast.left(100.0).expect("cells are done");
        assert_eq!(left, Left { seconds: 6.0, is_overdue: false });
        let left = forecast.left(110.0).expect("cells are done");
        assert_eq!(left, Left { seconds: 3.0, is_overdue: true }, "both run longer than those like them");
    }

    #[test]
    fn cells_that_were_there_are_not_waited_for() {
        let cells = cells(&["a", "b"]);
        let missing = [1];
        let mut forecast = Forecast::new(&cells, &missing, 4);
        forecast.begin(1, 0.0);
        forecast.end(1, 2.0);
        assert_eq!(forecast.left(2.0), Some(Left { seconds: 0.0, is_overdue: false }));
    }
}
