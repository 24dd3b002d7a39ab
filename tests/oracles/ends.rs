//! Arguments at a closed end of their interval, for every entry of the catalogue: the log density there is the limit
//! from inside, and so is its gradient; where the value is impossible it is −∞, and nothing is NaN.

use super::none;
use bnnc::adjoint::gradient;
use bnnc::dist::{self, ArgSlot, ArgValue, Event, Family, truncated_log_density};
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

/// What is looked at.
struct Density {
    family: &'static Family,
    form: usize,
    cut: Option<(f64, f64)>,
    /// Whether counts among the arguments are constants.
    are_known: bool,
}

/// Every scalar argument with a closed end, and the values that the family can have: `see` gets the density's family and
/// form, the place of the argument, the end, the direction inwards and the value.
fn for_each_closed_end(mut see: impl FnMut(&'static Family, usize, &[Interval], usize, (f64, f64), f64)) {
    for family in dist::ALL.iter().filter(|f| f.event == Event::Scalar) {
        for (form, spec) in family.forms.iter().enumerate() {
            let intervals: Option<Vec<Interval>> = (spec.args.iter())
                .map(|a| match a.slot {
                    ArgSlot::Scalar(interval) => Some(interval),
                    _ => None,
                })
                .collect();
            let Some(intervals) = intervals else { continue };
            let known: Vec<ArgValue> =
                intervals.iter().map(|i| ArgValue { constant: Some(inside(i)), len: 1 }).collect();
            let support = (family.support)(form, &known).interval();
            for (place, interval) in intervals.iter().enumerate() {
                let low = (interval.low_closed && interval.low.is_finite()).then_some((interval.low, 1.0));
                let high =
                    (interval.high_closed && interval.high.is_finite()).then_some((interval.high, -1.0));
                for end in low.into_iter().chain(high) {
                    for x in VALUES.into_iter().filter(|x| support.contains(*x)) {
                        see(family, form, &intervals, place, end, x);
                    }
                }
            }
        }
    }
}

/// The log density of data at x, cut to an interval if there is one, and its gradient in the arguments, which are one
/// number for all rows or one for each; counts are constants where `are_known` says so.
fn at(density: &Density, x: f64, args: &[f64], is_row: bool, wrap: Wrap) -> (f64, Vec<f64>) {
    let Density { family, form, cut, are_known } = *density;
    let mut b = Builder::new();
    let mut inputs = Inputs::default();
    inputs.columns.insert(0, vec![vec![x]]);
    let value = b.column(0, Shape::scalar());
    let specs = family.forms[form].args;
    let is_known = |i: usize| are_known && matches!(specs[i].slot, ArgSlot::Scalar(i) if i.whole);
    let given: Vec<Slot> = (args.iter().enumerate())
        .map(|(i, arg)| {
            if is_known(i) {
                return b.constant(*arg);
            }
            if is_row {
                inputs.columns.insert(i as u32 + 1, vec![vec![*arg]]);
                return b.column(i as u32 + 1, Shape::scalar());
            }
            inputs.inputs.insert(format!("a{i}"), vec![*arg]);
            b.input(&format!("a{i}"), Shape::scalar())
        })
        .collect();
    let wrapped: Vec<Slot> =
        given.iter().enumerate().map(|(i, a)| if is_known(i) { *a } else { wrap.1(&mut b, *a) }).collect();
    let density = match cut {
        Some((low, high)) => {
            let ends = (b.constant(low), b.constant(high));
            truncated_log_density(&mut b, family, form, value, &wrapped, ends).expect("it can be cut")
        }
        None => (family.log_density)(&mut b, form, value, &wrapped),
    };
    let total = b.sum_rows(density);
    let (tape, slots) = gradient(b.finish(), total, &given).expect("densities are differentiable");
    let values = evaluate(&tape, &inputs, 1);
    let number = |slot: &Slot| values[slot.0 as usize].at(0)[0];
    (number(&total), slots.iter().map(number).collect())
}

/// What is wrong at a closed end: value and slopes must be those from inside, but where the value is impossible.
fn complaints_at(
    density: &Density,
    intervals: &[Interval],
    place: usize,
    end: (f64, f64),
    x: f64,
) -> Vec<String> {
    let (end, inwards) = end;
    let Density { family, form, cut, are_known } = density;
    let mut complaints = vec![];
    for (wrap, is_row) in WRAPS.into_iter().flat_map(|w| [(w, false), (w, true)]) {
        let mut args: Vec<f64> = intervals.iter().map(inside).collect();
        args[place] = end;
        let (value, slopes) = at(density, x, &args, is_row, wrap);
        args[place] = end + inwards * STEP;
        let (near, near_slopes) = at(density, x, &args, is_row, wrap);
        let mut complain = |what: &str, got: f64, want: f64| {
            complaints.push(format!(
                "{}{} {form} on {cut:?} at {x}, {} = {end}, counts known: {are_known}: {what} is {got}, beside it {want}",
                wrap.0, family.name, family.forms[*form].args[place].name
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
    complaints
}

#[test]
fn closed_ends_of_arguments_are_the_limits_from_inside() {
    let (mut complaints, mut tried) = (vec![], vec![]);
    for_each_closed_end(|family, form, intervals, place, end, x| {
        tried.push((family.name, end.0));
        let density = Density { family, form, cut: None, are_known: false };
        complaints.extend(complaints_at(&density, intervals, place, end, x));
    });
    for name in ["Bernoulli", "Binomial", "Geometric"] {
        assert!(tried.iter().any(|(family, _)| *family == name), "{name} has a closed end");
    }
    none(complaints);
}

/// Intervals that a distribution is cut to.
const CUTS: [(f64, f64); 5] =
    [(0.0, 3.0), (1.0, 4.0), (2.0, 5.0), (0.0, f64::INFINITY), (2.0, f64::INFINITY)];

/// At an end of an argument all probability lies on one value. Where the interval holds it, density and slopes are the
/// limits from inside; where it does not, nothing can be said, but not by NaN.
#[test]
fn closed_ends_of_cut_distributions_are_the_limits_from_inside() {
    let (mut complaints, mut tried) = (vec![], vec![]);
    for_each_closed_end(|family, form, intervals, place, end, x| {
        if family.log_mass.is_none() || intervals[place].whole {
            return;
        }
        for ((low, high), are_known) in CUTS.into_iter().flat_map(|cut| [(cut, false), (cut, true)]) {
            let mut args: Vec<f64> = intervals.iter().map(inside).collect();
            args[place] = end.0;
            let slices: Vec<&[f64]> = args.iter().map(std::slice::from_ref).collect();
            let mean = (family.mean.expect("it has one"))(form, &slices);
            let density = Density { family, form, cut: Some((low, high)), are_known };
            // Values outside are impossible for any argument.
            if !(low..=high).contains(&x) {
                continue;
            }
            if (low..=high).contains(&mean) {
                tried.push((family.name, end.0));
                complaints.extend(complaints_at(&density, intervals, place, end, x));
                continue;
            }
            for (wrap, is_row) in WRAPS.into_iter().flat_map(|w| [(w, false), (w, true)]) {
                let (value, slopes) = at(&density, x, &args, is_row, wrap);
                let counts = intervals.iter().map(|i| i.whole);
                let is_nan = slopes.iter().zip(counts).any(|(s, is_count)| s.is_nan() && !is_count);
                if value.is_nan() || value == f64::INFINITY || is_nan {
                    complaints.push(format!(
                        "{}{} {form} {args:?} on ({low}, {high}) at {x}: {value}, {slopes:?}",
                        wrap.0, family.name
                    ));
                }
            }
        }
    });
    for place in [("Binomial", 0.0), ("Binomial", 1.0), ("Geometric", 1.0)] {
        assert!(tried.contains(&place), "{place:?} lies in some interval");
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
