//! Algebraic rules applied while a tape is built: an instruction that is another one in disguise is not appended.
//!
//! ```text
//! mul %x 1 → %x        log(exp %x) → %x        log(softmax %x) → log_softmax %x
//! add 2 3  → 5         neg(neg %x) → %x        mul (spread %x) %wide → mul %x %wide
//!                                          mul (spread 2) 3 → spread 6
//! ```
//!
//! No rule changes a value beyond rounding, and none trades a finite value for an infinite one. `0 · x` is 0 by
//! decree: on a tape a product with the constant 0 is a term that is absent, not 0 · ∞.

use super::{Op, Slot, build::Builder};
use crate::kernels::scalar::{Binary, Unary};
use crate::ty::Kind;

/// The slot that an instruction is equal to, if some rule says so; it may append simpler instructions.
pub(super) fn simplify(b: &mut Builder, op: &Op, args: &[Slot]) -> Option<Slot> {
    match op {
        Op::Unary(f) => unary(b, *f, args[0]),
        Op::Binary(f) => binary(b, *f, args[0], args[1]),
        Op::Select => match b.constant_value(args[0]) {
            Some(c) if b.shape(args[1]) == b.shape(args[2]) && b.kind(args[1]) == b.kind(args[2]) => {
                Some(if c != 0.0 { args[1] } else { args[2] })
            }
            _ => None,
        },
        // Σ of n equal numbers
        Op::Sum => match inner(b, args[0]) {
            (Op::Spread, Some(source)) if b.shape(source).is_scalar() => {
                let n = b.shape(args[0]).len();
                Some(b.scale(source, n as f64))
            }
            _ => None,
        },
        _ => None,
    }
}

fn unary(b: &mut Builder, f: Unary, x: Slot) -> Option<Slot> {
    if let Some(c) = b.constant_value(x) {
        return Some(b.constant(f.apply(c)));
    }
    let (op, inner) = inner(b, x);
    // A number that is spread is taken before it was spread.
    if let (Op::Spread, Some(source)) = (&op, inner)
        && b.shape(source).is_scalar()
    {
        let (number, shape) = (b.unary(f, source), b.shape(x).clone());
        return Some(b.spread(number, &shape));
    }
    match (f, op) {
        (Unary::Log, Op::Unary(Unary::Exp))
        | (Unary::Neg, Op::Unary(Unary::Neg))
        | (Unary::Reciprocal, Op::Unary(Unary::Reciprocal)) => Some(inner?),
        (Unary::Log, Op::Softmax) => Some(b.infer(Op::LogSoftmax, vec![inner?])),
        (Unary::Log, Op::Unary(Unary::Sigmoid)) => Some(b.unary(Unary::LogSigmoid, inner?)),
        (Unary::Log, Op::Unary(Unary::NormalCdf)) => Some(b.unary(Unary::LogNormalCdf, inner?)),
        (Unary::Log, Op::Unary(Unary::Sqrt)) => {
            let log = b.log(inner?);
            Some(b.scale(log, 0.5))
        }
        // log(c x) = log c + log x keeps log-normal scales linear in u
        (Unary::Log, Op::Binary(Binary::Mul)) => log_of_scaled(b, x, false),
        (Unary::Log, Op::Binary(Binary::Div)) => log_of_scaled(b, x, true),
        (Unary::Reciprocal, Op::Unary(Unary::Exp)) => {
            let minus = b.neg(inner?);
            Some(b.exp(minus))
        }
        (Unary::Square, Op::Unary(Unary::Neg)) => Some(b.square(inner?)),
        (Unary::Abs, Op::Unary(Unary::Neg | Unary::Abs)) => Some(b.unary(Unary::Abs, inner?)),
        _ => None,
    }
}

fn inner(b: &Builder, x: Slot) -> (Op, Option<Slot>) {
    let instruction = b.tape().get(x);
    (instruction.op.clone(), instruction.args.first().copied())
}

fn log_of_scaled(b: &mut Builder, x: Slot, is_quotient: bool) -> Option<Slot> {
    let args = b.tape().get(x).args.clone();
    let (constant, other) = match (b.constant_value(args[0]), b.constant_value(args[1])) {
        (None, Some(c)) => (c, args[0]),
        (Some(c), None) if !is_quotient => (c, args[1]),
        _ => return None,
    };
    // Only for products of positive numbers: log(−1 · −x) must not become NaN.
    if constant <= 0.0 || !matches!(b.tape().get(other).op, Op::Unary(Unary::Exp)) {
        return None;
    }
    let log = b.log(other);
    Some(b.add_number(log, if is_quotient { -constant.ln() } else { constant.ln() }))
}

fn binary(b: &mut Builder, f: Binary, x: Slot, y: Slot) -> Option<Slot> {
    let (cx, cy) = (b.constant_value(x), b.constant_value(y));
    if let (Some(cx), Some(cy)) = (cx, cy) {
        return Some(b.constant(f.apply(cx, cy)));
    }
    if let Some(narrower) = narrow(b, f, x, y) {
        return Some(narrower);
    }
    if let Some(spread) = of_numbers(b, f, x, y) {
        return Some(spread);
    }
    match (f, cx, cy) {
        (Binary::Add, Some(0.0), _) | (Binary::Mul, Some(1.0), _) => Some(y),
        (Binary::Add | Binary::Sub, _, Some(0.0)) | (Binary::Mul | Binary::Div, _, Some(1.0)) => Some(x),
        (Binary::Pow, _, Some(1.0)) => Some(x),
        (Binary::Pow, _, Some(2.0)) => Some(b.square(x)),
        (Binary::Pow, _, Some(0.5)) => Some(b.unary(Unary::Sqrt, x)),
        (Binary::Pow, _, Some(-1.0)) => Some(b.unary(Unary::Reciprocal, x)),
        (Binary::Sub, Some(0.0), _) | (Binary::Mul, Some(-1.0), _) => Some(b.neg(y)),
        (Binary::Mul | Binary::Div, _, Some(-1.0)) => Some(b.neg(x)),
        (Binary::Mul, Some(0.0), _) => Some(zero_like(b, y)),
        (Binary::Mul, _, Some(0.0)) => Some(zero_like(b, x)),
        // constants gather on the right: (x · 2) · 3 = x · 6
        (Binary::Mul | Binary::Add, _, Some(c)) => {
            let instruction = b.tape().get(x).clone();
            if instruction.op != Op::Binary(f) {
                return None;
            }
            let d = b.constant_value(instruction.args[1])?;
            let joined = b.constant(f.apply(d, c));
            Some(b.binary(f, instruction.args[0], joined))
        }
        (Binary::Mul | Binary::Add, Some(_), _) => Some(b.binary(f, y, x)),
        _ => None,
    }
}

/// An operand that was spread only to meet an operand of the full shape and kind is taken before it was spread.
fn narrow(b: &mut Builder, f: Binary, x: Slot, y: Slot) -> Option<Slot> {
    let is_full = |b: &Builder, wide: Slot, other: Slot| {
        b.shape(other) == b.shape(wide) && b.kind(other) >= b.kind(wide)
    };
    for (spread, other, first) in [(x, y, true), (y, x, false)] {
        let (op, source) = inner(b, spread);
        let fits = match op {
            Op::Spread => is_full(b, spread, other),
            Op::ToRows => b.kind(other) == Kind::Row,
            _ => false,
        };
        if let (true, Some(source)) = (fits, source) {
            return Some(if first { b.binary(f, source, other) } else { b.binary(f, other, source) });
        }
    }
    None
}

/// A number that was spread, with another number: both are taken before they are spread.
fn of_numbers(b: &mut Builder, f: Binary, x: Slot, y: Slot) -> Option<Slot> {
    for (wide, other, first) in [(x, y, true), (y, x, false)] {
        let (op, source) = inner(b, wide);
        let source = source.filter(|s| op == Op::Spread && b.shape(*s).is_scalar());
        if let (Some(source), true) = (source, b.shape(other).is_scalar() && b.kind(other) == Kind::Global) {
            let shape = b.shape(wide).clone();
            let number = if first { b.binary(f, source, other) } else { b.binary(f, other, source) };
            return Some(b.spread(number, &shape));
        }
    }
    None
}

/// Zero with the shape and kind of x.
fn zero_like(b: &mut Builder, x: Slot) -> Slot {
    let (shape, kind) = (b.shape(x).clone(), b.kind(x));
    let zero = b.constant(0.0);
    let wide = b.spread(zero, &shape);
    if kind == Kind::Row { b.infer(Op::ToRows, vec![wide]) } else { wide }
}
