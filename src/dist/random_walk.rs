//! `RandomWalk(sd)`: values that wander from one to the next.

use super::{ArgSpec, Event, Family, Form, normal, number};
use crate::ty::{Interval, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "RandomWalk",
    forms: &[Form { args: &[ArgSpec::scalar("sd", Interval::POSITIVE)] }],
    positional: 1,
    support: |_, _| Support::REAL,
    event: Event::Vector,
    log_density: |b, _, x, args| {
        // The value before each: 0 before the first.
        let shape = b.shape(x).clone();
        let last = shape.0.last().copied().unwrap_or(1);
        let entries: Vec<_> = (0..last).map(|k| b.entry(x, k)).collect();
        let zero = b.constant(0.0);
        let before: Vec<_> = std::iter::once(zero).chain(entries).take(last).collect();
        let before = b.stack(&before);
        let step = b.sub(x, before);
        // One sd for all steps of a copy.
        let sd = b.spread_last(args[0], last);
        let steps = normal::log_density(b, step, zero, sd);
        b.sum_last(steps)
    },
    from_standard: Some(|b, _, args, z| {
        let last = b.shape(z).0.last().copied().unwrap_or(1);
        let mut levels: Vec<_> = vec![];
        for k in 0..last {
            let step = b.entry(z, k);
            let level = match levels.last() {
                Some(before) => b.add(*before, step),
                None => step,
            };
            levels.push(level);
        }
        let levels = b.stack(&levels);
        let sd = b.spread_last(args[0], last);
        b.mul(levels, sd)
    }),
    sample_event: Some(|_, args, rng, out| {
        let mut level = 0.0;
        for o in out {
            let z: f64 = rand_distr::StandardNormal.sample(rng);
            level += number(args, 0) * z;
            *o = level;
        }
    }),
    page: "\
log density      sum over t of the log density of Normal(0, sd) at x[t] - x[t-1],   x[0] = 0
mean             0 at every step
sd               sd sqrt(t)

Levels that drift: each is the one before plus Normal(0, sd), the first starts from 0.
It runs along the last size: `level[year] ~ RandomWalk(0.1)` for a factor whose levels stand in order.
Add a mean of its own for the place where it starts.
Reference: Durbin, Koopman, Time Series Analysis by State Space Methods, section 2.1.",
    ..super::PLAIN
};
