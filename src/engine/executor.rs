//! One program with its memory, run step by step on one thread: global values, and a lane of shards. Further lanes
//! may run rows on the same global values, each on a thread of its own.

use super::arena::Arena;
use super::execute::{Context, execute, scratch_len};
use super::memory::Memory;
use super::profile::{Counter, Profiler};
use super::ready::Ready;
use super::shard::Shard;
use crate::kernels::real::Real;
use crate::kernels::{elementwise, reduce};
use crate::plan::{Chain, Kernel, Operand, Output, Program, STRIP, Section, Space, Step, Strip};
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
    lane: Lane<T>,
    /// Whether inputs were set since what is hoisted was computed.
    is_stale: bool,
    counter: Option<Counter>,
}

/// Memory to run shards of rows of a program in, and their sums.
pub struct Lane<T> {
    room: Room<T>,
    /// Each chain's steps as they see a strip, and what sums have come to.
    chains: Vec<Vec<(Step, f64)>>,
    counter: Option<Counter>,
}

/// A lane's memory with the steps that run in it.
struct Room<T> {
    program: Arc<Program>,
    ready: Arc<Ready<T>>,
    arenas: Arenas<T>,
}

/// The arenas of a lane.
struct Arenas<T> {
    sums: Arena<T>,
    row: Arena<T>,
    strip: Arena<T>,
    index: Arena<u8>,
    scratch: Arena<T>,
    capacity: usize,
    /// Whether no shard has come since the draw began: what is in the sums does not count.
    is_first: bool,
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
        let mut executor = Executor {
            global: Arena::new(T::ZERO, program.global_len),
            lane: Lane::new(
                program.clone(),
                Arc::new(Ready::of(&program)),
                program.strip_len,
                counter.as_ref().and_then(Counter::fork),
            ),
            is_stale: true,
            counter,
            program,
        };
        executor.run(Section::Setup, NoiseKey::default());
        executor
    }

    /// A further lane for rows on this executor's global values.
    pub fn further_lane(&self) -> Lane<T> {
        // Only global values go by strips.
        let counter = self.lane.counter.as_ref().and_then(Counter::fork);
        Lane::new(self.program.clone(), self.lane.room.ready.clone(), 0, counter)
    }

    /// The program.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Sets a global input; names that the program does not read are ignored.
    pub fn set_input(&mut self, name: &str, values: &[T]) {
        self.is_stale = true;
        let Executor { program, global, .. } = self;
        for (input, place) in &program.inputs {
            if input == name {
                global[place.start..place.start + place.len].copy_from_slice(values);
            }
        }
    }

    /// Computes the global values of a draw; sums over rows begin anew.
    pub fn begin(&mut self, key: NoiseKey) {
        if self.is_stale {
            self.run(Section::Hoisted, key);
            self.is_stale = false;
        }
        self.run(Section::Prologue, key);
        self.lane.begin();
    }

    /// Adds a shard of rows to the sums over rows, and computes their per-row values.
    pub fn rows(&mut self, shard: &Shard<T>, key: NoiseKey) {
        self.lane.run(self.global.as_mut_ptr(), shard, key);
    }

    /// Computes what depends on sums over rows.
    pub fn end(&mut self, key: NoiseKey) {
        self.lane.settle();
        self.run(Section::Epilogue, key);
    }

    /// Adds a lane's sums over rows to this executor's own (same program, same draw).
    pub fn add_sums(&mut self, lane: &Lane<T>) {
        debug_assert!(Arc::ptr_eq(&self.program, &lane.room.program), "lanes of one program share its draws");
        let (own, further) = (&mut self.lane.room.arenas, &lane.room.arenas);
        if further.is_first {
            return;
        }
        if std::mem::take(&mut own.is_first) {
            own.sums.copy_from_slice(&further.sums);
        } else {
            elementwise::accumulate(&further.sums, &mut own.sums);
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
            Space::Global | Space::Sum | Space::Row | Space::Index | Space::Strip => self.read(output),
        })
    }

    /// The values of an output of the program that is not a column.
    pub fn read(&self, output: &Output) -> &[T] {
        let Operand { space, start, len } = output.place;
        match space {
            Space::Global => &self.global[start..start + len],
            Space::Row => &self.lane.room.arenas.row[start..start + len],
            Space::Sum => {
                assert!(
                    !self.lane.room.arenas.is_first,
                    "sums over rows are read after rows, or after the end of a draw"
                );
                &self.lane.room.arenas.sums[start..start + len]
            }
            Space::Column(_) | Space::Weight | Space::Index | Space::Strip => &[],
        }
    }

    /// Runs a draw again, checking every value, and tells the first that is not finite.
    ///
    /// −∞ is a legal log density of an impossible row, but no finite ELBO comes of it, so it counts.
    pub fn find_bad_value(&mut self, shards: &[&Shard<T>], key: NoiseKey) -> Option<BadValue> {
        for section in [Section::Hoisted, Section::Prologue] {
            if let Some(bad) = self.run_checked(section, None, key) {
                return Some(bad);
            }
        }
        self.lane.begin();
        self.lane.settle();
        for shard in shards {
            if let Some(bad) = self.run_checked(Section::Body, Some(shard), key) {
                return Some(bad);
            }
        }
        self.run_checked(Section::Epilogue, None, key)
    }

    fn run(&mut self, section: Section, key: NoiseKey) {
        let global = self.global.as_mut_ptr();
        if self.program.chains.is_empty() && self.counter.is_none() {
            return self.lane.room.run_section(section, global, None, key);
        }
        let mut counter = self.counter.take();
        self.lane.run_section(section, global, None, key, &mut counter);
        self.counter = counter;
    }

    fn run_checked(&mut self, section: Section, shard: Option<&Shard<T>>, key: NoiseKey) -> Option<BadValue> {
        let program = self.program.clone();
        for (run, chain) in program.runs(section) {
            let Some(chain) = chain else {
                for at in run {
                    let step = &program.steps(section)[at];
                    self.lane.room.run_steps(section, at..at + 1, self.global.as_mut_ptr(), shard, key);
                    if let Some(bad) = self.bad_value(step, None, shard) {
                        return Some(bad);
                    }
                }
                continue;
            };
            for strip in program.chains[chain].1.strips() {
                for (at, step) in program.steps(section)[run.clone()].iter().enumerate() {
                    self.lane.run_in_strip((chain, at), step, strip, self.global.as_mut_ptr(), key);
                    if let Some(bad) = self.bad_value(step, Some(strip), shard) {
                        return Some(bad);
                    }
                }
            }
        }
        None
    }

    /// What is not finite of a step that has run.
    fn bad_value(&mut self, step: &Step, strip: Option<Strip>, shard: Option<&Shard<T>>) -> Option<BadValue> {
        let part = |operand| strip.map_or(operand, |s| s.part(operand));
        let memory = self.lane.room.arenas.memory(self.global.as_mut_ptr(), shard);
        // SAFETY: ranges were checked when the executor was made; nothing writes while these slices live.
        let (out, args) = unsafe {
            (memory.read(part(step.out)), step.args.iter().map(|a| memory.read(part(*a))).collect::<Vec<_>>())
        };
        let at = out.iter().position(|x| !x.to_f64().is_finite())?;
        let capacity = self.program.capacity;
        let is_row = step.out.space == Space::Row;
        let lane = at % capacity;
        let row = shard.filter(|_| is_row).map(|s| s.ids[lane]);
        let arguments = args
            .iter()
            .map(|a| {
                let i = if a.len() == out.len() { at } else { lane.min(a.len().saturating_sub(1)) };
                a.get(i).map_or_else(|| "nothing".into(), |x| shown(x.to_f64()))
            })
            .collect();
        let instruction = self.program.tape.instructions.get(step.slot.0 as usize).cloned();
        let element = if is_row { at / capacity } else { strip.map_or(0, |s| s.from) + at };
        Some(BadValue { instruction, element, row, arguments })
    }
}

impl<T: Real> Lane<T> {
    fn new(program: Arc<Program>, ready: Arc<Ready<T>>, strip_len: usize, counter: Option<Counter>) -> Self {
        Lane {
            room: Room {
                ready,
                arenas: Arenas {
                    sums: Arena::new(T::ZERO, program.sum_len),
                    row: Arena::new(T::ZERO, program.row_len),
                    strip: Arena::new(T::ZERO, strip_len),
                    index: Arena::new(0, program.index_len),
                    scratch: Arena::new(T::ZERO, scratch_len::<T>(&program)),
                    capacity: program.capacity,
                    is_first: true,
                },
                program: program.clone(),
            },
            chains: program
                .chains
                .iter()
                .map(|(section, chain)| of_strip(&program, *section, chain))
                .collect(),
            counter,
        }
    }

    /// Sums over rows begin anew.
    pub fn begin(&mut self) {
        self.room.arenas.is_first = true;
    }

    /// Adds a shard of rows to this lane's sums, by the global values of an executor that has begun the draw.
    pub fn rows(&mut self, of: &Executor<T>, shard: &Shard<T>, key: NoiseKey) {
        assert!(Arc::ptr_eq(&self.room.program, &of.program), "lanes of one program share its draws");
        // No step of the body writes to global values: `check_ranges` has seen to that.
        self.run(of.global.as_ptr().cast_mut(), shard, key);
    }

    /// The values of a named output after the rows of a shard, those of global values being the executor's.
    pub fn output_of_rows<'a>(
        &'a self,
        of: &'a Executor<T>,
        name: &str,
        shard: &'a Shard<T>,
    ) -> Option<&'a [T]> {
        let output = self.room.program.outputs.iter().find(|o| o.name == name)?;
        let Operand { space, start, len } = output.place;
        match space {
            Space::Row => Some(&self.room.arenas.row[start..start + len]),
            _ => of.output_of_rows(name, shard),
        }
    }

    /// Of no shard the sums are 0.
    fn settle(&mut self) {
        if std::mem::take(&mut self.room.arenas.is_first) {
            self.room.arenas.sums.fill(T::ZERO);
        }
    }

    fn run(&mut self, global: *mut T, shard: &Shard<T>, key: NoiseKey) {
        if self.counter.is_none() {
            // Only global values go by strips.
            self.room.run_section(Section::Body, global, Some(shard), key);
        } else {
            let mut counter = self.counter.take();
            self.run_section(Section::Body, global, Some(shard), key, &mut counter);
            self.counter = counter;
        }
        self.room.arenas.is_first = false;
    }

    fn run_section(
        &mut self,
        section: Section,
        global: *mut T,
        shard: Option<&Shard<T>>,
        key: NoiseKey,
        counter: &mut Option<Counter>,
    ) {
        let program = self.room.program.clone();
        let steps = program.steps(section);
        for (run, chain) in program.runs(section) {
            match (chain, &mut *counter) {
                (None, None) => self.room.run_steps(section, run, global, shard, key),
                (None, Some(counter)) => {
                    for at in run {
                        let begun = Instant::now();
                        self.room.run_steps(section, at..at + 1, global, shard, key);
                        counter.of(section)[at].add(begun.elapsed());
                    }
                }
                (Some(chain), counter) => {
                    let (first, steps) = (run.start, &steps[run]);
                    for strip in program.chains[chain].1.strips() {
                        for (i, step) in steps.iter().enumerate() {
                            let begun = counter.is_some().then(Instant::now);
                            self.run_in_strip((chain, i), step, strip, global, key);
                            if let (Some(counter), Some(begun)) = (&mut *counter, begun) {
                                counter.of(section)[first + i].add_part(begun.elapsed(), strip.from == 0);
                            }
                        }
                    }
                }
            }
        }
    }

    /// A step of a chain, both by number, on a strip.
    fn run_in_strip(
        &mut self,
        (chain, at): (usize, usize),
        step: &Step,
        strip: Strip,
        global: *mut T,
        key: NoiseKey,
    ) {
        let (part, sum) = &mut self.chains[chain][at];
        part.args.iter_mut().zip(&step.args).for_each(|(part, whole)| *part = strip.part(*whole));
        if step.kernel == Kernel::SumGlobal {
            // SAFETY: as in `execute`: ranges were checked, and nothing else reads or writes them here.
            let (x, out) = unsafe {
                let memory = self.room.arenas.memory(global, None);
                (memory.read(part.args[0]), memory.write(step.out))
            };
            // As the sum of the whole adds up its blocks.
            *sum = if strip.from == 0 { 0.0 } else { *sum } + reduce::sum_all(x).to_f64();
            out[0] = T::from_f64(*sum);
            return;
        }
        part.out = strip.part(step.out);
        execute(part, &mut self.room.arenas.context(global, None, key, strip.from));
    }
}

impl<T: Real> Room<T> {
    /// All steps of a section.
    fn run_section(&mut self, section: Section, global: *mut T, shard: Option<&Shard<T>>, key: NoiseKey) {
        self.run_steps(section, 0..usize::MAX, global, shard, key);
    }

    /// The steps of a section in a range of positions.
    #[inline(always)]
    fn run_steps(
        &mut self,
        section: Section,
        range: Range<usize>,
        global: *mut T,
        shard: Option<&Shard<T>>,
        key: NoiseKey,
    ) {
        let (program, ready) = (&*self.program, &*self.ready);
        let (steps, ready) = (program.steps(section), ready.steps(section));
        let range = range.start..range.end.min(steps.len());
        let mut context = self.arenas.context(global, shard, key, 0);
        for (step, ready) in steps[range.clone()].iter().zip(&ready[range]) {
            ready.run(step, &mut context);
        }
    }
}

impl<T: Real> Arenas<T> {
    /// What steps are run in: the whole, or the strip that begins at `from`.
    #[inline(always)] // a gradient of a microsecond runs a dozen steps
    fn context<'s>(
        &'s mut self,
        global: *mut T,
        shard: Option<&'s Shard<T>>,
        key: NoiseKey,
        from: usize,
    ) -> Context<'s, T> {
        let memory = self.memory(global, shard);
        let Arenas { scratch, capacity, is_first, .. } = self;
        Context { memory, scratch, capacity: *capacity, key, is_first: *is_first, from }
    }

    #[inline(always)]
    fn memory<'s>(&mut self, global: *mut T, shard: Option<&'s Shard<T>>) -> Memory<'s, T> {
        let Arenas { sums, row, strip, index, .. } = self;
        // In the order of `memory::arena`.
        let arenas = [global, sums.as_mut_ptr(), row.as_mut_ptr(), strip.as_mut_ptr()];
        Memory { arenas, index: index.as_mut_ptr(), shard }
    }
}

/// A number in a message: without hundreds of digits.
fn shown(x: f64) -> String {
    let is_plain = x == 0.0 || !x.is_finite() || (1e-6..1e15).contains(&x.abs());
    if is_plain { format!("{x}") } else { format!("{x:e}") }
}

/// Steps of a chain, whose operands a strip narrows, with a sum for each.
fn of_strip(program: &Program, section: Section, chain: &Chain) -> Vec<(Step, f64)> {
    program.steps(section)[chain.steps.clone()].iter().map(|step| (step.clone(), 0.0)).collect()
}

/// The planner's promise: every range lies in its arena, no step writes over what it reads, and those of the body, which
/// lanes run side by side, write to no global value.
fn check_ranges(program: &Program) {
    let arena = |space: Space| match space {
        Space::Global => program.global_len,
        Space::Row => program.row_len,
        Space::Sum => program.sum_len,
        Space::Strip => program.strip_len,
        Space::Index => program.index_len,
        Space::Column(c) => program.columns[c].width * program.capacity,
        Space::Weight => program.capacity,
    };
    let writes_global = program.body.iter().any(|step| step.out.space == Space::Global);
    assert!(!writes_global, "the planner keeps global values out of the body's results");
    let steps = Section::ALL.iter().flat_map(|section| program.steps(*section));
    for step in steps {
        for o in step.args.iter().chain([&step.out]).chain(&step.winners) {
            // What lives in a strip is never there as a whole.
            let len = if o.space == Space::Strip { o.len.min(STRIP) } else { o.len };
            assert!(o.start + len <= arena(o.space), "the planner keeps ranges inside their arenas");
        }
        for a in &step.args {
            let apart = a.space != step.out.space
                || a.start + a.len <= step.out.start
                || step.out.start + step.out.len <= a.start
                // Places of strips are apart or the same.
                || a.space == Space::Strip && a.start != step.out.start;
            assert!(apart, "the planner keeps a step's result apart from its arguments");
        }
    }
}
