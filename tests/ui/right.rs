//! Right models, as statisticians write them: each stays without an error and without a warning.
//!
//! The models of `tests/ui/right/` are textbook regressions, hierarchies, generalised linear models, time series,
//! mixtures, survival, nets. They were written to find false alarms, and every one that found any is still there.
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
    assert!(models.len() >= 90, "{} models", models.len());
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
