//! `bnnc check MODEL…`: what is wrong with a model, or one of its stages as text.

use super::args::Setting;
use super::refused;
use super::terminal::{Terminal, list};
use crate::compile::{self, Session, Stage};
use crate::diagnostic::{Diagnostics, Level};
use crate::source::SourceFile;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Find what is wrong with models, without fitting them
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The model files
    #[arg(value_name = "MODEL", required = true)]
    pub models: Vec<PathBuf>,
    #[command(flatten)]
    pub setting: Setting,
    /// Print a stage of the compilation: ast, model, tape, elbo, grad or plan
    #[arg(long, value_name = "STAGE", hide_possible_values = true)]
    pub emit: Option<Emit>,
    /// How findings are printed: human or json
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
    /// What counts as an error too: `warnings`
    #[arg(long, value_name = "LEVEL", hide_possible_values = true)]
    pub deny: Option<Deny>,
    /// Show notes too
    #[arg(long)]
    pub pedantic: bool,
    #[arg(long, hide = true)]
    fix: bool,
}

/// A stage to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Emit {
    /// what was written
    Ast,
    /// the typed model, nothing implied
    Model,
    /// instructions of the log joint
    Tape,
    /// instructions of the ELBO
    Elbo,
    /// instructions of the ELBO and its gradient
    Grad,
    /// the program: what runs once, what runs per shard of rows
    Plan,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
    Sarif,
    Github,
}

/// What is treated as an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    /// every warning
    Warnings,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let refused = [
        ("--fix", options.fix),
        ("--format sarif", options.format == Format::Sarif),
        ("--format github", options.format == Format::Github),
    ];
    if let Some(status) = refused::option(terminal, &refused) {
        return status;
    }
    let is_json = terminal.is_json || options.format == Format::Json;
    let mut status = 0;
    let mut files = vec![];
    for model in &options.models {
        let checked = check(options, model);
        if !is_json {
            show(terminal, options, model, &checked);
        }
        status = status.max(u8::from(checked.is_bad(options)));
        files.push(checked.to_json(model));
    }
    if is_json {
        terminal.out_json(&json!({ "files": files }));
    }
    status
}

/// The outcome for one model.
struct Checked {
    source: SourceFile,
    findings: Diagnostics,
    emitted: Option<String>,
}

fn check(options: &Options, model: &Path) -> Checked {
    let session = match Session::open(model, compile_options(&options.setting)) {
        Ok(session) => session,
        Err(findings) => return Checked { source: SourceFile::new("", ""), findings, emitted: None },
    };
    let mut findings = session.check();
    let emitted = options.emit.and_then(|emit| match session.emit(emit.stage()) {
        Ok(text) => Some(text),
        Err(more) => {
            findings.extend(more);
            None
        }
    });
    if !options.pedantic {
        findings.0.retain(|f| f.level() != Level::Note);
    }
    Checked { source: session.source().clone(), findings, emitted }
}

impl Checked {
    fn count(&self, level: Level) -> usize {
        self.findings.0.iter().filter(|f| f.level() == level).count()
    }

    fn is_bad(&self, options: &Options) -> bool {
        self.findings.has_errors() || options.deny.is_some() && self.count(Level::Warning) > 0
    }

    fn to_json(&self, model: &Path) -> Value {
        let mut out =
            json!({ "file": model.display().to_string(), "diagnostics": list(&self.findings, &self.source) });
        if let (Value::Object(out), Some(text)) = (&mut out, &self.emitted) {
            out.insert("emitted".into(), json!(text));
        }
        out
    }
}

fn show(terminal: &Terminal, options: &Options, model: &Path, checked: &Checked) {
    terminal.findings(&checked.findings, &checked.source, options.pedantic);
    if let Some(text) = &checked.emitted {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        return terminal.out(&format!("{text}{end}"));
    }
    if !terminal.is_quiet {
        terminal.err(&format!("{}: {}\n", model.display(), counts(checked)));
    }
}

fn counts(checked: &Checked) -> String {
    let of = |level: Level, word: &str| match checked.count(level) {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    let parts = [of(Level::Error, "error"), of(Level::Warning, "warning"), of(Level::Note, "note")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

/// What `fit` and `check` have in common.
pub(super) fn compile_options(setting: &Setting) -> compile::Options {
    compile::Options {
        set: setting.set.clone(),
        choose: setting.choose.clone(),
        data: setting.data.clone(),
        seed: setting.seed,
        threads: setting.threads.map(usize::from),
        ..compile::Options::default()
    }
}

impl Emit {
    fn stage(self) -> Stage {
        match self {
            Emit::Ast => Stage::Ast,
            Emit::Model => Stage::Model,
            Emit::Tape => Stage::Tape,
            Emit::Elbo => Stage::Elbo,
            Emit::Grad => Stage::Grad,
            Emit::Plan => Stage::Plan,
        }
    }
}
