//! The driver: one line per stage.
//!
//! [`analyse`] does what comes before inference; [`Session::open`] reads a model, [`Session::check`] finds what is wrong with it, [`Session::emit`] prints a stage,
//! [`fit`] runs all of them and returns a filled [`Run`](crate::run_folder::Run).

mod analysis;
mod chain_warnings;
mod compare;
mod data_choices;
mod earlier;
mod emit;
mod evaluated;
mod fit;
pub mod fitted;
mod format;
mod indices;
mod methods;
mod names;
mod non_centre;
mod pictures;
mod prior;
mod record;
mod statistics;
mod summary;
mod sweep;
mod targets;
mod unlike;

pub use analysis::{Analysis, analyse};
pub use fit::{Ready, fit};
pub use format::{Formatted, formatted};
pub use statistics::resolve;
pub use sweep::{Asked, Sweep, plan};

use crate::data::{Dataset, Files};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::files;
use crate::infer::settings::{Method, Settings};
use crate::lint;
use crate::model::Model;
use crate::source::SourceFile;
use crate::syntax::{self, ast};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the command line says about a model, on top of the model itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// `--set NAME=VALUE`, in order.
    pub set: Vec<(String, String)>,
    /// `--choose NAME=LABEL`, in order.
    pub choose: Vec<(String, String)>,
    /// `--data FILE`
    pub data: Option<String>,
    /// `--seed N`
    pub seed: Option<u64>,
    /// `--method NAME`
    pub method: Option<String>,
    /// `--steps N`
    pub steps: Option<u64>,
    /// `--epochs N`
    pub epochs: Option<u64>,
    /// `--batch N` or `--batch all`
    pub batch: Option<String>,
    /// `--threads N`
    pub threads: Option<usize>,
    /// `--max-memory SIZE`, in bytes
    pub max_memory: Option<u64>,
    /// `--truth GENERATOR`: what made the rows of a file.
    pub truth: Option<String>,
    /// `--compare map`: fit the mode of the same model too, and say which predicts better.
    #[serde(default)]
    pub compare_map: bool,
}

/// A stage that can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// what was written
    Ast,
    /// typed, nothing implied
    Model,
    /// the log joint
    Tape,
    /// with the guide
    Elbo,
    /// with its gradient, optimised
    Grad,
    /// scheduled
    Plan,
}

/// A model file with the options in force.
pub struct Session {
    source: SourceFile,
    name: String,
    options: Options,
    files: Box<dyn Files>,
    analysis: OnceCell<Analysis>,
}

/// Files of the disk; relative paths are relative to the model file.
struct Disk {
    base: PathBuf,
    room: u64,
}

impl Files for Disk {
    fn open(&self, path: &str) -> std::io::Result<Box<dyn std::io::Read>> {
        let file = files::open(&self.base.join(path))?;
        Ok(Box::new(std::io::BufReader::new(file)))
    }

    fn room(&self) -> u64 {
        self.room
    }

    fn list(&self, folder: &str) -> std::io::Result<Vec<String>> {
        files::list(&self.base.join(folder))
    }
}

/// One file in place of another, before all others.
struct Instead {
    name: String,
    rows: Box<dyn Files>,
    others: Box<dyn Files>,
}

impl Files for Instead {
    fn open(&self, path: &str) -> std::io::Result<Box<dyn std::io::Read>> {
        if path == self.name { self.rows.open(path) } else { self.others.open(path) }
    }

    fn room(&self) -> u64 {
        self.others.room()
    }

    fn list(&self, folder: &str) -> std::io::Result<Vec<String>> {
        self.others.list(folder)
    }
}

/// Why a fit gave no run.
#[derive(Debug)]
pub struct FitFailure {
    /// What to show.
    pub diagnostics: Diagnostics,
    /// 1: the model or the data is wrong; 3: the fit failed; 130: it was asked to stop.
    pub exit: u8,
}

impl Session {
    /// Reads a model file.
    ///
    /// # Errors
    /// O004 if it is missing or unreadable.
    pub fn open(path: &Path, options: Options) -> Result<Session, Diagnostics> {
        let source = read_source(path)?;
        Ok(Session::of(path, source.text, options))
    }

    /// A model with this text, as if it stood in that file.
    pub fn of(path: &Path, text: String, mut options: Options) -> Session {
        let room = options.max_memory.or_else(files::memory::allowed).unwrap_or(u64::MAX);
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        if let Some(data) = &mut options.data {
            *data = std::path::absolute(&data).map_or_else(|_| data.clone(), |p| p.display().to_string());
        }
        Session {
            source: SourceFile::new(path.display().to_string(), text),
            name: path.file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy().into_owned()),
            options,
            files: Box::new(Disk { base, room }),
            analysis: OnceCell::new(),
        }
    }

    /// Bytes of memory that the model and its rows may take.
    fn room(&self) -> u64 {
        self.files.room()
    }

    /// The same model with its rows read from elsewhere: `name` names them in messages and says their format.
    /// Other files, such as those of a `test` source, are still those of the disk.
    pub fn with_rows(self, name: &str, rows: Box<dyn Files>) -> Session {
        let options = Options { data: Some(name.to_owned()), ..self.options };
        let files = Box::new(Instead { name: name.to_owned(), rows, others: self.files });
        Session { files, options, analysis: OnceCell::new(), ..self }
    }

    /// Findings of a fit that no comment of the model silences.
    fn not_silenced(&self, found: &[Diagnostic]) -> Vec<Diagnostic> {
        let mut found = Diagnostics(found.to_vec());
        if let Some(tree) = &self.analysis().ast {
            lint::allow::silence(&mut found, &self.source, &tree.comments, &syntax::statements(&self.source));
        }
        found.0
    }

    /// Returns the text of the model.
    pub fn source(&self) -> &SourceFile {
        &self.source
    }

    /// Returns everything there is to say about the model.
    pub fn check(&self) -> Diagnostics {
        self.analysis().findings.clone()
    }

    /// Prints a stage.
    ///
    /// # Errors
    /// The model's errors, or what the compiler cannot run.
    pub fn emit(&self, stage: Stage) -> Result<String, Diagnostics> {
        emit::emit(self, stage)
    }

    /// The checked model, or what is wrong.
    fn model(&self) -> Result<&Model, Diagnostics> {
        let analysis = self.analysis();
        match &analysis.model {
            Some(model) if !analysis.findings.has_errors() => Ok(model),
            _ => Err(analysis.findings.clone()),
        }
    }

    fn analysis(&self) -> &Analysis {
        self.analysis.get_or_init(|| analyse(&self.source, &self.name, &*self.files, &self.options))
    }

    /// Settings in force.
    fn settings(&self) -> Result<Settings, Diagnostics> {
        Settings::of(self.model()?)
    }

    /// The rows, which the analysis has read.
    ///
    /// # Errors
    /// The model's errors; L001 where nothing is observed.
    pub fn data(&self) -> Result<Arc<Dataset>, Diagnostics> {
        match &self.analysis().data {
            Some((_, data)) => Ok(data.clone()),
            None if self.settings()?.method == Method::Prior => Ok(Arc::default()),
            None => Err(Diagnostic::new("L001", "the model has no data: nothing is observed")
                .help("add `data \"file.csv\" { y : real }`")
                .into()),
        }
    }

    /// Returns the hash of the rows, by which a run says what it was fitted on.
    ///
    /// # Errors
    /// The model's errors.
    pub fn fingerprint(&self) -> Result<String, Diagnostics> {
        Ok(self.data()?.fingerprint.clone())
    }

    /// The generator that made the rows, in words: as declared, or the one that the model names.
    fn truth(&self) -> String {
        if let Some(declared) = &self.options.truth {
            return declared.clone();
        }
        let analysis = self.analysis();
        let (Some(tree), Some(model), None) = (&analysis.ast, &analysis.model, &self.options.data) else {
            return String::new();
        };
        let inputs: Vec<&str> = model.columns.iter().map(|c| c.name.as_str()).collect();
        match data_block(tree).map(|d| &d.source) {
            Some(ast::Source::Call { name, args, span }) if inputs == ["x1", "x2", "y"] => {
                let parsed = |(n, v): &(String, String)| Some((n.clone(), v.trim().parse().ok()?));
                let set: HashMap<String, f64> = self.options.set.iter().filter_map(parsed).collect();
                let known = constants(tree, &set);
                let truth = crate::data::truth::Truth::of_call(&name.value, args, *span, &known, &set);
                truth.ok().flatten().map(|t| t.words).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    /// Where the rows come from, as written.
    fn data_name(&self) -> String {
        if let Some(file) = &self.options.data {
            return file.clone();
        }
        match self.analysis().ast.as_ref().and_then(data_block).map(|d| &d.source) {
            Some(ast::Source::Path(path)) => path.value.clone(),
            Some(ast::Source::Call { span, .. }) => self.source.slice(*span).to_owned(),
            None => String::new(),
        }
    }
}

/// Bytes of the longest model: more is no text that somebody wrote.
const LONGEST_MODEL: u64 = 64 << 20;

/// Reads the text of a model file.
fn read_source(path: &Path) -> Result<SourceFile, Diagnostics> {
    let missing = |e: std::io::Error| {
        let why = match e.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => e.to_string(),
        };
        Diagnostic::new("O004", format!("{}: {why}", path.display())).help("give the path of a .bnn file")
    };
    // Bytes that are no UTF-8 become a character that the parser points at (S003).
    let text = String::from_utf8_lossy(&files::read(path, LONGEST_MODEL).map_err(missing)?).into_owned();
    Ok(SourceFile::new(path.display().to_string(), text))
}

/// The data block, wherever it stands at the top.
fn data_block(ast: &ast::Ast) -> Option<&ast::Data> {
    ast.items.iter().find_map(|item| match item {
        ast::Item::Data(data) => Some(data),
        _ => None,
    })
}

/// Constants of the top level with the values in force; what cannot be evaluated is the checker's to tell.
fn constants(ast: &ast::Ast, overrides: &HashMap<String, f64>) -> HashMap<String, f64> {
    let mut known = HashMap::new();
    let mut pending: Vec<(&str, &ast::Expr)> = ast
        .items
        .iter()
        .filter_map(|item| match item {
            ast::Item::Const { name, value } => Some((name.value.as_str(), value)),
            _ => None,
        })
        .collect();
    loop {
        let before = pending.len();
        pending.retain(|(name, value)| {
            let number = match overrides.get(*name) {
                Some(number) => Ok(*number),
                None => syntax::constant::number(value, &known),
            };
            match number {
                Ok(number) => {
                    known.insert((*name).to_owned(), number);
                    false
                }
                Err(_) => true,
            }
        });
        if pending.len() == before {
            return known;
        }
    }
}
