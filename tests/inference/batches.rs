//! Section 9.2 of the notes on batches of a tenth of the rows: the mean-field optimum of linear regression, with
//! columns in any units. The constants are those of `models/linear.bnn`.

use super::{MEAN_FIELD, MEAN_FIELD_SDS, MEANS, SDS, set};
use bnnc::compile::{Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::{Run, TensorValues};

/// `models/linear.bnn` with its columns multiplied and its priors divided; six of its sixty rows in a step.
fn fitted(scales: [f64; 2], settings: &[(&str, &str)]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = include_str!("../../models/data/linear.csv").lines().skip(1).map(|line| {
        let mut numbers = line.split(',').map(|x| x.parse::<f64>().expect("a number"));
        let mut next = || numbers.next().expect("three columns");
        format!("{},{},{}\n", next() * scales[0], next() * scales[1], next())
    });
    let text: String = std::iter::once("x1,x2,y\n".to_owned()).chain(rows).collect();
    std::fs::write(folder.path().join("data.csv"), text).expect("written");
    let path = folder.path().join("model.bnn");
    let model = format!(
        "data \"data.csv\" {{ x1, x2, y : real }}\na ~ Normal(0, 2)\nb1 ~ Normal(0, 2 / {})\nb2 ~ Normal(0, 2 / {})\n\
         y ~ Normal(a + b1 * x1 + b2 * x2, 0.7)\n",
        scales[0], scales[1]
    );
    std::fs::write(&path, model).expect("written");
    let session = Session::open(&path, set(settings)).expect("it was written");
    fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{:?}", f.diagnostics))
}

#[test]
fn a_tenth_of_the_rows_at_a_time_reaches_the_mean_field_optimum() {
    for scales in [[1.0, 1.0], [1e4, 1e-4]] {
        let run = fitted(scales, &[("batch", "6")]);
        let o = run.metrics.objective;
        assert!((o.value - MEAN_FIELD).abs() < 0.01 + 3.0 * o.se, "{scales:?}: {} ± {}", o.value, o.se);
        for (i, (name, scale)) in [("a", 1.0), ("b1", scales[0]), ("b2", scales[1])].into_iter().enumerate() {
            let number = |kind: &str| {
                let tensor =
                    run.tensors.iter().find(|t| t.name == format!("{name}.{kind}")).expect("a tensor");
                let TensorValues::F64(values) = &tensor.values else { panic!("without a net all is f64") };
                values[0]
            };
            let error = (number("mean") * scale - MEANS[i]) / SDS[i];
            let ratio = number("log_sd").exp() * scale / MEAN_FIELD_SDS[i];
            assert!(
                error.abs() < 0.05 && (ratio - 1.0).abs() < 0.01,
                "{scales:?} {name}: {error:.4} {ratio:.4}"
            );
        }
    }
}
