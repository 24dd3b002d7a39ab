//! Which declaration each name means.
//!
//! One scope at the top: columns, constants, definitions, functions, unknowns and nets share it. A `~` whose name is a
//! column, or a definition, is a likelihood; any other makes an unknown.

use super::{error, signatures};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::dist;
use crate::model::Column;
use crate::source::Span;
use crate::syntax::ast::{Data, DataItem, Dist, Expr, ExprKind, Item, Name};
use std::collections::{HashMap, HashSet};

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum What<'a> {
    /// a column, by its position; none if the data do not have it, which has been said already
    Column(Option<usize>),
    /// `const n = 16`
    Const(&'a Expr),
    /// `z = …`
    Define(&'a Expr),
    /// `f(a, b) = …`
    Function {
        /// `a, b`
        parameters: &'a [Name],
        /// the right side
        value: &'a Expr,
    },
    /// `beta[4] ~ …`
    Unknown {
        /// `4`
        sizes: &'a [Expr],
        /// the right side
        dist: &'a Dist,
    },
    /// `net f(x) { … }`
    Net {
        /// `x`
        parameters: &'a [Name],
        /// the block, choices still inside
        body: &'a [Item],
    },
}

/// A name and what it stands for.
#[derive(Debug, Clone)]
pub struct Declaration<'a> {
    /// The name.
    pub name: &'a str,
    /// Where the name stands.
    pub span: Span,
    /// What it stands for.
    pub what: What<'a>,
}

/// `y ~ …` for a column or a definition.
#[derive(Debug, Clone)]
pub struct Likelihood<'a> {
    /// `y`
    pub name: &'a Name,
    /// sizes on the left, which a likelihood must not have
    pub sizes: &'a [Expr],
    /// the right side
    pub dist: &'a Dist,
}

/// N001 for `a = Normal(0, 1)`, which is meant as `a ~ Normal(0, 1)`.
fn drawn_by_equals(name: &Name, value: &Expr) -> Option<Diagnostic> {
    let ExprKind::Call { name: called, .. } = &value.kind else { return None };
    dist::find(&called.value)?;
    let between = Span { start: name.span.end, end: value.span.start };
    Some(
        Diagnostic::new("N001", format!("`{}` is a distribution, not a function", called.value))
            .at(called.span, "an expression is wanted after `=`")
            .at(name.span, "a name with a distribution is written with `~`")
            .help(format!("write `{} ~ {}`", name.value, error::written(value)))
            .fix(between, " ~ "),
    )
}

/// Everything at the top of a model, by name.
#[derive(Debug, Default)]
pub struct Names<'a> {
    /// In the order they stand, columns first.
    pub declarations: Vec<Declaration<'a>>,
    /// The `~` of columns and definitions.
    pub likelihoods: Vec<Likelihood<'a>>,
    /// `report name = …`
    pub reports: Vec<(&'a Name, &'a Expr)>,
    /// Fit blocks: their options.
    pub fits: Vec<(&'a [(Name, Expr)], Span)>,
    /// The data block.
    pub data: Option<&'a Data>,
    index: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    /// Sorts the active items of the top level by what they declare.
    pub fn collect(items: &[&'a Item], columns: &'a [Column], found: &mut Diagnostics) -> Names<'a> {
        let mut names = Names::default();
        names.data_and_columns(items, columns, found);
        for item in items {
            match item {
                Item::Const { name, value } => names.declare(name, What::Const(value), found),
                Item::Define { name, parameters, value } if parameters.is_empty() => {
                    if let Some(finding) = drawn_by_equals(name, value) {
                        found.push(finding);
                        // What uses it says nothing new.
                        if names.find(&name.value).is_none() {
                            names.add(&name.value, name.span, What::Column(None));
                        }
                        continue;
                    }
                    names.declare(name, What::Define(value), found);
                }
                Item::Define { name, parameters, value } => {
                    names.declare(name, What::Function { parameters, value }, found);
                }
                Item::Net { name, parameters, body, .. } => {
                    names.declare(name, What::Net { parameters, body }, found);
                }
                Item::Report { name, value } => {
                    if let Some((first, _)) = names.reports.iter().find(|(n, _)| n.value == name.value) {
                        found.push(error::defined_twice(name, first.span));
                    }
                    names.reports.push((name, value));
                }
                Item::Fit { options, span } => {
                    if let Some((_, first)) = names.fits.first() {
                        found.push(
                            Diagnostic::new("N011", "two `fit` blocks")
                                .at(*span, "the second one")
                                .at(*first, "the first one")
                                .help("write all options in one block"),
                        );
                    } else {
                        names.fits.push((options, *span));
                    }
                }
                Item::Data(_) | Item::Random { .. } | Item::Choose { .. } => {}
                Item::Each { kind, .. } => {
                    found.push(outside_net(&format!("each {}", kind.value), kind.span))
                }
                Item::Layer(layer) => {
                    let word = layer.kind.as_ref().or(layer.label.as_ref());
                    found.push(outside_net(word.map_or("a layer", |n| &n.value), layer.span));
                }
            }
        }
        // After all definitions, because `~` may stand before the definition that it observes.
        for item in items {
            if let Item::Random { name, sizes, dist } = item {
                names.random(name, sizes, dist, found);
            }
        }
        names
    }

    /// The declaration of a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// All names of the top level.
    pub fn all(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.declarations.iter().map(|d| d.name)
    }

    fn data_and_columns(&mut self, items: &[&'a Item], columns: &'a [Column], found: &mut Diagnostics) {
        for (i, column) in columns.iter().enumerate() {
            self.add(&column.name, column.span, What::Column(Some(i)));
        }
        for item in items {
            let Item::Data(data) = item else { continue };
            if let Some(first) = self.data {
                found.push(
                    Diagnostic::new("N011", "two `data` blocks")
                        .at(data.span, "the second one")
                        .at(first.span, "the first one")
                        .help("a model has one source of rows: join the files, or use two models"),
                );
                // What uses its columns says nothing new.
                for name in declared_columns(data) {
                    if self.find(&name.value).is_none() {
                        self.add(&name.value, name.span, What::Column(None));
                    }
                }
                continue;
            }
            self.data = Some(data);
            let mut seen: HashMap<&str, Span> = HashMap::new();
            for name in declared_columns(data) {
                check_word(name, false, found);
                if let Some(first) = seen.insert(&name.value, name.span) {
                    found.push(error::defined_twice(name, first));
                } else if self.find(&name.value).is_none() {
                    self.add(&name.value, name.span, What::Column(None));
                }
            }
        }
    }

    fn declare(&mut self, name: &'a Name, what: What<'a>, found: &mut Diagnostics) {
        let is_called = matches!(what, What::Function { .. } | What::Net { .. });
        check_word(name, is_called, found);
        match self.find(&name.value) {
            Some(first) => found.push(error::defined_twice(name, self.declarations[first].span)),
            None => self.add(&name.value, name.span, what),
        }
    }

    fn random(&mut self, name: &'a Name, sizes: &'a [Expr], dist: &'a Dist, found: &mut Diagnostics) {
        check_word(name, false, found);
        let observed = self.likelihoods.iter().find(|l| l.name.value == name.value);
        if let Some(first) = observed {
            found.push(error::second_tilde(name, first.name.span));
            return;
        }
        let Some(first) = self.find(&name.value) else {
            return self.add(&name.value, name.span, What::Unknown { sizes, dist });
        };
        match self.declarations[first].what {
            What::Column(_) | What::Define(_) => self.likelihoods.push(Likelihood { name, sizes, dist }),
            What::Unknown { .. } => found.push(error::second_tilde(name, self.declarations[first].span)),
            What::Const(_) | What::Function { .. } | What::Net { .. } => {
                found.push(error::defined_twice(name, self.declarations[first].span));
            }
        }
    }

    fn add(&mut self, name: &'a str, span: Span, what: What<'a>) {
        self.index.insert(name, self.declarations.len());
        self.declarations.push(Declaration { name, span, what });
    }
}

/// The names that a data block declares, in order.
pub fn declared_columns(data: &Data) -> impl Iterator<Item = &Name> {
    data.items.iter().flat_map(|item| match item {
        DataItem::Column { names, .. } => names.as_slice(),
        _ => &[],
    })
}

/// Columns that need no use: `from others`, and those that a line of the data block itself uses.
pub fn columns_used_by_data(data: &Data) -> HashSet<&str> {
    let mut used = HashSet::new();
    for item in &data.items {
        match item {
            DataItem::Column { names, from: Some(crate::syntax::ast::ColumnFrom::Others(_)), .. } => {
                used.extend(names.iter().map(|n| n.value.as_str()));
            }
            DataItem::Column { .. } => {}
            DataItem::SplitBy(name) | DataItem::Take { per: name, .. } => {
                used.insert(name.value.as_str());
            }
            DataItem::Where(expr) => {
                let mut mentions = vec![];
                super::order::mentions(expr, &mut mentions);
                used.extend(mentions.iter().map(|m| m.name));
            }
            DataItem::Split { .. } | DataItem::Test(_) | DataItem::Missing(_) => {}
        }
    }
    used
}

/// Built-in names cannot be redefined.
fn check_word(name: &Name, is_called: bool, found: &mut Diagnostics) {
    let word = name.value.as_str();
    let what = match word {
        "pi" | "inf" => "a constant of the language",
        _ if is_called && signatures::find(word).is_some() => "a built-in function",
        _ if is_called && dist::find(word).is_some() => "a distribution",
        _ => return,
    };
    found.push(
        Diagnostic::new("N002", format!("`{word}` is {what} and cannot be redefined"))
            .at(name.span, "this name is taken")
            .help(format!("choose another name; a column is renamed by `my_{word} : real from \"{word}\"`")),
    );
}

fn outside_net(word: &str, span: Span) -> Diagnostic {
    Diagnostic::new("S001", format!("`{word}` stands outside a net"))
        .at(span, "layers and `each` belong into the braces of a net")
        .help("write `net f(x) { … }` around it")
}
