//! The data block: `data "moons.csv" { x1, x2 : real; split valid = 0.3 }`.

use super::{Builder, Piece, name, next, only, parts, span};
use crate::source::Spanned;
use crate::syntax::ast::{ColumnFrom, Data, DataItem, Item, Source, TypeName};
use crate::syntax::grammar::Rule;

impl Builder<'_> {
    /// `data SOURCE { … }`
    pub(super) fn data(&mut self, piece: Piece) -> Item {
        let span = span(&piece);
        let mut parts = parts(piece);
        let source = self.source_of_rows(next(&mut parts));
        let lines =
            parts.next().into_iter().flat_map(Piece::into_inner).filter(|p| p.as_rule() == Rule::data_item);
        let items = lines.map(|p| self.data_item(only(p))).collect();
        Item::Data(Data { source, items, span })
    }

    /// `"moons.csv"` or `moons(1000)`
    fn source_of_rows(&mut self, piece: Piece) -> Source {
        let inner = only(piece);
        if inner.as_rule() == Rule::string {
            return Source::Path(self.text(inner));
        }
        let span = span(&inner);
        let mut parts = parts(inner);
        let name = name(next(&mut parts));
        let args = parts.next().map(|p| self.args(p)).unwrap_or_default();
        Source::Call { name, args, span }
    }

    fn data_item(&mut self, piece: Piece) -> DataItem {
        let rule = piece.as_rule();
        let mut parts = parts(piece);
        let first = next(&mut parts);
        match rule {
            Rule::split => self.split(first),
            Rule::test => DataItem::Test(self.source_of_rows(first)),
            Rule::missing => DataItem::Missing(name(first)),
            Rule::where_rows => DataItem::Where(self.expr(first)),
            Rule::take => DataItem::Take { count: self.expr(first), per: name(next(&mut parts)) },
            _ => {
                let mut names = vec![name(first)];
                let mut rest = next(&mut parts);
                while rest.as_rule() == Rule::name {
                    names.push(name(rest));
                    rest = next(&mut parts);
                }
                let ty = self.type_name(rest);
                DataItem::Column { names, ty, from: parts.next().map(|p| self.column_from(p)) }
            }
        }
    }

    /// `by column`, `valid = 0.3`, `valid = last 300`
    fn split(&mut self, piece: Piece) -> DataItem {
        if piece.as_rule() == Rule::split_by {
            return DataItem::SplitBy(name(only(piece)));
        }
        let mut parts = parts(piece);
        let name = name(next(&mut parts));
        let amount = next(&mut parts);
        let last = amount.as_rule() == Rule::split_last;
        let amount = self.expr(if last { only(amount) } else { amount });
        DataItem::Split { name, last, amount }
    }

    /// `class(10)`, `real[5]`
    fn type_name(&mut self, piece: Piece) -> TypeName {
        let span = span(&piece);
        let mut parts = parts(piece);
        let mut ty = TypeName { name: name(next(&mut parts)), args: vec![], sizes: vec![], span };
        match parts.next() {
            Some(p) if p.as_rule() == Rule::index => ty.sizes = self.exprs(p),
            Some(p) => ty.args = self.args(only(p)),
            None => {}
        }
        ty
    }

    /// `"medv"`, `["crim", "zn"]`, `others`
    fn column_from(&mut self, piece: Piece) -> ColumnFrom {
        let inner = only(piece);
        match inner.as_rule() {
            Rule::kw_others => ColumnFrom::Others(span(&inner)),
            Rule::string => ColumnFrom::Names(vec![self.text(inner)]),
            _ => ColumnFrom::Names(parts(inner).map(|p| self.text(p)).collect()),
        }
    }

    /// A text without its quotes, taken from the source; the span counts the quotes.
    pub(super) fn text(&self, piece: Piece) -> Spanned<String> {
        let span = span(&piece);
        Spanned { value: self.source.slice(span).trim_matches('"').to_owned(), span }
    }
}
