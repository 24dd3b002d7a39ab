//! Patterns of instructions that one kernel computes.
//!
//! ```text
//! f(x·w + b)                          one dense kernel with its activation
//! f(conv(x, w) + b)                   the same of a convolution, also with a pool before its bias
//! g · (1 − y²), y = tanh(…)           one activation gradient, and with g = h·wᵀ one kernel of both
//! g · step(y), y = relu(…)            the same
//! x·gᵀ and Σ g over rows              one kernel with two results
//! max_pool(conv(x, w))                one kernel that never stores the full map and keeps the winners;
//!                                     both gradients then visit the winners only
//! log_softmax(z)[c]                   one kernel, and one with two results where its gradient is wanted too
//! Σ a·b over rows                     one kernel
//! Σ of an image over rows and pixels  one kernel
//! ```

use super::kernel::{Activation, Kernel, Mode};
use super::select::{Choice, geometry};
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Op, Slot, Tape};
use crate::ty::Kind;

/// A pattern of instructions that one kernel computes.
pub struct Fusion {
    /// As `BNNC_WITHOUT` names it.
    pub name: &'static str,
    /// What it does, one line.
    pub effect: &'static str,
    /// Marks what the kernel takes up.
    pub(super) run: fn(&Tape, &Uses, &mut [Choice]),
}

/// Every fusion, in order.
pub const FUSIONS: &[Fusion] = &[
    Fusion { name: "fuse_dense", effect: "f(x·w + b) is one kernel", run: fuse_dense },
    Fusion {
        name: "fuse_activation_gradient",
        effect: "g · (1 − y²), y = tanh(…), is one kernel, and so is g · step(y), y = relu(…)",
        run: fuse_activation_gradient,
    },
    Fusion {
        name: "fuse_input_gradient",
        effect: "(g·wᵀ) · (1 − y²), y = tanh(…), is one kernel, and so is (g·wᵀ) · step(y), y = relu(…)",
        run: fuse_input_gradient,
    },
    Fusion {
        name: "fuse_bias_gradient",
        effect: "x·gᵀ and Σ g over rows are one kernel",
        run: fuse_bias_gradient,
    },
    Fusion {
        name: "fuse_conv_pool",
        effect: "max_pool(conv(x, w)) never stores the full map, and its gradients visit the winners",
        run: fuse_conv_pool,
    },
    Fusion {
        name: "fuse_conv",
        effect: "f(conv(x, w) + b) is one kernel, and so is f(max_pool(conv(x, w)) + b)",
        run: fuse_conv,
    },
    Fusion {
        name: "fuse_class_likelihood",
        effect: "log_softmax(z)[c] and its gradient are one kernel each",
        run: fuse_class_likelihood,
    },
    Fusion {
        name: "pair_class_likelihood",
        effect: "log_softmax(z)[c] and its gradient come of one pass over the logits",
        run: pair_class_likelihood,
    },
    Fusion {
        name: "fuse_sum_of_channels",
        effect: "the sum of an image over rows and pixels is one kernel",
        run: fuse_sum_of_channels,
    },
    Fusion {
        name: "fuse_sum_of_products",
        effect: "Σ a·b over rows is one kernel",
        run: fuse_sum_of_products,
    },
];

/// Who uses each slot; an output counts as a use by no one.
pub(super) type Uses = [Vec<Option<Slot>>];

/// Finds who uses what.
pub(super) fn uses(tape: &Tape) -> Vec<Vec<Option<Slot>>> {
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
        let Some(After { bias, sum, activated }) = after(tape, uses, slot) else { continue };
        if tape.get(bias).shape != tape.get(slot).shape {
            continue;
        }
        let (activation, last) = activated.unwrap_or((Activation::Linear, sum));
        choices[sum.0 as usize] = Choice::Swallowed;
        choices[i] = Choice::Swallowed;
        choices[last.0 as usize] = Choice::run(Kernel::Dense { activation }, vec![args[0], args[1], bias]);
    }
}

/// What comes after a layer's sums.
struct After {
    /// A global value.
    bias: Slot,
    /// The sums with it.
    sum: Slot,
    /// An activation and its value, where nothing else reads the sums.
    activated: Option<(Activation, Slot)>,
}

/// The bias that is added to what nothing else reads, and the activation of that.
fn after(tape: &Tape, uses: &Uses, slot: Slot) -> Option<After> {
    let sum = only_user(uses, slot)?;
    let add = tape.get(sum);
    let Op::Binary(Binary::Add) = add.op else { return None };
    let bias = if add.args[0] == slot { add.args[1] } else { add.args[0] };
    if tape.get(bias).kind != Kind::Global || bias == slot {
        return None;
    }
    let activated = only_user(uses, sum).and_then(|user| match tape.get(user).op {
        Op::Unary(Unary::Tanh) => Some((Activation::Tanh, user)),
        Op::Unary(Unary::Relu) => Some((Activation::Relu, user)),
        Op::Unary(Unary::Sigmoid) => Some((Activation::Sigmoid, user)),
        _ => None,
    });
    Some(After { bias, sum, activated })
}

/// `f(conv(x, w) + b)` with a number of b for each channel, with a pool before the bias or without.
fn fuse_conv(tape: &Tape, uses: &Uses, choices: &mut [Choice]) {
    for i in 0..tape.instructions.len() {
        let slot = Slot(i as u32);
        let Choice::Run { kernel: Kernel::Conv(..) | Kernel::ConvPool(..), .. } = &choices[i] else {
            continue;
        };
        let Some(After { bias, sum, activated }) = after(tape, uses, slot) else { continue };
        if tape.get(bias).shape.0[..] != tape.get(slot).shape.0[2..] {
            continue;
        }
        let (found, last) = activated.unwrap_or((Activation::Linear, sum));
        let mut fused = std::mem::replace(&mut choices[i], Choice::Swallowed);
        if let Choice::Run {
            kernel: Kernel::Conv(activation, _) | Kernel::ConvPool(activation, ..),
            args,
            ..
        } = &mut fused
        {
            *activation = found;
            args.push(bias);
        }
        choices[sum.0 as usize] = Choice::Swallowed;
        choices[last.0 as usize] = fused;
    }
}

/// `g · (1 − y²)` with y a tanh, and `g · step(y)` with y a relu (where y is not above 0 that is 0 whatever g is).
fn fuse_activation_gradient(tape: &Tape, uses: &Uses, choices: &mut [Choice]) {
    for i in 0..tape.instructions.len() {
        let slope = Slot(i as u32);
        let x = tape.get(slope);
        let Some((activation, y, inner)) = slope_of(tape, slope) else { continue };
        let Some(product) = only_user(uses, slope) else { continue };
        let m = tape.get(product);
        let Op::Binary(Binary::Mul) = m.op else { continue };
        let g = if m.args[0] == slope { m.args[1] } else { m.args[0] };
        let other = tape.get(g);
        if x.kind != Kind::Row || g == slope || other.kind != Kind::Row || other.shape != x.shape {
            continue;
        }
        // Of two slopes that are multiplied the first one is taken up, and the second is its g.
        if !matches!(&choices[product.0 as usize], Choice::Run { kernel: Kernel::Binary { .. }, .. }) {
            continue;
        }
        if let Some(square) = inner.filter(|square| only_user(uses, *square) == Some(slope)) {
            choices[square.0 as usize] = Choice::Swallowed;
        }
        choices[i] = Choice::Swallowed;
        choices[product.0 as usize] = Choice::run(Kernel::ActivationGradient(activation), vec![y, g]);
    }
}

/// The activation whose derivative a slot is, its value, and what the derivative alone may need of it.
fn slope_of(tape: &Tape, slope: Slot) -> Option<(Activation, Slot, Option<Slot>)> {
    let x = tape.get(slope);
    let is = |y: Slot, f: Unary| tape.get(y).op == Op::Unary(f);
    match x.op {
        Op::Binary(Binary::Sub) => {
            let (one, square) = (tape.get(x.args[0]), tape.get(x.args[1]));
            let (Op::Constant(n), Op::Unary(Unary::Square)) = (&one.op, &square.op) else { return None };
            let y = square.args[0];
            (n.0 == 1.0 && is(y, Unary::Tanh)).then_some((Activation::Tanh, y, Some(x.args[1])))
        }
        Op::Unary(Unary::Step) => is(x.args[0], Unary::Relu).then_some((Activation::Relu, x.args[0], None)),
        _ => None,
    }
}

/// `(g·wᵀ) · (1 − y²)` with y a tanh, or times step(y) with y a relu, where nothing else reads the product.
fn fuse_input_gradient(_: &Tape, uses: &Uses, choices: &mut [Choice]) {
    for i in 0..choices.len() {
        let Choice::Run { kernel: Kernel::ActivationGradient(activation), args, .. } = &choices[i] else {
            continue;
        };
        let (activation, y, g) = (*activation, args[0], args[1]);
        // One that has taken up a derivative already has no room for another.
        let Choice::Run { kernel: Kernel::DenseInput { before: Activation::Linear }, args, .. } =
            &choices[g.0 as usize]
        else {
            continue;
        };
        if only_user(uses, g) != Some(Slot(i as u32)) {
            continue;
        }
        let args = vec![args[0], args[1], y];
        choices[g.0 as usize] = Choice::Swallowed;
        choices[i] = Choice::run(Kernel::DenseInput { before: activation }, args);
    }
}

/// The gradients by the weights and by the bias of a dense layer: `x·gᵀ` and `Σ g` over rows.
///
/// Sums over rows are read after all rows, so it does not matter that one is made later than on the tape.
fn fuse_bias_gradient(tape: &Tape, uses: &Uses, choices: &mut [Choice]) {
    for i in 0..choices.len() {
        let weights = Slot(i as u32);
        let Choice::Run { kernel: Kernel::DenseWeight, args, second: None, .. } = &choices[i] else {
            continue;
        };
        let gradient = args[1];
        let is_sum = |slot: &Slot| matches!(&choices[slot.0 as usize], Choice::Run { kernel: Kernel::SumRows, args, .. } if args[..] == [gradient]);
        let users = uses[gradient.0 as usize].iter().flatten();
        let Some(sum) = users.copied().find(is_sum) else { continue };
        debug_assert_eq!(tape.get(sum).shape.len(), tape.get(gradient).shape.len());
        choices[sum.0 as usize] = Choice::Second { of: weights };
        if let Choice::Run { second, .. } = &mut choices[i] {
            *second = Some(sum);
        }
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
            kernel: Kernel::ConvPool(Activation::Linear, geometry, pooling),
            args: vec![x, w],
            winners_of: Some(*pool),
            second: None,
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
            choices[end.0 as usize] = Choice::Run { kernel, args, winners_of: Some(*pool), second: None };
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
                choices[i] = Choice::run(Kernel::ClassLogDensity, vec![of.args[0], class]);
            }
            Op::Binary(Binary::Sub) => {
                let Some((swallowed, args)) = class_gradient(tape, uses, slot) else { continue };
                for s in swallowed {
                    choices[s.0 as usize] = Choice::Swallowed;
                }
                choices[i] = Choice::run(Kernel::ClassGradient, args);
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

/// A class likelihood and its gradient, both of the same logits and classes, where the weight is known by then.
fn pair_class_likelihood(_: &Tape, _: &Uses, choices: &mut [Choice]) {
    for i in 0..choices.len() {
        let density = Slot(i as u32);
        let Choice::Run { kernel: Kernel::ClassLogDensity, args, .. } = &choices[i] else { continue };
        let read = args.clone();
        let is_gradient = |slot: &Slot| {
            matches!(&choices[slot.0 as usize], Choice::Run { kernel: Kernel::ClassGradient, args, .. }
                if args[..2] == read[..] && is_known_before(choices, args[2], density))
        };
        let mut all = (i + 1..choices.len()).map(|k| Slot(k as u32));
        let Some(gradient) = all.find(is_gradient) else { continue };
        let Choice::Run { args, .. } = &choices[gradient.0 as usize] else { continue };
        let args = args.clone();
        choices[gradient.0 as usize] = Choice::Second { of: density };
        choices[i] =
            Choice::Run { kernel: Kernel::ClassLikelihood, args, winners_of: None, second: Some(gradient) };
    }
}

/// `Σ a·b` over rows of numbers, where nothing else reads the products.
fn fuse_sum_of_products(tape: &Tape, uses: &Uses, choices: &mut [Choice]) {
    for i in 0..choices.len() {
        let Choice::Run { kernel: Kernel::SumRows, args, .. } = &choices[i] else { continue };
        let product = args[0];
        let Choice::Run { kernel: Kernel::Binary { op: Binary::Mul, mode: Mode::Same, .. }, args, .. } =
            &choices[product.0 as usize]
        else {
            continue;
        };
        if only_user(uses, product) != Some(Slot(i as u32)) || !tape.get(product).shape.is_scalar() {
            continue;
        }
        let args = args.clone();
        choices[product.0 as usize] = Choice::Swallowed;
        choices[i] = Choice::run(Kernel::DotRows, args);
    }
}

/// The sum over rows of an image's sums over pixels, where nothing else reads these.
fn fuse_sum_of_channels(_: &Tape, uses: &Uses, choices: &mut [Choice]) {
    for i in 0..choices.len() {
        let Choice::Run { kernel: Kernel::SumRows, args, .. } = &choices[i] else { continue };
        let sums = args[0];
        let Choice::Run { kernel: Kernel::SumImageChannel, args, .. } = &choices[sums.0 as usize] else {
            continue;
        };
        if only_user(uses, sums) != Some(Slot(i as u32)) {
            continue;
        }
        let args = args.clone();
        choices[sums.0 as usize] = Choice::Swallowed;
        choices[i] = Choice::run(Kernel::SumRowsImage, args);
    }
}

/// Whether what a slot holds is there when the step at another one runs.
fn is_known_before(choices: &[Choice], slot: Slot, step: Slot) -> bool {
    choices[slot.0 as usize] == Choice::Given || slot < step
}
