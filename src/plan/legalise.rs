//! Spreads operands where no kernel does it on the fly, so that selection meets known forms only.
//!
//! After this pass an elementwise instruction on rows has at least one operand of its full shape and kind; the other
//! is equal, a scalar, or global with its shape (for images: a suffix). Slices and concatenations of images act on
//! flattened values. A column of images that is only ever flattened is given flat, so that no step
//! has to turn it.

use crate::tape::{Instruction, Op, Slot, Tape, build::Builder, switches};
use crate::ty::{Kind, Shape};

/// Rewrites a tape instruction by instruction; values are unchanged.
pub fn legalise(tape: &Tape) -> Tape {
    let mut b = Builder::new();
    let mut map: Vec<Slot> = Vec::with_capacity(tape.instructions.len());
    let is_flat = columns_read_flat(tape);
    for (x, is_flat) in tape.instructions.iter().zip(is_flat) {
        b.origin = x.origin;
        let args: Vec<Slot> = x.args.iter().map(|a| map[a.0 as usize]).collect();
        let slot = match x.op {
            Op::Column(column) if is_flat => b.column(column, Shape::vector(x.shape.len())),
            _ => legal(&mut b, x, args),
        };
        if let Some(name) = &x.name {
            b.name(slot, name);
        }
        map.push(slot);
    }
    for (name, slot) in &tape.outputs {
        b.output(name.clone(), map[slot.0 as usize]);
    }
    b.finish()
}

/// As `BNNC_WITHOUT` names what [`columns_read_flat`] finds.
pub const FLAT_IMAGES: &str = "flat_images";
/// What that does, in a line.
pub const FLAT_IMAGES_EFFECT: &str = "a column of images that is only ever flattened is given flat";

/// Which instructions are columns of images that go nowhere but where they are reshaped to no image.
fn columns_read_flat(tape: &Tape) -> Vec<bool> {
    let is_on = !switches::is_off(FLAT_IMAGES);
    let is_image_column = |x: &Instruction| is_on && matches!(x.op, Op::Column(_)) && is_image(&x.shape);
    let mut is_flat: Vec<bool> = tape.instructions.iter().map(is_image_column).collect();
    for x in &tape.instructions {
        if x.op != Op::Reshape || is_image(&x.shape) {
            x.args.iter().for_each(|a| is_flat[a.0 as usize] = false);
        }
    }
    tape.outputs.iter().for_each(|(_, slot)| is_flat[slot.0 as usize] = false);
    is_flat
}

fn legal(b: &mut Builder, x: &Instruction, mut args: Vec<Slot>) -> Slot {
    match x.op {
        Op::Binary(_) => {
            for a in &mut args {
                let (shape, kind) = (b.shape(*a).clone(), b.kind(*a));
                let is_suffix = shape != x.shape && !shape.is_scalar();
                let on_the_fly = kind == Kind::Global && (x.kind == Kind::Global || is_image(&x.shape));
                if is_suffix && !on_the_fly {
                    *a = b.spread(*a, &x.shape);
                }
            }
            let is_full = |b: &Builder, a: Slot| b.kind(a) == x.kind && *b.shape(a) == x.shape;
            if x.kind == Kind::Row && !args.iter().any(|a| is_full(b, *a)) {
                let widest = usize::from(*b.shape(args[0]) != x.shape);
                args[widest] = to_rows(b, args[widest]);
            }
            b.push(x.op.clone(), args, x.shape.clone(), x.kind)
        }
        Op::Select => {
            for a in &mut args {
                *a = b.spread(*a, &x.shape);
                if x.kind == Kind::Row {
                    *a = to_rows(b, *a);
                }
            }
            b.push(x.op.clone(), args, x.shape.clone(), x.kind)
        }
        Op::Concat => {
            for a in &mut args {
                if x.kind == Kind::Row {
                    *a = to_rows(b, *a);
                }
                *a = flatten(b, *a);
            }
            b.push(x.op.clone(), args, x.shape.clone(), x.kind)
        }
        Op::Outer if args.iter().any(|a| b.kind(*a) == Kind::Row) => {
            args = args.into_iter().map(|a| to_rows(b, a)).collect();
            b.push(x.op.clone(), args, x.shape.clone(), x.kind)
        }
        Op::Slice { .. } | Op::Pad { .. } | Op::Take(_) | Op::Put(_) if x.kind == Kind::Row => {
            args[0] = flatten(b, args[0]);
            let flat = b.push(x.op.clone(), args, Shape::vector(x.shape.len()), x.kind);
            b.reshape(flat, &x.shape)
        }
        // The kernels take one vector per row.
        Op::Softmax | Op::LogSoftmax | Op::LogSumExp if b.shape(args[0]).rank() > 1 => {
            by_vector(b, x, args[0])
        }
        Op::Pick | Op::Softmax | Op::LogSoftmax | Op::LogSumExp => {
            if x.kind == Kind::Row {
                args = args.into_iter().map(|a| to_rows(b, a)).collect();
            }
            b.push(x.op.clone(), args, x.shape.clone(), x.kind)
        }
        _ => b.push(x.op.clone(), args, x.shape.clone(), x.kind),
    }
}

/// A function over the last axis, vector by vector.
fn by_vector(b: &mut Builder, x: &Instruction, arg: Slot) -> Slot {
    let shape = b.shape(arg).clone();
    let last = shape.0.last().copied().unwrap_or(1);
    let flat = flatten(b, arg);
    let parts = (0..shape.len() / last.max(1))
        .map(|copy| {
            let vector = b.slice(flat, copy * last, &Shape::vector(last));
            b.infer(x.op.clone(), vec![vector])
        })
        .collect();
    let joined = b.infer(Op::Concat, parts);
    b.reshape(joined, &x.shape)
}

fn to_rows(b: &mut Builder, x: Slot) -> Slot {
    if b.kind(x) == Kind::Row { x } else { b.infer(Op::ToRows, vec![x]) }
}

fn flatten(b: &mut Builder, x: Slot) -> Slot {
    if b.kind(x) == Kind::Row && is_image(b.shape(x)) {
        let n = b.shape(x).len();
        b.reshape(x, &Shape::vector(n))
    } else {
        x
    }
}

/// Whether per-row values of this shape are laid out row by row.
pub fn is_image(shape: &Shape) -> bool {
    shape.rank() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the only column is an image after legalising what `build` makes of one.
    fn stays(build: impl Fn(&mut Builder, Slot)) -> bool {
        let mut b = Builder::new();
        let x = b.column(0, [4, 3, 2].into());
        build(&mut b, x);
        let tape = legalise(&b.finish());
        let columns: Vec<&Instruction> =
            tape.instructions.iter().filter(|x| matches!(x.op, Op::Column(_))).collect();
        assert_eq!(columns.len(), 1);
        is_image(&columns[0].shape)
    }

    #[test]
    fn only_images_that_are_never_images_are_given_flat() {
        let flatten = |b: &mut Builder, x: Slot, name: &str| {
            let flat = b.reshape(x, &[24].into());
            let sum = b.sum(flat);
            b.output(name, sum);
        };
        assert!(!stays(|b, x| flatten(b, x, "sum")));
        assert!(!stays(|b, x| {
            flatten(b, x, "sum");
            let pairs = b.reshape(x, &[12, 2].into());
            b.output("pairs", pairs);
        }));
        assert!(stays(|b, x| b.output("x", x)));
        assert!(stays(|b, x| {
            flatten(b, x, "sum");
            let square = b.square(x);
            b.output("square", square);
        }));
        assert!(stays(|b, x| {
            flatten(b, x, "sum");
            let turned = b.reshape(x, &[2, 3, 4].into());
            b.output("turned", turned);
        }));
    }
}
