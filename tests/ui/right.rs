//! Right models, as statisticians write them: each stays without an error and without a warning.
//!
//! The models of `tests/ui/right/` are textbook regressions, hierarchies, generalised linear models, time series,
//! mixtures, survival, nets. They were written to find false alarms, and every one that found any is still there.
//! Their rows are made up, but for a few short tables of the BUGS examples: no number here is a result.
//! Which notes `--pedantic` shows on them is in one snapshot.

use crate::support::checked::checked;
use crate::support::{files_in, snapshot};
use bnnc::check::Context;
use bnnc::diagnostic::Level;
use bnnc::source::SourceFile;

const FOLDER: &str = "tests/ui/right";

#[test]
fn right_models_stay_silent() {
    let mut notes = String::new();
    let mut alarms = vec![];
    let models = files_in(FOLDER, "bnn");
    assert!(models.len() >= 170, "{} models", models.len());
    for (name, text) in models {
        let source = SourceFile::new(format!("{name}.bnn"), text);
        let (model, found) = checked(&source, FOLDER, &Context::default());
        let loud = found.0.iter().filter(|d| d.level() != Level::Note);
        alarms.extend(loud.map(|d| format!("{name}: {} {}", d.code.id(), d.message)));
        assert!(model.is_some() || !alarms.is_empty(), "{name} is no model");
        let mut codes: Vec<&str> = found.0.iter().map(|d| d.code.id()).collect();
        codes.dedup();
        if !codes.is_empty() {
            notes.push_str(&format!("{name}: {}\n", codes.join(" ")));
        }
    }
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
    snapshot("ui", "notes_on_right_models", &notes);
}

/// What `check --pedantic` says of the example models: notes, each of which was read and is true of its model.
#[test]
fn example_models_have_notes_only() {
    let mut notes = String::new();
    for folder in ["models", "models/posteriordb"] {
        for (name, text) in files_in(folder, "bnn") {
            // To read all of MNIST in every test run is too much.
            if text.contains("mnist") {
                continue;
            }
            let source = SourceFile::new(format!("{name}.bnn"), text);
            let (_, found) = checked(&source, folder, &Context::default());
            // Pictures that are not part of the sources.
            if found.0.iter().any(|d| d.code.id() == "D015") {
                continue;
            }
            for note in &found.0 {
                assert!(note.level() == Level::Note, "{name}: {note:?}");
                notes.push_str(&format!("{name}: {} {}\n", note.code.id(), note.message));
            }
        }
    }
    snapshot("ui", "notes_on_example_models", &notes);
}
