//! The driver: one line per stage.
//!
//! [`Session::open`] reads a model, [`Session::check`] finds what is wrong with it, [`Session::emit`] prints a stage,
//! [`fit`] runs all of them and returns a filled [`Run`](crate::run_folder::Run).

mod earlier;
mod emit;
mod fit;
mod indices;
mod names;
mod non_centre;
mod pictures;
mod prior;
mod statistics;
mod summary;
mod targets;

pub use fit::fit;

use crate::check::{Context, check};
use crate::data::{self, Dataset, Files};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::infer::settings::{Method, Settings};
use crate::lint::lint;
use crate::model::Model;
use crate::source::SourceFile;
use crate::syntax::{self, ast};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What the command line says about a model, on top of the model itself.
#[derive(Debug, Clone, Default, PartialEq)]
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
    files: Disk,
    analysis: OnceCell<Analysis>,
}

/// What the stages before inference found.
struct Analysis {
    ast: Option<ast::Ast>,
    model: Option<Model>,
    findings: Diagnostics,
}

/// Files of the disk; relative paths are relative to the model file.
struct Disk {
    base: PathBuf,
}

impl Files for Disk {
    fn open(&self, path: &str) -> std::io::Result<Box<dyn std::io::Read>> {
        let file = std::fs::File::open(self.base.join(path))?;
        Ok(Box::new(std::io::BufReader::new(file)))
    }
}

/// Why a fit gave no run.
#[derive(Debug)]
pub struct FitFailure {
    /// What to show.
    pub diagnostics: Diagnostics,
    /// 1: the model or the data is wrong; 3: the fit failed.
    pub exit: u8,
}

impl Session {
    /// Reads a model file.
    ///
    /// # Errors
    /// O004 if it is missing or unreadable.
    pub fn open(path: &Path, mut options: Options) -> Result<Session, Diagnostics> {
        let missing = |e: std::io::Error| {
            let why = match e.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => e.to_string(),
            };
            Diagnostic::new("O004", format!("{}: {why}", path.display())).help("give the path of a .bnn file")
        };
        // Bytes that are no UTF-8 become a character that the parser points at (S003).
        let text = String::from_utf8_lossy(&std::fs::read(path).map_err(missing)?).into_owned();
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        if let Some(data) = &mut options.data {
            *data = std::path::absolute(&data).map_or_else(|_| data.clone(), |p| p.display().to_string());
        }
        Ok(Session {
            source: SourceFile::new(path.display().to_string(), text),
            name: path.file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy().into_owned()),
            options,
            files: Disk { base },
            analysis: OnceCell::new(),
        })
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

    /// source → `Ast` → columns → `Model`
    fn analysis(&self) -> &Analysis {
        self.analysis.get_or_init(|| {
            let ast = match syntax::parse(&self.source) {
                Ok(ast) => ast,
                Err(findings) => return Analysis { ast: None, model: None, findings },
            };
            let (columns, mut findings) = match data_block(&ast) {
                Some(data) => {
                    let mut options = self.data_options(&ast, 0);
                    options.unread = targets::perhaps_unread(&ast, &self.overrides());
                    data::schema(data, &self.files, &options)
                }
                None => (vec![], Diagnostics::default()),
            };
            let context = Context {
                posteriors: earlier::earlier(&ast),
                overrides: self.overrides(),
                choices: self.options.choose.clone(),
                data_arguments: data_block(&ast).map_or_else(Vec::new, |d| {
                    data::source::settable(&d.source).into_iter().map(str::to_owned).collect()
                }),
            };
            let (model, found) = check(&ast, &self.name, &columns, &context);
            findings.extend(found);
            if let Some(model) = &model {
                findings.extend(lint(model));
            }
            findings.sort();
            Analysis { ast: Some(ast), model, findings }
        })
    }

    /// Settings in force.
    fn settings(&self) -> Result<Settings, Diagnostics> {
        Settings::of(self.model()?)
    }

    /// Reads the rows.
    fn load(&self, settings: &Settings) -> Result<Dataset, Diagnostics> {
        let model = self.model()?;
        let is_prior = settings.method == Method::Prior;
        match self.analysis().ast.as_ref().and_then(data_block) {
            Some(data) => {
                let mut options =
                    self.data_options(self.analysis().ast.as_ref().unwrap_or(&EMPTY), settings.seed);
                options.targets = targets::only_observed(model);
                if is_prior {
                    options.unread = targets::unread(model);
                }
                data::load(data, &model.columns, &self.files, &options)
            }
            None if is_prior => Ok(Dataset::default()),
            None => Err(Diagnostic::new("L001", "the model has no data: nothing is observed")
                .help("add `data \"file.csv\" { y : real }`")
                .into()),
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

    /// `--set` and the options of the command line that are fit options, in the words of the checker.
    fn overrides(&self) -> Vec<(String, String)> {
        let options = &self.options;
        let mut all = options.set.clone();
        let given = [
            ("fit.method", options.method.clone()),
            ("fit.steps", options.steps.map(|n| n.to_string())),
            ("fit.epochs", options.epochs.map(|n| n.to_string())),
            ("fit.batch", options.batch.clone()),
            ("fit.seed", options.seed.map(|n| n.to_string())),
        ];
        all.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        all
    }

    fn data_options(&self, ast: &ast::Ast, seed: u64) -> data::Options {
        let numbers: HashMap<String, f64> = self
            .options
            .set
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.trim().parse().ok()?)))
            .collect();
        data::Options {
            constants: constants(ast, &numbers),
            data_override: self.options.data.clone(),
            set: numbers,
            seed,
            targets: vec![],
            unread: vec![],
        }
    }
}

static EMPTY: ast::Ast = ast::Ast { items: vec![], comments: vec![] };

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
