//! Every family against `dist.csv`: log density, its gradient, distribution function and moments.

use super::table::{self, Row};
use super::{agree, none};
use bnnc::adjoint::gradient;
use bnnc::dist::{self, ArgValue, Event, Family};
use bnnc::kernels::scalar::{Binary, Unary};
use bnnc::tape::eval::{Inputs, evaluate};
use bnnc::tape::{Op, Slot, build::Builder};
use bnnc::ty::Shape;

/// Of the log density: a dozen roundings, most of them in log Γ and log, each relative to its term.
const DENSITY: f64 = 1e-12;
/// Of the largest terms of the formula, which may cancel in the result.
const DENSITY_TERMS: f64 = 4e-15;
/// Of a derivative; digamma and quotients of small numbers lose a little more.
const GRADIENT: f64 = 1e-10;
/// Of the size of the terms over the size of the argument, where the parts of a derivative cancel.
const GRADIENT_TERMS: f64 = 1e-13;
/// Of a distribution function; statrs states 1e−11 for its incomplete gamma and beta functions.
const CDF: f64 = 1e-10;
/// Of a mean or sd: closed forms, but some variances are differences of moments.
const MOMENT: f64 = 1e-11;

/// A row of the table with its family.
pub struct Case {
    pub family: &'static Family,
    pub form: usize,
    pub x: f64,
    pub args: Vec<Vec<f64>>,
    pub row: Row,
}

impl Case {
    pub fn says(&self, what: &str, got: f64, want: f64) -> String {
        let Case { family, form, x, args, row } = self;
        format!(
            "line {}: {} {form} {args:?} at {x}: {what} is {got:e}, should be {want:e}",
            row.line, family.name
        )
    }
    pub fn slices(&self) -> Vec<&[f64]> {
        self.args.iter().map(|a| &a[..]).collect()
    }
}

/// The rows of the families that are in the catalogue.
pub fn cases() -> Vec<Case> {
    table::read("dist.csv")
        .into_iter()
        .filter_map(|row| {
            let family = dist::find(row.text("family"))?;
            let form = row.number("form").expect("a form") as usize;
            let x = row.number("x").expect("a value");
            let args = row.vectors("args").unwrap_or_default();
            Some(Case { family, form, x, args, row })
        })
        .collect()
}

#[test]
fn every_family_and_form_has_reference_values() {
    let cases = cases();
    for family in dist::ALL.iter().filter(|f| f.event == Event::Scalar) {
        for form in 0..family.forms.len() {
            let rows: Vec<&Case> =
                cases.iter().filter(|c| c.family.name == family.name && c.form == form).collect();
            assert!(rows.len() >= 3, "{} form {form} has {} rows in dist.csv", family.name, rows.len());
            let count = family.forms[form].args.len();
            assert!(rows.iter().all(|c| c.args.len() == count), "{} form {form} takes {count}", family.name);
        }
    }
}

#[test]
fn ends_that_are_arguments_are_the_ends_of_the_support() {
    for family in dist::ALL {
        for (form, spec) in family.forms.iter().enumerate() {
            let known: Vec<ArgValue> =
                (0..spec.args.len()).map(|i| ArgValue { constant: Some(2.5 + i as f64), len: 1 }).collect();
            let unknown: Vec<ArgValue> = known.iter().map(|a| ArgValue { constant: None, ..*a }).collect();
            let ends = |args: &[ArgValue]| {
                let interval = (family.support)(form, args).interval();
                [interval.low, interval.high]
            };
            for side in 0..2 {
                match family.ends[side] {
                    Some(argument) => {
                        assert_eq!(Some(ends(&known)[side]), known[argument].constant, "{}", family.name);
                        assert!(ends(&unknown)[side].is_nan(), "{}", family.name);
                    }
                    None => assert!(!ends(&unknown)[side].is_nan(), "{}", family.name),
                }
            }
        }
    }
}

/// How the value and the arguments come onto the tape.
#[derive(Clone, Copy, PartialEq)]
enum Given {
    /// x is data, arguments are inputs
    Data,
    /// x is an unknown, arguments are inputs
    Unknown,
    /// x is data, arguments are numbers known when the tape is built
    Constants,
}

/// The tape's inputs and slots for a case.
struct Placed {
    b: Builder,
    x: Slot,
    args: Vec<Slot>,
    inputs: Inputs,
}

fn shape_of(arg: &[f64]) -> Shape {
    if arg.len() == 1 { Shape::scalar() } else { Shape::vector(arg.len()) }
}

fn place(case: &Case, given: Given) -> Placed {
    let mut b = Builder::new();
    let mut inputs = Inputs::default();
    let x = if given == Given::Unknown {
        inputs.inputs.insert("x".into(), vec![case.x]);
        b.input("x", Shape::scalar())
    } else {
        inputs.columns.insert(0, vec![vec![case.x]]);
        b.column(0, Shape::scalar())
    };
    let args = case
        .args
        .iter()
        .enumerate()
        .map(|(i, arg)| match (given, &arg[..]) {
            (Given::Constants, [number]) => b.constant(*number),
            (Given::Constants, numbers) => b.tensor(numbers, shape_of(numbers)),
            (Given::Data | Given::Unknown, numbers) => {
                let name = format!("a{i}");
                inputs.inputs.insert(name.clone(), arg.clone());
                b.input(&name, shape_of(numbers))
            }
        })
        .collect();
    Placed { b, x, args, inputs }
}

fn tolerances(case: &Case) -> (f64, f64) {
    let size = case.row.number("size").unwrap_or(0.0);
    (DENSITY, DENSITY_TERMS * size + DENSITY * 1e-3)
}

#[test]
fn log_densities_agree_with_mpmath() {
    let mut complaints = vec![];
    for case in cases() {
        let want = case.row.number("log_density").expect("a log density");
        for given in [Given::Data, Given::Constants, Given::Unknown] {
            if given == Given::Unknown && want.is_infinite() {
                continue;
            }
            let mut placed = place(&case, given);
            let slot = (case.family.log_density)(&mut placed.b, case.form, placed.x, &placed.args);
            let values = evaluate(&placed.b.finish(), &placed.inputs, 1);
            let got = values[slot.0 as usize].at(0)[0];
            let (relative, absolute) = tolerances(&case);
            if !agree(got, want, relative, absolute) {
                complaints.push(case.says("log density", got, want));
            }
        }
    }
    none(complaints);
}

#[test]
fn gradients_agree_with_mpmath() {
    let mut complaints = vec![];
    for case in cases() {
        let wanted_x = case.row.number("gradient_x");
        let wanted_args = case.row.vectors("gradient_args");
        if case.row.number("log_density").is_none_or(f64::is_infinite) {
            continue;
        }
        // Pick needs an index that is data or a number; everything else is differentiated in x too.
        let given = if wanted_x.is_some() { Given::Unknown } else { Given::Data };
        let mut placed = place(&case, given);
        let density = (case.family.log_density)(&mut placed.b, case.form, placed.x, &placed.args);
        let total = placed.b.sum_rows(density);
        let of: Vec<Slot> =
            placed.args.iter().copied().chain((given == Given::Unknown).then_some(placed.x)).collect();
        let (tape, slots) = gradient(placed.b.finish(), total, &of).expect("densities are differentiable");
        let values = evaluate(&tape, &placed.inputs, 1);
        let got = |i: usize| values[slots[i].0 as usize].at(0).to_vec();
        let size = case.row.number("size").unwrap_or(0.0);
        let mut compare = |what: String, at: f64, got: f64, want: f64| {
            let absolute = GRADIENT_TERMS * (1.0 + size / at.abs().max(1e-300));
            if !want.is_nan() && !agree(got, want, GRADIENT, absolute) {
                complaints.push(case.says(&what, got, want));
            }
        };
        for (i, want) in wanted_args.iter().flatten().enumerate() {
            for (k, want) in want.iter().enumerate() {
                compare(
                    format!("d/d {}", case.family.forms[case.form].args[i].name),
                    case.args[i][k],
                    got(i)[k],
                    *want,
                );
            }
        }
        if let Some(want) = wanted_x {
            compare("d/dx".into(), case.x, got(case.args.len())[0], want);
        }
    }
    none(complaints);
}

#[test]
fn distribution_functions_agree_with_mpmath() {
    let mut complaints = vec![];
    for case in cases() {
        let (Some(cdf), Some(want)) = (case.family.cdf, case.row.number("cdf")) else {
            assert_eq!(case.family.cdf.is_some(), case.row.number("cdf").is_some(), "{}", case.family.name);
            continue;
        };
        let got = cdf(case.form, &case.slices(), case.x);
        if !agree(got, want, CDF, 1e-300) {
            complaints.push(case.says("distribution function", got, want));
        }
    }
    none(complaints);
}

#[test]
fn moments_agree_with_closed_forms() {
    let mut complaints = vec![];
    for case in cases() {
        for (name, moment) in [("mean", case.family.mean), ("sd", case.family.sd)] {
            let want = case.row.number(name);
            assert_eq!(moment.is_some(), want.is_some(), "{name} of {}", case.family.name);
            if let (Some(moment), Some(want)) = (moment, want) {
                let got = moment(case.form, &case.slices());
                if !agree(got, want, MOMENT, 0.0) {
                    complaints.push(case.says(name, got, want));
                }
            }
        }
    }
    none(complaints);
}

/// Ways to write the argument of one form so that it is the argument of another, and the tape must see through it.
type Wrap = fn(&mut Builder, Slot) -> Slot;
const SEEN_THROUGH: &[(&str, usize, Wrap)] = &[
    ("Bernoulli", 0, |b, l| b.unary(Unary::Sigmoid, l)),
    ("Bernoulli", 0, one_minus_sigmoid_of_minus),
    ("Binomial", 1, |b, l| b.unary(Unary::Sigmoid, l)),
    ("Binomial", 1, one_minus_sigmoid_of_minus),
    ("Geometric", 0, |b, l| b.unary(Unary::Sigmoid, l)),
    ("Geometric", 0, one_minus_sigmoid_of_minus),
    ("Categorical", 0, |b, l| b.infer(Op::Softmax, vec![l])),
    ("Poisson", 0, |b, l| b.exp(l)),
    ("NegBinomial", 0, |b, l| b.exp(l)),
];

fn one_minus_sigmoid_of_minus(b: &mut Builder, logit: Slot) -> Slot {
    let minus = b.neg(logit);
    let q = b.unary(Unary::Sigmoid, minus);
    let one = b.constant(1.0);
    b.binary(Binary::Sub, one, q)
}

#[test]
fn probabilities_and_rates_made_on_the_tape_lose_nothing() {
    let mut complaints = vec![];
    let cases = cases();
    for (name, position, wrap) in SEEN_THROUGH {
        for case in cases.iter().filter(|c| c.family.name == *name && c.form == 1) {
            let mut placed = place(case, Given::Data);
            placed.args[*position] = wrap(&mut placed.b, placed.args[*position]);
            let slot = (case.family.log_density)(&mut placed.b, 0, placed.x, &placed.args);
            let values = evaluate(&placed.b.finish(), &placed.inputs, 1);
            let (got, want) =
                (values[slot.0 as usize].at(0)[0], case.row.number("log_density").expect("a number"));
            let (relative, absolute) = tolerances(case);
            if !agree(got, want, relative, absolute) {
                complaints.push(case.says("log density through the other form", got, want));
            }
        }
    }
    none(complaints);
}

/// Weights of a list, from logits, and their logarithms by stable formulas.
type Listed = (&'static str, fn(&mut Builder, Slot) -> Slot, fn(f64) -> Vec<f64>);

/// log σ(l)
fn log_sigmoid(l: f64) -> f64 {
    l.min(0.0) - (-l.abs()).exp().ln_1p()
}

fn complement(b: &mut Builder, p: Slot) -> Slot {
    let one = b.constant(1.0);
    b.sub(one, p)
}

const LISTS: &[Listed] = &[
    (
        "[p, 1 - p]",
        |b, l| {
            let p = b.unary(Unary::Sigmoid, l);
            let q = complement(b, p);
            b.infer(Op::Concat, vec![p, q])
        },
        |l| vec![log_sigmoid(l), log_sigmoid(-l)],
    ),
    (
        "[1 - p, p] of one of several",
        |b, l| {
            let zero = b.constant(0.0);
            let several = b.infer(Op::Concat, vec![zero, l]);
            let p = b.unary(Unary::Sigmoid, several);
            let p = b.slice(p, 1, &Shape::scalar());
            let q = complement(b, p);
            b.stack(&[q, p])
        },
        |l| vec![log_sigmoid(-l), log_sigmoid(l)],
    ),
    (
        "[p, (1 - p) p, (1 - p) (1 - p)]",
        |b, l| {
            let p = b.unary(Unary::Sigmoid, l);
            let q = complement(b, p);
            let (second, third) = (b.mul(q, p), b.mul(q, q));
            b.infer(Op::Concat, vec![p, second, third])
        },
        |l| vec![log_sigmoid(l), log_sigmoid(-l) + log_sigmoid(l), 2.0 * log_sigmoid(-l)],
    ),
];

/// The weights of a mixture and the probabilities of classes written out entry by entry: far out, where 1 − σ(l) is 0 in
/// any precision, each entry has its logarithm and the sum its slope.
#[test]
fn lists_of_probabilities_lose_no_entry() {
    let mut complaints = vec![];
    for (what, list, logs) in LISTS {
        for logit in [-800.0, -40.0, -1.5, 0.0, 0.3, 40.0, 800.0] {
            let size = logs(logit).len();
            for place in 0..size {
                // All that was seen comes from one place: the others give it next to nothing.
                let wanted = |l: f64| logs(l)[place];
                let slope = (wanted(logit + STEP) - wanted(logit - STEP)) / (2.0 * STEP);
                for name in ["Mixture", "Categorical"] {
                    let family = dist::find(name).expect("in the catalogue");
                    let mut b = Builder::new();
                    let mut inputs = Inputs::default();
                    inputs.inputs.insert("l".into(), vec![logit]);
                    inputs.columns.insert(0, vec![vec![place as f64]]);
                    let l = b.input("l", Shape::scalar());
                    let x = b.column(0, Shape::scalar());
                    let densities: Vec<f64> =
                        (0..size).map(|k| if k == place { 0.0 } else { -1e5 }).collect();
                    let densities = b.tensor(&densities, Shape::vector(size));
                    let weights = list(&mut b, l);
                    let args = if name == "Mixture" { vec![weights, densities] } else { vec![weights] };
                    let density = (family.log_density)(&mut b, 0, x, &args);
                    let total = b.sum_rows(density);
                    let (tape, slots) = gradient(b.finish(), total, &[l]).expect("it is differentiable");
                    let values = evaluate(&tape, &inputs, 1);
                    let got = [total, slots[0]].map(|s| values[s.0 as usize].at(0)[0]);
                    for (got, want, relative) in
                        [(got[0], wanted(logit), DENSITY), (got[1], slope, DIFFERENCE)]
                    {
                        if !agree(got, want, relative, relative) {
                            complaints.push(format!("{name}({what}) of {logit}, {place}: {got} for {want}"));
                        }
                    }
                }
            }
        }
    }
    none(complaints);
}

/// Of central differences: the third derivative of log σ is below 0.1, and its values have 1e−13 of their size.
const STEP: f64 = 1e-4;
const DIFFERENCE: f64 = 1e-8;
