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
fn add_up(b: &mut Builder, contributions: &[Slot], shape: &Shape) -> Slot {
    let mut parts = vec![];
    let mut total: Option<Slot> = None;
    for slot in contributions {
        match part(b, *slot) {
            Some(found) => parts.push(found),
            None => total = Some(total.map_or(*slot, |t| b.add(t, *slot))),
        }
    }
    for layer in layers(b, parts) {
        let joined = join(b, layer, shape);
        total = Some(total.map_or(joined, |t| b.add(t, joined)));
    }
    total.expect("there is at least one contribution")
}

/// A contribution to part of a flat vector: first element, number of elements, value.
type Part = (usize, usize, Slot);

/// Reads `pad(x, start)`, perhaps reshaped.
fn part(b: &Builder, slot: Slot) -> Option<Part> {
    let mut instruction = b.tape().get(slot);
    if instruction.op == Op::Reshape {
        instruction = b.tape().get(instruction.args[0]);
    }
    match instruction.op {
        Op::Pad { start } => Some((start, b.shape(instruction.args[0]).len(), instruction.args[0])),
        _ => None,
    }
}

/// Adds parts of the same range, and sorts the rest into layers without overlap.
fn layers(b: &mut Builder, mut parts: Vec<Part>) -> Vec<Vec<Part>> {
    parts.sort();
    let mut layers: Vec<Vec<Part>> = vec![];
    for (start, len, slot) in parts {
        if let Some(same) = layers.iter_mut().flatten().find(|p| (p.0, p.1) == (start, len)) {
            let (x, y) = (flat(b, same.2), flat(b, slot));
            same.2 = b.add(x, y);
            continue;
        }
        let is_free = |layer: &&mut Vec<Part>| layer.last().is_none_or(|(s, l, _)| s + l <= start);
        match layers.iter_mut().find(is_free) {
            Some(layer) => layer.push((start, len, slot)),
            None => layers.push(vec![(start, len, slot)]),
        }
    }
    layers
}

/// `pad(a, 0) + pad(b, 3)` as `concat(a, b)`, gaps filled with zeros.
fn join(b: &mut Builder, layer: Vec<Part>, shape: &Shape) -> Slot {
    let mut pieces = vec![];
    let mut at = 0;
    for (start, len, slot) in layer {
        if start > at {
            pieces.push(zeros(b, start - at));
        }
        pieces.push(slot);
        at = start + len;
    }
    if at < shape.len() {
        pieces.push(zeros(b, shape.len() - at));
    }
    let joined = if pieces.len() == 1 { flat(b, pieces[0]) } else { b.infer(Op::Concat, pieces) };
    b.reshape(joined, shape)
}

fn flat(b: &mut Builder, x: Slot) -> Slot {
    let n = b.shape(x).len();
    b.reshape(x, &Shape::vector(n))
}

fn zeros(b: &mut Builder, n: usize) -> Slot {
    let zero = b.constant(0.0);
    b.spread(zero, &Shape::vector(n))
}
