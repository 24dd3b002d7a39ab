//! The catalogue of distributions: one file a family, one line in [`ALL`].
//!
//! A family tells its argument forms with their supports, its own support, its log density as tape instructions, a
//! sampler, and moments where they exist. The checker, `bnnc explain`, and the tests loop over the table.

use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand::Rng;

/// One entry of the catalogue.
#[derive(Debug)]
pub struct Family {
    /// `Normal`
    pub name: &'static str,
    /// Ways to give the arguments; the first is the usual one.
    pub forms: &'static [Form],
    /// How many leading arguments may be given by position (0: names are required).
    pub positional: usize,
    /// Where its values lie, given the arguments' numbers where they are constants (`Uniform(0, 2)`).
    pub support: fn(form: usize, args: &[ArgValue]) -> Support,
    /// Whether values are whole numbers, classes or truth values.
    pub is_discrete: bool,
    /// Elementwise log density (discrete: log probability), all constants kept. `x` and scalar arguments may be
    /// tensors of one shape or scalars; a vector argument (`probs`) has its vector as last axis.
    pub log_density: fn(b: &mut Builder, form: usize, x: Slot, args: &[Slot]) -> Slot,
    /// One draw. Vector arguments lie in `args[i]`, scalars are slices of length 1.
    pub sample: Option<fn(form: usize, args: &[&[f64]], rng: &mut dyn Rng) -> f64>,
    /// Mean; NaN where it does not exist.
    pub mean: Option<fn(form: usize, args: &[&[f64]]) -> f64>,
    /// Standard deviation; NaN or infinity where it does not exist.
    pub sd: Option<fn(form: usize, args: &[&[f64]]) -> f64>,
    /// Distribution function at x.
    pub cdf: Option<fn(form: usize, args: &[&[f64]], x: f64) -> f64>,
    /// `log(F(b) − F(a))` as tape instructions, for `on (a, b)`; an end may be ±∞ (as a constant). None: X001.
    pub log_mass: Option<fn(b: &mut Builder, form: usize, args: &[Slot], low: Slot, high: Slot) -> Slot>,
    /// Argument positions of location and scale, if it is a location-scale family (for non-centring).
    pub location_scale: Option<(usize, usize)>,
    /// The page of `bnnc explain`: formula, arguments, reference.
    pub page: &'static str,
}

/// One way to give the arguments.
#[derive(Debug)]
pub struct Form {
    /// In the order of positions.
    pub args: &'static [ArgSpec],
}

/// One argument.
#[derive(Debug)]
pub struct ArgSpec {
    /// `sd`
    pub name: &'static str,
    /// What it must be.
    pub slot: ArgSlot,
}

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ArgSlot {
    /// a number inside the interval, per element
    Scalar(Interval),
    /// a vector of probabilities
    Simplex,
    /// a vector of real scores
    Scores,
    /// an increasing vector
    Ordered,
}

/// What is known of an argument before fitting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArgValue {
    /// its number, if it is a constant
    pub constant: Option<f64>,
    /// length of its last axis (1 for a scalar)
    pub len: usize,
}

/// Every family.
pub const ALL: &[&Family] = &[];

/// Looks a family up by its exact name.
pub fn find(name: &str) -> Option<&'static Family> {
    ALL.iter().copied().find(|f| f.name == name)
}
