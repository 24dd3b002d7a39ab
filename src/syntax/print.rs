//! [`Ast`] to canonical source text: `--emit ast`.
//!
//! ```text
//! beta[ 4 ]~Normal( 0,(1) )   →   beta[4] ~ Normal(0, 1)
//! ```
//!
//! Reading the text again gives the same tree, spans aside: brackets stand exactly where the tree needs them, and
//! numbers print with the fewest digits that give the same number. Comments are not part of the tree's text.

use super::ast::*;
use std::fmt::{self, Display, Formatter};

/// The canonical text of a model.
pub fn print(ast: &Ast) -> String {
    let mut text = Text::default();
    text.items(&ast.items);
    text.out
}

/// Lines with their indentation.
#[derive(Default)]
struct Text {
    out: String,
    depth: usize,
}

impl Text {
    fn line(&mut self, words: impl Display) {
        self.out.push_str(&format!("{:indent$}{words}\n", "", indent = 2 * self.depth));
    }

    /// `head {` … `}`, or `head { }`
    fn block<T>(&mut self, head: impl Display, inside: &[T], mut print: impl FnMut(&mut Text, &T)) {
        if inside.is_empty() {
            return self.line(format_args!("{head} {{ }}"));
        }
        self.line(format_args!("{head} {{"));
        self.depth += 1;
        inside.iter().for_each(|item| print(self, item));
        self.depth -= 1;
        self.line("}");
    }

    /// At the top, an empty line parts blocks from their neighbours.
    fn items(&mut self, items: &[Item]) {
        for (i, item) in items.iter().enumerate() {
            if self.depth == 0 && i > 0 && (is_block(item) || is_block(&items[i - 1])) {
                self.out.push('\n');
            }
            self.item(item);
        }
    }

    fn body(&mut self, head: impl Display, items: &[Item]) {
        self.block(head, items, Text::item);
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Data(data) if data.items.is_empty() => self.line(format_args!("data {}", data.source)),
            Item::Data(data) => {
                self.block(format_args!("data {}", data.source), &data.items, |text, item| text.line(item));
            }
            Item::Const { name, value } => self.line(format_args!("const {} = {value}", name.value)),
            Item::Define { name, parameters, value } if parameters.is_empty() => {
                self.line(format_args!("{} = {value}", name.value));
            }
            Item::Define { name, parameters, value } => {
                self.line(format_args!("{}({}) = {value}", name.value, names(parameters)));
            }
            Item::Random { name, sizes, dist } => {
                self.line(format_args!("{}{} ~ {dist}", name.value, Sizes(sizes)))
            }
            Item::Net { name, parameters, body, .. } => {
                self.body(format_args!("net {}({})", name.value, names(parameters)), body);
            }
            Item::Choose { name, alternatives } => {
                self.block(format_args!("choose {}", name.value), alternatives, |text, alternative| {
                    text.body(format_args!("{}:", alternative.label.value), &alternative.items);
                });
            }
            Item::Report { name, value } => self.line(format_args!("report {} = {value}", name.value)),
            Item::Fit { options, .. } => self.block("fit", options, |text, (name, value)| {
                text.line(format_args!("{} = {value}", name.value));
            }),
            Item::Each { kind, body, .. } => self.body(format_args!("each {}", kind.value), body),
            Item::Layer(layer) => match &layer.body {
                Some(body) => self.body(LayerHead(layer), body),
                None => self.line(LayerHead(layer)),
            },
        }
    }
}

fn is_block(item: &Item) -> bool {
    matches!(item, Item::Data(_) | Item::Net { .. } | Item::Choose { .. } | Item::Fit { .. })
}

fn names(names: &[Name]) -> String {
    names.iter().map(|n| n.value.as_str()).collect::<Vec<_>>().join(", ")
}

fn list<T: Display>(members: &[T]) -> String {
    members.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// `[4, school]`, or nothing
struct Sizes<'a>(&'a [Expr]);

impl Display for Sizes<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "[{}]", list(self.0)) }
    }
}

/// `out: dense 10 softmax`
struct LayerHead<'a>(&'a Layer);

impl Display for LayerHead<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let Layer { label, kind, words, .. } = self.0;
        let label = label.iter().map(|l| format!("{}:", l.value));
        let kind = kind.iter().map(|k| k.value.clone());
        let words = words.iter().map(|w| w.value.to_string());
        f.write_str(&label.chain(kind).chain(words).collect::<Vec<_>>().join(" "))
    }
}

impl Display for Word {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            Word::Kernel(rows, columns) => write!(f, "{rows}x{columns}"),
            Word::Number(number) => f.write_str(&number_text(*number)),
            Word::Expr(expr) => write!(f, "({expr})"),
            Word::Name(name) => f.write_str(name),
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            Source::Path(path) => write!(f, "\"{}\"", path.value),
            Source::Call { name, args, .. } => write!(f, "{}({})", name.value, list(args)),
        }
    }
}

impl Display for DataItem {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            DataItem::Column { names: columns, ty, from } => {
                write!(f, "{} : {ty}", names(columns))?;
                from.iter().try_for_each(|from| write!(f, " from {from}"))
            }
            DataItem::SplitBy(column) => write!(f, "split by {}", column.value),
            DataItem::Split { name, last, amount } => {
                write!(f, "split {} = {}", name.value, if *last { "last " } else { "" })?;
                ranked(f, amount, Rank::Sum)
            }
            DataItem::Test(source) => write!(f, "test {source}"),
            DataItem::Missing(what) => write!(f, "missing = {}", what.value),
            DataItem::Where(condition) => write!(f, "where {condition}"),
            DataItem::Take { count, per } => {
                f.write_str("take ")?;
                ranked(f, count, Rank::Sum)?;
                write!(f, " per {}", per.value)
            }
        }
    }
}

impl Display for ColumnFrom {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            ColumnFrom::Names(names) => match names.as_slice() {
                [one] => write!(f, "\"{}\"", one.value),
                _ => {
                    let quoted: Vec<String> = names.iter().map(|n| format!("\"{}\"", n.value)).collect();
                    write!(f, "[{}]", quoted.join(", "))
                }
            },
            ColumnFrom::Others(_) => f.write_str("others"),
        }
    }
}

impl Display for TypeName {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(&self.name.value)?;
        if !self.args.is_empty() {
            write!(f, "({})", list(&self.args))?;
        }
        write!(f, "{}", Sizes(&self.sizes))
    }
}

impl Display for Dist {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        f.write_str(&self.name.value)?;
        if !self.args.is_empty() {
            write!(f, "({})", list(&self.args))?;
        }
        self.suffixes.iter().try_for_each(|s| write!(f, " {}", s.value))
    }
}

impl Display for Suffix {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            Suffix::On(low, high) => write!(f, "on ({low}, {high})"),
            Suffix::Ordered => f.write_str("ordered"),
            Suffix::WeightedBy(name) => write!(f, "weighted by {}", name.value),
            Suffix::CensoredBy(name) => write!(f, "censored by {}", name.value),
            Suffix::CensoredBetween(low, high) => write!(f, "censored by ({low}, {high})"),
        }
    }
}

impl Display for Arg {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{} = ", name.value)?;
        }
        write!(f, "{}", self.value)?;
        self.suffixes.iter().try_for_each(|s| write!(f, " {}", s.value))
    }
}

/// How tightly an expression holds together; looser ones stand in brackets inside tighter places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Comparison,
    Sum,
    Term,
    Unary,
    Power,
    Postfix,
}

impl Expr {
    fn rank(&self) -> Rank {
        match &self.kind {
            ExprKind::Number(_)
            | ExprKind::Text(_)
            | ExprKind::Name(_)
            | ExprKind::Call { .. }
            | ExprKind::Join(_)
            | ExprKind::Index { .. }
            | ExprKind::Field { .. } => Rank::Postfix,
            ExprKind::Negate(_) => Rank::Unary,
            ExprKind::Binary { op, .. } => op.rank(),
        }
    }
}

impl BinaryOp {
    fn rank(self) -> Rank {
        match self {
            BinaryOp::Add | BinaryOp::Sub => Rank::Sum,
            BinaryOp::Mul | BinaryOp::Div => Rank::Term,
            BinaryOp::Pow => Rank::Power,
            BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
                Rank::Comparison
            }
        }
    }

    /// The loosest ranks that may stand left and right without brackets.
    fn sides(self) -> (Rank, Rank) {
        match self.rank() {
            Rank::Comparison => (Rank::Sum, Rank::Sum),
            Rank::Sum => (Rank::Sum, Rank::Term),
            Rank::Term => (Rank::Term, Rank::Unary),
            Rank::Unary | Rank::Power | Rank::Postfix => (Rank::Postfix, Rank::Unary),
        }
    }
}

/// Prints an expression where at least `rank` is needed.
fn ranked(f: &mut Formatter, expr: &Expr, rank: Rank) -> fmt::Result {
    if expr.rank() < rank { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

/// What carries an index or a field; a number would run into the dot.
fn base_of_postfix(f: &mut Formatter, base: &Expr) -> fmt::Result {
    if matches!(base.kind, ExprKind::Number(_)) {
        write!(f, "({base})")
    } else {
        ranked(f, base, Rank::Postfix)
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(number) => f.write_str(&number_text(*number)),
            ExprKind::Text(text) => write!(f, "\"{text}\""),
            ExprKind::Name(name) => f.write_str(name),
            ExprKind::Call { name, args } => write!(f, "{}({})", name.value, list(args)),
            ExprKind::Join(members) => write!(f, "[{}]", list(members)),
            ExprKind::Index { base, indices } => {
                base_of_postfix(f, base)?;
                write!(f, "[{}]", list(indices))
            }
            ExprKind::Field { base, field } => {
                base_of_postfix(f, base)?;
                write!(f, ".{}", field.value)
            }
            ExprKind::Negate(inner) => {
                f.write_str("-")?;
                ranked(f, inner, Rank::Unary)
            }
            ExprKind::Binary { op, left, right } => {
                let (left_rank, right_rank) = op.sides();
                ranked(f, left, left_rank)?;
                if *op == BinaryOp::Pow {
                    f.write_str("^")?
                } else {
                    write!(f, " {} ", op.symbol())?
                }
                ranked(f, right, right_rank)
            }
        }
    }
}

/// The shortest text that reads as the same number; exponents for the very small and the very large.
pub fn number_text(number: f64) -> String {
    if number != 0.0 && !(1e-5..1e16).contains(&number.abs()) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}
