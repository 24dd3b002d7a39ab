//! L004: residuals of very different sizes under one noise are told after the fit, and only then.

use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use std::fmt::Write as _;

/// Warnings of a fit of `y` on `x`, 200 rows whose noise grows by the factor e^(3 growth).
fn warnings(growth: f64, likelihood: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "x,y\n".to_owned();
    for i in 0..200u32 {
        let x = f64::from(i * 37 % 200) / 66.7;
        let noise = (f64::from(i) * 12.9898).sin() + (f64::from(i) * 78.233).cos();
        writeln!(text, "{x},{}", 2.0 * x + 0.05 * noise * (growth * x).exp()).expect("a string");
    }
    std::fs::write(folder.path().join("rows.csv"), text).expect("written");
    let model = format!("data \"rows.csv\" {{ x, y : real }}\nb ~ Normal(0, 5)\n{likelihood}\n");
    let path = folder.path().join("model.bnn");
    std::fs::write(&path, model).expect("written");
    let session = Session::open(&path, Options { threads: Some(1), ..Options::default() });
    let run =
        fit(&session.expect("it is there"), &mut Silent).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
    run.manifest.warnings
}

#[test]
fn a_noise_that_grows_is_told_where_the_model_has_one_for_all() {
    let one = "s ~ HalfNormal(1)\ny ~ Normal(b * x, s)";
    let told = warnings(1.7, one);
    assert!(told.iter().any(|w| w.starts_with("L004") && w.contains("`y`")), "{told:?}");
    assert!(warnings(0.3, one).iter().all(|w| !w.starts_with("L004")), "less than threefold");
    let allowed =
        warnings(1.7, "s ~ HalfNormal(1)\ny ~ Normal(b * x, s)  # allow(L004): this is what it is about");
    assert!(allowed.iter().all(|w| !w.starts_with("L004")), "{allowed:?}");
    let by_row = warnings(1.7, "c[2] ~ Normal(0, 3)\ny ~ Normal(b * x, exp(c[1] + c[2] * x))");
    assert!(by_row.iter().all(|w| !w.starts_with("L004")), "{by_row:?}");
}
