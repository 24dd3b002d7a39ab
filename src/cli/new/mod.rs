//! `bnnc new NAME`: a commented model to start from, which fits as it is, with its data beside it.

mod data;

use super::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use clap::{Args, ValueEnum};
use data::File;
use serde_json::json;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Write a commented model to start from, with small made-up data beside it
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The model's name, or the path of its file
    #[arg(value_name = "NAME")]
    pub name: PathBuf,
    /// What it is a model of: classification, regression, images, hierarchical or counts
    #[arg(long, value_name = "KIND", default_value = "classification", hide_possible_values = true)]
    pub kind: Kind,
}

/// A starter model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// a net on two columns
    Classification,
    /// a straight line
    Regression,
    /// a convolutional net
    Images,
    /// groups that learn from each other
    Hierarchical,
    /// how many events
    Counts,
}

impl Kind {
    /// The model, in which `DATA` stands for its own stem, and its files.
    fn starter(self) -> (&'static str, Vec<File>) {
        match self {
            Kind::Classification => (include_str!("classification.bnn"), vec![]),
            Kind::Regression => (include_str!("regression.bnn"), data::regression()),
            Kind::Images => (include_str!("images.bnn"), data::images()),
            Kind::Hierarchical => (include_str!("hierarchical.bnn"), data::hierarchical()),
            Kind::Counts => (include_str!("counts.bnn"), data::counts()),
        }
    }
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let mut path = options.name.clone();
    if path.extension().is_none_or(|e| e != "bnn") {
        path.as_mut_os_string().push(".bnn");
    }
    let shown = path.display().to_string();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (model, files) = options.kind.starter();
    let mut all = vec![(path.clone(), model.replace("DATA", &stem).into_bytes())];
    all.extend(files.into_iter().map(|(end, bytes)| (path.with_file_name(format!("{stem}{end}")), bytes)));
    if stem.contains('"') {
        return terminal.refuse(&Diagnostic::new("O005", "a model's name holds no quotes"));
    }
    if let Some((taken, _)) = all.iter().find(|(path, _)| path.exists()) {
        let finding = Diagnostic::new("O005", format!("{} is there already", taken.display()));
        return terminal.refuse(&finding.help("choose another name"));
    }
    for (path, bytes) in &all {
        if let Err(finding) = write(path, bytes) {
            return terminal.refuse(&finding);
        }
    }
    if terminal.is_json {
        let data: Vec<String> = all[1..].iter().map(|(path, _)| path.display().to_string()).collect();
        terminal.out_json(&json!({ "wrote": shown, "data": data }));
    } else if !terminal.is_quiet {
        terminal.out(&format!("wrote {shown}; try `bnnc fit {shown}`\n"));
    }
    0
}

/// Writes a file that is not there yet.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    crate::files::write_new(path, bytes).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => Diagnostic::new("O005", format!("{} is there already", path.display()))
            .help("choose another name"),
        _ => Diagnostic::new("O005", format!("cannot write {}: {e}", path.display())),
    })
}
