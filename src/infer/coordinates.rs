//! The coordinates that the optimiser moves in (`docs/inference.md`, equation 20).
//!
//! ```text
//! full-rank block   μ = μ₀ + C a,   L = C L′,   L′_ii = e^{b_i}
//! the rest          μ = μ₀ + s₀ a,  ω = log s₀ + b
//! ties (5a)         λ_s = M_s t_s, a λ for each group of latents
//! directions (6)    V as it is: it has no units, because e^ω stands before it
//! ```
//!
//! With C the Cholesky factor of an inverse Hessian one learning rate fits coefficients of 1e-5 and of 1e4, and
//! collinear columns. Plain coordinates are C = 1, s₀ = 1.

use super::directions::Directions;
use super::draws::variable;
use super::linear;
use super::posterior::{Gaussian, Scales, Ties};
use crate::kernels::noise;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Where the origin is and how long a unit is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Coordinates {
    origin: Vec<f64>,
    /// C of the full-rank block.
    factor: Vec<f64>,
    /// s₀ of every latent behind it.
    scale: Lengths,
    full: usize,
    random: usize,
    ties: Vec<Tie>,
    groups: Vec<Range<usize>>,
    rank: usize,
    /// Latents that may move along directions.
    along: Vec<Range<usize>>,
}

/// How long units are, with their logarithms, which every step asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Vec<f64>", into = "Vec<f64>")]
struct Lengths {
    of: Vec<f64>,
    log: Vec<f64>,
}

impl From<Vec<f64>> for Lengths {
    fn from(of: Vec<f64>) -> Lengths {
        Lengths { log: of.iter().map(|s| s.ln()).collect(), of }
    }
}

impl From<Lengths> for Vec<f64> {
    fn from(lengths: Lengths) -> Vec<f64> {
        lengths.of
    }
}

impl std::ops::Deref for Lengths {
    type Target = [f64];
    fn deref(&self) -> &[f64] {
        &self.of
    }
}

/// A scale that the spread of every group follows.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Tie {
    scale: usize,
    /// M [groups, groups], lower: the inverse root of the curvature in λ.
    map: Vec<f64>,
}

/// A number of the coordinates, as far as judging its noise goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// the mean of a latent
    Mean(usize),
    /// the log sd of a random latent
    Spread(usize),
    /// an entry of L′ below its diagonal, in the row of a latent
    Lower(usize),
    /// how a group follows a scale
    Tie,
}

/// Dimensions up to which all numbers have one rate.
const CALM_DIMS: usize = 10;
/// Sd of the first directions: V = 0 is a saddle.
const FIRST_DIRECTION: f64 = 0.01;
/// Log sds leave the coordinates' origin by no more than this (nat).
const MOST_SPREAD: f64 = 20.0;

impl Coordinates {
    /// Whitened: `factor` is [full, full] lower, `scale` is for all latents (those of the block are not read).
    pub fn new(origin: Vec<f64>, factor: Vec<f64>, scale: Vec<f64>, random: usize) -> Self {
        let full = (factor.len() as f64).sqrt().round() as usize;
        Coordinates {
            origin,
            factor,
            scale: scale.into(),
            full,
            random,
            ties: vec![],
            groups: vec![],
            rank: 0,
            along: vec![],
        }
    }

    /// Some latents move along as many directions as `rank` says (6).
    pub fn with_directions(self, rank: usize, along: &[Range<usize>]) -> Self {
        Coordinates { rank, along: along.to_vec(), ..self }
    }

    /// The origin, with directions of sd 0.01: without any, none has a slope.
    pub fn start_along(&self, seed: u64) -> Vec<f64> {
        let mut p = self.start();
        let first = self.first_direction();
        for (k, range) in self.along.iter().enumerate() {
            let part = &mut p[first + range.start * self.rank..first + range.end * self.rank];
            noise::normals(part, noise::key(seed, k as u64, variable::DIRECTIONS, 0), 0);
            part.iter_mut().for_each(|v| *v *= FIRST_DIRECTION);
        }
        p
    }

    /// The spread of groups of latents follows scales (5a); each group has one λ per scale.
    ///
    /// With Σ = C Cᵀ and P its inverse, −∂²/∂λ_g∂λ_h of the ELBO at λ = 0 is Σ_ss (Σ_{i∈g,j∈h} P_ij Σ_ij + [g = h] |g|)
    /// for a posterior N(μ₀, Σ): groups whose latents nearly cancel can only follow together, and a large group is stiff.
    pub fn with_ties(mut self, scales: &[usize], groups: &[Range<usize>]) -> Self {
        let (f, n) = (self.full, groups.len());
        self.groups = groups.to_vec();
        if scales.is_empty() || n == 0 || f == 0 {
            return self;
        }
        let inverse = linear::inverse_lower(&self.factor, f);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let covariance = |i: usize, j: usize| {
            let k = i.min(j) + 1;
            dot(&self.factor[i * f..i * f + k], &self.factor[j * f..j * f + k])
        };
        let precision =
            |i: usize, j: usize| (i.max(j)..f).map(|k| inverse[k * f + i] * inverse[k * f + j]).sum::<f64>();
        let mut curvature = vec![0.0; n * n];
        for (g, left) in groups.iter().enumerate() {
            for (h, right) in groups.iter().enumerate().take(g + 1) {
                let pairs = left.clone().flat_map(|i| right.clone().map(move |j| (i, j)));
                let sum: f64 = pairs.map(|(i, j)| covariance(i, j) * precision(i, j)).sum();
                curvature[g * n + h] = sum + if g == h { left.len() as f64 } else { 0.0 };
                curvature[h * n + g] = curvature[g * n + h];
            }
        }
        let plain = || (0..n * n).map(|k| if k / n == k % n { 1.0 } else { 0.0 }).collect();
        let root = linear::inverse_cholesky(&curvature, n).unwrap_or_else(plain);
        let tie = |s: &usize| {
            let sd = covariance(*s, *s).sqrt();
            Tie { scale: *s, map: root.iter().map(|r| r / sd).collect() }
        };
        self.ties = scales.iter().filter(|s| **s < f).map(tie).collect();
        self
    }

    /// Puts the directions of a guide of the same rank where these latents may move along them.
    pub fn take_directions(&self, from: &Directions, p: &mut [f64]) {
        if from.rank != self.rank {
            return;
        }
        let v = &mut p[self.first_direction()..];
        for (i, row) in from.v.chunks_exact(self.rank.max(1)).enumerate() {
            // A latent that had none keeps its first ones.
            if self.along.iter().any(|range| range.contains(&i)) && row.iter().any(|v| *v != 0.0) {
                v[i * self.rank..(i + 1) * self.rank].copy_from_slice(row);
            }
        }
    }

    /// Whether these are coordinates of the same guide as others: read from a file, their lengths may be anything.
    pub(super) fn fits(&self, other: &Coordinates) -> bool {
        let tie = |t: &Tie| (t.scale, t.map.len());
        let sizes =
            |c: &Coordinates| [c.origin.len(), c.factor.len(), c.scale.len(), c.full, c.random, c.rank];
        sizes(self) == sizes(other)
            && self.along == other.along
            && self.groups == other.groups
            && self.ties.iter().map(tie).eq(other.ties.iter().map(tie))
    }

    /// Whether there is such a number.
    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::Mean(i) => i < self.origin.len(),
            Part::Spread(i) | Part::Lower(i) => i < self.random,
            Part::Tie => true,
        }
    }

    /// Whether coordinates read from a file are of so many latents, and every place in them is inside.
    pub(super) fn is_sound(&self, dim: usize, random: usize, full: usize, rank: usize) -> bool {
        let groups = self.groups.len();
        [self.origin.len(), self.scale.len(), self.random, self.full, self.factor.len(), self.rank]
            == [dim, dim, random, full, full * full, rank]
            && self.along.iter().all(|g| g.start < g.end && g.end <= random)
            && self.ties.iter().all(|t| t.scale < full && t.map.len() == groups * groups)
            && self.groups.iter().all(|g| g.start < g.end && g.end <= random)
    }

    /// How long a unit of each latent's mean is (those of a full-rank block are not read).
    pub fn units(&self) -> &[f64] {
        &self.scale
    }

    /// Plain coordinates of a mean-field guide.
    pub fn plain(dim: usize, random: usize) -> Self {
        let origin = vec![0.0; dim];
        let scale = vec![1.0; dim];
        Coordinates::new(origin, vec![], scale, random)
    }

    /// The same guide as the origin: its means, sds and correlations become 0, 0 and 1; ties keep their value.
    ///
    /// Returns the coordinates and the point in them.
    pub fn recentred(&self, p: &[f64]) -> (Coordinates, Vec<f64>) {
        let mut guide = self.blank();
        self.guide(p, &mut guide);
        let mut scale = vec![1.0; self.origin.len()];
        scale[self.random..].copy_from_slice(&self.scale[self.random..]);
        for (s, omega) in scale.iter_mut().zip(&guide.omega) {
            *s = omega.exp();
        }
        let scales: Vec<usize> = self.ties.iter().map(|t| t.scale).collect();
        let there = Coordinates::new(guide.mu.clone(), guide.factor(), scale, self.random)
            .with_ties(&scales, &self.groups)
            .with_directions(self.rank, &self.along);
        let mut at = there.start();
        at[there.first_direction()..].copy_from_slice(&guide.directions.v);
        let first = there.first_tie();
        let n = there.groups.len();
        for (k, tie) in there.ties.iter().enumerate() {
            let part = &mut at[first + k * n..first + (k + 1) * n];
            for (t, group) in part.iter_mut().zip(&there.groups) {
                *t = guide.ties.lambda[k * self.random + group.start];
            }
            linear::solve_lower(&tie.map, part);
        }
        (there, at)
    }

    /// Every number that moves and can be judged, with what it is; directions turn among themselves and stay out.
    pub fn parts(&self) -> Vec<(usize, Part)> {
        let (dim, f) = (self.origin.len(), self.full);
        let strict = (0..f).flat_map(|i| (0..i).map(move |j| (i, j)));
        (0..dim)
            .map(|i| (i, Part::Mean(i)))
            .chain((0..self.random).map(|i| (dim + i, Part::Spread(i))))
            .chain(strict.map(|(i, j)| (dim + self.random + i * f + j, Part::Lower(i))))
            .chain((self.first_tie()..self.first_direction()).map(|k| (k, Part::Tie)))
            .collect()
    }

    /// The sd of a latent at a point, in units of the coordinates: what an error of its mean is measured by.
    pub fn unit(&self, p: &[f64], latent: usize) -> f64 {
        let (dim, f) = (self.origin.len(), self.full);
        if latent >= self.random {
            return 1.0;
        }
        let own = p[dim + latent].exp();
        if latent >= f {
            return own;
        }
        let row = dim + self.random + latent * f;
        (own * own + p[row..row + latent].iter().map(|l| l * l).sum::<f64>()).sqrt()
    }

    /// Keeps log sds within reach of e^±20 times their origin; whether one was outside.
    pub fn clamp(&self, p: &mut [f64]) -> bool {
        let dim = self.origin.len();
        let mut is_outside = false;
        for b in &mut p[dim..dim + self.random] {
            is_outside |= b.abs() > MOST_SPREAD;
            *b = b.clamp(-MOST_SPREAD, MOST_SPREAD);
        }
        is_outside
    }

    /// The learning rate of every number relative to that of means: 1, but less for L′ in more than ten dimensions.
    ///
    /// Near the optimum the noise of STL (15) in row i of L′ is that of −2 Δ_i ε, with Δ the error of L′. Adam at rate
    /// ρ and 8 draws then keeps Σ Δ² near 0.06 ρ² D³ nats, which feeds on itself when it is large: at 89 dimensions and
    /// ρ = 0.05 a fit climbed for 300 steps and exploded. ρ ∝ D^{−3/2} keeps the sum where it is for ten.
    pub fn relative_rates(&self) -> Vec<f64> {
        let mut rates = vec![1.0; self.numbers()];
        if self.full > CALM_DIMS {
            let rate = (CALM_DIMS as f64 / self.full as f64).powf(1.5);
            let first = self.origin.len() + self.random;
            rates[first..first + self.full * self.full].fill(rate);
        }
        if self.rank > 0 {
            // By the same count, with D r entries in place of D²/2.
            let rate = (CALM_DIMS.pow(3) as f64 / (self.random.pow(2) * self.rank) as f64).sqrt().min(1.0);
            let first = self.first_direction();
            rates[first..].fill(rate);
        }
        rates
    }

    /// How much smaller than that of a mean the error of an entry of L′ should be: √(10/D), at most 1.
    pub fn entry_share(&self) -> f64 {
        (CALM_DIMS as f64 / self.full.max(1) as f64).sqrt().min(1.0)
    }

    fn first_tie(&self) -> usize {
        self.origin.len() + self.random + self.full * self.full
    }

    fn first_direction(&self) -> usize {
        self.first_tie() + self.ties.len() * self.groups.len()
    }

    /// How many numbers the optimiser moves: a, b, the full-rank block of L′, ties and V.
    pub fn numbers(&self) -> usize {
        self.first_direction() + self.random * self.rank
    }

    /// a = 0, b = 0, L′ = 1.
    pub fn start(&self) -> Vec<f64> {
        vec![0.0; self.numbers()]
    }

    /// The guide at a point.
    pub fn guide(&self, p: &[f64], out: &mut Gaussian) {
        let (dim, f, n) = (self.origin.len(), self.full, self.random);
        let (a, rest) = p.split_at(dim);
        let (b, rest) = rest.split_at(n);
        let (strict, rest) = rest.split_at(f * f);
        let (ties, v) = rest.split_at(self.ties.len() * self.groups.len());
        out.directions.v.copy_from_slice(v);
        linear::multiply_lower(&self.factor, &a[..f], &mut out.mu[..f]);
        out.mu[..f].iter_mut().zip(&self.origin).for_each(|(mu, origin)| *mu += origin);
        let behind = out.mu[f..].iter_mut().zip(&self.origin[f..]);
        for ((mu, origin), (scale, a)) in behind.zip(self.scale[f..].iter().zip(&a[f..])) {
            *mu = origin + scale * a;
        }
        for ((omega, log_scale), b) in out.omega[f..].iter_mut().zip(&self.scale.log[f..n]).zip(&b[f..]) {
            *omega = log_scale + b;
        }
        for i in 0..f {
            out.omega[i] = self.factor[i * f + i].ln() + b[i];
            // L_ij = Σ_{k=j..i} C_ik L′_kj, row by row of L′
            let row = &mut out.lower[i * f..i * f + i];
            for (j, l) in row.iter_mut().enumerate() {
                *l = self.factor[i * f + j] * b[j].exp();
            }
            for k in 1..=i {
                let c = self.factor[i * f + k];
                for (l, s) in row.iter_mut().zip(&strict[k * f..k * f + k]) {
                    *l += c * s;
                }
            }
        }
        let mut lambda = vec![0.0; self.groups.len()];
        for ((tie, t), row) in
            self.ties.iter().zip(ties.chunks(lambda.len().max(1))).zip(out.ties.lambda.chunks_mut(n.max(1)))
        {
            linear::multiply_lower(&tie.map, t, &mut lambda);
            for (group, l) in self.groups.iter().zip(&lambda) {
                row[group.clone()].fill(*l);
            }
        }
        out.full = f;
    }

    /// An empty guide of the right sizes.
    pub fn blank(&self) -> Gaussian {
        Gaussian {
            mu: vec![0.0; self.origin.len()],
            omega: vec![0.0; self.random],
            lower: vec![0.0; self.full * self.full],
            full: self.full,
            scales: Scales::default(),
            ties: Ties {
                scales: self.ties.iter().map(|t| t.scale).collect(),
                lambda: vec![0.0; self.ties.len() * self.random],
            },
            directions: Directions { rank: self.rank, v: vec![0.0; self.random * self.rank] },
        }
    }

    /// Turns the gradient for the guide's parameters into that for the coordinates.
    pub fn pull(&self, p: &[f64], guide: &Gaussian, gradient: &Gaussian, out: &mut [f64]) {
        let (dim, f, n) = (self.origin.len(), self.full, self.random);
        linear::multiply_lower_transposed(&self.factor, &gradient.mu[..f], &mut out[..f]);
        for i in f..dim {
            out[i] = self.scale[i] * gradient.mu[i];
        }
        out[dim + f..dim + n].copy_from_slice(&gradient.omega[f..n]);
        // ∂/∂L: strictly lower as given, on the diagonal ∂/∂ω_i / L_ii; then ∂/∂L′ = Cᵀ ∂/∂L
        let strict = &mut out[dim + n..dim + n + f * f];
        strict.fill(0.0);
        for k in 0..f {
            let own = gradient.omega[k] / guide.omega[k].exp();
            for i in 0..=k {
                let c = self.factor[k * f + i];
                let row = &mut strict[i * f..=i * f + i];
                for (o, g) in row.iter_mut().zip(&gradient.lower[k * f..k * f + k]) {
                    *o += c * g;
                }
                if i == k {
                    row[i] += c * own;
                }
            }
        }
        for i in 0..f {
            let diagonal = std::mem::take(&mut out[dim + n + i * f + i]);
            out[dim + i] = diagonal * p[dim + i].exp();
        }
        let v = &mut out[self.first_direction()..];
        v.fill(0.0);
        for range in &self.along {
            let own = range.start * self.rank..range.end * self.rank;
            v[own.clone()].copy_from_slice(&gradient.directions.v[own]);
        }
        let (first, end) = (self.first_tie(), self.first_direction());
        let of_group =
            |row: &[f64]| -> Vec<f64> { self.groups.iter().map(|g| row[g.clone()].iter().sum()).collect() };
        let parts = out[first..end].chunks_mut(self.groups.len().max(1));
        for ((tie, part), row) in self.ties.iter().zip(parts).zip(gradient.ties.lambda.chunks(n.max(1))) {
            linear::multiply_lower_transposed(&tie.map, &of_group(row), part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f(guide) = Σ sin of everything, so that every path carries a gradient of its own.
    fn value(g: &Gaussian) -> f64 {
        let strict = (0..g.full).flat_map(|i| (0..i).map(move |j| (i, j)));
        g.mu.iter().chain(&g.omega).chain(&g.ties.lambda).map(|x| x.sin()).sum::<f64>()
            + strict.map(|(i, j)| (2.0 * g.lower[i * g.full + j]).sin()).sum::<f64>()
    }

    #[test]
    fn the_gradient_is_pulled_back_as_central_differences_say() {
        let c = Coordinates::new(
            vec![0.3, -0.2, 0.1, 0.5],
            vec![1.5, 0.0, 0.4, 0.7],
            vec![9.0, 9.0, 2.0, 1.0],
            3,
        )
        .with_ties(&[1], std::slice::from_ref(&(0..1)));
        let mut p: Vec<f64> = (0..c.numbers()).map(|i| 0.1 * (i as f64) - 0.3).collect();
        let mut guide = c.blank();
        c.guide(&p, &mut guide);
        let mut gradient = c.blank();
        gradient.mu = guide.mu.iter().map(|x| x.cos()).collect();
        gradient.omega = guide.omega.iter().map(|x| x.cos()).collect();
        gradient.ties.lambda = guide.ties.lambda.iter().map(|x| x.cos()).collect();
        gradient.lower = guide.lower.iter().map(|x| 2.0 * (2.0 * x).cos()).collect();
        let mut pulled = vec![0.0; c.numbers()];
        c.pull(&p, &guide, &gradient, &mut pulled);
        for i in 0..c.numbers() {
            let at = p[i];
            let mut f = |x: f64| {
                p[i] = x;
                c.guide(&p, &mut guide);
                value(&guide)
            };
            let difference = (f(at + 1e-5) - f(at - 1e-5)) / 2e-5;
            p[i] = at;
            assert!((pulled[i] - difference).abs() < 1e-8, "{i}: {} {difference}", pulled[i]);
        }
    }

    #[test]
    fn recentred_coordinates_hold_the_same_guide() {
        let c = Coordinates::new(vec![0.3, -0.2, 0.1], vec![1.5, 0.0, 0.4, 0.7], vec![9.0, 9.0, 2.0], 3)
            .with_ties(&[1], std::slice::from_ref(&(0..1)));
        let p: Vec<f64> = (0..c.numbers()).map(|i| 0.1 * (i as f64) - 0.3).collect();
        let (there, at) = c.recentred(&p);
        let (mut a, mut b) = (c.blank(), there.blank());
        c.guide(&p, &mut a);
        there.guide(&at, &mut b);
        let near = |x: &[f64], y: &[f64]| x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-14);
        assert!(near(&a.mu, &b.mu) && near(&a.omega, &b.omega) && near(&a.ties.lambda, &b.ties.lambda));
        assert!(near(&a.lower[2..3], &b.lower[2..3]));
        assert!(at[..6].iter().all(|x| *x == 0.0) && at[c.first_tie()] != 0.0);
    }
}
