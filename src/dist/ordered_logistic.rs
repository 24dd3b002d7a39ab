//! `OrderedLogistic(score =, cuts =)`, ordered classes.

use super::logarithms::log_one_minus_exp_neg;
use super::{ArgSlot, ArgSpec, Family, Form};
use crate::kernels::scalar::Unary;
use crate::tape::{Op, Slot, build::Builder};
use crate::ty::{Interval, Shape, Support};
use rand::RngExt;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "OrderedLogistic",
    forms: &[Form {
        args: &[ArgSpec::scalar("score", Interval::REAL), ArgSpec { name: "cuts", slot: ArgSlot::Ordered }],
    }],
    positional: 0,
    support: |_, args| Support::Class(args[1].len + 1),
    is_discrete: true,
    log_density: |b, _, x, args| {
        let all = log_probabilities(b, args[0], args[1]);
        b.infer(Op::Pick, vec![all, x])
    },
    sample: Some(|_, args, rng| {
        let share: f64 = rng.random();
        let above = |cut: &&f64| Unary::Sigmoid.apply(**cut - args[0][0]) <= share;
        args[1].iter().take_while(above).count() as f64
    }),
    cdf: Some(|_, args, x| {
        if x < 0.0 {
            return 0.0;
        }
        args[1].get(x.floor() as usize).map_or(1.0, |cut| Unary::Sigmoid.apply(cut - args[0][0]))
    }),
    class_log_probabilities: Some(|b, _, args| log_probabilities(b, args[0], args[1])),
    page: "\
log probability  log(s(cuts[x+1] - score) - s(cuts[x] - score)),   s(v) = 1/(1 + exp(-v)),
                 with cuts at minus infinity before the first class and infinity after the last
mean             none: classes are ordered, not numbers
sd               none

Ratings and grades: a hidden score falls between cuts. K - 1 cuts make K classes.
The cuts are an unknown of their own: `cuts[4] ~ Normal(0, 3) ordered`.
Reference: Agresti, Categorical Data Analysis, section 8.2.",
    ..super::PLAIN
};

/// log(σ(c_k − s) − σ(c_{k−1} − s)) of every class: σ(b) − σ(a) = σ(b) σ(−a) (1 − e^(a − b)), so that the logarithms
/// add and no class loses its digits, however far the score lies from its cuts.
fn log_probabilities(b: &mut Builder, score: Slot, cuts: Slot) -> Slot {
    let count = b.shape(cuts).len();
    let below = b.sub(cuts, score);
    let above = b.neg(below);
    let below = b.unary(Unary::LogSigmoid, below);
    let above = b.unary(Unary::LogSigmoid, above);
    let zero = b.constant(0.0);
    let upper = b.infer(Op::Concat, vec![below, zero]);
    let lower = b.infer(Op::Concat, vec![zero, above]);
    let both = b.add(upper, lower);
    if count < 2 {
        return both;
    }
    let inner = Shape::vector(count - 1);
    let (right, left) = (b.slice(cuts, 1, &inner), b.slice(cuts, 0, &inner));
    let width = b.sub(right, left);
    let rest = log_one_minus_exp_neg(b, width);
    let rest = b.infer(Op::Concat, vec![zero, rest, zero]);
    b.add(both, rest)
}
