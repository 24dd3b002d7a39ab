//! What is wrong, said with a code and the right exit status.

use super::Place;
use crate::support::snapshot;

#[test]
fn a_wrong_model_ends_with_1() {
    let place = Place::with_line();
    place.write(
        "wrong.bnn",
        "data \"line.csv\" { x, y : real }\nb ~ Normal(0, -2)\ns ~ Normal(0, 1)\ny ~ Normal(b * x + c, s)\n",
    );
    for command in ["check", "fit"] {
        let line = format!("{command} wrong.bnn");
        let wrong = place.run(&line);
        assert_eq!((wrong.status, wrong.out.as_str()), (1, ""));
        snapshot("cli", &format!("wrong_model_{command}"), &wrong.shown(&line));
    }
    assert!(!place.path("runs").exists(), "a wrong model leaves nothing behind");
}

#[test]
fn a_missing_model_or_data_file_ends_with_1() {
    let place = Place::new();
    place.write("lost.bnn", "data \"lost.csv\" { y : real }\nm ~ Normal(0, 1)\ny ~ Normal(m, 1)\n");
    for (line, code) in [
        ("fit absent.bnn", "O004"),
        ("check absent.bnn", "O004"),
        ("fit lost.bnn", "D015"),
        ("report runs/absent", "R001"),
        ("runs absent", "R001"),
    ] {
        let outcome = place.run(line);
        assert_eq!((outcome.status, outcome.out.as_str()), (1, ""), "{line}");
        assert!(outcome.err.contains(&format!("error[{code}]")), "{line}: {}", outcome.err);
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let place = Place::with_line();
    for line in [
        "",
        "fitt line.bnn",
        "fit",
        "fit line.bnn --setp n=1",
        "fit line.bnn --steps many",
        "fit line.bnn --steps 10 --epochs 2",
        "fit line.bnn --set n",
        "fit line.bnn --threads 0",
        "check line.bnn --emit tree",
        "explain",
    ] {
        let outcome = place.run(line);
        assert_eq!((outcome.status, outcome.out.as_str()), (2, ""), "`{line}`: {}", outcome.err);
    }
}

#[test]
fn what_is_not_there_yet_is_refused_by_name() {
    let place = Place::with_line();
    place.write(
        "truncated.bnn",
        "data \"line.csv\" { x, y : real }\na ~ HalfNormal(1)\nb ~ Beta(a, 2) on (0.1, 0.5)\ny ~ Normal(b * x, 1)\n",
    );
    for command in ["check", "fit"] {
        let outcome = place.run(&format!("{command} truncated.bnn"));
        assert_eq!(outcome.status, 1, "{command}: {}", outcome.err);
        assert!(outcome.err.contains("error[X001]"), "{command}: {}", outcome.err);
    }
    assert!(!place.path("runs").exists());
}

#[test]
fn settings_that_name_nothing_are_errors() {
    let place = Place::with_line();
    for (line, code) in [
        ("check line.bnn --set nois=1", "O003"),
        ("check line.bnn --choose prior=normal", "O003"),
        ("check line.bnn --set fit.stepz=1", "O001"),
    ] {
        let outcome = place.run(line);
        assert_eq!(outcome.status, 1, "{line}: {}", outcome.err);
        assert!(
            outcome.err.contains(&format!("error[{code}]")),
            "{line} should give {code}: {}",
            outcome.err
        );
    }
}

#[test]
fn a_fit_that_fails_ends_with_3_and_names_the_statement() {
    let place = Place::with_line();
    place.write(
        "burst.bnn",
        "data \"line.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(exp(exp(10 + b * x)), 1)\n",
    );
    let failed = place.run("fit burst.bnn");
    assert_eq!((failed.status, failed.out.as_str()), (3, ""), "{}", failed.err);
    for part in ["error[G008]", "first non-finite value", "burst.bnn:3:", "= help:"] {
        assert!(failed.err.contains(part), "{part} is not in: {}", failed.err);
    }
    assert!(!place.path("runs").exists(), "a failed fit leaves nothing behind");
}

#[test]
fn colour_is_for_terminals_or_on_request() {
    let place = Place::new();
    let plain = place.run("check absent.bnn");
    let forced = place.run("check absent.bnn --color always");
    assert!(!plain.err.contains('\x1b') && forced.err.contains('\x1b'));
}

#[test]
fn help_and_version_are_results() {
    let place = Place::new();
    let version = place.run("--version");
    assert_eq!((version.status, version.out), (0, format!("bnnc {}\n", env!("CARGO_PKG_VERSION"))));
    let help = place.run("fit --help");
    assert!(
        help.status == 0 && help.out.contains("--choose") && help.out.contains("--profile"),
        "{}",
        help.out
    );
}
