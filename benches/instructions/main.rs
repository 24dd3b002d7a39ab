//! How many instructions a step takes, by callgrind, beside the counts that are committed: a guard that does not
//! depend on the machine's mood.
//!
//!     cargo bench --bench instructions                          as the program is released
//!     CARGO_INCREMENTAL=0 cargo bench --profile test --bench instructions   as the tests are built
//!
//!     cargo bench --bench instructions -- rewrites              what each pass and each fusion brings
//!     cargo bench --bench instructions -- rewrites NAME...      what these bring
//!
//! Exit status 1 where a count has left its place, 2 where nothing could be counted; with `BNNC_BLESS=1` in the
//! environment the counts are written in place of the committed ones. `.ci/run` counts the build of the tests, because
//! it is there already and a released one takes longer to build than all tests take to run. Lightly optimised as it is,
//! its kernels are the same intrinsics and its passes over memory the same passes; what it cannot see is a loop that
//! the compiler no longer vectorises, and that the released build shows.
//!
//! The program runs itself under callgrind, once for each workload, on one thread and at one level of SIMD: callgrind
//! knows no AVX-512. What is counted is a function named by the workload, with all that runs while it is on the stack,
//! so reading data and compiling the model are not in it. Counts change with the compiler as well; the table names the
//! one it was made with, and those of another are shown and not judged.

mod counted;
#[path = "../workloads/mod.rs"]
#[allow(dead_code, reason = "shared with other benches")]
mod workloads;

use bnnc::passes;
use bnnc::plan::{ARRANGEMENTS, FUSIONS};
use bnnc::tape::switches;
use counted::{ALL, Workload};
use std::fmt::Write;
use std::process::{Command, ExitCode};

/// The committed counts, a line each: build, name, instructions.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/counts.txt");
/// How far a count may be from the committed one. Runs of one build differ by less than a thousandth (only hash maps
/// differ between them). How the build of the tests is cut into units, each of which is optimised by itself, depends on
/// its folder and on every line of the crate, which has moved counts by up to 3.4 % between builds with equal kernels.
const TOLERANCE: f64 = if cfg!(debug_assertions) { 0.04 } else { 0.02 };
/// The level that is counted.
const LEVEL: &str = "avx2";
/// Names the workload where this program runs under callgrind.
const CHILD: &str = "BNNC_INSTRUCTIONS_OF";
/// How this program was built.
const BUILD: &str = if cfg!(debug_assertions) { "tests" } else { "release" };

fn main() -> ExitCode {
    if let Ok(name) = std::env::var(CHILD) {
        let workload = ALL.iter().find(|w| w.name == name).expect("named by the parent");
        (workload.run)(workload.steps);
        return ExitCode::SUCCESS;
    }
    if let Some(reason) = cannot_count() {
        eprintln!("INSTRUCTIONS NOT COUNTED: {reason}");
        return ExitCode::from(2);
    }
    if std::env::args().any(|a| a == "rewrites") {
        println!("{}", rewrites());
        return ExitCode::SUCCESS;
    }
    let counts: Vec<(&str, u64)> = ALL.iter().map(|w| w.name).zip(all_counted("")).collect();
    let committed = std::fs::read_to_string(TABLE).unwrap_or_default();
    if std::env::var_os("BNNC_BLESS").is_some() {
        std::fs::write(TABLE, table(&counts, &committed)).expect("the table is writable");
        println!("written: {TABLE}");
        return ExitCode::SUCCESS;
    }
    compare(&counts, &committed)
}

/// Why nothing can be counted here.
fn cannot_count() -> Option<String> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Some("there is no valgrind (Debian: apt-get install valgrind)".to_owned());
    }
    #[cfg(target_arch = "x86_64")]
    let has_level = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let has_level = false;
    (!has_level).then(|| format!("this machine has no {LEVEL}, at which counts are compared"))
}

/// Instructions of one step of every workload, with a rewrite switched off. They are counted side by side: what else
/// the machine does changes no count.
fn all_counted(without: &str) -> Vec<u64> {
    std::thread::scope(|scope| {
        let all: Vec<_> = ALL.iter().map(|w| scope.spawn(move || counted(w, without))).collect();
        all.into_iter().map(|one| one.join().expect("its panic has been told")).collect()
    })
}

/// Instructions of one step of a workload, with a rewrite switched off.
fn counted(workload: &Workload, without: &str) -> u64 {
    let own = std::env::current_exe().expect("a program knows its path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={}", workload.function))
        .arg(own)
        .env(CHILD, workload.name)
        .env("BNNC_SIMD", LEVEL)
        .env(switches::VARIABLE, without)
        .output()
        .expect("valgrind has told its version");
    let text = String::from_utf8_lossy(&output.stderr);
    let all = text.lines().find_map(|l| l.split_once("Collected :")).and_then(|(_, n)| n.trim().parse().ok());
    match all {
        Some(all) if output.status.success() && all > 0 => u64::div_ceil(all, workload.steps),
        _ => panic!("callgrind has counted nothing of {} in {}:\n{text}", workload.function, workload.name),
    }
}

/// What each pass and each fusion brings, or those whose names are asked for: instructions of a step without it over those
/// with all.
fn rewrites() -> String {
    let asked: Vec<String> =
        std::env::args().skip_while(|a| a != "rewrites").skip(1).filter(|a| !a.starts_with('-')).collect();
    let all = all_counted("");
    let head: Vec<&str> = ALL.iter().map(|w| w.name).collect();
    let mut text =
        format!("| without | effect | {} |\n|{}\n", head.join(" | "), " --- |".repeat(2 + head.len()));
    let of_data = (passes::of_data::NAME, passes::of_data::EFFECT);
    let passes = passes::ALL.iter().map(|p| (p.name, p.effect)).chain([of_data]);
    for (name, effect) in passes.chain(FUSIONS.iter().map(|f| (f.name, f.effect))).chain(ARRANGEMENTS) {
        if !asked.is_empty() && !asked.iter().any(|a| a == name) {
            continue;
        }
        let share = |(one, all): (u64, &u64)| format!("{:.3}", one as f64 / *all as f64);
        let cells: Vec<String> = all_counted(name).into_iter().zip(&all).map(share).collect();
        let _ = writeln!(text, "| `{name}` | {effect} | {} |", cells.join(" | "));
    }
    text
}

/// The counts of this build in place of its committed ones; those of the other build stay.
fn table(counts: &[(&str, u64)], committed: &str) -> String {
    let mut text = format!("# Instructions of a step (benches/instructions), one thread, {LEVEL}\n");
    let mut lines: Vec<String> = committed
        .lines()
        .filter(|l| !l.starts_with('#') && !l.starts_with(BUILD))
        .map(str::to_owned)
        .collect();
    lines.push(format!("{BUILD} by {}", compiler()));
    lines.extend(counts.iter().map(|(name, count)| format!("{BUILD} {name} {count}")));
    lines.sort_by_key(|l| l.starts_with("tests"));
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The compiler in words, as far as it is known here.
fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or_else(|_| "rustc".into(), |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
}

/// What stands behind the words of a line.
fn behind<'t>(committed: &'t str, words: &str) -> Option<&'t str> {
    committed.lines().find_map(|l| l.strip_prefix(words)?.strip_prefix(' ')).map(str::trim)
}

fn compare(counts: &[(&str, u64)], committed: &str) -> ExitCode {
    let mut is_well = true;
    println!("{:16} {:>12} {:>12}  change", format!("a step, {BUILD}"), "committed", "here");
    for (name, here) in counts {
        let known = behind(committed, &format!("{BUILD} {name}")).and_then(|n| n.parse::<u64>().ok());
        let Some(known) = known else {
            is_well = false;
            println!("{name:16} {:>12} {here:>12}  NOT IN THE TABLE", "");
            continue;
        };
        let change = *here as f64 / known as f64 - 1.0;
        let is_off = change.abs() > TOLERANCE;
        is_well &= !is_off;
        let word = if is_off { "  OUT OF PLACE" } else { "" };
        println!("{name:16} {known:>12} {here:>12}  {:+.2} %{word}", 100.0 * change);
    }
    let by = behind(committed, &format!("{BUILD} by")).unwrap_or("nothing");
    if is_well {
        return ExitCode::SUCCESS;
    }
    if by != compiler() {
        println!("\n!!! NOT JUDGED: the committed counts are by {by}, and here is {} !!!", compiler());
        return ExitCode::SUCCESS;
    }
    println!(
        "\nA count has left its place by more than {} %, up or down.\n\
         Where the change is meant: the same command with BNNC_BLESS=1, and the commit says what it bought.",
        100.0 * TOLERANCE
    );
    ExitCode::FAILURE
}
