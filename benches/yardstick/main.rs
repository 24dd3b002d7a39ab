//! bnnc beside programs written by hand for one network each, and beside itself in other forms; run in turn on the same
//! machine, because only the ratio of programs that ran in turn means anything.
//!
//!     cargo bench --bench yardstick -- FOLDER        or BNNC_LIMITS=FOLDER cargo bench --bench yardstick
//!     BNNC_ROWS='eight schools' cargo bench --bench yardstick                only the rows with these words
//!
//! FOLDER is a cargo project with the programs `small` (57 weights, 700 rows, one draw a step) and `mnist` (the paper's
//! network, one draw a batch of 256). Without it the rows that need it are left out and named. bnnc's side is the loop
//! of a fit, on made-up images: what they show changes no time. With BNNC_PYTHON=INTERPRETER it runs beside NumPyro,
//! PyMC, JAX and PyTorch too, whichever of them that Python has.

#[path = "../peak.rs"]
mod peak;
mod peers;
mod turns;
#[path = "../workloads/mod.rs"]
#[allow(dead_code, reason = "shared with other benches")]
mod workloads;

use bnnc::infer::settings::{Draws, Precision};
use peak::peak_macs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use turns::{Mark, in_turn};
use workloads::{
    MNIST, THIRD, dense_macs, dense_net, on_images, small_net, small_net_on, small_text, steps_per_second,
};

/// Multiply-adds of a training step per image: forward once, each gradient once (none for the first layer's input).
const PAPER_MACS: f64 = 2.0 * 460_800.0 + 3.0 * (1_638_400.0 + 32_768.0 + 640.0);
const THIRD_MACS: f64 = 2.0 * 89_856.0 + 3.0 * (331_776.0 + 73_728.0 + 640.0);
const TRAIN_ROWS: f64 = 50_000.0;
const BATCH: usize = 256;
/// Made-up images: more than caches hold.
const IMAGES: usize = 10_240;
/// Steps of a run on images.
const STEPS: u64 = 60;

fn main() {
    let folder = std::env::args().skip(1).find(|a| !a.starts_with("--")).map(PathBuf::from);
    let folder = folder.or_else(|| std::env::var_os("BNNC_LIMITS").map(PathBuf::from));
    let limits = folder.as_deref().and_then(build);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{threads} threads, {}; multiply-add peak {:.0} GFLOP/s on one, {:.0} on all\n",
        bnnc::kernels::instruction_set(),
        2.0 * peak_macs(1) / 1e9,
        2.0 * peak_macs(threads) / 1e9
    );
    println!(
        "| workload | first | second | first over second: median, range | mark |\n| --- | --- | --- | --- | --- |"
    );
    match &limits {
        Some(folder) => beside_hand(folder, threads),
        None => eprintln!("no hand-written programs: give their folder as an argument or in BNNC_LIMITS"),
    }
    peers::beside_peers(threads);
    beside_itself(threads);
    beside_the_peak(threads);
    beside_the_clock();
}

/// Rows against the programs written by hand.
fn beside_hand(folder: &Path, threads: usize) {
    let small = |precision| {
        let mut fixture = small_net();
        fixture.settings.precision = precision;
        move || steps_per_second(&mut fixture, 4_800, 1)
    };
    let theirs = |is_double: bool| move || by_hand(folder, "small", &["20000"], "steps_per_s=", is_double);
    let unit = "steps/s: bnnc, by hand";
    in_turn("small net, f32", unit, small(Precision::F32), theirs(false), Mark::AtLeast(0.8));
    in_turn("small net, f64", unit, small(Precision::F64), theirs(true), Mark::AtLeast(0.8));
    let mut images = on_images(MNIST, IMAGES, BATCH, Draws::Shared);
    let ours = || TRAIN_ROWS / BATCH as f64 / steps_per_second(&mut images, STEPS, threads);
    let count = threads.to_string();
    let theirs = || by_hand(folder, "mnist", &[&count, "60"], "s_per_epoch=", false);
    in_turn("MNIST network", "s an epoch: bnnc, by hand", ours, theirs, Mark::AtMost(1.25));
}

/// Rows against bnnc in another form.
fn beside_itself(threads: usize) {
    let run = |text: &str, draws, threads| {
        let mut fixture = on_images(text, IMAGES, BATCH, draws);
        move || steps_per_second(&mut fixture, STEPS, threads)
    };
    let wide = dense_net(&[400, 400]);
    for (name, text) in [("MNIST network", MNIST), ("784-400-400-10", &wide)] {
        in_turn(
            &format!("{name}: default noise on top of a shared draw"),
            "steps/s: shared draw, default",
            run(text, Draws::Shared, threads),
            run(text, Draws::Auto, threads),
            Mark::AtMost(1.3),
        );
    }
    // The default of dense layers is noise for each row, which pays by its variance; this is the estimator that the mark
    // was set for.
    let mut by_shard = on_images(&wide, IMAGES, BATCH, Draws::Auto);
    by_shard.settings.without = vec!["local_reparam".to_owned()];
    in_turn(
        "784-400-400-10: a draw per shard on top of a shared draw",
        "steps/s: shared draw, per shard",
        run(&wide, Draws::Shared, threads),
        || steps_per_second(&mut by_shard, STEPS, threads),
        Mark::AtMost(1.3),
    );
    in_turn(
        &format!("MNIST network: {threads} threads against one"),
        "steps/s",
        run(MNIST, Draws::Shared, threads),
        run(MNIST, Draws::Shared, 1),
        Mark::AtLeast(1.7),
    );
    let rows = |rows: usize, steps| {
        let mut fixture = small_net_on(rows);
        move || rows as f64 * steps_per_second(&mut fixture, steps, 1)
    };
    in_turn(
        "small net: 10⁵ rows against 10³",
        "rows/s",
        rows(100_000, 150),
        rows(1_000, 4_800),
        Mark::AtLeast(0.7),
    );
}

/// Rows against the arithmetic bound, counted as the dense algorithm: rewrites that leave work out can bring them above
/// 1. And gradients of a sampler, against the microsecond that they may take.
fn beside_the_peak(threads: usize) {
    let wide = dense_net(&[400, 400]);
    let nets = [
        ("MNIST network", MNIST, PAPER_MACS),
        ("third network", THIRD, THIRD_MACS),
        ("784-400-400-10", &wide, dense_macs(&[400, 400])),
    ];
    for (name, text, macs) in nets {
        let mut fixture = on_images(text, IMAGES, BATCH, Draws::Shared);
        let ours = || BATCH as f64 * macs * steps_per_second(&mut fixture, STEPS, threads) / 1e9;
        let name = format!("{name}: share of the arithmetic bound");
        in_turn(&name, "10⁹ multiply-adds/s: bnnc, peak", ours, || peak_macs(threads) / 1e9, Mark::None);
    }
    let ours = || 1e6 * workloads::eight_schools(200_000);
    in_turn("eight schools: a gradient", "µs: bnnc, mark", ours, || 1.0, Mark::AtMost(1.0));
}

/// From the start of the process to the end of the first step of the optimiser, against the time that it may take. The
/// program tells when its step was done (`--profile`); what its process takes before `main`, and after its end, is
/// that of `bnnc --version`.
fn beside_the_clock() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("small.bnn");
    let rows = root.join("models/data/moons.csv");
    let data = format!("{:?} {{ x1, x2 : real; y : class(2); split by split }}", rows.display().to_string());
    std::fs::write(&file, small_text(&data)).expect("written");
    let file = file.display().to_string();
    let stepped = |args: &[&str]| 1e3 * (before_main(root) + fit_of_one_step(root, args).stepped);
    let alone = || stepped(&[&file]);
    let name = "small net: process start to first step";
    in_turn(name, "ms: bnnc, mark", alone, || 10.0, Mark::AtMost(1.0));
    let of_many = || stepped(&["models/moons.bnn", "--set", "restarts=1"]);
    let name = "models/moons.bnn, sixteen combinations: process start to first step";
    in_turn(name, "ms: bnnc, 10", of_many, || 10.0, Mark::None);
    let whole = || 1e3 * fit_of_one_step(root, &[&file]).whole;
    in_turn("small net: a whole fit of one step", "ms: bnnc, mark", whole, || 100.0, Mark::AtMost(1.0));
    if !root.join("models/data/mnist/train-images-idx3-ubyte.gz").is_file() {
        eprintln!("no images of MNIST in models/data: the start of its fit is left out");
        return;
    }
    let images = || {
        let times = fit_of_one_step(root, &["models/mnist.bnn", "--set", "predict_draws=2"]);
        1e3 * (before_main(root) + times.stepped - times.checked)
    };
    let name = "MNIST network: process start to first step, less reading and checking";
    in_turn(name, "ms: bnnc, mark", images, || 150.0, Mark::AtMost(1.0));
}

/// Seconds from the start of a process to its end, and what it prints; none where it fails.
fn seconds_of(root: &Path, args: &[&str]) -> Option<(f64, Vec<u8>)> {
    let begun = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bnnc"));
    let out = command.args(args).current_dir(root).stderr(Stdio::null()).output().ok()?;
    out.status.success().then(|| (begun.elapsed().as_secs_f64(), out.stdout))
}

/// What the process of a fit of one step takes, in seconds.
struct Times {
    whole: f64,
    /// From `main` until the rows are read and the model is checked.
    checked: f64,
    /// From `main` to the end of the step.
    stepped: f64,
}

/// Not numbers where the fit fails.
fn fit_of_one_step(root: &Path, args: &[&str]) -> Times {
    let out = std::env::temp_dir().join(format!("bnnc-yardstick-{}", std::process::id()));
    let place = out.to_string_lossy();
    let fit = [&["fit"], args, &["--steps", "1", "--profile", "--json", "--force", "--out", &place]].concat();
    let found = seconds_of(root, &fit);
    let _ = std::fs::remove_dir_all(&out);
    let (whole, printed) = found.unwrap_or((f64::NAN, vec![]));
    let told: serde_json::Value = serde_json::from_slice(&printed).unwrap_or_default();
    let time = |part: &str, of: &str| {
        let mut parts = told["timeline"].as_array()?.iter();
        parts.find(|p| p["part"].as_str().is_some_and(|name| name.starts_with(part)))?[of].as_f64()
    };
    let (checked, stepped) = (time("reading", "end"), time("fitting", "first"));
    Times { whole, checked: checked.unwrap_or(f64::NAN), stepped: stepped.unwrap_or(f64::NAN) }
}

/// What a process takes before `main` and after its end, and a little more: reading the command line.
fn before_main(root: &Path) -> f64 {
    seconds_of(root, &["--version"]).map_or(f64::NAN, |(seconds, _)| seconds)
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
            eprintln!("the programs in {} do not build", folder.display());
            None
        }
    }
}

/// Runs a hand-written program in its folder; the best number behind `key` in the lines of a precision.
fn by_hand(folder: &Path, program: &str, args: &[&str], key: &str, is_double: bool) -> f64 {
    let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/yardstick/release").join(program);
    let output = Command::new(binary).args(args).current_dir(folder).output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let lines = text.lines().filter(|l| l.contains(key) && l.contains("f64") == is_double);
    lines.filter_map(|line| number(line, key)).reduce(f64::max).unwrap_or(f64::NAN)
}

/// The number behind `key`.
fn number(text: &str, key: &str) -> Option<f64> {
    let rest = &text[text.find(key)? + key.len()..];
    rest.split([' ', ',', '\n']).next()?.parse().ok()
}
