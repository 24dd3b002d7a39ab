//! Wrong models, one mistake each, in other spellings than those of the pages: each has exactly one finding, with the
//! code of its heading, and both what is wrong and the way out in the user's words (the snapshot).
//!
//! `tests/ui/wrong.txt` holds them: a line `=== CODE` and the model. They read the data of `tests/ui/right/`.

use crate::support::checked::checked;
use crate::support::snapshot;
use bnnc::check::Context;
use bnnc::diagnostic::Level;
use bnnc::diagnostic::render::human_all;
use bnnc::source::SourceFile;

const MODELS: &str = include_str!("wrong.txt");

#[test]
fn wrong_models_have_one_finding_each() {
    let mut shown = String::new();
    let mut faults = vec![];
    let mut count = 0;
    for section in MODELS.split("=== ").skip(1) {
        let (code, text) = section.split_once('\n').unwrap();
        let source = SourceFile::new("wrong.bnn", text);
        let (_, mut found) = checked(&source, "tests/ui/right", &Context::default());
        // Notes on other things are no reason to make these models longer.
        found.0.retain(|d| d.code.id() == code || d.level() != Level::Note);
        let codes: Vec<&str> = found.0.iter().map(|d| d.code.id()).collect();
        if codes != [code] {
            faults.push(format!("{code}: {codes:?}\n{text}"));
        }
        faults.extend(
            found.0.iter().filter(|d| d.help.is_none()).map(|d| format!("no way out: {}", d.message)),
        );
        shown.push_str(&format!("{}\n", human_all(&found, &source, false)));
        count += 1;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count >= 220, "{count} models");
    snapshot("ui", "wrong_models", &shown);
}
