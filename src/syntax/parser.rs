//! Pest's pairs to the tree: one function per rule, in the order of the grammar.
//!
//! Where the grammar is wider than the language, so that a common mistake can be answered by name, the function here
//! refuses it: left sides of `~` and `=`, right sides of `~`, suffixes, two layers on one line.
//! A refused declaration is left out and reported; the others are still read.

mod data;
mod expr;
mod net;
mod statement;

pub use net::LAYER_WORDS;

use super::ast::{Alternative, Ast, Item, Name};
use super::brackets::MOST_FINDINGS;
use super::grammar::Rule;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{SourceFile, Span, Spanned};
use pest::iterators::{Pair, Pairs};

/// A piece of the parsed text.
type Piece<'i> = Pair<'i, Rule>;

/// Makes the tree, and says what of it the language does not allow.
pub fn tree(pairs: Pairs<Rule>, source: &SourceFile) -> (Ast, Diagnostics) {
    let mut builder = Builder { source, errors: Diagnostics::default(), blocks: vec![], is_too_deep: false };
    let mut items = Vec::new();
    for model in pairs {
        items.extend(model.into_inner().filter_map(|piece| builder.item(piece)));
    }
    (Ast { items, comments: vec![] }, builder.errors)
}

/// Collects what is refused while the tree is made.
struct Builder<'s> {
    source: &'s SourceFile,
    errors: Diagnostics,
    /// The layers whose braces surround the current place, innermost last.
    blocks: Vec<String>,
    /// Whether an expression was too deep.
    is_too_deep: bool,
}

impl Builder<'_> {
    fn refuse(&mut self, finding: Diagnostic) {
        if self.errors.0.len() < MOST_FINDINGS {
            self.errors.push(finding);
        }
    }

    /// Anything that may stand in a block; `None` for punctuation and for what was refused.
    fn item(&mut self, piece: Piece) -> Option<Item> {
        match piece.as_rule() {
            Rule::declaration | Rule::net_item | Rule::each_item => {
                piece.into_inner().next().and_then(|inner| self.item(inner))
            }
            Rule::data => Some(self.data(piece)),
            Rule::constant => {
                let (name, value) = self.named_value(piece);
                Some(Item::Const { name, value })
            }
            Rule::report => {
                let (name, value) = self.named_value(piece);
                Some(Item::Report { name, value })
            }
            Rule::fit => Some(self.fit(piece)),
            Rule::choose | Rule::net_choose | Rule::each_choose => Some(self.choose(piece)),
            Rule::net => Some(self.net(piece)),
            Rule::each => Some(self.each(piece)),
            Rule::layer_line => self.layer_line(piece),
            Rule::statement => self.statement(piece),
            _ => None,
        }
    }

    /// The items of a block in braces.
    fn block(&mut self, piece: Piece) -> Vec<Item> {
        piece.into_inner().filter_map(|inner| self.item(inner)).collect()
    }

    /// `… name = expression`
    fn named_value(&mut self, piece: Piece) -> (Name, super::ast::Expr) {
        let mut parts = parts(piece);
        let name = name(next(&mut parts));
        let value = self.expr(next(&mut parts));
        (name, value)
    }

    /// `fit { seed = 1 }`
    fn fit(&mut self, piece: Piece) -> Item {
        let span = span(&piece);
        let options =
            piece.into_inner().filter(|p| p.as_rule() == Rule::fit_block).flat_map(Piece::into_inner);
        let options = options.filter(|p| p.as_rule() == Rule::option).map(|p| self.named_value(p)).collect();
        Item::Fit { options, span }
    }

    /// `choose prior { wide: { … } }`
    fn choose(&mut self, piece: Piece) -> Item {
        let mut parts = parts(piece);
        let name = name(next(&mut parts));
        let alternatives = next(&mut parts).into_inner().filter(|p| {
            matches!(p.as_rule(), Rule::alternative | Rule::net_alternative | Rule::each_alternative)
        });
        let alternatives = alternatives.map(|p| self.alternative(p)).collect();
        Item::Choose { name, alternatives }
    }

    /// `wide: { … }`
    fn alternative(&mut self, piece: Piece) -> Alternative {
        let mut parts = parts(piece);
        let label = name(next(&mut parts));
        Alternative { label, items: self.block(next(&mut parts)) }
    }
}

/// The pieces of a rule that carry meaning: words that head it and punctuation left out.
fn parts(piece: Piece<'_>) -> impl Iterator<Item = Piece<'_>> {
    piece.into_inner().filter(|p| !is_punctuation(p.as_rule()))
}

/// Whether a rule only marks a place.
fn is_punctuation(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::EOI
            | Rule::separator
            | Rule::tilde
            | Rule::assign
            | Rule::comma
            | Rule::colon
            | Rule::dot
            | Rule::open_round
            | Rule::close_round
            | Rule::open_square
            | Rule::close_square
            | Rule::open_curly
            | Rule::close_curly
            | Rule::caret
            | Rule::minus
            | Rule::kw_data
            | Rule::kw_const
            | Rule::kw_report
            | Rule::kw_fit
            | Rule::kw_choose
            | Rule::kw_net
            | Rule::kw_each
            | Rule::kw_from
            | Rule::kw_split
            | Rule::kw_by
            | Rule::kw_last
            | Rule::kw_test
            | Rule::kw_missing
            | Rule::kw_where
            | Rule::kw_take
            | Rule::kw_per
            | Rule::kw_on
            | Rule::kw_ordered
            | Rule::kw_weighted
            | Rule::kw_censored
    )
}

/// The next piece, where the grammar leaves no choice.
fn next<'i>(parts: &mut impl Iterator<Item = Piece<'i>>) -> Piece<'i> {
    parts.next().expect("the grammar has a piece here")
}

/// The one piece inside another.
fn only(piece: Piece<'_>) -> Piece<'_> {
    next(&mut parts(piece))
}

fn span(piece: &Piece) -> Span {
    Span::new(piece.as_span().start(), piece.as_span().end())
}

/// A name with its place.
fn name(piece: Piece) -> Name {
    Spanned { span: span(&piece), value: piece.as_str().to_owned() }
}
