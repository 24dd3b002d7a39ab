//! Every bijection against `bijection.csv`, against its own inverse, and its log-Jacobian against central differences.

use super::{agree, none, table};
use bnnc::tape::build::Builder;
use bnnc::tape::eval::{Inputs, evaluate};
use bnnc::transform::{self, Bijection};
use bnnc::ty::{Interval, Shape, Support};

/// Of θ and of the log-Jacobian: a few roundings.
const VALUE: f64 = 1e-15 * 8.0;
/// Of a central difference with step 1e−5: its error is the square of the step.
const DIFFERENCE: f64 = 1e-8;

/// θ and the log-Jacobian on the tape; bounds as constants or as inputs.
fn on_the_tape(bijection: &Bijection, u: f64, bounds: &[f64], as_constants: bool) -> (f64, f64) {
    let mut b = Builder::new();
    let mut inputs = Inputs::default();
    inputs.inputs.insert("u".into(), vec![u]);
    let slot = b.input("u", Shape::scalar());
    let ends: Vec<_> = bounds
        .iter()
        .enumerate()
        .map(|(i, bound)| {
            let name = format!("bound{i}");
            inputs.inputs.insert(name.clone(), vec![*bound]);
            if as_constants { b.constant(*bound) } else { b.input(&name, Shape::scalar()) }
        })
        .collect();
    let theta = (bijection.forward)(&mut b, slot, &ends);
    let jacobian = (bijection.log_jacobian)(&mut b, slot, &ends);
    let values = evaluate(&b.finish(), &inputs, 0);
    (values[theta.0 as usize].number(), values[jacobian.0 as usize].number())
}

fn value(f: fn(&[f64], &[f64], &mut Vec<f64>), x: f64, bounds: &[f64]) -> f64 {
    let mut out = vec![];
    f(&[x], bounds, &mut out);
    out[0]
}

#[test]
fn bijections_agree_with_mpmath() {
    let mut complaints = vec![];
    let rows = table::read("bijection.csv");
    for bijection in transform::ALL {
        let count = rows.iter().filter(|r| r.text("bijection") == bijection.name).count();
        assert!(count >= 5, "{} has {count} rows in bijection.csv", bijection.name);
    }
    for row in &rows {
        let bijection = transform::find(row.text("bijection")).expect("a bijection of the table");
        let bounds: Vec<f64> = row.vectors("bounds").unwrap_or_default().into_iter().flatten().collect();
        assert_eq!(bounds.len(), bijection.bounds, "{}", bijection.name);
        let u = row.number("u").expect("u");
        let (theta, log_jacobian) = (row.number("theta").expect("θ"), row.number("log_jacobian").expect("J"));
        let mut compare = |what: &str, got: f64, want: f64| {
            if !agree(got, want, VALUE, 0.0) {
                complaints.push(format!("line {}: {what} is {got:e}, should be {want:e}", row.line));
            }
        };
        for as_constants in [false, true] {
            let (got_theta, got_jacobian) = on_the_tape(bijection, u, &bounds, as_constants);
            compare("theta on the tape", got_theta, theta);
            compare("log Jacobian", got_jacobian, log_jacobian);
        }
        compare("theta in numbers", value(bijection.forward_value, u, &bounds), theta);
    }
    none(complaints);
}

/// Bounds to try a bijection with.
fn bounds_of(bijection: &Bijection) -> Vec<f64> {
    [-1.5, 4.0][..bijection.bounds].to_vec()
}

#[test]
fn the_inverse_undoes_the_bijection() {
    for bijection in transform::ALL {
        let bounds = bounds_of(bijection);
        for u in [-12.0, -3.0, -0.2, 0.0, 1e-3, 0.7, 4.0, 12.0] {
            let theta = value(bijection.forward_value, u, &bounds);
            let back = value(bijection.inverse_value, theta, &bounds);
            // θ is rounded relative to the bound that it lies near, and the inverse magnifies that by dθ/du.
            let (_, log_jacobian) = on_the_tape(bijection, u, &bounds, false);
            let lost = 1e-15 * 8.0 * (1.0 + theta.abs()) / log_jacobian.exp();
            assert!(agree(back, u, 1e-14, lost + 1e-14), "{} at {u}: {back}", bijection.name);
        }
    }
}

#[test]
fn log_jacobians_agree_with_central_differences() {
    for bijection in transform::ALL {
        let bounds = bounds_of(bijection);
        for u in [-4.0, -1.0, -0.1, 0.0, 0.1, 1.0, 4.0] {
            let h = 1e-5;
            let [up, down] = [u + h, u - h].map(|u| value(bijection.forward_value, u, &bounds));
            let slope = ((up - down) / (2.0 * h)).abs().ln();
            let (_, log_jacobian) = on_the_tape(bijection, u, &bounds, false);
            assert!(agree(log_jacobian, slope, 0.0, DIFFERENCE), "{} at {u}", bijection.name);
        }
    }
}

#[test]
fn every_interval_has_its_bijection_and_the_image_lies_inside() {
    let inf = f64::INFINITY;
    let expected = [
        (-inf, inf, "identity"),
        (0.0, inf, "exp"),
        (2.0, inf, "lower"),
        (-2.0, inf, "lower"),
        (-inf, 3.0, "upper"),
        (0.0, 1.0, "interval"),
        (-1.0, 2.5, "interval"),
    ];
    for (low, high, name) in expected {
        for interval in [Interval::open(low, high), Interval::closed(low, high)] {
            let (bijection, bounds) = transform::for_support(&Support::Interval(interval)).expect(name);
            assert_eq!(bijection.name, name);
            assert_eq!(bounds.len(), bijection.bounds);
            for u in [-700.0, -40.0, -1.0, 0.0, 1.0, 40.0, 700.0] {
                let theta = value(bijection.forward_value, u, &bounds);
                let (on_tape, _) = on_the_tape(bijection, u, &bounds, true);
                // Far out θ may be rounded onto the bound; it must never pass it.
                assert!(
                    (low..=high).contains(&theta) && (low..=high).contains(&on_tape),
                    "{name} at {u}: {theta}"
                );
            }
        }
    }
}

#[test]
fn supports_without_a_bijection_are_refused() {
    let nan = f64::NAN;
    let refused = [
        Support::Interval(Interval::COUNT),
        Support::Interval(Interval::open(nan, 1.0)),
        Support::Interval(Interval::open(0.0, nan)),
        Support::Interval(Interval::open(1.0, 1.0)),
        Support::Interval(Interval::open(2.0, 1.0)),
        Support::Class(3),
        Support::Factor(3),
    ];
    for support in refused {
        assert!(transform::for_support(&support).is_none(), "{support:?}");
    }
}
