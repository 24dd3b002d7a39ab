//! Where the time of programs goes: each step's runs and seconds, added up over the executors of a fit.
//!
//! A [`Profiler`] is handed down to whoever makes executors; one that is off costs a branch a section. An executor
//! counts for itself and hands over what it counted when it is dropped, so threads do not meet while they run.
//! Reading the clock costs some 25 to 50 ns a step, which the profile holds too.

use crate::plan::{Cost, Program, Section};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What programs took. Clones share it; the default one measures nothing.
#[derive(Debug, Clone, Default)]
pub struct Profiler(Option<Arc<Mutex<Vec<Measured>>>>);

/// A program with what its steps took.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What it computes, in words.
    pub what: String,
    /// The program.
    pub program: Arc<Program>,
    /// Bytes of a number.
    pub number: usize,
    /// What the steps took, section by section.
    pub tallies: Vec<(Section, Vec<Tally>)>,
}

/// How often a step ran, and how long all its runs took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Runs on all executors.
    pub runs: u64,
    /// Their time, added up over threads.
    pub time: Duration,
}

/// A step with what it took.
pub struct Line<'m> {
    /// When it runs.
    pub section: Section,
    /// Its position in the section.
    pub at: usize,
    /// The step as `--emit plan` prints it.
    pub step: &'m crate::plan::Step,
    /// What it took.
    pub tally: Tally,
    /// What one run costs.
    pub cost: Cost,
}

impl Profiler {
    /// One that measures.
    pub fn on() -> Profiler {
        Profiler(Some(Arc::default()))
    }

    /// What the executors that are dropped by now took, program by program in the order in which they were first
    /// done with; the time of all, largest first.
    pub fn measured(&self) -> Vec<Measured> {
        let Some(shared) = &self.0 else { return vec![] };
        let mut all = held(shared).clone();
        all.sort_by_key(|m| std::cmp::Reverse(m.time()));
        all
    }

    /// A place for an executor to count in; none where nothing is measured.
    pub(super) fn count(&self, what: &str, program: &Arc<Program>, number: usize) -> Option<Counter> {
        let shared = self.0.clone()?;
        let zeros = |section| (section, vec![Tally::default(); program.steps(section).len()]);
        let tallies = Section::ALL.map(zeros).to_vec();
        let own = Measured { what: what.to_owned(), program: program.clone(), number, tallies };
        Some(Counter { shared, own })
    }
}

fn held(shared: &Mutex<Vec<Measured>>) -> MutexGuard<'_, Vec<Measured>> {
    // Whoever panicked has added whole numbers.
    shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Measured {
    /// All steps in the order in which they run.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let of_section = |(section, tallies): &'_ (Section, Vec<Tally>)| {
            let steps = self.program.steps(*section).iter().zip(tallies.clone()).enumerate();
            let section = *section;
            steps.map(move |(at, (step, tally))| Line {
                section,
                at,
                step,
                tally,
                cost: step.cost(self.program.capacity, self.number),
            })
        };
        self.tallies.iter().flat_map(of_section).collect()
    }

    /// The time of all steps.
    pub fn time(&self) -> Duration {
        self.tallies.iter().flat_map(|(_, tallies)| tallies).map(|t| t.time).sum()
    }

    /// Whether the other one measured the same steps.
    fn is_of(&self, other: &Measured) -> bool {
        let same = |section| self.program.steps(section) == other.program.steps(section);
        self.what == other.what
            && self.number == other.number
            && (Arc::ptr_eq(&self.program, &other.program) || Section::ALL.into_iter().all(same))
    }

    fn add(&mut self, other: &Measured) {
        for ((_, mine), (_, theirs)) in self.tallies.iter_mut().zip(&other.tallies) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                mine.runs += theirs.runs;
                mine.time += theirs.time;
            }
        }
    }
}

/// What one executor counts.
pub(super) struct Counter {
    shared: Arc<Mutex<Vec<Measured>>>,
    own: Measured,
}

impl Counter {
    /// The steps of a section.
    pub(super) fn of(&mut self, section: Section) -> &mut [Tally] {
        &mut self.own.tallies[section as usize].1
    }

    /// Another executor's counter of the same program, at zero.
    pub(super) fn fork(&self) -> Option<Counter> {
        Profiler(Some(self.shared.clone())).count(&self.own.what, &self.own.program, self.own.number)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        let mut all = held(&self.shared);
        match all.iter_mut().find(|m| m.is_of(&self.own)) {
            Some(there) => there.add(&self.own),
            None => all.push(self.own.clone()),
        }
    }
}

impl Tally {
    /// Adds a part of a run, or its beginning.
    pub(super) fn add_part(&mut self, time: Duration, is_begun: bool) {
        self.runs += u64::from(is_begun);
        self.time += time;
    }

    /// Adds a run.
    pub(super) fn add(&mut self, time: Duration) {
        self.runs += 1;
        self.time += time;
    }
}
