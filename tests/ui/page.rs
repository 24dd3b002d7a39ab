//! `docs/messages.md`: what it quotes of bnnc is what bnnc prints.

use crate::support::checked::checked;
use bnnc::check::Context;
use bnnc::diagnostic::Level;
use bnnc::diagnostic::render::human_all;
use bnnc::source::SourceFile;

/// Set to any value to write the quotes instead of comparing them.
const BLESS: &str = "BNNC_BLESS";

#[test]
fn quoted_messages_are_those_that_are_printed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/messages.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let mut current = String::new();
    let mut rest = page.as_str();
    let mut count = 0;
    while let Some((before, after)) = rest.split_once("```bnn\n") {
        let (model, after) = after.split_once("```\n\n```text\n").expect("a model has its message below");
        let (_, after) = after.split_once("```\n").expect("a message ends");
        let source = SourceFile::new("model.bnn", model);
        let (_, mut found) = checked(&source, "tests/ui/right", &Context::default());
        found.0.retain(|d| d.level() != Level::Note);
        assert_eq!(found.0.len(), 1, "{found:#?}");
        let message = human_all(&found, &source, false);
        current.push_str(&format!("{before}```bnn\n{model}```\n\n```text\n{message}```\n"));
        rest = after;
        count += 1;
    }
    current.push_str(rest);
    assert_eq!(count, 10);
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(path, &current).expect("the docs folder can be written");
    } else {
        assert!(current == page, "docs/messages.md quotes something else; {BLESS}=1 writes it anew");
    }
}
