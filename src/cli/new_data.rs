//! What the commands on a fitted run share: the run, the new rows, how far their reading has come.

use super::progress::Shown;
use super::terminal::Terminal;
use crate::compile::fitted::{Asked, FittedModel, load};
use crate::data::Files;
use crate::infer::progress::Progress;
use crate::run_folder;
use clap::Args;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much work is done, by whom.
#[derive(Debug, Args)]
pub(super) struct Work {
    /// Draws of the posterior [default: as many as the fit took]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub predict_draws: Option<u32>,
    /// Worker threads; the result does not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl Work {
    /// What these options ask for.
    pub(super) fn asked(&self) -> Asked {
        let asked = Asked { draws: self.predict_draws.map(|n| n as usize), ..Asked::default() };
        match self.threads {
            Some(n) => Asked { threads: usize::from(n), ..asked },
            None => asked,
        }
    }
}

/// Loads a run, or says what is wrong with it and returns the status.
pub(super) fn loaded(terminal: &Terminal, folder: &Path) -> Result<FittedModel, u8> {
    let run = run_folder::read(folder).map_err(|fault| terminal.refuse(&fault.diagnostic(folder)))?;
    let name = folder.join("model.bnn").display().to_string();
    let source = crate::source::SourceFile::new(&name, run.model_text.clone());
    load(run, &name).map_err(|findings| terminal.fail(&findings, &source, 1))
}

/// New rows on the command line.
pub(super) struct Input {
    /// As given.
    pub(super) name: String,
    read: Arc<AtomicU64>,
    total: Option<u64>,
}

impl Input {
    pub(super) fn new(name: &str) -> Input {
        let total = std::fs::metadata(name).ok().filter(|m| m.is_file()).map(|m| m.len());
        Input { name: name.to_owned(), read: Arc::default(), total }
    }

    /// What messages call it.
    pub(super) fn shown(&self) -> String {
        if self.name == "-" { "standard input".to_owned() } else { self.name.clone() }
    }

    /// Shows how far the reading has come, where the size is known.
    pub(super) fn progress(&self, terminal: &Terminal, what: &str) -> Bar {
        let mut shown = Shown::new(terminal);
        shown.begin(what, PARTS);
        Bar { shown, read: self.read.clone(), total: self.total, before: 0.0 }
    }
}

/// Steps of the bar.
const PARTS: u64 = 1000;

/// Progress through a file.
pub(super) struct Bar {
    shown: Shown,
    read: Arc<AtomicU64>,
    total: Option<u64>,
    before: f64,
}

impl Bar {
    fn share_read(&self) -> f64 {
        let read = self.read.load(Ordering::Relaxed) as f64;
        self.total.map_or(0.0, |total| (read / total.max(1) as f64).min(1.0))
    }

    /// So much of the rows that were read last is done.
    pub(super) fn advance(&mut self, share: f64) {
        let done = match self.total {
            Some(_) => self.before + (self.share_read() - self.before) * share,
            None => share,
        };
        self.shown.advance((done * PARTS as f64) as u64, None);
    }

    /// All rows that were read are done.
    pub(super) fn next(&mut self) {
        self.before = self.share_read();
    }
}

impl Files for Input {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read>> {
        let file: Box<dyn Read> = match path {
            "-" => Box::new(io::stdin()),
            path => Box::new(crate::files::open(Path::new(path))?),
        };
        let counted = Counted { inner: file, read: self.read.clone() };
        Ok(Box::new(io::BufReader::with_capacity(1 << 16, counted)))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        crate::files::list(Path::new(folder))
    }
}

/// A reader whose bytes are counted.
struct Counted {
    inner: Box<dyn Read>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
