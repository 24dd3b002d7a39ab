//! Arguments at a closed end of their interval, for every entry of the catalogue: the log density there is the limit
//! from inside, and so is its gradient; where the value is impossible it is −∞, and nothing is NaN.

use super::none;
use bnnc::adjoint::gradient;
use bnnc::dist::{self, ArgSlot, ArgValue, Event, Family};
use bnnc::tape::eval::{Inputs, evaluate};
use bnnc::tape::{Slot, build::Builder};
use bnnc::ty::{Interval, Shape};

/// How far inside an end the limit is taken.
const STEP: f64 = 1e-8;
/// Of the limit: slopes and curvatures of order ten times the step.
const LIMIT: f64 = 1e-5;
/// A log probability this low, so near to the end, is one that goes to −∞.
const HARDLY: f64 = -15.0;
/// Values that some family can have.
const VALUES: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 5.0, 0.3, -0.7, 1.9];

/// Some number inside an interval.
fn inside(interval: &Interval) -> f64 {
    let candidates = [5.0, 0.4, 1.7];
    candidates.into_iter().find(|v| interval.contains(*v)).expect("one of them is inside")
}

/// How an argument is made on the tape; the family must not see a difference.
type Wrap = (&'static str, fn(&mut Builder, Slot) -> Slot);
const WRAPS: [Wrap; 3] = [
    ("", |_, p| p),
    ("1 - (1 - p): ", |b, p| {
        let one = b.constant(1.0);
        let rest = b.sub(one, p);
        b.sub(one, rest)
    }),
    ("1 - q: ", |b, p| {
        let (one, minus) = (b.constant(1.0), b.neg(p));
        let rest = b.add(one, minus);
        b.sub(one, rest)
    }),
];

/// The log density of data at x, and its gradient in the arguments, which are one number for all rows or one for each.
fn at(family: &Family, form: usize, x: f64, args: &[f64], is_row: bool, wrap: Wrap) -> (f64, Vec<f64>) {
    let mut b = Builder::new();
    let mut inputs = Inputs::default();
    inputs.columns.insert(0, vec![vec![x]]);
    let value = b.column(0, Shape::scalar());
    let given: Vec<Slot> = (args.iter().enumerate())
        .map(|(i, arg)| {
            if is_row {
                inputs.columns.insert(i as u32 + 1, vec![vec![*arg]]);
                return b.column(i as u32 + 1, Shape::scalar());
            }
            inputs.inputs.insert(format!("a{i}"), vec![*arg]);
            b.input(&format!("a{i}"), Shape::scalar())
        })
        .collect();
    let wrapped: Vec<Slot> = given.iter().map(|a| wrap.1(&mut b, *a)).collect();
    let density = (family.log_density)(&mut b, form, value, &wrapped);
    let total = b.sum_rows(density);
    let (tape, slots) = gradient(b.finish(), total, &given).expect("densities are differentiable");
    let values = evaluate(&tape, &inputs, 1);
    let number = |slot: &Slot| values[slot.0 as usize].at(0)[0];
    (number(&total), slots.iter().map(number).collect())
}

#[test]
fn closed_ends_of_arguments_are_the_limits_from_inside() {
    let (mut complaints, mut tried) = (vec![], vec![]);
    for family in dist::ALL.iter().filter(|f| f.event == Event::Scalar) {
        for (form, spec) in family.forms.iter().enumerate() {
            let intervals: Option<Vec<Interval>> = (spec.args.iter())
                .map(|a| match a.slot {
                    ArgSlot::Scalar(interval) => Some(interval),
                    _ => None,
                })
                .collect();
            let Some(intervals) = intervals else { continue };
            for (place, interval) in intervals.iter().enumerate() {
                let low = (interval.low_closed && interval.low.is_finite()).then_some((interval.low, 1.0));
                let high =
                    (interval.high_closed && interval.high.is_finite()).then_some((interval.high, -1.0));
                for ((end, inwards), x) in
                    low.into_iter().chain(high).flat_map(|end| VALUES.map(|x| (end, x)))
                {
                    let known: Vec<ArgValue> =
                        intervals.iter().map(|i| ArgValue { constant: Some(inside(i)), len: 1 }).collect();
                    if !(family.support)(form, &known).interval().contains(x) {
                        continue;
                    }
                    tried.push((family.name, end));
                    for (wrap, is_row) in WRAPS.into_iter().flat_map(|w| [(w, false), (w, true)]) {
                        let mut args: Vec<f64> = intervals.iter().map(inside).collect();
                        args[place] = end;
                        let (value, slopes) = at(family, form, x, &args, is_row, wrap);
                        args[place] = end + inwards * STEP;
                        let (near, near_slopes) = at(family, form, x, &args, is_row, wrap);
                        let mut complain = |what: &str, got: f64, want: f64| {
                            complaints.push(format!(
                                "{}{} {form} at {x}, {} = {end}: {what} is {got}, beside it {want}",
                                wrap.0, family.name, spec.args[place].name
                            ));
                        };
                        let agree = |a: f64, b: f64| (a - b).abs() <= LIMIT * (1.0 + b.abs());
                        if value == f64::NEG_INFINITY && near < HARDLY {
                            continue;
                        }
                        if !agree(value, near) {
                            complain("log density", value, near);
                        }
                        // Counts are data: nothing is differentiated in them.
                        let counts = intervals.iter().map(|i| i.whole);
                        for ((slope, near), is_count) in slopes.iter().zip(near_slopes).zip(counts) {
                            if !is_count && !agree(*slope, near) {
                                complain("a derivative", *slope, near);
                            }
                        }
                    }
                }
            }
        }
    }
    for name in ["Bernoulli", "Binomial"] {
        assert!(tried.iter().any(|(family, _)| *family == name), "{name} has a closed end");
    }
    none(complaints);
}

/// A share of exactly 0 can only be written out in numbers; those that sum to 1 may hold one.
#[test]
fn a_share_of_zero_takes_a_class_away_and_nothing_else() {
    let shares = [0.0, 0.25, 0.75];
    for family in dist::ALL {
        let [first, rest @ ..] = family.forms[0].args else { continue };
        if first.slot != ArgSlot::Simplex {
            continue;
        }
        let log_density = |place: usize| {
            let mut b = Builder::new();
            let mut inputs = Inputs::default();
            inputs.columns.insert(0, vec![vec![place as f64]]);
            // Components that give all their probability to one place, as classes do.
            let densities: Vec<f64> = (0..3).map(|k| if k == place { 0.0 } else { -1000.0 }).collect();
            inputs.inputs.insert("densities".into(), densities);
            let x = b.column(0, Shape::scalar());
            let probs = b.tensor(&shares, Shape::vector(3));
            let densities = b.input("densities", Shape::vector(3));
            let args: Vec<Slot> = std::iter::once(probs).chain(rest.iter().map(|_| densities)).collect();
            let density = (family.log_density)(&mut b, 0, x, &args);
            let total = b.sum_rows(density);
            let (tape, slots) = gradient(b.finish(), total, &[densities]).expect("differentiable");
            let values = evaluate(&tape, &inputs, 1);
            (values[total.0 as usize].at(0)[0], values[slots[0].0 as usize].at(0).to_vec())
        };
        for (place, share) in shares.iter().enumerate() {
            let (value, slopes) = log_density(place);
            assert!(slopes.iter().all(|s| s.is_finite()), "{} {place}: {slopes:?}", family.name);
            match *share {
                0.0 => assert!(value < -500.0, "{}: {value}", family.name),
                share => assert!((value - share.ln()).abs() < 1e-12, "{}: {value}", family.name),
            }
        }
    }
}
