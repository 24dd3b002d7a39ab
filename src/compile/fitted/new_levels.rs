//! Levels of factors that the fit did not know: their copies of unknowns are drawn from the prior, given the rest.
//!
//! ```text
//! a[part] ~ Normal(m, t)     a draw of the posterior has a for the parts of the fit, m and t;
//!                            the copy of a new part is a new draw of Normal(m, t)
//! ```
//!
//! The model is checked again with the new levels behind the known ones, and every unknown keeps its values: draws of
//! the posterior are completed in the space of values, from which predictions are then made.

use super::FittedModel;
use super::load::{damaged, treated_again};
use crate::compile::prior;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::{Executor, NoiseKey};
use crate::infer::each_draw::{DrawKey, Source};
use crate::infer::prior::Prior;
use crate::lower::{LATENTS, LogJoint, Parameterization, lower};
use crate::model::{ExprKind, Model, Role};
use crate::passes::optimise;
use crate::plan::plan;
use crate::ty::Shape;
use std::cell::RefCell;
use std::sync::Arc;

/// New labels of factors: position of the declared column, and the labels.
pub(super) type NewLabels = Vec<(usize, Vec<String>)>;

/// A fitted model for more levels than the fit had.
pub(super) struct Extended {
    /// With its columns' levels.
    pub(super) model: Model,
    /// Its latents are the values of the unknowns.
    pub(super) joint: LogJoint,
    values: RefCell<Executor<f64>>,
    prior: Prior,
    /// For each unknown where its values lie among the program's outputs and where they go.
    kept: Vec<Kept>,
    /// Of each latent, whether the posterior has no value of it.
    is_new: Vec<bool>,
}

/// The values that the posterior has of an unknown.
struct Kept {
    output: usize,
    /// Of each value its place among the latents.
    places: Vec<usize>,
}

impl FittedModel {
    /// The same model with more levels.
    ///
    /// # Errors
    /// X001 where a copy of a new level would change what is said of known ones, or has no draw of its own.
    pub(super) fn with_levels(&self, labels: &NewLabels) -> Result<Extended, Diagnostics> {
        let mut compiled = self.run.compiled.clone().unwrap_or_default();
        let before: Vec<Vec<String>> = compiled.columns.iter().map(|c| c.levels.clone()).collect();
        for (column, labels) in labels {
            // Columns with the same levels share them: `home, away : factor(team)`.
            let alike = compiled.columns.iter_mut().zip(&before).filter(|(_, own)| **own == before[*column]);
            for (record, _) in alike {
                let new = labels.iter().filter(|l| !record.levels.contains(l)).cloned().collect::<Vec<_>>();
                record.levels.extend(new);
            }
        }
        let (_, mut model, _) = treated_again(&self.source, &self.run, &compiled, &self.options)?;
        only_copies(&self.model, &model)?;
        prior::as_values(&mut model);
        let joint = lower(&model, &Parameterization::default());
        let starts: Vec<usize> = joint.latents.iter().map(|l| l.start).collect();
        let mut tape = self.joint.tape.clone();
        tape.outputs.retain(|(name, _)| name.starts_with("value:"));
        let program = plan(&optimise(&tape, &mut |_, _, _| {}), 16).map_err(super::predict::refused)?;
        let (mut kept, mut is_new) = (vec![], vec![true; joint.dim]);
        for (i, (old, new)) in self.model.unknowns.iter().zip(&model.unknowns).enumerate() {
            let name = format!("value:{}", old.name);
            let output = program.outputs.iter().position(|o| o.name == name);
            let output = output.ok_or_else(|| damaged(format!("`{}` has no values", old.name)))?;
            let places: Vec<usize> =
                places(&old.shape, &new.shape).into_iter().map(|place| starts[i] + place).collect();
            places.iter().for_each(|place| is_new[*place] = false);
            kept.push(Kept { output, places });
        }
        let is_extended: Vec<bool> =
            self.model.unknowns.iter().zip(&model.unknowns).map(|(a, b)| a.shape != b.shape).collect();
        let prior = Prior::of(&model, &starts, joint.dim, &|u| is_extended[u])?;
        let values = RefCell::new(Executor::new(Arc::new(program)));
        Ok(Extended { model, joint, values, prior, kept, is_new })
    }
}

/// X001 unless all that differs between the models is that some unknowns have more copies, of which a row reads its own.
fn only_copies(old: &Model, new: &Model) -> Result<(), Diagnostics> {
    let refused = |what: String, span| {
        Diagnostic::new("X001", format!("`--unknown-level global` cannot be used with this model: {what}"))
            .at(span, "here")
            .help("fit the model again with rows of the new levels, or leave those rows out")
    };
    if old.exprs.len() != new.exprs.len() || old.unknowns.len() != new.unknowns.len() {
        return Err(damaged("model.bnn reads otherwise with other levels"));
    }
    let differs = |i: usize| old.exprs[i].ty.shape != new.exprs[i].ty.shape;
    for (i, (a, b)) in old.exprs.iter().zip(&new.exprs).enumerate() {
        let is_number = matches!(a.kind, ExprKind::Number(_) | ExprKind::Fixed(_));
        if is_number && a.kind != b.kind {
            return Err(refused("a number in it depends on how many levels there are".into(), b.span).into());
        }
        let is_index = matches!(b.kind, ExprKind::IndexBy(..) | ExprKind::Element(..));
        let reads_all = !is_index && b.kind.operands().iter().any(|x| differs(x.0 as usize));
        if reads_all && !differs(i) {
            let what = "all levels are read together, so a new one would change what is said of the others";
            return Err(refused(what.into(), b.span).into());
        }
    }
    for (a, b) in old.unknowns.iter().zip(&new.unknowns).filter(|(a, b)| a.shape != b.shape) {
        let own = b.prior.event().rank().min(b.shape.rank());
        let copies = b.shape.rank() - own;
        let is_own = a.shape.rank() == b.shape.rank() && a.shape.0[copies..] == b.shape.0[copies..];
        let is_in_order = b.prior.is_ordered && a.shape.0.last() != b.shape.0.last();
        let why = match &b.role {
            Role::Net { .. } => "the weights of a net read the factor",
            Role::Plain if !is_own => "its levels have one joint prior",
            Role::Plain if is_in_order => "its levels are in order",
            Role::Plain => continue,
        };
        return Err(refused(format!("`{}` has no copy of its own for a level: {why}", b.name), b.span).into());
    }
    Ok(())
}

/// Of each element of an array its place in a larger one with the same axes.
fn places(old: &Shape, new: &Shape) -> Vec<usize> {
    let place = |mut at: usize| {
        let (mut place, mut step) = (0, 1);
        for (from, to) in old.0.iter().zip(&new.0).rev() {
            place += at % from * step;
            at /= from;
            step *= to;
        }
        place
    };
    (0..old.len()).map(place).collect()
}

/// Draws of a posterior, completed.
pub(super) struct Completed<'a> {
    pub(super) inner: &'a dyn Source,
    pub(super) extended: &'a Extended,
}

impl Source for Completed<'_> {
    fn dim(&self) -> usize {
        self.extended.joint.dim
    }

    fn is_point(&self) -> bool {
        false
    }

    fn latents(&self, key: DrawKey, u: &mut [f64]) {
        let Extended { values, prior, kept, is_new, .. } = self.extended;
        let mut executor = values.borrow_mut();
        let mut known = vec![0.0; self.inner.dim()];
        self.inner.latents(key, &mut known);
        executor.set_input(LATENTS, &known);
        executor.begin(NoiseKey::default());
        u.fill(0.0);
        let outputs = &executor.program().outputs;
        for Kept { output, places } in kept {
            for (place, value) in places.iter().zip(executor.read(&outputs[*output])) {
                u[*place] = *value;
            }
        }
        prior.complete(key, u, &|place| is_new[place]);
    }

    fn chains(&self) -> Option<(usize, usize)> {
        self.inner.chains()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_indices_in_a_larger_array() {
        let all = places(&Shape(vec![2, 2]), &Shape(vec![2, 3]));
        assert_eq!(all, [0, 1, 3, 4]);
        assert_eq!(places(&Shape(vec![2, 2]), &Shape(vec![3, 2])), [0, 1, 2, 3]);
        assert_eq!(places(&Shape(vec![]), &Shape(vec![])), [0]);
    }
}
