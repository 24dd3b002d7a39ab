//! From declared columns to columns of a file: `x : real[2]` is filled by `x1` and `x2`.

use std::collections::HashSet;

use super::column_type::{ColumnType, Labels};
use super::declare::{Declared, DeclaredColumn, From};
use super::error;
use super::table::{Content, Header};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::ty::Shape;

/// A declared column and the columns of the file that fill it.
pub struct Bound {
    /// Names in the file; as many as numbers per row, or one that holds an array per row.
    pub names: Vec<String>,
    /// Their positions in the header.
    pub positions: Vec<usize>,
    /// Sizes of one row's value.
    pub shape: Shape,
}

/// Finds the file columns of every declared column; `None` where there is a finding.
///
/// A column of `unread` that the file does not have is bound to nothing.
pub fn bind(
    declared: &Declared,
    header: &[Header],
    place: &str,
    unread: &[String],
) -> (Vec<Option<Bound>>, Diagnostics) {
    let mut findings = Diagnostics::default();
    let mut names: Vec<Result<Vec<String>, Diagnostic>> = declared
        .columns
        .iter()
        .map(|column| match &column.from {
            From::Name => Ok(own_names(column, header)),
            From::Listed(listed) => listed_names(listed, header, place),
            From::Others => Ok(vec![]),
        })
        .collect();
    fill_others(declared, header, place, &mut names);
    let mut bound = vec![];
    for (column, names) in declared.columns.iter().zip(names) {
        let located = match &column.ty {
            Some(ty) if is_absent(column, ty, &names, header, unread) => Ok(Some(absent(column, ty))),
            Some(ty) => names.and_then(|names| locate(column, ty, names, header, place)).map(Some),
            None => Ok(None),
        };
        bound.push(located.unwrap_or_else(|finding| {
            findings.push(finding);
            None
        }));
    }
    if let Some(by) = declared.split_by
        && let Err(finding) = position(&by.value, by.span, header, place)
    {
        findings.push(finding);
    }
    (bound, findings)
}

/// Finds the columns of the main source in the test source; columns that are not bound there are left out.
pub fn rebind(
    declared: &Declared,
    main: &[Option<&Bound>],
    header: &[Header],
    place: &str,
    unread: &[String],
) -> (Vec<Bound>, Diagnostics) {
    let mut findings = Diagnostics::default();
    let mut bound = vec![];
    for (column, main) in declared.columns.iter().zip(main) {
        let (Some(ty), Some(main)) = (&column.ty, main) else { continue };
        let names = Ok(main.names.clone());
        if is_absent(column, ty, &names, header, unread) {
            bound.push(Bound { shape: main.shape.clone(), ..absent(column, ty) });
            continue;
        }
        match locate(column, ty, main.names.clone(), header, place) {
            Ok(located) => bound.push(located),
            Err(finding) => findings.push(finding),
        }
    }
    (bound, findings)
}

/// Whether a column that nothing reads is not there; one whose labels are those in the data is always wanted.
fn is_absent(
    column: &DeclaredColumn,
    ty: &ColumnType,
    names: &Result<Vec<String>, Diagnostic>,
    header: &[Header],
    unread: &[String],
) -> bool {
    let is_there = |name: &String| header.iter().any(|h| h.name == *name);
    let is_found = names.as_ref().is_ok_and(|names| names.iter().all(is_there));
    let needs_labels = matches!(ty, ColumnType::Factor | ColumnType::Class(Labels::Any));
    !is_found && !needs_labels && unread.contains(&column.name.value)
}

/// What fills a column that is not there.
fn absent(column: &DeclaredColumn, ty: &ColumnType) -> Bound {
    let listed = match &column.from {
        From::Listed(names) => names.len(),
        From::Name | From::Others => 1,
    };
    let shape = match ty {
        ColumnType::Number { size, .. } => match size.unwrap_or(listed) {
            1 => Shape::scalar(),
            length => Shape::vector(length),
        },
        ColumnType::Class(_) | ColumnType::Factor => Shape::scalar(),
        ColumnType::Image(sizes) => Shape(sizes.to_vec()),
    };
    Bound { names: vec![column.name.value.clone()], positions: vec![], shape }
}

/// The position of one column of the file.
pub fn position(name: &str, span: Span, header: &[Header], place: &str) -> Result<usize, Diagnostic> {
    let mut found = header.iter().enumerate().filter(|(_, h)| h.name == name).map(|(i, _)| i);
    match (found.next(), found.next()) {
        (Some(i), None) => Ok(i),
        (Some(_), Some(_)) => {
            Err(Diagnostic::new("D001", format!("column `{name}` occurs twice in {place}"))
                .at(span, "which of the two is meant?")
                .help("give the columns of the file different names"))
        }
        (None, _) => {
            let known: Vec<&str> = header.iter().map(|h| h.name.as_str()).collect();
            Err(error::no_such_column(span, name, place, &known))
        }
    }
}

/// Without `from`: `x`, or `x1` to `x5` for `x : real[5]` unless the file has one array of that name.
fn own_names(column: &DeclaredColumn, header: &[Header]) -> Vec<String> {
    let name = &column.name.value;
    let is_array =
        header.iter().any(|h| h.name == *name && h.content != Content::Text && !h.shape().is_empty());
    match column.ty {
        Some(ColumnType::Number { size: Some(size), .. }) if !is_array => {
            // One name more than the file has columns is missing for certain, however many were declared.
            (1..=size.min(header.len() + 1)).map(|i| format!("{name}{i}")).collect()
        }
        _ => vec![name.clone()],
    }
}

fn listed_names(
    listed: &[crate::source::Spanned<String>],
    header: &[Header],
    place: &str,
) -> Result<Vec<String>, Diagnostic> {
    let mut names: Vec<String> = vec![];
    for entry in listed {
        let before = names.len();
        if entry.value.contains('*') {
            let fitting = header.iter().map(|h| &h.name).filter(|name| fits(&entry.value, name));
            names.extend(fitting.cloned());
        } else {
            position(&entry.value, entry.span, header, place)?;
            names.push(entry.value.clone());
        }
        if names.len() == before {
            let known: Vec<&str> = header.iter().map(|h| h.name.as_str()).collect();
            return Err(Diagnostic::new("D001", format!("no column of {place} is like \"{}\"", entry.value))
                .at(entry.span, "`*` stands for any letters")
                .note(format!("its columns are {}", error::listed(&known))));
        }
    }
    Ok(names)
}

/// Whether a name fits a pattern in which `*` stands for any letters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Gives a `from others` column all that no other declaration names.
fn fill_others(
    declared: &Declared,
    header: &[Header],
    place: &str,
    names: &mut [Result<Vec<String>, Diagnostic>],
) {
    let mut taken: HashSet<String> = names.iter().flatten().flatten().cloned().collect();
    taken.extend(declared.split_by.iter().map(|by| by.value.clone()));
    for (column, names) in declared.columns.iter().zip(names) {
        if !matches!(column.from, From::Others) {
            continue;
        }
        let others: Vec<String> =
            header.iter().map(|h| h.name.clone()).filter(|name| !taken.contains(name)).collect();
        taken.extend(others.iter().cloned());
        *names = match others.is_empty() {
            true => Err(Diagnostic::new(
                "D001",
                format!("no column of {place} is left for `{}`", column.name.value),
            )
            .at(column.name.span, "every column is declared elsewhere")),
            false => Ok(others),
        };
    }
}

/// Finds the columns in the header and checks that they hold as many numbers as the type says.
pub fn locate(
    column: &DeclaredColumn,
    ty: &ColumnType,
    names: Vec<String>,
    header: &[Header],
    place: &str,
) -> Result<Bound, Diagnostic> {
    let span = column.name.span;
    let positions = names.iter().map(|name| position(name, span, header, place));
    let positions = positions.collect::<Result<Vec<usize>, Diagnostic>>()?;
    let found = match positions.as_slice() {
        [one] => header[*one].shape().to_vec(),
        many => {
            if let Some(array) = many.iter().find(|i| !header[**i].shape().is_empty()) {
                return Err(Diagnostic::new(
                    "D016",
                    format!("`{}` of {place} is an array of its own", header[*array].name),
                )
                .at(span, "arrays cannot be joined into one column"));
            }
            vec![many.len()]
        }
    };
    let shape = match ty {
        ColumnType::Number { size, .. } => number_shape(*size, &found),
        ColumnType::Class(_) | ColumnType::Factor => found.is_empty().then(Shape::scalar),
        ColumnType::Image(sizes) => image_shape(sizes, &found),
    };
    let Some(shape) = shape else {
        let finding = Diagnostic::new(
            "D016",
            format!("`{}` has {} in {place}", column.name.value, sizes_in_words(&found)),
        );
        return Err(finding.at(span, format!("declared with {}", declared_sizes(ty))));
    };
    Ok(Bound { names, positions, shape })
}

/// A vector has the declared length; without one it is as long as the file says. A length of 1 is a scalar.
fn number_shape(size: Option<usize>, found: &[usize]) -> Option<Shape> {
    let length = match found {
        [] => 1,
        [length] => *length,
        _ => return None,
    };
    let is_declared = size.is_none_or(|size| size == length);
    is_declared.then(|| if length == 1 { Shape::scalar() } else { Shape::vector(length) })
}

/// An image in the file may leave out its one channel, and its pixels may be columns of their own.
fn image_shape(sizes: &[usize; 3], found: &[usize]) -> Option<Shape> {
    let same = match found {
        [] => sizes.iter().product::<usize>() == 1,
        [pixels] => sizes.iter().product::<usize>() == *pixels,
        [height, width] => sizes == &[*height, *width, 1],
        found => found == sizes,
    };
    same.then(|| Shape(sizes.to_vec()))
}

fn sizes_in_words(found: &[usize]) -> String {
    match found {
        [] => "one value per row".to_owned(),
        [length] => format!("{length} values per row"),
        sizes => {
            let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
            format!("arrays of {} per row", sizes.join("×"))
        }
    }
}

fn declared_sizes(ty: &ColumnType) -> String {
    match ty {
        ColumnType::Number { size: Some(size), .. } => format!("{size} values per row"),
        ColumnType::Number { size: None, .. } => "numbers".to_owned(),
        ColumnType::Class(_) | ColumnType::Factor => "one label per row".to_owned(),
        ColumnType::Image([height, width, channels]) => format!("images of {height}×{width}×{channels}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        assert!(fits("feat*", "feat") && fits("feat*", "feature_1") && !fits("feat*", "afeat"));
        assert!(fits("*_cm", "height_cm") && !fits("*_cm", "height_cm2"));
        assert!(fits("a*b*c", "a1b2c") && !fits("a*b*c", "a1c") && fits("*", "anything"));
    }
}
