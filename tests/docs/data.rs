//! Examples that read files: pages about data show their code, models of the language page have no findings.

use bnnc::check::{Context, check};
use bnnc::data::{self, Files};
use bnnc::diagnostic::page::{Example, examples, page};
use bnnc::diagnostic::render::human_all;
use bnnc::diagnostic::{Code, Diagnostics, Level};
use bnnc::source::SourceFile;
use bnnc::syntax::ast::Item;
use bnnc::syntax::parse;
use std::io::{Cursor, Error, ErrorKind, Read};
use std::path::Path;

/// Codes that are found when the files of a page are read.
const FOUND_IN_FILES: [&str; 7] = ["D001", "D002", "D003", "D015", "D016", "D017", "D018"];

/// The files of a page, and under `data/` those of `models/`.
struct Folder<'a>(Vec<(&'a str, &'a str)>);

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

/// Everything that checking says about a model, and reading its data if they are small.
fn findings(source: &SourceFile, files: &dyn Files) -> Diagnostics {
    let ast = match parse(source) {
        Ok(ast) => ast,
        Err(found) => return found,
    };
    let options = data::Options::default();
    let block = ast.items.iter().find_map(|item| match item {
        Item::Data(data) => Some(data),
        _ => None,
    });
    let (columns, mut found) = block.map(|b| data::schema(b, files, &options)).unwrap_or_default();
    if found.has_errors() {
        return found;
    }
    found.extend(check(&ast, "example", &columns, &Context::default()).1);
    if let (Some(block), false) = (block, source.text.contains("mnist")) {
        found.extend(data::load(block, &columns, files, &options).err().unwrap_or_default());
    }
    found
}

#[test]
fn pages_about_data_show_their_code() {
    for id in FOUND_IN_FILES {
        let text = page(Code::named(id)).expect(id);
        let files = examples(text).into_iter().filter_map(|e| match e {
            Example::File(name, text) => Some((name, text)),
            _ => None,
        });
        let folder = Folder(files.collect());
        for example in examples(text) {
            let (model, expected): (_, &[&str]) = match example {
                Example::Fails(model) => (model, &[id]),
                Example::Works(model) => (model, &[]),
                Example::File(..) => continue,
            };
            let source = SourceFile::new(format!("{id}.md"), model);
            let found = findings(&source, &folder);
            let codes: Vec<&str> = found.0.iter().map(|d| d.code.id()).collect();
            assert_eq!(codes, expected, "{model}\n{}", human_all(&found, &source, false));
        }
    }
}

#[test]
fn the_language_page_holds_models_without_findings() {
    for example in examples(include_str!("../../docs/language.md")) {
        let Example::Works(model) = example else { continue };
        let source = SourceFile::new("language.md", model);
        let mut found = findings(&source, &Folder(vec![]));
        found.0.retain(|d| d.level() != Level::Note);
        assert!(found.is_empty(), "{model}\n{}", human_all(&found, &source, false));
    }
}
