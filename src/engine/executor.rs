//! One program with its memory, run step by step on one thread: global values, and a lane of shards. Further lanes
//! may run rows on the same global values, each on a thread of its own.

use super::arena::Arena;
use super::execute::{Context, scratch_len};
use super::memory::Memory;
use super::profile::{Counter, Profiler};
use super::ready::Ready;
use super::shard::Shard;
use super::strips::{self, Chained, Strips, Wholes};
use super::team::{Lead, PART};
use crate::kernels::elementwise;
use crate::kernels::real::Real;
use crate::kernels::scalar::Binary;
use crate::plan::{Operand, Output, Program, STRIP, Section, Space, Step, Strip};
use crate::tape::Instruction;
use std::ops::Range;
use std::ptr::NonNull;
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
    strips: Strips<T>,
    /// Whether inputs were set since what is hoisted was computed.
    is_stale: bool,
    counter: Option<Counter>,
}

/// Memory to run shards of rows of a program in, and their sums.
pub struct Lane<T> {
    room: Room<T>,
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
                counter.as_ref().and_then(Counter::fork),
            ),
            strips: Strips::new(&program, counter.as_ref()),
            is_stale: true,
            counter,
            program,
        };
        executor.run(Section::Setup, NoiseKey::default(), None);
        executor
    }

    /// The same executor with memory for as many threads as may lead it through its global values.
    pub fn shared_among(mut self, threads: usize) -> Self {
        self.strips.share_among(threads, &self.program, self.counter.as_ref());
        self
    }

    /// A further lane for rows on this executor's global values.
    pub fn further_lane(&self) -> Lane<T> {
        let counter = self.lane.counter.as_ref().and_then(Counter::fork);
        Lane::new(self.program.clone(), self.lane.room.ready.clone(), counter)
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

    /// Where a global input lies; none where the program does not read it.
    pub fn input(&self, name: &str) -> Option<Operand> {
        self.program.inputs.iter().find(|(input, _)| input == name).map(|(_, place)| *place)
    }

    /// Sets the input at a place that [`Executor::input`] has given, in the program's numbers.
    pub fn set_input_at(&mut self, place: Operand, values: &[f64]) {
        assert!(place.space == Space::Global && place.len == values.len(), "an input is given whole");
        self.is_stale = true;
        let input = &mut self.global[place.start..place.start + place.len];
        input.iter_mut().zip(values).for_each(|(to, value)| *to = T::from_f64(*value));
    }

    /// The same, shared out.
    pub fn set_input_by(&mut self, lead: &mut Lead<'_>, name: &str, values: &[T]) {
        self.is_stale = true;
        for (_, place) in self.program.inputs.iter().filter(|(input, _)| input == name) {
            assert_eq!(place.len, values.len(), "an input is given whole");
            let input = &mut self.global[place.start..place.start + place.len];
            let parts = input.chunks_mut(PART).zip(values.chunks(PART));
            lead.share(values.len(), parts, |(to, from)| to.copy_from_slice(from));
        }
    }

    /// Computes the global values of a draw; sums over rows begin anew.
    pub fn begin(&mut self, key: NoiseKey) {
        self.begin_with(None, key);
    }

    /// The same, shared out where values are long.
    pub fn begin_by(&mut self, lead: &mut Lead<'_>, key: NoiseKey) {
        self.begin_with(Some(lead), key);
    }

    fn begin_with(&mut self, mut lead: Option<&mut Lead<'_>>, key: NoiseKey) {
        if self.is_stale {
            self.run(Section::Hoisted, key, lead.as_deref_mut());
            self.is_stale = false;
        }
        self.run(Section::Prologue, key, lead);
        self.lane.begin();
    }

    /// Adds a shard of rows to the sums over rows, and computes their per-row values.
    pub fn rows(&mut self, shard: &Shard<T>, key: NoiseKey) {
        self.lane.run(self.global.as_mut_ptr(), shard, key);
    }

    /// Computes what depends on sums over rows.
    pub fn end(&mut self, key: NoiseKey) {
        self.lane.settle();
        self.run(Section::Epilogue, key, None);
    }

    /// The same, shared out where values are long.
    pub fn end_by(&mut self, lead: &mut Lead<'_>, key: NoiseKey) {
        self.lane.settle();
        self.run(Section::Epilogue, key, Some(lead));
    }

    /// Adds the sums over rows of lanes (same program, same draw) to this executor's own, lane after lane.
    pub fn add_sums_by<'l>(
        &mut self,
        lead: &mut Lead<'_>,
        lanes: impl Iterator<Item = &'l Lane<T>> + Clone + Sync,
    ) {
        let own = &mut self.lane.room.arenas;
        let lanes = lanes.filter(|lane| !lane.room.arenas.is_first);
        debug_assert!(
            lanes.clone().all(|lane| Arc::ptr_eq(&self.program, &lane.room.program)),
            "lanes of one program share its draws"
        );
        if lanes.clone().next().is_none() {
            return;
        }
        let is_first = std::mem::take(&mut own.is_first);
        lead.share(own.sums.len(), own.sums.chunks_mut(PART).enumerate(), |(i, sums)| {
            let part = i * PART..i * PART + sums.len();
            // Two lanes at a time: each is read once, and what they add up to as seldom as that allows.
            let mut lanes = lanes.clone().map(|lane| &lane.room.arenas.sums[part.clone()]);
            if is_first {
                match (lanes.next(), lanes.next()) {
                    (Some(a), Some(b)) => elementwise::binary(Binary::Add, a, b, sums),
                    (Some(a), None) => sums.copy_from_slice(a),
                    (None, _) => {}
                }
            }
            while let Some(a) = lanes.next() {
                match lanes.next() {
                    Some(b) => elementwise::accumulate_both(a, b, sums),
                    None => elementwise::accumulate(a, sums),
                }
            }
        });
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

    fn run(&mut self, section: Section, key: NoiseKey, mut lead: Option<&mut Lead<'_>>) {
        let global = self.global.as_mut_ptr();
        if self.program.chains.is_empty() && self.counter.is_none() {
            return self.lane.room.run_section(section, global, None, key);
        }
        let program = self.program.clone();
        for (run, chain) in program.runs(section) {
            match chain {
                None => self.lane.room.run_counted(section, run, global, None, key, &mut self.counter),
                Some(at) => {
                    let wholes = self.wholes();
                    let chained = Chained { program: &program, section, at };
                    self.strips.run(chained, wholes, key, lead.as_deref_mut());
                }
            }
        }
    }

    fn wholes(&mut self) -> Wholes<T> {
        Wholes { global: self.global.as_mut_ptr(), sums: self.lane.room.arenas.sums.as_mut_ptr() }
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
                    let wholes = self.wholes();
                    let chained = Chained { program: &program, section, at: chain };
                    let numbers = self.strips.run_step(chained, at, strip, wholes, key);
                    if let Some(bad) = self.bad_value(step, Some((strip, numbers)), shard) {
                        return Some(bad);
                    }
                }
            }
        }
        None
    }

    /// What is not finite of a step that has run, on a strip with the numbers of values that live in it, or whole.
    fn bad_value(
        &mut self,
        step: &Step,
        strip: Option<(Strip, *mut T)>,
        shard: Option<&Shard<T>>,
    ) -> Option<BadValue> {
        let part = |operand| strip.map_or(operand, |(s, _)| s.part(operand));
        let strip_numbers = strip.map_or(NonNull::dangling().as_ptr(), |(_, numbers)| numbers);
        let memory = self.lane.room.arenas.memory(self.global.as_mut_ptr(), strip_numbers, shard);
        // SAFETY: ranges were checked when the executor was made; nothing writes while these slices live.
        let read = |operand| unsafe { memory.read(part(operand)) };
        let args: Vec<&[T]> = step.args.iter().map(|a| read(*a)).collect();
        let found = |place| read(place).iter().position(|x| !x.to_f64().is_finite());
        let (place, slot, at) =
            step.results().find_map(|(place, slot)| Some((place, slot, found(place)?)))?;
        let out = read(place);
        let capacity = self.program.capacity;
        let is_row = place.space == Space::Row;
        let lane = at % capacity;
        let row = shard.filter(|_| is_row).map(|s| s.ids[lane]);
        let arguments = args
            .iter()
            .map(|a| {
                let i = if a.len() == out.len() { at } else { lane.min(a.len().saturating_sub(1)) };
                a.get(i).map_or_else(|| "nothing".into(), |x| shown(x.to_f64()))
            })
            .collect();
        let instruction = self.program.tape.instructions.get(slot.0 as usize).cloned();
        let element = if is_row { at / capacity } else { strip.map_or(0, |(s, _)| s.from) + at };
        Some(BadValue { instruction, element, row, arguments })
    }
}

impl<T: Real> Lane<T> {
    fn new(program: Arc<Program>, ready: Arc<Ready<T>>, counter: Option<Counter>) -> Self {
        Lane {
            room: Room {
                ready,
                arenas: Arenas {
                    sums: Arena::new(T::ZERO, program.sum_len),
                    row: Arena::new(T::ZERO, program.row_len),
                    index: Arena::new(0, program.index_len),
                    scratch: Arena::new(T::ZERO, scratch_len::<T>(&program)),
                    capacity: program.capacity,
                    is_first: true,
                },
                program,
            },
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
        let Lane { room, counter } = self;
        // Only global values go by strips.
        if counter.is_none() {
            room.run_section(Section::Body, global, Some(shard), key);
        } else {
            let whole = 0..room.program.body.len();
            room.run_counted(Section::Body, whole, global, Some(shard), key, counter);
        }
        room.arenas.is_first = false;
    }
}

impl<T: Real> Room<T> {
    /// All steps of a section.
    fn run_section(&mut self, section: Section, global: *mut T, shard: Option<&Shard<T>>, key: NoiseKey) {
        self.run_steps(section, 0..usize::MAX, global, shard, key);
    }

    /// The steps of a section in a range of positions, their time counted where it is asked for.
    fn run_counted(
        &mut self,
        section: Section,
        range: Range<usize>,
        global: *mut T,
        shard: Option<&Shard<T>>,
        key: NoiseKey,
        counter: &mut Option<Counter>,
    ) {
        let Some(counter) = counter else { return self.run_steps(section, range, global, shard, key) };
        for at in range {
            let begun = Instant::now();
            self.run_steps(section, at..at + 1, global, shard, key);
            counter.of(section)[at].add(begun.elapsed());
        }
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
        let mut context = self.arenas.context(global, shard, key);
        for (step, ready) in steps[range.clone()].iter().zip(&ready[range]) {
            ready.run(step, &mut context);
        }
    }
}

impl<T: Real> Arenas<T> {
    /// What steps are run in.
    #[inline(always)] // a gradient of a microsecond runs a dozen steps
    fn context<'s>(
        &'s mut self,
        global: *mut T,
        shard: Option<&'s Shard<T>>,
        key: NoiseKey,
    ) -> Context<'s, T> {
        // Only steps of chains know of strips.
        let memory = self.memory(global, NonNull::dangling().as_ptr(), shard);
        let Arenas { scratch, capacity, is_first, .. } = self;
        Context { memory, scratch, capacity: *capacity, key, is_first: *is_first, from: 0 }
    }

    #[inline(always)]
    fn memory<'s>(&mut self, global: *mut T, strip: *mut T, shard: Option<&'s Shard<T>>) -> Memory<'s, T> {
        let Arenas { sums, row, index, .. } = self;
        // In the order of `memory::arena`.
        let arenas = [global, sums.as_mut_ptr(), row.as_mut_ptr(), strip];
        Memory { arenas, index: index.as_mut_ptr(), shard }
    }
}

/// A number in a message: without hundreds of digits.
fn shown(x: f64) -> String {
    let is_plain = x == 0.0 || !x.is_finite() || (1e-6..1e15).contains(&x.abs());
    if is_plain { format!("{x}") } else { format!("{x:e}") }
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
    let writes_global = program.body.iter().any(|s| s.results().any(|(o, _)| o.space == Space::Global));
    assert!(!writes_global, "the planner keeps global values out of the body's results");
    let steps = Section::ALL.iter().flat_map(|section| program.steps(*section));
    for step in steps {
        let results: Vec<Operand> = step.results().map(|(place, _)| place).collect();
        for o in step.args.iter().chain(&results).chain(&step.winners) {
            // What lives in a strip is never there as a whole.
            let len = if o.space == Space::Strip { o.len.min(STRIP) } else { o.len };
            assert!(o.start + len <= arena(o.space), "the planner keeps ranges inside their arenas");
        }
        let are_apart = |a: &Operand, out: &Operand| {
            a.space != out.space
                || a.start + a.len <= out.start
                || out.start + out.len <= a.start
                // Places of strips are apart or the same.
                || a.space == Space::Strip && a.start != out.start
        };
        for out in &results {
            let apart = step.args.iter().all(|a| are_apart(a, out));
            assert!(apart, "the planner keeps a step's results apart from its arguments");
        }
        let apart = step.second.is_none_or(|(second, _)| are_apart(&second, &step.out));
        assert!(apart, "the planner keeps a step's results apart");
    }
    strips::check(program);
}
