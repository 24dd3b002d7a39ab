//! Chooses a kernel for each instruction; [`super::fusions`] then takes patterns of them together.
//!
//! An instruction swallowed by a fusion gets no step. What is a view (slices and reshapes of one layout) gets no step
//! either; [`super::buffers`] resolves it.

use super::fusions::{FUSIONS, uses};
use super::kernel::{Activation, Geometry, Kernel, Mode};
use super::legalise::is_image;
use crate::kernels::scalar::Binary;
use crate::tape::{Instruction, Op, Slot, Tape, Window, switches};
use crate::ty::Kind;

/// What happens to one instruction.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// a kernel on these slots
    Run {
        /// which
        kernel: Kernel,
        /// what it reads
        args: Vec<Slot>,
        /// whether it reads the winners of the fused pool at this slot
        winners_of: Option<Slot>,
        /// whose value it makes beside its own
        second: Option<Slot>,
    },
    /// the second result of the step at another slot
    Second {
        /// whose
        of: Slot,
    },
    /// the same memory as another slot, from an element on
    View {
        /// whose
        of: Slot,
        /// first element
        start: usize,
    },
    /// an input of the program: global input, column, row weight
    Given,
    /// computed inside another instruction's kernel
    Swallowed,
    /// a concatenation whose parts are computed in their places
    Joined,
}

impl Choice {
    /// A kernel with one result.
    pub fn run(kernel: Kernel, args: Vec<Slot>) -> Choice {
        Choice::Run { kernel, args, winners_of: None, second: None }
    }
}

/// One choice per instruction.
pub fn select(tape: &Tape) -> Result<Vec<Choice>, String> {
    let uses = uses(tape);
    let mut choices = Vec::with_capacity(tape.instructions.len());
    for i in 0..tape.instructions.len() {
        choices.push(choose(tape, Slot(i as u32))?);
    }
    for fusion in FUSIONS.iter().filter(|f| !switches::is_off(f.name)) {
        (fusion.run)(tape, &uses, &mut choices);
    }
    Ok(choices)
}

fn choose(tape: &Tape, slot: Slot) -> Result<Choice, String> {
    let x = tape.get(slot);
    let arg = |i: usize| tape.get(x.args[i]);
    let is_row = x.kind == Kind::Row;
    let image = is_row && is_image(&x.shape);
    let arg_image = |i: usize| arg(i).kind == Kind::Row && is_image(&arg(i).shape);
    let from_rows = |i: usize| arg(i).kind == Kind::Row;
    let kernel = match &x.op {
        Op::Constant(n) => Kernel::Fill(n.0),
        Op::Tensor(values) => Kernel::Literal(values.clone()),
        Op::Input(_) | Op::Column(_) | Op::RowWeight => return Ok(Choice::Given),
        Op::Noise(v) => Kernel::Noise(*v),
        Op::RowNoise(v) => Kernel::RowNoise { variable: *v, is_image: image },
        Op::RowSigns(v) => Kernel::RowSigns { variable: *v, is_image: image },
        Op::Unary(f) => Kernel::Unary(*f),
        Op::Binary(f) => return Ok(binary(tape, x, *f)),
        Op::Select => Kernel::Select,
        Op::Spread => match (is_row, arg(0).shape.is_scalar()) {
            (false, _) => Kernel::Tile,
            (true, true) if image => Kernel::SpreadImageRow,
            (true, false) if image => Kernel::SpreadImageChannel,
            (true, _) => Kernel::Tile,
        },
        Op::ToRows if image => Kernel::RepeatImage,
        Op::ToRows => Kernel::RepeatLanes,
        Op::Sum if !is_row => Kernel::SumGlobal,
        Op::Sum if arg_image(0) => Kernel::SumImage,
        Op::Sum => Kernel::SumFeatures,
        Op::SumLeading if arg_image(0) => Kernel::SumImageChannel,
        Op::SumLeading => Kernel::SumTiles,
        Op::SumRows if arg_image(0) => Kernel::SumRowsImage,
        Op::SumRows => Kernel::SumRows,
        Op::MaxOf if is_row => Kernel::MaxFeatures,
        Op::MaxOf => Kernel::MaxGlobal,
        Op::LogSumExp => Kernel::LogSumExp { rows: usize::from(!is_row) },
        Op::Softmax => Kernel::Softmax { rows: usize::from(!is_row) },
        Op::LogSoftmax => Kernel::LogSoftmax { rows: usize::from(!is_row) },
        Op::Dot { transposed } => match (from_rows(0), from_rows(1)) {
            (false, false) => Kernel::DotGlobal { n: x.shape.len(), transposed: *transposed },
            (true, false) if *transposed => Kernel::DenseInput { before: Activation::Linear },
            (true, false) => Kernel::Dense { activation: Activation::Linear },
            (_, true) => return Err("a matrix that differs from row to row".into()),
        },
        Op::Outer if from_rows(0) => Kernel::DenseWeight,
        Op::Outer => Kernel::OuterGlobal,
        Op::Gather if from_rows(0) => return Err("a table that differs from row to row".into()),
        Op::Gather => Kernel::Gather,
        Op::Scatter => Kernel::Scatter,
        Op::Pick => Kernel::Pick,
        Op::OneHot => Kernel::OneHot,
        Op::Slice { start } => return Ok(Choice::View { of: x.args[0], start: *start }),
        Op::Pad { start } => Kernel::Pad(*start),
        Op::Take(places) => Kernel::Take(places.clone()),
        Op::Put(places) => Kernel::Put(places.clone()),
        Op::Concat => Kernel::Concat,
        Op::Reshape => match (arg_image(0), image) {
            (true, false) => Kernel::ImageToLanes,
            (false, true) => Kernel::LanesToImage,
            _ => return Ok(Choice::View { of: x.args[0], start: 0 }),
        },
        Op::Conv(w) => Kernel::Conv(Activation::Linear, geometry(arg(0), x, *w)),
        Op::ConvInput(w) => Kernel::ConvInput(geometry(x, arg(0), *w)),
        Op::ConvKernel(w) => Kernel::ConvKernel(geometry(arg(0), arg(1), *w)),
        Op::MaxPool(w) => Kernel::MaxPool(geometry(arg(0), x, *w)),
        Op::MaxPoolInput(w) => Kernel::MaxPoolInput(geometry(x, arg(1), *w)),
        Op::AvgPool(w) => Kernel::AvgPool(geometry(arg(0), x, *w)),
        Op::AvgPoolInput(w) => Kernel::AvgPoolInput(geometry(x, arg(0), *w)),
    };
    Ok(Choice::run(kernel, x.args.clone()))
}

pub(super) fn geometry(input: &Instruction, output: &Instruction, window: Window) -> Geometry {
    let sizes = |x: &Instruction| [x.shape.0[0], x.shape.0[1], x.shape.0[2]];
    Geometry { input: sizes(input), output: sizes(output), window }
}

/// The full operand first, the narrow one second.
fn binary(tape: &Tape, x: &Instruction, op: Binary) -> Choice {
    let (a, c) = (tape.get(x.args[0]), tape.get(x.args[1]));
    let is_full = |y: &Instruction| y.kind == x.kind && y.shape == x.shape;
    let left = !is_full(a);
    let (full, narrow, other) = if left { (x.args[1], x.args[0], a) } else { (x.args[0], x.args[1], c) };
    let image = x.kind == Kind::Row && is_image(&x.shape);
    let mode = match other.kind {
        _ if is_full(other) => Mode::Same,
        Kind::Row if image => Mode::ImageRow,
        Kind::Row => Mode::Row,
        Kind::Global if other.shape.len() == 1 => Mode::Scalar,
        Kind::Global if x.kind == Kind::Row && !image => Mode::Feature,
        Kind::Global => Mode::Suffix,
    };
    Choice::run(Kernel::Binary { op, mode, left }, vec![full, narrow])
}
