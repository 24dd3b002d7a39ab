//! The only way to append to a tape: one method an instruction, shape and kind inferred.
//!
//! The caller is our own lowering of a checked model, so an ill-shaped call is a mistake of ours and asserts.

use super::{Instruction, Number, Op, Slot, Tape, Window, ops, rules};
use crate::kernels::scalar::{Binary, Unary};
use crate::source::Span;
use crate::ty::{Kind, Shape};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Where each instruction is. They are hashed by the thousand before a fit begins, and a model that makes them collide
/// would slow down its own compilation only.
type Seen = HashMap<(Op, Vec<Slot>, Shape), Slot, foldhash::fast::FixedState>;

/// Appends instructions; an instruction equal to an earlier one is shared.
#[derive(Debug, Default)]
pub struct Builder {
    tape: Tape,
    seen: Seen,
    /// The statement whose instructions are being appended.
    pub origin: Option<Span>,
}

impl Builder {
    /// An empty tape.
    pub fn new() -> Self {
        Builder::default()
    }
    /// An empty tape with room for so many instructions.
    pub fn with_room(instructions: usize) -> Self {
        let mut b = Builder::new();
        b.tape.instructions.reserve(instructions);
        b.seen.reserve(instructions);
        b
    }
    /// Goes on with a tape that is already there.
    pub fn extend(tape: Tape) -> Self {
        let mut seen = Seen::default();
        // A gradient takes about as many instructions again.
        seen.reserve(2 * tape.instructions.len());
        for (i, x) in tape.instructions.iter().enumerate() {
            seen.entry((x.op.clone(), x.args.clone(), x.shape.clone())).or_insert(Slot(i as u32));
        }
        Builder { tape, seen, origin: None }
    }
    /// The finished tape.
    pub fn finish(self) -> Tape {
        self.tape
    }
    /// The tape so far.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }
    /// Shape of a slot.
    pub fn shape(&self, slot: Slot) -> &Shape {
        &self.tape.get(slot).shape
    }
    /// Kind of a slot.
    pub fn kind(&self, slot: Slot) -> Kind {
        self.tape.get(slot).kind
    }
    /// Names a result of the tape.
    pub fn output(&mut self, name: impl Into<String>, slot: Slot) {
        self.tape.outputs.push((name.into(), slot));
    }
    /// Gives a slot a name to show, if it has none.
    pub fn name(&mut self, slot: Slot, name: &str) {
        self.tape.instructions[slot.0 as usize].name.get_or_insert_with(|| name.to_owned());
    }
    /// The number behind a slot, if it is a constant.
    pub fn constant_value(&self, slot: Slot) -> Option<f64> {
        match self.tape.get(slot).op {
            Op::Constant(n) => Some(n.0),
            _ => None,
        }
    }

    /// Appends an instruction of known shape and kind, or shares an equal one.
    pub fn push(&mut self, op: Op, args: Vec<Slot>, shape: Shape, kind: Kind) -> Slot {
        match self.seen.entry((op, args, shape)) {
            Entry::Occupied(there) => *there.get(),
            Entry::Vacant(place) => {
                let slot = Slot(self.tape.instructions.len() as u32);
                let (op, args, shape) = place.key().clone();
                let origin = self.origin;
                self.tape.instructions.push(Instruction { op, args, shape, kind, name: None, origin });
                *place.insert(slot)
            }
        }
    }
    /// Appends an instruction whose shape follows from its arguments, unless a rule finds it equal to another.
    pub fn infer(&mut self, op: Op, args: Vec<Slot>) -> Slot {
        if let Some(equal) = rules::simplify(self, &op, &args) {
            return equal;
        }
        let shapes: Vec<&Shape> = args.iter().map(|a| self.shape(*a)).collect();
        let shape = ops::infer_shape(&op, &shapes)
            .unwrap_or_else(|| panic!("the lowering never makes {op:?} of {shapes:?}"));
        self.with_shape(op, args, shape)
    }
    /// Appends an instruction with the shape given; the kind follows from its arguments.
    pub fn with_shape(&mut self, op: Op, args: Vec<Slot>, shape: Shape) -> Slot {
        let kinds: Vec<Kind> = args.iter().map(|a| self.kind(*a)).collect();
        let kind = ops::infer_kind(&op, &kinds);
        self.push(op, args, shape, kind)
    }

    /// Appends an instruction of another tape with its arguments renamed; the rules apply again.
    pub fn again(&mut self, instruction: &Instruction, args: Vec<Slot>) -> Slot {
        if let Some(equal) = rules::simplify(self, &instruction.op, &args) {
            return equal;
        }
        self.with_shape(instruction.op.clone(), args, instruction.shape.clone())
    }

    /// A number.
    pub fn constant(&mut self, value: f64) -> Slot {
        self.infer(Op::Constant(Number(value)), vec![])
    }
    /// A fixed global tensor.
    pub fn tensor(&mut self, values: &[f64], shape: Shape) -> Slot {
        self.with_shape(Op::Tensor(values.iter().map(|v| Number(*v)).collect()), vec![], shape)
    }
    /// A named global input.
    pub fn input(&mut self, name: &str, shape: Shape) -> Slot {
        self.with_shape(Op::Input(name.to_owned()), vec![], shape)
    }
    /// A data column.
    pub fn column(&mut self, column: u32, shape: Shape) -> Slot {
        self.with_shape(Op::Column(column), vec![], shape)
    }
    /// The factor of a row's log density.
    pub fn row_weight(&mut self) -> Slot {
        self.with_shape(Op::RowWeight, vec![], Shape::scalar())
    }
    /// Global standard normal noise.
    pub fn noise(&mut self, variable: u32, shape: Shape) -> Slot {
        self.with_shape(Op::Noise(variable), vec![], shape)
    }
    /// Fresh standard normal noise for each row.
    pub fn row_noise(&mut self, variable: u32, shape: Shape) -> Slot {
        self.with_shape(Op::RowNoise(variable), vec![], shape)
    }
    /// Fresh signs for each row.
    pub fn row_signs(&mut self, variable: u32, shape: Shape) -> Slot {
        self.with_shape(Op::RowSigns(variable), vec![], shape)
    }
    /// An elementwise function.
    pub fn unary(&mut self, f: Unary, x: Slot) -> Slot {
        self.infer(Op::Unary(f), vec![x])
    }
    /// An elementwise function of two values.
    pub fn binary(&mut self, f: Binary, a: Slot, b: Slot) -> Slot {
        self.infer(Op::Binary(f), vec![a, b])
    }
    /// a + b
    pub fn add(&mut self, a: Slot, b: Slot) -> Slot {
        self.binary(Binary::Add, a, b)
    }
    /// a − b
    pub fn sub(&mut self, a: Slot, b: Slot) -> Slot {
        self.binary(Binary::Sub, a, b)
    }
    /// a · b
    pub fn mul(&mut self, a: Slot, b: Slot) -> Slot {
        self.binary(Binary::Mul, a, b)
    }
    /// a / b
    pub fn div(&mut self, a: Slot, b: Slot) -> Slot {
        self.binary(Binary::Div, a, b)
    }
    /// a + number
    pub fn add_number(&mut self, a: Slot, b: f64) -> Slot {
        let b = self.constant(b);
        self.add(a, b)
    }
    /// a · number
    pub fn scale(&mut self, a: Slot, b: f64) -> Slot {
        let b = self.constant(b);
        self.mul(a, b)
    }
    /// −x
    pub fn neg(&mut self, x: Slot) -> Slot {
        self.unary(Unary::Neg, x)
    }
    /// e^x
    pub fn exp(&mut self, x: Slot) -> Slot {
        self.unary(Unary::Exp, x)
    }
    /// log x; `log(exp(u))` is `u`
    pub fn log(&mut self, x: Slot) -> Slot {
        self.unary(Unary::Log, x)
    }
    /// log(1 + x)
    pub fn log1p(&mut self, x: Slot) -> Slot {
        self.unary(Unary::Log1p, x)
    }
    /// x²
    pub fn square(&mut self, x: Slot) -> Slot {
        self.unary(Unary::Square, x)
    }
    /// a where the condition is not 0, else b
    pub fn select(&mut self, condition: Slot, a: Slot, b: Slot) -> Slot {
        self.infer(Op::Select, vec![condition, a, b])
    }
    /// Spreads a scalar or a suffix to a shape; nothing if it has it already.
    pub fn spread(&mut self, x: Slot, shape: &Shape) -> Slot {
        if self.shape(x) == shape { x } else { self.with_shape(Op::Spread, vec![x], shape.clone()) }
    }
    /// Σ over all elements; nothing for a scalar.
    pub fn sum(&mut self, x: Slot) -> Slot {
        if self.shape(x).is_scalar() { x } else { self.infer(Op::Sum, vec![x]) }
    }
    /// Σ over rows; nothing for a global value.
    pub fn sum_rows(&mut self, x: Slot) -> Slot {
        if self.kind(x) == Kind::Global { x } else { self.infer(Op::SumRows, vec![x]) }
    }
    /// Σ down to a shape that is a suffix of x's.
    pub fn sum_to(&mut self, x: Slot, shape: &Shape) -> Slot {
        if self.shape(x) == shape {
            x
        } else if shape.is_scalar() {
            self.sum(x)
        } else {
            self.with_shape(Op::SumLeading, vec![x], shape.clone())
        }
    }
    /// New shape, same elements.
    pub fn reshape(&mut self, x: Slot, shape: &Shape) -> Slot {
        if self.shape(x) == shape { x } else { self.with_shape(Op::Reshape, vec![x], shape.clone()) }
    }
    /// Part of the flattened value.
    pub fn slice(&mut self, x: Slot, start: usize, shape: &Shape) -> Slot {
        if start == 0 && self.shape(x) == shape {
            return x;
        }
        self.with_shape(Op::Slice { start }, vec![x], shape.clone())
    }
    /// Element i is element `places[i]` of the flattened value.
    pub fn take(&mut self, x: Slot, places: Vec<u32>, shape: &Shape) -> Slot {
        let is_all = places.iter().enumerate().all(|(i, p)| i == *p as usize);
        if is_all && places.len() == self.shape(x).len() {
            return self.reshape(x, shape);
        }
        self.with_shape(Op::Take(places), vec![x], shape.clone())
    }
    /// Element i is added at `places[i]` of zeros.
    pub fn put(&mut self, x: Slot, places: Vec<u32>, shape: &Shape) -> Slot {
        self.with_shape(Op::Put(places), vec![x], shape.clone())
    }
    /// Σ over the last axis.
    pub fn sum_last(&mut self, x: Slot) -> Slot {
        let shape = self.shape(x).clone();
        match shape.0.split_last() {
            None => x,
            Some((_, [])) => self.sum(x),
            Some((last, outer)) => {
                let places = (0..shape.len()).map(|i| (i / last) as u32).collect();
                self.put(x, places, &outer.into())
            }
        }
    }
    /// Repeats every element along a new last axis, unless the value is a scalar, which spreads by itself.
    pub fn spread_last(&mut self, x: Slot, last: usize) -> Slot {
        let mut shape = self.shape(x).clone();
        if shape.is_scalar() {
            return x;
        }
        let places = (0..shape.len() * last).map(|i| (i / last) as u32).collect();
        shape.0.push(last);
        self.take(x, places, &shape)
    }
    /// Entry k along the last axis, for all copies.
    pub fn entry(&mut self, x: Slot, k: usize) -> Slot {
        let shape = self.shape(x).clone();
        match shape.0.split_last() {
            None => x,
            Some((_, [])) => self.slice(x, k, &Shape::scalar()),
            Some((last, outer)) => {
                let outer: Shape = outer.into();
                let places = (0..outer.len()).map(|copy| (copy * last + k) as u32).collect();
                self.take(x, places, &outer)
            }
        }
    }
    /// Values of one shape as the entries along a new last axis.
    pub fn stack(&mut self, entries: &[Slot]) -> Slot {
        let mut shape = Shape::scalar();
        for e in entries {
            if shape.is_suffix_of(self.shape(*e)) {
                shape = self.shape(*e).clone();
            }
        }
        let wide: Vec<Slot> = entries.iter().map(|e| self.spread(*e, &shape)).collect();
        let flat = self.infer(Op::Concat, wide);
        let (copies, last) = (shape.len(), entries.len());
        let places = (0..copies * last).map(|i| ((i % last) * copies + i / last) as u32).collect();
        shape.0.push(last);
        self.take(flat, places, &shape)
    }
    /// A convolution.
    pub fn conv(&mut self, x: Slot, w: Slot, window: Window) -> Slot {
        self.infer(Op::Conv(window), vec![x, w])
    }
}
