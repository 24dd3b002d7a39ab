//! In which order declarations are checked: each after those that it mentions; circles are N003.
//!
//! The walk uses its own stack, so a chain of a hundred thousand definitions is no problem.

use super::names::{Names, What};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{Arg, Dist, Expr, ExprKind, Item, Suffix, Word};
use std::collections::{HashMap, HashSet};

/// A name in an expression.
#[derive(Debug, Clone, Copy)]
pub struct Mention<'a> {
    /// the name
    pub name: &'a str,
    /// where
    pub span: Span,
    /// how it is used
    pub how: How,
}

/// How a name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// `x`
    Value,
    /// `f(…)`
    Call,
    /// `f.…`
    Field,
}

/// A piece of work: positions in the lists of [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// a declaration
    Declare(usize),
    /// a likelihood
    Observe(usize),
    /// a report
    Report(usize),
}

/// Everything in an order in which what is mentioned comes first, and the circles.
///
/// Declarations in a circle are not in the order.
pub fn order(names: &Names) -> (Vec<Step>, Vec<Diagnostic>) {
    let (first_observed, first_report) =
        (names.declarations.len(), names.declarations.len() + names.likelihoods.len());
    let step = |node: usize| {
        if node < first_observed {
            Step::Declare(node)
        } else if node < first_report {
            Step::Observe(node - first_observed)
        } else {
            Step::Report(node - first_report)
        }
    };
    let (edges, parts) = edges(names);
    let mut walk = Walk { state: vec![State::New; edges.len()], order: vec![], circles: vec![] };
    for node in 0..edges.len() {
        walk.visit(node, &edges);
    }
    let circles = walk.circles.iter().map(|c| circle(c, names, &parts)).collect();
    let in_circle: HashSet<usize> = walk.circles.iter().flatten().copied().collect();
    (walk.order.into_iter().filter(|n| !in_circle.contains(n)).map(step).collect(), circles)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

struct Walk {
    state: Vec<State>,
    order: Vec<usize>,
    circles: Vec<Vec<usize>>,
}

impl Walk {
    /// Depth first from one node, with a stack of (node, next edge).
    fn visit(&mut self, start: usize, edges: &[Vec<usize>]) {
        if self.state[start] != State::New {
            return;
        }
        let mut stack = vec![(start, 0)];
        self.state[start] = State::Open;
        while let Some((node, next)) = stack.last_mut() {
            let (node, edge) = (*node, edges[*node].get(*next).copied());
            *next += 1;
            match edge {
                None => {
                    self.state[node] = State::Done;
                    self.order.push(node);
                    stack.pop();
                }
                Some(to) => match self.state[to] {
                    State::Done => {}
                    State::New => {
                        self.state[to] = State::Open;
                        stack.push((to, 0));
                    }
                    State::Open => {
                        let from = stack.iter().position(|(n, _)| *n == to).unwrap_or(0);
                        self.circles.push(stack[from..].iter().map(|(n, _)| *n).collect());
                    }
                },
            }
        }
    }
}

/// Where a node mentions a part of a net, `f.1.w`, which another node calls.
type Parts<'a> = HashMap<(usize, usize), Mention<'a>>;

/// For every node the nodes that it needs first, and which of these it needs only because they call a net.
fn edges<'a>(names: &Names<'a>) -> (Vec<Vec<usize>>, Parts<'a>) {
    let mut mentioned: Vec<Vec<Mention>> = vec![];
    for declaration in &names.declarations {
        let mut found = vec![];
        match &declaration.what {
            What::Column(_) => {}
            What::Const(value) | What::Define(value) => mentions(value, &mut found),
            What::Function { parameters, value } => {
                mentions(value, &mut found);
                found.retain(|m| m.how == How::Call || parameters.iter().all(|p| p.value != m.name));
            }
            What::Unknown { sizes, dist } => {
                sizes.iter().for_each(|s| mentions(s, &mut found));
                in_dist(dist, &mut found);
            }
            What::Net { parameters, body } => {
                in_items(body, &mut found);
                found.retain(|m| m.how == How::Call || parameters.iter().all(|p| p.value != m.name));
            }
        }
        mentioned.push(found);
    }
    for likelihood in &names.likelihoods {
        let mut found = vec![];
        found.push(Mention { name: &likelihood.name.value, span: likelihood.name.span, how: How::Value });
        in_dist(likelihood.dist, &mut found);
        mentioned.push(found);
    }
    for (_, value) in &names.reports {
        let mut found = vec![];
        mentions(value, &mut found);
        mentioned.push(found);
    }
    // `f.1.w` has a shape once `f` has been called: its users come after all callers.
    let mut callers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (node, found) in mentioned.iter().enumerate() {
        for mention in found.iter().filter(|m| m.how == How::Call) {
            callers.entry(mention.name).or_default().push(node);
        }
    }
    let (mut edges, mut parts) = (vec![], Parts::new());
    for (node, found) in mentioned.iter().enumerate() {
        let mut needs: Vec<usize> = found.iter().filter_map(|m| names.find(m.name)).collect();
        for mention in found.iter().filter(|m| m.how == How::Field) {
            let calls = callers.get(mention.name).into_iter().flatten();
            for call in calls.copied().filter(|c| *c != node) {
                needs.push(call);
                parts.entry((node, call)).or_insert(*mention);
            }
        }
        let mut seen = HashSet::new();
        needs.retain(|n| seen.insert(*n));
        edges.push(needs);
    }
    (edges, parts)
}

/// All names that anything in a model mentions, in every alternative.
pub fn all_mentions(items: &[Item]) -> HashSet<&str> {
    let mut found = vec![];
    in_items(items, &mut found);
    found.iter().map(|m| m.name).collect()
}

/// All names in an expression, from left to right as far as it matters.
pub fn mentions<'a>(expr: &'a Expr, found: &mut Vec<Mention<'a>>) {
    let mut pending = vec![expr];
    while let Some(expr) = pending.pop() {
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::Text(_) => {}
            ExprKind::Name(name) => found.push(Mention { name, span: expr.span, how: How::Value }),
            ExprKind::Call { name, args } => {
                found.push(Mention { name: &name.value, span: name.span, how: How::Call });
                pending.extend(args.iter().map(|a| &a.value));
                args.iter().for_each(|a| in_suffixes(a, found));
            }
            ExprKind::Join(parts) => pending.extend(parts),
            ExprKind::Index { base, indices } => {
                pending.push(base);
                pending.extend(indices);
            }
            ExprKind::Field { base, .. } => match root(base) {
                Some((name, span)) => found.push(Mention { name, span, how: How::Field }),
                None => pending.push(base),
            },
            ExprKind::Negate(inner) => pending.push(inner),
            ExprKind::Binary { left, right, .. } => pending.extend([&**left, &**right]),
        }
    }
}

/// The name at the start of `f.1.w`.
fn root(mut expr: &Expr) -> Option<(&str, Span)> {
    loop {
        match &expr.kind {
            ExprKind::Name(name) => return Some((name, expr.span)),
            ExprKind::Field { base, .. } => expr = base,
            _ => return None,
        }
    }
}

fn in_suffixes<'a>(arg: &'a Arg, found: &mut Vec<Mention<'a>>) {
    for suffix in &arg.suffixes {
        in_suffix(&suffix.value, found);
    }
}

fn in_suffix<'a>(suffix: &'a Suffix, found: &mut Vec<Mention<'a>>) {
    match suffix {
        Suffix::On(low, high) | Suffix::CensoredBetween(low, high) => {
            mentions(low, found);
            mentions(high, found);
        }
        Suffix::Ordered => {}
        Suffix::WeightedBy(name) | Suffix::CensoredBy(name) => {
            found.push(Mention { name: &name.value, span: name.span, how: How::Value });
        }
    }
}

fn in_dist<'a>(dist: &'a Dist, found: &mut Vec<Mention<'a>>) {
    for arg in &dist.args {
        mentions(&arg.value, found);
        in_suffixes(arg, found);
    }
    for suffix in &dist.suffixes {
        in_suffix(&suffix.value, found);
    }
}

fn in_items<'a>(items: &'a [Item], found: &mut Vec<Mention<'a>>) {
    for item in items {
        match item {
            Item::Define { value, .. } | Item::Const { value, .. } | Item::Report { value, .. } => {
                mentions(value, found);
            }
            Item::Random { sizes, dist, .. } => {
                sizes.iter().for_each(|s| mentions(s, found));
                in_dist(dist, found);
            }
            Item::Choose { alternatives, .. } => {
                alternatives.iter().for_each(|a| in_items(&a.items, found));
            }
            Item::Each { body, .. } | Item::Net { body, .. } => in_items(body, found),
            Item::Layer(layer) => {
                for word in &layer.words {
                    match &word.value {
                        Word::Expr(expr) => mentions(expr, found),
                        Word::Name(name) => found.push(Mention { name, span: word.span, how: How::Value }),
                        Word::Kernel(..) | Word::Number(_) => {}
                    }
                }
                in_items(layer.body.as_deref().unwrap_or_default(), found);
            }
            Item::Data(_) | Item::Fit { .. } => {}
        }
    }
}

fn circle(nodes: &[usize], names: &Names, parts: &Parts) -> Diagnostic {
    let next = |i: usize| nodes[(i + 1) % nodes.len()];
    if let Some(i) = (0..nodes.len()).find(|i| parts.contains_key(&(nodes[*i], next(*i)))) {
        return through_net(nodes, i, names, parts[&(nodes[i], next(i))]);
    }
    let members: Vec<_> = nodes.iter().filter_map(|n| names.declarations.get(*n)).collect();
    let Some(first) = members.first() else {
        return Diagnostic::new("N003", "definitions go in a circle");
    };
    let follows = |i: usize| members[(i + 1) % members.len()].name;
    let is_recursion = (0..members.len()).any(|i| is_lagged(&members[i].what, follows(i)));
    if let [one] = members.as_slice() {
        let finding = Diagnostic::new("N003", format!("`{}` is defined by itself", one.name))
            .at(one.span, "its right side mentions it");
        return match is_recursion {
            true => finding.note(NO_RECURSION).help(INSTEAD_OF_RECURSION),
            false => finding.help("give the right side another name, or a value of its own"),
        };
    }
    let path: Vec<&str> = members.iter().map(|d| d.name).chain([first.name]).collect();
    let mut finding = Diagnostic::new("N003", format!("definitions go in a circle: {}", path.join(" → ")));
    for (i, member) in members.iter().enumerate() {
        let next = path[i + 1];
        finding = finding.at(member.span, format!("needs `{next}`"));
    }
    match is_recursion {
        true => finding.note(NO_RECURSION).help(INSTEAD_OF_RECURSION),
        false => finding.help("one of them must be defined without the others"),
    }
}

/// What no `lag` can do.
pub(super) const NO_RECURSION: &str = "there is no recursion over rows of what the model computes: \
    no errors of an ARMA, no variances of a GARCH, no filters; `lag` reads columns";
/// What can be done in its place.
pub(super) const INSTEAD_OF_RECURSION: &str = "use lags of columns, such as `lag(y, 1)` and `lag(y, 2)`; \
    or make a short series one row, `y : real[20]`, and define each step by the one before";

/// Whether a definition mentions a name inside of `lag(…)`.
fn is_lagged(what: &What, name: &str) -> bool {
    let mut pending: Vec<&Expr> = match what {
        What::Define(value) => vec![value],
        What::Unknown { dist, .. } => dist.args.iter().map(|a| &a.value).collect(),
        What::Column(_) | What::Const(_) | What::Function { .. } | What::Net { .. } => return false,
    };
    while let Some(expr) = pending.pop() {
        match &expr.kind {
            ExprKind::Call { name: function, args } => {
                let mut found = vec![];
                args.iter().for_each(|a| mentions(&a.value, &mut found));
                if function.value == "lag" && found.iter().any(|m| m.name == name) {
                    return true;
                }
                pending.extend(args.iter().map(|a| &a.value));
            }
            ExprKind::Join(parts) => pending.extend(parts),
            ExprKind::Index { base, indices } => {
                pending.push(base);
                pending.extend(indices);
            }
            ExprKind::Field { base, .. } => pending.push(base),
            ExprKind::Negate(inner) => pending.push(inner),
            ExprKind::Binary { left, right, .. } => pending.extend([&**left, &**right]),
            ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Name(_) => {}
        }
    }
    false
}

/// `d = f.1.w[1, 1]` where only what needs `d` calls `f`: the sizes of `f` are not known before it is called.
fn through_net(nodes: &[usize], i: usize, names: &Names, part: Mention) -> Diagnostic {
    let named = |node: usize| -> (String, Span) {
        let (declared, observed) = (names.declarations.len(), names.likelihoods.len());
        if let Some(d) = names.declarations.get(node) {
            return (format!("`{}`", d.name), d.span);
        }
        if let Some(l) = names.likelihoods.get(node.wrapping_sub(declared)) {
            return (format!("the likelihood of `{}`", l.name.value), l.name.span);
        }
        match names.reports.get(node.wrapping_sub(declared + observed)) {
            Some((name, _)) => (format!("the report `{}`", name.value), name.span),
            None => (String::new(), part.span),
        }
    };
    let net = part.name;
    let ((user, _), (caller, at)) = (named(nodes[i]), named(nodes[(i + 1) % nodes.len()]));
    Diagnostic::new(
        "N003",
        format!("{user} needs the weights of `{net}`, and a call of `{net}` needs {user}"),
    )
    .at(part.span, format!("how many weights `{net}` has is known once it has been called"))
    .at(at, format!("{caller} calls it, and needs {user}"))
    .help(format!(
        "call it first, under a name of its own, `out = {net}(…)`, and use `out` instead of the call"
    ))
}
