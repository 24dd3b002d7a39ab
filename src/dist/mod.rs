//! The catalogue of distributions: one file a family, one line in [`ALL`].
//!
//! A family tells its argument forms with their supports, its own support, its log density as tape instructions, a
//! sampler, and moments where they exist. The checker, `bnnc explain`, and the tests loop over the table.

mod bernoulli;
mod beta;
mod beta_binomial;
mod binomial;
mod categorical;
mod cauchy;
mod chi_squared;
mod delta;
mod dirichlet;
mod exponential;
mod flat;
mod gamma;
mod geometric;
mod guard;
mod gumbel;
mod half_cauchy;
mod half_normal;
mod half_student_t;
mod inv_gamma;
mod kumaraswamy;
mod laplace;
mod lkj_cholesky;
mod log_normal;
mod logarithms;
mod logistic;
mod mixture;
mod mv_normal;
mod neg_binomial;
mod normal;
mod numbers;
mod ordered_logistic;
mod page;
mod pareto;
mod poisson;
mod probability;
mod random_walk;
mod student_t;
mod truncation;
mod uniform;
mod von_mises;
mod weibull;

pub use dirichlet::SHARES_OFF;
pub use guard::between;
pub use normal::log_density as normal_log_density;
pub use numbers::Numbers;
pub use page::{page, reference};
pub use truncation::MOST_TERMS;
pub use truncation::truncated_log_density;

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
    /// Where its values lie, given the arguments' numbers where they are constants (`Uniform(0, 2)`). An end that is
    /// not a constant is NaN: such a support contains no number and no bijection reaches it.
    pub support: fn(form: usize, args: &[ArgValue]) -> Support,
    /// Whether values are whole numbers, classes or truth values.
    pub is_discrete: bool,
    /// Elementwise log density (discrete: log probability), all constants kept. `x` and scalar arguments may be
    /// tensors of one shape or scalars; a vector argument (`probs`) has its vector as last axis. Where `x` is data
    /// (per row), values outside the support give −∞; unknowns are kept inside by their bijections.
    pub log_density: fn(b: &mut Builder, form: usize, x: Slot, args: &[Slot]) -> Slot,
    /// One draw. Vector arguments lie in `args[i]`, scalars are slices of length 1.
    pub sample: Option<Sampler>,
    /// Mean; NaN where it does not exist.
    pub mean: Option<Moment>,
    /// Standard deviation; NaN or infinity where it does not exist.
    pub sd: Option<Moment>,
    /// Distribution function at x.
    pub cdf: Option<Cdf>,
    /// `log(F(b) − F(a))` as tape instructions, for `on (a, b)`; an end may be ±∞ (as a constant). None: X001.
    pub log_mass: Option<LogMass>,
    /// Log density up to a constant, in numbers: what predictions of a cut distribution integrate. Where `log_mass` is,
    /// unless the density is improper.
    pub log_kernel: Option<Cdf>,
    /// Argument positions of location and scale, if it is a location-scale family (for non-centring).
    pub location_scale: Option<(usize, usize)>,
    /// Values from independent standard Normals, where it is such a family: the same as location and scale for vectors.
    pub from_standard: Option<FromStandard>,
    /// Argument positions that are the lower and the upper end of the support (`Uniform`).
    pub ends: [Option<usize>; 2],
    /// What one value is.
    pub event: Event,
    /// One draw of a vector or matrix with this many numbers.
    pub sample_event: Option<EventSampler>,
    /// Arguments that must be constants or data where the distribution is truncated or censored, because the mass of
    /// an interval is known without its derivative in them.
    pub fixed_for_mass: &'static [&'static str],
    /// What the ends of an interval must be for its mass to be known.
    pub mass_ends: Ends,
    /// Log probabilities of the classes, for distributions over classes.
    pub class_log_probabilities: Option<OfArguments>,
    /// The distribution of one entry of a vector: what predictions show.
    pub marginal: Option<MarginalOf>,
    /// The page of `bnnc explain`: formula, arguments, reference.
    pub page: &'static str,
}

/// What every family is unless it says otherwise.
const PLAIN: Family = Family {
    name: "",
    forms: &[],
    positional: 0,
    support: |_, _| Support::REAL,
    is_discrete: false,
    log_density: |b, _, x, _| b.scale(x, 0.0),
    sample: None,
    mean: None,
    sd: None,
    cdf: None,
    log_mass: None,
    log_kernel: None,
    location_scale: None,
    from_standard: None,
    ends: [None, None],
    event: Event::Scalar,
    sample_event: None,
    fixed_for_mass: &[],
    mass_ends: Ends::Any,
    class_log_probabilities: None,
    marginal: None,
    page: "",
};

/// What the ends of an interval must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// any expression
    Any,
    /// whole numbers that depend on no unknown
    Data,
    /// whole numbers known before the data are read, or infinite
    Constant,
    /// any numbers known before the data are read, as the arguments then have to be too: the mass is a number
    Known,
}

/// What one value of a distribution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// a number; a tensor holds independent ones
    Scalar,
    /// the last axis
    Vector,
    /// the last two axes, of one size, which is written once
    Square,
}

impl Event {
    /// How many of a value's axes are its own.
    pub fn rank(self) -> usize {
        match self {
            Event::Scalar => 0,
            Event::Vector => 1,
            Event::Square => 2,
        }
    }
}

/// The distribution of entry `entry` of a vector of `len`.
pub type MarginalOf = fn(b: &mut Builder, form: usize, args: &[Slot], len: usize, entry: usize) -> Marginal;

/// A family with its arguments on the tape.
#[derive(Debug)]
pub struct Marginal {
    /// Which.
    pub family: &'static Family,
    /// Which form.
    pub form: usize,
    /// Its arguments.
    pub args: Vec<Slot>,
}

/// A draw from the arguments' numbers.
pub type Sampler = fn(form: usize, args: &[&[f64]], rng: &mut dyn Rng) -> f64;
/// Values from independent standard Normals z.
pub type FromStandard = fn(b: &mut Builder, form: usize, args: &[Slot], z: Slot) -> Slot;
/// Something made of the arguments alone.
pub type OfArguments = fn(b: &mut Builder, form: usize, args: &[Slot]) -> Slot;
/// A draw of several numbers from the arguments' numbers.
pub type EventSampler = fn(form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]);
/// A moment from the arguments' numbers.
pub type Moment = fn(form: usize, args: &[&[f64]]) -> f64;
/// A function of x, as F(x), from the arguments' numbers.
pub type Cdf = fn(form: usize, args: &[&[f64]], x: f64) -> f64;
/// log(F(high) − F(low)) on the tape.
pub type LogMass = fn(b: &mut Builder, form: usize, args: &[Slot], low: Slot, high: Slot) -> Slot;

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

impl ArgSpec {
    /// A number inside an interval.
    pub const fn scalar(name: &'static str, interval: Interval) -> ArgSpec {
        ArgSpec { name, slot: ArgSlot::Scalar(interval) }
    }
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
    /// a number inside the interval, or a vector of them, one per entry of a value
    Entries(Interval),
    /// a symmetric positive definite matrix with one row per entry of a value
    Covariance,
    /// a lower triangular matrix with a positive diagonal
    Cholesky,
    /// the Cholesky factor of a correlation matrix
    CholeskyCorr,
    /// the distributions that a mixture mixes: their log densities along the last axis
    Components,
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
pub static ALL: &[&Family] = &[
    &normal::FAMILY,
    &student_t::FAMILY,
    &cauchy::FAMILY,
    &laplace::FAMILY,
    &logistic::FAMILY,
    &gumbel::FAMILY,
    &half_normal::FAMILY,
    &half_cauchy::FAMILY,
    &half_student_t::FAMILY,
    &inv_gamma::FAMILY,
    &gamma::FAMILY,
    &chi_squared::FAMILY,
    &log_normal::FAMILY,
    &exponential::FAMILY,
    &weibull::FAMILY,
    &pareto::FAMILY,
    &uniform::FAMILY,
    &beta::FAMILY,
    &kumaraswamy::FAMILY,
    &von_mises::FAMILY,
    &flat::FAMILY,
    &mv_normal::FAMILY,
    &dirichlet::FAMILY,
    &lkj_cholesky::FAMILY,
    &random_walk::FAMILY,
    &bernoulli::FAMILY,
    &geometric::FAMILY,
    &binomial::FAMILY,
    &beta_binomial::FAMILY,
    &categorical::FAMILY,
    &ordered_logistic::FAMILY,
    &poisson::FAMILY,
    &neg_binomial::FAMILY,
    &delta::FAMILY,
    &mixture::FAMILY,
];

/// Looks a family up by its exact name.
pub fn find(name: &str) -> Option<&'static Family> {
    ALL.iter().copied().find(|f| f.name == name)
}

/// The number in place `i` of scalar arguments.
fn number(args: &[&[f64]], i: usize) -> f64 {
    args[i][0]
}
