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
    let (theta, jacobian) = of_vector(bijection, &[u], Shape::scalar(), bounds, as_constants);
    (theta[0], jacobian[0])
}

/// The same for vectors, perhaps several.
fn of_vector(
    bijection: &Bijection,
    u: &[f64],
    shape: Shape,
    bounds: &[f64],
    as_constants: bool,
) -> (Vec<f64>, Vec<f64>) {
    let mut b = Builder::new();
    let mut inputs = Inputs::default();
    inputs.inputs.insert("u".into(), u.to_vec());
    let slot = b.input("u", shape);
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
    (values[theta.0 as usize].at(0).to_vec(), values[jacobian.0 as usize].at(0).to_vec())
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
        let us = row.vectors("u").expect("u").concat();
        if bijection.rank > 0 {
            complaints.extend(vectors_disagree(bijection, row, &us, &bounds));
            continue;
        }
        let u = us[0];
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

/// Of the largest entry and of the terms of the Jacobian; running sums round a little more.
const VECTOR: f64 = 1e-14;

/// What is wrong with a row of a vector bijection: on the tape, for two copies at once, in numbers, and back.
fn vectors_disagree(bijection: &Bijection, row: &table::Row, u: &[f64], bounds: &[f64]) -> Vec<String> {
    let want = row.vectors("theta").expect("θ").concat();
    let want_jacobian = row.number("log_jacobian").expect("J");
    let mut complaints = vec![];
    let size = u.iter().fold(1.0, |a: f64, b| a.max(b.abs()));
    let mut compare = |what: &str, got: &[f64], want: &[f64], absolute: f64| {
        let fits =
            got.len() == want.len() && got.iter().zip(want).all(|(g, w)| agree(*g, *w, VECTOR, absolute));
        if !fits {
            complaints.push(format!("line {}: {what} is {got:?}, should be {want:?}", row.line));
        }
    };
    let largest = want.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    // Shares far out are e^−u: a rounding of u moves them by as much.
    let rounding = if bijection.name == "simplex" { 0.0 } else { 1e-15 * largest };
    let relative = |got: &[f64]| -> Vec<f64> {
        got.iter()
            .zip(&want)
            .map(|(g, w)| if (g - w).abs() <= 4e-16 * size * w.abs() { *w } else { *g })
            .collect()
    };
    let (theta, jacobian) = of_vector(bijection, u, Shape::vector(u.len()), bounds, false);
    compare("theta on the tape", &relative(&theta), &want, rounding);
    compare("log Jacobian", &jacobian, &[want_jacobian], 1e-14 * size * u.len() as f64);
    let (theta, jacobian) = of_vector(bijection, &u.repeat(2), [2, u.len()].into(), bounds, false);
    compare("theta of copies", &relative(&theta[..want.len()]), &want, rounding);
    compare("theta of copies", &relative(&theta[want.len()..]), &want, rounding);
    compare("log Jacobian of copies", &jacobian, &[want_jacobian; 2], 1e-14 * size * u.len() as f64);
    let mut numbers = vec![];
    (bijection.forward_value)(u, bounds, &mut numbers);
    compare("theta in numbers", &relative(&numbers), &want, rounding);
    complaints
}

#[test]
fn vector_bijections_are_undone_by_their_inverses() {
    for bijection in transform::ALL.iter().filter(|b| b.rank > 0) {
        for u in [&[0.3, -1.2, 0.7][..], &[-4.0, 2.5, 0.0], &[0.1, 0.2, -0.3, 0.4, -0.5, 6.0]] {
            let (mut theta, mut back) = (vec![], vec![]);
            let bounds = bounds_of(bijection);
            (bijection.forward_value)(u, &bounds, &mut theta);
            (bijection.inverse_value)(&theta, &bounds, &mut back);
            // The redundant length of a unit vector is lost.
            let length = if bijection.name == "unit_vector" {
                u.iter().map(|v| v * v).sum::<f64>().sqrt()
            } else {
                1.0
            };
            assert_eq!(back.len(), u.len(), "{}", bijection.name);
            for (b, u) in back.iter().zip(u) {
                assert!(agree(b * length, *u, 1e-10, 1e-12), "{} at {u:?}: {back:?}", bijection.name);
            }
        }
    }
}

/// The entries of θ that a density of it is per unit of.
fn coordinates(bijection: &Bijection, theta: &[f64], free: usize) -> Vec<f64> {
    match bijection.name {
        "cholesky_corr" => {
            let n = (theta.len() as f64).sqrt().round() as usize;
            (0..n).flat_map(|i| theta[i * n..i * n + i].to_vec()).collect()
        }
        _ => theta[..free].to_vec(),
    }
}

#[test]
fn log_jacobians_of_vectors_agree_with_determinants_of_central_differences() {
    for bijection in transform::ALL.iter().filter(|b| b.rank > 0 && b.name != "unit_vector") {
        for u in [&[0.3, -0.8, 0.5][..], &[-1.0, 0.2, 1.4], &[0.4]] {
            let n = u.len();
            let h = 1e-5;
            let column = |k: usize| -> Vec<f64> {
                let at = |step: f64| {
                    let (mut v, mut theta) = (u.to_vec(), vec![]);
                    v[k] += step;
                    (bijection.forward_value)(&v, &bounds_of(bijection), &mut theta);
                    theta
                };
                at(h).iter().zip(at(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect()
            };
            let columns: Vec<Vec<f64>> = (0..n).map(column).collect();
            let matrix: Vec<Vec<f64>> = match bijection.name {
                // Per unit of surface: the root of the determinant of JᵀJ, an isometry's is 1.
                "sum_to_zero" => columns
                    .iter()
                    .map(|a| columns.iter().map(|b| a.iter().zip(b).map(|(x, y)| x * y).sum()).collect())
                    .collect(),
                _ => columns.iter().map(|c| coordinates(bijection, c, n)).collect(),
            };
            let log_determinant = determinant(matrix).abs().ln();
            let (_, got) = of_vector(bijection, u, Shape::vector(n), &bounds_of(bijection), false);
            assert!(
                agree(got[0], log_determinant, 0.0, 1e-7),
                "{} at {u:?}: {} {log_determinant}",
                bijection.name,
                got[0]
            );
        }
    }
}

/// By elimination, the largest pivot first.
fn determinant(mut m: Vec<Vec<f64>>) -> f64 {
    let n = m.len();
    let mut product = 1.0;
    for k in 0..n {
        let pivot = (k..n).max_by(|a, b| m[*a][k].abs().total_cmp(&m[*b][k].abs())).unwrap_or(k);
        m.swap(k, pivot);
        product *= m[k][k] * if pivot == k { 1.0 } else { -1.0 };
        for i in k + 1..n {
            let factor = m[i][k] / m[k][k];
            for j in k..n {
                m[i][j] -= factor * m[k][j];
            }
        }
    }
    product
}

/// Bounds to try a bijection with.
fn bounds_of(bijection: &Bijection) -> Vec<f64> {
    [-1.5, 4.0][..bijection.bounds].to_vec()
}

#[test]
fn the_inverse_undoes_the_bijection() {
    for bijection in transform::ALL.iter().filter(|b| b.rank == 0) {
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
    for bijection in transform::ALL.iter().filter(|b| b.rank == 0) {
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
