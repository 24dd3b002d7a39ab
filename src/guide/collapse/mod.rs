//! Scales whose optimal q is known given the weights' guide (`docs/inference.md`, equation 12).
//!
//! ```text
//! w_j ~ Normal(0, s f_j), j = 1…J;  s ~ p(s)     T = Σ (m_j² + σ_j²)/f_j²
//! q*(s) ∝ p(s) s^{−J} e^{−T/2s²}                 C(T) replaces log p(w|s) + log p(s) + entropy of s
//! ```
//!
//! dC/dT = −½ E*[s⁻²], so a gradient step sees a Normal prior of known precision. That number is an input of the tape
//! (`precision`, one entry a weight), which the method computes from the guide's parameters before each step; C itself
//! is added to the value. Laplace weights likewise with T₁ = Σ E|w_j|/f_j.
//!
//! What is collapsed is read off the tape: a scale that reaches nothing but the scale arguments of zero-centred Normal
//! or Laplace tensors, multiplied by constants or raised to a constant power.

pub mod hyperprior;
pub mod rule;
mod scale_of;

use crate::kernels::real::Real;
use crate::kernels::reduce;
use crate::kernels::special::normal_cdf;
use crate::lower::{Latent, LogJoint};
use crate::model::{Model, Treatment, Unknown};
use crate::rewrites::{Note, Rewrite};
use crate::tape::{Op, Slot, Tape, eval};
use hyperprior::Hyperprior;
use rule::{Cells, Integrand};
use scale_of::{Constants, scale_of};
use std::f64::consts::PI;
use std::ops::Range;

/// Moment of a weight that its prior reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// E w², coefficient ½
    Normal,
    /// E |w|, coefficient 1
    Laplace,
}

impl Moment {
    /// k of |w|ᵏ.
    pub fn order(self) -> f64 {
        match self {
            Moment::Normal => 2.0,
            Moment::Laplace => 1.0,
        }
    }
    /// c of exp(−c |w|ᵏ/sᵏ).
    pub fn coefficient(self) -> f64 {
        1.0 / self.order()
    }
    /// One of the two terms of Σ_j E |w_j|ᵏ.
    fn expected_sum<T: Real>(self, term: Term, m: &[T], sigma: &[T]) -> f64 {
        match (self, term) {
            (Moment::Normal, Term::First) => reduce::dot_f64(m, m),
            (Moment::Normal, Term::Second) => reduce::dot_f64(sigma, sigma),
            (Moment::Laplace, Term::First) => {
                m.iter().zip(sigma).map(|(m, s)| self.expected(m.to_f64(), s.to_f64())).sum()
            }
            (Moment::Laplace, Term::Second) => 0.0,
        }
    }
    /// E |w|ᵏ for w ~ Normal(m, σ²) (equation 9 for k = 1).
    fn expected(self, m: f64, sigma: f64) -> f64 {
        match self {
            Moment::Normal => m * m + sigma * sigma,
            Moment::Laplace => {
                let z = m / sigma;
                m * (2.0 * normal_cdf(z) - 1.0) + 2.0 * sigma * (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
            }
        }
    }
}

/// A sum of moments has two terms, so that two threads can find them: of means and of variances, or all and nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// Σ m², or Σ E|w|
    First,
    /// Σ σ², or 0
    Second,
}

/// A tensor of weights under collapsed scales.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// First latent and how many.
    pub start: usize,
    /// Its weights, in order.
    runs: Vec<Neighbours>,
}

/// Neighbours under one scale, with one factor.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// Their latents.
    pub weights: Range<usize>,
    /// The position in [`Collapse::scales`] of their scale.
    pub scale: usize,
    /// f_j^{−k} of each.
    factor: f64,
}

impl Member {
    /// Of each weight the position of its scale, and f_j^{−k}.
    fn of(start: usize, elements: impl Iterator<Item = (usize, f64)>) -> Member {
        let mut runs: Vec<Neighbours> = vec![];
        for (i, (scale, factor)) in elements.enumerate() {
            let at = start + i;
            match runs.last_mut().filter(|last| (last.scale, last.factor) == (scale, factor)) {
                Some(last) => last.weights.end = at + 1,
                None => runs.push(Neighbours { weights: at..at + 1, scale, factor }),
            }
        }
        Member { start, runs }
    }
}

/// One collapsed scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Its latent: log v.
    pub latent: usize,
    /// Moment of its weights.
    pub moment: Moment,
    hyperprior: Hyperprior,
    /// p of s = f vᵖ
    power: f64,
    /// J
    count: usize,
    /// Σ log f_j
    sum_log_f: f64,
}

impl Scale {
    /// p of s = f vᵖ.
    pub fn power(&self) -> f64 {
        self.power
    }

    fn integrand(&self, total: f64) -> Integrand {
        Integrand {
            hyperprior: self.hyperprior,
            count: self.power * self.count as f64,
            rate: self.moment.coefficient() * total,
            power: self.moment.order() * self.power,
        }
    }
    /// What does not depend on T: −(J/2) log 2π − Σ log f, or −J log 2 − Σ log f.
    fn constant(&self) -> f64 {
        let each = match self.moment {
            Moment::Normal => 0.5 * (2.0 * PI).ln(),
            Moment::Laplace => std::f64::consts::LN_2,
        };
        -each * self.count as f64 - self.sum_log_f
    }
}

/// All collapsed scales of a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Collapse {
    /// The scales.
    pub scales: Vec<Scale>,
    /// The tensors under them.
    pub members: Vec<Member>,
}

impl Collapse {
    /// Whether there is nothing to collapse.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// Whether a latent is a collapsed scale: it has no parameters of its own in the guide.
    pub fn holds(&self, latent: usize) -> bool {
        self.scales.iter().any(|s| s.latent == latent)
    }

    /// The moment of the tensor that starts at a latent, if its scale is collapsed.
    pub fn moment_of(&self, start: usize) -> Option<Moment> {
        let member = self.members.iter().find(|m| m.start == start)?;
        Some(self.scales[member.runs.first()?.scale].moment)
    }

    /// All weights, those that are neighbours under one scale together.
    pub fn runs(&self) -> impl Iterator<Item = &Neighbours> {
        self.members.iter().flat_map(|m| &m.runs)
    }

    /// The two terms of each of [`Collapse::runs`], run after run.
    pub fn terms(&self) -> impl Iterator<Item = (&Neighbours, Term)> {
        self.runs().flat_map(|run| [(run, Term::First), (run, Term::Second)])
    }

    /// A term at means and sds of the guide.
    pub fn term<T: Real>(&self, (run, term): (&Neighbours, Term), mu: &[T], sigma: &[T]) -> f64 {
        let (mu, sigma) = (&mu[run.weights.clone()], &sigma[run.weights.clone()]);
        self.scales[run.scale].moment.expected_sum(term, mu, sigma)
    }

    /// T of each scale, from all terms.
    fn totals(&self, terms: &[f64]) -> Vec<f64> {
        let mut totals = vec![0.0; self.scales.len()];
        for (run, terms) in self.runs().zip(terms.chunks_exact(2)) {
            totals[run.scale] += run.factor * (terms[0] + terms[1]);
        }
        totals
    }

    /// Each scale's precision E*[v^{−kp}], from all terms; and Σ [C(T) + c E*[v^{−kp}] T].
    ///
    /// A tape that subtracts c precision |w|ᵏ has, with this value added, the ELBO's value and its gradient.
    pub fn precisions(&self, terms: &[f64]) -> (Vec<f64>, f64) {
        let mut value = 0.0;
        let precisions = self
            .scales
            .iter()
            .zip(self.totals(terms))
            .map(|(scale, total)| {
                let done = scale.integrand(total).collapse();
                value += done.log_integral + scale.constant();
                value += scale.moment.coefficient() * done.precision * total;
                done.precision
            })
            .collect();
        (precisions, value)
    }

    /// Fills each weight's precision E*[v^{−kp}] / fᵏ, from means and sds of the guide; returns the value of
    /// [`Collapse::precisions`].
    pub fn precision<T: Real>(&self, mu: &[T], sigma: &[T], out: &mut [T]) -> f64 {
        let terms: Vec<f64> = self.terms().map(|term| self.term(term, mu, sigma)).collect();
        let (precisions, value) = self.precisions(&terms);
        self.spread(&precisions, 0, out);
        value
    }

    /// Fills the precision E*[v^{−kp}] / fᵏ of the weights among the latents from one on.
    pub fn spread<T: Real>(&self, precisions: &[f64], from: usize, out: &mut [T]) {
        for Neighbours { weights, scale, factor } in self.runs() {
            within(from, out, weights.clone()).fill(T::from_f64(precisions[*scale] * factor));
        }
    }

    /// q* of each scale at means and sds of the guide.
    pub fn posterior(&self, mu: &[f64], sigma: &[f64]) -> Vec<Cells> {
        let terms: Vec<f64> = self.terms().map(|term| self.term(term, mu, sigma)).collect();
        self.scales
            .iter()
            .zip(self.totals(&terms))
            .map(|(scale, total)| scale.integrand(total).cells())
            .collect()
    }
}

/// The numbers of a range that are in a part of all numbers, which begins at `from`.
pub fn within<T>(from: usize, part: &mut [T], range: Range<usize>) -> &mut [T] {
    let end = range.end.clamp(from, from + part.len()) - from;
    let start = range.start.clamp(from, from + end) - from;
    &mut part[start..end]
}

/// Finds the scales that can be collapsed. The first `full_dims` latents are a block: no scale there is, but weights
/// may be in it, because T reads the sds that they have by themselves.
pub fn find(joint: &LogJoint, model: &Model, full_dims: usize, notes: &mut Vec<Note>) -> Collapse {
    let constants = Constants::of(&joint.tape);
    let mut out = Collapse::default();
    for latent in &joint.latents {
        let unknown = model.unknown(latent.unknown);
        let Some(hyperprior) = hyperprior_of(unknown, latent, joint, &constants, full_dims) else { continue };
        let Some(tensors) = members_of(joint, model, latent, &constants) else { continue };
        let first = out.scales.len();
        let (moment, power) = (tensors[0].moment, tensors[0].power);
        out.scales.extend((0..latent.len).map(|i| Scale {
            latent: latent.start + i,
            moment,
            hyperprior,
            power,
            count: 0,
            sum_log_f: 0.0,
        }));
        let mut names = vec![];
        for tensor in tensors {
            for (element, factor) in &tensor.elements {
                let scale = &mut out.scales[first + element];
                scale.count += 1;
                scale.sum_log_f += factor.ln();
            }
            names.push(model.unknown(tensor.latent.unknown).name.clone());
            let elements =
                tensor.elements.iter().map(|(element, f)| (first + element, f.powf(-moment.order())));
            out.members.push(Member::of(tensor.latent.start, elements));
        }
        let how =
            if out.scales[first].integrand(1.0).closed_form().is_some() { "closed form" } else { "64 nodes" };
        let what = format!("{}, the scale of {}; optimal q by {how}", unknown.name, names.join(", "));
        notes.push(Note::applied(Rewrite::Collapse, what));
    }
    out
}

/// The hyperprior of a positive unknown whose prior has constant arguments.
fn hyperprior_of(
    unknown: &Unknown,
    latent: &Latent,
    joint: &LogJoint,
    constants: &Constants,
    full_dims: usize,
) -> Option<Hyperprior> {
    let is_free = unknown.treatment == Treatment::Random
        && unknown.bijection.name == "exp"
        && latent.start >= full_dims
        && !latent.is_non_centred
        && !reaches(&joint.tape, latent.u, joint.tape.output("log_likelihood"));
    if !is_free {
        return None;
    }
    let args: Vec<f64> = latent.args.iter().map(|a| constants.number(*a)).collect::<Option<_>>()?;
    // Positive by `exp`, so ends of `on (a, b)` can only be 0 and ∞.
    let is_half = unknown.prior.truncation.is_some();
    Hyperprior::of(unknown.prior.family, unknown.prior.form, &args, is_half)
}

/// A tensor whose scale argument is a constant times a power of one unknown's elements.
struct Tensor<'a> {
    latent: &'a Latent,
    moment: Moment,
    power: f64,
    /// Per weight: the element of the unknown, and f.
    elements: Vec<(usize, f64)>,
}

/// The tensors that a scale governs; none if it reaches anything else.
fn members_of<'a>(
    joint: &'a LogJoint,
    model: &Model,
    scale: &Latent,
    constants: &Constants,
) -> Option<Vec<Tensor<'a>>> {
    let mut out: Vec<Tensor<'a>> = vec![];
    for latent in joint.latents.iter().filter(|l| l.unknown != scale.unknown) {
        let touches = |slot: Option<Slot>| reaches(&joint.tape, scale.u, slot);
        if touches(Some(latent.value)) || touches(latent.log_jacobian) {
            return None;
        }
        if !touches(latent.log_prior) {
            continue;
        }
        let unknown = model.unknown(latent.unknown);
        let moment = match unknown.prior.family.name {
            "Normal" => Moment::Normal,
            "Laplace" => Moment::Laplace,
            _ => return None,
        };
        let is_plain = unknown.treatment == Treatment::Random
            && unknown.prior.truncation.is_none()
            && unknown.bijection.name == "identity"
            && !latent.is_non_centred
            && constants.number(latent.args[0]) == Some(0.0);
        if !is_plain {
            return None;
        }
        let shape = &joint.tape.get(latent.u).shape;
        let found = scale_of(&joint.tape, constants, scale.value, latent.args[1])?;
        let n = found.elements.len();
        if n == 0 || !shape.len().is_multiple_of(n) {
            return None;
        }
        let elements = (0..shape.len()).map(|j| found.elements[j % n]).collect();
        out.push(Tensor { latent, moment, power: found.power, elements });
    }
    let first = out.first()?;
    let (moment, power) = (first.moment, first.power);
    let is_one_kind = out.iter().all(|t| t.moment == moment && t.power == power);
    // A scale without weights of its own would have an improper integral where its hyperprior is not seen.
    let covered = |e: usize| out.iter().any(|t| t.elements.iter().any(|(i, _)| *i == e));
    (is_one_kind && (0..scale.len).all(covered)).then_some(out)
}

/// Whether a slot is computed from another.
pub(super) fn reaches(tape: &Tape, from: Slot, to: Option<Slot>) -> bool {
    let Some(to) = to else { return false };
    let mut seen = vec![false; to.0 as usize + 1];
    let mut open = vec![to];
    while let Some(slot) = open.pop() {
        if slot == from {
            return true;
        }
        if slot.0 < from.0 || std::mem::replace(&mut seen[slot.0 as usize], true) {
            continue;
        }
        open.extend(&tape.get(slot).args);
    }
    false
}
