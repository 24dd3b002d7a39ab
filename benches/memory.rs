//! What fits hold in memory beside what `bnnc check --emit plan` says that they will: a table in `docs/performance.md`.
//!
//!     cargo bench --bench memory
//!
//! The program runs as a user would run it, on images of the workloads' kind; the most that the system has given it
//! (`VmHWM`) is read while it predicts, when steps and evaluation are over. Linux only: elsewhere there is no such number.
//!
//! What the system has given is more than what is in use: glibc keeps large blocks that were freed for a later one that
//! fits, and takes more where none does. So each fit runs twice, the first time with a glibc that gives back at once
//! what is freed (blocks of 256 KiB and more): what is held then is what the program has asked for.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Steps of a fit: no more is held after the first.
const STEPS: &str = "20";
const PAGE: &str = "docs/performance.md";
const MIB: f64 = 1024.0;

/// A fit: rows of images, a batch, and hidden layers of 400.
struct Fit {
    batch: usize,
    depth: usize,
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::temp_dir().join(format!("bnnc-memory-{}", std::process::id()));
    let written = std::fs::create_dir_all(&folder).and_then(|()| images(&folder, 20_000));
    written.expect("the images can be written");
    let deeper = [1, 2, 4, 8, 12].map(|depth| Fit { batch: 128, depth });
    let larger = [128, 512, 2_048, 8_192].map(|batch| Fit { batch, depth: 4 });
    let mut out = String::from(
        "| batch | hidden layers of 400 | planned, MiB | in use, MiB | held, MiB | grown by, planned | in use | ratio | held | ratio |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for group in [&deeper[..], &larger[..]] {
        let mut first = None;
        for fit in group {
            let numbers = [planned(&folder, fit), held(&folder, fit, true), held(&folder, fit, false)];
            let firsts = *first.get_or_insert(numbers);
            let [plan, used, kept] = [0, 1, 2].map(|i| numbers[i] - firsts[i]);
            let ratio = |real: f64| if plan > 0.0 { format!("{:.2}", real / plan) } else { "–".to_owned() };
            let line = format!(
                "| {} | {} | {:.0} | {:.0} | {:.0} | {plan:.0} | {used:.0} | {} | {kept:.0} | {} |",
                fit.batch,
                fit.depth,
                numbers[0],
                numbers[1],
                numbers[2],
                ratio(used),
                ratio(kept)
            );
            println!("{line}");
            let _ = writeln!(out, "{line}");
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    let page = root.join(PAGE);
    let text = std::fs::read_to_string(&page).expect("the page is there");
    let (begin, end) = ("<!-- bench: memory -->\n", "<!-- end: memory -->");
    let at = text.find(begin).expect("the page has a place for the table") + begin.len();
    let to = text.find(end).expect("the table has an end");
    std::fs::write(&page, format!("{}\n{out}\n{}", &text[..at], &text[to..]))
        .expect("the page can be written");
}

/// Images of 28 × 28 with a class each, as IDX.
fn images(folder: &Path, rows: u32) -> std::io::Result<()> {
    let head = |sizes: &[u32]| {
        let mut bytes = vec![0, 0, 8, sizes.len() as u8];
        sizes.iter().for_each(|n| bytes.extend(n.to_be_bytes()));
        bytes
    };
    let pixel = |i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8;
    let mut pictures = head(&[rows, 28, 28]);
    pictures.extend((0..rows * 784).map(pixel));
    let mut labels = head(&[rows]);
    labels.extend((0..rows).map(|i| pixel(i) % 10));
    std::fs::write(folder.join("images"), pictures)?;
    std::fs::write(folder.join("labels"), labels)
}

/// The model's file.
fn model(folder: &Path, fit: &Fit) -> PathBuf {
    let layers = "  dense 400 tanh\n".repeat(fit.depth);
    let text = format!(
        "data idx(\"images\", \"labels\") {{ x : image(28, 28); y : class(10); split valid = last 5000 }}\n\
         net f(x) {{\n  each layer {{ w ~ Normal(0, s / sqrt(fan_in)); s ~ HalfNormal(1); b ~ Normal(0, 1) }}\n\
         {layers}  dense 10 softmax\n}}\ny ~ Categorical(probs = f(x))\nfit {{ batch = {} }}\n",
        fit.batch
    );
    let path = folder.join("net.bnn");
    std::fs::write(&path, text).expect("the model can be written");
    path
}

/// MiB that the plan says.
fn planned(folder: &Path, fit: &Fit) -> f64 {
    let out = Command::new(env!("CARGO_BIN_EXE_bnnc"))
        .args(["check", "--emit", "plan"])
        .arg(model(folder, fit))
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let line = text.lines().rfind(|l| l.trim_start().starts_with("at most at a time"));
    let number = line.and_then(|l| l.split_whitespace().last()).and_then(|n| n.parse().ok());
    number.unwrap_or_else(|| {
        panic!("the plan says what is held: {text}{}", String::from_utf8_lossy(&out.stderr))
    })
}

/// MiB that the system has given at most, up to the predictions of the last split; where large blocks that are freed go
/// back at once, or where glibc keeps them as it does by default.
fn held(folder: &Path, fit: &Fit, at_once: bool) -> f64 {
    let tunables = if at_once { "glibc.malloc.mmap_threshold=262144" } else { "" };
    let mut child = Command::new(env!("CARGO_BIN_EXE_bnnc"))
        .env("GLIBC_TUNABLES", tunables)
        .args(["fit", "--steps", STEPS, "--force", "--set", "predict_draws=4"])
        .arg("--out")
        .arg(folder.join("run"))
        .arg(model(folder, fit))
        // Whether one is due depends on the machine.
        .args(["--checkpoint-every", "1h"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut most = 0f64;
    let lines = BufReader::new(child.stderr.take().expect("the program has a standard error"));
    for line in lines.lines().map_while(Result::ok) {
        most = most.max(high_water(&child));
        if line.starts_with("predicting valid") {
            break;
        }
    }
    while matches!(child.try_wait(), Ok(None)) {
        most = most.max(high_water(&child));
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

fn high_water(child: &Child) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / MIB
}
