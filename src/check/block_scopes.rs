//! Names that a block of layers declares: once per block, seen by the layers in it.
//!
//! ```text
//! net f(x) {
//!   residual {
//!     s ~ HalfNormal(1)                 f.residual.s, shared by the two layers
//!     each layer { w ~ Normal(0, s) }
//!     dense 8 tanh
//!     dense 8
//!   }
//! ```
//!
//! A block is named by its label (`skip: residual { … }`), a head's block by the head, others by their word and, from
//! the second on, their number: `f.residual2`.

use super::Checker;
use super::nets::{Walk, declared_name, twice};
use super::scope::{LOCAL_DEPTH, Local, Scope};
use crate::diagnostic::Diagnostic;
use crate::model::{ExprId, Role};
use crate::source::Span;
use crate::syntax::ast::{Item, Layer as Line};
use std::collections::HashMap;

/// The declarations of one block of layers.
#[derive(Debug)]
pub struct BlockScope<'a> {
    /// The block around it that declares names, a position in `block_scopes`.
    pub parent: Option<usize>,
    /// Position in `net_states`.
    pub net: usize,
    /// `f.residual`
    pub path: String,
    /// Declarations by name.
    pub declarations: HashMap<&'a str, &'a Item>,
    /// What has been asked for.
    pub values: HashMap<&'a str, Local>,
    /// The line that opens it.
    pub span: Span,
}

impl Walk<'_> {
    /// The name of the block that a line opens: its label, or its word with its number.
    pub(super) fn block_path(&mut self, line: &Line) -> String {
        if let Some(label) = &line.label {
            return format!("{}.{}", self.prefix, label.value);
        }
        let word = line.kind.as_ref().map_or("block", |k| k.value.as_str());
        let path = format!("{}.{word}", self.prefix);
        let count = self.blocks.entry(path.clone()).or_default();
        *count += 1;
        if *count == 1 { path } else { format!("{path}{count}") }
    }
}

impl<'a> Checker<'a> {
    /// The scope of a block that declares names, found again by later calls of the net; else the scope around it.
    pub(super) fn block_scope(
        &mut self,
        walk: &Walk<'a>,
        path: String,
        items: &[&'a Item],
        line: &Line,
    ) -> Option<usize> {
        if items.iter().all(|item| declared_name(item).is_none()) {
            return walk.block;
        }
        if !walk.is_first
            && let Some(known) = self.net_states[walk.net].blocks.get(&path)
        {
            return Some(*known);
        }
        let taken = self.net_states[walk.net].layers.get(&path).map(|l| self.layer_scopes[*l].span);
        let known = self.net_states[walk.net].blocks.get(&path).map(|b| self.block_scopes[*b].span);
        if let Some(first) = taken.or(known) {
            let at = line.label.as_ref().map_or(line.span, |l| l.span);
            self.found.push(two_of_one_name(&path, at, first));
        }
        self.hidden_names(items, walk.block, "in this block");
        let whose = format!("the block `{path}`");
        let declarations = self.own_declarations(items, &whose);
        self.block_scopes.push(BlockScope {
            parent: walk.block,
            net: walk.net,
            path: path.clone(),
            declarations,
            values: HashMap::new(),
            span: line.span,
        });
        let position = self.block_scopes.len() - 1;
        self.net_states[walk.net].blocks.insert(path, position);
        Some(position)
    }

    /// N002 where a layer has the name of a block with declarations: `f.skip.s` would be two things.
    pub(super) fn is_a_block(&mut self, net: usize, path: &str, line: &Line) -> bool {
        let Some(block) = self.net_states[net].blocks.get(path) else { return false };
        let at = line.label.as_ref().map_or(line.span, |l| l.span);
        let finding = two_of_one_name(path, at, self.block_scopes[*block].span);
        self.found.push(finding);
        true
    }

    /// The value of a name that a block declares; `None` if it has no such name.
    pub(super) fn block_name(&mut self, block: usize, name: &'a str, span: Span) -> Option<Option<ExprId>> {
        let scope = &self.block_scopes[block];
        let item = *scope.declarations.get(name)?;
        match scope.values.get(name) {
            Some(Local::Done(value)) => return Some(*value),
            Some(Local::Open) => return Some(self.circle(name, span)),
            None => {}
        }
        let (net, full) = (scope.net, format!("{}.{name}", scope.path));
        let state = &self.net_states[net];
        let role = Role::Net { net: state.position, layer: None, fan_in: 0, tensor: name.to_owned() };
        let inner =
            Scope { parameters: state.parameters.clone(), net: Some(net), block: Some(block), layer: None };
        self.block_scopes[block].values.insert(name, Local::Open);
        let value = self.deeper(LOCAL_DEPTH, span, |checker| checker.local(item, full, &inner, None, role));
        self.block_scopes[block].values.insert(name, Local::Done(value));
        Some(value)
    }

    /// A block and those around it, from the inside out.
    pub(super) fn blocks_around(&self, block: Option<usize>) -> Vec<usize> {
        std::iter::successors(block, |b| self.block_scopes[*b].parent).collect()
    }

    /// The declarations of a net's or a block's own scope: K006 for tensors, N008 and N002 for a second one.
    pub(super) fn own_declarations(&mut self, items: &[&'a Item], whose: &str) -> HashMap<&'a str, &'a Item> {
        let mut declarations: HashMap<&'a str, &'a Item> = HashMap::new();
        for item in items {
            let Some(declared) = declared_name(item) else { continue };
            if matches!(declared.value.as_str(), "w" | "b") {
                let tensor = &declared.value;
                let finding =
                    Diagnostic::new("K006", format!("{whose} declares `{tensor}` in its own scope"))
                        .at(declared.span, "a layer's tensor would not be this one")
                        .help(format!("write `each layer {{ {tensor} ~ … }}`"));
                self.found.push(match item {
                    Item::Random { sizes, dist, .. } if sizes.is_empty() => finding
                        .fix(declared.span.to(dist.span), format!("each layer {{ {tensor} ~ {dist} }}")),
                    _ => finding,
                });
                continue;
            }
            if let Some(first) = declarations.insert(&declared.value, item)
                && let Some(first) = declared_name(first)
            {
                self.found.push(twice(item, declared, first.span));
            }
        }
        declarations
    }

    /// N010: a declaration that hides one further out. `w` and `b` always mean the tensors here.
    pub(super) fn hidden_names(&mut self, items: &[&'a Item], block: Option<usize>, place: &str) {
        for item in items {
            let Some(name) = declared_name(item).filter(|n| !matches!(n.value.as_str(), "w" | "b")) else {
                continue;
            };
            let word = name.value.as_str();
            let around = self.blocks_around(block);
            let in_block = around.into_iter().find_map(|b| self.block_scopes[b].declarations.get(word));
            let in_net = || self.net_states.last().and_then(|net| net.declarations.get(word));
            let top = self.names.find(word).map(|i| self.names.declarations[i].span);
            let outer = in_block.or_else(in_net).and_then(|item| declared_name(item)).map(|n| n.span);
            let Some(outer) = outer.or(top) else { continue };
            self.found.push(
                Diagnostic::new("N010", format!("`{word}` {place} hides the one outside"))
                    .at(name.span, "this one is meant in the layers")
                    .at(outer, "hidden"),
            );
        }
    }
}

fn two_of_one_name(path: &str, at: Span, first: Span) -> Diagnostic {
    Diagnostic::new("N002", format!("two parts of the net are called `{path}`"))
        .at(at, "the second one")
        .at(first, "the first one")
        .help("give one of them another label")
}
