//! `Model` to the tape of its log joint density (`docs/inference.md`, equation 1).
//!
//! ```text
//! log p(y, u) = Σ_n weight_n ℓ_n(θ) + log p(θ) + log |det ∂θ/∂u|,   θ = T(u)
//! ```
//!
//! The latents are one flat input `u`; each unknown is a slice of it, mapped by its bijection. The per-row log
//! densities carry the row weight (N/B), nothing else does. Beside the tape stand the places that later stages need:
//! which slice belongs to which unknown, and which slots hold its prior's terms.

mod density;
mod expr;

mod scale_mixture;
mod unknown;

pub use scale_mixture::with_scale_mixtures;
pub use unknown::free_shape;

use crate::model::{ExprId, Model, Treatment, UnknownId};
use crate::tape::{Op, Slot, Tape, build::Builder};
use crate::ty::Shape;
use std::collections::BTreeSet;

/// Name of the flat input that holds all latents.
pub const LATENTS: &str = "u";

/// How unknowns are mapped, where the model leaves a choice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameterization {
    /// Unknowns written as `location + scale · z` with `z` standard (equation 17, λ = 0).
    pub non_centred: BTreeSet<UnknownId>,
}

/// A log joint density on a tape.
#[derive(Debug, Clone)]
pub struct LogJoint {
    /// Outputs: `log_joint`, `log_prior`, `log_likelihood`, and per target `log_lik:NAME` (per row, unweighted) and
    /// `arg:NAME:i` (the arguments of its distribution); `value:NAME` per unknown and `report:NAME` per report.
    pub tape: Tape,
    /// The latents, in the order of their slices; random ones first, learned ones after.
    pub latents: Vec<Latent>,
    /// Number of free numbers.
    pub dim: usize,
    /// Number of those that are random and outside nets; they come first, unless `correlate` names others.
    pub plain_dim: usize,
    /// Number of those that are random.
    pub random_dim: usize,
}

impl LogJoint {
    /// Whether it holds noise of its own, so that no two draws of it are the same (`dropout`).
    pub fn is_noisy(&self) -> bool {
        self.tape.instructions.iter().any(|x| matches!(x.op, Op::RowNoise(_)))
    }
}

/// One unknown on the tape.
#[derive(Debug, Clone)]
pub struct Latent {
    /// Which.
    pub unknown: UnknownId,
    /// First of its numbers in `u`.
    pub start: usize,
    /// How many free numbers.
    pub len: usize,
    /// Whether it is written as location + scale · z.
    pub is_non_centred: bool,
    /// Its slice of `u`.
    pub u: Slot,
    /// Its constrained value.
    pub value: Slot,
    /// Its log prior density, summed to a scalar; without a prior (`Point`), none.
    pub log_prior: Option<Slot>,
    /// Its log-Jacobian, summed to a scalar, if it has one.
    pub log_jacobian: Option<Slot>,
    /// The arguments of its prior.
    pub args: Vec<Slot>,
}

/// Lowers a model.
pub fn lower(model: &Model, parameterization: &Parameterization) -> LogJoint {
    let mut lowering = Lowering::new(model, parameterization);
    lowering.unknowns();
    let log_prior = lowering.log_prior();
    let log_likelihood = lowering.observations();
    lowering.reports();
    let b = &mut lowering.b;
    let log_joint = match log_likelihood {
        Some(ll) => b.add(ll, log_prior),
        None => log_prior,
    };
    b.output("log_joint", log_joint);
    b.output("log_prior", log_prior);
    if let Some(ll) = log_likelihood {
        b.output("log_likelihood", ll);
    }
    lowering.finish()
}

/// A tape of what every prior is made of, as outputs `prior:U:i` for the unknown in place U: arguments, ends of `on`,
/// then those of each component.
pub fn priors(model: &Model) -> Tape {
    let parameterization = Parameterization::default();
    let mut lowering = Lowering::new(model, &parameterization);
    lowering.unknowns();
    for (u, unknown) in model.unknowns.iter().enumerate() {
        if unknown.treatment == Treatment::Point {
            continue;
        }
        for (i, slot) in lowering.all_arguments(&unknown.prior).into_iter().enumerate() {
            lowering.b.output(format!("prior:{u}:{i}"), slot);
        }
    }
    lowering.b.finish()
}

/// A tape of one expression of data, output `value`.
pub fn expression(model: &Model, id: ExprId) -> Tape {
    let parameterization = Parameterization::default();
    let mut lowering = Lowering::new(model, &parameterization);
    let slot = lowering.expr(id);
    lowering.b.output("value", slot);
    lowering.b.finish()
}

/// The state of one lowering.
struct Lowering<'m> {
    model: &'m Model,
    parameterization: &'m Parameterization,
    b: Builder,
    /// Slot of each expression once lowered.
    slots: Vec<Option<Slot>>,
    latents: Vec<Latent>,
    dim: usize,
    plain_dim: usize,
    random_dim: usize,
}

impl<'m> Lowering<'m> {
    fn new(model: &'m Model, parameterization: &'m Parameterization) -> Self {
        Lowering {
            model,
            parameterization,
            b: Builder::new(),
            slots: vec![None; model.exprs.len()],
            latents: vec![],
            dim: 0,
            plain_dim: 0,
            random_dim: 0,
        }
    }

    /// Σ of all priors and log-Jacobians.
    fn log_prior(&mut self) -> Slot {
        let mut total = self.b.constant(0.0);
        let terms: Vec<Slot> =
            self.latents.iter().flat_map(|l| [l.log_prior, l.log_jacobian]).flatten().collect();
        for term in terms {
            total = self.b.add(total, term);
        }
        total
    }

    /// Σ over rows of weighted log densities, all targets; none without a target.
    fn observations(&mut self) -> Option<Slot> {
        let mut per_row: Option<Slot> = None;
        for observation in &self.model.observations {
            self.b.origin = Some(observation.span);
            let target = self.expr(observation.target);
            let args = self.arguments(&observation.dist);
            let density = self.density(&observation.dist, target, &args);
            let density = match observation.dist.event().rank() {
                // A formula that does not mention the value is one number; each entry has it.
                0 => {
                    let shape = self.b.shape(target).clone();
                    self.b.spread(density, &shape)
                }
                _ => density,
            };
            let ll = self.b.sum(density);
            self.b.name(ll, &format!("log_lik {}", observation.name));
            if !self.b.shape(target).is_scalar() {
                self.b.output(format!("target:{}", observation.name), target);
                self.b.output(format!("log_lik_each:{}", observation.name), density);
            }
            self.b.output(format!("log_lik:{}", observation.name), ll);
            for (i, arg) in self.all_arguments(&observation.dist).into_iter().enumerate() {
                self.b.output(format!("arg:{}:{i}", observation.name), arg);
            }
            let ll = match observation.dist.weight {
                Some(weight) => {
                    let weight = self.expr(weight);
                    self.b.mul(ll, weight)
                }
                None => ll,
            };
            per_row = Some(match per_row {
                Some(sum) => self.b.add(sum, ll),
                None => ll,
            });
        }
        self.b.origin = None;
        let per_row = per_row?;
        let weight = self.b.row_weight();
        let weighted = self.b.mul(per_row, weight);
        Some(self.b.sum_rows(weighted))
    }

    fn reports(&mut self) {
        for latent in &self.latents {
            self.b.output(format!("value:{}", self.model.unknown(latent.unknown).name), latent.value);
        }
        for (name, id) in &self.model.reports {
            let slot = self.expr(*id);
            self.b.output(format!("report:{name}"), slot);
        }
    }

    fn finish(self) -> LogJoint {
        LogJoint {
            tape: self.b.finish(),
            latents: self.latents,
            dim: self.dim,
            plain_dim: self.plain_dim,
            random_dim: self.random_dim,
        }
    }

    fn shape_of(&self, id: ExprId) -> Shape {
        self.model.expr(id).ty.shape.clone()
    }
}
