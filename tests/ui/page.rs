//! `docs/messages.md`: what it quotes of bnnc is what bnnc prints.

use crate::support::checked::checked;
use bnnc::check::Context;
use bnnc::diagnostic::page::{Example, examples, page};
use bnnc::diagnostic::render::human_all;
use bnnc::diagnostic::{Code, Level, code};
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

/// How many codes there are, of which level, how many have a page with a failing example and how many a fix.
#[test]
fn the_counts_of_the_page_are_those_of_the_table() {
    let of = |level| code::ALL.iter().filter(|e| e.level == level).count();
    let is_shown = |e: &&code::Entry| {
        let text = page(Code::named(e.id)).unwrap_or_default();
        examples(text).iter().any(|e| matches!(e, Example::Fails(_) | Example::RunFails(_)))
    };
    let by_command = |e: &&code::Entry| {
        examples(page(Code::named(e.id)).unwrap_or_default())
            .iter()
            .any(|e| matches!(e, Example::RunFails(_)))
    };
    let text = format!(
        "There are {} codes: {} errors, {} warnings and {} notes.\n\
         {} of them have a page whose example shows the code when a test runs it, {} of those by a command; {} have a fix that `check --fix` applies.\n",
        code::ALL.len(),
        of(Level::Error),
        of(Level::Warning),
        of(Level::Note),
        code::ALL.iter().filter(is_shown).count(),
        code::ALL.iter().filter(by_command).count(),
        code::ALL.iter().filter(|e| e.has_fix).count(),
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/messages.md");
    let whole = std::fs::read_to_string(path).expect("the page is there");
    let (before, rest) = whole.split_once("<!-- counts -->\n").expect("a marker");
    let (old, after) = rest.split_once("<!-- end: counts -->").expect("its end");
    if std::env::var_os(BLESS).is_some() {
        let new = format!("{before}<!-- counts -->\n{text}<!-- end: counts -->{after}");
        std::fs::write(path, new).expect("the docs folder can be written");
    } else {
        assert!(old == text, "docs/messages.md counts otherwise; {BLESS}=1 writes it anew:\n{text}");
    }
}
