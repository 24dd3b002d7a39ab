//! What the fuzz targets share: files in memory, and what must hold of every outcome.

use bnnc::compile::{Analysis, Options, analyse};
use bnnc::data::Files;
use bnnc::diagnostic::render::{github, human_all, json, sarif};
use bnnc::source::SourceFile;
use std::io::{Cursor, Error, ErrorKind, Read, Result};

/// Files by path; nothing else is there.
pub struct Memory(pub Vec<(&'static str, Vec<u8>)>);

impl Files for Memory {
    fn open(&self, path: &str) -> Result<Box<dyn Read>> {
        match self.0.iter().find(|(name, _)| *name == path) {
            Some((_, bytes)) => Ok(Box::new(Cursor::new(bytes.clone()))),
            None => Err(Error::from(ErrorKind::NotFound)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let prefix = format!("{folder}/");
        let inside = self.0.iter().filter_map(|(path, _)| path.strip_prefix(prefix.as_str()));
        let mut names: Vec<String> = inside
            .map(|rest| rest.split_once('/').map_or(rest.to_owned(), |(folder, _)| format!("{folder}/")))
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// Everything that `check` does with a model and its files; findings are drawn in every format.
pub fn look(text: &str, files: &Memory) -> Analysis {
    let source = SourceFile::new("m.bnn", text);
    let analysis = analyse(&source, "m", files, &Options::default());
    let found = &analysis.findings;
    assert_eq!(human_all(found, &source, false).is_empty(), found.is_empty());
    assert!(analysis.model.is_some() || found.has_errors(), "nothing was said");
    found.0.iter().for_each(|finding| {
        json(finding, &source);
        github(finding, &source);
    });
    sarif(&[(&source, found)]);
    analysis
}

/// A model that reads a file, with the file: the first byte of the input picks one of some models.
pub fn look_at_data(models: &[&str], path: &'static str, input: &[u8]) {
    let Some((first, bytes)) = input.split_first() else { return };
    let model = models[usize::from(*first) % models.len()];
    let analysis = look(model, &Memory(vec![(path, bytes.to_vec())]));
    if let Some((_, data)) = analysis.data {
        assert!(data.splits.iter().all(|split| split.rows.iter().all(|row| (*row as usize) < data.rows)));
    }
}
