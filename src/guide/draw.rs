//! The draw of the latents: u = μ + e^ω ⊙ ε, plus L ε on the full-rank block, that stretched along its scales (5a); or
//! u = μ + e^ω ⊙ (ε₁ + V ε₂) along directions (6), as the step e^ω ⊙ ε₁ from a mean that moves.
//!
//! ```text
//! latents   | plain …            | f.1.w   | f.2.w | f.3.w | learned |
//! runs      | one draw           | own     | one draw      | μ       |     f.1.w is rewritten
//! ```
//!
//! A weight whose rows get noise of their own has a draw of its own, so that it is left out where nothing reads it.
//! All other neighbours are drawn together: one instruction for many small tensors.

use super::along::Along;
use super::block::Block;
use super::collapse::Collapse;
use super::{GuideSettings, NoiseSource, stream};
use crate::lower::{LATENTS, Latent, LogJoint};
use crate::rewrites::{Note, Rewrite};
use crate::tape::{Slot, build::Builder};
use crate::ty::Shape;
use std::collections::BTreeSet;
use std::f64::consts::PI;

/// The guide's slots.
pub(super) struct Draw {
    /// Means of all latents.
    pub(super) mu: Slot,
    /// Sds of the random ones; with directions, of each by itself.
    pub(super) sigma: Slot,
    /// Size of the full-rank block.
    pub(super) full_dims: usize,
    /// e^ω: their sds given what they share.
    own: Slot,
    /// The directions that some share.
    along: Option<Along>,
    /// The full-rank block.
    block: Option<Block>,
    /// Precisions of the weights under collapsed scales, if there are any.
    pub(super) precision: Option<Slot>,
    omega: Slot,
    random: usize,
    /// The latents of collapsed scales: drawn by nothing, without an entropy of their own.
    collapsed: Vec<usize>,
    runs: Vec<Run>,
}

/// Latents that are drawn together.
struct Run {
    start: usize,
    len: usize,
    /// Their values.
    u: Slot,
    /// μ, moved along the directions.
    mean: Slot,
    /// u − mean; none for learned ones.
    step: Option<Slot>,
    /// ε; none for learned ones.
    noise: Option<Slot>,
    /// Σ_s λ_is v_s of each (5a), where the block has tied scales.
    stretch: Option<Slot>,
}

impl Draw {
    /// Draws all latents; those that begin at a place in `alone` have a draw of their own.
    pub(super) fn new(
        b: &mut Builder,
        joint: &LogJoint,
        settings: &GuideSettings,
        alone: &BTreeSet<usize>,
        collapse: &Collapse,
    ) -> Draw {
        let (dim, random, full) = (joint.dim, joint.random_dim, settings.full_dims.min(joint.random_dim));
        let mu = b.input("mu", Shape::vector(dim));
        let learned = (random < dim).then(|| {
            let len = dim - random;
            let u = b.slice(mu, random, &Shape::vector(len));
            Run { start: random, len, u, mean: u, step: None, noise: None, stretch: None }
        });
        if random == 0 {
            let runs = learned.into_iter().collect();
            let (precision, collapsed) = (None, vec![]);
            return Draw {
                mu,
                sigma: mu,
                own: mu,
                omega: mu,
                precision,
                random,
                full_dims: 0,
                along: None,
                block: None,
                collapsed,
                runs,
            };
        }
        let omega = b.input("omega", Shape::vector(random));
        let given = (settings.noise == NoiseSource::Input).then(|| b.input("noise", Shape::vector(random)));
        let own = b.exp(omega);
        let along = Along::new(b, settings);
        let block = Block::new(b, settings, full);
        let mut sigma = own;
        if let Some(along) = &along {
            let stretch = along.stretch(b, &(0..random));
            sigma = stretch.map_or(own, |stretch| b.mul(own, stretch));
        }
        if let Some(block) = &block {
            sigma = block.sds(b, own, random);
        }
        let collapsed: Vec<usize> = collapse.scales.iter().map(|s| s.latent).collect();
        let precision = (!collapsed.is_empty()).then(|| b.input("precision", Shape::vector(random)));
        let mut draw = Draw {
            mu,
            sigma,
            own,
            precision,
            omega,
            random,
            full_dims: full,
            along,
            block,
            collapsed,
            runs: vec![],
        };
        for (i, (start, len)) in pieces(joint, alone).into_iter().enumerate() {
            let noise = match given {
                Some(all) => b.slice(all, start, &Shape::vector(len)),
                None => b.noise(stream::run(i), Shape::vector(len)),
            };
            let run = draw.run(b, settings, start, len, noise);
            draw.runs.push(run);
        }
        draw.runs.extend(learned);
        if let [only] = &draw.runs[..] {
            b.name(only.u, LATENTS);
        }
        draw
    }

    /// All latents as one value, where they are one run (a model of one vector reads it as a whole).
    pub(super) fn whole(&self) -> Slot {
        match &self.runs[..] {
            [only] => only.u,
            _ => self.mu,
        }
    }

    /// Whether some of these latents are correlated with others.
    pub(super) fn is_correlated(&self, latent: &Latent) -> bool {
        let latents = latent.start..latent.start + latent.len;
        latent.start < self.full_dims || self.along.as_ref().is_some_and(|along| along.holds(&latents))
    }

    fn run(&self, b: &mut Builder, settings: &GuideSettings, start: usize, len: usize, noise: Slot) -> Run {
        let shape = Shape::vector(len);
        let own = b.slice(self.own, start, &shape);
        let mut step = b.mul(own, noise);
        let mut stretch = None;
        if let (Some(block), 0) = (&self.block, start) {
            // Blocks are drawn whole: `pieces` never cuts the full-rank one.
            step = block.step(b, own, noise, step);
            stretch = self.exponents(b, step, len, &settings.tied_scales);
            if let Some(exponents) = stretch {
                let factor = b.exp(exponents);
                step = b.mul(step, factor);
            }
        }
        let mut mean = b.slice(self.mu, start, &shape);
        if let Some(shift) = self.along.as_ref().and_then(|along| along.shift(b, &(start..start + len))) {
            let moved = b.mul(own, shift);
            mean = b.add(mean, moved);
        }
        let u = b.add(mean, step);
        Run { start, len, u, mean, step: Some(step), noise: Some(noise), stretch }
    }

    /// (5a): Σ_s λ_is v_s of the first `len` latents, from the input `tie` [scales · random]; none without scales.
    fn exponents(&self, b: &mut Builder, v: Slot, len: usize, scales: &[usize]) -> Option<Slot> {
        if scales.is_empty() {
            return None;
        }
        let tie = b.input("tie", Shape::vector(scales.len() * self.random));
        let mut sum: Option<Slot> = None;
        for (k, s) in scales.iter().enumerate() {
            let lambda = b.slice(tie, k * self.random, &Shape::vector(len));
            let scale = b.slice(v, *s, &Shape::scalar());
            let term = b.mul(lambda, scale);
            sum = Some(sum.map_or(term, |sum| b.add(sum, term)));
        }
        sum
    }

    fn part(&self, b: &mut Builder, start: usize, shape: &Shape, of: impl Fn(&Run) -> Option<Slot>) -> Slot {
        let run = self
            .runs
            .iter()
            .find(|r| r.start <= start && start + shape.len() <= r.start + r.len)
            .expect("runs cover all latents, and no latent lies in two");
        let whole = of(run).expect("only random latents have noise");
        b.slice(whole, start - run.start, shape)
    }

    /// u of the latents from `start` on.
    pub(super) fn value(&self, b: &mut Builder, start: usize, shape: &Shape) -> Slot {
        self.part(b, start, shape, |run| Some(run.u))
    }

    /// Their means given what they share: μ, moved along the directions.
    pub(super) fn mean(&self, b: &mut Builder, start: usize, shape: &Shape) -> Slot {
        match self.along {
            Some(_) => self.part(b, start, shape, |run| Some(run.mean)),
            None => b.slice(self.mu, start, shape),
        }
    }

    /// Their sds given what they share.
    pub(super) fn own_sd(&self, b: &mut Builder, start: usize, shape: &Shape) -> Slot {
        b.slice(self.own, start, shape)
    }

    /// u − mean of the latents from `start` on.
    pub(super) fn step(&self, b: &mut Builder, start: usize, shape: &Shape) -> Slot {
        self.part(b, start, shape, |run| run.step)
    }

    /// The entropy in closed form (4, 5), drawn (its noise ½‖ε‖²), or (15) uᵀ score, whose gradient is that of −log q
    /// with q held.
    pub(super) fn entropy(
        &self,
        b: &mut Builder,
        settings: &GuideSettings,
        notes: &mut Vec<Note>,
    ) -> Option<Slot> {
        if self.random == 0 {
            return None;
        }
        if settings.stick_the_landing {
            notes.push(Note::applied(
                Rewrite::StickTheLanding,
                "log q from the same draw, its parameters held",
            ));
            notes.push(Note::refused(Rewrite::Entropy, "stick_the_landing draws log q"));
            let score = b.input("score", Shape::vector(self.random));
            let u = self.value(b, 0, &Shape::vector(self.random));
            let product = b.mul(score, u);
            return Some(b.sum(product));
        }
        let omega = if self.collapsed.is_empty() {
            self.omega
        } else {
            let is_free = |i: usize| f64::from(u8::from(!self.collapsed.contains(&i)));
            let mask: Vec<f64> = (0..self.random).map(is_free).collect();
            let mask = b.tensor(&mask, Shape::vector(self.random));
            b.mul(self.omega, mask)
        };
        let sum = b.sum(omega);
        let half = 0.5 * (self.random - self.collapsed.len()) as f64;
        if settings.entropy {
            notes.push(Note::applied(Rewrite::Entropy, "in closed form"));
            return Some(b.add_number(sum, half * (1.0 + (2.0 * PI).ln())));
        }
        // The noise of collapsed scales is among what is squared: its expectation comes off again.
        let mut total = b.add_number(sum, half * (2.0 * PI).ln() - 0.5 * self.collapsed.len() as f64);
        for noise in self.runs.iter().filter_map(|r| r.noise) {
            let squares = b.square(noise);
            let norm = b.sum(squares);
            let norm = b.scale(norm, 0.5);
            total = b.add(total, norm);
        }
        for stretch in self.runs.iter().filter_map(|r| r.stretch) {
            let sum = b.sum(stretch);
            total = b.add(total, sum);
        }
        Some(total)
    }
}

/// Start and length of each run of random latents.
fn pieces(joint: &LogJoint, alone: &BTreeSet<usize>) -> Vec<(usize, usize)> {
    let mut latents: Vec<(usize, usize)> =
        joint.latents.iter().map(|l| (l.start, l.len)).filter(|l| l.0 < joint.random_dim).collect();
    latents.sort_unstable();
    let mut pieces: Vec<(usize, usize)> = vec![];
    let mut is_open = false;
    for (start, len) in latents {
        let is_alone = alone.contains(&start);
        match pieces.last_mut() {
            Some(last) if is_open && !is_alone => last.1 += len,
            _ => pieces.push((start, len)),
        }
        is_open = !is_alone;
    }
    pieces
}
