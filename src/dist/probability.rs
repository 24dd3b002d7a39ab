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
//! Where only one of the two is asked for, the other must not be infinite: nothing times infinity has no value, and so
//! a `p` of exactly 1 that says what was seen would have no gradient. [`logs_where_asked`] sees to that.

use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Op, Slot, build::Builder};

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

/// A logarithm where it is asked for; elsewhere 0, without a slope. `certain` is where the logarithm is 0.
///
/// One number for all rows keeps its one logarithm: then it is the end itself that has no slope.
fn where_asked(b: &mut Builder, asked: Slot, log: Unary, x: Slot, certain: f64) -> Slot {
    let one = b.constant(certain);
    if b.kind(x) >= b.kind(asked) {
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
