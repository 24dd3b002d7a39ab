//! The numbers that steps on batches move, side by side, and the guide that they are.
//!
//! ```text
//! p   | means [D] | log sds [random] | block [n, n] | directions [rows, r] |
//! ```
//!
//! The block is L′ below its diagonal, L = diag(e^ω) L′ (5), the directions are V (6), a row for each latent that moves
//! along: both have no units, and one that is 0 changes nothing.
//! A gradient has the same form. Every part is an input of the step's programs by its name.

use super::directions::{Directions, log_det};
use super::posterior::Gaussian;
use super::problem::Number;
use super::record::GuideRecord;
use crate::engine::{Executor, Lead, PART};
use crate::guide::GuideSettings;
use crate::kernels::elementwise;
use crate::kernels::scalar::Unary;
use crate::lower::LogJoint;
use std::ops::Range;

/// Where each part lies.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numbers {
    dim: usize,
    random: usize,
    full: usize,
    rank: usize,
    along: Vec<Range<usize>>,
}

impl Numbers {
    /// Those of a guide.
    pub(super) fn of(joint: &LogJoint, settings: &GuideSettings) -> Numbers {
        let (rank, along) = (settings.rank, settings.along.clone());
        // A block of one latent has nothing below its diagonal.
        let full = if settings.full_dims < 2 { 0 } else { settings.full_dims };
        Numbers { dim: joint.dim, random: joint.random_dim, full, rank, along }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.directions().end
    }

    /// How many means.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// How many directions.
    pub(super) fn rank(&self) -> usize {
        self.rank
    }

    /// Where the log sds are.
    pub(super) fn spreads(&self) -> Range<usize> {
        self.dim..self.dim + self.random
    }

    /// Where V is.
    pub(super) fn directions(&self) -> Range<usize> {
        let rows: usize = self.along.iter().map(Range::len).sum();
        let first = self.block().end;
        first..first + rows * self.rank
    }

    /// Where L′ is.
    pub(super) fn block(&self) -> Range<usize> {
        let first = self.spreads().end;
        first..first + self.full * self.full
    }

    fn inputs(&self) -> [(&'static str, &'static str, Range<usize>); 4] {
        [
            ("lower", "grad:lower", self.block()),
            ("mu", "grad:mu", 0..self.dim),
            ("omega", "grad:omega", self.spreads()),
            ("directions", "grad:directions", self.directions()),
        ]
    }

    /// Gives an executor the guide of a step.
    pub(super) fn give<T: Number>(&self, executor: &mut Executor<T>, p: &[T], precision: &[T]) {
        for (name, _, range) in self.inputs() {
            executor.set_input(name, &p[range]);
        }
        executor.set_input("precision", precision);
    }

    /// The same, shared out.
    pub(super) fn give_by<T: Number>(
        &self,
        lead: &mut Lead<'_>,
        executor: &mut Executor<T>,
        p: &[T],
        precision: &[T],
    ) {
        for (name, _, range) in self.inputs() {
            executor.set_input_by(lead, name, &p[range]);
        }
        executor.set_input_by(lead, "precision", precision);
    }

    /// Adds an executor's gradient times a share; returns its value times the share.
    pub(super) fn collect<T: Number>(&self, executor: &Executor<T>, share: f64, g: &mut [T]) -> f64 {
        for (_, name, range) in self.inputs() {
            if let Some(x) = executor.output(name) {
                elementwise::axpy(T::from_f64(share), x, &mut g[range]);
            }
        }
        Numbers::value(executor, share)
    }

    /// The same, shared out.
    pub(super) fn collect_by<T: Number>(
        &self,
        lead: &mut Lead<'_>,
        executor: &Executor<T>,
        share: f64,
        g: &mut [T],
    ) -> f64 {
        for (_, name, range) in self.inputs() {
            if let Some(x) = executor.output(name) {
                let parts = x.chunks(PART).zip(g[range].chunks_mut(PART));
                lead.share(x.len(), parts, |(x, g)| elementwise::axpy(T::from_f64(share), x, g));
            }
        }
        Numbers::value(executor, share)
    }

    /// Sets g to the gradients of one executor or two, each times its share, shared out.
    pub(super) fn put_by<'e, T: Number>(
        &self,
        lead: &mut Lead<'_>,
        first: (&'e Executor<T>, f64),
        second: Option<(&'e Executor<T>, f64)>,
        g: &mut [T],
    ) {
        for (_, name, range) in self.inputs() {
            let g = &mut g[range];
            let of = |(executor, share): (&'e Executor<T>, f64)| {
                Some((executor.output(name)?, T::from_f64(share)))
            };
            match (of(first), second.and_then(of)) {
                (Some((x, of_x)), Some((y, of_y))) => {
                    let parts = x.chunks(PART).zip(y.chunks(PART)).zip(g.chunks_mut(PART));
                    lead.share(x.len(), parts, |((x, y), g)| elementwise::scale_both(of_y, y, of_x, x, g));
                }
                (Some((x, share)), None) | (None, Some((x, share))) => {
                    let parts = x.chunks(PART).zip(g.chunks_mut(PART));
                    lead.share(x.len(), parts, |(x, g)| elementwise::scale(share, x, g));
                }
                (None, None) => g.fill(T::ZERO),
            }
        }
    }

    /// An executor's value times a share.
    pub(super) fn value<T: Number>(executor: &Executor<T>, share: f64) -> f64 {
        executor.output("objective").map_or(0.0, |x| share * x[0].to_f64())
    }

    /// The part of the entropy that V has, which no program knows, and its gradient; both times a share.
    pub(super) fn entropy<T: Number>(&self, p: &[T], share: f64, g: &mut [T]) -> f64 {
        let at = self.directions();
        share * 0.5 * log_det(&p[at.clone()], self.rank, share, &mut g[at])
    }

    /// The sd of each random latent by itself.
    pub(super) fn sds_by<T: Number>(&self, lead: &mut Lead<'_>, p: &[T], out: &mut [T]) {
        let parts = p[self.spreads()].chunks(PART).zip(out.chunks_mut(PART));
        lead.share(self.random, parts, |(omega, sd)| elementwise::unary(Unary::Exp, omega, sd));
        let stretch = |row: &[T]| {
            let squares: f64 = row.iter().map(|v| v.to_f64() * v.to_f64()).sum();
            T::from_f64((1.0 + squares).sqrt())
        };
        for (i, row) in p[self.block()].chunks_exact(self.full.max(1)).enumerate() {
            out[i] *= stretch(&row[..i]);
        }
        if self.rank == 0 {
            return;
        }
        let rows = p[self.directions()].chunks_exact(self.rank);
        for (i, row) in self.along.iter().cloned().flatten().zip(rows) {
            out[i] *= stretch(row);
        }
    }

    /// Whether a guide read from a file is one of these numbers.
    pub(super) fn fits(&self, guide: &GuideRecord<'_>) -> bool {
        guide.fits(self.dim, self.random) && (guide.full(), guide.rank()) == (self.full, self.rank)
    }

    /// The numbers of a guide; a block or directions that it does not have are 0.
    pub(super) fn read(&self, guide: &Gaussian) -> Vec<f64> {
        let rows = self.along.iter().cloned().flatten();
        let v = rows.flat_map(|i| (0..self.rank).map(move |k| guide.directions.entry(i, k)));
        let unit = |i: usize, j: usize| match (i < guide.full, j < i) {
            (true, true) => guide.lower[i * guide.full + j] * (-guide.omega[i]).exp(),
            _ => 0.0,
        };
        let block = (0..self.full).flat_map(|i| (0..self.full).map(move |j| unit(i, j)));
        guide.mu.iter().chain(&guide.omega).copied().chain(block).chain(v).collect()
    }

    /// The guide of these numbers; collapsed scales are not settled.
    pub(super) fn guide(&self, p: &[f64]) -> Gaussian {
        let mut directions = Directions { rank: self.rank, v: vec![0.0; self.random * self.rank] };
        directions.rows_mut(&self.along).zip(&p[self.directions()]).for_each(|(v, x)| *v = *x);
        let (omega, full) = (p[self.spreads()].to_vec(), self.full);
        let mut lower = p[self.block()].to_vec();
        for (i, row) in lower.chunks_exact_mut(full.max(1)).enumerate() {
            row[..i].iter_mut().for_each(|l| *l *= omega[i].exp());
            row[i..].fill(0.0);
        }
        Gaussian { omega, lower, full, directions, ..Gaussian::point(p[..self.dim].to_vec()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Team;

    /// Four latents, three of them random: a block of the first two, the third along two directions.
    #[test]
    fn a_guide_and_its_numbers_say_the_same() {
        let third = 2..3;
        let numbers = Numbers { dim: 4, random: 3, full: 2, rank: 2, along: vec![third] };
        let means = [0.3, -1.0, 2.0, 0.1];
        let p = [&means[..], &[-0.2, 0.4, -1.0], &[0.0, 0.0, 0.7, 0.0], &[0.5, -0.3]].concat();
        assert_eq!(p.len(), numbers.len());
        let guide = numbers.guide(&p);
        let back = numbers.read(&guide);
        assert!(p.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-12), "{back:?}");
        let mut sds = [0.0; 3];
        Team::new(vec![()], 1).run(|_, ()| {}, |lead| numbers.sds_by(lead, &p, &mut sds));
        assert!(sds.iter().zip(guide.marginal_sds()).all(|(a, b)| (a - b).abs() < 1e-12), "{sds:?}");
        // The second of the block: e^0.4 √(1 + 0.7²); the third: e^−1 √(1 + 0.5² + 0.3²).
        let wanted = [(-0.2f64).exp(), 0.4f64.exp() * 1.49f64.sqrt(), (-1.0f64).exp() * 1.34f64.sqrt()];
        assert!(sds.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{sds:?}");
        assert!(numbers.fits(&GuideRecord::of(&guide)));
        let other = Numbers { full: 0, ..numbers };
        assert!(!other.fits(&GuideRecord::of(&guide)));
    }
}
