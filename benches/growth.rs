//! How speed grows with rows, width, depth and threads, beside the machine's roof: a table and a picture.
//!
//!     cargo bench --bench growth            writes them into `docs/performance.md` and `docs/growth.svg`
//!
//! Each line is the best of a few short runs, because a shared machine only ever adds time. Counted are the
//! multiply-adds of the dense algorithm: forward once, each gradient once, none for the data. The roof is what a loop of
//! multiply-adds on registers alone reaches, measured beside each line.

mod peak;
#[path = "workloads/mod.rs"]
#[allow(dead_code, reason = "shared with other benches")]
mod workloads;

use bnnc::infer::settings::Draws;
use bnnc::report::figures::{Figure, draw_lines};
use peak::peak_macs;
use std::path::Path;
use workloads::{
    Fixture, MNIST, SMALL_MACS, dense_macs, dense_net, on_images, small_net_on, steps_per_second,
};

/// Repeats of a line, of which the best counts.
const REPEATS: usize = 3;
const BATCH: usize = 256;
const IMAGES: usize = 2_560;
/// Multiply-adds of a step of the MNIST network in one row.
const MNIST_MACS: f64 = 2.0 * 460_800.0 + 3.0 * (1_638_400.0 + 32_768.0 + 640.0);

/// One size of something that grows.
struct Line {
    size: usize,
    /// Steps a second.
    steps: f64,
    /// Multiply-adds a second, and those of the roof.
    macs: f64,
    roof: f64,
}

/// What grows, and its lines.
struct Growth {
    name: &'static str,
    lines: Vec<Line>,
}

fn main() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rows = [1_000usize, 10_000, 100_000, 1_000_000];
    let all = [
        Growth {
            name: "rows",
            lines: rows
                .map(|n| {
                    line(
                        n,
                        &mut small_net_on(n),
                        (3_000_000 / n).clamp(20, 3_000) as u64,
                        1,
                        n as f64 * SMALL_MACS,
                    )
                })
                .into(),
        },
        Growth { name: "width", lines: [8, 32, 128, 400, 1024].map(|w| dense(w, &[w, w])).into() },
        Growth { name: "depth", lines: [1, 2, 5, 10, 20].map(|d| dense(d, &vec![128; d])).into() },
        Growth {
            name: "threads",
            lines: (1..=threads)
                .map(|t| {
                    line(
                        t,
                        &mut on_images(MNIST, IMAGES, BATCH, Draws::Shared),
                        30,
                        t,
                        BATCH as f64 * MNIST_MACS,
                    )
                })
                .collect(),
        },
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    std::fs::write(root.join("growth.svg"), picture(&all).file().bytes).expect("docs can be written");
    let page = std::fs::read_to_string(root.join("performance.md")).expect("the page is there");
    let (begin, end) = ("<!-- growth -->\n", "<!-- end: growth -->");
    let (before, rest) = page.split_once(begin).expect("the page has a place for the table");
    let (_, after) = rest.split_once(end).expect("which ends");
    let table = table(&all);
    println!("{table}");
    std::fs::write(root.join("performance.md"), format!("{before}{begin}\n{table}\n{end}{after}"))
        .expect("docs can be written");
}

/// Dense layers on images.
fn dense(size: usize, widths: &[usize]) -> Line {
    let macs = dense_macs(widths);
    // Some 0.3 s of a machine of 50 G multiply-adds a second.
    let steps = (1.5e10 / (macs * BATCH as f64)).clamp(10.0, 400.0) as u64;
    let mut fixture = on_images(&dense_net(widths), IMAGES, BATCH, Draws::Shared);
    line(size, &mut fixture, steps, 1, macs * BATCH as f64)
}

/// The best of a few runs.
fn line(size: usize, fixture: &mut Fixture, steps: u64, threads: usize, macs_of_a_step: f64) -> Line {
    let run = |_| (steps_per_second(fixture, steps, threads), peak_macs(threads));
    let (steps, roof) =
        (0..REPEATS).map(run).fold((0.0f64, 0.0f64), |(a, b), (steps, roof)| (a.max(steps), b.max(roof)));
    eprintln!("{size}: {steps:.1} steps/s");
    Line { size, steps, macs: steps * macs_of_a_step, roof }
}

fn table(all: &[Growth]) -> String {
    let mut text =
        "| what grows | size | steps/s | GFLOP/s | roof | share |\n| --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for growth in all {
        for Line { size, steps, macs, roof } in &growth.lines {
            let (name, share) = (growth.name, macs / roof);
            let steps = if *steps >= 100.0 { format!("{steps:.0}") } else { format!("{steps:.2}") };
            text += &format!(
                "| {name} | {size} | {steps} | {:.1} | {:.0} | {share:.2} |\n",
                2e-9 * macs,
                2e-9 * roof
            );
        }
    }
    text
}

/// The share of the roof against how much larger something is than at its smallest.
fn picture(all: &[Growth]) -> Figure {
    let of = |growth: &Growth| {
        let first = growth.lines[0].size as f64;
        let points = growth.lines.iter().map(|l| ((l.size as f64 / first).log2(), l.macs / l.roof)).collect();
        let last = growth.lines.last().map_or(0, |l| l.size);
        (format!("{} {first} to {last}", growth.name), points)
    };
    let lines: Vec<(String, Vec<(f64, f64)>)> = all.iter().map(of).collect();
    let title = "Share of the arithmetic roof as models grow";
    let svg = draw_lines(&lines, ("doublings of the smallest size", "share of the roof"), title);
    Figure { name: "growth".into(), title: title.into(), caption: String::new(), svg }
}
