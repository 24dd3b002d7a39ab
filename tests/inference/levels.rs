//! A column in the prior of `theta[school]` stands for its one value per school.

use super::moments;
use bnnc::compile::{FitFailure, Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;

fn run(rows: &str, rest: &str) -> Result<Run, FitFailure> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rows.csv"), rows).expect("written");
    let path = folder.path().join("model.bnn");
    let model =
        format!("data \"rows.csv\" {{ u, y : real; school : factor }}\ny ~ Normal(theta[school], 1)\n{rest}");
    std::fs::write(&path, model).expect("written");
    fit(&Session::open(&path, Options::default()).expect("it is there"), &mut Silent)
}

const ROWS: &str = "school,u,y\nb,2,4.5\na,-1,0.5\na,-1,1.5\nc,0.5,3\nb,2,5\nc,0.5,1\n";

/// Given the prior means 1 + 2 u of the levels a, b, c, each is normal: precision 1/τ² + n, τ = 1/2.
#[test]
fn a_column_has_one_value_per_level() {
    for prior in ["1 + 2 * u", "1 + slope * u", "copy[school]"] {
        let rest = format!(
            "slope ~ Normal(2, 1e-4)\ncopy[school] ~ Normal(1 + exp(log(slope^2) / 2) * u, 1e-4)\ntheta[school] ~ Normal({prior}, 0.5)"
        );
        let run = run(ROWS, &rest).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
        for (level, u, sum) in [("a", -1.0, 2.0), ("b", 2.0, 9.5), ("c", 0.5, 4.0)] {
            let precision = 4.0 + 2.0;
            let mean = (4.0 * (1.0 + 2.0 * u) + sum) / precision;
            let (found, sd) = moments(&run, &format!("theta[{level}]"));
            assert!((found - mean).abs() < 0.05, "{prior}, {level}: {found} for {mean}");
            assert!((sd * f64::sqrt(precision) - 1.0).abs() < 0.05, "{prior}, {level}: {sd}");
        }
    }
}

#[test]
fn a_column_that_varies_within_a_level_is_told() {
    let rows = ROWS.replace("c,0.5,1", "c,0.75,1");
    let failure = run(&rows, "theta[school] ~ Normal(1 + 2 * u, 0.5)").map(|_| ()).expect_err("u varies");
    let finding = &failure.diagnostics.0[0];
    assert_eq!((failure.exit, finding.code.id()), (1, "D013"));
    assert!(finding.message == "`u` varies within `c` of `school`", "{}", finding.message);
    assert!(finding.labels[0].text.contains("0.5 in row 4, 0.75 in row 6"), "{:?}", finding.labels);
}
