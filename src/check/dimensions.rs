//! `inputs` and `outputs`: the dimensions of a layer, by which sizes agree in its scope.
//!
//! ```text
//! w ~ Normal(0, s / sqrt(fan_in))     w is [inputs, outputs]
//! s[inputs] ~ HalfNormal(1)           so each row of w has the scale of its input
//! ```
//!
//! A 5 by 5 layer has two axes of one size, so numbers could not tell them apart. What runs along a dimension carries
//! its name through elementwise operations, and is repeated along what it lacks where it meets a tensor.

use super::arena::{Arena, Axis, Side};
use super::distributions::Target;
use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::Diagnostic;
use crate::layers::Tensors;
use crate::model::ExprId;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use crate::ty::Shape;

impl Side {
    /// The word of the language.
    pub fn name(self) -> &'static str {
        match self {
            Side::Inputs => "inputs",
            Side::Outputs => "outputs",
        }
    }

    /// The side that a word names.
    pub fn of(name: &str) -> Option<Side> {
        [Side::Inputs, Side::Outputs].into_iter().find(|side| side.name() == name)
    }
}

/// How many there are: the last two axes of `w` run along them.
fn size(tensors: &Tensors, side: Side) -> usize {
    let from_end = if side == Side::Inputs { 2 } else { 1 };
    tensors.weights.0.iter().rev().nth(from_end - 1).copied().unwrap_or(1)
}

impl<'a> Checker<'a> {
    /// The axis that a size on the left of `~` names, in the scope of a layer.
    pub(super) fn axis(&self, size: &Expr, scope: &Scope<'a>) -> Option<Axis> {
        let layer = scope.layer?;
        let ExprKind::Name(name) = &size.kind else { return None };
        let is_hidden = scope.parameters.iter().any(|(n, _)| n == name)
            || self.layer_scopes[layer].declarations.contains_key(name.as_str());
        let side = Side::of(name).filter(|_| !is_hidden)?;
        Some(Axis { layer, side })
    }

    /// How many inputs or outputs a layer has.
    pub(super) fn axis_size(&self, axis: Axis) -> usize {
        size(&self.layer_scopes[axis.layer].tensors, axis.side)
    }

    /// `inputs` where a number is wanted.
    pub(super) fn dimension_is_no_number(&mut self, name: &str, span: Span) {
        let number = if name == Side::Inputs.name() { "fan_in" } else { "fan_out" };
        self.found.push(
            Diagnostic::new("T002", format!("`{name}` is a dimension, not a number"))
                .at(span, "a number is wanted here")
                .help(format!(
                    "`s[{name}] ~ …` gives one copy for each; the number for priors is `{number}`"
                )),
        );
    }

    /// The argument of a tensor's prior, repeated along the dimensions that it lacks.
    pub(super) fn along_tensor(
        &mut self,
        id: ExprId,
        arg: &Expr,
        scope: &Scope<'a>,
        target: &Target,
    ) -> Option<ExprId> {
        let axes = self.arena.axes(id).to_vec();
        let Some(layer) = scope.layer.filter(|_| !axes.is_empty()) else { return Some(id) };
        let tensors = &self.layer_scopes[layer].tensors;
        let path = &self.layer_scopes[layer].path;
        let [inputs, outputs] = [Side::Inputs, Side::Outputs].map(|side| Axis { layer, side });
        let wanted: &[Axis] = match target.name.strip_prefix(path.as_str()) {
            Some(".w") => &[inputs, outputs],
            Some(".b") => &[outputs],
            _ => return Some(id),
        };
        let columns = size(tensors, Side::Outputs);
        if axes.iter().all(|axis| wanted.contains(axis)) {
            return Some(match axes.last() {
                Some(axis) if *axis == inputs && wanted.len() == 2 => {
                    self.arena.repeat(id, columns, outputs, arg.span)
                }
                _ => id,
            });
        }
        let run = |axes: &[Axis]| {
            let names: Vec<&str> = axes.iter().map(|a| a.side.name()).collect();
            error::and_list(&names)
        };
        let written = error::written(arg);
        let mut finding = Diagnostic::new(
            "T001",
            format!(
                "`{written}` runs along the {} of a layer, `{}` along its {}",
                run(&axes),
                target.name,
                run(wanted)
            ),
        )
        .at(arg.span, format!("runs along its {}", run(&axes)));
        if target.name.ends_with(".b") {
            finding = finding.help("a bias belongs to an output: give it a scale of its own, `s[outputs]`");
        }
        self.found.push(finding);
        None
    }
}

impl Arena {
    /// Two operands that run along dimensions of one layer, the first repeated along what only the other has.
    pub(super) fn on_common_axes(&mut self, a: ExprId, b: ExprId, span: Span) -> (ExprId, ExprId) {
        (self.wide_enough(a, b, span), self.wide_enough(b, a, span))
    }

    /// `x [inputs]` as `[inputs, outputs]` if the other runs along the outputs of the same layer.
    fn wide_enough(&mut self, x: ExprId, other: ExprId, span: Span) -> ExprId {
        match (self.axes(x), self.axes(other).last()) {
            ([Axis { layer, side: Side::Inputs }], Some(axis))
                if *axis == (Axis { layer: *layer, side: Side::Outputs }) =>
            {
                let axis = *axis;
                let count = self.shape(other).0.last().copied().unwrap_or(1);
                self.repeat(x, count, axis, span)
            }
            _ => x,
        }
    }

    /// Whether one of two operands that run along dimensions is the end of the other.
    pub(super) fn is_end_by_name(&self, a: ExprId, b: ExprId) -> Option<Shape> {
        let (x, y) = (self.axes(a), self.axes(b));
        if x.is_empty() || y.is_empty() {
            return None;
        }
        match (x.ends_with(y), y.ends_with(x)) {
            (true, _) => Some(self.shape(a).clone()),
            (_, true) => Some(self.shape(b).clone()),
            _ => None,
        }
    }
}
