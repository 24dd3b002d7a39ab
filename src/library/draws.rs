//! Draws of a posterior as named arrays in groups, as ArviZ knows them.

use crate::compile::fitted::Exporting;
use crate::export::{Axis, Elements, Store, Values};
use serde_json::Value;
use std::io;

/// Draws of a posterior, and what they say of the rows of the fit: what ArviZ calls `InferenceData`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draws {
    /// The arrays, group after group.
    pub arrays: Vec<DrawArray>,
    /// What is said of the whole: the program, the model, the method.
    pub attributes: Vec<(String, Value)>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// A named array of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawArray {
    /// `posterior`, `sample_stats`, `posterior_predictive`, `log_likelihood`, `observed_data`, `constant_data`
    pub group: String,
    /// The name in the model.
    pub name: String,
    /// Whether its first two axes are chain and draw, which are not among `axes`.
    pub is_drawn: bool,
    /// Whether its numbers mean false and true.
    pub is_truth: bool,
    /// Its own axes.
    pub axes: Vec<Axis>,
    /// Sizes of all axes.
    pub shape: Vec<usize>,
    /// Row-major.
    pub elements: Elements,
    /// What is said of it: the labels of its codes.
    pub attributes: Vec<(String, Value)>,
}

/// A store in memory: the draws of each variable, one after another.
pub(super) struct Kept<'a>(pub(super) &'a mut [Vec<f64>]);

impl Store for Kept<'_> {
    fn add(&mut self, variable: usize, values: &[f64]) -> io::Result<()> {
        self.0[variable].extend_from_slice(values);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

impl Draws {
    pub(super) fn of(exporting: Exporting, kept: Vec<Vec<f64>>) -> Draws {
        let contents = &exporting.contents;
        let of = |(v, draws): (&crate::export::Variable, Vec<f64>)| DrawArray {
            group: v.group.to_owned(),
            name: v.name.clone(),
            is_drawn: v.is_drawn(),
            is_truth: matches!(v.values, Values::Truths),
            axes: v.axes.clone(),
            shape: contents.shape(v),
            elements: match &v.values {
                Values::Fixed(elements) => elements.clone(),
                Values::Reals => Elements::F64(draws),
                Values::Wholes | Values::Truths => {
                    Elements::I64(draws.into_iter().map(|x| x as i64).collect())
                }
            },
            attributes: v.attributes.clone(),
        };
        let arrays = contents.variables.iter().zip(kept).map(of).collect();
        Draws { arrays, attributes: contents.attributes.clone(), notes: exporting.notes }
    }
}
