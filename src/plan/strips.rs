//! Chains of elementwise steps on long global values, run strip by strip: a strip goes through the whole chain while it
//! is in a cache, and what only the chain reads is never written to memory at all.
//!
//! A strip has as many numbers as [`crate::kernels::reduce`] adds up at once, so a sum of strips has the bits of the
//! sum of the whole.

use super::kernel::{Kernel, Mode, Operand, Space};
use super::select::Choice;
use super::{Program, Section};
use crate::kernels::reduce::BLOCK;
use crate::tape::{Slot, Tape, switches};
use crate::ty::Kind;
use std::ops::Range;

/// Numbers of a strip.
pub const STRIP: usize = BLOCK;
/// Values shorter than this are run whole: they stay in a cache anyway.
const LONG: usize = 4 * STRIP;
/// As `BNNC_WITHOUT` names it, and what it does.
pub const NAME: &str = "strip_chains";
pub const EFFECT: &str =
    "chains of elementwise steps on long global values go strip by strip through a cache";

/// Steps of a section that go by strips together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Positions in the section.
    pub steps: Range<usize>,
    /// Numbers of the values.
    pub len: usize,
}

/// The length at which an instruction may go by strips.
pub fn length(tape: &Tape, choices: &[Choice], slot: Slot) -> Option<usize> {
    let x = tape.get(slot);
    let Choice::Run { kernel, args, .. } = &choices[slot.0 as usize] else { return None };
    let long = |len: usize| (len >= LONG).then_some(len);
    match kernel {
        _ if x.kind != Kind::Global => None,
        Kernel::Unary(_)
        | Kernel::Binary { mode: Mode::Same | Mode::Scalar, .. }
        | Kernel::Select
        | Kernel::Noise(_)
        | Kernel::Fill(_) => long(x.shape.len()),
        Kernel::Tile if tape.get(args[0]).shape.len() == 1 => long(x.shape.len()),
        Kernel::SumGlobal => long(tape.get(args[0]).shape.len()),
        _ => None,
    }
}

/// Moves steps that go by strips together beside each other, and says which: positions in the order that comes back.
///
/// Steps are taken as they come; one that begins a chain is followed by all that can join it by then. A step joins
/// where each argument is as long as the chain, or one number from before it.
pub fn arrange(
    tape: &Tape,
    choices: &[Choice],
    sections: &[Section],
    makers: &Makers<'_>,
    order: Vec<Slot>,
) -> (Vec<Slot>, Vec<Chain>) {
    let is_long = order.iter().any(|s| length(tape, choices, *s).is_some());
    if !is_long || switches::is_off(NAME) {
        return (order, vec![]);
    }
    let mut waits = vec![false; tape.instructions.len()];
    order.iter().for_each(|s| waits[s.0 as usize] = true);
    let (mut out, mut chains) = (Vec::with_capacity(order.len()), vec![]);
    for (at, first) in order.iter().enumerate() {
        if !waits[first.0 as usize] {
            continue;
        }
        let begin = out.len();
        out.push(*first);
        waits[first.0 as usize] = false;
        let Some(len) = length(tape, choices, *first) else { continue };
        let section = sections[first.0 as usize];
        for slot in order[at + 1..].iter().take_while(|s| sections[s.0 as usize] == section) {
            let i = slot.0 as usize;
            let Choice::Run { args, .. } = &choices[i] else { continue };
            if !waits[i] || length(tape, choices, *slot) != Some(len) {
                continue;
            }
            let joins = args.iter().all(|a| {
                let made_by = makers.of(*a);
                let is_inside = made_by.iter().any(|m| out[begin..].contains(m));
                let is_whole = |s: Slot| tape.get(s).shape.len() == len;
                made_by.iter().all(|m| !waits[m.0 as usize])
                    && (!is_inside || made_by.len() == 1 && is_whole(made_by[0]) && is_whole(*a))
            });
            if joins {
                out.push(*slot);
                waits[i] = false;
            }
        }
        // One step is a chain too: threads may share its strips.
        chains.push(Chain { steps: begin..out.len(), len });
    }
    (out, chains)
}

/// Which steps make what a slot holds: views and parts of a joined concatenation followed.
pub struct Makers<'a> {
    choices: &'a [Choice],
    /// The parts of each joined concatenation.
    parts: &'a [Vec<Slot>],
}

impl<'a> Makers<'a> {
    /// Of a tape's choices.
    pub fn new(choices: &'a [Choice], parts: &'a [Vec<Slot>]) -> Self {
        Makers { choices, parts }
    }

    /// The steps.
    pub fn of(&self, slot: Slot) -> Vec<Slot> {
        let parts = self.parts[slot.0 as usize].iter().copied();
        match &self.choices[slot.0 as usize] {
            Choice::View { of, .. } => self.of(*of),
            Choice::Joined => parts.collect(),
            _ => parts.chain([slot]).collect(),
        }
    }
}

/// Values that nothing but their own chain reads: they live in a strip.
pub fn inside(
    tape: &Tape,
    choices: &[Choice],
    makers: &Makers<'_>,
    order: &[Slot],
    chains: &[Chain],
) -> Vec<bool> {
    let count = tape.instructions.len();
    let mut chain_of = vec![None; count];
    for (c, chain) in chains.iter().enumerate() {
        order[chain.steps.clone()].iter().for_each(|s| chain_of[s.0 as usize] = Some(c));
    }
    let mut is_inside: Vec<bool> = (0..count)
        .map(|i| chain_of[i].is_some_and(|c: usize| tape.instructions[i].shape.len() == chains[c].len))
        .collect();
    for slot in order {
        let Choice::Run { args, .. } = &choices[slot.0 as usize] else { continue };
        for maker in args.iter().flat_map(|a| makers.of(*a)) {
            is_inside[maker.0 as usize] &= chain_of[maker.0 as usize] == chain_of[slot.0 as usize];
        }
    }
    let outputs = tape.outputs.iter().map(|(_, s)| *s);
    let joined = makers.parts.iter().flatten().copied();
    for maker in outputs.flat_map(|s| makers.of(s)).chain(joined) {
        is_inside[maker.0 as usize] = false;
    }
    is_inside
}

/// Places for what lives in a strip, one after another and used again.
#[derive(Default)]
pub struct Places {
    free: Vec<usize>,
    count: usize,
}

impl Places {
    /// A place for a value as long as the chain.
    pub fn take(&mut self, len: usize) -> Operand {
        let place = self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        });
        Operand { space: Space::Strip, start: place * STRIP, len }
    }

    /// The place is free again.
    pub fn give(&mut self, place: Operand) {
        self.free.push(place.start / STRIP);
    }

    /// Numbers of all places.
    pub fn len(&self) -> usize {
        self.count * STRIP
    }
}

/// A part of a chain's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strip {
    /// The first number.
    pub from: usize,
    /// How many there are.
    pub count: usize,
    /// Numbers of the whole.
    pub of: usize,
}

impl Strip {
    /// The part of an operand that the strip sees; one number is the same for all strips.
    pub fn part(self, operand: Operand) -> Operand {
        match operand.space {
            _ if operand.len != self.of => operand,
            Space::Strip => Operand { len: self.count, ..operand },
            _ => Operand { start: operand.start + self.from, len: self.count, ..operand },
        }
    }
}

impl Chain {
    /// Its strips, in order.
    pub fn strips(&self) -> impl Iterator<Item = Strip> + use<> {
        let of = self.len;
        (0..of).step_by(STRIP).map(move |from| Strip { from, count: STRIP.min(of - from), of })
    }
}

impl Program {
    /// The steps of a section as they run: one by one, or as a chain, by its number.
    pub fn runs(&self, section: Section) -> impl Iterator<Item = (Range<usize>, Option<usize>)> {
        let end = self.steps(section).len();
        let chains = self.chains.iter().enumerate().filter(move |(_, (s, _))| *s == section);
        let (mut at, mut chains) = (0, chains.map(|(i, (_, chain))| (i, chain)).peekable());
        std::iter::from_fn(move || {
            let next = chains.next_if(|(_, chain)| chain.steps.start == at);
            let until = match (next, chains.peek()) {
                (Some((_, chain)), _) => chain.steps.end,
                (None, Some((_, chain))) => chain.steps.start,
                (None, None) => end,
            };
            let run = at..until;
            at = until;
            (!run.is_empty()).then_some((run, next.map(|(i, _)| i)))
        })
    }
}
