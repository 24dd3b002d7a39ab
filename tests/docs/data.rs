//! Examples that read files: pages about data show their code, models of the language page have no findings.

use crate::support::snapshot;
use bnnc::compile::{Options, analyse};
use bnnc::data::Files;
use bnnc::diagnostic::page::{Example, examples, page};
use bnnc::diagnostic::render::human_all;
use bnnc::diagnostic::{Code, Diagnostics, Level};
use bnnc::lint;
use bnnc::source::SourceFile;
use std::io::{Cursor, Error, ErrorKind, Read};
use std::path::Path;

/// Codes that are found when the files of a page are read, and others that only a whole check finds.
const FOUND_IN_FILES: [&str; 11] =
    ["D001", "D002", "D003", "D013", "D015", "D016", "D017", "D018", "N010", "S005", "Z001"];

/// The files of a page, and under `data/` those of `models/`.
pub struct Folder<'a>(pub Vec<(&'a str, &'a str)>);

/// The files that a page holds, by name.
pub fn files_of(page: &str) -> Vec<(&str, &str)> {
    let file = |e| match e {
        Example::File(name, text) => Some((name, text)),
        _ => None,
    };
    examples(page).into_iter().filter_map(file).collect()
}

impl Files for Folder<'_> {
    fn open(&self, path: &str) -> std::io::Result<Box<dyn Read>> {
        let of_page = self.0.iter().find(|(name, _)| *name == path);
        match (of_page, path) {
            (Some((_, text)), _) => Ok(Box::new(Cursor::new(text.as_bytes().to_vec()))),
            (None, _) if path.starts_with("data/") => {
                let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(path);
                Ok(Box::new(std::fs::File::open(file)?))
            }
            _ => Err(Error::from(ErrorKind::NotFound)),
        }
    }
}

/// Everything that checking says about a model; of the notes only those of one code.
fn findings(source: &SourceFile, files: &dyn Files, noted: &str) -> Diagnostics {
    let mut found = analyse(source, "example", files, &Options::default()).findings;
    found.0.retain(|d| d.level() != Level::Note || d.code.id() == noted);
    found
}

/// The smallest failing model of a page shows its code and nothing else but notes, once; the cure shows nothing.
#[test]
fn pages_show_their_code_and_its_cure() {
    let mut wrong = vec![];
    for id in FOUND_IN_FILES.into_iter().chain(lint::ALL.iter().map(|l| l.code)) {
        let text = page(Code::named(id)).unwrap_or_else(|| panic!("{id} has no page"));
        let folder = Folder(files_of(text));
        let (mut fails, mut works) = (0, 0);
        for example in examples(text) {
            let (model, expected): (_, &[&str]) = match example {
                Example::Fails(model) => (model, &[id]),
                Example::Works(model) => (model, &[]),
                Example::File(..) | Example::RunFails(_) | Example::RunWorks(_) => continue,
            };
            let source = SourceFile::new(format!("{id}.bnn"), model);
            let found = findings(&source, &folder, id);
            let codes: Vec<&str> = found.0.iter().map(|d| d.code.id()).collect();
            let shown = human_all(&found, &source, false);
            if codes != expected {
                wrong.push(format!("{id}: {codes:?}, expected {expected:?}\n{model}\n{shown}"));
            }
            if expected.is_empty() {
                works += 1;
            } else {
                fails += 1;
                snapshot("errors", &format!("{id}_{fails}"), &shown);
            }
        }
        // A missing file cannot be cured by words.
        assert!(
            fails > 0 && (works > 0 || ["D015", "D017"].contains(&id)),
            "{id}: {fails} failing examples, {works} cures"
        );
    }
    assert!(wrong.is_empty(), "{} examples\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_language_page_holds_models_without_findings() {
    for example in examples(include_str!("../../docs/language.md")) {
        let Example::Works(model) = example else { continue };
        let source = SourceFile::new("language.md", model);
        let found = findings(&source, &Folder(vec![]), "");
        assert!(found.is_empty(), "{model}\n{}", human_all(&found, &source, false));
    }
}
