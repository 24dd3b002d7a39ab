//! `on (a, b)` against `truncation.csv`: log mass and its gradient, also far in the tails.

use super::{agree, none, table};
use bnnc::adjoint::gradient;
use bnnc::dist::{self, truncated_log_density};
use bnnc::tape::eval::{Inputs, evaluate};
use bnnc::tape::{Slot, build::Builder};
use bnnc::ty::Shape;

/// Of the log mass and of the larger of 1 and the ends in units of the scale: their subtraction is rounded.
const LOG_MASS: f64 = 1e-12;
/// Below this a log mass is 0 for every purpose: it is added to a log density.
const NOTHING: f64 = 1e-15;
/// Of a derivative. Beside a narrow interval two of size 1/width cancel to one of size 1.
const GRADIENT: f64 = 1e-8;
/// Of a derivative, for each unit of the log mass: φ/Φ is taken as e^(log φ − log Φ).
const GRADIENT_PER_LOG: f64 = 4e-16;

#[test]
fn log_masses_and_their_gradients_agree_with_mpmath() {
    let mut complaints = vec![];
    let rows = table::read("truncation.csv");
    for row in &rows {
        let family = dist::find(row.text("family")).expect("a family of the catalogue");
        let form = row.number("form").expect("a form") as usize;
        let mut b = Builder::new();
        let mut inputs = Inputs::default();
        let mut input = |b: &mut Builder, name: String, value: f64| {
            inputs.inputs.insert(name.clone(), vec![value]);
            b.input(&name, Shape::scalar())
        };
        let numbers: Vec<f64> = row.vectors("args").unwrap_or_default().into_iter().flatten().collect();
        let args: Vec<Slot> =
            numbers.iter().enumerate().map(|(i, a)| input(&mut b, format!("a{i}"), *a)).collect();
        let [low, high] = ["low", "high"].map(|end| {
            let value = row.number(end).expect("an end");
            if value.is_infinite() { b.constant(value) } else { input(&mut b, end.into(), value) }
        });
        let log_mass = family.log_mass.expect("only families that can be truncated are in the table");
        let slot = log_mass(&mut b, form, &args, low, high);
        let of: Vec<Slot> = args.iter().copied().chain([low, high]).collect();
        let (tape, slots) = gradient(b.finish(), slot, &of).expect("log masses are differentiable");
        let values = evaluate(&tape, &inputs, 0);
        let got = values[slot.0 as usize].number();
        let want = row.number("log_mass").expect("a log mass");
        if !agree(got, want, LOG_MASS, NOTHING) {
            complaints.push(format!("line {}: {} is {got:e}, should be {want:e}", row.line, family.name));
        }
        let log_mass_size = want.abs();
        let mut wanted: Vec<Option<f64>> =
            row.vectors("gradient_args").unwrap_or_default().into_iter().flatten().map(Some).collect();
        wanted.extend([row.number("gradient_low"), row.number("gradient_high")]);
        let largest = wanted.iter().flatten().fold(0.0, |a: f64, b| a.max(b.abs()));
        for (i, want) in wanted.iter().enumerate() {
            let got = values[slots[i].0 as usize].number();
            let relative = GRADIENT + GRADIENT_PER_LOG * log_mass_size;
            if want.is_some_and(|want| !agree(got, want, relative, NOTHING + 1e-14 * largest)) {
                complaints.push(format!(
                    "line {}: {} derivative {i} is {got:e}, should be {want:?}",
                    row.line, family.name
                ));
            }
        }
    }
    for family in dist::ALL.iter().filter(|f| f.log_mass.is_some()) {
        let count = rows.iter().filter(|r| r.text("family") == family.name).count();
        assert!(count > 0, "{} can be truncated but has no rows in truncation.csv", family.name);
    }
    none(complaints);
}

/// The log density of Normal(0, 1) on (a, b) for data in each place.
#[test]
fn data_outside_the_interval_are_impossible() {
    let normal = dist::find("Normal").expect("in the catalogue");
    let mut b = Builder::new();
    let x = b.column(0, Shape::scalar());
    let [mean, sd, low, high] = [0.0, 1.0, -1.0, 2.0].map(|v| b.constant(v));
    let slot =
        truncated_log_density(&mut b, normal, 0, x, &[mean, sd], (low, high)).expect("it can be truncated");
    let inputs = Inputs {
        columns: [(0, vec![vec![-1.5], vec![-1.0], vec![0.0], vec![2.0], vec![2.5]])].into(),
        ..Inputs::default()
    };
    let values = evaluate(&b.finish(), &inputs, 5);
    let at = |row: usize| values[slot.0 as usize].at(row)[0];
    assert_eq!([at(0), at(4)], [f64::NEG_INFINITY; 2]);
    // log φ(0) − log(Φ(2) − Φ(−1)), scipy.stats.truncnorm(-1, 2).logpdf(0)
    assert!(agree(at(2), -0.718_772_238_880_210_2, 1e-12, 0.0), "{}", at(2));
    assert!(at(1).is_finite() && at(3).is_finite());
}
