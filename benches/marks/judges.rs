//! Part `posteriordb-judges`: methods that judge a guide, beside the same reference draws as the guides.

use super::posteriordb::{FUNNEL, POSTERIORS, label, model, reference};
use super::{SEEDS, page::range};
use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;
use serde_json::Value;
use std::time::Instant;

/// Standard error of a mean of the reference, in its sds: of 10,000 draws.
const OF_REFERENCE: f64 = 0.01;

/// How a method is asked for, and what is wanted of it.
struct Judge {
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    /// Most that a mean may be off.
    mean: Wanted,
    /// Most that an sd may be off, relative to that of the reference.
    sd: f64,
    /// Whether its failure on the funnel is expected.
    is_blind_to_funnels: bool,
}

enum Wanted {
    /// In errors of both means together.
    Errors(f64),
    /// In sds of the reference.
    Sds(f64),
}

const JUDGES: &[Judge] = &[
    Judge {
        name: "NUTS, 4 chains of 4,000",
        settings: &[("fit.method", "nuts"), ("fit.samples", "4000")],
        mean: Wanted::Errors(4.0),
        sd: 0.05,
        is_blind_to_funnels: false,
    },
    Judge {
        name: "particles, 4 populations of 1,000",
        settings: &[("fit.method", "smc"), ("fit.samples", "1000")],
        mean: Wanted::Errors(4.0),
        sd: 0.1,
        is_blind_to_funnels: false,
    },
    Judge {
        name: "Laplace",
        settings: &[("fit.method", "laplace")],
        mean: Wanted::Sds(0.25),
        sd: 0.25,
        is_blind_to_funnels: true,
    },
];

/// Of each fit of one posterior, a number per seed.
#[derive(Default)]
struct Cell {
    sds: Vec<f64>,
    errors: Vec<f64>,
    smallest_sd: Vec<f64>,
    largest_sd: Vec<f64>,
    rhat: Vec<f64>,
    seconds: Vec<f64>,
    /// The unknown whose mean is furthest off at the first seed.
    at: String,
}

pub fn section() -> String {
    let mut text = "The same posteriors by what judges a guide: chains, particles, and the curvature at the mode.\n\
        Of means that are furthest off: in sds of the reference, and in Monte Carlo errors of both together (that of \
        the reference is 0.01 sd); sds relative to the reference; ranges are over seeds 0, 1, 2, the unknown is that of the first.\n\
        Command: `cargo bench --bench marks -- posteriordb-judges`.\n\
        Marks: NUTS 4 errors and 5 %; Laplace 0.25 sds and 25 %, but for the funnel of eight schools, which it cannot \
        have. Particles have no mark; met is 4 errors and 10 %.\n\n\
        | posterior | method | worst mean, sds | of | in errors | smallest sd | largest sd | R̂ | s per fit | marks |\n\
        |---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for judge in JUDGES {
        for (name, _) in POSTERIORS {
            let cell = cell(name, judge);
            let of_chains = |values: &[f64], decimals| {
                if values.iter().all(|v| v.is_finite()) { range(values, decimals) } else { "–".to_owned() }
            };
            let words = match (cell.is_met(judge), judge.is_blind_to_funnels && *name == FUNNEL) {
                (true, _) => "met",
                (false, true) => "missed, as it must",
                (false, false) => "missed",
            };
            text += &format!(
                "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {words} |\n",
                judge.name,
                range(&cell.sds, 3),
                cell.at,
                of_chains(&cell.errors, 1),
                range(&cell.smallest_sd, 3),
                range(&cell.largest_sd, 3),
                of_chains(&cell.rhat, 3),
                range(&cell.seconds, 2),
            );
            eprintln!("{}", text.lines().last().unwrap_or_default());
        }
    }
    text
}

/// What is no number is as far off as can be.
fn known(x: f64) -> f64 {
    if x.is_nan() { f64::INFINITY } else { x }
}

fn cell(name: &str, judge: &Judge) -> Cell {
    let reference = reference(name);
    let mut cell = Cell::default();
    for seed in SEEDS {
        let set = judge.settings.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let options = Options { set, seed: Some(seed), ..Options::default() };
        let begun = Instant::now();
        let session = Session::open(&model(name), options).expect("the model is in the repository");
        let run = fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{name}: {:?}", f.diagnostics));
        cell.seconds.push(begun.elapsed().as_secs_f64());
        cell.compare(&run, &reference);
    }
    cell
}

impl Cell {
    fn compare(&mut self, run: &Run, reference: &Value) {
        let (mut furthest, mut errors) = ((0.0, ""), 0.0f64);
        let (mut low, mut high, mut rhat) = (f64::INFINITY, 0.0f64, 0.0f64);
        for (variable, row) in reference.as_object().into_iter().flatten() {
            let number = |key: &str| row[key].as_f64().expect("the reference has numbers");
            let found =
                run.summary.iter().find(|r| label(&r.variable) == *variable).expect("the same unknowns");
            let off = known(((found.mean - number("mean")) / number("sd")).abs());
            if off > furthest.0 {
                furthest = (off, variable);
            }
            // Only chains have Monte Carlo errors.
            let convergence = found.convergence.as_ref();
            let of_both = |mcse: f64| known(off / (mcse / number("sd")).hypot(OF_REFERENCE));
            errors = convergence.map_or(f64::NAN, |c| errors.max(of_both(c.mcse)));
            rhat = convergence.map_or(f64::NAN, |c| rhat.max(known(c.rhat)));
            let ratio = known(found.sd / number("sd"));
            (low, high) = (low.min(ratio), high.max(ratio));
        }
        self.sds.push(furthest.0);
        self.errors.push(errors);
        self.rhat.push(rhat);
        self.smallest_sd.push(low);
        self.largest_sd.push(high);
        if self.at.is_empty() {
            self.at = furthest.1.to_owned();
        }
    }

    fn is_met(&self, judge: &Judge) -> bool {
        let means = match judge.mean {
            Wanted::Errors(most) => self.errors.iter().all(|e| *e <= most),
            Wanted::Sds(most) => self.sds.iter().all(|e| *e <= most),
        };
        let within = |ratio: &f64| (ratio - 1.0).abs() <= judge.sd;
        means && self.smallest_sd.iter().chain(&self.largest_sd).all(within)
    }
}
