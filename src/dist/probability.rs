//! log p and log(1 − p) of a probability, without losing what the tape knows about it.
//!
//! ```text
//! logit = l        → log_sigmoid(l), log_sigmoid(−l)
//! p = sigmoid(l)   → the same
//! p = 1 − q        → those of q, exchanged
//! p = normal_cdf(z) → log_normal_cdf(z), log_normal_cdf(−z)
//! p otherwise      → log p, log1p(−p)
//! ```
//!
//! Lists of probabilities keep what is known of each entry: log [p, 1 − p] is [log p, log(1 − p)] ([`logs_of_entries`]).
//!
//! Where only one of the two is asked for, the other must not be infinite: nothing times infinity has no value, and so
//! a `p` of exactly 1 that says what was seen would have no gradient. [`logs_where_asked`] sees to that.

use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Op, Slot, build::Builder};

/// Stands for 0 in a logarithm: its logarithm and its reciprocal are numbers in both precisions.
const NEARLY_NOTHING: f64 = 1e-30;

/// log p and log(1 − p)
pub fn log_and_complement(b: &mut Builder, p: Slot) -> (Slot, Slot) {
    let made_by = b.tape().get(p).clone();
    match (&made_by.op, &made_by.args[..]) {
        (Op::Unary(Unary::Sigmoid), [logit]) => from_logit(b, *logit),
        (Op::Unary(Unary::NormalCdf), [z]) => {
            let minus = b.neg(*z);
            (b.unary(Unary::LogNormalCdf, *z), b.unary(Unary::LogNormalCdf, minus))
        }
        (Op::Binary(Binary::Sub), [one, q]) if b.constant_value(*one) == Some(1.0) => {
            let (log_q, log_p) = log_and_complement(b, *q);
            (log_p, log_q)
        }
        _ => {
            let minus = b.neg(p);
            (b.log(p), b.log1p(minus))
        }
    }
}

/// log p wherever `success` is not 0, log(1 − p) wherever `failure` is not 0; elsewhere numbers whose derivative is
/// finite at a `p` of 0 or 1.
pub fn logs_where_asked(b: &mut Builder, success: Slot, failure: Slot, p: Slot) -> (Slot, Slot) {
    let made_by = b.tape().get(p).clone();
    match (&made_by.op, &made_by.args[..]) {
        (Op::Unary(Unary::Sigmoid | Unary::NormalCdf), _) => log_and_complement(b, p),
        (Op::Binary(Binary::Sub), [one, q]) if b.constant_value(*one) == Some(1.0) => {
            let (log_q, log_p) = logs_where_asked(b, failure, success, *q);
            (log_p, log_q)
        }
        _ => {
            // The logarithm of e^v is v, which is finite also where nobody asks for it.
            let log = b.log(p);
            let yes = match b.tape().get(log).op {
                Op::Unary(Unary::Log) => where_asked(b, success, Unary::Log, p, 1.0),
                _ => log,
            };
            let minus = b.neg(p);
            (yes, where_asked(b, failure, Unary::Log1p, minus, 0.0))
        }
    }
}

/// log p and log(1 − p) as numbers at both ends too, so that a sum over many outcomes, of which some are impossible
/// there, has its slope: e^(log p) · (log p)′ is 1 at a `p` of 0, and −∞ would make it NaN.
pub fn logs_at_ends(b: &mut Builder, p: Slot) -> (Slot, Slot) {
    let made_by = b.tape().get(p).clone();
    match (&made_by.op, &made_by.args[..]) {
        (Op::Unary(Unary::Sigmoid | Unary::NormalCdf), _) => log_and_complement(b, p),
        (Op::Binary(Binary::Sub), [one, q]) if b.constant_value(*one) == Some(1.0) => {
            let (log_q, log_p) = logs_at_ends(b, *q);
            (log_p, log_q)
        }
        _ => {
            let [zero, one, little] = [0.0, 1.0, NEARLY_NOTHING].map(|v| b.constant(v));
            let is_zero = b.binary(Binary::Eq, p, zero);
            let lift = b.mul(is_zero, little);
            let lifted = b.add(p, lift);
            // log1p has no room for so little beside −1; there the complement is taken as it stands.
            let is_one = b.binary(Binary::Eq, p, one);
            let below = b.select(is_one, zero, lifted);
            let minus = b.neg(below);
            let inside = b.log1p(minus);
            let rest = b.sub(one, p);
            let rest = b.add(rest, little);
            let at_one = b.log(rest);
            (b.log(lifted), b.select(is_one, at_one, inside))
        }
    }
}

/// Logarithms of a list of probabilities, each entry's by what the tape knows of it: `[p, 1 - p]` with p = σ(l) are
/// [log σ(l), log σ(−l)], also where 1 − p is no number above 0.
pub fn logs_of_entries(b: &mut Builder, probabilities: Slot) -> Slot {
    known_log(b, probabilities, false).unwrap_or_else(|| b.log(probabilities))
}

/// log p, or log(1 − p) as the complement, if the tape knows more of p or of any of its entries than its value.
fn known_log(b: &mut Builder, p: Slot, is_complement: bool) -> Option<Slot> {
    let made_by = b.tape().get(p).clone();
    match (&made_by.op, &made_by.args[..]) {
        (Op::Unary(f @ (Unary::Sigmoid | Unary::NormalCdf)), [x]) => {
            let x = if is_complement { b.neg(*x) } else { *x };
            Some(b.unary(if *f == Unary::Sigmoid { Unary::LogSigmoid } else { Unary::LogNormalCdf }, x))
        }
        (Op::Binary(Binary::Sub), [one, q]) if b.constant_value(*one) == Some(1.0) => {
            known_log(b, *q, !is_complement)
        }
        // Shares of a stick that is broken again and again.
        (Op::Binary(Binary::Mul), [q, r]) if !is_complement => {
            let (log_q, log_r) = (known_log(b, *q, false)?, known_log(b, *r, false)?);
            Some(b.add(log_q, log_r))
        }
        (op, args) => {
            let (moved, places) = args.split_at(moved(op, args.len()));
            let known: Vec<Option<Slot>> = moved.iter().map(|q| known_log(b, *q, is_complement)).collect();
            known.iter().any(Option::is_some).then(|| {
                let logs = moved.iter().zip(known).map(|(q, known)| {
                    known.unwrap_or_else(|| {
                        let minus = b.neg(*q);
                        if is_complement { b.log1p(minus) } else { b.log(*q) }
                    })
                });
                let args = logs.chain(places.iter().copied()).collect();
                b.with_shape(made_by.op.clone(), args, made_by.shape.clone())
            })
        }
    }
}

/// How many of an instruction's arguments it only puts in their places, if it does nothing else.
fn moved(op: &Op, args: usize) -> usize {
    match op {
        Op::Concat => args,
        Op::Take(_) | Op::Reshape | Op::Slice { .. } | Op::Spread | Op::ToRows => 1,
        // Behind the values stands which of them.
        Op::Gather | Op::Pick => 1,
        _ => 0,
    }
}

/// A logarithm where it is asked for; elsewhere 0, without a slope. `certain` is where the logarithm is 0.
///
/// One number for all rows keeps its one logarithm: then it is the end itself that has no slope.
fn where_asked(b: &mut Builder, asked: Slot, log: Unary, x: Slot, certain: f64) -> Slot {
    let one = b.constant(certain);
    if b.kind(x) >= b.kind(asked) && b.constant_value(asked).is_none() {
        let inside = b.select(asked, x, one);
        return b.unary(log, inside);
    }
    let (end, lowest, zero) = (b.constant(certain - 1.0), b.constant(f64::NEG_INFINITY), b.constant(0.0));
    let is_end = b.binary(Binary::Eq, x, end);
    let inside = b.select(is_end, one, x);
    let value = b.unary(log, inside);
    let value = b.select(is_end, lowest, value);
    b.select(asked, value, zero)
}

/// log σ(l) and log(1 − σ(l)) = log σ(−l)
pub fn from_logit(b: &mut Builder, logit: Slot) -> (Slot, Slot) {
    let minus = b.neg(logit);
    (b.unary(Unary::LogSigmoid, logit), b.unary(Unary::LogSigmoid, minus))
}

/// The logit behind a probability, where the tape shows one.
pub fn logit_of(b: &mut Builder, p: Slot) -> Option<Slot> {
    let made_by = b.tape().get(p).clone();
    match (&made_by.op, &made_by.args[..]) {
        (Op::Unary(Unary::Sigmoid), [logit]) => Some(*logit),
        (Op::Binary(Binary::Sub), [one, q]) if b.constant_value(*one) == Some(1.0) => {
            logit_of(b, *q).map(|l| b.neg(l))
        }
        _ => None,
    }
}
