//! The documents at the level of syntax: pages of codes fail with their code, everything else parses.

use bnnc::diagnostic::Code;
use bnnc::diagnostic::code::ALL;
use bnnc::diagnostic::page::{Example, examples, page};
use bnnc::source::SourceFile;
use bnnc::syntax::parse;

/// Codes that are found by reading alone, so that their pages can be tested here.
const FOUND_BY_READING: [&str; 5] = ["S001", "S002", "S003", "N009", "Z003"];

#[test]
fn examples_of_pages_fail_with_their_code_or_parse() {
    for id in ALL.iter().map(|entry| entry.id) {
        let text = page(Code::named(id)).unwrap_or_else(|| panic!("{id} has no page"));
        for example in examples(text) {
            let (model, fails) = match example {
                Example::Fails(model) => (model, FOUND_BY_READING.contains(&id)),
                Example::Works(model) => (model, false),
                Example::File(..) | Example::RunFails(_) | Example::RunWorks(_) => continue,
            };
            match parse(&SourceFile::new(format!("{id}.md"), model)) {
                Ok(_) => assert!(!fails, "{id}: the failing example is read without a finding"),
                Err(found) => {
                    assert!(fails, "{id}: {found:?}");
                    assert!(found.0.iter().all(|d| d.code.id() == id), "{id}: {found:?}");
                }
            }
        }
    }
}

#[test]
fn examples_of_the_language_page_parse() {
    let text = include_str!("../../docs/language.md");
    let mut count = 0;
    for example in examples(text) {
        let Example::Works(model) = example else { continue };
        count += 1;
        if let Err(found) = parse(&SourceFile::new("language.md", model)) {
            panic!("{model}\n{found:?}");
        }
    }
    assert!(count >= 12, "{count} examples");
}
