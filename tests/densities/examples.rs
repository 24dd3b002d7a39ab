//! Every example model of a distribution: no finding, and a fit that finds what its data were made with.

use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;
use std::path::Path;

/// How many posterior sds the truth may lie from the mean: data are a sample, and there are some forty of these.
const SDS: f64 = 3.5;

/// A model with what its data were made with, as `data/simulate.py` says.
struct Example {
    model: &'static str,
    truth: &'static [(&'static str, f64)],
}

const EXAMPLES: &[Example] = &[
    Example { model: "claims", truth: &[("beta[1]", -1.2), ("beta[2]", 0.7)] },
    Example { model: "directions", truth: &[("heading", 0.8), ("concentration", 3.0)] },
    Example {
        model: "mixture",
        truth: &[("mu[1]", 54.0), ("mu[2]", 80.0), ("sigma[1]", 6.0), ("sigma[2]", 7.0)],
    },
    Example {
        model: "ratings",
        truth: &[
            ("beta[1]", 1.2),
            ("beta[2]", -0.8),
            ("cuts[1]", -2.0),
            ("cuts[2]", -0.5),
            ("cuts[3]", 0.7),
            ("cuts[4]", 2.0),
        ],
    },
    Example { model: "robust", truth: &[("beta[1]", 0.5), ("beta[2]", 2.0)] },
    Example {
        model: "slopes",
        truth: &[
            ("m[1]", 1.0),
            ("m[2]", 0.5),
            ("tau[1]", 0.8),
            ("tau[2]", 0.4),
            ("correlation", -0.6),
            ("noise", 0.7),
        ],
    },
    Example { model: "survival", truth: &[("beta[1]", 1.5), ("beta[2]", 0.8), ("shape", 1.6)] },
    Example { model: "visits", truth: &[("beta[1]", 0.8), ("beta[2]", 0.5), ("shape", 1.5)] },
    Example { model: "votes", truth: &[("share[1]", 0.1), ("share[4]", 0.4)] },
    Example { model: "walk", truth: &[("step", 0.3), ("noise", 0.8)] },
    Example { model: "zeros", truth: &[("b[1]", 0.4), ("b[2]", 0.3)] },
];

fn session(model: &str) -> Session {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/{model}.bnn"));
    let set = vec![("predict_draws".to_owned(), "10".to_owned())];
    Session::open(&path, Options { set, ..Options::default() }).expect("the model is in the repository")
}

fn run(model: &str) -> Run {
    fit(&session(model), &mut Silent).unwrap_or_else(|e| panic!("{model}: {:?}", e.diagnostics))
}

#[test]
fn example_models_have_no_findings() {
    for example in EXAMPLES {
        let found = session(example.model).check();
        let warnings: Vec<String> = found
            .0
            .iter()
            .filter(|d| d.level() != bnnc::diagnostic::Level::Note)
            .map(|d| d.message.clone())
            .collect();
        assert!(warnings.is_empty(), "{}: {warnings:?}", example.model);
    }
}

#[test]
fn example_models_find_what_their_data_were_made_with() {
    let mut complaints = vec![];
    for Example { model, truth } in EXAMPLES {
        let run = run(model);
        for (name, truth) in *truth {
            let row = run.summary.iter().find(|r| r.variable == *name);
            let Some(row) = row else {
                complaints.push(format!("{model} has no {name}"));
                continue;
            };
            let fits = (row.mean - truth).abs() <= SDS * row.sd && row.sd > 0.0;
            if !fits {
                complaints
                    .push(format!("{model}: {name} is {} ± {}, was made with {truth}", row.mean, row.sd));
            }
        }
        let metrics = run.metrics.split("train").expect("the training rows are judged");
        for (name, value) in metrics.targets.iter().flat_map(|t| &t.values) {
            // An angle has a direction, not a mean to be off from.
            let has_none = *model == "directions" && matches!(name.as_str(), "rmse" | "mae");
            if value.is_nan() && !has_none {
                complaints.push(format!("{model}: {name} is not a number"));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// share ~ Dirichlet(1) and 160 votes: Dirichlet(1 + votes), whose means and sds are known.
#[test]
fn shares_of_votes_have_their_closed_form() {
    let run = run("votes");
    let data = include_str!("../../models/data/votes.csv");
    let count = |party: &str| data.lines().skip(1).filter(|l| *l == party).count() as f64;
    let total = data.lines().count() as f64 - 1.0 + 4.0;
    for (party, index) in [("blue", 1), ("green", 2), ("red", 3), ("yellow", 4)] {
        let name = format!("share[{index}]");
        let row = run.summary.iter().find(|r| r.variable == name).expect("a share");
        let mean = (1.0 + count(party)) / total;
        let sd = (mean * (1.0 - mean) / (total + 1.0)).sqrt();
        assert!((row.mean - mean).abs() < 0.1 * sd, "{party}: {} should be {mean}", row.mean);
        assert!((row.sd / sd - 1.0).abs() < 0.1, "{party}: sd {} should be {sd}", row.sd);
    }
}
