//! The one computational IR: an SSA list of tensor instructions.
//!
//! ```text
//! %0 = input mu : global [3]
//! %1 = column x : row [3]
//! %2 = mul %1 %0 : row [3]
//! %3 = sum %2 : row
//! %4 = sum_rows %3 : global
//! output elbo = %4
//! ```
//!
//! The same list serves the log joint, the ELBO, gradients and prediction. Shapes never hold the row axis; a value is
//! global (one per model) or per row. Elementwise instructions take operands of equal shape, or one a scalar, or one
//! a suffix of the other; a global operand spreads over the rows of a per-row one. The only instructions that turn
//! per-row values into global ones sum over rows; they have no other effect of the row count.
//!
//! Start at [`build::Builder`], the only way to append; [`ops`] holds each instruction's four answers.

pub mod build;
pub mod eval;
pub mod ops;
pub mod print;
pub mod prune;
mod rules;
pub mod switches;
pub mod verify;

use crate::kernels::scalar::{Binary, Unary};
use crate::source::Span;
use crate::ty::{Kind, Shape};
use std::fmt;
use std::sync::Arc;

/// A value of the tape: the position of the instruction that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// A number in an instruction, compared by its bits.
#[derive(Clone, Copy)]
pub struct Number(pub f64);

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}
impl Eq for Number {}
impl std::hash::Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// Geometry of a convolution or a pool over `[H, W, C]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// kernel height and width
    pub size: [usize; 2],
    /// step between outputs
    pub stride: usize,
    /// zeros added at top, bottom, left, right
    pub pad: [usize; 4],
}

impl Window {
    /// Output height and width for an input; `None` if the window does not fit.
    pub fn output(&self, height: usize, width: usize) -> Option<[usize; 2]> {
        let h = (height + self.pad[0] + self.pad[1]).checked_sub(self.size[0])? / self.stride + 1;
        let w = (width + self.pad[2] + self.pad[3]).checked_sub(self.size[1])? / self.stride + 1;
        Some([h, w])
    }
}

/// What an instruction computes. Arguments are slots in [`Instruction::args`], in the order the docs name them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Op {
    /// A number.
    Constant(Number),
    /// A fixed global tensor.
    Tensor(Arc<[Number]>),
    /// A named global input: latents or variational parameters.
    Input(String),
    /// A data column by its position in the model.
    Column(u32),
    /// Per-row scalar: the factor of a row's log density (N/B; 0 for padding rows).
    RowWeight,
    /// Global standard normal noise; the number keys the variable.
    Noise(u32),
    /// Per-row standard normal noise, fresh for every row and element; the number keys the variable.
    RowNoise(u32),
    /// Per-row −1 or 1, each with probability ½, fresh for every row and element; the number keys the variable.
    RowSigns(u32),
    /// `x`
    Unary(Unary),
    /// `a, b`
    Binary(Binary),
    /// `condition, a, b`: a where the condition is not 0
    Select,
    /// `x`: spreads a scalar or a suffix to the instruction's shape
    Spread,
    /// `x`: a global value seen as per row
    ToRows,
    /// `x`: Σ over all elements
    Sum,
    /// `x`: Σ over leading axes, down to the suffix that is the instruction's shape
    SumLeading,
    /// `x`: Σ over rows, per row to global
    SumRows,
    /// `x`: largest over all elements
    MaxOf,
    /// `x`: log Σ exp over the last axis
    LogSumExp,
    /// `x`: over the last axis
    Softmax,
    /// `x`: over the last axis
    LogSoftmax,
    /// `x [K], w [K, N]` → `[N]`; with `transposed`: `x [N], w [K, N]` → `[K]`
    Dot {
        /// multiply by the transpose of w
        transposed: bool,
    },
    /// `x [K], y [N]` → global `[K, N]`, summed over rows if they are per row
    Outer,
    /// `table [K, …], index` → `[…]`
    Gather,
    /// `y […], index` → global `[K, …]`: Σ over rows of y at place index; K is in the shape
    Scatter,
    /// `x [K], index` → scalar
    Pick,
    /// `index` → `[K]`: 1 at the index, else 0
    OneHot,
    /// `x`: elements from `start` on of the flattened value, as many as the instruction's shape has
    Slice {
        /// first element
        start: usize,
    },
    /// `x`: the flattened value at `start` of a flat vector of zeros
    Pad {
        /// first element
        start: usize,
    },
    /// `x`: element i is element `places[i]` of the flattened value; places may repeat
    Take(Vec<u32>),
    /// `x`: element i is added at `places[i]` of zeros of the instruction's shape
    Put(Vec<u32>),
    /// `a, b, …`: flattened and laid end to end
    Concat,
    /// `x`: same elements, the instruction's shape
    Reshape,
    /// `x [H, W, C], w [KH, KW, C, F]` → `[OH, OW, F]`
    Conv(Window),
    /// `dy [OH, OW, F], w` → `[H, W, C]`: gradient for the input
    ConvInput(Window),
    /// `x, dy` → global `[KH, KW, C, F]`: gradient for the kernel, summed over rows
    ConvKernel(Window),
    /// `x [H, W, C]` → `[OH, OW, C]`, no padding
    MaxPool(Window),
    /// `x, dy` → `[H, W, C]`: dy at the first largest element of each window
    MaxPoolInput(Window),
    /// `x [H, W, C]` → `[OH, OW, C]`, no padding
    AvgPool(Window),
    /// `dy` → `[H, W, C]`
    AvgPoolInput(Window),
}

/// One line of the tape.
#[derive(Debug, Clone, PartialEq)]
pub struct Instruction {
    /// What it computes.
    pub op: Op,
    /// Earlier slots.
    pub args: Vec<Slot>,
    /// Shape of the result, rows excluded.
    pub shape: Shape,
    /// Global or per row.
    pub kind: Kind,
    /// A name to show: the unknown, definition or layer whose value this is.
    pub name: Option<String>,
    /// The statement it comes from.
    pub origin: Option<Span>,
}

/// A list of instructions with named results.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tape {
    /// In an order in which arguments come first.
    pub instructions: Vec<Instruction>,
    /// Named results.
    pub outputs: Vec<(String, Slot)>,
}

impl Tape {
    /// The instruction that makes a slot.
    pub fn get(&self, slot: Slot) -> &Instruction {
        &self.instructions[slot.0 as usize]
    }
    /// Bytes of the tensors that are written in it.
    pub fn literals(&self) -> u64 {
        let bytes = |x: &Instruction| match &x.op {
            Op::Tensor(values) => size_of_val(&values[..]) as u64,
            _ => 0,
        };
        self.instructions.iter().map(bytes).sum()
    }
    /// The slot of a named result.
    pub fn output(&self, name: &str) -> Option<Slot> {
        self.outputs.iter().find(|(n, _)| n == name).map(|(_, s)| *s)
    }
}
