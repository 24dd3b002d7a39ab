//! Where names are looked up inside functions and nets, from the inside out.
//!
//! ```text
//! parameters → declarations of the layer, fan_in, fan_out → of the blocks around it → of the net → the top
//! ```
//!
//! Declarations inside nets are checked when something asks for them: what a layer does not use is left out.

use super::arena::Axis;
use super::calls::several_outputs;
use super::names::What;
use super::{Checker, error, signatures};
use crate::diagnostic::Diagnostic;
use crate::layers::Tensors;
use crate::model::{ExprId, Role};
use crate::source::Span;
use crate::syntax::ast::Item;
use crate::ty::Shape;
use std::collections::HashMap;

/// What a declaration inside a net adds to the depth: checking it goes through several functions.
pub(super) const LOCAL_DEPTH: usize = 8;

/// Where an expression stands.
#[derive(Debug, Clone, Default)]
pub struct Scope<'a> {
    /// Parameters of the function or net with their values.
    pub parameters: Vec<(&'a str, ExprId)>,
    /// Position in `net_states`.
    pub net: Option<usize>,
    /// Position in `block_scopes`.
    pub block: Option<usize>,
    /// Position in `layer_scopes`.
    pub layer: Option<usize>,
}

/// A declaration of a net: on its way, or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Local {
    /// being checked: asking for it again is a circle
    Open,
    /// checked
    Done(Option<ExprId>),
}

/// The declarations that one layer sees, and what is known of its tensors.
#[derive(Debug)]
pub struct LayerScope<'a> {
    /// Position in `net_states`.
    pub net: usize,
    /// The innermost block with declarations that it stands in.
    pub block: Option<usize>,
    /// Position in the layers of the net.
    pub layer: usize,
    /// `f.1`
    pub path: String,
    /// Shapes of the tensors.
    pub tensors: Tensors,
    /// Nearest declarations by name.
    pub declarations: HashMap<&'a str, &'a Item>,
    /// What has been asked for.
    pub values: HashMap<&'a str, Local>,
    /// The layer's line.
    pub span: Span,
}

impl<'a> Checker<'a> {
    /// The value of a name.
    pub(super) fn name(&mut self, name: &'a str, span: Span, scope: &Scope<'a>) -> Option<ExprId> {
        if let Some((_, id)) = scope.parameters.iter().find(|(n, _)| *n == name) {
            return Some(*id);
        }
        if let Some(layer) = scope.layer
            && let Some(value) = self.layer_name(layer, name, span)
        {
            return value;
        }
        let mut block = scope.block;
        while let Some(at) = block {
            if let Some(value) = self.block_name(at, name, span) {
                return value;
            }
            block = self.block_scopes[at].parent;
        }
        if let Some(net) = scope.net
            && let Some(value) = self.net_name(net, name, span)
        {
            return value;
        }
        if let Some(i) = self.names.find(name) {
            return self.declared(i, span);
        }
        match name {
            "pi" => Some(self.arena.number(std::f64::consts::PI, span)),
            "inf" => Some(self.arena.number(f64::INFINITY, span)),
            _ => {
                let finding = self.unknown_name(name, span, scope);
                self.found.push(finding);
                None
            }
        }
    }

    fn declared(&mut self, i: usize, span: Span) -> Option<ExprId> {
        let declaration = &self.names.declarations[i];
        self.used.insert(declaration.span);
        let (name, at) = (declaration.name, declaration.span);
        let (what, call) = match declaration.what {
            What::Function { parameters, .. } => ("a function", parameters),
            What::Net { parameters, .. } => ("a net", parameters),
            What::Column(_) | What::Const(_) | What::Define(_) | What::Unknown { .. } => {
                if let Some(heads) = self.heads.get(&i) {
                    self.found.push(several_outputs(name, "", heads, span));
                }
                return self.values[i].flatten();
            }
        };
        let call: Vec<&str> = call.iter().map(|p| p.value.as_str()).collect();
        self.found.push(
            Diagnostic::new("T002", format!("`{name}` is {what}, not a value"))
                .at(span, "a value is wanted here")
                .at(at, "declared here")
                .help(format!("call it: `{name}({})`", call.join(", "))),
        );
        None
    }

    fn unknown_name(&self, name: &str, span: Span, scope: &Scope<'a>) -> Diagnostic {
        if signatures::find(name).is_some() {
            return Diagnostic::new("N001", format!("no value is called `{name}`"))
                .at(span, "this is the name of a function")
                .help(format!("functions are called: `{name}(…)`"));
        }
        let mut known: Vec<&str> = self.names.all().chain(scope.parameters.iter().map(|(n, _)| *n)).collect();
        if let Some(layer) = scope.layer {
            known.extend(self.layer_scopes[layer].declarations.keys());
            known.extend(["fan_in", "fan_out"]);
        }
        for block in self.blocks_around(scope.block) {
            known.extend(self.block_scopes[block].declarations.keys());
        }
        if let Some(net) = scope.net {
            known.extend(self.net_states[net].declarations.keys());
        }
        let finding = error::not_defined(name, span, known);
        if matches!(name, "fan_in" | "fan_out") {
            return finding.note("it is known inside `each …` and in a layer's own braces only");
        }
        match scope.layer {
            Some(layer) if !self.layer_scopes[layer].path.is_empty() => {
                let layer = &self.layer_scopes[layer];
                finding.at(layer.span, format!("in the scope of `{}`", layer.path))
            }
            _ => finding,
        }
    }

    /// A name that a layer declares, or one of its numbers; `None` if it has no such name.
    fn layer_name(&mut self, layer: usize, name: &'a str, span: Span) -> Option<Option<ExprId>> {
        let scope = &self.layer_scopes[layer];
        let size = match name {
            "fan_in" => Some(scope.tensors.fan_in),
            "fan_out" => Some(scope.tensors.fan_out),
            _ => None,
        };
        if let Some(size) = size {
            return Some(Some(self.arena.number(size as f64, span)));
        }
        if matches!(name, "inputs" | "outputs") && !scope.declarations.contains_key(name) {
            self.dimension_is_no_number(name, span);
            return Some(None);
        }
        if scope.declarations.contains_key(name) || matches!(name, "w" | "b") {
            return Some(self.layer_value(layer, name, span));
        }
        None
    }

    /// The value of a declaration of a layer, or of one of its tensors.
    pub(super) fn layer_value(&mut self, layer: usize, name: &'a str, span: Span) -> Option<ExprId> {
        match self.layer_scopes[layer].values.get(name) {
            Some(Local::Done(value)) => return *value,
            Some(Local::Open) => return self.circle(name, span),
            None => {}
        }
        self.layer_scopes[layer].values.insert(name, Local::Open);
        let value = self.deeper(LOCAL_DEPTH, span, |checker| checker.layer_declaration(layer, name));
        self.layer_scopes[layer].values.insert(name, Local::Done(value));
        value
    }

    fn layer_declaration(&mut self, layer: usize, name: &'a str) -> Option<ExprId> {
        let scope = &self.layer_scopes[layer];
        let net = scope.net;
        let full = format!("{}.{name}", scope.path);
        let tensor = match name {
            "w" => Some(scope.tensors.weights.clone()),
            "b" => scope.tensors.biases.clone(),
            _ => None,
        };
        let role = Role::Net {
            net: self.net_states[net].position,
            layer: Some(scope.layer),
            fan_in: scope.tensors.fan_in,
            tensor: name.to_owned(),
        };
        let Some(item) = scope.declarations.get(name).copied() else {
            let span = scope.span;
            return self.default_tensor(full, name, tensor?, role, span);
        };
        let inner = Scope {
            parameters: self.net_states[net].parameters.clone(),
            net: Some(net),
            block: scope.block,
            layer: Some(layer),
        };
        self.local(item, full, &inner, tensor, role)
    }

    /// A name that a net declares outside `each`.
    fn net_name(&mut self, net: usize, name: &'a str, span: Span) -> Option<Option<ExprId>> {
        let state = &self.net_states[net];
        let item = *state.declarations.get(name)?;
        match state.values.get(name) {
            Some(Local::Done(value)) => return Some(*value),
            Some(Local::Open) => return Some(self.circle(name, span)),
            None => {}
        }
        let full = format!("{}.{name}", state.name);
        let role = Role::Net { net: state.position, layer: None, fan_in: 0, tensor: name.to_owned() };
        let inner = Scope { parameters: state.parameters.clone(), net: Some(net), ..Scope::default() };
        self.net_states[net].values.insert(name, Local::Open);
        let value = self.deeper(LOCAL_DEPTH, span, |checker| checker.local(item, full, &inner, None, role));
        self.net_states[net].values.insert(name, Local::Done(value));
        Some(value)
    }

    /// A declaration inside a net: `name ~ …` or `name = …`; a tensor's shape is given.
    pub(super) fn local(
        &mut self,
        item: &'a Item,
        full: String,
        scope: &Scope<'a>,
        tensor: Option<Shape>,
        role: Role,
    ) -> Option<ExprId> {
        let id = match item {
            Item::Random { name, sizes, dist } => {
                let shape = match tensor {
                    Some(shape) if sizes.is_empty() => shape,
                    Some(_) => {
                        self.found.push(
                            Diagnostic::new("T001", format!("`{full}` has the size that its layer gives it"))
                                .at(name.span, "a size on the left is not wanted here")
                                .help(format!("write `{} ~ …`", name.value)),
                        );
                        return None;
                    }
                    None => self.sizes(sizes, scope)?.0,
                };
                let id = self.unknown(full.clone(), shape, vec![], &[], dist, scope, role, name.span)?;
                let axes: Option<Vec<Axis>> = sizes.iter().map(|size| self.axis(size, scope)).collect();
                self.arena.set_axes(id, axes.unwrap_or_default());
                id
            }
            Item::Define { name, parameters, value } if parameters.is_empty() => {
                let id = self.expr(value, scope)?;
                let id = self.numeric(id, value)?;
                if let Some(wanted) = tensor {
                    let shape = self.arena.shape(id).clone();
                    let is_bias = name.value == "b";
                    if shape != wanted && !(is_bias && shape.is_scalar()) {
                        let found = (name.value.as_str(), name.span, &wanted);
                        let written = error::written(value);
                        self.found.push(error::sizes_differ(
                            found,
                            (written.as_str(), value.span, &shape),
                            None,
                        ));
                        return None;
                    }
                }
                self.arena.name(id, &full);
                id
            }
            _ => return None,
        };
        self.parts.insert(full, id);
        Some(id)
    }

    pub(super) fn circle(&mut self, name: &str, span: Span) -> Option<ExprId> {
        self.found.push(
            Diagnostic::new("N003", format!("`{name}` is defined by itself"))
                .at(span, "its right side comes back to it")
                .help("one of the definitions must do without the others"),
        );
        None
    }
}
