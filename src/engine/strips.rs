//! Chains of elementwise steps run strip by strip, by one thread or by all of a team.
//!
//! A strip reads and writes its own part of every long value, so strips may be run in any order and side by side
//! ([`check`] sees to that once). Of a sum over all numbers each strip's share is kept; they are added up at the end, in
//! the order of the strips, as the sum of the whole adds up its blocks.

use super::arena::Arena;
use super::execute::{Context, execute};
use super::executor::NoiseKey;
use super::memory::Memory;
use super::profile::Counter;
use super::team::Lead;
use crate::kernels::real::Real;
use crate::kernels::reduce;
use crate::plan::{Chain, Kernel, Program, STRIP, Section, Space, Step, Strip};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Strips that a thread takes at a time.
const TAKEN: usize = 4;

/// What an executor runs its chains in.
pub(super) struct Strips<T> {
    /// One for each thread.
    rooms: Vec<Room<T>>,
    /// Of each chain, strip by strip, what its sums come to there.
    sums: Vec<Vec<f64>>,
}

/// What a thread runs strips in.
struct Room<T> {
    strip: Arena<T>,
    /// Each chain's steps as they see a strip.
    chains: Vec<Vec<Step>>,
    counter: Option<Counter>,
}

/// The memory of the values that strips are parts of.
#[derive(Clone, Copy)]
pub(super) struct Wholes<T> {
    pub(super) global: *mut T,
    pub(super) sums: *mut T,
}

// SAFETY: whoever runs a strip writes to its own part of these only, and reads what no other strip writes (`check`).
unsafe impl<T: Send + Sync> Sync for Wholes<T> {}

/// A chain of a program by its number, with its section.
#[derive(Clone, Copy)]
pub(super) struct Chained<'p> {
    pub(super) program: &'p Program,
    pub(super) section: Section,
    pub(super) at: usize,
}

impl<'p> Chained<'p> {
    fn chain(&self) -> &'p Chain {
        &self.program.chains[self.at].1
    }

    fn steps(&self) -> &'p [Step] {
        &self.program.steps(self.section)[self.chain().steps.clone()]
    }

    fn sums(&self) -> impl Iterator<Item = &'p Step> {
        self.steps().iter().filter(|step| step.kernel == Kernel::SumGlobal)
    }

    /// Numbers of each strip's share of the sums, at least one.
    fn width(&self) -> usize {
        self.sums().count().max(1)
    }
}

impl<T: Real> Strips<T> {
    pub(super) fn new(program: &Program, counter: Option<&Counter>) -> Self {
        let sums = program.chains.iter().enumerate().map(|(at, (section, chain))| {
            let width = Chained { program, section: *section, at }.width();
            vec![0.0; chain.strips().count() * width]
        });
        Strips { sums: sums.collect(), rooms: vec![Room::new(program, counter)] }
    }

    /// Has room for so many threads.
    pub(super) fn share_among(&mut self, threads: usize, program: &Program, counter: Option<&Counter>) {
        self.rooms.resize_with(threads.max(1), || Room::new(program, counter));
    }

    /// Runs a chain, on a team's threads where there is one and the chain is long.
    pub(super) fn run(
        &mut self,
        chained: Chained<'_>,
        wholes: Wholes<T>,
        key: NoiseKey,
        lead: Option<&mut Lead<'_>>,
    ) {
        let (chain, width) = (chained.chain(), chained.width());
        let Strips { rooms, sums } = self;
        let parts = sums[chained.at].chunks_mut(TAKEN * width).enumerate();
        let run = |room: &mut Room<T>, (i, sums): (usize, &mut [f64])| {
            let strips = chain.strips().skip(i * TAKEN).take(TAKEN);
            for (strip, sums) in strips.zip(sums.chunks_mut(width)) {
                room.run(chained, strip, wholes, key, sums);
            }
        };
        match lead {
            Some(lead) => {
                let parts = Mutex::new(parts);
                lead.share(chain.len, rooms.iter_mut(), |room| {
                    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
                    while let Some(part) = next() {
                        run(room, part);
                    }
                });
            }
            None => parts.for_each(|part| run(&mut rooms[0], part)),
        }
        self.add_up(chained, wholes, usize::MAX);
    }

    /// Runs one step of a chain, by its number, on a strip; strips come in order. For values to be looked at.
    pub(super) fn run_step(
        &mut self,
        chained: Chained<'_>,
        step: usize,
        strip: Strip,
        wholes: Wholes<T>,
        key: NoiseKey,
    ) -> *mut T {
        let (width, at) = (chained.width(), strip.from / STRIP);
        let is_sum = |step: &Step| step.kernel == Kernel::SumGlobal;
        let sum = at * width + chained.steps()[..step].iter().filter(|step| is_sum(step)).count();
        self.rooms[0].step((chained.at, step), &chained.steps()[step], strip, wholes, key, || {
            &mut self.sums[chained.at][sum]
        });
        if is_sum(&chained.steps()[step]) {
            self.add_up(chained, wholes, at + 1);
        }
        self.rooms[0].strip.as_mut_ptr()
    }

    /// Writes what the sums come to after some of the strips.
    fn add_up(&self, chained: Chained<'_>, wholes: Wholes<T>, strips: usize) {
        let width = chained.width();
        for (i, step) in chained.sums().enumerate() {
            let shares = self.sums[chained.at].iter().skip(i).step_by(width).take(strips);
            // SAFETY: the executor checked the range, and no strip is being run.
            let out = unsafe { wholes.memory(NonNull::dangling().as_ptr()).write(step.out) };
            out[0] = T::from_f64(shares.fold(0.0, |sum, share| sum + share));
        }
    }
}

impl<T: Real> Room<T> {
    fn new(program: &Program, counter: Option<&Counter>) -> Self {
        let steps =
            |(section, chain): &(Section, Chain)| program.steps(*section)[chain.steps.clone()].to_vec();
        Room {
            strip: Arena::new(T::ZERO, program.strip_len),
            chains: program.chains.iter().map(steps).collect(),
            counter: counter.and_then(Counter::fork),
        }
    }

    /// Runs a chain's steps on a strip.
    fn run(
        &mut self,
        chained: Chained<'_>,
        strip: Strip,
        wholes: Wholes<T>,
        key: NoiseKey,
        sums: &mut [f64],
    ) {
        let first = chained.chain().steps.start;
        let mut sums = sums.iter_mut();
        for (i, step) in chained.steps().iter().enumerate() {
            let begun = self.counter.is_some().then(Instant::now);
            self.step((chained.at, i), step, strip, wholes, key, || {
                sums.next().expect("each sum of the chain has a place")
            });
            if let (Some(counter), Some(begun)) = (&mut self.counter, begun) {
                counter.of(chained.section)[first + i].add_part(begun.elapsed(), strip.from == 0);
            }
        }
    }

    /// A step of a chain, both by number, on a strip.
    fn step<'s>(
        &mut self,
        (chain, at): (usize, usize),
        step: &Step,
        strip: Strip,
        wholes: Wholes<T>,
        key: NoiseKey,
        sum: impl FnOnce() -> &'s mut f64,
    ) {
        let part = &mut self.chains[chain][at];
        part.args.iter_mut().zip(&step.args).for_each(|(part, whole)| *part = strip.part(*whole));
        let memory = wholes.memory(self.strip.as_mut_ptr());
        if step.kernel == Kernel::SumGlobal {
            // SAFETY: as in `execute`: ranges were checked, and nothing else writes to them here.
            let x = unsafe { memory.read(part.args[0]) };
            *sum() = reduce::sum_all(x).to_f64();
            return;
        }
        part.out = strip.part(step.out);
        // Elementwise steps know neither rows nor scratch.
        execute(
            part,
            &mut Context { memory, scratch: &mut [], capacity: 1, key, is_first: true, from: strip.from },
        );
    }
}

impl<T> Wholes<T> {
    fn memory<'s>(self, strip: *mut T) -> Memory<'s, T> {
        let none = NonNull::dangling().as_ptr();
        // In the order of `memory::arena`; no row goes by strips.
        let arenas = [self.global, self.sums, none, strip];
        Memory { arenas, index: NonNull::dangling().as_ptr(), shard: None }
    }
}

/// The planner's promise: what a step of a chain writes is as long as the chain or one number of a sum, and shares no
/// memory with what another step reads or writes, unless they are the same value.
pub(super) fn check(program: &Program) {
    for (at, (section, chain)) in program.chains.iter().enumerate() {
        let steps = Chained { program, section: *section, at }.steps();
        let is_outside = |space: Space| matches!(space, Space::Global | Space::Sum | Space::Strip);
        for step in steps {
            let is_sum = step.kernel == Kernel::SumGlobal;
            assert!(
                is_sum || step.out.len == chain.len,
                "the planner makes chains of values as long as they are"
            );
            let all = steps.iter().flat_map(|other| {
                // A sum is written when all strips are done.
                let out = (other.kernel != Kernel::SumGlobal).then_some(&other.out);
                other.args.iter().chain(out)
            });
            for other in all {
                assert!(is_outside(other.space), "chains are of global values");
                let (a, b) = (step.out, *other);
                let is_apart = a.space != b.space
                    || a.space == Space::Strip
                    || a.start + a.len <= b.start
                    || b.start + b.len <= a.start;
                let is_same = !is_sum && (a.start, a.len) == (b.start, b.len);
                assert!(is_apart || is_same, "the planner keeps the strips of a chain apart");
            }
        }
    }
}
