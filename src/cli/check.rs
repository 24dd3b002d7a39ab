//! `bnnc check MODEL…`: what is wrong with a model, or one of its stages as text.

use super::args::Setting;
use super::terminal::{Terminal, list};
use crate::compile::{self, Session, Stage};
use crate::diagnostic::render::{github, sarif};
use crate::diagnostic::{Diagnostic, Diagnostics, Fix, Level, fix};
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
    /// How findings are printed: human, json, sarif or github
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: Format,
    /// What counts as an error too: `warnings`
    #[arg(long, value_name = "LEVEL", hide_possible_values = true)]
    pub deny: Option<Deny>,
    /// Show notes too
    #[arg(long)]
    pub pedantic: bool,
    /// Rewrite what can be rewritten, and check again
    #[arg(long)]
    pub fix: bool,
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
    let format = if terminal.is_json { Format::Json } else { options.format };
    let mut status = 0;
    let mut files = vec![];
    for model in &options.models {
        let checked = check(options, model);
        match format {
            Format::Human => show(terminal, options, model, &checked),
            Format::Github => {
                checked.findings.0.iter().for_each(|f| terminal.out(&github(f, &checked.source)));
            }
            Format::Json | Format::Sarif => {}
        }
        status = status.max(u8::from(checked.is_bad(options)));
        files.push((model, checked));
    }
    match format {
        Format::Json => {
            let files: Vec<Value> = files.iter().map(|(model, checked)| checked.to_json(model)).collect();
            terminal.out_json(&json!({ "files": files }));
        }
        Format::Sarif => {
            let files: Vec<_> =
                files.iter().map(|(_, checked)| (&checked.source, &checked.findings)).collect();
            terminal.out_json(&sarif(&files));
        }
        Format::Human | Format::Github => {}
    }
    status
}

/// The outcome for one model.
struct Checked {
    source: SourceFile,
    findings: Diagnostics,
    emitted: Option<String>,
    fixed: usize,
}

fn check(options: &Options, model: &Path) -> Checked {
    let mut session = match Session::open(model, compile_options(&options.setting)) {
        Ok(session) => session,
        Err(findings) => {
            let source = SourceFile::new(model.display().to_string(), "");
            return Checked { source, findings, emitted: None, fixed: 0 };
        }
    };
    let mut fixed = 0;
    let mut unwritten = None;
    if options.fix {
        (session, fixed) = fix(options, model, session);
        if fixed > 0
            && let Err(e) = crate::files::replace(model, session.source().text.as_bytes())
        {
            unwritten = Some(Diagnostic::new("O005", format!("cannot write {}: {e}", model.display())));
        }
    }
    let mut findings = session.check();
    findings.0.extend(unwritten);
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
    Checked { source: session.source().clone(), findings, emitted, fixed }
}

/// After so many rounds what is left needs a person.
const MOST_ROUNDS: usize = 20;

/// Applies the fixes of everything that is shown, round after round; a layout is set last.
fn fix(options: &Options, model: &Path, session: Session) -> (Session, usize) {
    let (mut session, mut fixed) = (session, 0);
    for _ in 0..MOST_ROUNDS {
        let found = session.check();
        let shown = found.0.iter().filter(|f| options.pedantic || f.level() != Level::Note);
        let (layout, others): (Vec<_>, Vec<_>) = shown.partition(|f| f.code.id() == "Z001");
        let fixes = |from: &[&Diagnostic]| from.iter().filter_map(|f| f.fix.clone()).collect::<Vec<Fix>>();
        let mut fixes_now = fixes(&others);
        if fixes_now.is_empty() {
            fixes_now = fixes(&layout);
        }
        let (text, count) = fix::apply(&session.source().text, &fixes_now.iter().collect::<Vec<_>>());
        if count == 0 || text == session.source().text {
            break;
        }
        let next = Session::of(model, text, compile_options(&options.setting));
        let errors = |found: &Diagnostics| found.0.iter().filter(|f| f.level() == Level::Error).count();
        // Errors of a later stage may appear when those of an earlier one are gone, but no fix may only add some.
        if errors(&found) == 0 && errors(&next.check()) > 0 {
            break;
        }
        (session, fixed) = (next, fixed + count);
    }
    (session, fixed)
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
        if let (Value::Object(out), true) = (&mut out, self.fixed > 0) {
            out.insert("fixed".into(), json!(self.fixed));
        }
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
        let fixed = match checked.fixed {
            0 => String::new(),
            n => format!("{n} fixed, "),
        };
        terminal.err(&format!("{}: {fixed}{}\n", model.display(), counts(checked)));
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
        max_memory: setting.max_memory,
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
