//! A plain, slow, obviously right evaluator of tapes in f64: the reference for every engine.
//!
//! ```text
//! %0 = input w : global [2]      [0.5, 2.0]
//! %1 = column x : row [2]        row 0: [1, 1]   row 1: [3, 0]
//! %2 = dot … : row               row 0: 2.5      row 1: 1.5
//! %3 = sum_rows %2 : global      4.0
//! ```
//!
//! A value is one flat list of numbers if it is global, and one such list per row if it is not. Every instruction is
//! written as its formula with index loops; nothing is fused, shared or reordered. An index that is no whole number
//! inside its axis (a damaged column) gives NaN, never a panic.

mod elementwise;
mod indexing;
mod linear;
mod reduce;
mod window;

use super::{Op, Slot, Tape};
use crate::ty::{Kind, Shape};
use std::collections::BTreeMap;

/// Everything that a tape reads.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Numbers of each named input.
    pub inputs: BTreeMap<String, Vec<f64>>,
    /// Numbers of each column, row by row.
    pub columns: BTreeMap<u32, Vec<Vec<f64>>>,
    /// Weight of each row; 1 where it is not given.
    pub row_weights: Option<Vec<f64>>,
    /// Noise of each global variable.
    pub noise: BTreeMap<u32, Vec<f64>>,
    /// Noise or signs of each per-row variable, row by row.
    pub row_noise: BTreeMap<u32, Vec<Vec<f64>>>,
}

/// The value of a slot: numbers in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// one for the model
    Global(Vec<f64>),
    /// one for each row
    Rows(Vec<Vec<f64>>),
}

impl Value {
    /// The numbers seen from a row; those of a global value are the same from all.
    pub fn at(&self, row: usize) -> &[f64] {
        match self {
            Value::Global(numbers) => numbers,
            Value::Rows(rows) => &rows[row],
        }
    }
    /// The number of a global scalar, NaN for any other value.
    pub fn number(&self) -> f64 {
        match self {
            Value::Global(numbers) if numbers.len() == 1 => numbers[0],
            _ => f64::NAN,
        }
    }
}

/// The value of every slot. An input, column or noise that is missing or too short is NaN where it is missing.
pub fn evaluate(tape: &Tape, inputs: &Inputs, rows: usize) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::with_capacity(tape.instructions.len());
    for instruction in &tape.instructions {
        let call = Call {
            op: &instruction.op,
            shape: &instruction.shape,
            args: instruction.args.iter().map(|Slot(i)| &values[*i as usize]).collect(),
            shapes: instruction.args.iter().map(|a| &tape.get(*a).shape).collect(),
            rows,
        };
        let value = if call.sums_over_rows() {
            Value::Global(call.total_over_rows())
        } else if instruction.kind == Kind::Row {
            Value::Rows((0..rows).map(|row| call.result(inputs, row)).collect())
        } else {
            Value::Global(call.result(inputs, 0))
        };
        values.push(value);
    }
    values
}

/// One instruction with the values of its arguments.
struct Call<'a> {
    op: &'a Op,
    shape: &'a Shape,
    args: Vec<&'a Value>,
    shapes: Vec<&'a Shape>,
    rows: usize,
}

impl Call<'_> {
    /// Whether the instruction turns per-row values into a global one.
    fn sums_over_rows(&self) -> bool {
        let is_sum = matches!(self.op, Op::SumRows | Op::Outer | Op::Scatter | Op::ConvKernel(_));
        is_sum && self.args.iter().any(|a| matches!(a, Value::Rows(_)))
    }

    fn total_over_rows(&self) -> Vec<f64> {
        let mut total = vec![0.0; self.shape.len()];
        for row in 0..self.rows {
            for (t, x) in total.iter_mut().zip(self.result(&Inputs::default(), row)) {
                *t += x;
            }
        }
        total
    }

    /// The result in one row (for a global value: the result).
    fn result(&self, inputs: &Inputs, row: usize) -> Vec<f64> {
        let x = |i: usize| self.args[i].at(row);
        let n = self.shape.len();
        match self.op {
            Op::Constant(number) => vec![number.0],
            Op::Tensor(numbers) => numbers.iter().map(|v| v.0).collect(),
            Op::Input(name) => complete(inputs.inputs.get(name), n),
            Op::Column(column) => complete(inputs.columns.get(column).and_then(|c| c.get(row)), n),
            Op::RowWeight => match &inputs.row_weights {
                Some(weights) => vec![weights.get(row).copied().unwrap_or(f64::NAN)],
                None => vec![1.0],
            },
            Op::Noise(variable) => complete(inputs.noise.get(variable), n),
            Op::RowNoise(variable) | Op::RowSigns(variable) => {
                complete(inputs.row_noise.get(variable).and_then(|v| v.get(row)), n)
            }
            Op::Unary(f) => x(0).iter().map(|v| f.apply(*v)).collect(),
            Op::Binary(f) => elementwise::binary(*f, x(0), x(1), n),
            Op::Select => elementwise::select(x(0), x(1), x(2), n),
            Op::Spread => elementwise::spread(x(0), n),
            Op::ToRows | Op::SumRows | Op::Reshape => x(0).to_vec(),
            Op::Sum => vec![x(0).iter().sum()],
            Op::SumLeading => reduce::sum_leading(x(0), n),
            Op::MaxOf => vec![reduce::largest(x(0))],
            Op::LogSumExp => reduce::log_sum_exp(x(0), last(self.shapes[0])),
            Op::Softmax => reduce::softmax(x(0), last(self.shapes[0])),
            Op::LogSoftmax => reduce::log_softmax(x(0), last(self.shapes[0])),
            Op::Dot { transposed } => linear::dot(x(0), x(1), self.shapes[1], *transposed),
            Op::Outer => linear::outer(x(0), x(1)),
            Op::Gather => indexing::gather(x(0), x(1)[0], n),
            Op::Scatter => indexing::scatter(x(0), x(1)[0], n),
            Op::Pick => indexing::gather(x(0), x(1)[0], 1),
            Op::OneHot => indexing::scatter(&[1.0], x(0)[0], n),
            Op::Slice { start } => x(0)[*start..start + n].to_vec(),
            Op::Pad { start } => indexing::pad(x(0), *start, n),
            Op::Take(places) => places.iter().map(|p| x(0)[*p as usize]).collect(),
            Op::Put(places) => indexing::put(x(0), places, n),
            Op::Concat => self.args.iter().flat_map(|a| a.at(row).iter().copied()).collect(),
            Op::Conv(w) => window::conv(x(0), self.shapes[0], x(1), self.shapes[1], w),
            Op::ConvInput(w) => window::conv_input(x(0), x(1), self.shapes[1], self.shape, w),
            Op::ConvKernel(w) => window::conv_kernel(x(0), self.shapes[0], x(1), self.shape, w),
            Op::MaxPool(w) => window::max_pool(x(0), self.shapes[0], w),
            Op::MaxPoolInput(w) => window::max_pool_input(x(0), self.shapes[0], x(1), w),
            Op::AvgPool(w) => window::avg_pool(x(0), self.shapes[0], w),
            Op::AvgPoolInput(w) => window::avg_pool_input(x(0), self.shape, w),
        }
    }
}

/// The numbers given, NaN where there are too few.
fn complete(numbers: Option<&Vec<f64>>, n: usize) -> Vec<f64> {
    let given = numbers.map_or(&[][..], |v| v);
    (0..n).map(|i| given.get(i).copied().unwrap_or(f64::NAN)).collect()
}

/// Size of the last axis.
fn last(shape: &Shape) -> usize {
    shape.0.last().copied().unwrap_or(1)
}

#[cfg(test)]
mod tests;
