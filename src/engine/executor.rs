//! One program with its memory, run step by step on one thread.

use super::arena::Arena;
use super::execute::{Context, execute, scratch_len};
use super::memory::Memory;
use super::profile::{Counter, Profiler};
use super::shard::Shard;
use crate::kernels::real::Real;
use crate::plan::{Operand, Output, Program, Section, Space, Step};
use crate::tape::Instruction;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// What noise is a function of, beside its variable and element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoiseKey {
    /// the user's seed, with the restart mixed in
    pub seed: u64,
    /// optimiser step
    pub step: u64,
    /// draw within the step
    pub draw: u64,
    /// whether the normal noise is the mirror image of what the rest names (equation 16)
    pub is_mirrored: bool,
}

/// The first value that is not finite.
#[derive(Debug, Clone, PartialEq)]
pub struct BadValue {
    /// The tape's instruction that made it.
    pub instruction: Option<Instruction>,
    /// Position in its value.
    pub element: usize,
    /// The row of the data set, if it is per row.
    pub row: Option<u32>,
    /// The same element (or the first) of each argument, as text.
    pub arguments: Vec<String>,
}

/// A program ready to run.
pub struct Executor<T> {
    program: Arc<Program>,
    global: Arena<T>,
    row: Arena<T>,
    index: Arena<u8>,
    scratch: Arena<T>,
    /// Where the body's steps read global values.
    read_by_rows: Vec<Range<usize>>,
    /// Whether inputs were set since what is hoisted was computed.
    is_stale: bool,
    counter: Option<Counter>,
}

impl<T: Real> Executor<T> {
    /// Allocates all memory the program will ever need and computes its constants.
    pub fn new(program: Arc<Program>) -> Self {
        Self::counting(program, None)
    }

    /// The same, its steps' time told to a profiler as that of `what`.
    pub fn timed(program: Arc<Program>, profiler: &Profiler, what: &str) -> Self {
        let counter = profiler.count(what, &program, size_of::<T>());
        Self::counting(program, counter)
    }

    /// Other memory for the same program, timed as this one is.
    pub fn fork(&self) -> Self {
        Self::counting(self.program.clone(), self.counter.as_ref().and_then(Counter::fork))
    }

    fn counting(program: Arc<Program>, counter: Option<Counter>) -> Self {
        check_ranges(&program);
        let scratch = scratch_len::<T>(&program);
        let mut executor = Executor {
            global: Arena::new(T::ZERO, program.global_len),
            row: Arena::new(T::ZERO, program.row_len),
            index: Arena::new(0, program.index_len),
            scratch: Arena::new(T::ZERO, scratch),
            read_by_rows: read_by_rows(&program),
            is_stale: true,
            counter,
            program,
        };
        executor.run(Section::Setup, None, NoiseKey::default());
        executor
    }

    /// The program.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Sets a global input; names that the program does not read are ignored.
    pub fn set_input(&mut self, name: &str, values: &[T]) {
        self.is_stale = true;
        let program = self.program.clone();
        for (input, place) in &program.inputs {
            if input == name {
                self.global[place.start..place.start + place.len].copy_from_slice(values);
            }
        }
    }

    /// Computes the global values of a draw and zeroes the sums over rows.
    pub fn begin(&mut self, key: NoiseKey) {
        let program = self.program.clone();
        if self.is_stale {
            self.run(Section::Hoisted, None, key);
            self.is_stale = false;
        }
        self.run(Section::Prologue, None, key);
        for sum in &program.accumulators {
            self.global[sum.start..sum.start + sum.len].fill(T::ZERO);
        }
    }

    /// Begins the draw that another executor of the same program has begun, without computing its global values again:
    /// those that rows read are copied. What depends on sums over rows is left to the other one.
    pub fn begin_as(&mut self, other: &Executor<T>) {
        debug_assert!(Arc::ptr_eq(&self.program, &other.program), "executors of one program share its draws");
        for range in &self.read_by_rows {
            self.global[range.clone()].copy_from_slice(&other.global[range.clone()]);
        }
        for sum in &self.program.accumulators {
            self.global[sum.start..sum.start + sum.len].fill(T::ZERO);
        }
    }

    /// Adds a shard of rows to the sums over rows, and computes their per-row values.
    pub fn rows(&mut self, shard: &Shard<T>, key: NoiseKey) {
        self.run(Section::Body, Some(shard), key);
    }

    /// Computes what depends on sums over rows.
    pub fn end(&mut self, key: NoiseKey) {
        self.run(Section::Epilogue, None, key);
    }

    /// Adds another executor's sums over rows to this one's (same program, same draw).
    pub fn add_sums(&mut self, other: &Executor<T>) {
        for sum in &self.program.accumulators {
            let range = sum.start..sum.start + sum.len;
            crate::kernels::elementwise::accumulate(&other.global[range.clone()], &mut self.global[range]);
        }
    }

    /// A named result: global values as they are, per-row ones as laid out (see [`crate::plan`]).
    pub fn output(&self, name: &str) -> Option<&[T]> {
        self.program.outputs.iter().find(|o| o.name == name).map(|o| self.read(o))
    }

    /// The values of a named output after the rows of a shard; an output may be a column of the data itself.
    pub fn output_of_rows<'a>(&'a self, name: &str, shard: &'a Shard<T>) -> Option<&'a [T]> {
        let output = self.program.outputs.iter().find(|o| o.name == name)?;
        let Operand { space, start, len } = output.place;
        Some(match space {
            Space::Column(c) => &shard.columns[c][start..start + len],
            Space::Weight => &shard.weights[start..start + len],
            Space::Global | Space::Row | Space::Index => self.read(output),
        })
    }

    /// The values of an output of the program that is not a column.
    pub fn read(&self, output: &Output) -> &[T] {
        let Operand { space, start, len } = output.place;
        match space {
            Space::Global => &self.global[start..start + len],
            Space::Row => &self.row[start..start + len],
            Space::Column(_) | Space::Weight | Space::Index => &[],
        }
    }

    /// Runs a draw again, checking every value, and tells the first that is not finite.
    ///
    /// −∞ is a legal log density of an impossible row, but no finite ELBO comes of it, so it counts.
    pub fn find_bad_value(&mut self, shards: &[&Shard<T>], key: NoiseKey) -> Option<BadValue> {
        let program = self.program.clone();
        for steps in [&program.hoisted, &program.prologue] {
            if let Some(bad) = self.run_checked(steps, None, key) {
                return Some(bad);
            }
        }
        for sum in &program.accumulators {
            self.global[sum.start..sum.start + sum.len].fill(T::ZERO);
        }
        for shard in shards {
            if let Some(bad) = self.run_checked(&program.body, Some(shard), key) {
                return Some(bad);
            }
        }
        self.run_checked(&program.epilogue, None, key)
    }

    fn run(&mut self, section: Section, shard: Option<&Shard<T>>, key: NoiseKey) {
        let program = self.program.clone();
        let steps = program.steps(section);
        let mut counter = self.counter.take();
        match &mut counter {
            None => self.run_steps(steps, shard, key),
            Some(counter) => {
                for (step, tally) in steps.iter().zip(counter.of(section)) {
                    let begun = Instant::now();
                    self.run_steps(std::slice::from_ref(step), shard, key);
                    tally.add(begun.elapsed());
                }
            }
        }
        self.counter = counter;
    }

    fn run_steps(&mut self, steps: &[Step], shard: Option<&Shard<T>>, key: NoiseKey) {
        let capacity = self.program.capacity;
        let memory = Memory {
            global: self.global.as_mut_ptr(),
            row: self.row.as_mut_ptr(),
            index: self.index.as_mut_ptr(),
            shard,
        };
        let mut context = Context { memory, scratch: &mut self.scratch, capacity, key };
        for step in steps {
            execute(step, &mut context);
        }
    }

    fn run_checked(&mut self, steps: &[Step], shard: Option<&Shard<T>>, key: NoiseKey) -> Option<BadValue> {
        for step in steps {
            self.run_steps(std::slice::from_ref(step), shard, key);
            let memory = Memory {
                global: self.global.as_mut_ptr(),
                row: self.row.as_mut_ptr(),
                index: self.index.as_mut_ptr(),
                shard,
            };
            // SAFETY: ranges were checked when the executor was made; nothing writes while these slices live.
            let (out, args) = unsafe {
                (memory.read(step.out), step.args.iter().map(|a| memory.read(*a)).collect::<Vec<_>>())
            };
            if let Some(at) = out.iter().position(|x| !x.to_f64().is_finite()) {
                let capacity = self.program.capacity;
                let is_row = step.out.space == Space::Row;
                let lane = at % capacity;
                let row = shard.filter(|_| is_row).map(|s| s.ids[lane]);
                let arguments = args
                    .iter()
                    .map(|a| {
                        let i = if a.len() == out.len() { at } else { lane.min(a.len().saturating_sub(1)) };
                        a.get(i).map_or_else(|| "nothing".into(), |x| format!("{}", x.to_f64()))
                    })
                    .collect();
                let instruction = self.program.tape.instructions.get(step.slot.0 as usize).cloned();
                return Some(BadValue { instruction, element: at / capacity, row, arguments });
            }
        }
        None
    }
}

/// The global values that the body reads, as ranges apart from each other.
fn read_by_rows(program: &Program) -> Vec<Range<usize>> {
    let args = program.body.iter().flat_map(|step| &step.args).filter(|a| a.space == Space::Global);
    let mut ranges: Vec<Range<usize>> = args.map(|a| a.start..a.start + a.len).collect();
    ranges.sort_by_key(|r| r.start);
    let mut apart: Vec<Range<usize>> = vec![];
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// The planner's promise: every range lies in its arena, and no step writes over what it reads.
fn check_ranges(program: &Program) {
    let arena = |space: Space| match space {
        Space::Global => program.global_len,
        Space::Row => program.row_len,
        Space::Index => program.index_len,
        Space::Column(c) => program.columns[c].width * program.capacity,
        Space::Weight => program.capacity,
    };
    let steps = Section::ALL.iter().flat_map(|section| program.steps(*section));
    for step in steps {
        for o in step.args.iter().chain([&step.out]).chain(&step.winners) {
            assert!(o.start + o.len <= arena(o.space), "the planner keeps ranges inside their arenas");
        }
        for a in &step.args {
            let apart = a.space != step.out.space
                || a.start + a.len <= step.out.start
                || step.out.start + step.out.len <= a.start;
            assert!(apart, "the planner keeps a step's result apart from its arguments");
        }
    }
}
