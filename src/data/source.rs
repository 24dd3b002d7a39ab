//! From what stands after `data` or `test` to an opened source: the tables of file formats and of calls.

use std::collections::HashMap;
use std::io::Read;

use super::generator::{self, Generator};
use super::room::{Kind, guarded};
use super::table::Opened;
use super::{Files, Options, cifar, csv, error, gzip, idx, npy, npz};
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arg, Expr, ExprKind, Name, Source};
use crate::syntax::constant;

/// Opens one text file whose first bytes may say gzip: place, span of the name, bytes.
type OpenFile = fn(&str, Span, Box<dyn Read>) -> Result<Box<dyn Opened>, Diagnostic>;

/// File formats by extension.
const FORMATS: &[(&str, OpenFile)] = &[
    (".csv", csv::comma),
    (".tsv", csv::tab),
    (".csv.gz", csv::comma),
    (".tsv.gz", csv::tab),
    #[cfg(feature = "parquet")]
    (".parquet", super::parquet::open),
    #[cfg(not(feature = "parquet"))]
    (".parquet", without_parquet),
    (".npy", npy::open),
    (".npz", npz::open),
    (IN_MEMORY, npz::open),
];

/// What messages call rows that no file holds; their bytes are those of an archive of NumPy.
pub const IN_MEMORY: &str = "the data in memory";

#[cfg(not(feature = "parquet"))]
fn without_parquet(_: &str, span: Span, _: Box<dyn Read>) -> Result<Box<dyn Opened>, Diagnostic> {
    Err(error::not_yet(span, "reading Parquet files in a build without the feature `parquet`"))
}

/// The calls that take files.
const CALLS: &[&str] = &["idx", "images", "cifar"];

/// Which of the two sources of a model is meant; a generator's settings concern them differently.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `data SOURCE`
    Main,
    /// `test SOURCE`
    Test,
}

/// The words that messages use for a source: the path, or the call's name.
pub fn place(source: &Source, part: Part, options: &Options) -> String {
    match (source, &options.data_override, part) {
        (_, Some(path), Part::Main) => path.clone(),
        (Source::Path(path), ..) => path.value.clone(),
        (Source::Call { name, .. }, ..) => name.value.clone(),
    }
}

/// Where messages about a source point.
pub fn span(source: &Source) -> Span {
    match source {
        Source::Path(path) => path.span,
        Source::Call { span, .. } => *span,
    }
}

/// Opens a source and reads its header.
pub fn open<'f>(
    source: &Source,
    part: Part,
    files: &'f dyn Files,
    options: &Options,
) -> Result<Box<dyn Opened + 'f>, Diagnostics> {
    if let (Some(path), Part::Main) = (&options.data_override, part) {
        return Ok(open_path(path, span(source), files)?);
    }
    match source {
        Source::Path(path) => Ok(open_path(&path.value, path.span, files)?),
        Source::Call { name, args, span } => {
            if name.value == "idx" {
                let mut opened = vec![];
                for arg in args {
                    let ExprKind::Text(path) = &arg.value.kind else {
                        return Err(Diagnostic::new("T006", "`idx` takes the paths of files")
                            .at(arg.value.span, "a text in quotes is wanted here")
                            .help("write `idx(\"images.gz\", \"labels.gz\")`")
                            .into());
                    };
                    opened.push((path.clone(), arg.value.span, bytes_of(path, arg.value.span, files)?));
                }
                if opened.is_empty() || opened.len() > 2 || args.iter().any(|a| a.name.is_some()) {
                    return Err(Diagnostic::new("T006", "`idx` takes one or two paths, without names")
                        .at(*span, format!("{} given", args.len()))
                        .help("write `idx(\"images.gz\", \"labels.gz\")`")
                        .into());
                }
                return Ok(idx::open(opened)?);
            }
            if let Some(generator) = Generator::named(&name.value) {
                let mut set = options.set.clone();
                if part == Part::Test {
                    // A test set of the same size and seed would be the training set again.
                    set.retain(|name, _| name != "n" && name != "seed");
                }
                let values = generator.values(args, *span, &options.constants, &set)?;
                return Ok(generator.open(values));
            }
            if name.value == "cifar" {
                let (folder, span) = folder(name, args, *span)?;
                return Ok(cifar::open(folder, span, part, files)?);
            }
            if name.value == "images" {
                let (side, args) = side(args, &options.constants)?;
                let (folder, span) = folder(name, args, *span)?;
                return Ok(pictures(folder, side, span, files)?);
            }
            Err(unknown_call(name).into())
        }
    }
}

/// The only argument of a source that is a folder.
fn folder<'a>(name: &Name, args: &'a [Arg], span: Span) -> Result<(&'a str, Span), Diagnostic> {
    match args {
        [Arg { name: None, value: Expr { kind: ExprKind::Text(path), span }, .. }] => {
            Ok((path.strip_suffix('/').unwrap_or(path), *span))
        }
        _ => Err(Diagnostic::new("T006", format!("`{}` takes the path of a folder", name.value))
            .at(span, "one text in quotes is wanted")
            .help(format!("write `{}(\"folder\")`", name.value))),
    }
}

/// `size = 64` behind the folder of pictures, and what stands before it.
fn side<'a>(
    args: &'a [Arg],
    constants: &HashMap<String, f64>,
) -> Result<(Option<usize>, &'a [Arg]), Diagnostics> {
    let Some((last, before)) = args.split_last() else { return Ok((None, args)) };
    if last.name.as_ref().is_none_or(|name| name.value != "size") {
        return Ok((None, args));
    }
    let number = constant::number(&last.value, constants)?;
    let (least, most) = (1.0, 1024.0);
    if number < least || number > most || number.fract() != 0.0 {
        return Err(Diagnostic::new("T011", format!("`size` of `images` is {number}"))
            .at(last.value.span, format!("a whole number of pixels from {least} to {most} is wanted"))
            .into());
    }
    Ok((Some(number as usize), before))
}

#[cfg(feature = "images")]
fn pictures<'f>(
    folder: &str,
    side: Option<usize>,
    span: Span,
    files: &'f dyn Files,
) -> Result<Box<dyn Opened + 'f>, Diagnostic> {
    super::images::open(folder, side, span, files)
}

#[cfg(not(feature = "images"))]
fn pictures<'f>(
    _: &str,
    _: Option<usize>,
    span: Span,
    _: &'f dyn Files,
) -> Result<Box<dyn Opened + 'f>, Diagnostic> {
    Err(error::not_yet(span, "reading folders of pictures in a build without the feature `images`"))
}

fn unknown_call(name: &Spanned<String>) -> Diagnostic {
    let known = || generator::ALL.iter().map(|g| g.name).chain(CALLS.iter().copied());
    let finding = Diagnostic::new("N012", format!("there is no data source `{}`", name.value));
    match suggest::nearest(&name.value, known()) {
        Some(near) => finding.at(name.span, format!("did you mean `{near}`?")).fix(name.span, near),
        None => finding.at(name.span, format!("known are {}", known().collect::<Vec<_>>().join(", "))),
    }
}

/// The column of a file that holds one array and no name.
pub const NAMELESS: &str = "x";

/// Opens what a command line names: a path, `-`, a folder of pictures, or a call as in a model.
pub fn open_new<'f>(
    path: &str,
    files: &'f dyn Files,
    options: &Options,
) -> Result<Box<dyn Opened + 'f>, Diagnostics> {
    let nowhere = Span::default();
    if let Some(call) = crate::syntax::source(path) {
        return open(&call, Part::Main, files, &Options { data_override: None, ..options.clone() });
    }
    if files.list(path).is_ok() {
        return Ok(pictures(path.trim_end_matches('/'), None, nowhere, files)?);
    }
    let lower = path.to_ascii_lowercase();
    if FORMATS.iter().any(|(extension, _)| lower.ends_with(extension)) {
        return Ok(open_path(path, nowhere, files)?);
    }
    let mut bytes = bytes_of(path, nowhere, files)?;
    let mut start = vec![];
    let unreadable = |fault: std::io::Error| error::unreadable(nowhere, path, &error::io_cause(&fault));
    bytes.by_ref().take(SNIFFED).read_to_end(&mut start).map_err(unreadable)?;
    let extension = kind_of(&start);
    let whole: Box<dyn Read> = Box::new(std::io::Cursor::new(start).chain(bytes));
    match FORMATS.iter().find(|(known, _)| *known == extension) {
        Some((_, open)) => Ok(open(path, nowhere, whole)?),
        _ => Err(error::not_yet(nowhere, &format!("reading {extension} files")).into()),
    }
}

/// Bytes that tell what kind of file it is.
const SNIFFED: u64 = 1 << 12;

/// What a file is by its first bytes: text, if nothing else.
fn kind_of(start: &[u8]) -> &'static str {
    let first_line = start.split(|b| *b == b'\n').next().unwrap_or(&[]);
    match start {
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => ".npy",
        [b'P', b'K', 3 | 5, ..] => ".npz",
        [b'P', b'A', b'R', b'1', ..] => ".parquet",
        _ if first_line.contains(&b'\t') && !first_line.contains(&b',') => ".tsv",
        _ => ".csv",
    }
}

fn open_path(path: &str, span: Span, files: &dyn Files) -> Result<Box<dyn Opened>, Diagnostic> {
    let lower = path.to_ascii_lowercase();
    match FORMATS.iter().find(|(extension, _)| lower.ends_with(extension)) {
        Some((".npz" | IN_MEMORY, _)) => {
            npz::open_within(path, span, bytes_of(path, span, files)?, files.room())
        }
        #[cfg(feature = "parquet")]
        Some((".parquet", _)) => {
            super::parquet::open_within(path, span, bytes_of(path, span, files)?, files.room())
        }
        Some((_, open)) => open(path, span, bytes_of(path, span, files)?),
        None => {
            let known: Vec<&str> =
                FORMATS.iter().map(|(extension, _)| *extension).filter(|e| *e != IN_MEMORY).collect();
            Err(error::unreadable(span, path, "its extension does not say what kind of file it is")
                .note(format!("known are {}", known.join(", ")))
                .help("IDX files are named as `idx(\"images.gz\", \"labels.gz\")`"))
        }
    }
}

fn bytes_of(path: &str, span: Span, files: &dyn Files) -> Result<Box<dyn Read>, Diagnostic> {
    let opened = files.open(path).and_then(gzip::unpacked);
    let lower = path.to_ascii_lowercase();
    let lower = lower.trim_end_matches(".gz");
    let kind = if lower.ends_with(".csv") || lower.ends_with(".tsv") { Kind::Text } else { Kind::Binary };
    opened
        .map(|file| guarded(file, kind, files.room()))
        .map_err(|fault| error::not_opened(span, path, &fault, files))
}

/// The names that `--set` may give to the arguments of a model's generators.
pub fn settable(source: &Source) -> Vec<&'static str> {
    match source {
        Source::Path(_) => vec![],
        Source::Call { name, .. } => Generator::named(&name.value)
            .map_or_else(Vec::new, |generator| generator.arguments.iter().map(|a| a.name).collect()),
    }
}
