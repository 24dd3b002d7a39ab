//! The special functions against `special.csv`.

use super::{agree, none, table};
use bnnc::kernels::scalar::Unary;

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
];

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
