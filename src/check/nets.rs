//! Calls of nets: the layer stack put in place of the call, with its tensors as unknowns.
//!
//! ```text
//! f(x)   →   h1 = tanh(x f.1.w + f.1.b);  h2 = softmax(h1 f.2.w + f.2.b)
//! ```
//!
//! The first call makes the tensors; later calls with other arguments share them. What a layer sees is collected from
//! the outside in, so that the nearest, then the narrower declaration wins: `each layer`, `each dense`, an inner
//! block's, its own braces.

use super::calls::Output;
use super::scope::Local;
use super::{Checker, error};
use crate::diagnostic::{Diagnostic, suggest};
use crate::layers::{self, Body};
use crate::model::{ExprId, Net};
use crate::source::Span;
use crate::syntax::ast::{Expr, Item, Name};
use crate::ty::Shape;
use std::collections::HashMap;

/// What is known of a net that has been called.
#[derive(Debug)]
pub struct NetState<'a> {
    /// Position of its declaration.
    pub declaration: usize,
    /// Position in the model's nets.
    pub position: usize,
    /// `f`
    pub name: &'a str,
    /// Where it was first called, and the shape of its input there.
    pub first_call: (Span, Shape),
    /// Parameters with the values of the call that is being expanded.
    pub parameters: Vec<(&'a str, ExprId)>,
    /// Declarations of the net's own scope.
    pub declarations: HashMap<&'a str, &'a Item>,
    /// Those that have been asked for.
    pub values: HashMap<&'a str, Local>,
    /// Scopes of its layers by path: `f.1`.
    pub layers: HashMap<String, usize>,
    /// Scopes of its blocks that declare names, by path: `f.residual`.
    pub blocks: HashMap<String, usize>,
    /// How often it was called with different arguments.
    pub calls: usize,
    /// Whether the stack has an error, which has been reported.
    pub is_broken: bool,
}

/// What an inner block of layers adds to the depth: the walk goes through several functions for each.
pub const BLOCK_DEPTH: usize = 6;

/// Declarations of `each` blocks, from the outside in.
pub type Levels<'a> = Vec<Vec<(&'a str, Vec<&'a Item>)>>;

/// One walk through a net's layers.
pub struct Walk<'a> {
    pub net: usize,
    pub levels: Levels<'a>,
    /// `f`, or `f.mean` inside a head
    pub prefix: String,
    /// layers with tensors so far, under this prefix
    pub count: usize,
    /// whether the next layer is all there is of a head, and has its name
    pub is_head: bool,
    /// path and place in the list of layers of the layer whose tensors were asked for last
    pub made: Option<(String, usize)>,
    /// the innermost block with declarations of its own, a position in `block_scopes`
    pub block: Option<usize>,
    /// how many unlabelled blocks of one word so far, by the path of the first: `f.residual`
    pub blocks: HashMap<String, usize>,
    pub is_first: bool,
}

impl<'a> Checker<'a> {
    /// The output of a net for arguments that have been checked to be as many as its parameters.
    pub(super) fn call_net(
        &mut self,
        declaration: usize,
        parameters: &'a [Name],
        body: &'a [Item],
        args: &[&'a Expr],
        ids: Vec<ExprId>,
        span: Span,
    ) -> Option<Output> {
        let input = self.net_input(args, &ids, span)?;
        let key = (declaration, vec![input]);
        if let Some(known) = self.calls.get(&key) {
            return known.clone();
        }
        let output = self.expand(declaration, parameters, body, ids, input, span);
        if output.is_none()
            && let Some(state) = self.net_states.iter_mut().find(|s| s.declaration == declaration)
        {
            state.is_broken = true;
        }
        self.calls.insert(key, output.clone());
        output
    }

    /// Several arguments are joined; a number becomes a vector of one; a factor is coded 0/1.
    fn net_input(&mut self, args: &[&'a Expr], ids: &[ExprId], span: Span) -> Option<ExprId> {
        let mut parts = vec![];
        for (id, arg) in ids.iter().zip(args) {
            parts.push(self.coded(*id, arg)?);
        }
        if let [one] = parts.as_slice()
            && !self.arena.shape(*one).is_scalar()
        {
            return Some(*one);
        }
        for (part, arg) in parts.iter().zip(args) {
            let shape = self.arena.shape(*part).clone();
            if shape.rank() > 1 {
                self.found.push(
                    Diagnostic::new(
                        "T002",
                        "several arguments of a net are joined: numbers and vectors only",
                    )
                    .at(arg.span, format!("this is {shape}")),
                );
                return None;
            }
        }
        Some(self.arena.join(parts, span))
    }

    fn expand(
        &mut self,
        declaration: usize,
        parameters: &'a [Name],
        body: &'a [Item],
        ids: Vec<ExprId>,
        input: ExprId,
        span: Span,
    ) -> Option<Output> {
        let items = self.choices.active(body, self.picks);
        let shape = self.arena.shape(input).clone();
        let net = match self.net_states.iter().position(|s| s.declaration == declaration) {
            Some(net) => {
                let (first, known) = &self.net_states[net].first_call;
                if *known != shape {
                    let finding = Diagnostic::new(
                        "T001",
                        format!(
                            "sizes differ: `{}` is called with {shape} here and {known} there",
                            self.net_states[net].name
                        ),
                    )
                    .at(span, format!("is {shape}"))
                    .at(*first, format!("is {known}"))
                    .help("calls share the weights, so their inputs have one shape");
                    self.found.push(finding);
                    return None;
                }
                if self.net_states[net].is_broken {
                    return None;
                }
                net
            }
            None => self.open_net(declaration, &items, span, shape),
        };
        let names = parameters.iter().map(|p| p.value.as_str());
        self.net_states[net].parameters = names.zip(ids).collect();
        self.net_states[net].calls += 1;
        let is_first = self.net_states[net].calls == 1;
        let prefix = self.net_states[net].name.to_owned();
        let mut walk = Walk {
            net,
            levels: vec![],
            prefix,
            count: 0,
            is_head: false,
            made: None,
            block: None,
            blocks: HashMap::new(),
            is_first,
        };
        let output = match self.stack(&mut walk, &items, input) {
            Some(Output::One(id)) => Some(Output::One(self.arena.single(id))),
            other => other,
        };
        if is_first {
            let position = self.net_states[net].position;
            self.nets[position].weights = self.weights(position);
        }
        output
    }

    fn open_net(&mut self, declaration: usize, items: &[&'a Item], span: Span, shape: Shape) -> usize {
        let name = self.names.declarations[declaration].name;
        let position = self.nets.len();
        self.nets.push(Net { name: name.to_owned(), layers: vec![], weights: 0 });
        let mut state = NetState {
            declaration,
            position,
            name,
            first_call: (span, shape),
            parameters: vec![],
            declarations: HashMap::new(),
            values: HashMap::new(),
            layers: HashMap::new(),
            blocks: HashMap::new(),
            calls: 0,
            is_broken: false,
        };
        let whose = format!("the net `{name}`");
        state.declarations = self.own_declarations(items, &whose);
        self.net_states.push(state);
        self.net_states.len() - 1
    }

    /// The layers of a block, from top to bottom.
    pub(super) fn stack(&mut self, walk: &mut Walk<'a>, items: &[&'a Item], input: ExprId) -> Option<Output> {
        let level = self.level_of(walk, items);
        walk.levels.push(level);
        let mut value = Some(Output::One(input));
        for item in items {
            match item {
                Item::Layer(line) => {
                    let x = match value {
                        Some(Output::One(x)) => x,
                        Some(Output::Heads(_)) => {
                            self.found.push(
                                Diagnostic::new("T003", "nothing can follow `heads`")
                                    .at(line.span, "which head would this layer read?")
                                    .help("put the layer before `heads`, or into a head's block"),
                            );
                            value = None;
                            break;
                        }
                        None => break,
                    };
                    value = self.layer(walk, line, x);
                }
                Item::Each { .. } => {}
                Item::Random { .. } | Item::Define { .. } => {}
                Item::Net { name, .. } | Item::Const { name, .. } | Item::Report { name, .. } => {
                    self.found.push(misplaced(name.span));
                    value = None;
                }
                Item::Data(data) => {
                    self.found.push(misplaced(data.span));
                    value = None;
                }
                Item::Fit { span, .. } => {
                    self.found.push(misplaced(*span));
                    value = None;
                }
                // `choose` has been replaced by its active alternative.
                Item::Choose { .. } => {}
            }
        }
        walk.levels.pop();
        value
    }

    /// The `each` blocks of one block, the wide ones first.
    pub(super) fn level_of(&mut self, walk: &Walk<'a>, items: &[&'a Item]) -> Vec<(&'a str, Vec<&'a Item>)> {
        let is_first = walk.is_first;
        let mut level = vec![];
        for item in items {
            let Item::Each { kind, body, .. } = item else { continue };
            let word = kind.value.as_str();
            if is_first && word != "layer" {
                self.is_layer_with_tensors(kind);
            }
            let active = self.choices.active(body, self.picks);
            if is_first {
                self.no_name_twice(&active);
                self.hidden_names(&active, walk.block, "inside `each`");
            }
            level.push((word, active));
        }
        level.sort_by_key(|(word, _)| *word != "layer");
        level
    }

    fn is_layer_with_tensors(&mut self, kind: &Name) {
        let names: Vec<&str> = layers::ALL
            .iter()
            .filter(|l| l.body == Body::Overrides)
            .map(|l| l.name)
            .chain(["layer"])
            .collect();
        if names.contains(&kind.value.as_str()) {
            return;
        }
        let finding = match layers::find(&kind.value) {
            Some(_) => Diagnostic::new("N012", format!("`{}` has no tensors", kind.value))
                .at(kind.span, "nothing to declare for it"),
            None => Diagnostic::new("N012", format!("no layer is called `{}`", kind.value))
                .at(kind.span, "a kind of layer is wanted here"),
        };
        self.found.push(match suggest::nearest(&kind.value, names.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `each {near}`?")).fix(kind.span, near),
            None => finding.help(format!("write one of {}", error::and_list(&names))),
        });
    }

    pub(super) fn no_name_twice(&mut self, items: &[&'a Item]) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for item in items {
            let Some(name) = declared_name(item) else {
                if let Item::Layer(line) = item {
                    self.found.push(
                        Diagnostic::new("S001", "a layer among declarations")
                            .at(line.span, "only `name ~ …` and `name = …` stand here"),
                    );
                }
                continue;
            };
            if let Some(first) = seen.insert(&name.value, name.span) {
                self.found.push(twice(item, name, first));
            }
        }
    }

    /// Numbers in the tensors of a net's layers.
    fn weights(&self, net: usize) -> usize {
        let of_net = self.unknowns.iter().filter(|u| match &u.role {
            crate::model::Role::Net { net: n, tensor, .. } => {
                *n == net && matches!(tensor.as_str(), "w" | "b")
            }
            crate::model::Role::Plain => false,
        });
        of_net.map(|u| u.shape.len()).sum()
    }
}

/// The name that an item declares inside a net.
pub fn declared_name(item: &Item) -> Option<&Name> {
    match item {
        Item::Random { name, .. } | Item::Define { name, .. } => Some(name),
        _ => None,
    }
}

pub(super) fn twice(item: &Item, name: &Name, first: Span) -> Diagnostic {
    match item {
        Item::Random { .. } => {
            Diagnostic::new("N008", format!("`{}` gets a second `~` in one scope", name.value))
                .at(name.span, "the second one")
                .at(first, "the first one")
                .help("keep one; a kind of layer has priors of its own in `each dense { … }`")
        }
        _ => error::defined_twice(name, first),
    }
}

fn misplaced(span: Span) -> Diagnostic {
    Diagnostic::new("S001", "this cannot stand in a net")
        .at(span, "only layers, `each`, `~`, `=` and `choose` can")
}
