//! How the cost of a step grows with rows, width, depth and threads, beside the machine's roof.
//!
//!     cargo bench --bench growth
//!
//! writes the tables and the picture of `docs/performance.md`. Each line is a fit of some hundred steps of a dense net on
//! rows of the generator `moons`, by the path that bnnc takes for it, the best of three.

#[path = "peak.rs"]
mod peak;

use peak::peak_macs;
use plotters::prelude::*;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// Fits of each line; the best counts, because a shared machine only ever adds time.
const REPEATS: usize = 3;
const BEGIN: &str = "<!-- growth -->";
const END: &str = "<!-- end: growth -->";

/// A net to be fitted.
#[derive(Clone, Copy)]
struct Net {
    rows: usize,
    width: usize,
    depth: usize,
    threads: usize,
}

impl Net {
    fn text(self) -> String {
        let layers = format!("  dense {} tanh\n", self.width).repeat(self.depth);
        format!(
            "data moons(n = {}, seed = 1) {{ x1, x2 : real; y : class(2) }}\nnet f(x) {{\n  each layer {{ w ~ Normal(0, \
             1 / sqrt(fan_in)); b ~ Normal(0, 1) }}\n{layers}  dense 2 softmax\n}}\ny ~ Categorical(probs = f([x1, x2]))\n",
            self.rows
        )
    }

    /// Multiply-adds of a row in a step: the value, and both gradients but that of the input.
    fn macs(self) -> f64 {
        let (w, d) = (self.width as f64, self.depth as f64);
        let first = 2.0 * w;
        let rest = (d - 1.0) * w * w + 2.0 * w;
        2.0 * first + 3.0 * rest
    }

    /// Rows a second, with the path taken.
    fn rate(self, folder: &Path) -> (f64, String) {
        let model = folder.join("net.bnn");
        std::fs::write(&model, self.text()).expect("the folder can be written");
        // Enough steps for a tenth of a second at 10 GFlop/s, and no fewer than 20.
        let steps = (1e9 / (256.0 * self.macs())).clamp(20.0, 2_000.0) as usize;
        let mut best = (0.0, String::new());
        for _ in 0..REPEATS {
            let out = folder.join("run");
            let status = Command::new(env!("CARGO_BIN_EXE_bnnc"))
                .args(["fit", "--force", "--quiet", "--set", "restarts=1", "--set", "predict_draws=1"])
                .args(["--set", "draws=1", "--set", "guide=meanfield"])
                .args(["--steps", &steps.to_string(), "--threads", &self.threads.to_string(), "--out"])
                .arg(&out)
                .arg(&model)
                .stderr(std::process::Stdio::null())
                .status();
            assert!(status.is_ok_and(|s| s.success()), "{}", self.text());
            let text = std::fs::read_to_string(out.join("manifest.json")).expect("a fit has a manifest");
            let manifest: serde_json::Value = serde_json::from_str(&text).expect("which is JSON");
            let steps_per_s = manifest["steps_per_s"].as_f64().unwrap_or(0.0);
            let path = manifest["path"].as_str().unwrap_or_default().to_owned();
            let is_whole = path.contains("small net") || path.contains("wide net");
            let batch = if is_whole { self.rows } else { self.rows.min(256) };
            if steps_per_s * batch as f64 > best.0 {
                best = (steps_per_s * batch as f64, path);
            }
        }
        best
    }
}

/// A table's title, what grows, its lines, and each line's share of the roof.
struct Series {
    title: &'static str,
    grows: &'static str,
    lines: Vec<(usize, f64, f64, String)>,
}

fn main() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let roof: Vec<f64> = (1..=threads).map(peak_macs).collect();
    let folder = std::env::temp_dir().join(format!("bnnc-growth-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let base = Net { rows: 1_000, width: 5, depth: 2, threads };
    let mut all = vec![];
    let mut measure = |title, grows, nets: Vec<(usize, Net)>| {
        let line = |(n, net): (usize, Net)| {
            let (rate, path) = net.rate(&folder);
            let share = rate * net.macs() / roof[net.threads - 1];
            println!("{title} {n}: {rate:.0} rows/s, {share:.3} of the roof ({path})");
            (n, rate, share, path)
        };
        all.push(Series { title, grows, lines: nets.into_iter().map(line).collect() });
    };
    measure(
        "Rows, two layers of 5",
        "rows",
        [1_000, 10_000, 100_000, 1_000_000].map(|n| (n, Net { rows: n, ..base })).to_vec(),
    );
    let widths = [8, 16, 32, 64, 128, 256, 512, 1024];
    measure(
        "Width, two layers, 10,000 rows",
        "units",
        widths.map(|n| (n, Net { rows: 10_000, width: n, ..base })).to_vec(),
    );
    let depths = [1, 2, 5, 10, 20];
    measure(
        "Depth, layers of 64, 10,000 rows",
        "layers",
        depths.map(|n| (n, Net { rows: 10_000, width: 64, depth: n, ..base })).to_vec(),
    );
    let on = |n| (n, Net { rows: 10_000, width: 256, threads: n, ..base });
    measure("Threads, two layers of 256, 10,000 rows", "threads", (1..=threads).map(on).collect());
    let _ = std::fs::remove_dir_all(&folder);
    write(&all, &roof);
}

/// The page between its marks, and the picture.
fn write(all: &[Series], roof: &[f64]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shown: Vec<String> = roof.iter().map(|r| format!("{:.0}", 2.0 * r / 1e9)).collect();
    let mut text = format!(
        "Multiply-adds on registers alone, by 1 … {} threads: {} GFlop/s.\n\n![share of the roof](performance/growth.svg)\n",
        roof.len(),
        shown.join(", ")
    );
    for series in all {
        let _ = write!(
            text,
            "\n### {}\n\n| {} | rows a second | share of the roof | path |\n| ---: | ---: | ---: | --- |\n",
            series.title, series.grows
        );
        for (n, rate, share, path) in &series.lines {
            let _ = writeln!(text, "| {n} | {:.3} million | {share:.2} | {path} |", rate / 1e6);
        }
    }
    let page = root.join("docs/performance.md");
    let old = std::fs::read_to_string(&page).expect("the page is there");
    let (before, rest) = old.split_once(BEGIN).expect("the page has a beginning mark");
    let (_, after) = rest.split_once(END).expect("and an end");
    std::fs::write(&page, format!("{before}{BEGIN}\n{text}{END}{after}")).expect("the page can be written");
    std::fs::create_dir_all(root.join("docs/performance")).expect("a folder for the picture");
    draw(&root.join("docs/performance/growth.svg"), all).expect("the picture can be drawn");
}

fn draw(path: &Path, all: &[Series]) -> Result<(), Box<dyn std::error::Error>> {
    let sheet = SVGBackend::new(path, (900, 300)).into_drawing_area();
    sheet.fill(&WHITE)?;
    for (series, area) in all.iter().zip(sheet.split_evenly((1, all.len()))) {
        let points: Vec<(f64, f64)> =
            series.lines.iter().map(|(n, _, share, _)| (*n as f64, *share)).collect();
        let (first, last) = (points[0].0, points[points.len() - 1].0.max(points[0].0 * 1.01));
        let mut chart = ChartBuilder::on(&area)
            .caption(series.grows, ("sans-serif", 16))
            .margin(8)
            .x_label_area_size(28)
            .y_label_area_size(36)
            .build_cartesian_2d((first..last).log_scale(), 0.0..1.0)?;
        chart.configure_mesh().x_labels(4).y_labels(6).disable_x_mesh().y_desc("share of the roof").draw()?;
        chart.draw_series(LineSeries::new(points.clone(), BLUE.stroke_width(2)))?;
        chart.draw_series(points.into_iter().map(|p| Circle::new(p, 3, BLUE.filled())))?;
    }
    sheet.present()?;
    Ok(())
}
