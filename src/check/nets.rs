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
use super::scope::{LayerScope, Local, Scope};
use super::{Checker, error, signatures};
use crate::diagnostic::{Diagnostic, suggest};
use crate::layers::{self, Body, Layer, Misfit, Operation, Plan, Wants};
use crate::model::{ExprId, Net, NetLayer};
use crate::source::Span;
use crate::syntax::ast::{Expr, Item, Layer as Line, Name};
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
    /// How often it was called with different arguments.
    pub calls: usize,
    /// Whether the stack has an error, which has been reported.
    pub is_broken: bool,
}

/// What an inner block of layers adds to the depth: the walk goes through several functions for each.
const BLOCK_DEPTH: usize = 6;

/// Declarations of `each` blocks, from the outside in.
type Levels<'a> = Vec<Vec<(&'a str, Vec<&'a Item>)>>;

/// One walk through a net's layers.
struct Walk<'a> {
    net: usize,
    levels: Levels<'a>,
    /// `f`, or `f.mean` inside a head
    prefix: String,
    /// layers with tensors so far, under this prefix
    count: usize,
    /// whether the next layer is all there is of a head, and has its name
    is_head: bool,
    /// path and place in the list of layers of the layer whose tensors were asked for last
    made: Option<(String, usize)>,
    is_first: bool,
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
        let mut walk = Walk { net, levels: vec![], prefix, count: 0, is_head: false, made: None, is_first };
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
            calls: 0,
            is_broken: false,
        };
        let mut findings = vec![];
        for item in items {
            let Some(declared) = declared_name(item) else { continue };
            if matches!(declared.value.as_str(), "w" | "b") {
                let tensor = &declared.value;
                findings.push(
                    Diagnostic::new("K006", format!("the net `{name}` declares `{tensor}` in its own scope"))
                        .at(declared.span, "a layer's tensor would not be this one")
                        .help(format!("write `each layer {{ {tensor} ~ … }}`")),
                );
                continue;
            }
            if let Some(first) = state.declarations.insert(&declared.value, item)
                && let Some(first) = declared_name(first)
            {
                findings.push(twice(item, declared, first.span));
            }
        }
        findings.into_iter().for_each(|f| self.found.push(f));
        self.net_states.push(state);
        self.net_states.len() - 1
    }

    /// The layers of a block, from top to bottom.
    fn stack(&mut self, walk: &mut Walk<'a>, items: &[&'a Item], input: ExprId) -> Option<Output> {
        let level = self.level_of(items, walk.is_first);
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
                Item::Random { name, .. } | Item::Define { name, .. } if walk.levels.len() > 1 => {
                    self.found.push(error::not_yet("declarations inside a block of layers", name.span));
                    value = None;
                }
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
    fn level_of(&mut self, items: &[&'a Item], is_first: bool) -> Vec<(&'a str, Vec<&'a Item>)> {
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
                self.hidden_names(&active);
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

    /// N010: a declaration that hides one further out. `w` and `b` always mean the tensors here.
    fn hidden_names(&mut self, items: &[&'a Item]) {
        for item in items {
            let Some(name) = declared_name(item).filter(|n| !matches!(n.value.as_str(), "w" | "b")) else {
                continue;
            };
            let outer = self.net_states.last().and_then(|net| net.declarations.get(name.value.as_str()));
            let top = self.names.find(&name.value).map(|i| self.names.declarations[i].span);
            let Some(outer) = outer.and_then(|item| declared_name(item)).map(|n| n.span).or(top) else {
                continue;
            };
            self.found.push(
                Diagnostic::new("N010", format!("`{}` inside `each` hides the one outside", name.value))
                    .at(name.span, "this one is meant in the layers")
                    .at(outer, "hidden"),
            );
        }
    }

    fn no_name_twice(&mut self, items: &[&'a Item]) {
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

    /// One line of a stack.
    fn layer(&mut self, walk: &mut Walk<'a>, line: &'a Line, x: ExprId) -> Option<Output> {
        let Some(word) = &line.kind else {
            self.found.push(
                Diagnostic::new("S001", "a labelled block stands only under `heads`")
                    .at(line.span, "no layer is named here"),
            );
            return None;
        };
        let Some(kind) = layers::find(&word.value) else {
            self.found.push(no_such_layer(word));
            return None;
        };
        let scope = Scope {
            parameters: self.net_states[walk.net].parameters.clone(),
            net: Some(walk.net),
            layer: None,
        };
        let read = self.layer_words(kind, line, &scope)?;
        let x = self.as_wanted(walk, kind, word, line, x)?;
        let input = self.arena.shape(x).clone();
        let plan = match (kind.plan)(&read.words, &input) {
            Ok(plan) => plan,
            Err(misfit) => {
                let finding = misfit_words(misfit, kind, word, line.span);
                self.found.push(finding);
                return None;
            }
        };
        let output = self.operation(walk, kind, &plan, line, x)?;
        let (output, activation) = match (output, read.activation) {
            (output, None) => (output, ""),
            (Output::One(id), Some((name, span))) => {
                let id = match signatures::find(name).map(|f| f.form) {
                    Some(signatures::Form::Elementwise(build) | signatures::Form::Vector(build)) => {
                        build(&mut self.arena, id, span)
                    }
                    _ => id,
                };
                (Output::One(id), name)
            }
            (Output::Heads(_), Some((name, span))) => {
                self.found.push(
                    Diagnostic::new(
                        "T003",
                        format!("`heads {name}`: each head has an activation of its own"),
                    )
                    .at(span, "heads have no common one"),
                );
                return None;
            }
        };
        self.record(walk, &plan, activation, &input, &output);
        Some(output)
    }

    /// The input of a layer, flattened if that is what is missing.
    fn as_wanted(
        &mut self,
        walk: &Walk<'a>,
        kind: &Layer,
        word: &Name,
        line: &Line,
        x: ExprId,
    ) -> Option<ExprId> {
        let shape = self.arena.shape(x).clone();
        match kind.wants {
            Wants::Vector if shape.rank() > 1 => {
                let flat = self.arena.reshape(x, Shape::vector(shape.len()), line.span);
                if walk.is_first {
                    let output = self.arena.shape(flat).clone();
                    self.net_layers(walk.net).push(NetLayer {
                        label: String::new(),
                        text: "flatten".into(),
                        input: shape,
                        output,
                    });
                }
                Some(flat)
            }
            Wants::Image if shape.rank() != 3 => {
                self.found.push(
                    Diagnostic::new("T003", format!("`{}` expects an image, gets {shape}", kind.name))
                        .at(word.span, format!("its input is {shape}"))
                        .note("expected: height × width × channels")
                        .note(format!("found:    {shape}"))
                        .help("put it before the first `dense` or `flatten`; an image column is `x : image(28, 28)`"),
                );
                None
            }
            Wants::Vector | Wants::Image | Wants::Any => Some(x),
        }
    }

    fn net_layers(&mut self, net: usize) -> &mut Vec<NetLayer> {
        let position = self.net_states[net].position;
        &mut self.nets[position].layers
    }

    /// What a layer computes.
    fn operation(
        &mut self,
        walk: &mut Walk<'a>,
        kind: &'static Layer,
        plan: &Plan,
        line: &'a Line,
        x: ExprId,
    ) -> Option<Output> {
        let (span, shape) = (line.span, plan.output.clone());
        let body = line.body.as_deref();
        if body.is_some() && kind.body == Body::None {
            self.found.push(
                Diagnostic::new("S001", format!("`{}` takes no braces", kind.name))
                    .at(span, "it has no tensors"),
            );
            return None;
        }
        let id = match plan.operation {
            Operation::Dense => {
                let (w, b) = self.tensors(walk, kind, plan, line)?;
                let product = self.arena.dense(x, w, span);
                self.arena.add_biases(product, b, span)
            }
            Operation::Conv { stride, pad } => {
                let (w, b) = self.tensors(walk, kind, plan, line)?;
                let product = self.arena.conv(x, w, stride, pad, shape, span);
                self.arena.add_biases(product, b, span)
            }
            Operation::MaxPool { size, stride } => {
                self.drops_rows(walk, kind, plan, x, span);
                self.arena.max_pool(x, size, stride, shape, span)
            }
            Operation::AvgPool { size, stride } => {
                self.drops_rows(walk, kind, plan, x, span);
                self.arena.avg_pool(x, size, stride, shape, span)
            }
            Operation::GlobalPool => {
                let size = self.arena.shape(x).0[0];
                let pooled = self.arena.avg_pool(x, size, size, [1, 1, shape.len()].into(), span);
                self.arena.reshape(pooled, shape, span)
            }
            Operation::Flatten => self.arena.reshape(x, shape, span),
            Operation::Residual => self.residual(walk, body.unwrap_or_default(), x, span)?,
            Operation::Concat => {
                let inner = self.block(walk, body.unwrap_or_default(), x, span)?;
                let inner_shape = self.arena.shape(inner).clone();
                if inner_shape.rank() != 1 {
                    self.found.push(
                        Diagnostic::new(
                            "T003",
                            format!("`concat` expects a vector from its stack, gets {inner_shape}"),
                        )
                        .at(span, "the stack ends in an image")
                        .help("end it with `flatten` or `globalpool`"),
                    );
                    return None;
                }
                self.arena.join(vec![x, inner], span)
            }
            Operation::Heads => return self.heads(walk, body.unwrap_or_default(), x, span),
        };
        Some(Output::One(id))
    }

    /// T005
    fn drops_rows(&mut self, walk: &Walk<'a>, kind: &Layer, plan: &Plan, x: ExprId, span: Span) {
        let [rows, columns] = plan.dropped;
        if !walk.is_first || (rows == 0 && columns == 0) {
            return;
        }
        let input = error::by(&self.arena.shape(x).0);
        let what = match (rows, columns) {
            (r, 0) => error::count(r, "row", "rows"),
            (0, c) => error::count(c, "column", "columns"),
            (r, c) => {
                format!("{} and {}", error::count(r, "row", "rows"), error::count(c, "column", "columns"))
            }
        };
        self.found.push(
            Diagnostic::new("T005", format!("`{}` drops the last {what} of {input}", kind.name))
                .at(span, "no window reaches them"),
        );
    }

    /// The two tensors of a layer: made at the first call, shared by later ones.
    fn tensors(
        &mut self,
        walk: &mut Walk<'a>,
        kind: &'static Layer,
        plan: &Plan,
        line: &'a Line,
    ) -> Option<(ExprId, ExprId)> {
        walk.count += 1;
        let label = line.label.as_ref().map_or_else(|| walk.count.to_string(), |l| l.value.clone());
        let path = match std::mem::take(&mut walk.is_head) {
            true => walk.prefix.clone(),
            false => format!("{}.{label}", walk.prefix),
        };
        let known = self.net_states[walk.net].layers.get(&path).copied();
        let scope = match known {
            Some(scope) if walk.is_first => {
                let first = self.layer_scopes[scope].span;
                let at = line.label.as_ref().map_or(line.span, |l| l.span);
                self.found.push(
                    Diagnostic::new("N002", format!("two layers are called `{path}`"))
                        .at(at, "the second one")
                        .at(first, "the first one")
                        .help("give one of them another label"),
                );
                return None;
            }
            Some(scope) => scope,
            None => {
                let tensors = plan.tensors.clone()?;
                if tensors.weights.len() > super::unknowns::MOST_ELEMENTS {
                    let shape = &tensors.weights;
                    self.found.push(
                        Diagnostic::new("T011", format!("the weights of this layer are {shape}"))
                            .at(line.span, "too many for one layer"),
                    );
                    return None;
                }
                let declarations = self.seen_by(walk, kind, line);
                let layer = self.net_layers(walk.net).len();
                self.layer_scopes.push(LayerScope {
                    net: walk.net,
                    layer,
                    path: path.clone(),
                    tensors,
                    declarations,
                    values: HashMap::new(),
                    span: line.span,
                });
                self.net_states[walk.net].layers.insert(path.clone(), self.layer_scopes.len() - 1);
                // Its place in the list of layers, so that its tensors can point at it; filled in by `record`.
                self.net_layers(walk.net).push(NetLayer {
                    label: path_in_net(&path),
                    text: plan.text.clone(),
                    input: Shape::scalar(),
                    output: plan.output.clone(),
                });
                self.layer_scopes.len() - 1
            }
        };
        walk.made = Some((path, self.layer_scopes[scope].layer));
        let (w, b) = (self.layer_value(scope, "w", line.span), self.layer_value(scope, "b", line.span));
        w.zip(b)
    }

    /// The declarations that a layer sees, the nearest by each name.
    fn seen_by(&mut self, walk: &Walk<'a>, kind: &Layer, line: &'a Line) -> HashMap<&'a str, &'a Item> {
        let mut seen = HashMap::new();
        let blocks = walk.levels.iter().flatten().filter(|(word, _)| *word == "layer" || *word == kind.name);
        for item in blocks.flat_map(|(_, items)| items) {
            if let Some(name) = declared_name(item) {
                seen.insert(name.value.as_str(), *item);
            }
        }
        let own = self.choices.active(line.body.as_deref().unwrap_or_default(), self.picks);
        self.no_name_twice(&own);
        for item in own {
            if let Some(name) = declared_name(item) {
                seen.insert(&name.value, item);
            }
        }
        seen
    }

    /// Names the output and fills in the line of the model's list of layers.
    fn record(&mut self, walk: &mut Walk<'a>, plan: &Plan, activation: &str, input: &Shape, output: &Output) {
        let Output::One(id) = output else { return };
        let net = walk.net;
        let text = match plan.operation {
            Operation::Residual | Operation::Concat | Operation::Heads => format!("end of {}", plan.text),
            _ => plan.text.clone(),
        };
        let text = if activation.is_empty() { text } else { format!("{text} {activation}") };
        let (input, output) = (input.clone(), self.arena.shape(*id).clone());
        let Some((path, layer)) = walk.made.take().filter(|_| plan.tensors.is_some()) else {
            if walk.is_first {
                self.net_layers(net).push(NetLayer { label: String::new(), text, input, output });
            }
            return;
        };
        let calls = self.net_states[net].calls;
        self.arena.name(*id, &if calls == 1 { path } else { format!("{path}@{calls}") });
        if walk.is_first
            && let Some(line) = self.net_layers(net).get_mut(layer)
        {
            (line.text, line.input, line.output) = (text, input, output);
        }
    }

    /// An inner stack with one output.
    fn block(&mut self, walk: &mut Walk<'a>, body: &'a [Item], x: ExprId, span: Span) -> Option<ExprId> {
        let items = self.choices.active(body, self.picks);
        let output = self.deeper(BLOCK_DEPTH, span, |checker| checker.stack(walk, &items, x));
        match output? {
            Output::One(id) => Some(id),
            Output::Heads(_) => {
                self.found.push(
                    Diagnostic::new("T003", "`heads` cannot end an inner stack")
                        .at(span, "one output is wanted here"),
                );
                None
            }
        }
    }

    fn residual(&mut self, walk: &mut Walk<'a>, body: &'a [Item], x: ExprId, span: Span) -> Option<ExprId> {
        let inner = self.block(walk, body, x, span)?;
        let (wanted, found) = (self.arena.shape(x).clone(), self.arena.shape(inner).clone());
        match self.arena.binary(crate::kernels::scalar::Binary::Add, x, inner, span) {
            Ok(id) if wanted == found => Some(id),
            _ => {
                self.found.push(
                    Diagnostic::new(
                        "T003",
                        format!("`residual` adds its input {wanted} to its stack's output {found}"),
                    )
                    .at(span, "these must have one shape")
                    .note(format!("expected: {wanted}"))
                    .note(format!("found:    {found}"))
                    .help("let the last layer of the stack have the width of the input; `conv` needs `pad same`"),
                );
                None
            }
        }
    }

    /// `heads { mean: dense 1; noise: { … } }`
    fn heads(&mut self, walk: &mut Walk<'a>, body: &'a [Item], x: ExprId, span: Span) -> Option<Output> {
        let items = self.choices.active(body, self.picks);
        let mut heads: Vec<(String, ExprId)> = vec![];
        let mut is_right = true;
        let level = self.level_of(&items, walk.is_first);
        walk.levels.push(level);
        for item in &items {
            let Item::Layer(line) = item else { continue };
            let Some(label) = &line.label else {
                self.found.push(
                    Diagnostic::new("S001", "a head needs a name")
                        .at(line.span, "write `name: layer …`")
                        .help("heads are used by their names: `f(x).name`"),
                );
                is_right = false;
                continue;
            };
            if heads.iter().any(|(name, _)| *name == label.value) {
                self.found.push(
                    Diagnostic::new("N002", format!("two heads are called `{}`", label.value))
                        .at(label.span, "the second one"),
                );
                is_right = false;
                continue;
            }
            let outer = std::mem::take(&mut walk.prefix);
            walk.prefix = format!("{outer}.{}", label.value);
            let count = std::mem::take(&mut walk.count);
            let value = match &line.kind {
                Some(kind) => {
                    walk.is_head = layers::find(&kind.value).is_some_and(|l| l.body == Body::Overrides);
                    match self.layer(walk, line, x) {
                        Some(Output::One(id)) => Some(id),
                        Some(Output::Heads(_)) => {
                            self.found.push(error::not_yet("`heads` inside `heads`", line.span));
                            None
                        }
                        None => None,
                    }
                }
                None => self.block(walk, line.body.as_deref().unwrap_or_default(), x, line.span),
            };
            walk.prefix = outer;
            walk.count = count;
            walk.is_head = false;
            match value {
                Some(id) => heads.push((label.value.clone(), self.arena.single(id))),
                None => is_right = false,
            }
        }
        walk.levels.pop();
        if heads.is_empty() && is_right {
            self.found.push(Diagnostic::new("S001", "`heads` without a head").at(span, "name at least one"));
            return None;
        }
        is_right.then_some(Output::Heads(heads))
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

/// `noise.1` of `g.noise.1`
fn path_in_net(path: &str) -> String {
    path.split_once('.').map_or(path, |(_, rest)| rest).to_owned()
}

/// The name that an item declares inside a net.
fn declared_name(item: &Item) -> Option<&Name> {
    match item {
        Item::Random { name, .. } | Item::Define { name, .. } => Some(name),
        _ => None,
    }
}

fn twice(item: &Item, name: &Name, first: Span) -> Diagnostic {
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

fn no_such_layer(word: &Name) -> Diagnostic {
    if layers::PLANNED.contains(&word.value.as_str()) {
        return error::not_yet(&format!("the layer `{}`", word.value), word.span);
    }
    let finding = Diagnostic::new("N012", format!("no layer is called `{}`", word.value))
        .at(word.span, "a layer is wanted here");
    if layers::find_activation(&word.value).is_some() {
        return finding
            .help(format!("an activation stands at the end of a layer's line: `dense 10 {}`", word.value));
    }
    let known = layers::ALL.iter().map(|l| l.name).chain(layers::PLANNED.iter().copied());
    match suggest::nearest(&word.value, known) {
        Some(near) => finding.help(format!("did you mean `{near}`?")).fix(word.span, near),
        None => {
            let names: Vec<&str> = layers::ALL.iter().map(|l| l.name).collect();
            finding.help(format!("the layers are {}", error::and_list(&names)))
        }
    }
}

fn misfit_words(misfit: Misfit, kind: &Layer, word: &Name, span: Span) -> Diagnostic {
    match misfit {
        Misfit::KernelTooLarge { kernel, input } => {
            let (k, i) = (error::by(&kernel), error::by(&input));
            let what = if kind.has_kernel { "kernel" } else { "window" };
            let help = match kind.has_kernel {
                true => "use a smaller kernel, `pad same`, or fewer pools before it",
                false => "use a smaller window, or fewer pools before it",
            };
            Diagnostic::new("T004", format!("{} {what} {k} is larger than its {i} input", kind.name))
                .at(span, format!("its input is {i}"))
                .help(help)
        }
        Misfit::NeedsSquare => {
            error::not_yet(&format!("`{}` of an image that is not square", kind.name), word.span)
        }
    }
}
