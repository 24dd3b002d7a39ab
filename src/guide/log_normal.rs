//! Scales that are log-normal under the guide: products of powers of independent exponentials.
//!
//! ```text
//! s = 2 · exp(u1) · √exp(u2) / √fan_in    →    log s = log c + u1 + ½ u2 ~ Normal(a, t²)
//! ```
//!
//! Then E s^p = e^{p a + p² t²/2}, which is what equations 8 to 10 need. Everything is element by element.

use super::draw::Draw;
use crate::kernels::scalar::{Binary, Unary};
use crate::lower::LogJoint;
use crate::model::{Model, Treatment};
use crate::tape::{Op, Slot, build::Builder};

/// log s = log c + Σ k u, over different latents.
#[derive(Debug, Clone)]
pub(super) struct LogNormal {
    log_c: f64,
    parts: Vec<Part>,
}

/// One latent of the sum: mean and sd under the guide, and its factor.
#[derive(Debug, Clone)]
struct Part {
    start: usize,
    a: Slot,
    t: Slot,
    k: f64,
}

impl LogNormal {
    /// E log s
    pub(super) fn mean_log(&self, b: &mut Builder) -> Slot {
        let mut sum = b.constant(self.log_c);
        for part in &self.parts {
            let term = b.scale(part.a, part.k);
            sum = b.add(term, sum);
        }
        sum
    }

    /// E s^p
    pub(super) fn moment(&self, b: &mut Builder, p: f64) -> Slot {
        let mut exponent = b.constant(0.0);
        for part in &self.parts {
            let mean = b.scale(part.a, p * part.k);
            let variance = b.square(part.t);
            let half = b.scale(variance, 0.5 * (p * part.k).powi(2));
            let term = b.add(mean, half);
            exponent = b.add(term, exponent);
        }
        let power = b.exp(exponent);
        b.scale(power, (p * self.log_c).exp())
    }

    fn power(mut self, p: f64) -> LogNormal {
        self.log_c *= p;
        self.parts.iter_mut().for_each(|part| part.k *= p);
        self
    }

    /// The product of two; a latent that is in both counts once, with both factors.
    fn times(mut self, other: LogNormal) -> LogNormal {
        self.log_c += other.log_c;
        for part in other.parts {
            match self.parts.iter_mut().find(|p| p.start == part.start && p.a == part.a) {
                Some(same) => same.k += part.k,
                None => self.parts.push(part),
            }
        }
        self
    }
}

/// Where a slot's meaning is looked up.
pub(super) struct Reader<'a> {
    pub(super) joint: &'a LogJoint,
    pub(super) model: &'a Model,
    pub(super) draw: &'a Draw,
    /// The new slot of each slot of the log joint.
    pub(super) map: &'a [Slot],
}

impl Reader<'_> {
    /// A random scale; none for constants and for what is not log-normal.
    pub(super) fn random(&self, b: &mut Builder, slot: Slot) -> Option<LogNormal> {
        self.read(b, slot).filter(|s| !s.parts.is_empty())
    }

    fn read(&self, b: &mut Builder, slot: Slot) -> Option<LogNormal> {
        if let Some(c) = b.constant_value(slot) {
            return (c > 0.0).then(|| LogNormal { log_c: c.ln(), parts: vec![] });
        }
        if let Some(latent) = self.joint.latents.iter().find(|l| self.map[l.value.0 as usize] == slot) {
            let unknown = self.model.unknown(latent.unknown);
            let fits = unknown.bijection.name == "exp"
                && unknown.treatment == Treatment::Random
                && !latent.is_non_centred
                // Scales that move together are no independent factors.
                && !self.draw.is_correlated(latent);
            return fits.then(|| {
                let a = b.slice(self.draw.mu, latent.start, &unknown.shape);
                let t = b.slice(self.draw.sigma, latent.start, &unknown.shape);
                LogNormal { log_c: 0.0, parts: vec![Part { start: latent.start, a, t, k: 1.0 }] }
            });
        }
        let (op, args) = {
            let x = b.tape().get(slot);
            (x.op.clone(), x.args.clone())
        };
        match op {
            Op::Binary(Binary::Mul) => {
                let (x, y) = (self.read(b, args[0])?, self.read(b, args[1])?);
                Some(x.times(y))
            }
            Op::Binary(Binary::Div) => {
                let (x, y) = (self.read(b, args[0])?, self.read(b, args[1])?);
                Some(x.times(y.power(-1.0)))
            }
            Op::Unary(Unary::Sqrt) => Some(self.read(b, args[0])?.power(0.5)),
            Op::Unary(Unary::Square) => Some(self.read(b, args[0])?.power(2.0)),
            Op::Unary(Unary::Reciprocal) => Some(self.read(b, args[0])?.power(-1.0)),
            // A vector of scales repeated along a second axis.
            Op::Outer if is_all_ones(b, args[1]) => {
                let mut repeated = self.read(b, args[0])?;
                for part in &mut repeated.parts {
                    if b.shape(part.a).rank() != 1 {
                        return None;
                    }
                    part.a = b.infer(Op::Outer, vec![part.a, args[1]]);
                    part.t = b.infer(Op::Outer, vec![part.t, args[1]]);
                }
                Some(repeated)
            }
            _ => None,
        }
    }
}

/// Whether a slot is a fixed tensor of ones.
fn is_all_ones(b: &Builder, slot: Slot) -> bool {
    match &b.tape().get(slot).op {
        Op::Tensor(numbers) => numbers.iter().all(|n| n.0 == 1.0),
        _ => false,
    }
}
