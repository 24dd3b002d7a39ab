//! Units and orders change no answer: columns scaled, rows, columns and statements reordered, targets shifted.

use super::set;
use bnnc::compile::{Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;

/// Most that a mean may move, in sds, and an sd, as a share: two averages of iterates, each with its error.
const MEAN: f64 = 0.04;
const SD: f64 = 0.04;

/// A data set: names and columns.
type Columns = Vec<(&'static str, Vec<f64>)>;

/// Two correlated columns far from zero, a target with noise and a switch: 60 rows by a fixed recurrence.
fn columns() -> Columns {
    let mut state = 12_345u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut normal = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    let (mut x1, mut x2, mut y, mut hit) = (vec![], vec![], vec![], vec![]);
    for _ in 0..60 {
        let (a, b) = (normal(), normal());
        x1.push(5.0 + a);
        x2.push(2.0 + 0.8 * a + 0.6 * b);
        y.push(1.0 + 1.5 * (5.0 + a) - 0.7 * (2.0 + 0.8 * a + 0.6 * b) + 0.8 * normal());
        hit.push(f64::from(a - 0.5 * b + normal() > 0.0));
    }
    vec![("x1", x1), ("x2", x2), ("y", y), ("hit", hit)]
}

const HEAD: &str = "data \"data.csv\" { x1, x2, y : real; hit : bool }\n";
const LINE: &str =
    "a ~ Flat\nb1 ~ Flat\nb2 ~ Flat\nsigma ~ Flat on (0, inf)\ny ~ Normal(a + b1 * x1 + b2 * x2, sigma)";
const SWITCH: &str = "a ~ Flat\nb1 ~ Flat\nb2 ~ Flat\nhit ~ Bernoulli(logit = a + b1 * x1 + b2 * x2)";

fn fitted(columns: &Columns, model: &str, settings: &[(&str, &str)]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<&str> = columns.iter().map(|(n, _)| *n).collect();
    let mut text = names.join(",") + "\n";
    for row in 0..columns[0].1.len() {
        let fields: Vec<String> = columns.iter().map(|(_, v)| v[row].to_string()).collect();
        text += &(fields.join(",") + "\n");
    }
    std::fs::write(folder.path().join("data.csv"), text).expect("written");
    let path = folder.path().join("model.bnn");
    std::fs::write(&path, format!("{HEAD}{model}\n")).expect("written");
    let session = Session::open(&path, set(settings)).expect("it was written");
    fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{model}: {:?}", f.diagnostics))
}

/// Asserts that `there` is `here` with each unknown mapped: (name, factor, shift).
fn same(here: &Run, there: &Run, maps: &[(&str, f64, f64)], what: &str) {
    for row in &here.summary {
        let other = there.summary.iter().find(|r| r.variable == row.variable).expect("the same unknowns");
        let map = maps.iter().find(|(n, ..)| *n == row.variable);
        let (factor, shift) = map.map_or((1.0, 0.0), |(_, f, s)| (*f, *s));
        let error = (other.mean - (factor * row.mean + shift)) / (factor * row.sd);
        let ratio = other.sd / (factor * row.sd);
        let name = &row.variable;
        assert!(error.abs() < MEAN && (ratio - 1.0).abs() < SD, "{what}: {name} {error:.4} {ratio:.4}");
    }
}

#[test]
fn the_units_of_a_column_change_nothing() {
    for guide in ["fullrank", "meanfield"] {
        for model in [LINE, SWITCH] {
            let here = fitted(&columns(), model, &[("guide", guide)]);
            for scale in [1e4, 1e-4, 1e6] {
                let mut scaled = columns();
                scaled[0].1.iter_mut().for_each(|x| *x *= scale);
                let there = fitted(&scaled, model, &[("guide", guide)]);
                same(
                    &here,
                    &there,
                    &[("b1", 1.0 / scale, 0.0)],
                    &format!("{guide}, x1 by {scale:e}: {model}"),
                );
            }
        }
    }
}

#[test]
fn a_shifted_or_scaled_target_shifts_and_scales_its_unknowns() {
    let here = fitted(&columns(), LINE, &[]);
    for (scale, shift) in [(1.0, 1e5), (1e4, 0.0), (1e-4, 3.0)] {
        let mut moved = columns();
        moved[2].1.iter_mut().for_each(|y| *y = scale * *y + shift);
        let maps = [("a", scale, shift), ("b1", scale, 0.0), ("b2", scale, 0.0), ("sigma", scale, 0.0)];
        same(&here, &fitted(&moved, LINE, &[]), &maps, &format!("y by {scale:e} and {shift:e}"));
    }
}

#[test]
fn the_order_of_rows_columns_and_statements_changes_nothing() {
    let here = fitted(&columns(), LINE, &[]);
    let mut rows = columns();
    rows.iter_mut().for_each(|(_, v)| v.reverse());
    same(&here, &fitted(&rows, LINE, &[]), &[], "rows reversed");
    let mut order = columns();
    order.reverse();
    same(&here, &fitted(&order, LINE, &[]), &[], "columns reversed");
    let lines: Vec<&str> = LINE.lines().rev().collect();
    same(&here, &fitted(&columns(), &lines.join("\n"), &[]), &[], "statements reversed");
}

const NET: &str = "net f(x) {\n  each layer { w ~ Normal(0, s); b ~ Normal(0, s); s ~ HalfNormal(1) }\n  dense 4 tanh\n  dense 1\n}\n";
/// Most that the ELBO of a net may move, in nats: fits from other starts end in other corners of one optimum.
const NATS: f64 = 0.6;

fn net(inputs: &str, target: &str) -> String {
    let f = format!("f(standardize([{inputs}]))");
    match target {
        "y" => format!("{NET}z = standardize(y)\nnoise ~ HalfNormal(1)\nz ~ Normal({f}, noise)"),
        _ => format!("{NET}hit ~ Bernoulli(logit = {f})"),
    }
}

#[test]
fn units_and_orders_change_no_net() {
    for target in ["y", "hit"] {
        let value = |columns: &Columns, inputs: &str| {
            let run = fitted(columns, &net(inputs, target), &[("predict_draws", "20")]);
            run.metrics.objective.value
        };
        let here = value(&columns(), "x1, x2");
        let moved = |change: &dyn Fn(&mut Columns)| {
            let mut there = columns();
            change(&mut there);
            value(&there, "x1, x2")
        };
        let scaled = |i: usize, by: f64, shift: f64| {
            moved(&|c: &mut Columns| c[i].1.iter_mut().for_each(|x| *x = *x * by + shift))
        };
        let mut others = vec![
            ("x1 by 1e4", scaled(0, 1e4, 0.0)),
            ("x2 by 1e-4 and 7", scaled(1, 1e-4, 7.0)),
            ("rows reversed", moved(&|c| c.iter_mut().for_each(|(_, v)| v.reverse()))),
            ("inputs reversed", value(&columns(), "x2, x1")),
        ];
        if target == "y" {
            others.push(("y by 1e4 and 1e6", scaled(2, 1e4, 1e6) + 60.0 * 1e4f64.ln()));
        }
        for (what, there) in others {
            assert!((there - here).abs() < NATS, "{target}, {what}: {there:.3} for {here:.3}");
        }
    }
}
