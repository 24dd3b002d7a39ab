//! What a legal tape is; checked after every pass in debug builds.
//!
//! 1. Every argument is an earlier slot.
//! 2. Where the shape follows from the arguments, it is the one that follows.
//! 3. The kind is the one that follows from the arguments.
//! 4. Slices, pads and reshapes stay inside their values.
//! 5. Every output is a slot of the tape.

use super::{Op, Tape, ops};

/// The first broken invariant, in words.
pub fn verify(tape: &Tape) -> Result<(), String> {
    for (i, x) in tape.instructions.iter().enumerate() {
        if let Some(a) = x.args.iter().find(|a| a.0 as usize >= i) {
            return Err(format!("%{i} uses {a}, which is not earlier"));
        }
        let shapes: Vec<_> = x.args.iter().map(|a| &tape.get(*a).shape).collect();
        if let Some(shape) = ops::infer_shape(&x.op, &shapes)
            && shape != x.shape
        {
            return Err(format!("%{i} has shape {}, its arguments say {shape}", x.shape));
        }
        let kinds: Vec<_> = x.args.iter().map(|a| tape.get(*a).kind).collect();
        if ops::infer_kind(&x.op, &kinds) != x.kind {
            return Err(format!("%{i} has kind {}", x.kind.name()));
        }
        let inside = match x.op {
            Op::Slice { start } => start + x.shape.len() <= shapes[0].len(),
            Op::Pad { start } => start + shapes[0].len() <= x.shape.len(),
            Op::Reshape => x.shape.len() == shapes[0].len(),
            Op::Spread | Op::SumLeading => {
                let (narrow, wide) =
                    if x.op == Op::Spread { (shapes[0], &x.shape) } else { (&x.shape, shapes[0]) };
                narrow.is_suffix_of(wide)
            }
            _ => true,
        };
        if !inside {
            return Err(format!("%{i} = {} reaches outside its argument", ops::name(&x.op)));
        }
    }
    match tape.outputs.iter().find(|(_, s)| s.0 as usize >= tape.instructions.len()) {
        Some((name, slot)) => Err(format!("output {name} = {slot} is not on the tape")),
        None => Ok(()),
    }
}
