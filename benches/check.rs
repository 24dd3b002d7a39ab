//! How long `check` takes: of a model of 200 lines with its data header, and of up to 10,000 declarations.
//!
//!     cargo bench --bench check
//!
//! The best of several repeats counts, because a shared machine only ever adds time.

use bnnc::compile::{Options, Session};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

/// Repeats; the best counts.
const REPEATS: usize = 7;
/// Limits in milliseconds.
const SMALL: f64 = 20.0;
const LARGE: f64 = 1_000.0;

fn main() {
    let folder = std::env::temp_dir().join(format!("bnnc-bench-check-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files is writable");
    let header: Vec<String> = (1..=40).map(|i| format!("x{i}")).chain(["y".to_owned()]).collect();
    let row = vec!["0.5"; header.len()].join(",");
    std::fs::write(folder.join("data.csv"), format!("{}\n{row}\n{row}\n", header.join(",")))
        .expect("writable");
    let took = time(&folder, &two_hundred_lines());
    println!("200 lines with a data header   {took:8.2} ms   limit {SMALL} ms");
    for count in [1_250, 2_500, 5_000, 10_000] {
        let took = time(&folder, &declarations(count));
        println!("{count:6} declarations            {took:8.2} ms   {:.4} ms each", took / count as f64);
        if count == 10_000 {
            println!("                               limit {LARGE} ms");
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// Milliseconds to read and check a model.
fn time(folder: &Path, text: &str) -> f64 {
    let path = folder.join("model.bnn");
    std::fs::write(&path, text).expect("writable");
    let one = || {
        let begun = Instant::now();
        let session = Session::open(&path, Options::default()).expect("just written");
        let found = session.check();
        assert!(!found.has_errors(), "{:?}", found.0.first());
        begun.elapsed().as_secs_f64() * 1e3
    };
    (0..REPEATS).map(|_| one()).fold(f64::INFINITY, f64::min)
}

fn two_hundred_lines() -> String {
    let mut text = String::from("data \"data.csv\" {\n  x : real[40]\n  y : real\n}\n");
    text += "const n = 8\nnet f(v) {\n  each layer {\n    w ~ Normal(0, s / sqrt(fan_in))\n    s ~ HalfNormal(1)\n  }\n";
    for _ in 0..20 {
        text += "  dense n tanh\n  residual {\n    dense n relu\n    dense (n * 1)\n  }\n";
    }
    text += "  dense 1\n}\n";
    for i in 1..=40 {
        let _ = writeln!(text, "b{i} ~ Normal(0, 1)\nt{i} = b{i} * x[{i}] + exp(-square(x[{i}]))");
    }
    let sum: Vec<String> = (1..=40).map(|i| format!("t{i}")).collect();
    let _ = writeln!(text, "sigma ~ HalfNormal(1)\ny ~ Normal(f(x) + {}, sigma)", sum.join(" + "));
    text
}

/// Unknowns and definitions, each using the one before.
fn declarations(count: usize) -> String {
    let mut text = String::from("data \"data.csv\" { x1, y : real }\nb0 ~ Normal(0, 1)\nd0 = b0 * x1\n");
    for i in 1..count / 2 {
        let _ = writeln!(text, "b{i} ~ Normal(0, 1)\nd{i} = d{} + b{i} * x1", i - 1);
    }
    let _ = writeln!(text, "y ~ Normal(d{}, 1)", count / 2 - 1);
    text
}
