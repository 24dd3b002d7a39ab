//! The special functions against `special.csv`.

use super::{agree, none, table};
use bnnc::kernels::scalar::{Binary, Unary};

/// What each function may lose, relative, and near its zeros absolutely.
const FUNCTIONS: &[(Unary, f64, f64)] = &[
    // libm: below one unit in the last place
    (Unary::Erf, 1e-15, 0.0),
    // x/√2 is rounded, and e^−x²/2 magnifies that by x²
    (Unary::NormalCdf, 1e-12, 0.0),
    (Unary::LogNormalCdf, 1e-14, 1e-30),
    // near the zeros at 1 and 2 only the absolute error is kept
    (Unary::LnGamma, 1e-14, 1e-15),
    (Unary::Digamma, 1e-13, 1e-14),
    (Unary::Trigamma, 1e-13, 0.0),
    // near 0 the logarithm is −x, less what rounding of 1 takes
    (Unary::LogBesselI0e, 1e-14, 1e-15),
    (Unary::BesselDrop, 1e-14, 1e-15),
];

/// Those of two numbers. A shape of 1e5 makes terms of 1e6 that cancel.
const OF_TWO: &[(Binary, f64, f64)] = &[
    (Binary::LogGammaP, 1e-12, 1e-300),
    (Binary::LogGammaQ, 1e-12, 1e-300),
    (Binary::LogStudentCdf, 1e-12, 1e-300),
    (Binary::LogAddExp, 1e-15, 1e-300),
];

#[test]
fn special_functions_of_two_numbers_agree_with_mpmath() {
    let rows = table::read("special_two.csv");
    let mut complaints = vec![];
    for (f, relative, absolute) in OF_TWO {
        let of: Vec<_> = rows.iter().filter(|r| r.text("function") == f.name()).collect();
        assert!(of.len() >= 5, "{} has {} rows", f.name(), of.len());
        for row in of {
            let [a, b, want] = ["a", "b", "value"].map(|c| row.number(c).expect("a number"));
            let got = f.apply(a, b);
            // What one rounding of the terms of x^a e^−x / Γ(a) is.
            let terms = if *f == Binary::LogAddExp {
                0.0
            } else {
                4e-16 * (a * b.abs().ln().abs() + b.abs().min(1e6))
            };
            if !agree(got, want, *relative, absolute + terms * want.abs().min(1.0)) {
                let error = (got - want) / want;
                complaints
                    .push(format!("{}({a:e}, {b:e}) is {got:e}, should be {want:e}: {error:.1e}", f.name()));
            }
        }
    }
    none(complaints);
}

#[test]
fn special_functions_agree_with_mpmath() {
    let rows = table::read("special.csv");
    let mut complaints = vec![];
    for (f, relative, absolute) in FUNCTIONS {
        let of: Vec<_> = rows.iter().filter(|r| r.text("function") == f.name()).collect();
        assert!(of.len() > 20, "{} has {} rows", f.name(), of.len());
        for row in of {
            let (x, want) = (row.number("x").expect("x"), row.number("value").expect("a value"));
            let got = f.apply(x);
            if !agree(got, want, *relative, *absolute) {
                let error = (got - want) / want;
                complaints.push(format!("{}({x:e}) is {got:e}, should be {want:e}: {error:.1e}", f.name()));
            }
        }
    }
    none(complaints);
}
