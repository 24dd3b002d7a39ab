//! The directions that latents move along together (`docs/inference.md`, equation 6), on the tape.
//!
//! ```text
//! latents     | f.1.w | f.2.w | f.3.w | f.3.b |
//! V                           | a row each    |   input `directions` [rows, r]: no rows for what stays by itself
//! u = μ + e^ω ⊙ (ε₁ + V ε₂)                       ε₂ [r] is one for all of them
//! ```
//!
//! Given ε₂ the latents are independent with means μ + e^ω ⊙ V ε₂ and sds e^ω, so noise per row and random signs stay
//! exact around those means; by itself a latent has the sd e^ω_i √(1 + Σ_k V_ik²).

use super::{GuideSettings, NoiseSource, stream};
use crate::kernels::scalar::Unary;
use crate::tape::{Op, Slot, build::Builder};
use crate::ty::Shape;
use std::ops::Range;

/// V and ε₂.
pub(super) struct Along {
    noise: Slot,
    rank: usize,
    /// Latents side by side, each range with its rows of V [len, r].
    parts: Vec<(Range<usize>, Slot)>,
}

impl Along {
    /// The directions of a guide, if it has any.
    pub(super) fn new(b: &mut Builder, settings: &GuideSettings) -> Option<Along> {
        let (rank, ranges) = (settings.rank, side_by_side(&settings.along));
        let rows: usize = ranges.iter().map(Range::len).sum();
        if rank == 0 || rows == 0 {
            return None;
        }
        let v = b.input("directions", [rows, rank].into());
        let noise = match settings.noise {
            NoiseSource::Input => b.input("direction_noise", Shape::vector(rank)),
            NoiseSource::Keyed => b.noise(stream::DIRECTIONS, Shape::vector(rank)),
        };
        let mut first = 0;
        let mut parts = vec![];
        for range in ranges {
            let part = b.slice(v, first * rank, &[range.len(), rank].into());
            first += range.len();
            parts.push((range, part));
        }
        Some(Along { noise, rank, parts })
    }

    /// Whether any of these latents moves along.
    pub(super) fn holds(&self, latents: &Range<usize>) -> bool {
        self.parts.iter().any(|(range, _)| !overlap(range, latents).is_empty())
    }

    /// V ε₂ of latents side by side; none where none of them moves along.
    pub(super) fn shift(&self, b: &mut Builder, latents: &Range<usize>) -> Option<Slot> {
        let noise = self.noise;
        self.spread_out(b, latents, |b, v| b.infer(Op::Dot { transposed: true }, vec![noise, v]))
    }

    /// √(1 + Σ_k V_ik²) of latents side by side; none where it is 1 for all of them.
    pub(super) fn stretch(&self, b: &mut Builder, latents: &Range<usize>) -> Option<Slot> {
        let ones = b.tensor(&vec![1.0; self.rank], Shape::vector(self.rank));
        let sums = self.spread_out(b, latents, |b, v| {
            let squares = b.square(v);
            b.infer(Op::Dot { transposed: true }, vec![ones, squares])
        })?;
        let variance = b.add_number(sums, 1.0);
        Some(b.unary(Unary::Sqrt, variance))
    }

    /// What each of these latents makes of its row of V; 0 for those without one.
    fn spread_out(
        &self,
        b: &mut Builder,
        latents: &Range<usize>,
        of: impl Fn(&mut Builder, Slot) -> Slot,
    ) -> Option<Slot> {
        let whole = Shape::vector(latents.len());
        let mut sum: Option<Slot> = None;
        for (range, v) in &self.parts {
            let both = overlap(range, latents);
            if both.is_empty() {
                continue;
            }
            let rows = b.slice(*v, (both.start - range.start) * self.rank, &[both.len(), self.rank].into());
            let mut term = of(b, rows);
            if both.len() < latents.len() {
                let start = both.start - latents.start;
                term = b.with_shape(Op::Pad { start }, vec![term], whole.clone());
            }
            sum = Some(sum.map_or(term, |sum| b.add(sum, term)));
        }
        sum
    }
}

/// Ranges in order, neighbours as one.
fn side_by_side(along: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut all = along.to_vec();
    all.sort_by_key(|r| r.start);
    let mut out: Vec<Range<usize>> = vec![];
    for range in all {
        match out.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => out.push(range),
        }
    }
    out
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.max(b.start)..a.end.min(b.end)
}
