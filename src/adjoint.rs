//! Reverse mode, source to source: a tape in, the same tape with the gradient of one result appended out.
//!
//! ```text
//! %2 = square %0              %2 = square %0
//! %3 = sum %2          →      %3 = sum %2
//!                             %4 = mul 2 %0        gradient for %0
//! ```
//!
//! The walk knows no rule: each instruction's derivative is in [`crate::tape::ops::derivative`]. It visits only what
//! lies between the result and the slots asked for. Contributions to disjoint parts of a flat vector are laid end to
//! end instead of being padded with zeros and added.

use crate::tape::ops::derivative::{NotDifferentiable, derivative};
use crate::tape::{Op, Slot, Tape, build::Builder};
use crate::ty::{Kind, Shape};

/// Appends ∂ output / ∂ s for each slot s asked for; the output must be a global scalar.
///
/// # Errors
/// Names an instruction on the way that has no derivative rule.
pub fn gradient(
    tape: Tape,
    output: Slot,
    with_respect_to: &[Slot],
) -> Result<(Tape, Vec<Slot>), NotDifferentiable> {
    let active = active(&tape, output, with_respect_to);
    let mut b = Builder::extend(tape);
    let mut contributions: Vec<Vec<Slot>> = vec![vec![]; output.0 as usize + 1];
    contributions[output.0 as usize].push(b.constant(1.0));
    let mut adjoints = vec![None; output.0 as usize + 1];
    for i in (0..=output.0 as usize).rev() {
        if !active[i] || contributions[i].is_empty() {
            continue;
        }
        let slot = Slot(i as u32);
        let instruction = b.tape().get(slot).clone();
        b.origin = instruction.origin;
        let g = add_up(&mut b, &std::mem::take(&mut contributions[i]), &instruction.shape);
        adjoints[i] = Some(g);
        // A narrow adjoint stands for equal elements; where an argument was spread, each of them counts.
        let was_spread = instruction.args.iter().any(|a| b.shape(*a).rank() < instruction.shape.rank());
        let g = if was_spread { b.spread(g, &instruction.shape) } else { g };
        let flows = derivative(&mut b, &instruction, slot, g)?;
        for (argument, flow) in instruction.args.iter().zip(flows) {
            if let (Some(flow), true) = (flow, active[argument.0 as usize]) {
                let fitted = fit(&mut b, flow, *argument);
                contributions[argument.0 as usize].push(fitted);
            }
        }
    }
    b.origin = None;
    let gradients = with_respect_to
        .iter()
        .map(|slot| {
            let shape = b.shape(*slot).clone();
            match adjoints.get(slot.0 as usize).copied().flatten() {
                Some(g) => b.spread(g, &shape),
                None => {
                    let zero = b.constant(0.0);
                    b.spread(zero, &shape)
                }
            }
        })
        .collect();
    Ok((b.finish(), gradients))
}

/// Marks the slots that depend on what is asked for, up to the output.
fn active(tape: &Tape, output: Slot, with_respect_to: &[Slot]) -> Vec<bool> {
    let mut active = vec![false; output.0 as usize + 1];
    for i in 0..active.len() {
        active[i] = with_respect_to.contains(&Slot(i as u32))
            || tape.instructions[i].args.iter().any(|a| active[a.0 as usize]);
    }
    active
}

/// Brings a contribution to its argument's shape and kind: sums what was spread, spreads what was summed.
fn fit(b: &mut Builder, flow: Slot, argument: Slot) -> Slot {
    let (shape, kind) = (b.shape(argument).clone(), b.kind(argument));
    let flow = if shape.rank() < b.shape(flow).rank() { b.sum_to(flow, &shape) } else { flow };
    match (b.kind(flow), kind) {
        (Kind::Row, Kind::Global) => {
            let wide = b.spread(flow, &shape);
            b.sum_rows(wide)
        }
        (Kind::Global, Kind::Row) => b.infer(Op::ToRows, vec![flow]),
        _ => flow,
    }
}

/// Σ of the contributions; parts of one flat vector that do not overlap become a concatenation.
fn add_up(b: &mut Builder, parts: &[Slot], shape: &Shape) -> Slot {
    if let Some(joined) = join_disjoint(b, parts, shape) {
        return joined;
    }
    let mut total = parts[0];
    for part in &parts[1..] {
        total = b.add(total, *part);
    }
    total
}

/// `pad(a, 0) + pad(b, 3)` as `concat(a, b)`, gaps filled with zeros.
fn join_disjoint(b: &mut Builder, parts: &[Slot], shape: &Shape) -> Option<Slot> {
    let total = shape.len();
    let mut ranges = vec![];
    for part in parts {
        let mut instruction = b.tape().get(*part);
        if instruction.op == Op::Reshape {
            instruction = b.tape().get(instruction.args[0]);
        }
        let Op::Pad { start } = instruction.op else { return None };
        ranges.push((start, b.shape(instruction.args[0]).len(), instruction.args[0]));
    }
    // Parts of the same range are added first: a tensor used twice is sliced once, but its slices may differ.
    ranges.sort();
    let mut merged: Vec<(usize, usize, Slot)> = vec![];
    for (start, len, slot) in ranges {
        match merged.last().copied() {
            Some((s, l, other)) if s == start && l == len => {
                let (x, y) = (flat(b, other), flat(b, slot));
                let sum = b.add(x, y);
                merged.pop();
                merged.push((s, l, sum));
            }
            Some((s, l, _)) if s + l > start => return None,
            _ => merged.push((start, len, slot)),
        }
    }
    let mut pieces = vec![];
    let mut at = 0;
    for (start, len, slot) in merged {
        if start > at {
            pieces.push(zeros(b, start - at));
        }
        pieces.push(slot);
        at = start + len;
    }
    if at < total {
        pieces.push(zeros(b, total - at));
    }
    let joined = if pieces.len() == 1 { flat(b, pieces[0]) } else { b.infer(Op::Concat, pieces) };
    Some(b.reshape(joined, shape))
}

fn flat(b: &mut Builder, x: Slot) -> Slot {
    let n = b.shape(x).len();
    b.reshape(x, &Shape::vector(n))
}

fn zeros(b: &mut Builder, n: usize) -> Slot {
    let zero = b.constant(0.0);
    b.spread(zero, &Shape::vector(n))
}
