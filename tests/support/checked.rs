//! Models checked against the data that they name.

use bnnc::check::{Context, check};
use bnnc::data::{self, Files};
use bnnc::diagnostic::Diagnostics;
use bnnc::lint::lint;
use bnnc::model::Model;
use bnnc::source::SourceFile;
use bnnc::syntax::ast::Item;
use bnnc::syntax::parse;
use std::io::{self, Read};
use std::path::PathBuf;

/// The files of one folder of the repository.
struct Folder(PathBuf);

impl Files for Folder {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(std::fs::File::open(self.0.join(path))?))
    }
}

/// Reads a model and the schema of its data, checks and lints it; every finding of the four stages.
pub fn checked(source: &SourceFile, folder: &str, context: &Context) -> (Option<Model>, Diagnostics) {
    let ast = match parse(source) {
        Ok(ast) => ast,
        Err(found) => return (None, found),
    };
    let data = ast.items.iter().find_map(|item| match item {
        Item::Data(data) => Some(data),
        _ => None,
    });
    let files = Folder(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder));
    let (columns, mut found) = match data {
        Some(data) => data::schema(data, &files, &data::Options::default()),
        None => (vec![], Diagnostics::default()),
    };
    let name = source.name.trim_end_matches(".bnn").to_owned();
    let (model, findings) = check(&ast, &name, &columns, context);
    found.extend(findings);
    if let Some(model) = &model {
        found.extend(lint(model));
    }
    found.sort();
    (model, found)
}

/// A model that is right, with its rows; a finding fails the test.
pub fn loaded(source: &SourceFile, folder: &str) -> (Model, data::Dataset) {
    let (model, found) = checked(source, folder, &Context::default());
    let model = model.unwrap_or_else(|| panic!("{found:?}"));
    let ast = parse(source).expect("read by the checker");
    let block = ast.items.iter().find_map(|item| match item {
        Item::Data(data) => Some(data),
        _ => None,
    });
    let files = Folder(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder));
    let rows = data::load(block.expect("it has data"), &model.columns, &files, &data::Options::default());
    (model, rows.unwrap_or_else(|found| panic!("{found:?}")))
}
