//! Equation 6: directions that the latents of a guide move along together.
//!
//! ```text
//! u = μ + e^ω ⊙ (ε₁ + V ε₂)      Σ = D (I + V Vᵀ) D,  D = diag(e^ω),  V [D, r]
//! (I + V Vᵀ)⁻¹ = I − V M⁻¹ Vᵀ,   log det (I + V Vᵀ) = log det M,   M = I + Vᵀ V  [r, r]
//! ```
//!
//! The identities are those of Woodbury and Sylvester: nothing of size D × D is ever made.

use super::linear;
use crate::kernels::real::Real;
use std::ops::Range;

/// V of a guide; without directions the rank is 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Directions {
    /// r
    pub rank: usize,
    /// V [random, rank], row by row.
    pub v: Vec<f64>,
}

impl Directions {
    /// The row of a latent.
    fn row(&self, i: usize) -> &[f64] {
        &self.v[i * self.rank..(i + 1) * self.rank]
    }

    /// V_ik; 0 for a direction that is not there.
    pub fn entry(&self, i: usize, k: usize) -> f64 {
        if k < self.rank { self.row(i)[k] } else { 0.0 }
    }

    /// How many latents move along.
    pub fn moved(&self) -> usize {
        self.v.chunks_exact(self.rank.max(1)).filter(|row| row.iter().any(|v| *v != 0.0)).count()
    }

    /// The entries of the rows of some latents.
    pub fn rows<'a>(&'a self, along: &'a [Range<usize>]) -> impl Iterator<Item = &'a f64> {
        let rank = self.rank;
        along.iter().filter(move |_| rank > 0).flat_map(move |r| &self.v[r.start * rank..r.end * rank])
    }

    /// The same, to be changed; the latents are in order.
    pub fn rows_mut<'a>(&'a mut self, along: &'a [Range<usize>]) -> impl Iterator<Item = &'a mut f64> {
        let rank = self.rank;
        let mut rest = &mut self.v[..];
        let mut first = 0;
        along.iter().filter(move |_| rank > 0).flat_map(move |range| {
            let (_, after) = std::mem::take(&mut rest).split_at_mut((range.start - first) * rank);
            let (rows, after) = after.split_at_mut(range.len() * rank);
            (rest, first) = (after, range.end);
            rows
        })
    }

    /// (V ε₂)_i
    pub fn shift(&self, i: usize, noise: &[f64]) -> f64 {
        if self.rank == 0 { 0.0 } else { self.row(i).iter().zip(noise).map(|(v, e)| v * e).sum() }
    }

    /// √(1 + Σ_k V_ik²): how much wider a latent is than by its own noise.
    pub fn stretch(&self, i: usize) -> f64 {
        if self.rank == 0 { 1.0 } else { (1.0 + self.row(i).iter().map(|v| v * v).sum::<f64>()).sqrt() }
    }

    /// The lower Cholesky factor of M.
    fn factor(&self) -> Vec<f64> {
        factor(&self.v, self.rank)
    }

    /// Vᵀ y
    fn project(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.rank];
        for (row, y) in self.v.chunks_exact(self.rank.max(1)).zip(y) {
            out.iter_mut().zip(row).for_each(|(o, v)| *o += v * y);
        }
        out
    }

    /// yᵀ (I + V Vᵀ)⁻¹ y and log det (I + V Vᵀ).
    pub fn quadratic(&self, y: &[f64]) -> (f64, f64) {
        let square: f64 = y.iter().map(|y| y * y).sum();
        if self.rank == 0 {
            return (square, 0.0);
        }
        let l = self.factor();
        let mut z = self.project(y);
        linear::solve_lower(&l, &mut z);
        (square - z.iter().map(|z| z * z).sum::<f64>(), log_det_of(&l, self.rank))
    }

    /// (I + V Vᵀ)⁻¹ y, in place.
    pub fn solve(&self, y: &mut [f64]) {
        if self.rank == 0 {
            return;
        }
        let l = self.factor();
        let mut z = self.project(y);
        linear::solve_lower(&l, &mut z);
        linear::solve_lower_transposed(&l, &mut z);
        for (i, y) in y.iter_mut().enumerate() {
            *y -= self.shift(i, &z);
        }
    }

    /// ½ log det (I + V Vᵀ), the part of the entropy that V has, and adds its gradient V M⁻¹ times a factor.
    pub fn entropy(&self, factor: f64, gradient: &mut [f64]) -> f64 {
        0.5 * log_det(&self.v, self.rank, factor, gradient)
    }

    /// The lower Cholesky factor of D (I + V Vᵀ) D, where a full-rank block takes up from here.
    pub fn covariance_factor(&self, sds: &[f64]) -> Option<Vec<f64>> {
        let n = sds.len();
        let mut covariance = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let shared = if self.rank == 0 {
                    0.0
                } else {
                    self.row(i).iter().zip(self.row(j)).map(|(a, b)| a * b).sum::<f64>()
                };
                let value = sds[i] * sds[j] * (shared + f64::from(u8::from(i == j)));
                (covariance[i * n + j], covariance[j * n + i]) = (value, value);
            }
        }
        linear::cholesky(&covariance, n)
    }
}

/// log det (I + V Vᵀ) of V [rows, rank]; adds the gradient of half of it, V M⁻¹, times a share. Sums are in f64.
pub fn log_det<T: Real>(v: &[T], rank: usize, share: f64, gradient: &mut [T]) -> f64 {
    if rank == 0 {
        return 0.0;
    }
    let l = factor(v, rank);
    let mut inverse = vec![0.0; rank * rank];
    for (k, column) in inverse.chunks_exact_mut(rank).enumerate() {
        column[k] = share;
        linear::solve_lower(&l, column);
        linear::solve_lower_transposed(&l, column);
    }
    for (row, g) in v.chunks_exact(rank).zip(gradient.chunks_exact_mut(rank)) {
        for (g, column) in g.iter_mut().zip(inverse.chunks_exact(rank)) {
            *g += T::from_f64(row.iter().zip(column).map(|(v, m)| v.to_f64() * m).sum());
        }
    }
    log_det_of(&l, rank)
}

/// The lower Cholesky factor of M = I + Vᵀ V.
fn factor<T: Real>(v: &[T], r: usize) -> Vec<f64> {
    let mut m = vec![0.0; r * r];
    let mut wide = vec![0.0; r];
    for row in v.chunks_exact(r.max(1)) {
        wide.iter_mut().zip(row).for_each(|(w, x)| *w = x.to_f64());
        for (k, x) in wide.iter().enumerate() {
            for (m, y) in m[k * r..].iter_mut().zip(&wide[..=k]) {
                *m += x * y;
            }
        }
    }
    for k in 0..r {
        m[k * r + k] += 1.0;
        for l in 0..k {
            m[l * r + k] = m[k * r + l];
        }
    }
    // M ≥ I, so this fails only where V is not finite: then nothing that is made of it is finite either.
    linear::cholesky(&m, r).unwrap_or_else(|| vec![f64::NAN; r * r])
}

fn log_det_of(l: &[f64], n: usize) -> f64 {
    2.0 * (0..n).map(|k| l[k * n + k].ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Directions {
        Directions { rank: 2, v: vec![0.5, -0.3, 1.2, 0.1, 0.0, 0.8] }
    }

    /// (I + V Vᵀ) written out.
    fn dense(d: &Directions) -> Vec<f64> {
        let n = d.v.len() / d.rank;
        let entry = |i: usize, j: usize| d.row(i).iter().zip(d.row(j)).map(|(a, b)| a * b).sum::<f64>();
        (0..n * n).map(|k| entry(k / n, k % n) + f64::from(u8::from(k / n == k % n))).collect()
    }

    #[test]
    fn identities_agree_with_the_matrix_written_out() {
        let (d, y) = (three(), [0.7, -1.3, 0.4]);
        let s = dense(&d);
        let mut x = y;
        d.solve(&mut x);
        for i in 0..3 {
            let back: f64 = (0..3).map(|j| s[i * 3 + j] * x[j]).sum();
            assert!((back - y[i]).abs() < 1e-12, "{back} for {}", y[i]);
            assert!((d.stretch(i) - s[i * 3 + i].sqrt()).abs() < 1e-12);
        }
        let det = s[0] * (s[4] * s[8] - s[5] * s[7]) - s[1] * (s[3] * s[8] - s[5] * s[6])
            + s[2] * (s[3] * s[7] - s[4] * s[6]);
        let (quadratic, log) = d.quadratic(&y);
        assert!((log - det.ln()).abs() < 1e-12, "{log} {det}");
        assert!((quadratic - x.iter().zip(y).map(|(a, b)| a * b).sum::<f64>()).abs() < 1e-12);
        let l = d.covariance_factor(&[2.0, 1.0, 0.5]).expect("positive definite");
        let sds = [2.0, 1.0, 0.5];
        for i in 0..3 {
            for j in 0..3 {
                let product: f64 = (0..3).map(|k| l[i * 3 + k] * l[j * 3 + k]).sum();
                assert!((product - sds[i] * sds[j] * s[i * 3 + j]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_entropy_has_the_slope_of_central_differences() {
        let d = three();
        let mut gradient = vec![0.0; 6];
        d.entropy(2.0, &mut gradient);
        for k in 0..6 {
            let at = |x: f64| {
                let mut moved = d.clone();
                moved.v[k] = x;
                moved.entropy(0.0, &mut [0.0; 6])
            };
            let slope = 2.0 * (at(d.v[k] + 1e-5) - at(d.v[k] - 1e-5)) / 2e-5;
            assert!((gradient[k] - slope).abs() < 1e-8, "{} {slope}", gradient[k]);
        }
    }
}
