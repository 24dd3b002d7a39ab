//! What rows compute of their data alone is the same in every step: it becomes a column, computed once.
//!
//! ```text
//! y ~ Poisson(exp(eta)):   log Γ(y + 1) is of the data, y·eta − exp(eta) is not
//! ```
//!
//! Only what takes more than a multiplication is worth the memory of a column, and where there is plenty, columns side by
//! side, which every step would copy.

use super::rebuild;
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::prune::without_unused;
use crate::tape::{Instruction, Op, Slot, Tape, build::Builder, switches};
use crate::ty::Kind;

/// As `BNNC_WITHOUT` names it, and what it does.
pub const NAME: &str = "of_data";
/// What it does.
pub const EFFECT: &str = "where all steps have the same rows, what depends on data alone is computed once";
/// Numbers per row of a column that is kept.
const WIDEST: usize = 16;

/// A tape in two.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The tape with further columns.
    pub rest: Tape,
    /// What these columns are: outputs by [`output`], from the data alone.
    pub of_data: Tape,
    /// Numbers per row of each further column; the first follows those of the data.
    pub widths: Vec<usize>,
}

/// The name of the output that a further column is.
pub fn output(column: usize) -> String {
    format!("of_data:{column}")
}

/// Splits off what depends on data alone, columns side by side with it where `with_joined`; `first` is the number of the
/// first column that there is not. None where that is nothing.
pub fn split(tape: &Tape, first: usize, with_joined: bool) -> Option<Split> {
    if switches::is_off(NAME) {
        return None;
    }
    let n = tape.instructions.len();
    // Whether a value is known from the data; and whether it takes more than a multiplication.
    let (mut is_known, mut is_dear) = (vec![false; n], vec![false; n]);
    for (i, x) in tape.instructions.iter().enumerate() {
        let args = || x.args.iter().map(|a| a.0 as usize);
        is_known[i] = can_be_known(x) && args().all(|a| is_known[a]);
        is_dear[i] = is_known[i] && (is_dear_op(&x.op) || args().any(|a| is_dear[a]));
    }
    let mut is_wanted = vec![false; n];
    let mut want = |slot: Slot| is_wanted[slot.0 as usize] = true;
    for (i, x) in tape.instructions.iter().enumerate() {
        if !is_known[i] {
            x.args.iter().for_each(|a| want(*a));
        }
    }
    tape.outputs.iter().for_each(|(_, slot)| want(*slot));
    let is_column = |i: usize| {
        let x = &tape.instructions[i];
        let is_flat = x.shape.0.len() <= 1 && x.shape.len() <= WIDEST;
        let is_worth_it = is_dear[i] || with_joined && is_known[i] && x.op == Op::Concat;
        is_wanted[i] && is_worth_it && x.kind == Kind::Row && is_flat
    };
    let columns: Vec<usize> = (0..n).filter(|i| is_column(*i)).collect();
    if columns.is_empty() {
        return None;
    }
    let mut of_data = tape.clone();
    of_data.outputs = columns.iter().enumerate().map(|(k, i)| (output(k), Slot(*i as u32))).collect();
    let rest = rebuild(tape, |b: &mut Builder, i, _| {
        let k = columns.iter().position(|c| *c == i)?;
        Some(b.column((first + k) as u32, tape.instructions[i].shape.clone()))
    });
    let widths = columns.iter().map(|i| tape.instructions[*i].shape.len()).collect();
    Some(Split { rest: without_unused(&rest), of_data: without_unused(&of_data), widths })
}

/// Whether an instruction's value is known once its arguments are.
fn can_be_known(x: &Instruction) -> bool {
    !matches!(x.op, Op::Input(_) | Op::RowWeight | Op::Noise(_) | Op::RowNoise(_) | Op::RowSigns(_) | Op::SumRows)
        // Sums over rows are of the rows of a shard.
        && (x.kind == Kind::Row || !matches!(x.op, Op::Outer | Op::Scatter | Op::ConvKernel(_)))
}

/// Whether an instruction takes more than a multiplication for each number.
fn is_dear_op(op: &Op) -> bool {
    match op {
        Op::Unary(f) => {
            !matches!(f, Unary::Neg | Unary::Square | Unary::Abs | Unary::Sign | Unary::Relu | Unary::Step)
        }
        Op::Binary(f) => matches!(
            f,
            Binary::Div
                | Binary::Pow
                | Binary::LogAddExp
                | Binary::LogGammaP
                | Binary::LogGammaQ
                | Binary::LogStudentCdf
        ),
        Op::LogSumExp | Op::Softmax | Op::LogSoftmax => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::eval::{Inputs, evaluate};
    use crate::ty::Shape;

    /// Σ over rows of y·eta − e^eta − log Γ(y + 1), eta an input.
    fn poisson() -> Tape {
        let mut b = Builder::new();
        let y = b.column(0, Shape::scalar());
        let eta = b.input("eta", Shape::scalar());
        let product = b.mul(y, eta);
        let rate = b.unary(Unary::Exp, eta);
        let rest = b.sub(product, rate);
        let next = b.add_number(y, 1.0);
        let gamma = b.unary(Unary::LnGamma, next);
        let density = b.sub(rest, gamma);
        let sum = b.infer(Op::SumRows, vec![density]);
        b.output("objective", sum);
        b.finish()
    }

    #[test]
    fn what_is_of_the_data_becomes_a_column_and_the_rest_has_its_value() {
        let tape = poisson();
        let Split { rest, of_data, widths } = split(&tape, 1, true).unwrap();
        assert_eq!(widths, [1]);
        assert!(!rest.instructions.iter().any(|x| x.op == Op::Unary(Unary::LnGamma)), "{rest}");
        let column = |numbers: &[f64]| numbers.iter().map(|x| vec![*x]).collect::<Vec<_>>();
        let y = column(&[0.0, 3.0, 7.0]);
        let mut inputs = Inputs { inputs: [("eta".to_owned(), vec![0.4])].into(), ..Inputs::default() };
        inputs.columns.insert(0, y);
        let value = |tape: &Tape, inputs: &Inputs, name: &str| {
            evaluate(tape, inputs, 3)[tape.output(name).unwrap().0 as usize].clone()
        };
        let whole = value(&tape, &inputs, "objective").number();
        let gammas = value(&of_data, &inputs, &output(0));
        assert!((gammas.at(2)[0] - 5040f64.ln()).abs() < 1e-12, "{gammas:?}");
        inputs.columns.insert(1, (0..3).map(|r| gammas.at(r).to_vec()).collect());
        assert_eq!(value(&rest, &inputs, "objective").number(), whole);
    }

    #[test]
    fn weights_noise_and_what_is_cheap_stay() {
        let mut b = Builder::new();
        let y = b.column(0, Shape::scalar());
        let square = b.square(y);
        let weight = b.row_weight();
        let dear = b.unary(Unary::Exp, weight);
        let noise = b.row_noise(3, Shape::scalar());
        let noisy = b.unary(Unary::Exp, noise);
        let all = b.mul(square, dear);
        let all = b.mul(all, noisy);
        let sum = b.infer(Op::SumRows, vec![all]);
        b.output("objective", sum);
        assert_eq!(split(&b.finish(), 1, true), None);
    }

    #[test]
    fn columns_side_by_side_are_one_where_there_is_room_and_make_nothing_else_one() {
        let mut b = Builder::new();
        let (x, y) = (b.column(0, Shape::scalar()), b.column(1, Shape::scalar()));
        let joined = b.infer(Op::Concat, vec![x, y]);
        let squares = b.square(joined);
        let w = b.input("w", [2].into());
        let (first, second) = (b.mul(joined, w), b.mul(squares, w));
        let both = b.add(first, second);
        let sum = b.infer(Op::SumRows, vec![both]);
        b.output("objective", sum);
        let tape = b.finish();
        assert_eq!(split(&tape, 2, false), None);
        let Split { rest, of_data, widths } = split(&tape, 2, true).unwrap();
        assert_eq!(widths, [2]);
        assert!(of_data.instructions.iter().any(|x| x.op == Op::Concat), "{of_data}");
        let columns = rest.instructions.iter().filter(|x| matches!(x.op, Op::Column(_))).count();
        assert_eq!(columns, 1, "{rest}");
        assert!(rest.instructions.iter().any(|x| x.op == Op::Unary(Unary::Square)), "{rest}");
    }
}
