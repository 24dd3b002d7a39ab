//! Unknowns: a slice of the flat latents each, its bijection, its prior and its log-Jacobian.

use super::{LATENTS, Latent, Lowering};
use crate::dist::normal_log_density;
use crate::kernels::special::ln_gamma;
use crate::model::{Role, Treatment, Unknown, UnknownId};
use crate::tape::Slot;
use crate::ty::Shape;

impl Lowering<'_> {
    /// Lays out the latents (those that `correlate` names, random plain ones, those of nets, learned ones) and lowers
    /// them in the order in which priors refer to each other.
    pub(super) fn unknowns(&mut self) {
        let count = self.model.unknowns.len();
        let mut starts = vec![0; count];
        let named = self.model.correlated();
        for group in [Group::Named, Group::Plain, Group::Net, Group::Learned] {
            for (i, unknown) in self.model.unknowns.iter().enumerate() {
                let is_named = named.contains(&UnknownId(i as u32));
                if Group::of(unknown, is_named) != group {
                    continue;
                }
                starts[i] = self.dim;
                let len = free_shape(unknown).len();
                self.dim += len;
                let is_random = group != Group::Learned;
                self.random_dim += if is_random { len } else { 0 };
                self.plain_dim += if is_random && matches!(unknown.role, Role::Plain) { len } else { 0 };
            }
        }
        let all = self.b.input(LATENTS, Shape::vector(self.dim));
        for (i, start) in starts.iter().enumerate() {
            let latent = self.unknown(UnknownId(i as u32), *start, all);
            self.latents.push(latent);
        }
    }

    fn unknown(&mut self, id: UnknownId, start: usize, all: Slot) -> Latent {
        let model = self.model;
        let unknown = model.unknown(id);
        self.b.origin = Some(unknown.span);
        let free = free_shape(unknown);
        let u = self.b.slice(all, start, &free);
        let args: Vec<Slot> = match unknown.treatment {
            Treatment::Point => vec![],
            _ => unknown.prior.args.iter().map(|a| self.expr(*a)).collect(),
        };
        let is_non_centred = self.parameterization.non_centred.contains(&id);
        let mut latent = Latent {
            unknown: id,
            start,
            len: free.len(),
            is_non_centred,
            u,
            value: u,
            log_prior: None,
            log_jacobian: None,
            args,
        };
        if is_non_centred {
            self.non_centred(unknown, &mut latent);
        } else {
            self.centred(unknown, &mut latent);
        }
        self.b.name(latent.value, &unknown.name);
        self.b.origin = None;
        latent
    }

    /// θ = T(u), log p(θ), log |det ∂θ/∂u|.
    fn centred(&mut self, unknown: &Unknown, latent: &mut Latent) {
        let bounds: Vec<Slot> = unknown.bounds.iter().map(|e| self.expr(*e)).collect();
        latent.value = (unknown.bijection.forward)(&mut self.b, latent.u, &bounds);
        // Even a learned tensor without a prior (`Point`) has none here: its density is 1.
        if unknown.treatment != Treatment::Point {
            let density = self.density(&unknown.prior, latent.value, &latent.args);
            let rank = unknown.shape.rank() - unknown.prior.event().rank();
            let copies: Shape = unknown.shape.0[..rank].into();
            let wide = self.b.spread(density, &copies);
            let total = self.b.sum(wide);
            latent.log_prior = Some(self.b.add_number(total, log_orderings(unknown)));
        }
        if unknown.treatment == Treatment::Random {
            let jacobian = (unknown.bijection.log_jacobian)(&mut self.b, latent.u, &bounds);
            if self.b.constant_value(jacobian) != Some(0.0) {
                let wide = if unknown.bijection.rank == 0 {
                    self.b.spread(jacobian, &unknown.shape)
                } else {
                    jacobian
                };
                latent.log_jacobian = Some(self.b.sum(wide));
            }
        }
    }

    /// Equation 17 with λ = 0: z ~ family(0, 1), θ = location + scale · z. The density of z carries the Jacobian.
    fn non_centred(&mut self, unknown: &Unknown, latent: &mut Latent) {
        let (zero, one) = (self.b.constant(0.0), self.b.constant(1.0));
        if let Some(from_standard) = unknown.prior.family.from_standard {
            let density = normal_log_density(&mut self.b, latent.u, zero, one);
            latent.log_prior = Some(self.b.sum(density));
            latent.value = from_standard(&mut self.b, unknown.prior.form, &latent.args, latent.u);
            return;
        }
        let (location, scale) =
            unknown.prior.family.location_scale.expect("only location-scale priors are non-centred");
        let mut standard = latent.args.clone();
        standard[location] = zero;
        standard[scale] = one;
        let density =
            (unknown.prior.family.log_density)(&mut self.b, unknown.prior.form, latent.u, &standard);
        let wide = self.b.spread(density, &unknown.shape);
        latent.log_prior = Some(self.b.sum(wide));
        let step = self.b.mul(latent.args[scale], latent.u);
        latent.value = self.b.add(latent.args[location], step);
    }
}

/// log K! for each increasing vector of K copies that are alike: one order of K! is left.
fn log_orderings(unknown: &Unknown) -> f64 {
    match unknown.shape.0.split_last() {
        Some((last, outer)) if unknown.prior.is_ordered => {
            outer.iter().product::<usize>() as f64 * ln_gamma(*last as f64 + 1.0)
        }
        _ => 0.0,
    }
}

/// Shape of an unknown's free numbers: the last axis may be shorter than the constrained one.
pub fn free_shape(unknown: &Unknown) -> Shape {
    let mut sizes = unknown.shape.0.clone();
    if unknown.bijection.rank > 0
        && let Some(last) = sizes.last().copied()
    {
        sizes.truncate(sizes.len() - unknown.bijection.rank);
        sizes.push((unknown.bijection.free)(last));
    }
    Shape(sizes)
}

/// Latents of a group lie side by side in `u`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// random, named by `correlate`
    Named,
    /// random, outside nets
    Plain,
    /// random, inside a net
    Net,
    /// learned, not random
    Learned,
}

impl Group {
    fn of(unknown: &Unknown, is_named: bool) -> Group {
        match (unknown.treatment, &unknown.role) {
            (Treatment::Random, _) if is_named => Group::Named,
            (Treatment::Point | Treatment::PointWithPrior, _) => Group::Learned,
            (Treatment::Random, Role::Plain) => Group::Plain,
            (Treatment::Random, Role::Net { .. }) => Group::Net,
        }
    }
}
