//! The full-rank block of the first latents (`docs/inference.md`, equation 5), on the tape.
//!
//! ```text
//! latents   | block          | f.1.w | …        u = μ + L ε on the block, L = diag(e^ω) + what is below
//! ```
//!
//! The input `lower` holds what is below the diagonal. Where noise is keyed it is L′ with L = diag(e^ω) L′, because the
//! method that moves it knows no units; where noise is given it is that of L itself.

use super::{GuideSettings, NoiseSource};
use crate::kernels::scalar::Unary;
use crate::tape::{Op, Slot, build::Builder};
use crate::ty::Shape;

/// Its factor below the diagonal.
pub(super) struct Block {
    size: usize,
    strict: Slot,
    is_in_units: bool,
}

impl Block {
    /// The block of a guide, if it has one.
    pub(super) fn new(b: &mut Builder, settings: &GuideSettings, size: usize) -> Option<Block> {
        if size < 2 {
            return None;
        }
        let lower = b.input("lower", [size, size].into());
        let mask: Vec<f64> = (0..size * size).map(|k| f64::from(k % size < k / size)).collect();
        let mask = b.tensor(&mask, [size, size].into());
        let strict = b.mul(lower, mask);
        Some(Block { size, strict, is_in_units: settings.noise == NoiseSource::Keyed })
    }

    /// e^ω ε of a run that begins with the block becomes L ε there.
    pub(super) fn step(&self, b: &mut Builder, own: Slot, noise: Slot, alone: Slot) -> Slot {
        let whole = b.shape(noise).clone();
        let head = b.slice(noise, 0, &Shape::vector(self.size));
        let mixed = b.infer(Op::Dot { transposed: true }, vec![head, self.strict]);
        let wide = self.pad(b, mixed, &whole);
        let below = if self.is_in_units { b.mul(own, wide) } else { wide };
        b.add(alone, below)
    }

    /// The sds that latents have by themselves: the lengths of the rows of L.
    pub(super) fn sds(&self, b: &mut Builder, own: Slot, random: usize) -> Slot {
        let ones = b.tensor(&vec![1.0; self.size], Shape::vector(self.size));
        let squares = b.square(self.strict);
        let below = b.infer(Op::Dot { transposed: true }, vec![ones, squares]);
        let below = self.pad(b, below, &Shape::vector(random));
        if self.is_in_units {
            let variance = b.add_number(below, 1.0);
            let stretch = b.unary(Unary::Sqrt, variance);
            return b.mul(own, stretch);
        }
        let diagonal = b.square(own);
        let variance = b.add(diagonal, below);
        b.unary(Unary::Sqrt, variance)
    }

    fn pad(&self, b: &mut Builder, x: Slot, whole: &Shape) -> Slot {
        if self.size == whole.len() { x } else { b.with_shape(Op::Pad { start: 0 }, vec![x], whole.clone()) }
    }
}
