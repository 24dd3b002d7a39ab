//! Values of an expression of data on some rows, by the plain evaluator.

use crate::data::Dataset;
use crate::lower::expression;
use crate::model::{ExprId, ExprKind, Model};
use crate::tape::Op;
use crate::tape::eval::{Inputs, evaluate};

/// Rows evaluated at once: a value of the plain evaluator is a list per row.
const AT_ONCE: usize = 1024;

/// All elements of each row, row after row.
pub fn of_rows(model: &Model, data: &Dataset, id: ExprId, rows: &[u32]) -> Vec<f64> {
    let width = model.expr(id).ty.shape.len();
    let mut out = vec![0.0; rows.len() * width];
    if let ExprKind::Column(c) = model.expr(id).kind {
        data.columns[c.0 as usize].copy_rows(rows, &mut out);
        return out;
    }
    let is_column = |part: &ExprId| matches!(model.expr(*part).kind, ExprKind::Column(_));
    if let ExprKind::Join(parts) = &model.expr(id).kind
        && parts.iter().all(is_column)
    {
        let mut from = 0;
        for part in parts {
            let values = of_rows(model, data, *part, rows);
            let own = model.expr(*part).ty.shape.len();
            for (row, values) in out.chunks_exact_mut(width.max(1)).zip(values.chunks_exact(own.max(1))) {
                row[from..from + own].copy_from_slice(values);
            }
            from += own;
        }
        return out;
    }
    let tape = expression(model, id);
    let Some(slot) = tape.output("value") else { return out };
    let column = |op: &Op| match op {
        Op::Column(c) => Some(*c),
        _ => None,
    };
    let columns: Vec<u32> = tape.instructions.iter().filter_map(|x| column(&x.op)).collect();
    for (rows, out) in rows.chunks(AT_ONCE).zip(out.chunks_mut(AT_ONCE * width.max(1))) {
        let mut inputs = Inputs::default();
        for c in &columns {
            let values = &data.columns[*c as usize];
            let mut flat = vec![0.0; rows.len() * values.width()];
            values.copy_rows(rows, &mut flat);
            inputs.columns.insert(*c, flat.chunks(values.width().max(1)).map(<[f64]>::to_vec).collect());
        }
        let values = evaluate(&tape, &inputs, rows.len());
        for (row, out) in out.chunks_mut(width.max(1)).enumerate() {
            out.copy_from_slice(values[slot.0 as usize].at(row));
        }
    }
    out
}
