//! The table of instructions: how each infers its shape and kind, prints and differentiates.
//!
//! `derivative` holds the rules of reverse mode, `stablehlo` what is closest there; the value of each is in
//! [`super::eval`] (plain) and in the engine.

pub mod derivative;
pub mod stablehlo;

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
        Op::Column(_) | Op::RowWeight | Op::RowNoise(_) | Op::RowSigns(_) | Op::ToRows => Kind::Row,
        Op::SumRows | Op::Outer | Op::Scatter | Op::ConvKernel(_) => Kind::Global,
        _ => args.iter().copied().max().unwrap_or(Kind::Global),
    }
}

/// The first places of a list.
fn listed(places: &[u32]) -> String {
    let shown: Vec<String> = places.iter().take(8).map(u32::to_string).collect();
    format!("{}{}", shown.join(" "), if places.len() > 8 { " …" } else { "" })
}

/// The word and the settings of an instruction as printed, without its arguments.
pub fn name(op: &Op) -> String {
    let window = |name: &str, w: &super::Window| {
        let mut text = format!("{name} {}x{} stride {}", w.size[0], w.size[1], w.stride);
        if w.pad != [0; 4] {
            text += &format!(" pad {} {} {} {}", w.pad[0], w.pad[1], w.pad[2], w.pad[3]);
        }
        text
    };
    match op {
        Op::Constant(n) => format!("constant {}", n.0),
        Op::Tensor(values) => {
            let shown: Vec<String> = values.iter().take(4).map(|v| v.0.to_string()).collect();
            format!("tensor {}{}", shown.join(" "), if values.len() > 4 { " …" } else { "" })
        }
        Op::Input(name) => format!("input {name}"),
        Op::Column(c) => format!("column {c}"),
        Op::RowWeight => "row_weight".into(),
        Op::Noise(v) => format!("noise {v}"),
        Op::RowNoise(v) => format!("row_noise {v}"),
        Op::RowSigns(v) => format!("row_signs {v}"),
        Op::Unary(f) => f.name().into(),
        Op::Binary(f) => f.name().into(),
        Op::Select => "select".into(),
        Op::Spread => "spread".into(),
        Op::ToRows => "to_rows".into(),
        Op::Sum => "sum".into(),
        Op::SumLeading => "sum_leading".into(),
        Op::SumRows => "sum_rows".into(),
        Op::MaxOf => "max_of".into(),
        Op::LogSumExp => "log_sum_exp".into(),
        Op::Softmax => "softmax".into(),
        Op::LogSoftmax => "log_softmax".into(),
        Op::Dot { transposed: false } => "dot".into(),
        Op::Dot { transposed: true } => "dot_transposed".into(),
        Op::Outer => "outer".into(),
        Op::Gather => "gather".into(),
        Op::Scatter => "scatter".into(),
        Op::Pick => "pick".into(),
        Op::OneHot => "one_hot".into(),
        Op::Slice { start } => format!("slice from {start}"),
        Op::Pad { start } => format!("pad at {start}"),
        Op::Take(places) => format!("take {}", listed(places)),
        Op::Put(places) => format!("put {}", listed(places)),
        Op::Concat => "concat".into(),
        Op::Reshape => "reshape".into(),
        Op::Conv(w) => window("conv", w),
        Op::ConvInput(w) => window("conv_input", w),
        Op::ConvKernel(w) => window("conv_kernel", w),
        Op::MaxPool(w) => window("max_pool", w),
        Op::MaxPoolInput(w) => window("max_pool_input", w),
        Op::AvgPool(w) => window("avg_pool", w),
        Op::AvgPoolInput(w) => window("avg_pool_input", w),
    }
}
