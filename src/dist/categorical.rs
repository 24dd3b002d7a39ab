//! `Categorical(probs =)` or `Categorical(logits =)`.

use super::probability::logs_of_entries;
use super::{ArgSlot, ArgSpec, Family, Form};
use crate::tape::{Op, Slot, build::Builder};
use crate::ty::Support;
use rand::RngExt;

const PROBS: usize = 0;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Categorical",
    forms: &[
        Form { args: &[ArgSpec { name: "probs", slot: ArgSlot::Simplex }] },
        Form { args: &[ArgSpec { name: "logits", slot: ArgSlot::Scores }] },
    ],
    positional: 0,
    support: |_, args| Support::Class(args[0].len),
    is_discrete: true,
    log_density,
    sample: Some(|form, args, rng| {
        let probs = probs(form, args[0]);
        let mut share: f64 = rng.random();
        for (class, p) in probs.iter().enumerate() {
            share -= p;
            if share < 0.0 {
                return class as f64;
            }
        }
        // Rounding left a crumb: the last class that can occur takes it.
        probs.iter().rposition(|p| *p > 0.0).map_or(f64::NAN, |class| class as f64)
    }),
    cdf: Some(|form, args, x| {
        let count = probs(form, args[0]).len();
        let upto = if x < 0.0 { 0 } else { (x.floor() as usize).saturating_add(1).min(count) };
        if upto == count { 1.0 } else { probs(form, args[0])[..upto].iter().sum() }
    }),
    class_log_probabilities: Some(|b, form, args| match if form == PROBS { logits_of(b, args[0]) } else { Some(args[0]) } {
        Some(logits) => b.infer(Op::LogSoftmax, vec![logits]),
        None => logs_of_entries(b, args[0]),
    }),
    page: "\
log probability  log(probs[x]),   probs = softmax(logits)
mean             none: classes have no order
sd               none

One of K classes. `Categorical(probs = softmax(v))` is computed as `Categorical(logits = v)`, so nothing is lost.
`logits` may be any K numbers; adding the same number to all of them changes nothing.
Reference: Bishop, Pattern Recognition and Machine Learning, section 4.3.4.",
    ..super::PLAIN
};

/// The class's entry of log softmax, or the logarithm of its probability.
fn log_density(b: &mut Builder, form: usize, x: Slot, args: &[Slot]) -> Slot {
    let logits = if form == PROBS { logits_of(b, args[0]) } else { Some(args[0]) };
    match logits {
        Some(logits) => {
            let logs = b.infer(Op::LogSoftmax, vec![logits]);
            b.infer(Op::Pick, vec![logs, x])
        }
        None => {
            let p = b.infer(Op::Pick, vec![args[0], x]);
            logs_of_entries(b, p)
        }
    }
}

/// The scores behind probabilities that were made by softmax.
fn logits_of(b: &Builder, probs: Slot) -> Option<Slot> {
    let made_by = b.tape().get(probs);
    match made_by.op {
        Op::Softmax => Some(made_by.args[0]),
        _ => None,
    }
}

fn probs(form: usize, arg: &[f64]) -> Vec<f64> {
    if form == PROBS {
        return arg.to_vec();
    }
    let largest = arg.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = arg.iter().map(|v| (v - largest).exp()).sum();
    arg.iter().map(|v| (v - largest).exp() / sum).collect()
}
