//! The lines of a data block, understood one by one and without looking at any file.

use std::collections::HashMap;

use super::column_type::ColumnType;
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::source::Spanned;
use crate::syntax::ast::{ColumnFrom, Data, DataItem, Expr, Name, Source};
use crate::syntax::constant;

/// A data block whose lines make sense on their own.
pub struct Declared<'a> {
    /// The columns in the order declared.
    pub columns: Vec<DeclaredColumn>,
    /// `split by column`
    pub split_by: Option<&'a Name>,
    /// `split valid = 0.3`, in the order written
    pub splits: Vec<Share<'a>>,
    /// `test SOURCE`
    pub test: Option<&'a Source>,
    /// `missing = drop`
    pub drops_missing: bool,
    /// `missing = predict`
    pub predicts_missing: bool,
    /// `where y < 5`; all of them must hold
    pub conditions: Vec<&'a Expr>,
    /// `take 20 per y`
    pub take: Option<Take<'a>>,
}

/// `take 20 per y`
pub struct Take<'a> {
    /// `20`
    pub count: usize,
    /// `y`
    pub per: &'a Name,
}

/// One declared column.
pub struct DeclaredColumn {
    /// Its name in the model.
    pub name: Name,
    /// Its type; `None` if what was written is no type, which has been reported.
    pub ty: Option<ColumnType>,
    /// Which columns of the file fill it.
    pub from: From,
}

/// Which columns of the file fill a declared one.
pub enum From {
    /// those of its own name
    Name,
    /// those listed; `*` stands for any letters
    Listed(Vec<Spanned<String>>),
    /// all that no other declaration names
    Others,
}

/// `split valid = last 300`
pub struct Share<'a> {
    /// `valid` or `test`
    pub name: &'a Name,
    /// from the end rather than at random
    pub last: bool,
    /// below 1 a share, else a number of rows
    pub amount: f64,
    /// the number as written
    pub expr: &'a Expr,
}

/// Understands every line; what is wrong is left out and reported.
pub fn declared<'a>(data: &'a Data, constants: &HashMap<String, f64>) -> (Declared<'a>, Diagnostics) {
    let mut result = Declared {
        columns: vec![],
        split_by: None,
        splits: vec![],
        test: None,
        drops_missing: false,
        predicts_missing: false,
        conditions: vec![],
        take: None,
    };
    let mut findings = Diagnostics::default();
    for item in &data.items {
        if let Err(finding) = add(&mut result, item, constants) {
            findings.push(finding);
        }
    }
    (result, findings)
}

fn add<'a>(
    result: &mut Declared<'a>,
    item: &'a DataItem,
    constants: &HashMap<String, f64>,
) -> Result<(), Diagnostic> {
    match item {
        DataItem::Column { names, ty, from } => {
            let parsed = ColumnType::parse(ty, constants);
            // The names are kept in any case, so that their uses are not reported as well.
            result.columns.extend(columns(names, parsed.as_ref().ok(), from)?);
            parsed?;
        }
        DataItem::SplitBy(column) => {
            one_way(result, column)?;
            result.split_by = Some(column);
        }
        DataItem::Split { name, last, amount } => {
            if result.split_by.is_some() {
                return Err(two_ways(name));
            }
            result.splits.push(share(result, name, *last, amount, constants)?);
        }
        DataItem::Test(source) => {
            if let Some(share) = result.splits.iter().find(|s| s.name.value == "test") {
                return Err(test_twice(share.name));
            }
            if result.test.is_some() {
                return Err(Diagnostic::new("N002", "a second test source")
                    .at(super::source::span(source), "one is enough"));
            }
            result.test = Some(source);
        }
        DataItem::Missing(word) => match word.value.as_str() {
            "drop" => result.drops_missing = true,
            "predict" => result.predicts_missing = true,
            other => {
                let finding = Diagnostic::new("N012", format!("`missing = {other}` means nothing"));
                return Err(match suggest::nearest(other, ["drop", "predict"]) {
                    Some(near) => {
                        finding.at(word.span, format!("did you mean `{near}`?")).fix(word.span, near)
                    }
                    None => finding.at(word.span, "`drop` is wanted here"),
                });
            }
        },
        DataItem::Where(condition) => result.conditions.push(condition),
        DataItem::Take { count, per } => {
            if result.take.is_some() {
                return Err(Diagnostic::new("N002", "a second `take`").at(per.span, "one is enough"));
            }
            result.take = Some(Take { count: constant::whole(count, constants, 1)?, per });
        }
    }
    Ok(())
}

/// One declared column per name, with its part of what follows `from`.
fn columns(
    names: &[Name],
    ty: Option<&ColumnType>,
    from: &Option<ColumnFrom>,
) -> Result<Vec<DeclaredColumn>, Diagnostic> {
    let column = |name: &Name, from: From| DeclaredColumn { name: name.clone(), ty: ty.cloned(), from };
    match (from, names) {
        (None, _) => Ok(names.iter().map(|name| column(name, From::Name)).collect()),
        (Some(ColumnFrom::Others(_)), [name]) => Ok(vec![column(name, From::Others)]),
        (Some(ColumnFrom::Others(span)), _) => Err(Diagnostic::new(
            "T001",
            format!("`from others` makes one vector, but {} names stand before it", names.len()),
        )
        .at(*span, "give it one name")),
        (Some(ColumnFrom::Names(listed)), [name]) => Ok(vec![column(name, From::Listed(listed.clone()))]),
        (Some(ColumnFrom::Names(listed)), _) if listed.len() == names.len() => {
            let pairs = names.iter().zip(listed);
            Ok(pairs.map(|(name, file)| column(name, From::Listed(vec![file.clone()]))).collect())
        }
        (Some(ColumnFrom::Names(listed)), _) => {
            let place = listed.iter().map(|l| l.span).reduce(|a, b| a.to(b)).unwrap_or_default();
            let counts = format!("{} names are declared, but `from` lists {}", names.len(), listed.len());
            Err(Diagnostic::new("T001", counts).at(place, "one for each name is wanted"))
        }
    }
}

fn share<'a>(
    result: &Declared,
    name: &'a Name,
    last: bool,
    expr: &'a Expr,
    constants: &HashMap<String, f64>,
) -> Result<Share<'a>, Diagnostic> {
    if name.value != "valid" && name.value != "test" {
        let finding = Diagnostic::new("N012", format!("there is no split `{}`", name.value))
            .help("the splits are `valid` and `test`; what is left trains");
        return Err(match suggest::nearest(&name.value, ["valid", "test"]) {
            Some(near) => finding.at(name.span, format!("did you mean `{near}`?")).fix(name.span, near),
            None => finding.at(name.span, "`valid` or `test` is wanted here"),
        });
    }
    if result.splits.iter().any(|s| s.name.value == name.value) {
        return Err(Diagnostic::new("N002", format!("the split `{}` is declared twice", name.value))
            .at(name.span, "again here"));
    }
    if name.value == "test" && result.test.is_some() {
        return Err(test_twice(name));
    }
    let amount = constant::number(expr, constants)?;
    let is_share = amount > 0.0 && amount < 1.0;
    let is_count = amount >= 1.0 && amount == amount.floor() && amount.is_finite();
    if !is_share && !is_count {
        return Err(Diagnostic::new("T011", format!("a split of {amount} rows"))
            .at(expr.span, "a share between 0 and 1, or a whole number of rows, is wanted"));
    }
    Ok(Share { name, last, amount, expr })
}

fn one_way(result: &Declared, column: &Name) -> Result<(), Diagnostic> {
    if result.split_by.is_some() || !result.splits.is_empty() {
        return Err(two_ways(column));
    }
    Ok(())
}

fn two_ways(name: &Name) -> Diagnostic {
    Diagnostic::new("D018", "the rows are split in two ways")
        .at(name.span, "another `split` stands above")
        .help("use `split by` a column, or shares, not both")
}

fn test_twice(name: &Name) -> Diagnostic {
    Diagnostic::new("D018", "the test rows are given twice")
        .at(name.span, "here as a split of the data")
        .help("keep the `test` source or the split, not both")
}
