//! The typed columns of a data block, from the declarations and the headers of the files.

use super::bind::{self, Bound};
use super::column_type::{ColumnType, Labels};
use super::declare::{self, Declared, DeclaredColumn};
use super::new_rows::Known;
use super::source::{self, Part};
use super::table::{Header, Opened, Table};
use super::{Files, Options, filter, levels, open};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Column;
use crate::syntax::ast;
use crate::ty::{Element, Interval, Kind, Shape, Support, Type};

/// Returns the typed columns of a data block in the order declared, and what is wrong with it.
///
/// Only headers are read, unless the labels of a class or factor are those that occur in the data. When there are
/// findings the columns are still there as far as they can be known, so that their uses are not reported as well:
/// labels that could not be read are no labels, and a column of unknown type is left out, which the checker takes for
/// a column of which nothing is known.
pub fn schema(data: &ast::Data, files: &dyn Files, options: &Options) -> (Vec<Column>, Diagnostics) {
    let (declared, mut findings) = declare::declared(data, &options.constants);
    let mut bound: Vec<Option<Bound>> = declared.columns.iter().map(|_| None).collect();
    let mut table = None;
    match source::open(&data.source, Part::Main, files, options) {
        Err(faults) => findings.extend(faults),
        Ok(main) => {
            let place = source::place(&data.source, Part::Main, options);
            let (found, faults) = bind::bind(&declared, main.header(), &place, &options.unread);
            findings.extend(faults);
            bound = found;
            if let Err(fault) = filter::positions(&declared, main.header(), &place, options) {
                findings.push(fault);
            }
            let with_labels: Vec<&Bound> = declared
                .columns
                .iter()
                .zip(&bound)
                .filter_map(|(column, bound)| {
                    if needs_labels(column) || is_walked(column, options) { bound.as_ref() } else { None }
                })
                .collect();
            if !with_labels.is_empty() && !findings.has_errors() {
                match labelled(&declared, main, with_labels, &place, options) {
                    Ok(read) => table = Some(read),
                    Err(finding) => findings.push(finding),
                }
            }
        }
    }
    if let Some(test) = declared.test {
        let bound: Vec<Option<&Bound>> = bound.iter().map(Option::as_ref).collect();
        if let Err(faults) = open::test(&declared, test, &bound, files, options) {
            findings.extend(faults);
        }
    }
    let columns = declared.columns.iter().zip(&bound).filter(|(column, _)| column.ty.is_some());
    let columns = columns
        .map(|(column, bound)| typed(column, bound.as_ref(), table.as_ref(), is_walked(column, options)))
        .collect();
    (columns, findings)
}

/// The cells of the columns whose labels are asked for, of the rows that `where` keeps.
fn labelled(
    declared: &Declared,
    main: Box<dyn Opened + '_>,
    with_labels: Vec<&Bound>,
    place: &str,
    options: &Options,
) -> Result<Table, Diagnostic> {
    let header = main.header().to_vec();
    let filters = filter::positions(declared, &header, place, options)?;
    let mut table = main.read(&wanted(&header, with_labels, filters))?;
    filter::keep_where(&mut table, declared, &header, options)?;
    Ok(table)
}

/// Whether the labels of a declared column are those that occur in the data.
fn needs_labels(column: &DeclaredColumn) -> bool {
    matches!(column.ty, Some(ColumnType::Factor | ColumnType::Class(Labels::Any)))
}

/// Whether the smallest and the largest value of a count are asked for.
fn is_walked(column: &DeclaredColumn, options: &Options) -> bool {
    let is_count = matches!(column.ty, Some(ColumnType::Number { element: Element::Count, .. }));
    is_count && options.walked.contains(&column.name.value)
}

/// The first and the last of sorted labels, where all are whole numbers from 0.
fn range(labels: &[String]) -> Option<[u64; 2]> {
    let numbers: Vec<f64> = labels.iter().map(|l| levels::number(l)).collect::<Option<_>>()?;
    let is_count = |x: &f64| *x >= 0.0 && *x == x.floor() && *x < 1e15;
    let (first, last) = (numbers.first()?, numbers.last()?);
    numbers.iter().all(is_count).then_some([*first as u64, *last as u64])
}

/// The flags of the columns to read.
pub(super) fn wanted<'a>(
    header: &[Header],
    bound: impl IntoIterator<Item = &'a Bound>,
    others: impl IntoIterator<Item = usize>,
) -> Vec<bool> {
    let mut wanted = vec![false; header.len()];
    for position in bound.into_iter().flat_map(|b| b.positions.iter().copied()).chain(others) {
        wanted[position] = true;
    }
    wanted
}

/// The typed column of a declaration, as far as it is known.
fn typed(column: &DeclaredColumn, bound: Option<&Bound>, table: Option<&Table>, is_walked: bool) -> Column {
    let declared_shape = || match &column.ty {
        Some(ColumnType::Image(sizes)) => Shape(sizes.to_vec()),
        Some(ColumnType::Number { size: Some(size), .. }) if *size > 1 => Shape::vector(*size),
        _ => Shape::scalar(),
    };
    let seen = || {
        let table = table?;
        let position = *bound?.positions.first()?;
        Some(levels::labels(table.columns.get(position)?.as_ref()?, table))
    };
    let levels = match &column.ty {
        Some(ColumnType::Class(Labels::Written(labels))) => labels.clone(),
        Some(ColumnType::Class(Labels::Any) | ColumnType::Factor) => seen().unwrap_or_default(),
        _ => vec![],
    };
    let range = if is_walked { seen().and_then(|labels| range(&labels)) } else { None };
    let shape = bound.map_or_else(declared_shape, |bound| bound.shape.clone());
    typed_as(column, &Known { names: vec![], shape, levels, range })
}

/// The typed column of a declaration with what was found in the data.
pub(super) fn typed_as(column: &DeclaredColumn, known: &Known) -> Column {
    let levels = known.levels.clone();
    let (element, support) = match &column.ty {
        None => (Element::Real, Support::REAL),
        Some(ColumnType::Number { element, interval, .. }) => (*element, Support::Interval(*interval)),
        Some(ColumnType::Image(_)) => (Element::Real, Support::Interval(Interval::closed(0.0, 1.0))),
        Some(ColumnType::Class(_)) => (Element::Class, Support::Class(levels.len())),
        Some(ColumnType::Factor) => (Element::Factor, Support::Factor(levels.len())),
    };
    let ty = Type { element, shape: known.shape.clone(), kind: Kind::Row, support };
    let name = column.name.value.clone();
    Column { name, ty, levels, lag: None, range: known.range, span: column.name.span }
}
