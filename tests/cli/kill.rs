//! Fits that are killed at any moment and taken up again end with the bits of those that were not.
//!
//! A few moments in every run of the tests; a hundred, over three signals, in the slow ones, which print how many were
//! caught and how many ended with equal bits.

use super::{Outcome, Place, command};
use sha2::{Digest, Sha256};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A way through `infer`, by a model that takes it and is fitted within seconds.
struct Case {
    name: &'static str,
    model: &'static str,
    /// Options of `fit`.
    options: &'static str,
}

const NET: &str = r"data moons(n = 120, seed = 3) { x1, x2 : real; y : class(2) }
net f(x) {
  each layer { w ~ Normal(0, 1); b ~ Normal(0, 1) }
  dense 6 tanh
  dense 2 softmax
}
y ~ Categorical(probs = f([x1, x2]))
";
/// A hierarchy, which is fitted in two parameterisations.
const GROUPS: &str = r#"data "line.csv" { x, y : real; part : factor }
m ~ Normal(0, 3)
t ~ HalfNormal(1)
a[part] ~ Normal(m, t)
b ~ Normal(0, 3)
s ~ HalfNormal(1)
y ~ Normal(a[part] + b * x, s)
"#;

/// One whose groups have rows enough to be known without it: the form that is fitted first is suspended and given up.
const KNOWN_GROUPS: &str = r#"data "known.csv" { g : factor; y : real }
m ~ Normal(0, 5)
t ~ HalfNormal(5)
theta[g] ~ Normal(m, t)
s ~ HalfNormal(1)
y ~ Normal(theta[g], s)
"#;

const CASES: &[Case] = &[
    Case { name: "no net", model: "line", options: "--steps 4000" },
    Case { name: "small net", model: "net", options: "--set predict_draws=5 --set restarts=3 --steps 300" },
    Case { name: "minibatch", model: "net", options: "--set predict_draws=5 --batch 16 --steps 1500" },
    Case { name: "nuts", model: "line", options: "--method nuts --set samples=600 --set tune=600" },
    Case {
        name: "particles",
        model: "scaled",
        options: "--set predict_draws=5 --set restarts=1 --steps 100 --method smc --set samples=40 --set chains=2",
    },
    Case { name: "wide net", model: "wide", options: "--set predict_draws=5 --set restarts=2 --steps 60" },
    Case { name: "batches, no net", model: "line", options: "--batch 5 --steps 3000" },
    Case {
        name: "low rank in batches",
        model: "net",
        options: "--set predict_draws=5 --batch 16 --steps 800 --set guide=lowrank",
    },
    Case { name: "laplace", model: "net", options: "--set predict_draws=5 --method laplace" },
    Case { name: "either way", model: "groups", options: "--steps 1500" },
    Case { name: "a race of two forms", model: "known", options: "--set guide=meanfield" },
    Case {
        name: "mixture",
        model: "net",
        options: "--set predict_draws=5 --set restarts=3 --set mix=elbo --steps 200",
    },
    Case { name: "ensemble", model: "net", options: "--set predict_draws=5 --set mix=true --method map" },
];
/// Cases of the ordinary tests.
const ORDINARY: usize = 5;

fn place() -> Place {
    let place = Place::with_line();
    place.write("net.bnn", NET);
    // Its scales move with their weights.
    place.write("scaled.bnn", &NET.replace("w ~ Normal(0, 1)", "s ~ HalfNormal(1); w ~ Normal(0, s)"));
    place.write("wide.bnn", &NET.replace("dense 6 tanh", "dense 40 tanh\n  dense 50 tanh"));
    place.write("groups.bnn", GROUPS);
    let known = |i: usize| {
        format!("g{},{}\n", i % 4, 2.0 * (1.3 * (i % 4) as f64).sin() + (7.1 * i as f64).sin() / 2.0)
    };
    place.write("known.csv", &format!("g,y\n{}", (0..240).map(known).collect::<String>()));
    place.write("known.bnn", KNOWN_GROUPS);
    place
}

/// A fit of a case into a folder, from the start or resumed.
fn fit(place: &Place, case: &Case, to: &str) -> Child {
    let line = format!("fit {}.bnn {} {to} --checkpoint-every 20ms --threads 2", case.model, case.options);
    let mut command = command(&place.path(""), &line);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn posterior(place: &Place, run: &str) -> String {
    let bytes = std::fs::read(place.path(run).join("posterior.safetensors")).unwrap();
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// How one interrupted fit went.
#[derive(Debug, PartialEq)]
enum Caught {
    /// it was over before the signal
    TooLate,
    /// it was interrupted, with the steps taken up again or not
    Yes,
}

/// Sends a signal after a share of the time that the whole fit takes, then resumes until the run is there.
fn interrupt(place: &Place, case: &Case, run: &str, signal: &str, after: Duration) -> Caught {
    let mut child = fit(place, case, &format!("--out {run}"));
    std::thread::sleep(after);
    let id = child.id().to_string();
    let _ =
        std::process::Command::new("kill").args([&format!("-{signal}"), &id]).stderr(Stdio::null()).status();
    let first = Outcome::of(child.wait_with_output().unwrap());
    // A signal after the run has its name finds a fit that is over; its bits are compared like all others.
    if first.status == 0 || place.path(run).exists() {
        return Caught::TooLate;
    }
    // What was not listened to yet ends the process as any signal does.
    let expected = if signal == "KILL" { vec![-1] } else { vec![130, -1] };
    assert!(expected.contains(&first.status), "{}: {signal}: {} {}", case.name, first.status, first.err);
    let resumed = Outcome::of(fit(place, case, &format!("--resume {run}")).wait_with_output().unwrap());
    assert_eq!(resumed.status, 0, "{}: {}", case.name, resumed.err);
    let said = ["going on with", "beginning again"];
    assert!(said.iter().any(|s| resumed.err.contains(s)), "{}: {}", case.name, resumed.err);
    child = fit(place, case, &format!("--resume {run}"));
    let again = Outcome::of(child.wait_with_output().unwrap());
    assert!(again.status == 0 && again.err.contains("finished"), "{}", again.err);
    Caught::Yes
}

/// Interrupts fits of a case at so many moments of each signal; how many were caught, all of which gave equal bits.
fn campaign(place: &Place, case: &Case, moments: &[f64], signals: &[&str]) -> usize {
    let begun = Instant::now();
    let whole = fit(place, case, "--out whole --force").wait_with_output().unwrap();
    assert!(whole.status.success(), "{}: {}", case.name, String::from_utf8_lossy(&whole.stderr));
    let (time, bits) = (begun.elapsed(), posterior(place, "whole"));
    let mut caught = 0;
    for (i, moment) in moments.iter().enumerate() {
        let run = format!("run-{}-{i}", case.name.replace([' ', ','], ""));
        let signal = signals[i % signals.len()];
        caught += usize::from(interrupt(place, case, &run, signal, time.mul_f64(*moment)) == Caught::Yes);
        assert_eq!(posterior(place, &run), bits, "{}: {signal} at {moment:.2}", case.name);
    }
    caught
}

#[test]
fn killed_fits_go_on_and_end_with_the_same_bits() {
    let place = place();
    let signals = ["INT", "KILL", "TERM"];
    let cases = &CASES[..ORDINARY];
    let caught: usize = cases
        .iter()
        .enumerate()
        .map(|(i, case)| campaign(&place, case, &[0.35 + 0.04 * i as f64], &signals[i % 3..]))
        .sum();
    assert!(caught >= cases.len() / 2, "only {caught} of {} fits were caught", cases.len());
    let left: Vec<_> = std::fs::read_dir(place.path(""))
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|n| n.starts_with('.'))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "nothing is left under a temporary name");
}

#[test]
#[ignore = "slow: a hundred interrupted fits, a few minutes"]
fn a_hundred_killed_fits_end_with_the_same_bits() {
    let place = place();
    // Fractional parts of multiples of the golden ratio: moments that are spread evenly and are no round numbers.
    let moments: Vec<f64> = (1..=13).map(|i| (f64::from(i) * 0.618_033_988_749).fract()).collect();
    println!("| path | moments | caught | equal bits |\n| --- | --- | --- | --- |");
    for case in CASES {
        let caught = campaign(&place, case, &moments, &["INT", "TERM", "KILL"]);
        println!("| {} | {} | {caught} | {} |", case.name, moments.len(), moments.len());
    }
}

#[test]
fn two_fits_of_the_same_name_do_not_mix() {
    let place = Place::with_line();
    let case = Case { name: "two", model: "line", options: "--steps 3000" };
    let both = [fit(&place, &case, "--out run"), fit(&place, &case, "--out run")];
    for child in both {
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        assert_eq!(outcome.status, 0, "{}", outcome.err);
    }
    // If the first was over before the second looked, the second was refused; it was not: both ended with 0.
    assert_eq!(posterior(&place, "run"), posterior(&place, "run-2"));
}

#[test]
fn what_has_changed_since_is_refused_by_name() {
    let place = place();
    let case = &CASES[2];
    let mut child = fit(&place, case, "--out run");
    std::thread::sleep(Duration::from_millis(150));
    child.kill().unwrap();
    child.wait().unwrap();
    let outcome = place.run("fit net.bnn --resume run --seed 7");
    if outcome.err.contains("there is no checkpoint") {
        // Killed before it had a folder: this machine is slow today.
        return;
    }
    assert!(outcome.status == 1 && outcome.err.contains("error[R003]"), "{}", outcome.err);
    assert!(outcome.err.contains("seed") && outcome.err.contains("--resume run"), "{}", outcome.err);
    place.write("net.bnn", &format!("{NET}# a comment\n"));
    let outcome = place.run("fit net.bnn --resume run");
    assert!(outcome.status == 1 && outcome.err.contains("the model's text has changed"), "{}", outcome.err);
    place.write("net.bnn", NET);
    // Options that are left out are those it began with.
    let outcome = place.run("fit net.bnn --resume run");
    assert_eq!(outcome.status, 0, "{}", outcome.err);
    assert_eq!(place.json("run/manifest.json")["options"]["batch"], 16.0);
}

#[test]
fn a_resume_of_nothing_begins_again_and_says_so() {
    let place = Place::with_line();
    let outcome = place.run("fit line.bnn --resume runs/line");
    assert!(outcome.status == 0 && outcome.err.contains("beginning again"), "{}", outcome.err);
    let before = place.read("runs/line/manifest.json");
    let outcome = place.run("fit line.bnn --resume runs/line");
    assert!(outcome.status == 0 && outcome.err.contains("nothing to do"), "{}", outcome.err);
    assert_eq!(place.read("runs/line/manifest.json"), before);
    for line in [
        "fit line.bnn --resume a --out b",
        "fit line.bnn --resume a --force",
        "fit line.bnn --checkpoint-every 10",
    ] {
        assert_eq!(place.run(line).status, 2, "{line}");
    }
}
