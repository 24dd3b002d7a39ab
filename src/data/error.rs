//! What can be wrong with data, in words.

use std::io;

use super::Files;
use crate::diagnostic::{Diagnostic, suggest};
use crate::source::Span;

/// D015: a file that is missing or cannot be read.
pub fn unreadable(span: Span, place: &str, cause: &str) -> Diagnostic {
    Diagnostic::new("D015", format!("cannot read {place}: {cause}")).at(span, "named here")
}

/// D015 from the fault of the operating system; of a file that is not there, with the nearest name beside it.
pub fn not_opened(span: Span, place: &str, fault: &io::Error, files: &dyn Files) -> Diagnostic {
    let finding = unreadable(span, place, &io_cause(fault));
    if fault.kind() != io::ErrorKind::NotFound {
        return finding.help("see to it that the file can be read from here");
    }
    let finding = finding.note("paths are relative to the model file");
    match beside(place, files) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("write the path as seen from the model file, or pass `--data FILE`"),
    }
}

/// The nearest name of a file in the folder of a path that is not there.
fn beside(path: &str, files: &dyn Files) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    let names = files.list(folder).ok()?;
    let near = suggest::nearest(name, names.iter().map(|n| n.trim_end_matches('/')))?;
    Some(if folder == "." { near.to_owned() } else { format!("{folder}/{near}") })
}

/// The fault of a reader in a few words.
pub fn io_cause(fault: &io::Error) -> String {
    match fault.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::UnexpectedEof => "it is cut short or damaged".to_owned(),
        _ => fault.to_string(),
    }
}

/// D017: nothing to learn from.
pub fn no_rows(span: Span, place: &str) -> Diagnostic {
    Diagnostic::new("D017", format!("{place} has no rows")).at(span, "named here")
}

/// D001: a declared column that the source does not have.
pub fn no_such_column(span: Span, wanted: &str, place: &str, known: &[&str]) -> Diagnostic {
    let finding = Diagnostic::new("D001", format!("column `{wanted}` is not in {place}"));
    let finding = match suggest::nearest(wanted, known.iter().copied()) {
        Some(near) => finding
            .at(span, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`, or keep the name with `{wanted} : … from \"{near}\"`")),
        None => finding.at(span, "declared here").help(format!(
            "name the column of the file that is meant: `{wanted} : … from \"{}\"`",
            known.first().copied().unwrap_or("its name")
        )),
    };
    let finding = finding.note(format!("its columns are {}", listed(known)));
    match known {
        [only] if only.contains(';') || only.contains('\t') => finding.note(
            "its first line has no comma: columns are separated by `,` in .csv and by tabulators in .tsv",
        ),
        _ => finding,
    }
}

/// A list of names that stays readable for hundreds of columns.
pub fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 20;
    let mut text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// X001: a construct that is refused for now.
pub fn not_yet(span: Span, construct: &str) -> Diagnostic {
    Diagnostic::new("X001", format!("{construct} is not supported yet"))
        .at(span, "this version of bnnc cannot do this")
}
