//! Part `posteriordb`: posteriors with reference draws, errors in reference sds.

use super::{SEEDS, page::range};
use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The model files, and the largest error of a mean that a mean-field guide may have: 0.1 where the coefficients are
/// nearly uncorrelated, 0.3 where they are not.
pub(super) const POSTERIORS: &[(&str, f64)] = &[
    ("blr", 0.1),
    ("earnings", 0.3),
    ("eight_schools", 0.3),
    ("kidiq", 0.3),
    ("mesquite", 0.3),
    ("nes", 0.3),
];
/// The funnel: no Gaussian has its scale; only the error of its means is judged.
pub(super) const FUNNEL: &str = "eight_schools";

/// What three fits of one posterior with one guide gave.
#[derive(Default)]
struct Cell {
    /// largest error of a mean in reference sds, per seed
    mean: Vec<f64>,
    smallest_sd: Vec<f64>,
    largest_sd: Vec<f64>,
    steps: Vec<f64>,
    seconds: Vec<f64>,
    /// the unknowns of the largest error and of the smallest ratio of sds, at the first seed
    at: (String, String),
}

pub fn section() -> String {
    let mut text = "Fits of `models/posteriordb/` beside 10,000 reference draws of long NUTS chains \
        (`tests/oracles/posteriordb/`).\n\
        Errors are in reference sds, sds relative to the reference; ranges are over seeds 0, 1, 2.\n\
        Command: `cargo bench --bench marks -- posteriordb`.\n\
        Marks: full rank 0.1 and 10 %; mean-field 0.1 (nearly uncorrelated) or 0.3, sds at most 10 % above; \
        the funnel of eight schools is judged by its means, 0.3.\n\
        Sds of mean-field that are too small are no miss: of correlated coefficients it knows the conditional ones, \
        here a twentieth to an eighth of the marginal.\n\n\
        | posterior | guide | worst mean | of | smallest sd | of | largest sd | steps | s per fit | marks |\n\
        |---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for (name, uncorrelated) in POSTERIORS {
        for (guide, settings) in [("full rank", None), ("mean-field", Some("meanfield"))] {
            let cell = cell(name, settings);
            let is_met =
                cell.is_met(settings.is_some(), if settings.is_some() { *uncorrelated } else { 0.1 }, name);
            text += &format!(
                "| {name} | {guide} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                range(&cell.mean, 3),
                cell.at.0,
                range(&cell.smallest_sd, 3),
                cell.at.1,
                range(&cell.largest_sd, 3),
                range(&cell.steps, 0),
                range(&cell.seconds, 2),
                if is_met { "met" } else { "missed" },
            );
        }
    }
    text
}

impl Cell {
    fn is_met(&self, is_mean_field: bool, mean: f64, name: &str) -> bool {
        let all = |values: &[f64], holds: &dyn Fn(f64) -> bool| values.iter().all(|v| holds(*v));
        if name == FUNNEL {
            return all(&self.mean, &|e| e <= 0.3);
        }
        all(&self.mean, &|e| e <= mean)
            && all(&self.largest_sd, &|r| r <= 1.1)
            && (is_mean_field || all(&self.smallest_sd, &|r| r >= 0.9))
    }
}

/// The model of a posterior.
pub(super) fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/posteriordb/{name}.bnn"))
}

/// Means and sds of its reference draws, by unknowns.
pub(super) fn reference(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/oracles/posteriordb/{name}.json"));
    let text = std::fs::read_to_string(path).expect("the reference is in the repository");
    serde_json::from_str(&text).expect("it is JSON")
}

fn cell(name: &str, guide: Option<&str>) -> Cell {
    let (path, reference) = (model(name), reference(name));
    let mut cell = Cell::default();
    for seed in SEEDS {
        let set = guide.map(|g| ("guide".to_owned(), g.to_owned())).into_iter().collect();
        let options = Options { set, seed: Some(seed), ..Options::default() };
        let begun = Instant::now();
        let session = Session::open(&path, options).expect("the model is in the repository");
        let run = fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{name}: {:?}", f.diagnostics));
        cell.seconds.push(begun.elapsed().as_secs_f64());
        cell.steps.push(run.manifest.steps as f64);
        cell.compare(&run, &reference);
    }
    cell
}

impl Cell {
    fn compare(&mut self, run: &Run, reference: &Value) {
        let (mut mean, mut low, mut high) = ((0.0, ""), (f64::INFINITY, ""), 0.0);
        for (variable, row) in reference.as_object().into_iter().flatten() {
            let number = |key: &str| row[key].as_f64().expect("the reference has numbers");
            let found =
                run.summary.iter().find(|r| label(&r.variable) == *variable).expect("the same unknowns");
            let error = ((found.mean - number("mean")) / number("sd")).abs();
            let ratio = found.sd / number("sd");
            if error > mean.0 {
                mean = (error, variable);
            }
            if ratio < low.0 {
                low = (ratio, variable);
            }
            high = ratio.max(high);
        }
        self.mean.push(mean.0);
        self.smallest_sd.push(low.0);
        self.largest_sd.push(high);
        if self.mean.len() == 1 {
            self.at = (mean.1.to_owned(), low.1.to_owned());
        }
    }
}

/// Schools are called by letters here and by numbers in the reference.
pub(super) fn label(variable: &str) -> String {
    match variable.strip_prefix("theta[").and_then(|rest| rest.bytes().next()) {
        Some(letter @ b'A'..=b'H') => format!("theta[{}]", letter - b'A' + 1),
        _ => variable.to_owned(),
    }
}
