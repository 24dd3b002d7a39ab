//! bnnc beside programs written by hand for one network each, run in turn on the same machine; only the ratio means
//! anything.
//!
//!     cargo bench --bench yardstick -- FOLDER        or BNNC_LIMITS=FOLDER cargo bench --bench yardstick
//!
//! FOLDER is a cargo project with the programs `small` (57 weights, 700 rows, one draw a step) and `mnist` (the paper's
//! network, one draw a batch of 256). Without it only bnnc is timed. The third network has no hand-written program:
//! its share of the arithmetic bound is printed beside that of the paper's network.

#[path = "peak.rs"]
mod peak;

use peak::peak_macs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Repeats of each pair; the best of each side counts, because a shared machine only ever adds time.
const REPEATS: usize = 3;
/// Multiply-adds of a training step per image: forward once, each gradient once (none for the first layer's input).
const PAPER_MACS: f64 = 2.0 * 460_800.0 + 3.0 * (1_638_400.0 + 32_768.0 + 640.0);
const THIRD_MACS: f64 = 2.0 * 89_856.0 + 3.0 * (331_776.0 + 73_728.0 + 640.0);
const TRAIN_ROWS: f64 = 50_000.0;

fn main() {
    let folder = std::env::args().skip(1).find(|a| !a.starts_with("--")).map(PathBuf::from);
    let folder = folder.or_else(|| std::env::var_os("BNNC_LIMITS").map(PathBuf::from));
    let limits = folder.as_deref().and_then(build);
    if limits.is_none() {
        println!(
            "no hand-written programs: give their folder as an argument or in BNNC_LIMITS to see ratios"
        );
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let peak = peak_macs(threads);
    println!("{threads} threads; measured multiply-add peak {:.0} GFLOP/s", 2.0 * peak / 1e9);
    small(limits.as_deref());
    paper(limits.as_deref(), threads, peak);
    let third =
        steps_per_second("benches/third.bnn", &["--batch", "256", "--steps", "60", "--set", "draws=shared"]);
    share("third network", third, THIRD_MACS, peak);
}

/// Builds the hand-written programs beside our own; the folder they are run in.
fn build(folder: &Path) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/yardstick");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status();
    match status {
        Ok(s) if s.success() => Some(folder.to_path_buf()),
        _ => {
            println!("the programs in {} do not build", folder.display());
            None
        }
    }
}

/// Runs a hand-written program in its folder; the number behind `key` in its output.
fn by_hand(folder: &Path, program: &str, args: &[&str], key: &str) -> Option<f64> {
    let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/yardstick/release").join(program);
    let output = Command::new(binary).args(args).current_dir(folder).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let values = text.lines().filter(|l| l.contains(key) && !l.contains("f64")).filter_map(|line| {
        let rest = &line[line.find(key)? + key.len()..];
        rest.split([' ', ',']).next()?.parse::<f64>().ok()
    });
    values.reduce(f64::max)
}

/// Steps per second of a fit, from its manifest.
fn steps_per_second(model: &str, args: &[&str]) -> f64 {
    let out = std::env::temp_dir().join(format!("bnnc-yardstick-{}", std::process::id()));
    let status = Command::new(env!("CARGO_BIN_EXE_bnnc"))
        .args(["fit", model, "--force", "--quiet", "--set", "predict_draws=2", "--out"])
        .arg(&out)
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    let text = std::fs::read_to_string(out.join("manifest.json")).unwrap_or_default();
    let _ = std::fs::remove_dir_all(&out);
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match status {
        Ok(s) if s.success() => manifest["steps_per_s"].as_f64().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

fn small(limits: Option<&Path>) {
    let args =
        ["--choose", "scale=fixed", "--set", "guide=meanfield", "--set", "draws=1", "--set", "restarts=1"];
    let (mut ours, mut theirs) = (0f64, 0f64);
    for _ in 0..REPEATS {
        if let Some(value) = limits.and_then(|f| by_hand(f, "small", &["20000"], "steps_per_s=")) {
            theirs = theirs.max(value);
        }
        ours = ours.max(steps_per_second("models/moons.bnn", &args));
    }
    println!("small network: bnnc {ours:.0} steps/s");
    if theirs > 0.0 {
        println!("  by hand {theirs:.0} steps/s; ratio {:.2} (mark: at least 0.8)", ours / theirs);
    }
}

fn paper(limits: Option<&Path>, threads: usize, peak: f64) {
    let args = ["--batch", "256", "--steps", "60", "--set", "draws=shared"];
    let (mut ours, mut theirs) = (0f64, f64::INFINITY);
    let threads = threads.to_string();
    for _ in 0..REPEATS {
        if let Some(value) = limits.and_then(|f| by_hand(f, "mnist", &[&threads, "60"], "s_per_epoch=")) {
            theirs = theirs.min(value);
        }
        ours = ours.max(steps_per_second("models/mnist.bnn", &args));
    }
    let seconds = TRAIN_ROWS / 256.0 / ours;
    println!("MNIST network: bnnc {seconds:.2} s an epoch");
    if theirs.is_finite() {
        println!("  by hand {theirs:.2} s an epoch; ratio {:.2} (mark: at most 1.25)", seconds / theirs);
    }
    share("MNIST network", ours, PAPER_MACS, peak);
}

/// Counted as the dense algorithm: rewrites that leave work out can bring it above 1.
fn share(name: &str, steps: f64, macs: f64, peak: f64) {
    println!(
        "{name}: {:.2} of the arithmetic bound ({:.1} ms a step)",
        steps * 256.0 * macs / peak,
        1e3 / steps
    );
}
