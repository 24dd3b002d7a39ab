//! Places every value in an arena once; memory of values that are no longer needed is used again.
//!
//! Lifetimes are measured in the order setup, hoisted, prologue, body, epilogue; what is hoisted and read later stays,
//! because many draws may be run on the same inputs. Inside the body they are measured step by step
//! for per-row values; global values that the body reads live through all of it, because it runs once per shard.

use super::join::{Joined, join};
use super::kernel::{Kernel, Operand, Space, Step};
use super::select::Choice;
use super::strips::{self, Chain, Makers, Places};
use super::{ColumnUse, Output, Program, Section};
use crate::plan::legalise::is_image;
use crate::tape::{Op, Slot, Tape};
use crate::ty::Kind;

/// Places the chosen kernels.
pub fn place(tape: &Tape, mut choices: Vec<Choice>, capacity: usize) -> Result<Program, String> {
    let sections = sections(tape, &choices)?;
    let joined = join(tape, &mut choices, &sections);
    let choices = choices;
    let order = order(tape, &choices, &sections);
    let makers = Makers::new(&choices, &joined.parts);
    let (order, chains) = strips::arrange(tape, &choices, &sections, &makers, order);
    let is_in_strip = strips::inside(tape, &choices, &makers, &order, &chains);
    let roots = roots(tape, &choices, &joined);
    let lives = lives(tape, &choices, &sections, &order, &roots);
    let mut program = Program {
        setup: vec![],
        hoisted: vec![],
        prologue: vec![],
        body: vec![],
        epilogue: vec![],
        capacity,
        global_len: 0,
        strip_len: 0,
        chains: vec![],
        sum_len: 0,
        row_len: 0,
        index_len: 0,
        inputs: vec![],
        columns: vec![],
        outputs: vec![],
        tape: tape.clone(),
    };
    let mut places = vec![None; tape.instructions.len()];
    let mut winners: Vec<Option<Operand>> = vec![None; tape.instructions.len()];
    let (mut global, mut row) = (Arena::default(), Arena::default());
    for (i, x) in tape.instructions.iter().enumerate() {
        if choices[i] == Choice::Given {
            places[i] = Some(given(&mut program, &mut global, x, capacity));
        }
    }
    let mut strip = Places::default();
    let mut chain_at = chains.iter().peekable();
    let result = |slot: Slot, places: &[Option<Operand>]| {
        let whole =
            places[roots[slot.0 as usize].0 as usize].expect("a result has its place before its step");
        match joined.part_of[slot.0 as usize] {
            Some((_, from)) => {
                Operand { start: whole.start + from, len: tape.get(slot).shape.len(), ..whole }
            }
            None => whole,
        }
    };
    for (at, slot) in order.iter().enumerate() {
        let chain = chain_at.peek().copied().filter(|c| c.steps.contains(&at));
        let i = slot.0 as usize;
        for made in [*slot].into_iter().chain(second_of(&choices[i])) {
            // The memory of a part is that of the whole.
            let root = roots[made.0 as usize];
            let home = root.0 as usize;
            if places[home].is_some() {
                continue;
            }
            let x = tape.get(root);
            let len = x.shape.len() * if x.kind == Kind::Row { capacity } else { 1 };
            let place = match x.kind {
                Kind::Global if is_in_strip[made.0 as usize] => strip.take(len),
                // What adds up from shard to shard is never another value's memory.
                Kind::Global if accumulates(&choices, made) => {
                    let start = program.sum_len;
                    program.sum_len += len.max(1).next_multiple_of(ALIGN);
                    Operand { space: Space::Sum, start, len }
                }
                Kind::Global => Operand { space: Space::Global, start: global.take(len), len },
                Kind::Row => Operand { space: Space::Row, start: row.take(len), len },
            };
            places[home] = Some(place);
        }
        let Choice::Run { kernel, args, winners_of, second } = &choices[i] else { continue };
        let out = result(*slot, &places);
        if let (Some(pool), Kernel::ConvPool(..)) = (winners_of, kernel) {
            winners[pool.0 as usize] =
                Some(Operand { space: Space::Index, start: program.index_len, len: out.len });
            program.index_len += out.len;
        }
        let step = Step {
            kernel: sized(kernel.clone(), capacity),
            args: args.iter().map(|a| resolve(tape, &choices, &places, &joined, *a, capacity)).collect(),
            out,
            second: second.map(|s| (result(s, &places), s)),
            winners: match winners_of {
                Some(pool) => Some(winners[pool.0 as usize].ok_or("the gradient of a pool before the pool")?),
                None => None,
            },
            slot: *slot,
        };
        let steps = match sections[i] {
            Section::Setup => &mut program.setup,
            Section::Hoisted => &mut program.hoisted,
            Section::Prologue => &mut program.prologue,
            Section::Body => &mut program.body,
            Section::Epilogue => &mut program.epilogue,
        };
        steps.push(step);
        let mut ended = &lives.ending[at..=at];
        if let Some(chain) = chain {
            // A chain goes through its steps again for each strip, so what it reads is needed until its end.
            let is_over = at + 1 == chain.steps.end;
            ended = if is_over { &lives.ending[chain.steps.clone()] } else { &[] };
            for place in lives.ending[at].iter().filter_map(|s| places[s.0 as usize]) {
                if place.space == Space::Strip {
                    strip.give(place);
                }
            }
            if is_over {
                let end = steps.len();
                let steps = end - chain.steps.len()..end;
                program.chains.push((sections[i], Chain { steps, len: chain.len }));
                chain_at.next();
            }
        }
        for place in ended.iter().flatten().filter_map(|s| places[s.0 as usize]) {
            match place.space {
                Space::Global => global.give(place),
                Space::Row => row.give(place),
                _ => {}
            }
        }
    }
    program.strip_len = strip.len();
    for (name, slot) in &tape.outputs {
        let place = resolve(tape, &choices, &places, &joined, *slot, capacity);
        program.outputs.push(Output { name: name.clone(), place, shape: tape.get(*slot).shape.clone() });
    }
    program.global_len = global.len;
    program.row_len = row.len;
    Ok(program)
}

/// Whether what a slot holds adds up from shard to shard.
pub fn accumulates(choices: &[Choice], slot: Slot) -> bool {
    match &choices[slot.0 as usize] {
        Choice::Run { kernel, .. } => kernel.accumulates(),
        Choice::Second { of } => accumulates(choices, *of),
        _ => false,
    }
}

/// The second result of a step.
fn second_of(choice: &Choice) -> Option<Slot> {
    match choice {
        Choice::Run { second, .. } => *second,
        _ => None,
    }
}

/// Rows per feature where a kernel runs on rows.
fn sized(kernel: Kernel, capacity: usize) -> Kernel {
    let rows = |flag: usize| if flag == 0 { capacity } else { 1 };
    match kernel {
        Kernel::LogSumExp { rows: r } => Kernel::LogSumExp { rows: rows(r) },
        Kernel::Softmax { rows: r } => Kernel::Softmax { rows: rows(r) },
        Kernel::LogSoftmax { rows: r } => Kernel::LogSoftmax { rows: rows(r) },
        Kernel::Pad(start) => Kernel::Pad(start),
        other => other,
    }
}

fn given(
    program: &mut Program,
    global: &mut Arena,
    x: &crate::tape::Instruction,
    capacity: usize,
) -> Operand {
    match &x.op {
        Op::Column(column) => {
            let index = program.columns.len();
            let width = x.shape.len();
            program.columns.push(ColumnUse { column: *column, width, is_image: is_image(&x.shape) });
            Operand { space: Space::Column(index), start: 0, len: width * capacity }
        }
        Op::RowWeight => Operand { space: Space::Weight, start: 0, len: capacity },
        Op::Input(name) => {
            let len = x.shape.len();
            let place = Operand { space: Space::Global, start: global.take(len), len };
            program.inputs.push((name.clone(), place));
            place
        }
        other => unreachable!("{other:?} is computed, not given"),
    }
}

/// What a slot's memory is, views followed.
fn resolve(
    tape: &Tape,
    choices: &[Choice],
    places: &[Option<Operand>],
    joined: &Joined,
    slot: Slot,
    capacity: usize,
) -> Operand {
    let x = tape.get(slot);
    let rows = if x.kind == Kind::Row { capacity } else { 1 };
    let within = match (&choices[slot.0 as usize], joined.part_of[slot.0 as usize]) {
        (Choice::View { of, start }, _) => Some((*of, *start)),
        (_, part) => part,
    };
    match within {
        Some((of, start)) => {
            let base = resolve(tape, choices, places, joined, of, capacity);
            Operand { start: base.start + start * rows, len: x.shape.len() * rows, ..base }
        }
        _ => places[slot.0 as usize].expect("arguments are placed before their users"),
    }
}

/// The slot whose memory a slot lies in.
fn roots(tape: &Tape, choices: &[Choice], joined: &Joined) -> Vec<Slot> {
    let mut roots = vec![Slot(0); tape.instructions.len()];
    for i in 0..roots.len() {
        roots[i] = match (&choices[i], joined.part_of[i]) {
            (Choice::View { of, .. }, _) => roots[of.0 as usize],
            // A part comes before the whole, which is no view.
            (_, Some((whole, _))) => whole,
            _ => Slot(i as u32),
        };
    }
    roots
}

fn sections(tape: &Tape, choices: &[Choice]) -> Result<Vec<Section>, String> {
    let mut sections = vec![Section::Setup; tape.instructions.len()];
    // Where a draw has no noise of its own, it has inputs of its own, and hoisting gains nothing.
    let has_noise = tape.instructions.iter().any(|x| matches!(x.op, Op::Noise(_)));
    let of_inputs = if has_noise { Section::Hoisted } else { Section::Prologue };
    for (i, x) in tape.instructions.iter().enumerate() {
        let latest = x.args.iter().map(|a| sections[a.0 as usize]).max().unwrap_or(Section::Setup);
        // A sum over rows is made in the body but complete only after it.
        let from_sum = x.args.iter().any(|a| {
            x.kind == Kind::Global
                && tape.get(*a).kind == Kind::Global
                && sections[a.0 as usize] >= Section::Body
        });
        sections[i] = match (&x.op, x.kind) {
            (Op::Input(_), _) => of_inputs,
            (Op::Noise(_), _) => Section::Prologue,
            (_, Kind::Row) => {
                let late = x
                    .args
                    .iter()
                    .any(|a| tape.get(*a).kind == Kind::Global && sections[a.0 as usize] >= Section::Body);
                if late {
                    return Err("a per-row value that depends on a sum over all rows".into());
                }
                Section::Body
            }
            _ if accumulates(choices, Slot(i as u32)) => Section::Body,
            _ if from_sum => Section::Epilogue,
            (_, Kind::Global) => latest,
        };
    }
    Ok(sections)
}

/// Steps in the order they run.
fn order(tape: &Tape, choices: &[Choice], sections: &[Section]) -> Vec<Slot> {
    let mut order: Vec<Slot> = (0..tape.instructions.len())
        .filter(|i| matches!(choices[*i], Choice::Run { .. }))
        .map(|i| Slot(i as u32))
        .collect();
    order.sort_by_key(|s| (sections[s.0 as usize], *s));
    order
}

/// Which values are last needed by each step.
struct Lives {
    ending: Vec<Vec<Slot>>,
}

fn lives(tape: &Tape, choices: &[Choice], sections: &[Section], order: &[Slot], roots: &[Slot]) -> Lives {
    let count = tape.instructions.len();
    let mut last: Vec<Option<usize>> = vec![None; count];
    let body_end = order.iter().rposition(|s| sections[s.0 as usize] == Section::Body);
    for (at, slot) in order.iter().enumerate() {
        let i = slot.0 as usize;
        let Choice::Run { args, .. } = &choices[i] else { continue };
        for a in args.iter().chain([slot]).chain(&second_of(&choices[i])) {
            let root = roots[a.0 as usize].0 as usize;
            let in_body = sections[i] == Section::Body && tape.get(roots[a.0 as usize]).kind == Kind::Global;
            let until = if in_body { body_end.unwrap_or(at).max(at) } else { at };
            last[root] = last[root].max(Some(until));
        }
    }
    // Constants, inputs, results and what is hoisted for later stay.
    let mut stays = vec![false; count];
    for (i, choice) in choices.iter().enumerate() {
        let is_read_later = || last[i].is_some_and(|at| sections[order[at].0 as usize] > Section::Hoisted);
        stays[i] = sections[i] == Section::Setup
            || *choice == Choice::Given
            || sections[i] == Section::Hoisted && is_read_later();
    }
    for (_, slot) in &tape.outputs {
        stays[roots[slot.0 as usize].0 as usize] = true;
    }
    let mut ending = vec![vec![]; order.len()];
    for i in 0..count {
        if let (Some(at), false) = (last[i], stays[i]) {
            ending[at].push(Slot(i as u32));
        }
    }
    Lives { ending }
}

/// First-fit allocation at compile time; starts are multiples of 16 numbers.
#[derive(Default)]
struct Arena {
    len: usize,
    /// Free ranges, by start, never adjacent.
    free: Vec<(usize, usize)>,
}

const ALIGN: usize = 16;

impl Arena {
    fn take(&mut self, len: usize) -> usize {
        let len = len.max(1).div_ceil(ALIGN) * ALIGN;
        // The smallest range that fits keeps large ones whole.
        let best = (0..self.free.len()).filter(|i| self.free[*i].1 >= len).min_by_key(|i| self.free[*i].1);
        match best {
            Some(i) => {
                let (start, have) = self.free[i];
                if have == len {
                    self.free.remove(i);
                } else {
                    self.free[i] = (start + len, have - len);
                }
                start
            }
            None => {
                let start = self.len;
                self.len += len;
                start
            }
        }
    }

    fn give(&mut self, place: Operand) {
        let len = place.len.max(1).div_ceil(ALIGN) * ALIGN;
        let at = self.free.partition_point(|(s, _)| *s < place.start);
        self.free.insert(at, (place.start, len));
        if at + 1 < self.free.len() && self.free[at].0 + self.free[at].1 == self.free[at + 1].0 {
            self.free[at].1 += self.free.remove(at + 1).1;
        }
        if at > 0 && self.free[at - 1].0 + self.free[at - 1].1 == self.free[at].0 {
            self.free[at - 1].1 += self.free.remove(at).1;
        }
    }
}
