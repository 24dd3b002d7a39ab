//! Each instruction beside the StableHLO operation that is closest to it: what a back end for accelerators emits.
//!
//! Rows are a leading axis there. The matches have no catch-all arm, so an instruction without an answer does not
//! compile; `docs/architecture.md` holds the table that [`reference()`] makes.

use super::name;
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Number, Op, Window};

/// StableHLO operations in the order in which they are applied; those of CHLO by `chlo.`, what neither has in words.
pub fn closest(op: &Op) -> &'static str {
    match op {
        Op::Constant(_) | Op::Tensor(_) => "constant",
        Op::Input(_) => "argument of the function",
        Op::Column(_) => "argument [rows, …]",
        Op::RowWeight => "argument [rows]",
        Op::Noise(_) | Op::RowNoise(_) | Op::RowSigns(_) => {
            "argument: drawn by key outside, because rng_bit_generator has other bits"
        }
        Op::Unary(f) => of_unary(*f),
        Op::Binary(f) => of_binary(*f),
        Op::Select => "compare NE 0, select",
        Op::Spread => "broadcast_in_dim",
        Op::ToRows => "broadcast_in_dim along rows",
        Op::Sum => "reduce add over all axes but rows",
        Op::SumLeading => "reduce add over leading axes",
        Op::SumRows => "reduce add over rows; all_reduce over devices",
        Op::MaxOf => "reduce maximum over all axes but rows",
        Op::LogSumExp => "reduce maximum, subtract, exponential, reduce add, log, add",
        Op::Softmax => "reduce maximum, subtract, exponential, reduce add, divide",
        Op::LogSoftmax => "reduce maximum, subtract, exponential, reduce add, log, subtract",
        Op::Dot { .. } => "dot_general",
        Op::Outer => "dot_general that contracts rows",
        Op::Gather => "gather",
        Op::Scatter => "scatter with add",
        Op::Pick => "gather with rows as a batching axis",
        Op::OneHot => "iota, compare EQ, convert",
        Op::Slice { .. } => "reshape, slice",
        Op::Pad { .. } => "reshape, pad",
        Op::Take(_) => "reshape, gather at constant places",
        Op::Put(_) => "scatter with add at constant places",
        Op::Concat => "reshape, concatenate",
        Op::Reshape => "reshape",
        Op::Conv(_) => "convolution [b, 0, 1, f] × [0, 1, i, o]",
        Op::ConvInput(_) => "convolution with lhs_dilation, the kernel by reverse and transpose",
        Op::ConvKernel(_) => "convolution that contracts rows, with rhs_dilation",
        Op::MaxPool(_) => "reduce_window maximum",
        Op::MaxPoolInput(_) => "select_and_scatter GE, add",
        Op::AvgPool(_) => "reduce_window add, divide",
        Op::AvgPoolInput(_) => "divide, pad with interior, reduce_window add",
    }
}

fn of_unary(f: Unary) -> &'static str {
    match f {
        Unary::Neg => "negate",
        Unary::Reciprocal => "divide",
        Unary::Exp => "exponential",
        Unary::Log => "log",
        Unary::Log1p => "log_plus_one",
        Unary::Expm1 => "exponential_minus_one",
        Unary::Sqrt => "sqrt",
        Unary::Square => "multiply",
        Unary::Abs => "abs",
        Unary::Sign => "sign",
        Unary::Sin => "sine",
        Unary::Cos => "cosine",
        Unary::Tanh => "tanh",
        Unary::Atan => "atan2 with 1",
        Unary::Sigmoid => "logistic",
        Unary::LogSigmoid => "minimum, abs, negate, exponential, log_plus_one, subtract",
        Unary::Softplus => "maximum, abs, negate, exponential, log_plus_one, add",
        Unary::Relu => "maximum",
        Unary::Step => "compare GT, convert",
        Unary::Erf => "chlo.erf",
        Unary::NormalCdf => "chlo.erfc",
        Unary::LogNormalCdf => "chlo.erfc, log, and on the left a polynomial by select",
        Unary::LnGamma => "chlo.lgamma",
        Unary::Digamma => "chlo.digamma",
        Unary::Trigamma => "chlo.polygamma of 1",
        Unary::LogBesselI0e => "none: polynomials by multiply, add and select",
        Unary::BesselDrop => "chlo.bessel_i1e over a polynomial",
    }
}

fn of_binary(f: Binary) -> &'static str {
    match f {
        Binary::Add => "add",
        Binary::Sub => "subtract",
        Binary::Mul => "multiply",
        Binary::Div => "divide",
        Binary::Pow => "power",
        Binary::Min => "minimum",
        Binary::Max => "maximum",
        Binary::Eq => "compare EQ, convert",
        Binary::Lt => "compare LT, convert",
        Binary::Le => "compare LE, convert",
        Binary::LogAddExp => "maximum, subtract, abs, negate, exponential, log_plus_one, add",
        Binary::LogGammaP | Binary::LogGammaQ | Binary::LogStudentCdf => {
            "none: a series and a continued fraction by while"
        }
    }
}

/// One of each instruction, for tables; elementwise functions are all there.
pub fn one_of_each() -> Vec<Op> {
    let window = Window { size: [2, 2], stride: 2, pad: [0; 4] };
    let mut all = vec![
        Op::Constant(Number(0.0)),
        Op::Tensor([].into()),
        Op::Input(String::new()),
        Op::Column(0),
        Op::RowWeight,
        Op::Noise(0),
        Op::RowNoise(0),
        Op::RowSigns(0),
    ];
    all.extend(Unary::ALL.iter().copied().map(Op::Unary));
    all.extend(Binary::ALL.iter().copied().map(Op::Binary));
    all.extend([
        Op::Select,
        Op::Spread,
        Op::ToRows,
        Op::Sum,
        Op::SumLeading,
        Op::SumRows,
        Op::MaxOf,
        Op::LogSumExp,
        Op::Softmax,
        Op::LogSoftmax,
        Op::Dot { transposed: false },
        Op::Dot { transposed: true },
        Op::Outer,
        Op::Gather,
        Op::Scatter,
        Op::Pick,
        Op::OneHot,
        Op::Slice { start: 0 },
        Op::Pad { start: 0 },
        Op::Take(vec![]),
        Op::Put(vec![]),
        Op::Concat,
        Op::Reshape,
        Op::Conv(window),
        Op::ConvInput(window),
        Op::ConvKernel(window),
        Op::MaxPool(window),
        Op::MaxPoolInput(window),
        Op::AvgPool(window),
        Op::AvgPoolInput(window),
    ]);
    all
}

/// The word by which an instruction is printed, without its settings.
pub fn word(op: &Op) -> String {
    name(op).split(' ').next().unwrap_or_default().to_owned()
}

/// The table of `docs/architecture.md`.
pub fn reference() -> String {
    let mut text = "| instruction | closest in StableHLO |\n| --- | --- |\n".to_owned();
    for op in one_of_each() {
        text += &format!("| `{}` | {} |\n", word(&op), closest(&op));
    }
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_list_has_every_instruction_once() {
        let words: Vec<String> = one_of_each().iter().map(word).collect();
        let distinct: HashSet<&String> = words.iter().collect();
        assert_eq!(distinct.len(), words.len());
        let kinds: HashSet<_> = one_of_each().iter().map(std::mem::discriminant).collect();
        // Reads the enum itself, so that a variant that is left out of the list is found.
        let text = include_str!("../mod.rs");
        let (_, from) = text.split_once("pub enum Op {").expect("the enum is in this file");
        let (body, _) = from.split_once("\n}\n").expect("it ends");
        let is_variant = |l: &&str| {
            l.starts_with("    ") && l.trim_start().starts_with(char::is_uppercase) && !l.starts_with("     ")
        };
        assert_eq!(kinds.len(), body.lines().filter(is_variant).count());
    }
}
