//! Layers that hold other layers: `residual`, `concat`, `heads`.

use super::Checker;
use super::calls::Output;
use super::nets::{BLOCK_DEPTH, Walk};
use crate::diagnostic::Diagnostic;
use crate::layers::{self, Body};
use crate::model::ExprId;
use crate::syntax::ast::{Item, Layer as Line};

impl<'a> Checker<'a> {
    /// An inner stack with one output.
    pub(super) fn block(
        &mut self,
        walk: &mut Walk<'a>,
        path: String,
        line: &'a Line,
        x: ExprId,
    ) -> Option<ExprId> {
        let span = line.span;
        let items = self.choices.active(line.body.as_deref().unwrap_or_default(), self.picks);
        let outer = walk.block;
        walk.block = self.block_scope(walk, path, &items, line);
        let output = self.deeper(BLOCK_DEPTH, span, |checker| checker.stack(walk, &items, x));
        walk.block = outer;
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

    /// The stack of `residual` or `concat`.
    pub(super) fn labelled_block(
        &mut self,
        walk: &mut Walk<'a>,
        line: &'a Line,
        x: ExprId,
    ) -> Option<ExprId> {
        let path = walk.block_path(line);
        self.block(walk, path, line, x)
    }

    pub(super) fn residual(&mut self, walk: &mut Walk<'a>, line: &'a Line, x: ExprId) -> Option<ExprId> {
        let span = line.span;
        let inner = self.labelled_block(walk, line, x)?;
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
    pub(super) fn heads(&mut self, walk: &mut Walk<'a>, line: &'a Line, x: ExprId) -> Option<Output> {
        let (span, all) = (line.span, line.span);
        let items = self.choices.active(line.body.as_deref().unwrap_or_default(), self.picks);
        let (outer_block, path) = (walk.block, walk.block_path(line));
        walk.block = self.block_scope(walk, path, &items, line);
        let mut heads: Vec<(String, ExprId)> = vec![];
        let mut is_right = true;
        let level = self.level_of(walk, &items);
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
                            self.found.push(
                                Diagnostic::new("T003", "a head cannot have heads of its own")
                                    .at(line.span, "one output is wanted here")
                                    .help("name all outputs side by side in one `heads { … }`"),
                            );
                            None
                        }
                        None => None,
                    }
                }
                None => self.block(walk, walk.prefix.clone(), line, x),
            };
            walk.prefix = outer;
            walk.count = count;
            walk.is_head = false;
            match value {
                Some(id) => {
                    let id = self.arena.single(id);
                    self.named_heads.push((id, label, all));
                    heads.push((label.value.clone(), id));
                }
                None => is_right = false,
            }
        }
        walk.levels.pop();
        walk.block = outer_block;
        if heads.is_empty() && is_right {
            self.found.push(Diagnostic::new("S001", "`heads` without a head").at(span, "name at least one"));
            return None;
        }
        is_right.then_some(Output::Heads(heads))
    }
}
