//! `dropout` as noise of the model: its ELBO and its predictions against closed forms.

use super::moments;
use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::{Run, TargetValues};
use std::fmt::Write as _;

/// Share of the input that is set to 0.
const RATE: f64 = 0.3;

fn rows() -> Vec<(f64, f64)> {
    let one = |i: u32| {
        let x = f64::from(i * 37 % 101) / 50.0 - 1.0;
        (x, 1.5 * x + (f64::from(i) * 12.9898).sin())
    };
    (0..120).map(one).collect()
}

fn run(rest: &str, threads: usize) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "x,y\n".to_owned();
    for (x, y) in rows() {
        writeln!(text, "{x},{y}").expect("a string");
    }
    std::fs::write(folder.path().join("rows.csv"), text).expect("written");
    let model = format!("data \"rows.csv\" {{ x, y : real }}\ny ~ Normal(f(x), 1)\n{rest}");
    let path = folder.path().join("model.bnn");
    std::fs::write(&path, model).expect("written");
    let session = Session::open(&path, Options { threads: Some(threads), ..Options::default() });
    fit(&session.expect("it is there"), &mut Silent).unwrap_or_else(|f| panic!("{:?}", f.diagnostics))
}

/// With y = w x m + b + ε and m = 0 or 1/(1−p), E_m of the squared error is (y − w x − b)² + w² x² p/(1−p): a ridge
/// (Wager, Wang, Liang 2013). So the optimum is that of a linear model with precision P = [1 + Σx²/(1−p), Σx; Σx, 1 + n]:
/// means P⁻¹ Σ(x y, y), and, mean-field, sds 1/√P_ii.
#[test]
fn dropout_of_a_line_is_a_ridge() {
    let fitted = run("net f(x) { dropout 0.3; dense 1 { w ~ Normal(0, 1); b ~ Normal(0, 1) } }", 1);
    let sum = |f: &dyn Fn(f64, f64) -> f64| rows().iter().map(|(x, y)| f(*x, *y)).sum::<f64>();
    let n = rows().len() as f64;
    let (w, b, both) = (1.0 + sum(&|x, _| x * x) / (1.0 - RATE), 1.0 + n, sum(&|x, _| x));
    let (wy, by) = (sum(&|x, y| x * y), sum(&|_, y| y));
    let determinant = w * b - both * both;
    let means = [(b * wy - both * by) / determinant, (w * by - both * wy) / determinant];
    for (name, mean, precision) in [("f.1.w[1,1]", means[0], w), ("f.1.b[1]", means[1], b)] {
        let ((found, found_sd), sd) = (moments(&fitted, name), precision.sqrt().recip());
        assert!((found - mean).abs() < 0.1 * sd, "{name}: mean {found} for {mean}");
        assert!((found_sd / sd - 1.0).abs() < 0.05, "{name}: sd {found_sd} for {sd}");
    }
    let best = 0.5 * (means[0] * wy + means[1] * by)
        - 0.5 * (n * std::f64::consts::TAU.ln() + sum(&|_, y| y * y) + w.ln() + b.ln());
    let o = fitted.metrics.objective;
    assert!(o.is_elbo, "the zeros are noise of the model, so this is a bound");
    assert!((o.value - best).abs() < 0.03 + 4.0 * o.se, "{} ± {} for {best}", o.value, o.se);
}

/// The zeros are there in predictions: sd² = 1 + (w x)² p/(1−p), the mean as without them.
#[test]
fn predictions_average_over_the_zeros() {
    let rest = "const p = 0.3\nnet f(x) { dropout p; dense 1 { w ~ Normal(2, 1e-5); b ~ Normal(0, 1e-5) } }
fit { method = prior; predict_draws = 4000 }";
    let drawn = run(rest, 1);
    let TargetValues::Reals(y) = &drawn.predictions[0].targets[0].values else {
        panic!("numbers are expected")
    };
    for (r, (x, _)) in rows().iter().enumerate() {
        let epistemic = 2.0 * x.abs() * (RATE / (1.0 - RATE)).sqrt();
        let error = 5.0 * epistemic / 4000f64.sqrt();
        assert!((y.mean[r] - 2.0 * x).abs() < error + 1e-4, "{r}: {} for {}", y.mean[r], 2.0 * x);
        assert!(
            (y.epistemic_sd[r] - epistemic).abs() < error + 1e-4,
            "{r}: {} for {epistemic}",
            y.epistemic_sd[r]
        );
    }
    // Rows have zeros of their own: of all rows the mean is 1/√rows as uncertain as that of one.
    let ratio =
        rows().into_iter().zip(&y.mean).filter(|((x, _), _)| x.abs() > 0.1).map(|((x, _), m)| m / (2.0 * x));
    let (n, total) = ratio.fold((0.0f64, 0.0f64), |(n, t), r| (n + 1.0, t + r));
    let error = (RATE / (1.0 - RATE)).sqrt() / (4000.0 * n).sqrt();
    assert!((total / n - 1.0).abs() < 5.0 * error, "{}", total / n);
}

#[test]
fn zeros_do_not_depend_on_the_number_of_threads() {
    let rest = "net f(x) { dense 4 tanh; dropout 0.5; dense 1 }\nfit { steps = 20; predict_draws = 5 }";
    let [one, three] = [1, 3].map(|n| run(rest, n));
    assert_eq!(one.tensors, three.tensors);
    assert_eq!(one.metrics.objective, three.metrics.objective);
    assert_eq!(one.summary, three.summary);
    // A rate of 0 is no layer at all.
    let plain = run("net f(x) { dense 4 tanh; dense 1 }\nfit { steps = 20; batch = 60 }", 1);
    let none = run("net f(x) { dense 4 tanh; dropout 0; dense 1 }\nfit { steps = 20; batch = 60 }", 1);
    assert_eq!(plain.metrics.objective, none.metrics.objective);
}

/// Given its zeros the log joint is a function of the weights: its gradient is that of central differences, before a
/// dense layer and behind one.
#[test]
fn the_gradient_with_zeros_is_that_of_differences() {
    for net in [
        "dropout 0.4; dense 3 tanh; dense 1",
        "dense 5 tanh; dropout 0.5; dense 4 relu; dropout 0.1; dense 1",
    ] {
        let text = format!(
            "data \"moons.csv\" {{ x1, x2 : real }}\nx1 ~ Normal(f([x2, x2 * x2]), 1)\nnet f(z) {{ {net} }}\n"
        );
        let (mut density, names) = super::density::joint("models/data", &text, &[]);
        let u: Vec<f64> = (0..names.len()).map(|i| (i as f64 * 0.7 + 0.3).sin()).collect();
        let (mut gradient, mut unused) = (vec![0.0; u.len()], vec![0.0; u.len()]);
        density.value_and_gradient(&u, &mut gradient);
        for i in 0..u.len() {
            let mut at = |h: f64| {
                let mut v = u.clone();
                v[i] += h;
                density.value_and_gradient(&v, &mut unused)
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            let error = (gradient[i] - difference).abs() / (1.0 + difference.abs());
            assert!(error < 1e-6, "{net}: {} {} for {difference}", names[i], gradient[i]);
        }
        // The zeros are there: without the layers the gradient is another.
        let plain =
            text.replace("dropout 0.4; ", "").replace("dropout 0.5; ", "").replace("dropout 0.1; ", "");
        let (mut without, _) = super::density::joint("models/data", &plain, &[]);
        without.value_and_gradient(&u, &mut unused);
        let apart = gradient.iter().zip(&unused).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart > 1.0, "{net}");
    }
}
