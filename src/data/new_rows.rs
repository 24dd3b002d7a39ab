//! Rows that a fitted model has not seen: found by the names that the fit knew, read some at a time.
//!
//! ```text
//! recorded columns + data block ─columns→ typed columns, as the fit had them
//! an opened source ─NewRows::open→ which of its columns fill which ─next→ a table ─dataset→ values
//! ```
//!
//! The order of columns does not matter, others are ignored, and those that nothing needs may be absent. What `where`
//! says holds where its columns are there; splits and `take` belong to the fit.

use super::bind::{self, Bound};
use super::declare::{self, Declared, DeclaredColumn};
use super::schema::{typed_as, wanted};
use super::source;
use super::table::{Content, Header, Opened, Table, Tables};
use super::{Dataset, Files, Options, Values, error, filter, levels, read};
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::model::Column;
use crate::syntax::ast;
use crate::ty::{Element, Shape};

/// A declared column as the fit found it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// The columns of the file that filled it.
    pub names: Vec<String>,
    /// Sizes of one row's value.
    pub shape: Shape,
    /// Labels in order.
    pub levels: Vec<String>,
    /// Smallest and largest value of a count that a walk runs along.
    pub range: Option<[u64; 2]>,
}

/// The typed columns of a data block as the fit had them, without any file.
pub fn columns(data: &ast::Data, known: &[Known], options: &Options) -> (Vec<Column>, Diagnostics) {
    let (declared, findings) = declare::declared(data, &options.constants);
    let pairs = declared.columns.iter().filter(|c| c.ty.is_some()).zip(known);
    (pairs.map(|(column, known)| typed_as(column, known)).collect(), findings)
}

/// Opens the file that `path` names: by its extension, by its first bytes where it has none (`-`), or a folder of
/// pictures; a call such as `idx("images.gz")` is opened as in a model.
///
/// # Errors
/// D015 and what else a source of a model may say.
pub fn open<'f>(
    path: &str,
    files: &'f dyn Files,
    options: &Options,
) -> Result<Box<dyn Opened + 'f>, Diagnostics> {
    source::open_new(path, files, options)
}

/// The rows of a source, for a model that was fitted.
pub struct NewRows<'a> {
    declared: Declared<'a>,
    place: String,
    header: Vec<Header>,
    bound: Vec<Option<Bound>>,
    tables: Tables<'a>,
    options: &'a Options,
    /// Rows of the last table that the next one's lags look back to.
    behind: Option<(Table, Vec<u64>)>,
    most_lag: usize,
    filters: bool,
    done: u64,
}

/// Some rows, before their labels are looked up.
pub struct Part {
    table: Table,
    /// Which row of the source each is, from 1.
    numbers: Vec<u64>,
    /// Leading rows that are only there to be looked back to.
    context: usize,
}

/// Rows with their values.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// The rows that can be used.
    pub data: Dataset,
    /// Of each column of the model, the rows whose value is missing (all of them, where the file does not have it).
    pub missing: Vec<Vec<bool>>,
    /// Rows left out because a value that is needed is missing.
    pub left_out: usize,
}

impl<'a> NewRows<'a> {
    /// Finds the columns of a source; of those not `required` any may be absent.
    ///
    /// # Errors
    /// D001 for a column that is needed and not there.
    pub fn open(
        data: &'a ast::Data,
        known: &[Known],
        required: &[bool],
        most_lag: usize,
        place: &str,
        opened: Box<dyn Opened + 'a>,
        options: &'a Options,
        rows: usize,
    ) -> Result<NewRows<'a>, Diagnostics> {
        let (declared, mut findings) = declare::declared(data, &options.constants);
        let header = opened.header().to_vec();
        let mut bound = vec![];
        for ((column, known), required) in declared.columns.iter().zip(known).zip(required) {
            match (bound_to(column, known, &header, place, *required), *required) {
                (Ok(found), _) => bound.push(Some(found)),
                (Err(_), false) => bound.push(None),
                (Err(finding), true) => findings.push(finding),
            }
        }
        if findings.has_errors() {
            return Err(findings);
        }
        let conditions = match declared.conditions.is_empty() {
            true => None,
            false => filter::conditions(&declared, &header, place, options).ok(),
        };
        let filters = conditions.is_some();
        let wanted = wanted(&header, bound.iter().flatten(), conditions.into_iter().flatten());
        Ok(NewRows {
            declared,
            place: place.to_owned(),
            header,
            bound,
            tables: opened.stream(wanted, rows),
            options,
            behind: None,
            most_lag,
            filters,
            done: 0,
        })
    }

    /// What messages call the source.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether the source has a declared column.
    pub fn has(&self, column: usize) -> bool {
        self.bound.get(column).is_some_and(Option::is_some)
    }

    /// The next rows, those that `where` leaves out counted and gone.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn next_part(&mut self) -> Result<Option<Part>, Diagnostics> {
        let Some(table) = self.tables.next() else { return Ok(None) };
        let mut table = table?;
        let before = self.done;
        self.done += table.rows as u64;
        if self.filters {
            filter::keep_where(&mut table, &self.declared, &self.header, self.options)?;
        }
        let mut numbers: Vec<u64> =
            (0..table.rows).map(|row| before + table.source_row(row) as u64 + 1).collect();
        let mut context = 0;
        if self.most_lag > 0 {
            if let Some((behind, of_behind)) = &self.behind {
                context = behind.rows.min(self.most_lag);
                table = behind.before(self.most_lag, table);
                numbers = of_behind[of_behind.len() - context..].iter().copied().chain(numbers).collect();
            }
            self.behind = Some((table.clone(), numbers.clone()));
        }
        Ok(Some(Part { table, numbers, context }))
    }

    /// Rows of the source read so far.
    pub fn read(&self) -> u64 {
        self.done
    }

    /// Labels of factors that the fit did not know: position of the declared column, and the labels in order.
    pub fn unknown_levels(&self, part: &Part, columns: &[Column]) -> Vec<(usize, Vec<String>)> {
        let mut found = vec![];
        for (i, column) in columns.iter().enumerate().filter(|(_, c)| c.ty.element == Element::Factor) {
            let position = self.bound.get(i).and_then(|b| b.as_ref()?.positions.first().copied());
            let cells = position.and_then(|p| part.table.columns.get(p)?.as_ref());
            let Some(cells) = cells else { continue };
            let known = levels::Positions::new(&column.levels);
            let mut new = levels::labels(cells, &part.table);
            new.retain(|label| known.of(label).is_none());
            if !new.is_empty() {
                found.push((i, new));
            }
        }
        found
    }

    /// The values of some rows as columns of the model; rows that lack a value of `needed` are left out where
    /// `missing = drop` says so.
    ///
    /// # Errors
    /// D002, D003, D016: a value that is missing, a label that is not known, a value outside the column's type.
    pub fn dataset(&self, part: &Part, columns: &[Column], needed: &[bool]) -> Result<Chunk, Diagnostics> {
        let table = &part.table;
        let mut findings = Diagnostics::default();
        let mut values: Vec<Values> = vec![];
        let mut missing: Vec<Vec<bool>> = vec![];
        let mut keep: Vec<bool> = (0..table.rows).map(|row| row >= part.context).collect();
        let mut next = 0;
        for (column, needed) in columns.iter().zip(needed) {
            if let Some((of, by)) = column.lag {
                let (of, by) = (of.0 as usize, by.min(table.rows));
                values.push(values[of].lagged(by));
                let early = std::iter::repeat_n(true, by);
                missing.push(early.chain(missing[of].iter().copied()).take(table.rows).collect());
            } else {
                let (filled, lacks) = self.column(next, column, table, *needed, &mut findings);
                next += 1;
                values.push(filled);
                missing.push(lacks);
            }
            if let (true, Some(missing)) = (*needed, missing.last()) {
                keep.iter_mut().zip(missing).for_each(|(keep, missing)| *keep &= !missing);
            }
        }
        if findings.has_errors() {
            return Err(findings);
        }
        let numbers =
            (0..table.rows).filter(|row| keep[*row]).map(|row| part.numbers[row]).collect::<Vec<u64>>();
        let rows = numbers.len();
        let left_out = table.rows - part.context - rows;
        for (values, missing) in values.iter_mut().zip(&mut missing) {
            values.retain(&keep);
            let mut kept = keep.iter();
            missing.retain(|_| kept.next().copied().unwrap_or(false));
        }
        let data = Dataset { rows, numbers, columns: values, ..Dataset::default() };
        Ok(Chunk { data, missing, left_out })
    }

    /// The values of one declared column, and which are missing; zeros where the source does not have it.
    fn column(
        &self,
        declared: usize,
        column: &Column,
        table: &Table,
        needed: bool,
        findings: &mut Diagnostics,
    ) -> (Values, Vec<bool>) {
        let bound = self.bound.get(declared).and_then(Option::as_ref);
        let ty = self.declared.columns.get(declared).and_then(|d| d.ty.as_ref());
        let (Some(bound), Some(ty)) = (bound, ty) else {
            let width = column.ty.shape.len();
            let data = vec![0.0; width * table.rows];
            return (Values::Real { width, data }, vec![true; table.rows]);
        };
        let may_lack = self.declared.drops_missing || !needed;
        let mut filled = read::fill(column, ty, bound, table, may_lack);
        let is_factor = column.ty.element == Element::Factor;
        for finding in filled.findings.0.iter_mut().filter(|f| is_factor && f.code.id() == "D003") {
            finding.help.get_or_insert_with(|| {
                "leave these rows out, or predict them from the prior of their level, given the rest: \
                 `bnnc predict … --unknown-level global`"
                    .to_owned()
            });
        }
        findings.extend(filled.findings);
        (filled.values, filled.missing)
    }
}

/// The columns of a file that fill a declared one: those of the fit, or what the declaration says of this file.
fn bound_to(
    column: &DeclaredColumn,
    known: &Known,
    header: &[Header],
    place: &str,
    required: bool,
) -> Result<Bound, Diagnostic> {
    let Some(ty) = &column.ty else { return Err(error::no_rows(column.name.span, place)) };
    let is_there = |names: &Vec<String>| names.iter().all(|n| header.iter().any(|h| h.name == *n));
    let name = &column.name.value;
    let parts: Vec<String> = (1..=known.shape.len()).map(|i| format!("{name}{i}")).collect();
    let mut candidates = vec![known.names.clone(), vec![name.clone()], parts];
    // A lone array has no name: it fills the lone column that is needed.
    if let ([only], true) = (header, required)
        && only.name == source::NAMELESS
        && only.content != Content::Text
    {
        candidates.push(vec![only.name.clone()]);
    }
    let names = candidates.iter().find(|names| is_there(names)).unwrap_or(&known.names).clone();
    // What a model would say of its own file does not help here: the model is fitted.
    if !is_there(&names) {
        let missing = names.iter().find(|n| header.iter().all(|h| h.name != **n)).unwrap_or(name);
        return Err(absent(column, missing, header, place));
    }
    let found = bind::locate(column, ty, names, header, place)?;
    if found.shape == known.shape {
        return Ok(found);
    }
    Err(Diagnostic::new("D016", format!("`{name}` has sizes {} in {place}", shown(&found.shape)))
        .at(column.name.span, format!("the model was fitted with {}", shown(&known.shape))))
}

/// D001: a column that the model needs.
fn absent(column: &DeclaredColumn, missing: &str, header: &[Header], place: &str) -> Diagnostic {
    let known: Vec<&str> = header.iter().map(|h| h.name.as_str()).collect();
    let finding = Diagnostic::new("D001", format!("column `{missing}` is not in {place}"))
        .note(format!("its columns are {}", error::listed(&known)));
    match suggest::nearest(missing, known.iter().copied()) {
        Some(near) => finding
            .at(column.name.span, format!("is `{near}` meant?"))
            .help(format!("call that column `{missing}` in the file, as the fit knew it")),
        None => finding
            .at(column.name.span, "the fitted model needs it")
            .help("add the column to the file; the names are those of the file that was fitted"),
    }
}

fn shown(shape: &Shape) -> String {
    if shape.is_scalar() { "of a single value".to_owned() } else { shape.to_string() }
}
