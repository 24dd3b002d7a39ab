//! The values of a data block: rows read, checked, dropped where values are missing, and split.

use sha2::{Digest, Sha256};

use super::bind::Bound;
use super::declare::{self, Declared};
use super::schema::wanted;
use super::split::{self, Split};
use super::table::Opened;
use super::{Dataset, Files, Options, Values, error, open, read, source};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Column;
use crate::source::Span;
use crate::syntax::ast;

/// Reads the values of the given columns, which are those that [`schema`](super::schema()) returned.
pub fn load(
    data: &ast::Data,
    columns: &[Column],
    files: &dyn Files,
    options: &Options,
) -> Result<Dataset, Diagnostics> {
    let (declared, mut findings) = declare::declared(data, &options.constants);
    let main_span = source::span(&data.source);
    let main_place = source::place(&data.source, source::Part::Main, options);
    let main = open::main(&declared, data, &main_place, files, options);
    let (main, bound) = match main {
        Ok(found) if !findings.has_errors() => found,
        Ok(_) => return Err(findings),
        Err(faults) => {
            findings.extend(faults);
            return Err(findings);
        }
    };
    let test = match declared.test {
        None => None,
        Some(test) => {
            let as_options: Vec<Option<&Bound>> = bound.iter().map(Some).collect();
            match open::test(&declared, test, &as_options, files, options) {
                Ok((opened, rebound)) => Some((source::span(test), opened, rebound)),
                Err(faults) => {
                    findings.extend(faults);
                    None
                }
            }
        }
    };
    let mut part = match read_part(&declared, columns, main, &bound, main_span, true) {
        Ok(part) => part,
        Err(faults) => {
            findings.extend(faults);
            Rows::default()
        }
    };
    let mut split = part.split.take().unwrap_or_default();
    if !findings.has_errors() && declared.split_by.is_none() {
        match split::by_shares(&declared.splits, part.rows, options.seed) {
            Ok(shares) => split = shares,
            Err(finding) => findings.push(finding),
        }
    }
    if let Some((span, opened, rebound)) = test {
        match read_part(&declared, columns, opened, &rebound, span, false) {
            Ok(test) => {
                split.extend(std::iter::repeat_n(2, test.rows));
                part.append(test);
            }
            Err(faults) => findings.extend(faults),
        }
    }
    if findings.has_errors() {
        return Err(findings);
    }
    if u32::try_from(part.rows).is_err() {
        return Err(error::unreadable(main_span, &main_place, "it has more than 4,294,967,295 rows").into());
    }
    let splits = split::collected(&split);
    if splits.first().is_none_or(|split| split.name != "train") {
        return Err(Diagnostic::new("D018", format!("no row of {main_place} is left to train"))
            .at(declared.split_by.map_or(main_span, |by| by.span), "every row validates or tests")
            .into());
    }
    let fingerprint = fingerprint(columns, &part.columns, &splits);
    let Rows { rows, columns, dropped, notes, .. } = part;
    Ok(Dataset { rows, columns, splits, dropped, fingerprint, notes })
}

/// The rows of one source.
#[derive(Default)]
struct Rows {
    rows: usize,
    columns: Vec<Values>,
    /// By a column, if so declared: positions in [`split::NAMES`].
    split: Option<Vec<usize>>,
    dropped: usize,
    notes: Vec<String>,
}

impl Rows {
    fn append(&mut self, other: Rows) {
        self.rows += other.rows;
        self.dropped += other.dropped;
        self.notes.extend(other.notes);
        for (values, more) in self.columns.iter_mut().zip(other.columns) {
            values.append(more);
        }
    }
}

/// Reads one source and drops the rows with missing values, if so declared.
fn read_part(
    declared: &Declared,
    columns: &[Column],
    opened: Box<dyn Opened>,
    bound: &[Bound],
    span: Span,
    has_split: bool,
) -> Result<Rows, Diagnostics> {
    let by = declared.split_by.filter(|_| has_split);
    let by_position = by.and_then(|by| opened.header().iter().position(|h| h.name == by.value));
    let wanted = wanted(opened.header(), bound, by_position);
    let table = opened.read(&wanted)?;
    if table.rows == 0 {
        return Err(error::no_rows(span, &table.place).into());
    }
    let mut findings = Diagnostics::default();
    let mut result = Rows { rows: table.rows, ..Rows::default() };
    let mut keep = vec![true; table.rows];
    for column in columns {
        let Some(i) = declared.columns.iter().position(|d| d.name.value == column.name) else {
            findings.push(error::not_yet(
                column.span,
                &format!("the column `{}` computed from others", column.name),
            ));
            continue;
        };
        let Some(ty) = &declared.columns[i].ty else { continue };
        let filled = read::fill(column, ty, &bound[i], &table, declared.drops_missing);
        findings.extend(filled.findings);
        keep.iter_mut().zip(filled.missing).for_each(|(keep, missing)| *keep &= !missing);
        result.columns.push(filled.values);
    }
    if let (Some(by), Some(position)) = (by, by_position)
        && let Some(cells) = &table.columns[position]
    {
        match split::by_column(cells, &table, &by.value, by.span) {
            Ok(split) => result.split = Some(split),
            Err(finding) => findings.push(finding),
        }
    }
    if findings.has_errors() {
        return Err(findings);
    }
    drop_missing(&mut result, &keep, &table.place, span)?;
    Ok(result)
}

fn drop_missing(result: &mut Rows, keep: &[bool], place: &str, span: Span) -> Result<(), Diagnostics> {
    let kept = keep.iter().filter(|keep| **keep).count();
    if kept == result.rows {
        return Ok(());
    }
    if kept == 0 {
        return Err(error::no_rows(span, place).note("every row has a missing value and was dropped").into());
    }
    result.dropped = result.rows - kept;
    result.notes.push(format!(
        "{} of {} rows of {place} have missing or unreadable values and were dropped",
        result.dropped, result.rows
    ));
    result.columns.iter_mut().for_each(|values| values.retain(keep));
    if let Some(split) = &mut result.split {
        let mut kept = keep.iter();
        split.retain(|_| kept.next().copied().unwrap_or(false));
    }
    result.rows = kept;
    Ok(())
}

/// SHA-256 over names, values and splits.
fn fingerprint(columns: &[Column], values: &[Values], splits: &[Split]) -> String {
    let mut hash = Sha256::new();
    for (column, values) in columns.iter().zip(values) {
        hash.update((column.name.len() as u64).to_le_bytes());
        hash.update(column.name.as_bytes());
        values.hash_into(&mut hash);
    }
    for split in splits {
        hash.update(split.name.as_bytes());
        hash.update((split.rows.len() as u64).to_le_bytes());
        split.rows.iter().for_each(|row| hash.update(row.to_le_bytes()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
