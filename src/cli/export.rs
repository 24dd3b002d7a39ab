//! `bnnc export RUN --to FORMAT`: the posterior for other programs.

use super::args::size;
use super::new_data::{Input, loaded};
use super::predict::not_written;
use super::progress::{Shown, grouped};
use super::terminal::Terminal;
use crate::compile::fitted::{Exporting, FittedModel, Stop};
use crate::data::Dataset;
use crate::diagnostic::Diagnostic;
use crate::export::{Contents, Store, whole, zarr};
use crate::files::{self, Pending};
use clap::{Args, ValueEnum};
use indicatif::BinaryBytes;
use serde_json::json;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Write the posterior of a fitted run for other programs: draws, and what they say of the rows of the fit
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The format: arviz (a Zarr store), csv, npz, json or safetensors
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub to: To,
    /// Where it goes [default: standard output, but for arviz]
    #[arg(long, value_name = "PATH", required_if_eq("to", "arviz"))]
    pub out: Option<PathBuf>,
    /// The rows of the fit, for log_likelihood, posterior_predictive, observed_data and constant_data
    #[arg(long, value_name = "FILE")]
    pub data: Option<String>,
    /// Draws of each chain [default: all of NUTS and SMC; of a guide 4,000, of more than 2,000 dimensions as many as the fit's
    /// predictions took]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub draws: Option<u32>,
    /// Replace what is there already
    #[arg(long)]
    pub force: bool,
    /// Bytes that all arrays may take [default: 4g for arviz; for one file a quarter of the memory that there is]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_size: Option<u64>,
    /// Worker threads; the result does not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum To {
    /// a Zarr store that ArviZ and xarray open
    Arviz,
    /// a row for each draw
    Csv,
    /// NumPy's archive of arrays
    Npz,
    /// nested lists, as `arviz.from_dict` takes them
    Json,
    /// arrays of numbers by name
    Safetensors,
}

impl To {
    /// What writes it as one file; none for a store.
    fn whole(self) -> Option<whole::Whole> {
        match self {
            To::Arviz => None,
            To::Csv => Some(whole::csv),
            To::Npz => Some(whole::npz),
            To::Json => Some(whole::json),
            To::Safetensors => Some(whole::safetensors),
        }
    }
}

/// Bytes of a store, unless more is allowed.
const LARGEST: u64 = 4 << 30;

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let out = options.out.as_deref().filter(|p| p.as_os_str() != "-");
    if let Some(finding) = out.and_then(|out| in_the_way(out, options)) {
        return terminal.refuse(&finding);
    }
    let fitted = match loaded(terminal, &options.run) {
        Ok(fitted) => fitted,
        Err(status) => return status,
    };
    let path = options.data.clone().unwrap_or_default();
    let data = match fitted.rows_of_fit(&Input::new(&path), options.data.as_deref()) {
        Ok(data) => data,
        Err(findings) => return terminal.fail(&findings, &fitted.source, 1),
    };
    let exporting = fitted.exporting(data.as_ref(), options.draws.map(|n| n as usize));
    if let Some(finding) = too_large(&exporting.contents, options) {
        return terminal.refuse(&finding);
    }
    match export(terminal, &fitted, &exporting, data.as_ref(), options, out) {
        Ok(()) => {
            tell(terminal, &exporting, data.is_some(), out);
            0
        }
        Err(Stop::Findings(findings)) => terminal.fail(&findings, &fitted.source, 1),
        // A reader that has seen enough (`| head`) closes the pipe; that is no failure of ours.
        Err(Stop::Writing(fault)) if fault.kind() == io::ErrorKind::BrokenPipe && out.is_none() => 0,
        Err(Stop::Writing(fault)) => {
            let place = out.map_or("standard output".to_owned(), |p| p.display().to_string());
            terminal.refuse(&not_written(&place, &fault))
        }
    }
}

/// R002: something has the name already, and is not to be replaced, or is nothing that this command writes.
fn in_the_way(out: &Path, options: &Options) -> Option<Diagnostic> {
    let kind = std::fs::symlink_metadata(out).ok()?;
    let is_export = match options.to {
        To::Arviz => kind.is_dir() && out.join(".zgroup").is_file(),
        _ => !kind.is_dir(),
    };
    let shown = out.display();
    match (is_export, options.force) {
        (true, true) => None,
        (true, false) => Some(
            Diagnostic::new("R002", format!("{shown} exists already"))
                .help("give another name to --out, or replace it with --force"),
        ),
        (false, _) => Some(
            Diagnostic::new("R002", format!("{shown} exists already, and is no export of this format"))
                .help("give another name to --out"),
        ),
    }
}

/// R005: more bytes than are allowed.
fn too_large(contents: &Contents, options: &Options) -> Option<Diagnostic> {
    let memory = || files::memory::allowed().map_or(LARGEST, |bytes| bytes / 4);
    let most = options.max_size.unwrap_or_else(|| if options.to == To::Arviz { LARGEST } else { memory() });
    let bytes = contents.bytes();
    let of_group = |group: &str| {
        let of = |v: &&crate::export::Variable| v.group == group;
        let numbers: u64 = contents.variables.iter().filter(of).map(|v| v.len() as u64).sum();
        format!("{group}: {} numbers a draw", grouped(numbers))
    };
    let mut finding = Diagnostic::new(
        "R005",
        format!("the arrays take {}, and {} are allowed", BinaryBytes(bytes), BinaryBytes(most)),
    );
    for group in contents.groups() {
        if contents.variables.iter().any(|v| v.group == group && v.is_drawn()) {
            finding = finding.note(of_group(group));
        }
    }
    let draws = contents.chains * contents.draws;
    (bytes > most).then(|| {
        finding
            .note(format!("{} draws", grouped(draws as u64)))
            .help("ask for fewer with --draws, leave out --data, or allow more with --max-size")
    })
}

fn export(
    terminal: &Terminal,
    fitted: &FittedModel,
    exporting: &Exporting,
    data: Option<&Dataset>,
    options: &Options,
    out: Option<&Path>,
) -> Result<(), Stop> {
    let contents = exporting.contents.clone();
    let (mut store, pending): (Box<dyn Store>, Option<Pending>) = match (options.to.whole(), out) {
        (Some(whole), None) => (whole::open(contents, Box::new(BufWriter::new(io::stdout())), whole), None),
        (Some(whole), Some(out)) => {
            let (pending, file) = Pending::file(out)?;
            (whole::open(contents, Box::new(BufWriter::new(file)), whole), Some(pending))
        }
        (None, out) => {
            let out = out.ok_or_else(|| io::Error::other("a store is a folder: name it with --out"))?;
            let pending = Pending::folder(out)?;
            let folder = Folder { root: pending.partial().to_path_buf() };
            (zarr::open(contents, Box::new(folder))?, Some(pending))
        }
    };
    let threads = options
        .threads
        .map_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get()), usize::from);
    fitted.export(exporting, data, threads, &mut *store, &mut Shown::new(terminal))?;
    store.finish()?;
    Ok(pending.map_or(Ok(()), Pending::finish)?)
}

/// A store as a folder.
struct Folder {
    root: PathBuf,
}

impl zarr::Place for Folder {
    fn put(&mut self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(key);
        if let Some(parent) = path.parent().filter(|p| !p.is_dir()) {
            files::create_folders(parent)?;
        }
        files::write_new(&path, bytes)
    }
}

fn tell(terminal: &Terminal, exporting: &Exporting, has_rows: bool, out: Option<&Path>) {
    let contents = &exporting.contents;
    for note in &exporting.notes {
        terminal.note(&format!("note: {note}"));
    }
    if !has_rows {
        terminal
            .note("note: without the rows of the fit (--data FILE) there are draws of the unknowns alone");
    }
    let Some(out) = out else { return };
    let out = out.display().to_string();
    if terminal.is_json {
        let groups = contents.groups();
        let (chains, draws) = (contents.chains, contents.draws);
        terminal.out_json(&json!({
            "out": out, "chains": chains, "draws": draws, "groups": groups, "notes": exporting.notes,
        }));
    } else {
        let draws = grouped((contents.chains * contents.draws) as u64);
        terminal.note(&format!("{draws} draws: {out}"));
    }
}
