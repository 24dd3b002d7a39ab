//! Every operation on files of every command fails once: a finding, no half of a file under its final name, and nothing
//! lost that was computed.
//!
//! `BNNC_FAULT="N KIND"` makes the N-th operation of a process fail (`src/files/fault.rs`), and says so on standard error
//! when it is reached; a command is run for every N until it is not.

use super::{Outcome, Place, command};

/// A command that reads or writes files, and what it writes.
struct Case {
    line: &'static str,
    /// What is written, beside a run folder.
    writes: &'static str,
}

const COMMANDS: &[Case] = &[
    Case { line: "check line.bnn", writes: "" },
    Case { line: "check wrong.bnn --fix", writes: "wrong.bnn" },
    Case { line: "fmt line.bnn", writes: "line.bnn" },
    Case { line: "data moons --out moons.csv", writes: "moons.csv" },
    Case { line: "new starter --kind classification", writes: "starter.bnn" },
    Case { line: "report run", writes: "run/report.html" },
    Case { line: "report run other", writes: "" },
    Case { line: "runs .", writes: "" },
    Case {
        line: "predict run --data line.csv --out predicted.csv --predict-draws 5",
        writes: "predicted.csv",
    },
    Case {
        line: "predict run --data line.csv --out predicted.npz --predict-draws 5",
        writes: "predicted.npz",
    },
    Case {
        line: "predict run --data line.csv --out predicted.parquet --predict-draws 5",
        writes: "predicted.parquet",
    },
    Case { line: "eval run --data line.csv --predict-draws 5", writes: "" },
    Case { line: "export run --to csv --draws 5 --out draws.csv", writes: "draws.csv" },
    Case {
        line: "export run --to arviz --draws 5 --data line.csv --out run.zarr",
        writes: "run.zarr/.zmetadata",
    },
];

/// A sweep of two cells.
const SWEEP: &str = "sweep line.bnn --seeds 2 --set steps=20 --out cells";

/// A place with everything that the commands read.
fn place() -> Place {
    let place = Place::with_line();
    place.write(
        "wrong.bnn",
        "data \"line.csv\" { x, y : real; split by part }\nb ~ Normal(0, 3);\ny ~ Normal(b * x, 1)\n",
    );
    for run in ["run", "other"] {
        assert_eq!(place.run(&format!("fit line.bnn --steps 40 --out {run}")).status, 0);
    }
    place
}

fn with_fault(place: &Place, line: &str, fault: &str) -> Outcome {
    Outcome::of(command(&place.path(""), line).env("BNNC_FAULT", fault).output().unwrap())
}

fn was_reached(outcome: &Outcome) -> bool {
    outcome.err.contains("is made to fail")
}

/// The file is as it was, or as it is after the command without a fault; or it is not there.
fn is_whole(place: &Place, name: &str, before: &Option<Vec<u8>>, after: &Option<Vec<u8>>) -> bool {
    let now = std::fs::read(place.path(name)).ok();
    now == *before || now == *after
}

/// Runs a command with each operation failing in turn; how many there were.
fn each_operation(place: &Place, case: &Case, kind: &str) -> usize {
    let files = |place: &Place| std::fs::read(place.path(case.writes)).ok();
    let before = files(place);
    let restore = |content: &Option<Vec<u8>>| {
        if case.writes.is_empty() {
            return;
        }
        match content {
            Some(bytes) => std::fs::write(place.path(case.writes), bytes).unwrap(),
            // Of a folder the whole, because nothing but an earlier one is replaced.
            None => match case.writes.split_once('/') {
                Some((folder, _)) => drop(std::fs::remove_dir_all(place.path(folder))),
                None => drop(std::fs::remove_file(place.path(case.writes))),
            },
        }
        if case.line.starts_with("new") {
            let _ = std::fs::remove_file(place.path("starter.csv"));
        }
    };
    let outcome = with_fault(place, case.line, "0 eio");
    assert!([0, 1].contains(&outcome.status), "`{}`: {} {}", case.line, outcome.status, outcome.err);
    let after = files(place);
    for n in 1.. {
        restore(&before);
        let outcome = with_fault(place, case.line, &format!("{n} {kind}"));
        if !was_reached(&outcome) {
            restore(&before);
            return n - 1;
        }
        let what = format!("`{}`, operation {n} {kind}: {} {}", case.line, outcome.status, outcome.err);
        assert!([0, 1].contains(&outcome.status), "{what}");
        assert!(outcome.status == 0 || outcome.err.contains("error["), "{what}");
        if !case.writes.is_empty() {
            assert!(is_whole(place, case.writes, &before, &after), "half a file: {what}");
        }
    }
    unreachable!("a command does not have infinitely many operations")
}

#[test]
fn each_operation_of_each_command_may_fail() {
    let place = place();
    for case in COMMANDS {
        for kind in ["eio", "enospc"] {
            let count = each_operation(&place, case, kind);
            println!("{kind}: {count:4} operations of `{}`", case.line);
            assert!(count > 0, "{}", case.line);
        }
    }
}

/// A sweep whose n-th operation fails says so, and the same command then finishes it with the bits of one that nothing
/// befell. How many operations were reached, a step apart.
fn try_sweeps(step: usize) -> usize {
    let place = Place::with_line();
    let posteriors = |place: &Place| {
        ["seed=0", "seed=1"].map(|cell| {
            std::fs::read(place.path(&format!("cells/{cell}/posterior.safetensors"))).unwrap_or_default()
        })
    };
    assert_eq!(place.run(SWEEP).status, 0);
    let whole = posteriors(&place);
    assert!(whole.iter().all(|bytes| !bytes.is_empty()));
    for n in (1..).step_by(step) {
        std::fs::remove_dir_all(place.path("cells")).unwrap();
        let outcome = with_fault(&place, SWEEP, &format!("{n} eio"));
        if !was_reached(&outcome) {
            return n;
        }
        let what = format!("operation {n}: {} {}", outcome.status, outcome.err);
        assert!([0, 1].contains(&outcome.status), "{what}");
        assert!(outcome.status == 0 || outcome.err.contains("error["), "{what}");
        let again = place.run(SWEEP);
        assert_eq!(again.status, 0, "{what}, then {}", again.err);
        assert!(posteriors(&place) == whole, "other bits after {what}");
    }
    unreachable!("a sweep does not have infinitely many operations")
}

#[test]
fn some_operations_of_a_sweep_may_fail() {
    assert!(try_sweeps(29) > 29);
}

#[test]
#[ignore = "slow: each operation of a sweep, minutes"]
fn each_operation_of_a_sweep_may_fail() {
    println!("{} operations", try_sweeps(1));
}

/// A fit whose n-th operation fails, and what a resume makes of it. Whether the operation was reached.
fn fit_with_fault(place: &Place, n: usize, kind: &str, bits: &[u8]) -> bool {
    let name = format!("fit-{n}-{kind}");
    let line = format!("fit line.bnn --steps 40 --checkpoint-every 1ms --out {name}");
    let outcome = with_fault(place, &line, &format!("{n} {kind}"));
    if !was_reached(&outcome) {
        return false;
    }
    let what = format!("operation {n} {kind}: {} {}", outcome.status, outcome.err);
    let run = place.path(&name);
    let expected: &[i32] = if kind == "cut" { &[-1] } else { &[0, 1] };
    assert!(expected.contains(&outcome.status), "{what}");
    if outcome.status == 1 {
        assert!(outcome.err.contains("error["), "{what}");
    }
    // A disk that says it has written and has not may leave anything; it must be noticed, which `report` does.
    let is_honest = kind != "drop";
    if run.exists() && is_honest {
        assert_eq!(place.run(&format!("report {name}")).status, 0, "half a run: {what}");
    }
    if !is_honest {
        assert!([0, 1].contains(&place.run(&format!("report {name}")).status), "{what}");
        return true;
    }
    let resumed = place.run(&format!("fit line.bnn --steps 40 --resume {name}"));
    assert_eq!(resumed.status, 0, "{what}\n{}", resumed.err);
    assert_eq!(std::fs::read(run.join("posterior.safetensors")).unwrap(), bits, "{what}");
    true
}

fn bits(place: &Place) -> Vec<u8> {
    std::fs::read(place.path("run/posterior.safetensors")).unwrap()
}

#[test]
fn some_operations_of_a_fit_may_fail() {
    let place = place();
    let bits = bits(&place);
    for (i, kind) in ["enospc", "cut", "eio", "drop"].into_iter().enumerate() {
        let mut n = 1 + i;
        while fit_with_fault(&place, n, kind, &bits) {
            n += 43;
        }
        assert!(n > 43, "{kind}: a fit has more operations than that");
    }
}

#[test]
#[ignore = "slow: each operation of a fit in four ways, minutes"]
fn each_operation_of_a_fit_may_fail() {
    let place = place();
    let bits = bits(&place);
    for kind in ["enospc", "eio", "cut", "drop"] {
        let count = (1..).find(|n| !fit_with_fault(&place, *n, kind, &bits)).unwrap_or(1) - 1;
        println!("{kind}: {count} operations");
    }
}

#[test]
fn a_disk_that_stays_full_loses_no_fit() {
    let place = place();
    let count = (1..).step_by(10).find(|n| {
        !was_reached(&with_fault(&place, "fit line.bnn --steps 40 --out a --force", &format!("{n} eio")))
    });
    // From the middle on nothing can be written any more.
    let from = count.unwrap_or(20) / 2;
    let full = with_fault(&place, "fit line.bnn --steps 40 --out full", &format!("{from}+ enospc"));
    assert!(full.status == 1 && full.err.contains("error[R001]"), "{}", full.err);
    assert!(!place.path("full").exists());
    let resumed = place.run("fit line.bnn --steps 40 --resume full");
    assert_eq!(resumed.status, 0, "{}", resumed.err);
    assert_eq!(std::fs::read(place.path("full/posterior.safetensors")).unwrap(), bits(&place));
}
