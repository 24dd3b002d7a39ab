//! The values of a data block: rows read, checked, dropped where values are missing, and split.

use sha2::{Digest, Sha256};

use super::bind::Bound;
use super::declare::{self, Declared};
use super::schema::wanted;
use super::split::{self, Split};
use super::table::Opened;
use super::{Dataset, Files, Options, Values, error, filter, open, read, source};
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
                Ok((opened, rebound)) => {
                    let place = source::place(test, source::Part::Test, options);
                    Some((source::span(test), place, opened, rebound))
                }
                Err(faults) => {
                    findings.extend(faults);
                    None
                }
            }
        }
    };
    let mut part = match read_part(&declared, columns, main, &bound, (&main_place, main_span), true, options)
    {
        Ok(part) => part,
        Err(faults) => {
            findings.extend(faults);
            Rows::default()
        }
    };
    let mut split = part.split.take().unwrap_or_default();
    if !findings.has_errors() && declared.split_by.is_none() {
        let observed = part.unobserved.iter().filter(|is_missing| !**is_missing).count();
        match split::by_shares(&declared.splits, observed, options.seed) {
            Ok(shares) => split = with_gaps(shares, &part.unobserved),
            Err(finding) => findings.push(finding),
        }
    }
    if let Some((span, place, opened, rebound)) = test {
        match read_part(&declared, columns, opened, &rebound, (&place, span), false, options) {
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
    let no_split = split::NAMES.len();
    split.iter_mut().zip(&part.unobserved).filter(|(_, none)| **none).for_each(|(s, _)| *s = no_split);
    let splits = split::collected(&split);
    if splits.first().is_none_or(|split| split.name != "train") {
        return Err(Diagnostic::new("D018", format!("no row of {main_place} is left to train"))
            .at(declared.split_by.map_or(main_span, |by| by.span), "every row validates or tests")
            .into());
    }
    let fingerprint = fingerprint(columns, &part.columns, &splits);
    let Rows { rows, columns, dropped, notes, numbers, unobserved, .. } = part;
    let unobserved = (0..rows as u32).filter(|row| unobserved[*row as usize]).collect();
    let sources = bound.into_iter().map(|b| b.names).collect();
    Ok(Dataset { rows, numbers, unobserved, columns, splits, dropped, fingerprint, notes, sources })
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
    /// Which row of its source each is, from 1.
    numbers: Vec<u64>,
    /// Whether its target is missing and only to be predicted.
    unobserved: Vec<bool>,
}

impl Rows {
    fn append(&mut self, other: Rows) {
        self.rows += other.rows;
        self.dropped += other.dropped;
        self.notes.extend(other.notes);
        self.numbers.extend(other.numbers);
        self.unobserved.extend(other.unobserved);
        for (values, more) in self.columns.iter_mut().zip(other.columns) {
            values.append(more);
        }
    }
}

/// Reads one source and drops the rows with missing values, if so declared.
fn read_part(
    declared: &Declared,
    columns: &[Column],
    opened: Box<dyn Opened + '_>,
    bound: &[Bound],
    (place, span): (&str, Span),
    is_main: bool,
    options: &Options,
) -> Result<Rows, Diagnostics> {
    let by = declared.split_by.filter(|_| is_main);
    let by_position = by.and_then(|by| opened.header().iter().position(|h| h.name == by.value));
    let header = opened.header().to_vec();
    let filters = filter::positions(declared, &header, place, options)?;
    let mut table = opened.read(&wanted(&header, bound, filters.into_iter().chain(by_position)))?;
    let all = table.rows;
    if all == 0 {
        return Err(error::no_rows(span, &table.place).into());
    }
    filter::keep_where(&mut table, declared, &header, options)?;
    if is_main {
        filter::take(&mut table, declared, &header, options.seed)?;
    }
    if table.rows == 0 {
        return Err(error::no_rows(span, &table.place).note("`where` holds for none").into());
    }
    let mut findings = Diagnostics::default();
    let mut result = Rows { rows: table.rows, ..Rows::default() };
    if table.rows < all {
        result.notes.push(format!("{} of {all} rows of {} are kept", table.rows, table.place));
    }
    result.numbers = (0..table.rows).map(|row| table.source_row(row) as u64 + 1).collect();
    result.unobserved = vec![false; table.rows];
    let mut keep = vec![true; table.rows];
    let mut missing_of: Vec<Vec<bool>> = vec![];
    for column in columns {
        if let Some((of, by)) = column.lag {
            let (of, by) = (of.0 as usize, by.min(table.rows));
            // A file that could not be read has been reported, and then there is nothing to go back to.
            let Some(values) = result.columns.get(of).map(|v| v.lagged(by)) else { continue };
            let early = std::iter::repeat_n(true, by);
            let missing: Vec<bool> = early.chain(missing_of[of].iter().copied()).take(table.rows).collect();
            keep.iter_mut().zip(&missing).for_each(|(keep, missing)| *keep &= !missing);
            result.columns.push(values);
            missing_of.push(missing);
            continue;
        }
        let Some(i) = declared.columns.iter().position(|d| d.name.value == column.name) else { continue };
        let Some(ty) = &declared.columns[i].ty else { continue };
        if options.unread.contains(&column.name) {
            let width = column.ty.shape.len();
            result.columns.push(Values::Real { width, data: vec![0.0; width * table.rows] });
            missing_of.push(vec![false; table.rows]);
            continue;
        }
        let is_predicted = declared.predicts_missing && options.targets.contains(&column.name);
        let filled = read::fill(column, ty, &bound[i], &table, declared.drops_missing || is_predicted);
        findings.extend(filled.findings);
        for (row, _) in filled.missing.iter().enumerate().filter(|(_, missing)| **missing) {
            if is_predicted {
                result.unobserved[row] = true;
            } else {
                keep[row] = false;
            }
        }
        result.columns.push(filled.values);
        missing_of.push(filled.missing);
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

/// Splits of the observed rows, with a place for those that are not.
fn with_gaps(shares: Vec<usize>, unobserved: &[bool]) -> Vec<usize> {
    let mut shares = shares.into_iter();
    unobserved.iter().map(|none| if *none { 0 } else { shares.next().unwrap_or(0) }).collect()
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
    result
        .notes
        .push(format!("{} of {} rows of {place} lack a value and were dropped", result.dropped, result.rows));
    let of_kept =
        |flags: &mut dyn Iterator<Item = usize>| flags.filter(|row| keep[*row]).collect::<Vec<usize>>();
    let rows = of_kept(&mut (0..result.rows));
    result.numbers = rows.iter().map(|row| result.numbers[*row]).collect();
    result.unobserved = rows.iter().map(|row| result.unobserved[*row]).collect();
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
