//! The table of instructions: how each infers its shape and kind, prints, evaluates and differentiates.
use super::Op;
use crate::ty::{Kind, Shape};

/// Shape of the result, or `None` if the arguments do not fit (or the op needs its shape given).
pub fn infer_shape(op: &Op, args: &[&Shape]) -> Option<Shape> {
    let elementwise = |args: &[&Shape]| -> Option<Shape> {
        let mut widest = (*args.first()?).clone();
        for a in &args[1..] {
            if widest.is_suffix_of(a) {
                widest = (*a).clone();
            } else if !a.is_suffix_of(&widest) {
                return None;
            }
        }
        Some(widest)
    };
    match (op, args) {
        (Op::Constant(_) | Op::RowWeight, []) => Some(Shape::scalar()),
        (Op::Unary(_) | Op::ToRows | Op::SumRows | Op::Softmax | Op::LogSoftmax, [x]) => Some((*x).clone()),
        (Op::Binary(_), [_, _]) | (Op::Select, [_, _, _]) => elementwise(args),
        (Op::Sum | Op::MaxOf, [_]) => Some(Shape::scalar()),
        (Op::LogSumExp, [x]) if x.rank() > 0 => Some(x.0[..x.rank() - 1].into()),
        (Op::Dot { transposed: false }, [x, w]) if w.rank() == 2 && x.0[..] == w.0[..1] => {
            Some([w.0[1]].into())
        }
        (Op::Dot { transposed: true }, [x, w]) if w.rank() == 2 && x.0[..] == w.0[1..] => {
            Some([w.0[0]].into())
        }
        (Op::Outer, [x, y]) if x.rank() == 1 && y.rank() == 1 => Some([x.0[0], y.0[0]].into()),
        (Op::Gather, [table, index]) if table.rank() > 0 && index.is_scalar() => Some(table.0[1..].into()),
        (Op::Pick, [x, index]) if x.rank() == 1 && index.is_scalar() => Some(Shape::scalar()),
        (Op::Concat, parts) => Some([parts.iter().map(|p| p.len()).sum()].into()),
        (Op::Conv(window), [x, w]) if x.rank() == 3 && w.rank() == 4 && x.0[2] == w.0[2] => {
            let [h, wd] = window.output(x.0[0], x.0[1])?;
            Some([h, wd, w.0[3]].into())
        }
        (Op::MaxPool(window) | Op::AvgPool(window), [x]) if x.rank() == 3 => {
            let [h, wd] = window.output(x.0[0], x.0[1])?;
            Some([h, wd, x.0[2]].into())
        }
        (Op::MaxPoolInput(_), [x, _]) => Some((*x).clone()),
        _ => None,
    }
}

/// Global or per row.
pub fn infer_kind(op: &Op, args: &[Kind]) -> Kind {
    match op {
        Op::Column(_) | Op::RowWeight | Op::RowNoise(_) | Op::ToRows => Kind::Row,
        Op::SumRows | Op::Outer | Op::Scatter | Op::ConvKernel(_) => Kind::Global,
        _ => args.iter().copied().max().unwrap_or(Kind::Global),
    }
}
