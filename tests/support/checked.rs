//! Models checked against the data that they name.

use bnnc::check::Context;
use bnnc::compile::{self, analyse};
use bnnc::data::{self, Files};
use bnnc::diagnostic::Diagnostics;
use bnnc::model::Model;
use bnnc::source::SourceFile;
use std::io::{self, Read};
use std::path::PathBuf;

/// The files of one folder of the repository.
struct Folder(PathBuf);

impl Files for Folder {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(std::fs::File::open(self.0.join(path))?))
    }
}

/// Everything that is known of a model before it is fitted.
pub fn analysed(source: &SourceFile, folder: &str, context: &Context) -> compile::Analysis {
    let files = Folder(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder));
    let options = compile::Options {
        set: context.overrides.clone(),
        choose: context.choices.clone(),
        ..compile::Options::default()
    };
    analyse(source, source.name.trim_end_matches(".bnn"), &files, &options)
}

/// Every finding on a model, and the model if none of them is an error.
pub fn checked(source: &SourceFile, folder: &str, context: &Context) -> (Option<Model>, Diagnostics) {
    let analysis = analysed(source, folder, context);
    (analysis.model.filter(|_| !analysis.findings.has_errors()), analysis.findings)
}

/// A model that is right, with its rows; a finding fails the test.
pub fn loaded(source: &SourceFile, folder: &str) -> (Model, data::Dataset) {
    let analysis = analysed(source, folder, &Context::default());
    let (model, data) = (analysis.model, analysis.data);
    let (Some(model), Some((_, data))) = (model, data) else { panic!("{:?}", analysis.findings) };
    (model, (*data).clone())
}
