//! Every command but `fit`: what it prints and how it ends.

use super::{Place, command};
use crate::support::snapshot;
use std::io::Read;
use std::process::Stdio;

#[test]
fn check_says_nothing_is_wrong_and_prints_every_stage() {
    let place = Place::with_line();
    let checked = place.run("check line.bnn");
    assert_eq!((checked.status, checked.out.as_str()), (0, ""), "{}", checked.err);
    assert_eq!(checked.err, "line.bnn: no findings\n");
    for stage in ["ast", "model", "tape", "elbo", "grad", "plan"] {
        let emitted = place.run(&format!("check --emit {stage} line.bnn"));
        assert_eq!((emitted.status, emitted.err.as_str()), (0, ""), "{stage}");
        assert!(emitted.out.lines().count() >= 4, "{stage}: {}", emitted.out);
    }
}

#[test]
fn check_as_json_lists_findings_with_their_places() {
    let place = Place::with_line();
    place.write("wrong.bnn", "data \"line.csv\" { x, y : real }\ny ~ Normal(x, sgima)\n");
    let checked = place.run("check wrong.bnn line.bnn --format json");
    let value: serde_json::Value = serde_json::from_str(&checked.out).unwrap();
    assert_eq!(checked.status, 1);
    assert_eq!(value["files"][0]["diagnostics"][0]["code"], "N001");
    assert_eq!(value["files"][0]["diagnostics"][0]["labels"][0]["start"]["line"], 2);
    assert_eq!(value["files"][1]["diagnostics"].as_array().unwrap().len(), 0);
}

#[test]
fn denied_warnings_count_as_errors() {
    let place = Place::with_line();
    place.write("unused.bnn", "data \"line.csv\" { x, y : real }\na ~ Normal(0, 1)\ny ~ Normal(x, 1)\n");
    let (lenient, strict) = (place.run("check unused.bnn"), place.run("check unused.bnn --deny warnings"));
    assert!(lenient.err.contains("warning[N005]"), "{}", lenient.err);
    assert_eq!((lenient.status, strict.status), (0, 1));
}

#[test]
fn explain_prints_pages_and_offers_the_nearest_word() {
    let place = Place::new();
    for word in ["T010", "Cauchy", "dense", "softplus", "draws", "meanfield"] {
        let explained = place.run(&format!("explain {word}"));
        assert_eq!(explained.status, 0, "{word}");
        assert!(explained.out.contains(word), "{word}: {}", explained.out);
    }
    let unknown = place.run("explain Cuachy");
    snapshot("cli", "explain_unknown", &unknown.shown("explain Cuachy"));
    assert_eq!(unknown.status, 1);
}

#[test]
fn data_is_written_as_csv_and_read_back() {
    let place = Place::new();
    assert_eq!(place.run("data circles --set n=40 --set noise=0.1 --seed 3 --out rows.csv").status, 0);
    let again = place.run("data circles --set n=40 --set noise=0.1 --set seed=3");
    assert_eq!(again.out, place.read("rows.csv"), "the same arguments give the same rows");
    assert_eq!(again.out.lines().count(), 41);
    place.write(
        "m.bnn",
        "data \"rows.csv\" { x1 : real; y : bool }\nb ~ Normal(0, 1)\ny ~ Bernoulli(logit = b * x1)\n",
    );
    assert_eq!(place.run("check m.bnn").status, 0);
    let wrong = place.run("data mons");
    snapshot("cli", "data_unknown", &wrong.shown("data mons"));
}

#[test]
fn a_new_model_is_right_and_never_replaces_a_file() {
    let place = Place::new();
    assert_eq!(place.run("new first").status, 0);
    let checked = place.run("check first.bnn --deny warnings");
    assert_eq!(checked.status, 0, "{}", checked.err);
    assert_eq!(place.run("new first.bnn").status, 1);
}

#[test]
fn completions_know_the_commands() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&format!("completions {shell}"));
        assert!(script.status == 0 && script.out.contains("explain"), "{shell}");
    }
}

#[test]
fn a_closed_pipe_is_not_an_error_of_ours() {
    let place = Place::new();
    let mut child = command(place.path("").as_path(), "data moons --set n=200000")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut few = [0u8; 16];
    child.stdout.take().unwrap().read_exact(&mut few).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_ne!(output.status.code(), Some(101), "a panic ends with 101");
}

#[test]
fn mistyped_commands_and_options_get_suggestions() {
    let place = Place::with_line();
    for (line, tip) in [
        ("chekc line.bnn", "a similar subcommand exists: 'check'"),
        ("exprot runs/line", "some similar subcommands exist: 'report', 'export'"),
        ("fit line.bnn --sed 2", "a similar argument exists: '--seed'"),
        ("export runs/line --to arvis --out x", "a similar value exists: 'arviz'"),
        ("man sweeep", "a similar value exists: 'sweep'"),
        ("completions bsah", "a similar value exists: 'bash'"),
    ] {
        let shown = place.run(line);
        assert_eq!((shown.status, shown.out.as_str()), (2, ""), "{line}");
        assert!(shown.err.contains(tip), "{line}: {}", shown.err);
    }
}

#[test]
fn colours_stay_out_of_pipes_unless_they_are_asked_for() {
    let place = Place::with_line();
    place.write("wrong.bnn", "data \"line.csv\" { x, y : real }\ny ~ Normal(x, sgima)\n");
    let coloured = |line: &str, no_color: &str| {
        let output = command(&place.path(""), line).env("NO_COLOR", no_color).output().unwrap();
        output.stderr.contains(&0x1b)
    };
    assert!(!coloured("check wrong.bnn", ""));
    assert!(!coloured("check wrong.bnn --color never", ""));
    assert!(coloured("check wrong.bnn --color always", ""));
    assert!(coloured("check wrong.bnn --color always", "1"), "what is said now is stronger than a habit");
    // Bars are drawn over and over; only a terminal shows that.
    let fit = place.run("fit line.bnn --set predict_draws=5");
    assert!(!fit.err.contains(['\r', '\x1b']) && fit.err.contains("fitting"), "{}", fit.err);
    assert_eq!(place.run("fit line.bnn --set predict_draws=5 --force --quiet").err, "");
}

#[test]
fn commands_whose_reader_has_gone_away_say_nothing() {
    let place = Place::with_line();
    assert_eq!(place.run("fit line.bnn --quiet --set predict_draws=5").status, 0);
    let rows: String = (0..4000).map(|i| format!("{}\n", f64::from(i) / 1000.0)).collect();
    place.write("many.csv", &format!("x\n{rows}"));
    for line in [
        "predict runs/line --data many.csv --quiet",
        "check line.bnn --emit grad",
        "explain Normal",
        "man fit",
        "completions bash",
        "runs",
        "predict runs/line --data line.csv --quiet",
        "eval runs/line --data line.csv --quiet",
        "export runs/line --to csv --quiet",
        "export runs/line --to json --quiet",
        "report runs/line runs/line",
        "--help",
    ] {
        let mut child =
            command(&place.path(""), line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stderr).replace("note: without the rows", ""),
            "",
            "{line}"
        );
        assert_ne!(output.status.code(), Some(101), "{line}: a panic ends with 101");
    }
}

#[test]
fn help_and_manual_show_examples() {
    let place = Place::new();
    for name in ["fit", "check", "sweep", "predict", "export", "runs", "man"] {
        let help = place.run(&format!("{name} --help"));
        assert!(
            help.status == 0 && help.out.contains(&format!("Examples:\n  bnnc {name}")),
            "{name}: {}",
            help.out
        );
        let page = place.run(&format!("man {name}"));
        assert!(page.status == 0 && page.out.contains(&format!(".TH bnnc-{name} 1")), "{name}: {}", page.out);
    }
    assert!(place.run("man").out.contains(".TH bnnc 1"));
    assert_eq!(place.run("man --out pages").status, 0);
    assert_eq!(std::fs::read_dir(place.path("pages")).unwrap().count(), 15, "bnnc and 14 commands");
}
