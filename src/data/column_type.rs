//! The types a column may be declared with: `real`, `class(10)`, `image(28, 28)`, `positive[5]`.

use std::collections::HashMap;

use super::error;
use crate::diagnostic::{Diagnostic, suggest};
use crate::syntax::ast::{ExprKind, TypeName};
use crate::syntax::constant;
use crate::ty::{Element, Interval};

/// What a declaration says about the cells of its column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnType {
    /// `positive`, `real[5]`: numbers of an interval
    Number {
        /// real, count or bool
        element: Element,
        /// where the values lie
        interval: Interval,
        /// how many per row, if written
        size: Option<usize>,
    },
    /// `class`, `class(10)`, `class("low", "high")`
    Class(Labels),
    /// `factor`
    Factor,
    /// `image(28, 28)`: height, width, channels; bytes become 0 to 1
    Image([usize; 3]),
}

/// What the labels of a class are.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// those that occur in the data, sorted
    Any,
    /// the ones written, in this order
    Written(Vec<String>),
}

/// Types of plain numbers: word, element, interval, and what the cells look like in words.
pub const NUMBERS: &[(&str, Element, Interval, &str)] = &[
    ("real", Element::Real, Interval::REAL, "numbers"),
    ("positive", Element::Real, Interval::POSITIVE, "numbers above 0"),
    ("nonneg", Element::Real, Interval::NONNEG, "numbers from 0"),
    ("unit", Element::Real, Interval::closed(0.0, 1.0), "numbers from 0 to 1"),
    ("count", Element::Count, Interval::COUNT, "whole numbers from 0"),
    (
        "bool",
        Element::Bool,
        Interval { whole: true, ..Interval::closed(0.0, 1.0) },
        "0 and 1, or true and false",
    ),
];

/// The other types, for suggestions.
const OTHERS: &[&str] = &["class", "factor", "image"];

/// Supports of unknowns that a column cannot have for now.
const NOT_YET: &[&str] = &["simplex", "ordered", "positive_ordered", "sum_to_zero", "cholesky_corr"];

/// Words of other languages and what they are here.
const FOREIGN: &[(&str, &str)] = &[
    ("float", "real"),
    ("double", "real"),
    ("number", "real"),
    ("numeric", "real"),
    ("int", "count"),
    ("integer", "count"),
    ("boolean", "bool"),
    ("binary", "bool"),
    ("logical", "bool"),
    ("string", "factor"),
    ("category", "factor"),
    ("categorical", "class"),
    ("label", "class"),
    ("enum", "class"),
];

impl ColumnType {
    /// Understands a written type.
    pub fn parse(ty: &TypeName, constants: &HashMap<String, f64>) -> Result<ColumnType, Diagnostic> {
        let word = ty.name.value.as_str();
        if let Some((_, element, interval, _)) = NUMBERS.iter().find(|(name, ..)| *name == word) {
            if !ty.args.is_empty() {
                return Err(Diagnostic::new("T006", format!("the type `{word}` takes nothing in brackets"))
                    .at(ty.span, "")
                    .help(format!("write `{word}`, or `{word}[3]` for a vector of 3 columns")));
            }
            let size = match ty.sizes.as_slice() {
                [] => None,
                [size] => Some(constant::whole(size, constants, 1)?),
                _ => {
                    return Err(error::not_yet(ty.span, "a column of more than one axis").help(format!(
                        "declare its numbers as one vector, `{word}[6]`, or as `image(2, 3)`"
                    )));
                }
            };
            return Ok(ColumnType::Number { element: *element, interval: *interval, size });
        }
        let known = match word {
            "class" => Self::class(ty, constants),
            "factor" if ty.args.is_empty() => Ok(ColumnType::Factor),
            "factor" => Err(Diagnostic::new("T006", "the type `factor` takes nothing in brackets")
                .at(ty.span, "its levels are those that occur in the data")
                .help("write `factor`, or `class(\"a\", \"b\")` to fix labels and their order")),
            "image" => Self::image(ty, constants),
            _ if NOT_YET.contains(&word) => {
                let plain = if word == "simplex" { "unit" } else { "real" };
                let size = ty.sizes.first().map_or("3".to_owned(), ToString::to_string);
                Err(error::not_yet(ty.span, &format!("a column of type `{word}`")).help(format!(
                    "declare its numbers: `{plain}[{size}]`; what a distribution wants of them is checked row by row"
                )))
            }
            _ => Err(unknown(ty)),
        }?;
        match ty.sizes.as_slice() {
            [] => Ok(known),
            _ => Err(error::not_yet(ty.span, &format!("a vector of `{word}` columns"))
                .help(format!("declare each by its name: `a, b : {word}`"))),
        }
    }

    fn class(ty: &TypeName, constants: &HashMap<String, f64>) -> Result<ColumnType, Diagnostic> {
        let texts: Option<Vec<String>> = ty
            .args
            .iter()
            .map(|arg| match &arg.value.kind {
                ExprKind::Text(text) if arg.name.is_none() => Some(text.clone()),
                _ => None,
            })
            .collect();
        match (ty.args.as_slice(), texts) {
            ([], _) => Ok(ColumnType::Class(Labels::Any)),
            (_, Some(labels)) => {
                if let Some(i) = (1..labels.len()).find(|i| labels[..*i].contains(&labels[*i])) {
                    return Err(Diagnostic::new(
                        "N002",
                        format!("the label \"{}\" is listed twice", labels[i]),
                    )
                    .at(ty.args[i].value.span, "again here"));
                }
                Ok(ColumnType::Class(Labels::Written(labels)))
            }
            ([count], None) if count.name.is_none() => {
                let classes = constant::whole(&count.value, constants, 2)?;
                // Far beyond any real model; keeps `class(1e15)` from asking for that many labels.
                if classes > 1_000_000 {
                    return Err(Diagnostic::new("T011", format!("{classes} classes are too many"))
                        .at(count.value.span, "at most 1,000,000"));
                }
                Ok(ColumnType::Class(Labels::Written((0..classes).map(|k| k.to_string()).collect())))
            }
            _ => {
                let labels = ty.args.iter().map(|arg| match &arg.value.kind {
                    ExprKind::Number(_) | ExprKind::Name(_) if arg.name.is_none() => {
                        Some(format!("\"{}\"", arg.value))
                    }
                    ExprKind::Text(text) if arg.name.is_none() => Some(format!("\"{text}\"")),
                    _ => None,
                });
                let finding =
                    Diagnostic::new("T006", "`class` takes a number of classes, or labels in quotes")
                        .at(ty.span, "");
                Err(match labels.collect::<Option<Vec<String>>>() {
                    Some(labels) if labels.len() < 30 => {
                        let cure = format!("class({})", labels.join(", "));
                        finding.help(format!("write `{cure}`")).fix(ty.span, cure)
                    }
                    _ => finding.help(
                        "write `class(10)`, `class(\"low\", \"high\")`, or `class` for the labels in the data",
                    ),
                })
            }
        }
    }

    fn image(ty: &TypeName, constants: &HashMap<String, f64>) -> Result<ColumnType, Diagnostic> {
        let sizes = ty.args.iter().map(|arg| constant::whole(&arg.value, constants, 1));
        match sizes.collect::<Result<Vec<usize>, Diagnostic>>()?.as_slice() {
            [height, width] => Ok(ColumnType::Image([*height, *width, 1])),
            [height, width, channels] => Ok(ColumnType::Image([*height, *width, *channels])),
            other => Err(Diagnostic::new("T006", "`image` takes height and width, and perhaps channels")
                .at(ty.span, format!("{} given", other.len()))
                .help("write `image(28, 28)` or `image(32, 32, 3)`")),
        }
    }

    /// The word of the language and what it takes, for messages.
    pub fn takes(&self) -> (&'static str, &'static str) {
        match self {
            ColumnType::Number { element, interval, .. } => NUMBERS
                .iter()
                .find(|(_, e, i, _)| e == element && i == interval)
                .map_or(("real", "numbers"), |(word, .., takes)| (*word, *takes)),
            ColumnType::Class(_) => ("class", "labels"),
            ColumnType::Factor => ("factor", "labels"),
            ColumnType::Image(_) => ("image", "numbers from 0 to 1, or bytes"),
        }
    }
}

fn unknown(ty: &TypeName) -> Diagnostic {
    let word = ty.name.value.as_str();
    let words = || NUMBERS.iter().map(|(name, ..)| *name).chain(OTHERS.iter().copied());
    let foreign = FOREIGN.iter().find(|(other, _)| other.eq_ignore_ascii_case(word)).map(|(_, here)| *here);
    let finding = Diagnostic::new("N012", format!("there is no type `{word}`"));
    match foreign.or_else(|| suggest::nearest(word, words())) {
        Some(near) => finding
            .at(ty.name.span, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`"))
            .fix(ty.name.span, near),
        None => {
            finding.at(ty.name.span, "").help(format!("types are {}", words().collect::<Vec<_>>().join(", ")))
        }
    }
}
