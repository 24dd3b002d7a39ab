//! A largest value is found before an increasing function is applied, not after.
//!
//! ```text
//! max_pool(tanh(x + b))  →  tanh(max_pool(x) + b)
//! ```
//!
//! A 2×2 pool then needs a quarter of the `tanh`, and the full map is needed for nothing but its maxima. Values are
//! equal; where an increasing function is flat to rounding the winner, and so the gradient's place, may differ, but
//! the slope there is 0 to rounding.

use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Op, Slot, Tape, build::Builder};
use crate::ty::Kind;

/// Moves activations and biases from below a max-pool to above it, where nothing else uses them.
pub fn pool_before_activation(tape: &Tape) -> Tape {
    if !tape.instructions.iter().any(|x| matches!(x.op, Op::MaxPool(_))) {
        return tape.clone();
    }
    let (uses, _) = super::uses(tape);
    // Old slots of what stands between the pool and its source, outermost first.
    let chain = |pool: usize| {
        let mut chain = vec![];
        let mut at = tape.instructions[pool].args[0];
        while uses[at.0 as usize] == 1 && moves_out(tape, at).is_some() {
            chain.push(at);
            at = moves_out(tape, at).unwrap_or(at);
        }
        (chain, at)
    };
    let mut map_of_sources: Vec<Option<Slot>> = vec![None; tape.instructions.len()];
    super::rebuild(tape, |b, i, args| {
        let x = &tape.instructions[i];
        let new = match x.op {
            Op::MaxPool(_) => {
                let (chain, source) = chain(i);
                if chain.is_empty() {
                    None
                } else {
                    let source = map_of_sources[source.0 as usize].expect("sources come first");
                    let mut y = b.again(x, vec![source]);
                    for old in chain.iter().rev() {
                        y = apply(b, tape, *old, y, &map_of_sources);
                    }
                    Some(y)
                }
            }
            _ => None,
        };
        let slot = new.unwrap_or_else(|| b.again(x, args.to_vec()));
        map_of_sources[i] = Some(slot);
        Some(slot)
    })
}

/// The operand that is pooled, if the instruction may be moved out of the pool.
fn moves_out(tape: &Tape, slot: Slot) -> Option<Slot> {
    let x = tape.get(slot);
    let is_small = |s: Slot| {
        let y = tape.get(s);
        y.kind == Kind::Global && y.shape.rank() <= 1
    };
    match x.op {
        Op::Unary(
            Unary::Tanh
            | Unary::Sigmoid
            | Unary::LogSigmoid
            | Unary::Softplus
            | Unary::Relu
            | Unary::Exp
            | Unary::Atan
            | Unary::Erf
            | Unary::NormalCdf,
        ) => Some(x.args[0]),
        Op::Binary(Binary::Add) if is_small(x.args[1]) => Some(x.args[0]),
        Op::Binary(Binary::Add) if is_small(x.args[0]) => Some(x.args[1]),
        _ => None,
    }
}

/// Applies a moved instruction to the pooled value.
fn apply(b: &mut Builder, tape: &Tape, old: Slot, pooled: Slot, map: &[Option<Slot>]) -> Slot {
    let x = tape.get(old);
    let inner = moves_out(tape, old);
    let args = x
        .args
        .iter()
        .map(|a| if Some(*a) == inner { pooled } else { map[a.0 as usize].expect("arguments come first") })
        .collect();
    let slot = b.infer(x.op.clone(), args);
    if let Some(name) = &x.name {
        b.name(slot, name);
    }
    slot
}
