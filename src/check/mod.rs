//! From what was written to a typed model in which nothing is implied.
//!
//! ```text
//! Ast ─choices→ active items ─names→ declarations ─order→ one after another
//!     ─expressions, distributions, nets→ typed expressions, unknowns, likelihoods → Model
//! ```
//!
//! One file a question. An expression that is wrong is `None`: it was reported where it went wrong, and what uses it
//! stays silent. Every combination of alternatives is checked ([`choose`]); the model is that of the combination in
//! force. Start at [`check`] and `Checker::run`.

mod arena;
mod between;
mod block_scopes;
mod blocks;
mod calls;
pub mod choose;
mod dimensions;
mod distributions;
mod error;
mod events;
mod expressions;
mod fields;
mod forms;
mod indices;
mod layer_lines;
mod layer_words;
mod levels;
mod matrices;
mod mixture;
mod names;
mod nets;
mod observations;
mod order;
mod over_rows;
mod overrides;
pub mod pages;
pub mod posteriors;
mod scope;
pub mod settings;
pub mod signatures;
mod slots;
mod suffixes;
mod supports;
mod tensors;
#[cfg(test)]
mod tests;
mod unknowns;
mod unused;
pub mod words;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Column, ExprId, Model, Net, Observation, Unknown};
use crate::source::Span;
use crate::syntax::ast::{self, Ast, Expr, Item};
use crate::syntax::constant;
use arena::Arena;
use block_scopes::BlockScope;
use calls::Output;
use choose::{Choices, Picks};
use names::{Names, What};
use nets::NetState;
use order::Step;
use overrides::Overrides;
use scope::{LayerScope, Scope};
use std::collections::{HashMap, HashSet};

/// What the command line says about a model.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// `--set NAME=VALUE`: constants, fit options, arguments of the data source.
    pub overrides: Vec<(String, String)>,
    /// `--choose NAME=LABEL`.
    pub choices: Vec<(String, String)>,
    /// Names of arguments that the data source takes, which `--set` may give too.
    pub data_arguments: Vec<String>,
    /// The earlier runs that priors name.
    pub posteriors: posteriors::Earlier,
}

/// Checks a model against the columns that its data have; no model if there is an error.
///
/// `name` is the file's stem. The findings are sorted by place; a finding outside the combination in force names its
/// alternative.
pub fn check(ast: &Ast, name: &str, columns: &[Column], context: &Context) -> (Option<Model>, Diagnostics) {
    let (combinations, found) = check_each(ast, name, columns, context);
    (combinations.into_iter().next().map(|c| c.model), found)
}

/// A model with the alternatives that make it.
#[derive(Debug)]
pub struct Combination {
    /// How it differs from the one in force: `prior = laplace`; nothing for that one, which comes first.
    pub alternative: Option<String>,
    /// The model.
    pub model: Model,
}

/// Like [`check`], with the models of all combinations of alternatives that are checked.
pub fn check_each(
    ast: &Ast,
    name: &str,
    columns: &[Column],
    context: &Context,
) -> (Vec<Combination>, Diagnostics) {
    let mut found = Diagnostics::default();
    let choices = Choices::collect(&ast.items, context, &mut found);
    let overrides = overrides::sort(&ast.items, context, &mut found);
    let mentioned = order::all_mentions(&ast.items);
    let mut checked = vec![];
    let mut usage = unused::Usage::default();
    let combinations = choices.combinations();
    for picks in &combinations {
        let items = choices.active(&ast.items, picks);
        let checker =
            Checker::new(&items, columns, &choices, picks, &overrides, &context.posteriors, &mentioned);
        let alternative = choices.difference(picks);
        let (model, findings) = checker.run(name, &mut usage);
        for mut finding in findings.0 {
            finding.alternative = finding.alternative.or_else(|| alternative.clone());
            found.push(finding);
        }
        checked.push(Combination { alternative, model });
    }
    usage.report(&mut found);
    found.sort();
    if found.has_errors() {
        checked.clear();
    }
    (checked, found)
}

/// Deeper than this, calls, brackets and blocks together are refused: far below what a thread's stack holds, and
/// above what brackets alone can reach.
const DEEPEST: usize = 300;

/// The model of the combination in force alone: what other alternatives have wrong with them is not asked.
///
/// # Errors
/// The errors of this combination.
pub fn check_picked(
    ast: &Ast,
    name: &str,
    columns: &[Column],
    context: &Context,
) -> Result<Model, Diagnostics> {
    let mut found = Diagnostics::default();
    let choices = Choices::collect(&ast.items, context, &mut found);
    let overrides = overrides::sort(&ast.items, context, &mut found);
    let mentioned = order::all_mentions(&ast.items);
    let picks = choices.picked();
    let items = choices.active(&ast.items, &picks);
    let checker =
        Checker::new(&items, columns, &choices, &picks, &overrides, &context.posteriors, &mentioned);
    let (model, findings) = checker.run(name, &mut unused::Usage::default());
    found.extend(findings);
    if found.has_errors() { Err(found) } else { Ok(model) }
}

/// One combination of alternatives on its way to a model.
struct Checker<'a> {
    names: Names<'a>,
    /// Those of the data, then those computed from them.
    columns: Vec<Column>,
    choices: &'a Choices<'a>,
    picks: &'a Picks,
    overrides: &'a Overrides,
    posteriors: &'a posteriors::Earlier,
    /// Names that anything mentions, in every alternative.
    mentioned: &'a HashSet<&'a str>,
    arena: Arena,
    /// For each declaration its value, once it has been checked; `None` inside if it is wrong, or has heads.
    values: Vec<Option<Option<ExprId>>>,
    /// The heads of definitions that call a net with several, by declaration.
    heads: HashMap<usize, Vec<(String, ExprId)>>,
    /// What constants index, by name.
    indexed: HashMap<String, indices::Indexed>,
    /// Every head of every net that is called: its value, its name and those it stands beside.
    named_heads: Vec<(ExprId, &'a ast::Name, Span)>,
    /// Unknowns and definitions inside nets by their full names: `f.1.w`.
    parts: HashMap<String, ExprId>,
    unknowns: Vec<Unknown>,
    nets: Vec<Net>,
    net_states: Vec<NetState<'a>>,
    layer_scopes: Vec<LayerScope<'a>>,
    block_scopes: Vec<BlockScope<'a>>,
    /// Results of calls of functions and nets: the same call is the same value.
    calls: HashMap<(usize, Vec<ExprId>), Option<Output>>,
    observations: Vec<Observation>,
    reports: Vec<(String, ExprId)>,
    constants: Vec<(String, f64)>,
    found: Diagnostics,
    /// Where the names stand whose declarations something uses.
    used: HashSet<Span>,
    depth: usize,
    /// Whether S004 has been reported.
    is_too_deep: bool,
}

impl<'a> Checker<'a> {
    fn new(
        items: &[&'a Item],
        columns: &'a [Column],
        choices: &'a Choices<'a>,
        picks: &'a Picks,
        overrides: &'a Overrides,
        posteriors: &'a posteriors::Earlier,
        mentioned: &'a HashSet<&'a str>,
    ) -> Self {
        let mut found = Diagnostics::default();
        let names = Names::collect(items, columns, &mut found);
        Checker {
            values: vec![None; names.declarations.len()],
            names,
            columns: columns.to_vec(),
            choices,
            picks,
            overrides,
            posteriors,
            mentioned,
            arena: Arena::default(),
            parts: HashMap::new(),
            unknowns: vec![],
            nets: vec![],
            net_states: vec![],
            layer_scopes: vec![],
            block_scopes: vec![],
            heads: HashMap::new(),
            named_heads: vec![],
            indexed: HashMap::new(),
            calls: HashMap::new(),
            observations: vec![],
            reports: vec![],
            constants: vec![],
            found,
            used: HashSet::new(),
            depth: 0,
            is_too_deep: false,
        }
    }

    /// The questions, in order: which name means what, what comes first, each declaration by itself, is anything
    /// missing, is anything unused.
    fn run(mut self, name: &str, usage: &mut unused::Usage<'a>) -> (Model, Diagnostics) {
        let (order, circles) = order::order(&self.names);
        self.found.0.extend(circles);
        self.functions_know_their_names();
        let (lost, findings) = unused::lost_likelihoods(&self.names, self.mentioned);
        self.found.0.extend(findings);
        for step in order {
            match step {
                Step::Declare(i) if lost.contains(&i) => {}
                Step::Declare(i) => {
                    let value = self.declaration(i);
                    self.values[i] = Some(value);
                }
                Step::Observe(i) => self.observe(i),
                Step::Report(i) => self.report(i),
            }
        }
        let constants: HashMap<String, f64> = self.constants.iter().cloned().collect();
        let settings =
            settings::settings(&self.names.fits, &constants, &self.overrides.options, &mut self.found);
        self.nothing_is_missing(&settings, !lost.is_empty());
        self.counted_from_zero();
        usage.add(&self);
        let choices = self.choices.all.iter().zip(self.picks);
        let (exprs, statistics, fixed) = self.arena.finish();
        let model = Model {
            name: name.to_owned(),
            columns: self.columns,
            exprs,
            statistics,
            fixed,
            unknowns: self.unknowns,
            observations: self.observations,
            reports: self.reports,
            nets: self.nets,
            constants: self.constants,
            choices: choices.map(|(c, pick)| (c.name.value.clone(), c.labels[*pick].to_owned())).collect(),
            settings,
        };
        (model, self.found)
    }

    fn declaration(&mut self, i: usize) -> Option<ExprId> {
        let declaration = self.names.declarations[i].clone();
        match declaration.what {
            What::Column(position) => position.map(|p| self.arena.column(p, &self.columns[p])),
            What::Const(value) => self.constant(declaration.name, value),
            What::Define(value) => {
                let id = self.definition(i, value)?;
                self.arena.name(id, declaration.name);
                Some(id)
            }
            What::Unknown { sizes, dist } => {
                self.top_unknown(declaration.name, declaration.span, sizes, dist)
            }
            What::Function { .. } | What::Net { .. } => None,
        }
    }

    fn constant(&mut self, name: &str, value: &'a Expr) -> Option<ExprId> {
        let id = match self.overrides.constants.get(name) {
            Some(number) => self.arena.number(*number, value.span),
            None => self.expr(value, &Scope::default())?,
        };
        let Some(number) = self.arena.constant(id).filter(|n| !n.is_nan()) else {
            let known: HashMap<String, f64> = self.constants.iter().cloned().collect();
            let finding = match constant::number(value, &known) {
                Err(finding) => finding,
                Ok(_) => Diagnostic::new("T011", format!("`{name}` is not a number"))
                    .at(value.span, "this must be known before compiling"),
            };
            self.found.push(finding);
            return None;
        };
        self.constants.push((name.to_owned(), number));
        Some(id)
    }

    fn report(&mut self, i: usize) {
        let (name, value) = self.names.reports[i];
        let id = self.expr(value, &Scope::default());
        let Some(id) = id.and_then(|id| self.numeric(id, value)) else { return };
        self.reports.push((name.value.clone(), id));
    }

    /// Names in functions that are never called; those that are called are checked by their calls too.
    fn functions_know_their_names(&mut self) {
        for declaration in &self.names.declarations {
            let What::Function { parameters, value } = &declaration.what else { continue };
            let mut mentions = vec![];
            order::mentions(value, &mut mentions);
            for mention in mentions {
                let is_known = parameters.iter().any(|p| p.value == mention.name)
                    || self.names.find(mention.name).is_some()
                    || signatures::find(mention.name).is_some()
                    || crate::dist::find(mention.name).is_some()
                    || matches!(mention.name, "pi" | "inf");
                if !is_known {
                    let known = self.names.all().chain(parameters.iter().map(|p| p.value.as_str()));
                    self.found.push(error::not_defined(mention.name, mention.span, known));
                }
            }
        }
    }
}
