//! Pages of codes that the checker finds: the failing example fails with its code, the cure has no error.

use crate::support::checked::checked;
use bnnc::check::Context;
use bnnc::diagnostic::page::{Example, examples, page};
use bnnc::diagnostic::{Code, Level, code};
use bnnc::source::SourceFile;

/// Families of codes of other stages, whose examples need files, a fit or a command line, or are fragments.
const ELSEWHERE: &[char] = &['D', 'G', 'R', 'S', 'Z'];
/// Single codes of other stages.
const ALSO_ELSEWHERE: &[&str] = &["L003", "L005", "N009", "O003", "O004", "O005", "T024"];
/// Codes of those families that the checker finds.
const HERE: &[&str] = &["D005", "D010", "G003"];

fn is_found_here(id: &str) -> bool {
    HERE.contains(&id) || !(id.starts_with(ELSEWHERE) || ALSO_ELSEWHERE.contains(&id))
}

#[test]
fn examples_of_pages_fail_with_their_code_and_are_cured() {
    let mut count = 0;
    for entry in code::ALL.iter().filter(|e| is_found_here(e.id)) {
        let Some(text) = page(Code::named(entry.id)) else { continue };
        for example in examples(text) {
            let (model, fails) = match example {
                Example::Fails(model) => (model, true),
                Example::Works(model) => (model, false),
                Example::File(..) => continue,
            };
            let source = SourceFile::new(format!("{}.bnn", entry.id), model);
            let (_, found) = checked(&source, "models", &Context::default());
            let errors: Vec<&str> = found
                .0
                .iter()
                .filter(|d| d.level() == Level::Error || d.code.id() == entry.id)
                // Pages name files that only a reader has.
                .filter(|d| d.code.id() != "D015")
                .map(|d| d.code.id())
                .collect();
            let expected: &[&str] = if fails { &[entry.id] } else { &[] };
            let is_right =
                errors.iter().all(|e| expected.contains(e)) && errors.is_empty() == expected.is_empty();
            assert!(is_right, "{}: {errors:?} in\n{}\n{found:#?}", entry.id, source.text);
            count += 1;
        }
    }
    assert!(count >= 45, "{count} examples");
}
