//! Draws of a posterior, and what they say of rows, as named arrays in groups: what ArviZ calls `InferenceData`.
//!
//! ```text
//! posterior/theta [chain, draw, school]     log_likelihood/y [chain, draw, row]     observed_data/y [row]
//! ```
//!
//! Arrays whose first axes are `chain` and `draw` come draw by draw ([`Store`]), so that they may be larger than memory;
//! all others are known from the beginning.

use super::numpy::Elements;
use serde_json::Value;
use std::io;

/// Everything that is exported, but for the draws themselves.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// How many chains.
    pub chains: usize,
    /// Draws of each.
    pub draws: usize,
    /// The arrays, group after group.
    pub variables: Vec<Variable>,
    /// What is said of the whole: the program, the model, the method.
    pub attributes: Vec<(String, Value)>,
}

/// A named array.
#[derive(Debug, Clone)]
pub struct Variable {
    /// `posterior`, `log_likelihood`, …
    pub group: &'static str,
    /// The name in the model.
    pub name: String,
    /// Its axes, without chain and draw.
    pub axes: Vec<Axis>,
    /// Its numbers.
    pub values: Values,
    /// What is said of it: the labels of its codes.
    pub attributes: Vec<(String, Value)>,
}

/// Numbers that come, or numbers that are there.
#[derive(Debug, Clone)]
pub enum Values {
    /// one value for each draw, of real numbers
    Reals,
    /// one value for each draw, of whole numbers
    Wholes,
    /// one value for each draw, true or false
    Truths,
    /// the same for all draws
    Fixed(Elements),
}

/// An axis with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// `school`, `f.1.in`, `row`
    pub name: String,
    /// What its places are called.
    pub labels: Labels,
}

/// Names of places.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// 1, 2, …
    Count(usize),
    /// numbers of rows
    Numbers(Vec<i64>),
    /// levels of a factor
    Words(Vec<String>),
}

impl Labels {
    /// How many places.
    pub fn len(&self) -> usize {
        match self {
            Labels::Count(n) => *n,
            Labels::Numbers(v) => v.len(),
            Labels::Words(v) => v.len(),
        }
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// All of them.
    pub fn elements(&self) -> Elements {
        match self {
            Labels::Count(n) => Elements::I64((1..=*n as i64).collect()),
            Labels::Numbers(v) => Elements::I64(v.clone()),
            Labels::Words(v) => Elements::Text(v.clone()),
        }
    }
    /// One of them.
    pub fn label(&self, at: usize) -> String {
        match self {
            Labels::Count(_) => (at + 1).to_string(),
            Labels::Numbers(v) => v[at].to_string(),
            Labels::Words(v) => v[at].clone(),
        }
    }
}

impl Variable {
    /// Whether it has a value for each draw.
    pub fn is_drawn(&self) -> bool {
        !matches!(self.values, Values::Fixed(_))
    }

    /// Numbers of one draw, or of all if it has no draws.
    pub fn len(&self) -> usize {
        self.axes.iter().map(|a| a.labels.len()).product()
    }

    /// Whether it holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names of its numbers: `beta[1]`, `theta[A]`; its own of a single one.
    pub fn scalars(&self) -> Vec<String> {
        let of = |i: usize| {
            let (mut rest, mut parts) = (i, vec![]);
            for axis in self.axes.iter().rev() {
                parts.push(axis.labels.label(rest % axis.labels.len()));
                rest /= axis.labels.len();
            }
            parts.reverse();
            if parts.is_empty() { self.name.clone() } else { format!("{}[{}]", self.name, parts.join(",")) }
        };
        (0..self.len()).map(of).collect()
    }
}

impl Contents {
    /// Sizes of a variable with all its axes.
    pub fn shape(&self, variable: &Variable) -> Vec<usize> {
        let own = variable.axes.iter().map(|a| a.labels.len());
        let draws = [self.chains, self.draws].into_iter().filter(|_| variable.is_drawn());
        draws.chain(own).collect()
    }

    /// Names of its axes.
    pub fn dims<'a>(&self, variable: &'a Variable) -> Vec<&'a str> {
        let draws = ["chain", "draw"].into_iter().filter(|_| variable.is_drawn());
        draws.chain(variable.axes.iter().map(|a| a.name.as_str())).collect()
    }

    /// Bytes of all arrays.
    pub fn bytes(&self) -> u64 {
        let draws = (self.chains * self.draws) as u64;
        let of = |v: &Variable| {
            let times = if v.is_drawn() { draws } else { 1 };
            (v.len() as u64).saturating_mul(8).saturating_mul(times)
        };
        self.variables.iter().map(of).fold(0, u64::saturating_add)
    }

    /// The groups, in their order.
    pub fn groups(&self) -> Vec<&'static str> {
        let mut groups: Vec<&'static str> = vec![];
        for variable in &self.variables {
            if !groups.contains(&variable.group) {
                groups.push(variable.group);
            }
        }
        groups
    }
}

/// Arrays on their way out.
pub trait Store {
    /// The next draw of a variable, by its place in [`Contents::variables`]; chains come one after another.
    ///
    /// # Errors
    /// Those of what it writes to.
    fn add(&mut self, variable: usize, values: &[f64]) -> io::Result<()>;
    /// Writes what stands at the end.
    ///
    /// # Errors
    /// Those of what it writes to.
    fn finish(self: Box<Self>) -> io::Result<()>;
}
