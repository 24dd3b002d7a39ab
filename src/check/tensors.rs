//! The tensors of a layer: which declarations it sees, its path, its scope.

use super::Checker;
use super::calls::Output;
use super::nets::{Walk, declared_name};
use super::scope::LayerScope;
use crate::diagnostic::Diagnostic;
use crate::layers::{Layer, Operation, Plan};
use crate::model::{ExprId, NetLayer};
use crate::syntax::ast::{Item, Layer as Line};
use crate::ty::Shape;
use std::collections::HashMap;

impl<'a> Checker<'a> {
    /// The weights and biases of a layer: made at the first call, shared by later ones.
    pub(super) fn tensors(
        &mut self,
        walk: &mut Walk<'a>,
        kind: &'static Layer,
        plan: &Plan,
        line: &'a Line,
    ) -> Option<(ExprId, Option<ExprId>)> {
        walk.count += 1;
        let label = line.label.as_ref().map_or_else(|| walk.count.to_string(), |l| l.value.clone());
        let path = match std::mem::take(&mut walk.is_head) {
            true => walk.prefix.clone(),
            false => format!("{}.{label}", walk.prefix),
        };
        let known = self.net_states[walk.net].layers.get(&path).copied();
        if walk.is_first && self.is_a_block(walk.net, &path, line) {
            return None;
        }
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
                    block: walk.block,
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
        let w = self.layer_value(scope, "w", line.span);
        match self.layer_scopes[scope].tensors.biases {
            Some(_) => Some((w?, Some(self.layer_value(scope, "b", line.span)?))),
            None => Some((w?, None)),
        }
    }

    /// The declarations that a layer sees, the nearest by each name.
    pub(super) fn seen_by(
        &mut self,
        walk: &Walk<'a>,
        kind: &Layer,
        line: &'a Line,
    ) -> HashMap<&'a str, &'a Item> {
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
    pub(super) fn record(
        &mut self,
        walk: &mut Walk<'a>,
        plan: &Plan,
        activation: &str,
        input: &Shape,
        output: &Output,
    ) {
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
}

/// `noise.1` of `g.noise.1`
fn path_in_net(path: &str) -> String {
    path.split_once('.').map_or(path, |(_, rest)| rest).to_owned()
}
