//! Terms of one sum that are the same function of neighbouring parts of a vector are taken together.
//!
//! ```text
//! sum(f(slice from 0 u)) + sum(f(slice from 10 u))  →  sum(f(slice from 0 u))    of twice as many elements
//! ```
//!
//! Every layer of a net, and every coefficient of a regression, has a prior of its own; where these are alike, they are
//! one loop over all latents instead of one of a few numbers for each. The order of the sum is another one.

use crate::kernels::scalar::{Binary, Unary};
use crate::tape::prune::without_unused;
use crate::tape::{Op, Slot, Tape, build::Builder};
use crate::ty::{Kind, Shape};
use std::collections::HashMap;

/// Longer terms gain nothing: their loops take longer than their calls.
const MOST: usize = 4096;

/// One step of a function from a part of a vector to what is summed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Unary(Unary),
    /// With a scalar that all terms share, on the right or the left.
    Binary(Binary, Slot, bool),
}

/// What a term of a sum is a function of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Form {
    /// The sum that it is a term of.
    root: usize,
    source: Slot,
    /// From the part on.
    steps: Vec<Step>,
}

/// A term: where its part begins, how long it is, and its slot.
type Term = (usize, usize, usize);

/// Terms that become one.
struct Pack {
    form: Form,
    start: usize,
    len: usize,
}

/// Takes together what can be.
pub fn pack_sums(tape: &Tape) -> Tape {
    let packs = packs(tape);
    if packs.is_empty() {
        return tape.clone();
    }
    let mut map: Vec<Slot> = vec![];
    let packed = super::rebuild(tape, |b, i, args| {
        let slot = match packs.get(&i) {
            Some(Some(pack)) => build(b, pack, &map),
            // Its part is in the first of them.
            Some(None) => b.constant(0.0),
            None => b.again(&tape.instructions[i], args.to_vec()),
        };
        map.push(slot);
        Some(slot)
    });
    without_unused(&packed)
}

/// For each term that is taken together with others: all of them for the first, nothing for the rest.
fn packs(tape: &Tape) -> HashMap<usize, Option<Pack>> {
    let (uses, user) = super::uses(tape);
    // A sum of numbers that is itself only a term of another.
    let is_sum = |i: usize| {
        let x = &tape.instructions[i];
        x.op == Op::Binary(Binary::Add) && x.shape.is_scalar() && x.kind == Kind::Global
    };
    let outer = |i: usize| user[i].filter(|above| uses[i] == 1 && is_sum(*above));
    let mut forms: HashMap<Form, Vec<Term>> = HashMap::new();
    for i in 0..tape.instructions.len() {
        let Some(mut root) = outer(i).filter(|_| !is_sum(i)) else { continue };
        while let Some(above) = outer(root) {
            root = above;
        }
        if let Some((source, steps, start, len)) = form(tape, &uses, i) {
            forms.entry(Form { root, source, steps }).or_default().push((start, len, i));
        }
    }
    let mut packs = HashMap::new();
    for (form, mut terms) in forms {
        terms.sort_unstable();
        let is_next = |a: &Term, b: &Term| a.0 + a.1 == b.0;
        for run in terms.chunk_by(is_next).filter(|run| run.len() > 1) {
            let (start, len) = (run[0].0, run.iter().map(|t| t.1).sum());
            let Some(first) = run.iter().map(|t| t.2).min().filter(|_| len <= MOST) else { continue };
            packs.extend(run.iter().map(|t| (t.2, None)));
            packs.insert(first, Some(Pack { form: form.clone(), start, len }));
        }
    }
    packs
}

/// A term as a function of a part of a vector that nothing else needs the steps of: the vector, the steps, where the
/// part begins and how long it is.
fn form(tape: &Tape, uses: &[usize], term: usize) -> Option<(Slot, Vec<Step>, usize, usize)> {
    let mut at = &tape.instructions[term];
    let mut steps = vec![];
    let inside = |slot: Slot| Some(tape.get(slot)).filter(|_| uses[slot.0 as usize] == 1);
    let is_part = |slot: Slot| matches!(tape.get(slot).op, Op::Slice { .. });
    if at.op == Op::Sum {
        at = if is_part(at.args[0]) { tape.get(at.args[0]) } else { inside(at.args[0])? };
    } else if !at.shape.is_scalar() {
        return None;
    }
    loop {
        if at.kind != Kind::Global {
            return None;
        }
        let next = match (&at.op, at.args.as_slice()) {
            (Op::Slice { start }, [source]) => {
                steps.reverse();
                return Some((*source, steps, *start, at.shape.len()));
            }
            (Op::Unary(f), [x]) => {
                steps.push(Step::Unary(*f));
                *x
            }
            (Op::Binary(f), [a, b]) => {
                let is_shared = |x: Slot, of: Slot| {
                    let shared = tape.get(x);
                    let is_alike = tape.get(of).shape == at.shape;
                    // Of two numbers the constant is the one that is shared.
                    let is_other = !at.shape.is_scalar() || matches!(shared.op, Op::Constant(_));
                    is_alike && is_other && shared.shape.is_scalar() && shared.kind == Kind::Global
                };
                let (shared, x, is_right) = if is_shared(*b, *a) { (*b, *a, true) } else { (*a, *b, false) };
                if !is_right && !is_shared(shared, x) {
                    return None;
                }
                steps.push(Step::Binary(*f, shared, is_right));
                x
            }
            _ => return None,
        };
        at = if is_part(next) { tape.get(next) } else { inside(next)? };
    }
}

/// The sum over all parts; `map` holds the slots so far.
fn build(b: &mut Builder, pack: &Pack, map: &[Slot]) -> Slot {
    let new = |old: Slot| map[old.0 as usize];
    let mut x = b.slice(new(pack.form.source), pack.start, &Shape::vector(pack.len));
    for step in &pack.form.steps {
        x = match step {
            Step::Unary(f) => b.unary(*f, x),
            Step::Binary(f, shared, true) => b.binary(*f, x, new(*shared)),
            Step::Binary(f, shared, false) => b.binary(*f, new(*shared), x),
        };
    }
    b.sum(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::drop_unused::drop_unused;

    /// log N(u_i | 0, 1) of a matrix, two vectors and two numbers next to each other, and of a vector with another sd.
    fn priors() -> Tape {
        let mut b = Builder::new();
        let u = b.input("u", Shape::vector(16));
        let half = b.constant(-0.5);
        let mut total = b.constant(1.0);
        let parts: [(usize, Shape, f64); 6] = [
            (0, [2, 3].into(), 1.0),
            (6, Shape::vector(2), 1.0),
            (8, Shape::scalar(), 1.0),
            (9, Shape::scalar(), 1.0),
            (10, Shape::vector(3), 1.0),
            (13, Shape::vector(3), 2.0),
        ];
        for (start, shape, sd) in parts {
            let x = b.slice(u, start, &shape);
            let (x, constant) = (b.scale(x, 1.0 / sd), b.constant(0.918 + sd.ln()));
            let square = b.square(x);
            let term = b.mul(square, half);
            let term = b.sub(term, constant);
            let sum = b.sum(term);
            total = b.add(total, sum);
        }
        b.output("objective", total);
        b.finish()
    }

    fn count(tape: &Tape, op: &Op) -> usize {
        tape.instructions.iter().filter(|x| x.op == *op).count()
    }

    #[test]
    fn like_terms_of_neighbours_become_one() {
        let before = drop_unused(&priors());
        let after = pack_sums(&before);
        assert_eq!(count(&before, &Op::Unary(Unary::Square)), 6);
        assert_eq!(count(&after, &Op::Unary(Unary::Square)), 2, "{after:?}");
        assert_eq!(pack_sums(&after), after, "nothing is left to be packed");
    }

    #[test]
    fn what_is_used_elsewhere_or_lies_apart_stays() {
        let mut b = Builder::new();
        let u = b.input("u", Shape::vector(9));
        let mut terms = vec![];
        for start in [0, 3] {
            let x = b.slice(u, start, &Shape::vector(3));
            let y = b.square(x);
            b.output(format!("square {start}"), y);
            terms.push(b.sum(y));
        }
        // One element lies between them.
        for start in [0, 5] {
            let x = b.slice(u, start, &Shape::vector(4));
            let y = b.exp(x);
            terms.push(b.sum(y));
        }
        let total = terms.into_iter().reduce(|a, t| b.add(a, t)).unwrap();
        b.output("objective", total);
        let tape = b.finish();
        assert_eq!(pack_sums(&tape), tape);
    }
}
