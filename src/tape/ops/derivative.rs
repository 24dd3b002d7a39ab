//! The derivative of each instruction: how the adjoint of a result flows to its arguments.
//!
//! A rule gets the adjoint `g` of the result and returns a contribution per argument. A contribution may be narrower
//! or wider than its argument; [`crate::adjoint`] fits it: sums over spread axes and rows, spreads what is narrower.

use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Instruction, Op, Slot, build::Builder};
use crate::ty::Shape;

/// An instruction that has no derivative rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDifferentiable(pub String);

/// Contributions to the adjoints of the arguments, `None` where the derivative is zero.
///
/// # Errors
/// Names the instruction if it has no rule (second derivatives of max-pooling and of trigamma).
pub fn derivative(
    b: &mut Builder,
    instruction: &Instruction,
    result: Slot,
    g: Slot,
) -> Result<Vec<Option<Slot>>, NotDifferentiable> {
    let a = &instruction.args;
    let none = || Err(NotDifferentiable(format!("{:?}", instruction.op)));
    Ok(match &instruction.op {
        Op::Constant(_) | Op::Tensor(_) | Op::Input(_) | Op::Column(_) | Op::RowWeight => vec![],
        Op::Noise(_) | Op::RowNoise(_) | Op::RowSigns(_) => vec![],
        Op::Unary(f) => match unary(b, *f, a[0], result, g) {
            Some(contribution) => vec![contribution],
            None => return none(),
        },
        Op::Binary(f) => binary(b, *f, a[0], a[1], result, g),
        // select(c, a, b): a takes g where c holds, b elsewhere
        Op::Select => {
            let zero = b.constant(0.0);
            let to_a = b.select(a[0], g, zero);
            let to_b = b.select(a[0], zero, g);
            vec![None, Some(to_a), Some(to_b)]
        }
        // the fitting step sums over what was spread, and spreads what was summed
        Op::Spread | Op::ToRows | Op::Sum | Op::SumLeading | Op::SumRows => vec![Some(g)],
        Op::MaxOf => {
            let is_largest = b.binary(Binary::Eq, a[0], result);
            vec![Some(b.mul(g, is_largest))]
        }
        // ∂ log Σ exp x = softmax x
        Op::LogSumExp => {
            let p = b.infer(Op::Softmax, vec![a[0]]);
            let g = spread_last(b, g, p);
            vec![Some(b.mul(g, p))]
        }
        // x̄ = y (g − Σ g y)
        Op::Softmax => {
            let gy = b.mul(g, result);
            let total = b.sum_last(gy);
            let total = spread_last(b, total, result);
            let centred = b.sub(g, total);
            vec![Some(b.mul(result, centred))]
        }
        // x̄ = g − softmax(x) Σ g
        Op::LogSoftmax => {
            let p = b.infer(Op::Softmax, vec![a[0]]);
            let shape = instruction.shape.clone();
            let wide = b.spread(g, &shape);
            let total = b.sum_last(wide);
            let total = spread_last(b, total, p);
            let back = b.mul(p, total);
            vec![Some(b.sub(wide, back))]
        }
        Op::Dot { transposed } => {
            let g = b.spread(g, &instruction.shape);
            let dx = b.infer(Op::Dot { transposed: !transposed }, vec![g, a[1]]);
            let (left, right) = if *transposed { (g, a[0]) } else { (a[0], g) };
            vec![Some(dx), Some(b.infer(Op::Outer, vec![left, right]))]
        }
        // Z = Σ x yᵀ:  x̄ = G y,  ȳ = Gᵀ x
        Op::Outer => {
            let g = b.spread(g, &instruction.shape);
            let dx = b.infer(Op::Dot { transposed: true }, vec![a[1], g]);
            let dy = b.infer(Op::Dot { transposed: false }, vec![a[0], g]);
            vec![Some(dx), Some(dy)]
        }
        Op::Gather => {
            let g = b.spread(g, &instruction.shape);
            let shape = b.shape(a[0]).clone();
            vec![Some(b.with_shape(Op::Scatter, vec![g, a[1]], shape)), None]
        }
        Op::Scatter => {
            let g = b.spread(g, &instruction.shape);
            vec![Some(b.infer(Op::Gather, vec![g, a[1]])), None]
        }
        Op::Pick => {
            let shape = b.shape(a[0]).clone();
            let here = b.with_shape(Op::OneHot, vec![a[1]], shape);
            vec![Some(b.mul(here, g)), None]
        }
        Op::OneHot => vec![None],
        Op::Slice { start } => {
            let g = b.spread(g, &instruction.shape);
            let total = b.shape(a[0]).len();
            let flat = b.with_shape(Op::Pad { start: *start }, vec![g], Shape::vector(total));
            let shape = b.shape(a[0]).clone();
            vec![Some(b.reshape(flat, &shape))]
        }
        Op::Pad { start } => {
            let g = b.spread(g, &instruction.shape);
            let shape = b.shape(a[0]).clone();
            vec![Some(b.slice(g, *start, &shape))]
        }
        Op::Take(places) => {
            let g = b.spread(g, &instruction.shape);
            let shape = b.shape(a[0]).clone();
            vec![Some(b.put(g, places.clone(), &shape))]
        }
        Op::Put(places) => {
            let g = b.spread(g, &instruction.shape);
            let shape = b.shape(a[0]).clone();
            vec![Some(b.take(g, places.clone(), &shape))]
        }
        Op::Concat => {
            let g = b.spread(g, &instruction.shape);
            let mut start = 0;
            let mut out = vec![];
            for part in a {
                let shape = b.shape(*part).clone();
                out.push(Some(b.slice(g, start, &shape)));
                start += shape.len();
            }
            out
        }
        Op::Reshape => {
            let g = b.spread(g, &instruction.shape);
            let shape = b.shape(a[0]).clone();
            vec![Some(b.reshape(g, &shape))]
        }
        Op::Conv(window) => {
            let g = b.spread(g, &instruction.shape);
            let (xs, ws) = (b.shape(a[0]).clone(), b.shape(a[1]).clone());
            let dx = b.with_shape(Op::ConvInput(*window), vec![g, a[1]], xs);
            vec![Some(dx), Some(b.with_shape(Op::ConvKernel(*window), vec![a[0], g], ws))]
        }
        Op::ConvInput(window) => {
            let g = b.spread(g, &instruction.shape);
            let ws = b.shape(a[1]).clone();
            let ddy = b.infer(Op::Conv(*window), vec![g, a[1]]);
            vec![Some(ddy), Some(b.with_shape(Op::ConvKernel(*window), vec![g, a[0]], ws))]
        }
        Op::ConvKernel(window) => {
            let g = b.spread(g, &instruction.shape);
            let xs = b.shape(a[0]).clone();
            let dx = b.with_shape(Op::ConvInput(*window), vec![a[1], g], xs);
            vec![Some(dx), Some(b.infer(Op::Conv(*window), vec![a[0], g]))]
        }
        Op::MaxPool(window) => {
            let g = b.spread(g, &instruction.shape);
            vec![Some(b.infer(Op::MaxPoolInput(*window), vec![a[0], g]))]
        }
        Op::MaxPoolInput(_) => return none(),
        Op::AvgPool(window) => {
            let g = b.spread(g, &instruction.shape);
            let shape = b.shape(a[0]).clone();
            vec![Some(b.with_shape(Op::AvgPoolInput(*window), vec![g], shape))]
        }
        Op::AvgPoolInput(window) => {
            let g = b.spread(g, &instruction.shape);
            vec![Some(b.infer(Op::AvgPool(*window), vec![g]))]
        }
    })
}

/// A value per vector, repeated for the entries of the vectors that `like` holds.
fn spread_last(b: &mut Builder, x: Slot, like: Slot) -> Slot {
    let last = b.shape(like).0.last().copied().unwrap_or(1);
    b.spread_last(x, last)
}

/// g · f′(x), with y = f(x) where that is cheaper; inner `None`: zero; outer `None`: no rule.
fn unary(b: &mut Builder, f: Unary, x: Slot, y: Slot, g: Slot) -> Option<Option<Slot>> {
    let slope = match f {
        Unary::Sign | Unary::Step => return Some(None),
        Unary::Trigamma => return None,
        Unary::Neg => return Some(Some(b.neg(g))),
        // −1/x²
        Unary::Reciprocal => {
            let square = b.square(y);
            b.neg(square)
        }
        Unary::Exp => y,
        Unary::Log => b.unary(Unary::Reciprocal, x),
        Unary::Log1p => {
            let shifted = b.add_number(x, 1.0);
            b.unary(Unary::Reciprocal, shifted)
        }
        Unary::Expm1 => b.add_number(y, 1.0),
        // 1/(2√x)
        Unary::Sqrt => {
            let inverse = b.unary(Unary::Reciprocal, y);
            b.scale(inverse, 0.5)
        }
        Unary::Square => b.scale(x, 2.0),
        Unary::Abs => b.unary(Unary::Sign, x),
        Unary::Sin => b.unary(Unary::Cos, x),
        Unary::Cos => {
            let sine = b.unary(Unary::Sin, x);
            b.neg(sine)
        }
        // 1 − y²
        Unary::Tanh => {
            let square = b.square(y);
            let one = b.constant(1.0);
            b.sub(one, square)
        }
        // 1/(1 + x²)
        Unary::Atan => {
            let square = b.square(x);
            let shifted = b.add_number(square, 1.0);
            b.unary(Unary::Reciprocal, shifted)
        }
        // y (1 − y), the second factor as σ(−x) so that nothing cancels
        Unary::Sigmoid => {
            let minus = b.neg(x);
            let other = b.unary(Unary::Sigmoid, minus);
            b.mul(y, other)
        }
        Unary::LogSigmoid => {
            let minus = b.neg(x);
            b.unary(Unary::Sigmoid, minus)
        }
        Unary::Softplus => b.unary(Unary::Sigmoid, x),
        // x > 0 where y > 0: then x need not be kept
        Unary::Relu => b.unary(Unary::Step, y),
        // 2/√π e^−x²
        Unary::Erf => {
            let square = b.square(x);
            let minus = b.neg(square);
            let bell = b.exp(minus);
            b.scale(bell, std::f64::consts::FRAC_2_SQRT_PI)
        }
        // φ(x) = e^(−x²/2 − ½ log 2π)
        Unary::NormalCdf => {
            let log = log_normal_density(b, x);
            b.exp(log)
        }
        // φ(x)/Φ(x) = e^(log φ − log Φ)
        Unary::LogNormalCdf => {
            let log = log_normal_density(b, x);
            let ratio = b.sub(log, y);
            b.exp(ratio)
        }
        Unary::LnGamma => b.unary(Unary::Digamma, x),
        Unary::Digamma => b.unary(Unary::Trigamma, x),
        Unary::LogBesselI0e => {
            let drop = b.unary(Unary::BesselDrop, x);
            b.neg(drop)
        }
        // with r = I₁/I₀ = 1 − y:  r′ = 1 − r² − r/x, so y′ = (1 − y)/x − y (2 − y)
        Unary::BesselDrop => {
            let (one, two) = (b.constant(1.0), b.constant(2.0));
            let ratio = b.sub(one, y);
            let first = b.div(ratio, x);
            let rest = b.sub(two, y);
            let second = b.mul(y, rest);
            b.sub(first, second)
        }
    };
    Some(Some(b.mul(g, slope)))
}

/// −x²/2 − ½ log 2π
fn log_normal_density(b: &mut Builder, x: Slot) -> Slot {
    let square = b.square(x);
    let half = b.scale(square, -0.5);
    b.add_number(half, -0.5 * (2.0 * std::f64::consts::PI).ln())
}

fn binary(b: &mut Builder, f: Binary, x: Slot, y: Slot, result: Slot, g: Slot) -> Vec<Option<Slot>> {
    match f {
        Binary::Add => vec![Some(g), Some(g)],
        Binary::Sub => vec![Some(g), Some(b.neg(g))],
        Binary::Mul => vec![Some(b.mul(g, y)), Some(b.mul(g, x))],
        // x/y:  g/y  and  −g (x/y)/y
        Binary::Div => {
            let dx = b.div(g, y);
            let back = b.mul(dx, result);
            vec![Some(dx), Some(b.neg(back))]
        }
        // x^y:  g y x^(y−1)  and  g x^y log x, the latter 0 at x = 0 where y > 0
        Binary::Pow => {
            let less = b.add_number(y, -1.0);
            let power = b.binary(Binary::Pow, x, less);
            let slope = b.mul(y, power);
            let zero = b.constant(0.0);
            let is_zero = b.binary(Binary::Eq, x, zero);
            let one = b.constant(1.0);
            let safe = b.select(is_zero, one, x);
            let log = b.log(safe);
            let rise = b.mul(result, log);
            vec![Some(b.mul(g, slope)), Some(b.mul(g, rise))]
        }
        // softmax of the two, as e^(x − result); nothing flows where both are −∞
        Binary::LogAddExp => {
            let lowest = b.constant(f64::NEG_INFINITY);
            let is_empty = b.binary(Binary::Eq, result, lowest);
            let zero = b.constant(0.0);
            [x, y]
                .map(|part| {
                    let share = b.sub(part, result);
                    let share = b.select(is_empty, lowest, share);
                    let share = b.exp(share);
                    let share = b.select(is_empty, zero, share);
                    Some(b.mul(g, share))
                })
                .to_vec()
        }
        // ± the density over the value, in logarithms; the shape is data
        Binary::LogGammaP | Binary::LogGammaQ => {
            let less = b.add_number(x, -1.0);
            let log_y = b.log(y);
            let power = b.mul(less, log_y);
            let gamma = b.unary(Unary::LnGamma, x);
            let log = b.sub(power, y);
            let log = b.sub(log, gamma);
            let log = b.sub(log, result);
            let ratio = b.exp(log);
            // Where nothing is left (a = 0) nothing flows.
            let (lowest, zero) = (b.constant(f64::NEG_INFINITY), b.constant(0.0));
            let is_empty = b.binary(Binary::Eq, result, lowest);
            let ratio = b.select(is_empty, zero, ratio);
            let ratio = if f == Binary::LogGammaP { ratio } else { b.neg(ratio) };
            vec![None, Some(b.mul(g, ratio))]
        }
        // density over value; lnΓ((ν+1)/2) − lnΓ(ν/2) − ½ log πν − (ν+1)/2 log(1 + z²/ν)
        Binary::LogStudentCdf => {
            let half = b.scale(x, 0.5);
            let next = b.add_number(half, 0.5);
            let [upper, lower] = [next, half].map(|v| b.unary(Unary::LnGamma, v));
            let gammas = b.sub(upper, lower);
            let scaled = b.scale(x, std::f64::consts::PI);
            let log_scaled = b.log(scaled);
            let half_log = b.scale(log_scaled, 0.5);
            let normaliser = b.sub(gammas, half_log);
            let square = b.square(y);
            let ratio = b.div(square, x);
            let tail = b.log1p(ratio);
            let tail = b.mul(next, tail);
            let log = b.sub(normaliser, tail);
            let log = b.sub(log, result);
            let slope = b.exp(log);
            vec![None, Some(b.mul(g, slope))]
        }
        // the first argument wins ties
        Binary::Min | Binary::Max => {
            let (small, large) = if f == Binary::Min { (x, y) } else { (y, x) };
            let first = b.binary(Binary::Le, small, large);
            let one = b.constant(1.0);
            let second = b.sub(one, first);
            vec![Some(b.mul(g, first)), Some(b.mul(g, second))]
        }
        Binary::Eq | Binary::Lt | Binary::Le => vec![None, None],
    }
}
