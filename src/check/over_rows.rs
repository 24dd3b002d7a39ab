//! Functions of data only, computed from the training rows before fitting: `standardize`, `center`, `sd`, `lag`.
//!
//! ```text
//! standardize(t)   →  (t − mean of rows(t)) / sd of rows(t)
//! lag(log(y), 2)   →  log(the column `lag(y, 2)`)
//! ```

use super::signatures::OverRows;
use super::{Checker, error, order};
use crate::diagnostic::Diagnostic;
use crate::model::{Column, ColumnId, ExprId, Summary};
use crate::source::Span;
use crate::syntax::ast::{DataItem, Expr};

impl<'a> Checker<'a> {
    /// `standardize(x)`, `center(x)`, `sd(x)`
    pub(super) fn over_rows(
        &mut self,
        f: OverRows,
        name: &str,
        x: ExprId,
        arg: &Expr,
        span: Span,
    ) -> Option<ExprId> {
        self.is_only_data(name, x, arg)?;
        self.has_rows(name, x, arg)?;
        match f {
            OverRows::Standardize => Some(self.arena.standardized(x, true, span)),
            OverRows::Center => Some(self.arena.standardized(x, false, span)),
            OverRows::Sd => Some(self.arena.statistic(Summary::Sd, x, span).0),
            OverRows::Lag => None,
        }
    }

    /// `lag(x, k)`
    pub(super) fn lag(
        &mut self,
        (x, arg): (ExprId, &'a Expr),
        (k, by): (ExprId, &'a Expr),
        span: Span,
    ) -> Option<ExprId> {
        self.is_only_data("lag", x, arg)?;
        self.has_rows("lag", x, arg)?;
        /// Rows beyond which a lag is taken for a mistake.
        const LONGEST: f64 = 1e9;
        let rows = self.arena.constant(k).filter(|k| *k >= 1.0 && *k == k.floor() && *k <= LONGEST);
        let Some(rows) = rows else {
            let found = self.described(k);
            self.found.push(
                Diagnostic::new("T011", "`lag` goes back by a whole number of rows, 1 or more")
                    .at(by.span, format!("this is {found}"))
                    .help(format!("write `lag({}, 1)` for the row before", error::written(arg))),
            );
            return None;
        };
        self.split_keeps_order(span)?;
        let columns = &mut self.columns;
        let lagged = self.arena.with_columns(x, |arena, c| {
            let position = lagged_column(columns, c, rows as usize, span);
            arena.column(position, &columns[position])
        });
        Some(lagged)
    }

    /// D014: rows that validate must not lie between rows that train.
    fn split_keeps_order(&mut self, span: Span) -> Option<()> {
        let items = self.names.data.map_or(&[] as &[DataItem], |d| &d.items);
        let random = items.iter().find_map(|item| match item {
            DataItem::Split { name, last: false, .. } => Some(name.span),
            _ => None,
        });
        let Some(split) = random else { return Some(()) };
        self.found.push(
            Diagnostic::new("D014", "`lag` with a random split leaks the future")
                .at(span, "reads the row before")
                .at(split, "these rows lie between the others")
                .help("write `split valid = last …`, or split by a column"),
        );
        None
    }

    /// D010: a function of rows takes data only.
    pub(super) fn is_only_data(&mut self, function: &str, x: ExprId, arg: &Expr) -> Option<()> {
        if self.arena.is_data(x) {
            return Some(());
        }
        let finding = Diagnostic::new("D010", format!("`{function}` of an unknown; it takes data only"))
            .at(arg.span, "this depends on an unknown");
        let finding = match self.first_unknown(x) {
            Some((span, name)) if span != arg.span => finding.at(span, format!("`{name}` is unknown")),
            _ => finding,
        };
        self.found.push(match function {
            "lag" => finding.note(order::NO_RECURSION).help(order::INSTEAD_OF_RECURSION),
            _ => finding
                .note("functions of the rows are computed once, from the data, before anything is fitted")
                .help(format!("write `{function}(…)` around columns only, and multiply outside of it")),
        });
        None
    }

    fn has_rows(&mut self, function: &str, x: ExprId, arg: &Expr) -> Option<()> {
        if self.arena.is_row(x) {
            return Some(());
        }
        self.found.push(
            Diagnostic::new("T002", format!("`{function}` takes a column, or a value made of columns"))
                .at(arg.span, "this is the same in every row"),
        );
        None
    }
}

/// The position of the column that holds the values of another some rows earlier.
fn lagged_column(columns: &mut Vec<Column>, of: ColumnId, by: usize, span: Span) -> usize {
    let (of, by) = match columns[of.0 as usize].lag {
        Some((first, earlier)) => (first, earlier + by),
        None => (of, by),
    };
    if let Some(known) = columns.iter().position(|c| c.lag == Some((of, by))) {
        return known;
    }
    let source = columns[of.0 as usize].clone();
    columns.push(Column { name: format!("lag({}, {by})", source.name), lag: Some((of, by)), span, ..source });
    columns.len() - 1
}
