//! `--emit tape|elbo|grad|plan` of models with a closed form, a hierarchy, a small net and a convolutional one.

use crate::support::snapshot;
use bnnc::compile::{Options, Session, Stage};
use std::path::Path;

/// Short enough to be read; the convolutional net only where its tape is.
const MODELS: &[(&str, &[(&str, Stage)])] = &[
    ("linear", ALL),
    ("eight_schools", ALL),
    ("moons", &[("elbo", Stage::Elbo), ("plan", Stage::Plan)]),
    ("mnist", &[("tape", Stage::Tape), ("plan", Stage::Plan)]),
];

const ALL: &[(&str, Stage)] =
    &[("tape", Stage::Tape), ("elbo", Stage::Elbo), ("grad", Stage::Grad), ("plan", Stage::Plan)];

#[test]
fn tapes_of_every_stage() {
    for (model, stages) in MODELS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/{model}.bnn"));
        // What is held depends on the threads.
        let options = Options { threads: Some(2), ..Options::default() };
        let session = Session::open(&path, options).expect("the model is in the repository");
        for (name, stage) in *stages {
            let text = session.emit(*stage).unwrap_or_else(|d| panic!("{model} {name}: {d:?}"));
            snapshot(name, model, &text);
        }
    }
}
