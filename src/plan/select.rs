//! Chooses a kernel for each instruction, and fuses the patterns that matter.
//!
//! ```text
//! f(x·w + b)                          one dense kernel with its activation
//! g · (1 − y²), y = tanh(…)           one activation gradient
//! max_pool(conv(x, w))                one kernel that never stores the full map and keeps the winners;
//!                                     both gradients then visit the winners only
//! ```
//!
//! An instruction swallowed by a fusion gets no step. What is a view (slices and reshapes of one layout) gets no step
//! either; [`super::buffers`] resolves it.

use super::kernel::{Activation, Geometry, Kernel, Mode};
use super::legalise::is_image;
use crate::kernels::scalar::{Binary, Unary};
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

/// A pattern of instructions that one kernel computes.
pub struct Fusion {
    /// As `BNNC_WITHOUT` names it.
    pub name: &'static str,
    /// What it does, one line.
    pub effect: &'static str,
    /// Marks what the kernel takes up.
    run: fn(&Tape, &Uses, &mut [Choice]),
}

/// Every fusion, in order.
pub const FUSIONS: &[Fusion] = &[
    Fusion { name: "fuse_dense", effect: "f(x·w + b) is one kernel", run: fuse_dense },
    Fusion {
        name: "fuse_activation_gradient",
        effect: "g · (1 − y²), y = tanh(…), is one kernel",
        run: fuse_activation_gradient,
    },
    Fusion {
        name: "fuse_conv_pool",
        effect: "max_pool(conv(x, w)) never stores the full map, and its gradients visit the winners",
        run: fuse_conv_pool,
    },
    Fusion {
        name: "fuse_class_likelihood",
        effect: "log_softmax(z)[c] and its gradient are one kernel each",
        run: fuse_class_likelihood,
    },
];

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

/// Who uses each slot; an output counts as a use by no one.
type Uses = [Vec<Option<Slot>>];

/// Finds who uses what.
fn uses(tape: &Tape) -> Vec<Vec<Option<Slot>>> {
    let mut uses = vec![vec![]; tape.instructions.len()];
    for (i, x) in tape.instructions.iter().enumerate() {
        for a in &x.args {
            uses[a.0 as usize].push(Some(Slot(i as u32)));
        }
    }
    for (_, s) in &tape.outputs {
        uses[s.0 as usize].push(None);
    }
    uses
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
            (true, false) if *transposed => Kernel::DenseInput,
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
        Op::Conv(w) => Kernel::Conv(geometry(arg(0), x, *w)),
        Op::ConvInput(w) => Kernel::ConvInput(geometry(x, arg(0), *w)),
        Op::ConvKernel(w) => Kernel::ConvKernel(geometry(arg(0), arg(1), *w)),
        Op::MaxPool(w) => Kernel::MaxPool(geometry(arg(0), x, *w)),
        Op::MaxPoolInput(w) => Kernel::MaxPoolInput(geometry(x, arg(1), *w)),
        Op::AvgPool(w) => Kernel::AvgPool(geometry(arg(0), x, *w)),
        Op::AvgPoolInput(w) => Kernel::AvgPoolInput(geometry(x, arg(0), *w)),
    };
    Ok(Choice::Run { kernel, args: x.args.clone(), winners_of: None })
}

fn geometry(input: &Instruction, output: &Instruction, window: Window) -> Geometry {
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
    Choice::Run { kernel: Kernel::Binary { op, mode, left }, args: vec![full, narrow], winners_of: None }
}

/// The only user of a slot.
fn only_user(uses: &Uses, slot: Slot) -> Option<Slot> {
    match uses[slot.0 as usize][..] {
        [Some(user)] => Some(user),
        _ => None,
    }
}

/// `f(x·w + b)` and `x·w + b`.
fn fuse_dense(tape: &Tape, uses: &Uses, choices: &mut [Choice]) {
    for i in 0..tape.instructions.len() {
        let slot = Slot(i as u32);
        let Choice::Run { kernel: Kernel::Dense { .. }, args, .. } = choices[i].clone() else { continue };
        let Some(sum) = only_user(uses, slot) else { continue };
        let add = tape.get(sum);
        let Op::Binary(Binary::Add) = add.op else { continue };
        let bias = if add.args[0] == slot { add.args[1] } else { add.args[0] };
        let b = tape.get(bias);
        if b.kind != Kind::Global || b.shape != tape.get(slot).shape || bias == slot {
            continue;
        }
        let mut last = sum;
        let mut activation = Activation::Linear;
        if let Some(user) = only_user(uses, sum) {
            let found = match tape.get(user).op {
                Op::Unary(Unary::Tanh) => Some(Activation::Tanh),
                Op::Unary(Unary::Relu) => Some(Activation::Relu),
                Op::Unary(Unary::Sigmoid) => Some(Activation::Sigmoid),
                _ => None,
            };
            if let Some(found) = found {
                activation = found;
                choices[sum.0 as usize] = Choice::Swallowed;
                last = user;
            }
        }
        choices[i] = Choice::Swallowed;
        choices[last.0 as usize] = Choice::Run {
            kernel: Kernel::Dense { activation },
            args: vec![args[0], args[1], bias],
            winners_of: None,
        };
    }
}

/// `g · (1 − y²)` with y a tanh.
fn fuse_activation_gradient(tape: &Tape, uses: &Uses, choices: &mut [Choice]) {
    for i in 0..tape.instructions.len() {
        let slope = Slot(i as u32);
        let x = tape.get(slope);
        let Op::Binary(Binary::Sub) = x.op else { continue };
        let (one, square) = (tape.get(x.args[0]), tape.get(x.args[1]));
        let (Op::Constant(n), Op::Unary(Unary::Square)) = (&one.op, &square.op) else { continue };
        let y = square.args[0];
        if n.0 != 1.0 || tape.get(y).op != Op::Unary(Unary::Tanh) || x.kind != Kind::Row {
            continue;
        }
        let Some(product) = only_user(uses, slope) else { continue };
        let m = tape.get(product);
        let Op::Binary(Binary::Mul) = m.op else { continue };
        let g = if m.args[0] == slope { m.args[1] } else { m.args[0] };
        let other = tape.get(g);
        if g == slope || other.kind != Kind::Row || other.shape != x.shape {
            continue;
        }
        if only_user(uses, x.args[1]) == Some(slope) {
            choices[x.args[1].0 as usize] = Choice::Swallowed;
        }
        choices[i] = Choice::Swallowed;
        choices[product.0 as usize] = Choice::Run {
            kernel: Kernel::ActivationGradient(Activation::Tanh),
            args: vec![y, g],
            winners_of: None,
        };
    }
}

/// A convolution whose map is used by nothing but a pool without overlap, and that pool's gradient.
fn fuse_conv_pool(tape: &Tape, uses: &Uses, choices: &mut [Choice]) {
    for i in 0..tape.instructions.len() {
        let conv = Slot(i as u32);
        let Op::Conv(window) = tape.get(conv).op else { continue };
        let users: Vec<Slot> = match uses[i].iter().copied().collect::<Option<Vec<Slot>>>() {
            Some(users) => users,
            None => continue,
        };
        let pools: Vec<Slot> =
            users.iter().copied().filter(|u| matches!(tape.get(*u).op, Op::MaxPool(_))).collect();
        let backs: Vec<Slot> =
            users.iter().copied().filter(|u| matches!(tape.get(*u).op, Op::MaxPoolInput(_))).collect();
        let ([pool], true) = (&pools[..], pools.len() + backs.len() == users.len()) else { continue };
        let Op::MaxPool(pooling) = tape.get(*pool).op else { continue };
        // Winners are bytes.
        let fits =
            pooling.stride == pooling.size[0] && pooling.size[0] == pooling.size[1] && pooling.size[0] <= 16;
        // Every gradient of the map must end in the convolution's own gradients.
        let mut ends = vec![];
        let all_end = backs.iter().all(|back| {
            uses[back.0 as usize].iter().all(|user| match user.map(|u| (u, &tape.get(u).op)) {
                Some((u, Op::ConvInput(w))) if *w == window && tape.get(u).args[0] == *back => {
                    ends.push((u, *back));
                    true
                }
                Some((u, Op::ConvKernel(w))) if *w == window && tape.get(u).args[1] == *back => {
                    ends.push((u, *back));
                    true
                }
                _ => false,
            })
        });
        if !fits || !all_end || backs.len() > 1 {
            continue;
        }
        let (x, w) = (tape.get(conv).args[0], tape.get(conv).args[1]);
        let geometry = geometry(tape.get(x), tape.get(conv), window);
        choices[i] = Choice::Swallowed;
        choices[pool.0 as usize] = Choice::Run {
            kernel: Kernel::ConvPool(geometry, pooling),
            args: vec![x, w],
            winners_of: Some(*pool),
        };
        for (end, back) in ends {
            let dy = tape.get(back).args[1];
            choices[back.0 as usize] = Choice::Swallowed;
            let (kernel, args) = match tape.get(end).op {
                Op::ConvInput(_) => {
                    (Kernel::ConvPoolInput(geometry, pooling), vec![dy, tape.get(end).args[1]])
                }
                _ => (Kernel::ConvPoolKernel(geometry, pooling), vec![tape.get(end).args[0], dy]),
            };
            choices[end.0 as usize] = Choice::Run { kernel, args, winners_of: Some(*pool) };
        }
    }
}

/// `log_softmax(z)[c]`, and `w · (one_hot(c) − softmax(z))` as the adjoint writes it:
/// `wide − softmax(z) · Σ wide` with `wide = one_hot(c) · w`, where Σ over classes gives w back.
fn fuse_class_likelihood(tape: &Tape, uses: &Uses, choices: &mut [Choice]) {
    let is_row = |s: Slot| tape.get(s).kind == Kind::Row;
    let is_only = |s: Slot, user: Slot| only_user(uses, s) == Some(user);
    for i in 0..tape.instructions.len() {
        let slot = Slot(i as u32);
        let x = tape.get(slot);
        if x.kind != Kind::Row {
            continue;
        }
        match x.op {
            Op::Pick => {
                let (logs, class) = (x.args[0], x.args[1]);
                let of = tape.get(logs);
                if of.op != Op::LogSoftmax || !is_only(logs, slot) || !is_row(of.args[0]) || !is_row(class) {
                    continue;
                }
                choices[logs.0 as usize] = Choice::Swallowed;
                choices[i] = Choice::Run {
                    kernel: Kernel::ClassLogDensity,
                    args: vec![of.args[0], class],
                    winners_of: None,
                };
            }
            Op::Binary(Binary::Sub) => {
                let Some((swallowed, args)) = class_gradient(tape, uses, slot) else { continue };
                for s in swallowed {
                    choices[s.0 as usize] = Choice::Swallowed;
                }
                choices[i] = Choice::Run { kernel: Kernel::ClassGradient, args, winners_of: None };
            }
            _ => {}
        }
    }
}

/// What a difference takes up, and its logits, class and weight, if it is the gradient of a class likelihood.
fn class_gradient(tape: &Tape, uses: &Uses, difference: Slot) -> Option<(Vec<Slot>, Vec<Slot>)> {
    let is_mul = |s: Slot| tape.get(s).op == Op::Binary(Binary::Mul);
    let one_of = |s: Slot, op: &Op| {
        let args = &tape.get(s).args;
        let at = args.iter().position(|a| tape.get(*a).op == *op)?;
        Some((args[at], args[1 - at]))
    };
    let [wide, back] = tape.get(difference).args[..] else { return None };
    if !is_mul(wide) || !is_mul(back) || only_user(uses, back) != Some(difference) {
        return None;
    }
    let (one_hot, weight) = one_of(wide, &Op::OneHot)?;
    let (soft, total) = one_of(back, &Op::Softmax)?;
    let (logits, class) = (tape.get(soft).args[0], tape.get(one_hot).args[0]);
    let is_row = |s: &Slot| tape.get(*s).kind == Kind::Row;
    let is_pattern = tape.get(total).op == Op::Sum
        && tape.get(total).args == [wide]
        && only_user(uses, total) == Some(back)
        && only_user(uses, soft) == Some(back)
        && only_user(uses, one_hot) == Some(wide)
        && uses[wide.0 as usize].len() == 2
        && uses[wide.0 as usize].iter().all(|user| *user == Some(difference) || *user == Some(total))
        && tape.get(weight).shape.is_scalar()
        && tape.get(logits).shape.rank() == 1
        && [logits, class, weight].iter().all(is_row);
    is_pattern.then(|| (vec![wide, back, one_hot, soft, total], vec![logits, class, weight]))
}
