//! Which tokens touch, and which are places that may stand under each other.

use super::StopKind;
use crate::source::Span;
use crate::syntax::ast::{
    Alternative, Arg, Ast, DataItem, Dist, Expr, ExprKind, Item, Source, Suffix, TypeName, Word,
};
use crate::syntax::tokens::{Kind, Token};
use std::collections::HashSet;

/// What the tree knows of tokens that look alike.
#[derive(Debug, Default)]
pub struct Places {
    /// Names that an opening bracket belongs to: of calls, distributions, functions, nets, sources, types.
    called: HashSet<u32>,
    /// Signs, not differences.
    signs: HashSet<u32>,
    /// Names before the `:` of a label.
    labels: HashSet<u32>,
    /// Data blocks.
    data: Vec<Span>,
    /// The left sides of `~` and `=`.
    declared: HashSet<u32>,
}

impl Places {
    /// Walks the tree once.
    pub fn of(tree: &Ast) -> Places {
        let mut places = Places::default();
        places.items(&tree.items);
        places
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Data(data) => {
                    self.data.push(data.span);
                    self.source(&data.source);
                    data.items.iter().for_each(|i| self.data_item(i));
                }
                Item::Const { value, .. } | Item::Report { value, .. } => self.expr(value),
                Item::Define { name, parameters, value } => {
                    self.declared.insert(name.span.start);
                    if !parameters.is_empty() {
                        self.called.insert(name.span.start);
                    }
                    self.expr(value);
                }
                Item::Random { name, sizes, dist } => {
                    self.declared.insert(name.span.start);
                    sizes.iter().for_each(|s| self.expr(s));
                    self.dist(dist);
                }
                Item::Net { name, body, .. } => {
                    self.called.insert(name.span.start);
                    self.items(body);
                }
                Item::Choose { alternatives, .. } => {
                    for Alternative { label, items } in alternatives {
                        self.labels.insert(label.span.start);
                        self.items(items);
                    }
                }
                Item::Fit { options, .. } => options.iter().for_each(|(name, value)| {
                    self.declared.insert(name.span.start);
                    self.expr(value);
                }),
                Item::Each { body, .. } => self.items(body),
                Item::Layer(layer) => {
                    self.labels.extend(layer.label.iter().map(|l| l.span.start));
                    for word in &layer.words {
                        if let Word::Expr(expr) = &word.value {
                            self.expr(expr);
                        }
                    }
                    self.items(layer.body.as_deref().unwrap_or_default());
                }
            }
        }
    }

    fn source(&mut self, source: &Source) {
        if let Source::Call { name, args, .. } = source {
            self.called.insert(name.span.start);
            self.args(args);
        }
    }

    fn data_item(&mut self, item: &DataItem) {
        match item {
            DataItem::Column { ty: TypeName { name, args, sizes, .. }, .. } => {
                if !args.is_empty() {
                    self.called.insert(name.span.start);
                }
                self.args(args);
                sizes.iter().for_each(|s| self.expr(s));
            }
            DataItem::Split { amount, .. } => self.expr(amount),
            DataItem::Test(source) => self.source(source),
            DataItem::Where(condition) => self.expr(condition),
            DataItem::Take { count, .. } => self.expr(count),
            DataItem::SplitBy(_) | DataItem::Missing(_) => {}
        }
    }

    fn dist(&mut self, dist: &Dist) {
        self.called.insert(dist.name.span.start);
        self.args(&dist.args);
        dist.suffixes.iter().for_each(|s| self.suffix(&s.value));
    }

    fn suffix(&mut self, suffix: &Suffix) {
        match suffix {
            Suffix::On(a, b) | Suffix::CensoredBetween(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            Suffix::Ordered | Suffix::WeightedBy(_) | Suffix::CensoredBy(_) => {}
        }
    }

    fn args(&mut self, args: &[Arg]) {
        for arg in args {
            self.expr(&arg.value);
            arg.suffixes.iter().for_each(|s| self.suffix(&s.value));
        }
    }

    /// A walk with its own stack: a chain of operators may be as long as the file.
    fn expr(&mut self, expr: &Expr) {
        let mut pending = vec![expr];
        while let Some(expr) = pending.pop() {
            match &expr.kind {
                ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Name(_) => {}
                ExprKind::Call { name, args } => {
                    self.called.insert(name.span.start);
                    pending.extend(args.iter().map(|a| &a.value));
                    args.iter().flat_map(|a| &a.suffixes).for_each(|s| self.suffix(&s.value));
                }
                ExprKind::Join(parts) => pending.extend(parts),
                ExprKind::Index { base, indices } => {
                    pending.push(base);
                    pending.extend(indices);
                }
                ExprKind::Field { base, .. } => pending.push(base),
                ExprKind::Negate(inner) => {
                    self.signs.insert(expr.span.start);
                    pending.push(inner);
                }
                ExprKind::Binary { left, right, .. } => pending.extend([&**left, &**right]),
            }
        }
    }

    fn in_data(&self, at: u32) -> bool {
        self.data.iter().any(|s| s.start <= at && at < s.end)
    }
}

fn words<'t>(text: &'t str, token: &Token) -> &'t str {
    &text[token.span.start as usize..token.span.end as usize]
}

/// Whether a blank stands between two tokens; `further` is the one before them.
pub fn is_apart(text: &str, further: Option<&Token>, before: &Token, token: &Token, places: &Places) -> bool {
    let (a, b) = (words(text, before), words(text, token));
    let touches = before.span.end == token.span.start;
    // `2.5e-3` is three tokens and a sign; `2.5` and `f.1.w` hold a dot.
    let is_exponent = |t: &Token| t.kind == Kind::Digits && words(text, t).ends_with(['e', 'E']);
    if touches
        && (matches!(b, "+" | "-") && is_exponent(before)
            || further.is_some_and(is_exponent) && matches!(a, "+" | "-"))
    {
        return false;
    }
    // A blank beside the dot of a number makes it something else, which is wrong, but is not to be changed here.
    let is_of_number = b == "." && before.kind == Kind::Digits
        || a == "." && further.is_some_and(|t| t.kind == Kind::Digits) && token.kind == Kind::Digits;
    if is_of_number {
        return !touches;
    }
    match (a, b) {
        (_, "," | ";" | ")" | "]") | ("(" | "[", _) | (".", _) | (_, ".") | ("^", _) | (_, "^") => false,
        ("{" | "}", _) | (_, "{" | "}") => true,
        (_, ":") => places.in_data(token.span.start) && !places.labels.contains(&before.span.start),
        ("-", _) => !places.signs.contains(&before.span.start),
        (_, "(") => before.kind != Kind::Word || !places.called.contains(&before.span.start),
        (_, "[") => match before.kind {
            Kind::Word => a == "from" && places.in_data(before.span.start),
            Kind::Close => false,
            _ => true,
        },
        _ => true,
    }
}

/// What a token is for the columns of its line; `depth` counts the brackets that the line has opened before it.
pub fn stop(text: &str, code: &[Token], i: usize, depth: i32, places: &Places) -> Option<StopKind> {
    let token = &code[i];
    let is_labelled =
        || places.labels.contains(&code[0].span.start) && code.get(1).is_some_and(|t| words(text, t) == ":");
    let is_whole = || {
        let of = |t: &Token| i32::from(t.kind == Kind::Open) - i32::from(t.kind == Kind::Close);
        code.iter().map(of).sum::<i32>() == 0
    };
    match words(text, token) {
        ":" if depth == 0 && places.in_data(token.span.start) => Some(StopKind::Colon),
        "~" | "=" if i > 0 && depth == 0 && places.declared.contains(&code[0].span.start) => {
            let is_first = !code[..i].iter().any(|t| matches!(words(text, t), "~" | "="));
            let is_single = !code.iter().any(|t| t.kind == Kind::Semicolon);
            (is_first && is_single).then_some(StopKind::Operator)
        }
        _ if i == 2 && is_labelled() && is_whole() => Some(StopKind::AfterLabel),
        _ if i > 2 && code[i - 1].kind == Kind::Semicolon && is_labelled() && is_whole() => {
            Some(StopKind::AfterSemicolon)
        }
        _ => None,
    }
}
