//! Reads a scale argument as a constant times a power of one unknown, element by element.

use super::{Op, Slot, Tape, eval};
use crate::kernels::scalar::{Binary, Unary};

/// Slots of the tape that depend on no unknown and no data, with their numbers.
pub struct Constants {
    values: Vec<Option<Vec<f64>>>,
}

impl Constants {
    /// Evaluates what is constant.
    pub fn of(tape: &Tape) -> Constants {
        let mut is_constant = vec![false; tape.instructions.len()];
        for (i, x) in tape.instructions.iter().enumerate() {
            is_constant[i] = match &x.op {
                Op::Input(_) | Op::Column(_) | Op::RowWeight | Op::Noise(_) | Op::RowNoise(_) => false,
                _ => x.args.iter().all(|a| is_constant[a.0 as usize]),
            };
        }
        let values = eval::evaluate(tape, &eval::Inputs::default(), 0);
        let values = values
            .into_iter()
            .zip(is_constant)
            .map(|(value, is_constant)| match value {
                eval::Value::Global(numbers) if is_constant => Some(numbers),
                _ => None,
            })
            .collect();
        Constants { values }
    }

    /// The numbers of a constant slot.
    pub fn numbers(&self, slot: Slot) -> Option<&[f64]> {
        self.values[slot.0 as usize].as_deref()
    }

    /// The number of a constant scalar, or of a tensor of equal numbers.
    pub fn number(&self, slot: Slot) -> Option<f64> {
        let numbers = self.numbers(slot)?;
        let first = *numbers.first()?;
        numbers.iter().all(|x| *x == first).then_some(first)
    }
}

/// f vᵖ, element by element.
#[derive(Debug, Clone)]
pub struct ScaleOf {
    /// Per element of the argument: the element of v, and f.
    pub elements: Vec<(usize, f64)>,
    /// p
    pub power: f64,
}

/// Follows a slot back to `value`; none if anything but products with constants, powers and moves lies between.
pub fn scale_of(tape: &Tape, constants: &Constants, value: Slot, slot: Slot) -> Option<ScaleOf> {
    let x = tape.get(slot);
    if slot == value {
        let elements = (0..x.shape.len()).map(|i| (i, 1.0)).collect();
        return Some(ScaleOf { elements, power: 1.0 });
    }
    if slot.0 < value.0 {
        return None;
    }
    let of = |i: usize| scale_of(tape, constants, value, x.args[i]);
    let size = x.shape.len();
    let mapped = |inner: ScaleOf, power: f64, f: &dyn Fn(usize, f64) -> f64| {
        let n = inner.elements.len();
        let elements = (0..size).map(|i| {
            let (element, factor) = inner.elements[i % n];
            (element, f(i, factor))
        });
        let elements: Vec<_> = elements.collect();
        let is_positive = elements.iter().all(|(_, f)| *f > 0.0 && f.is_finite());
        is_positive.then_some(ScaleOf { elements, power: inner.power * power })
    };
    match &x.op {
        Op::Binary(Binary::Mul) => {
            let (inner, numbers) = match (constants.numbers(x.args[0]), constants.numbers(x.args[1])) {
                (Some(c), None) => (of(1)?, c),
                (None, Some(c)) => (of(0)?, c),
                _ => return None,
            };
            mapped(inner, 1.0, &|i, f| f * numbers[i % numbers.len()])
        }
        Op::Binary(Binary::Div) => match (constants.numbers(x.args[0]), constants.numbers(x.args[1])) {
            (None, Some(c)) => mapped(of(0)?, 1.0, &|i, f| f / c[i % c.len()]),
            (Some(c), None) => mapped(of(1)?, -1.0, &|i, f| c[i % c.len()] / f),
            _ => None,
        },
        Op::Unary(Unary::Sqrt) => mapped(of(0)?, 0.5, &|_, f| f.sqrt()),
        Op::Unary(Unary::Square) => mapped(of(0)?, 2.0, &|_, f| f * f),
        Op::Unary(Unary::Reciprocal) => mapped(of(0)?, -1.0, &|_, f| 1.0 / f),
        Op::Spread | Op::Reshape => mapped(of(0)?, 1.0, &|_, f| f),
        // A vector repeated along a second axis.
        Op::Outer => {
            let (k, n) = (tape.get(x.args[0]).shape.len(), tape.get(x.args[1]).shape.len());
            let (inner, numbers, by_row) = match (constants.numbers(x.args[0]), constants.numbers(x.args[1]))
            {
                (None, Some(c)) => (of(0)?, c, true),
                (Some(c), None) => (of(1)?, c, false),
                _ => return None,
            };
            let elements = (0..k * n).map(|i| {
                let (at, other) = if by_row { (i / n, i % n) } else { (i % n, i / n) };
                (inner.elements[at].0, inner.elements[at].1 * numbers[other])
            });
            let elements: Vec<_> = elements.collect();
            elements.iter().all(|(_, f)| *f > 0.0).then_some(ScaleOf { elements, ..inner })
        }
        Op::Slice { start } => {
            let inner = of(0)?;
            let elements = inner.elements.get(*start..*start + size)?.to_vec();
            Some(ScaleOf { elements, ..inner })
        }
        _ => None,
    }
}
