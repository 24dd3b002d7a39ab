//! `bnnc predict` and `bnnc eval`: new rows as a user gives them.

use super::{Place, command};
use std::io::{Read, Write};
use std::process::Stdio;

/// A folder with a fitted line.
fn fitted() -> Place {
    let place = Place::with_line();
    let fit = place.run("fit line.bnn --seed 7 --quiet --set predict_draws=20");
    assert_eq!(fit.status, 0, "{}", fit.err);
    place
}

/// The program with a text on its standard input.
fn piped(place: &Place, line: &str, input: &str) -> (i32, String, String) {
    let mut child = command(&place.path(""), line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (child.wait().unwrap().code().unwrap(), out, err)
}

#[test]
fn columns_are_found_by_name_and_the_target_may_be_absent() {
    let place = fitted();
    place.write("new.csv", "other,x\nq,0.5\nr,-1\n");
    let shown = place.run("predict runs/line --data new.csv --quiet");
    assert_eq!(shown.status, 0, "{}", shown.err);
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(lines[0], "row,mean,sd,q05,q50,q95,aleatoric_sd,epistemic_sd");
    let mean = |line: &str| line.split(',').nth(1).unwrap().parse::<f64>().unwrap();
    assert!((mean(lines[1]) - 2.0).abs() < 0.5 && (mean(lines[2]) + 1.0).abs() < 0.6, "{}", shown.out);
    // The same rows the other way round, from a pipe, have the same numbers.
    let (status, out, _) = piped(&place, "predict runs/line --data - --quiet", "x,y\n-1,\n0.5,3\n");
    assert_eq!(status, 0);
    let again: Vec<&str> = out.lines().collect();
    let numbers = |line: &str| line.split(',').skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(numbers(lines[1]), numbers(again[2])[1..], "{out}");
    assert_eq!(numbers(lines[2]), numbers(again[1])[1..], "{out}");
    assert!(again[1].starts_with("1,NaN,") && again[2].starts_with("2,3,"), "{out}");
}

#[test]
fn formats_and_choices_of_columns() {
    let place = fitted();
    place.write("new.csv", "x\n0.5\n-1\n");
    for (file, start) in
        [("p.tsv", "row\tmean"), ("p.json", "{\"rows\": [\n {\"row\":1,"), ("p.npz", "PK"), ("p.npy", "")]
    {
        let shown = place.run(&format!("predict runs/line --data new.csv --out {file} --json"));
        assert_eq!(shown.status, 0, "{}", shown.err);
        assert!(shown.out.contains("\"rows\": 2"), "{}", shown.out);
        let bytes = std::fs::read(place.path(file)).unwrap();
        assert!(bytes.starts_with(start.as_bytes()), "{file}");
    }
    let shown =
        place.run("predict runs/line --data new.csv --quantiles 0.1,0.975 --draws --predict-draws 3 --quiet");
    let head = shown.out.lines().next().unwrap();
    assert_eq!(head, "row,mean,sd,q10,q97.5,aleatoric_sd,epistemic_sd,draw1,draw2,draw3");
    // What was written is what is read: an array by its name.
    let again = place.run("predict runs/line --data p.npz");
    assert!(again.err.contains("D001") && again.err.contains("`x` is not in p.npz"), "{}", again.err);
}

#[test]
fn what_is_wrong_with_new_rows_is_named() {
    let place = fitted();
    place.write("no_x.csv", "y\n1\n");
    place.write("word.csv", "x\none\n");
    place.write("empty.csv", "x\n");
    for (line, words) in [
        ("predict runs/line --data no_x.csv", "column `x` is not in no_x.csv"),
        ("predict runs/line --data word.csv", "row 2 of `x` in word.csv is \"one\""),
        ("predict runs/line --data empty.csv", "empty.csv has no rows"),
        ("predict runs/line --data nothing.csv", "there is no such file"),
        ("predict runs/none --data word.csv", "there is no run in runs/none"),
        ("predict runs/line --data word.csv --out p.xlsx", "its name does not say in what format"),
        ("eval runs/line --data word.csv", "column `y` is not in word.csv"),
    ] {
        let shown = place.run(line);
        assert_eq!(shown.status, 1, "{line}: {}", shown.err);
        assert!(shown.err.contains(words), "{line}: {}", shown.err);
    }
    let left = std::fs::read_dir(place.path(""))
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("partial"));
    assert_eq!(left.count(), 0, "nothing is left under a temporary name");
}

#[test]
fn the_held_out_rows_have_the_metrics_of_the_fit() {
    let place = fitted();
    let text = place.read("line.csv");
    let held: String = text
        .lines()
        .enumerate()
        .filter(|(i, l)| *i == 0 || l.ends_with("valid"))
        .map(|(_, l)| format!("{l}\n"))
        .collect();
    place.write("held.csv", &held);
    let shown = place.run("eval runs/line --data held.csv --json");
    assert_eq!(shown.status, 0, "{}", shown.err);
    let value: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(value["metrics"], place.json("runs/line/metrics.json")["splits"]["valid"]);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_goes_out_and_comes_in_with_the_same_numbers() {
    let place = fitted();
    place.write("new.csv", "x,y\n0.5,1\n-1,\n2,3.5\n");
    for file in ["p.csv", "p.parquet"] {
        let shown = place.run(&format!("predict runs/line --data new.csv --out {file}"));
        assert_eq!(shown.status, 0, "{}", shown.err);
    }
    // What was written is read again, by this program's own reader of pages: a model of the predictions themselves.
    place.write(
        "again.bnn",
        "data \"p.csv\" { x : real from \"mean\"; y : real from \"sd\" }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\n",
    );
    assert_eq!(place.run("fit again.bnn --quiet --set predict_draws=5").status, 0);
    let rows = |file: &str| {
        let shown = place.run(&format!("predict runs/again --data {file} --quiet"));
        assert_eq!(shown.status, 0, "{file}: {}", shown.err);
        shown.out
    };
    assert_eq!(rows("p.csv"), rows("p.parquet"));
    assert_eq!(rows("p.csv").lines().count(), 4);
}
