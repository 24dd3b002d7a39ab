//! Whether particles have settled at the posterior (`docs/inference.md`, section 3, below equation 6d).
//!
//! After 4, 8, 16, … moves each particle is compared with itself at half of them: what log densities and the means of
//! coordinates do by chance is then known from how much particles differ in it.

use super::{Population, Populations};
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// Moves by which one can tell.
const FEWEST_MOVES: u64 = 4;
/// Standard errors by which one population may go on drifting, and the mean of all of them.
const OF_ONE: f64 = 1.0;
const OF_ALL: f64 = 2.6;
/// Correlation with where particles were, averaged over coordinates, that is next to none.
const NEXT_TO_NONE: f64 = 0.1;
/// Standard deviations of independent coordinates by which the motion of their means may be above 1.
const OF_MOTION: f64 = 2.0;

/// Whether a population had come to rest at the posterior.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settling {
    /// Moves of each particle there.
    pub moves: u64,
    /// Random latents.
    pub dim: usize,
    /// By how many nats its mean log density changed in the second half of the moves.
    pub drift: f64,
    /// Standard error of the drift.
    pub se: f64,
    /// Squared changes of the means of coordinates over their variances, averaged: 1 where only chance moves them.
    pub motion: f64,
}

impl Settling {
    pub(super) fn of(at: &Population) -> Settling {
        let dim = at.sds.len();
        let (drift, se) = drift(at);
        Settling { moves: at.moves, dim, drift, se, motion: motion(&at.began, &at.v, dim) }
    }

    /// Largest motion that is chance; beyond it, and where it is no number, coordinates move.
    fn most_motion(&self) -> f64 {
        1.0 + OF_MOTION * (2.0 / self.dim as f64).sqrt()
    }

    /// Where all populations have settled by this, their mean drift is within its own limit, however many they are: that
    /// is passed only where some have come to the end of their moves, so that more of them are what helps.
    fn has_settled(&self, populations: usize) -> bool {
        let most = OF_ONE.min(OF_ALL / (populations as f64).sqrt());
        self.drift.abs() <= most * self.se && self.motion <= self.most_motion()
    }
}

/// Whether one of these populations may end its moves here.
///
/// Looked at seldom, so that it is not by chance that one look finds nothing.
pub(super) fn may_end(at: &Population, populations: usize) -> bool {
    at.moves >= FEWEST_MOVES
        && at.moves.is_power_of_two()
        && likeness(&at.began, &at.v, at.sds.len()) < NEXT_TO_NONE
        && Settling::of(at).has_settled(populations)
}

/// Keeps what later moves are compared with; after the last of `most` there are none.
pub(super) fn remember(at: &mut Population, most: u64) {
    if at.moves >= most {
        return;
    }
    if at.moves.is_power_of_two() || at.moves == most / 2 {
        let heights = at.log_p.clone();
        at.heights.push((at.moves, heights));
    }
    if at.moves.is_power_of_two() {
        at.began.clone_from(&at.v);
    }
}

impl Populations {
    /// The mean drift of the populations in nats, and its standard error.
    pub fn drift(&self) -> (f64, f64) {
        let n = self.settling.len() as f64;
        let se = self.settling.iter().map(|s| s.se * s.se).sum::<f64>().sqrt() / n;
        (self.mean(|s| s.drift), se)
    }

    /// Of all populations.
    fn mean(&self, of: impl Fn(&Settling) -> f64) -> f64 {
        self.settling.iter().map(of).sum::<f64>() / self.settling.len() as f64
    }

    /// G007 where they had not settled: populations come the same way, so they drift together.
    pub fn unsettled(&self) -> Option<Diagnostic> {
        let moves = || self.settling.iter().map(|s| s.moves);
        let (few, many) = (moves().min().unwrap_or(0), moves().max().unwrap_or(0));
        let ((drift, se), motion) = (self.drift(), self.mean(|s| s.motion));
        let what = if few < FEWEST_MOVES || ![drift, se, motion].iter().all(|x| x.is_finite()) {
            format!("nobody can tell whether the particles have settled after {few} moves at the posterior")
        } else if drift.abs() > OF_ALL * se {
            let digits = (1.0 - se.log10().floor()).clamp(0.0, 9.0) as usize;
            format!(
                "particles had not settled after {many} moves at the posterior: their mean log density went {} by \
                 {:.digits$} ± {se:.digits$} nats in the second half of them",
                if drift < 0.0 { "down" } else { "up" },
                drift.abs()
            )
        } else if motion > self.mean(Settling::most_motion) {
            format!(
                "particles had not settled after {many} moves at the posterior: the means of latents still moved, \
                 with squares {motion:.1} times those that chance would give them"
            )
        } else {
            return None;
        };
        Some(
            Diagnostic::new("G007", what)
                .note("populations come the same way, so what all of them lack does not show in R̂")
                .help(format!("give more moves (`tune = {}`)", (4 * many).max(64))),
        )
    }
}

/// How far log p of the particles has gone since half of the level's moves, on average, and the standard error of that.
///
/// Half, or what was kept last before it. Not numbers where nothing can be told: of one particle, or where none moved.
fn drift(at: &Population) -> (f64, f64) {
    let half = at.heights.iter().rev().find(|(moves, _)| 2 * moves <= at.moves);
    let Some((_, before)) = half else { return (f64::NAN, f64::NAN) };
    let changes: Vec<f64> = at.log_p.iter().zip(before).map(|(now, before)| now - before).collect();
    let n = changes.len() as f64;
    let mean = changes.iter().sum::<f64>() / n;
    let variance = changes.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let se = (variance / n).sqrt();
    (mean, if se > 0.0 { se } else { f64::NAN })
}

/// Squared changes of the means of v between then and now over their variances, averaged over v; of the same particles,
/// so that 1 is chance. Not a number where one has not moved.
fn motion(began: &[f64], v: &[f64], dim: usize) -> f64 {
    let n = (v.len() / dim) as f64;
    let square = |i: usize| {
        let changes =
            began.iter().skip(i).step_by(dim).zip(v.iter().skip(i).step_by(dim)).map(|(a, b)| b - a);
        let mean = changes.clone().sum::<f64>() / n;
        let variance = changes.map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
        n * mean * mean / variance
    };
    (0..dim).map(square).sum::<f64>() / dim as f64
}

/// Correlation of where particles were with where they are, averaged over v.
pub(super) fn likeness(began: &[f64], v: &[f64], dim: usize) -> f64 {
    let n = (v.len() / dim) as f64;
    let of = |i: usize| {
        let (a, b) = (began.iter().skip(i).step_by(dim), v.iter().skip(i).step_by(dim));
        let (ma, mb) = (a.clone().sum::<f64>() / n, b.clone().sum::<f64>() / n);
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (a, b) in a.zip(b) {
            ab += (a - ma) * (b - mb);
            aa += (a - ma).powi(2);
            bb += (b - mb).powi(2);
        }
        if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 1.0 }
    };
    (0..dim).map(of).sum::<f64>() / dim as f64
}

#[cfg(test)]
mod tests {
    use super::super::tests::blank;
    use super::*;
    use crate::kernels::noise;

    #[test]
    fn means_that_move_more_than_chance_are_seen_though_each_moves_little() {
        let (n, dim) = (400, 50);
        let normals = |seed: u64| {
            let mut out = vec![0.0; n * dim];
            noise::normals(&mut out, noise::key(seed, 0, 0, 0), 0);
            out
        };
        let stays = |began: &[f64], v: &[f64]| {
            Settling { motion: motion(began, v, dim), ..settling(dim) }.has_settled(4)
        };
        let still = (0..20).filter(|i| stays(&normals(2 * i), &normals(2 * i + 1))).count();
        assert!(still >= 17, "{still} of 20");
        // A tenth of an sd in each: √2 standard errors.
        let moved = |i: u64| normals(i).iter().map(|x| x + 0.1).collect::<Vec<_>>();
        let still = (0..20).filter(|i| stays(&normals(2 * i), &moved(2 * i + 1))).count();
        assert!(still <= 3, "{still} of 20");
        assert!(motion(&[1.0, 2.0], &[1.0, 2.0], 1).is_nan(), "nothing moved, so nobody can tell");
    }

    #[test]
    fn likeness_is_the_correlation_of_before_and_after() {
        let began = [0.0, 1.0, 1.0, 5.0, 2.0, -2.0];
        assert!((likeness(&began, &began, 2) - 1.0).abs() < 1e-12);
        let turned: Vec<f64> = began.iter().map(|x| -x).collect();
        assert!((likeness(&began, &turned, 2) + 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_drift_is_of_the_same_particles_since_half_of_the_moves() {
        let of = |moves: u64, then: [f64; 4]| {
            let heights = vec![(0, vec![9.0; 4]), (1, vec![7.0; 4]), (2, then.to_vec()), (4, vec![5.0; 4])];
            let kept = heights.into_iter().filter(|(m, _)| *m < moves).collect();
            drift(&Population { moves, heights: kept, log_p: vec![1.0, 2.0, 3.0, 4.0], ..blank(4) })
        };
        // Changes of 1, 3, 1 and 3: their mean, and √(4/3) / √4.
        for moves in [4, 5, 7] {
            let (mean, se) = of(moves, [0.0, -1.0, 2.0, 1.0]);
            assert!(mean == 2.0 && (se - (1.0f64 / 3.0).sqrt()).abs() < 1e-15, "{mean} ± {se}");
        }
        assert_eq!(of(8, [0.0; 4]).0, -2.5, "since the fourth move");
        assert_eq!(of(1, [0.0; 4]).0, -6.5, "since the level began");
        // Of one particle, and of particles that stayed where they were, nobody can tell.
        let alone = Population { moves: 4, heights: vec![(2, vec![1.0])], log_p: vec![3.0], ..blank(1) };
        let still = Population { moves: 4, heights: vec![(2, vec![0.0; 4])], ..blank(4) };
        assert!([alone, still].iter().all(|at| drift(at).1.is_nan()));
        let settled = |drift, se| Settling { drift, se, ..settling(1) }.has_settled(4);
        assert!(settled(-0.9, 1.0) && !settled(1.1, 1.0) && !settled(0.0, f64::NAN));
    }

    /// What later moves are compared with is kept at powers of two and at half of all, and stands at the end of them.
    #[test]
    fn the_last_moves_are_compared_with_half_of_them() {
        for (most, since, kept) in [(8, 4, vec![1, 2, 4]), (12, 8, vec![1, 2, 4, 6, 8]), (1, 0, vec![])] {
            let mut at = Population { began: vec![0.0; 3], ..blank(3) };
            for moves in 1..=most {
                at.moves = moves;
                at.v = vec![moves as f64; 3];
                remember(&mut at, most);
            }
            assert_eq!(at.began[0], f64::from(since), "of {most}");
            assert_eq!(at.heights.iter().map(|(moves, _)| *moves).collect::<Vec<_>>(), kept, "of {most}");
        }
    }

    /// Moves end at powers of two, where nothing drifts, stands still or is like what it was.
    #[test]
    fn moves_end_where_all_of_it_has_settled() {
        let n = 64;
        let normals = |which: u64| {
            let mut out = vec![0.0; n];
            noise::normals(&mut out, noise::key(5, which, 0, 0), 0);
            out
        };
        let at = Population {
            moves: 4,
            began: normals(0),
            v: normals(1),
            heights: vec![(2, normals(2))],
            log_p: normals(3),
            ..blank(n)
        };
        assert!(may_end(&at, 4));
        let up = |x: &[f64], by: f64| x.iter().map(|x| x + by).collect::<Vec<_>>();
        let not = [
            Population { moves: 2, ..at.clone() },
            Population { moves: 5, ..at.clone() },
            Population { log_p: up(&at.log_p, 1.0), ..at.clone() },
            Population { v: up(&at.v, 1.0), ..at.clone() },
            Population { v: at.began.iter().zip(&at.v).map(|(a, b)| a + 0.1 * b).collect(), ..at.clone() },
        ];
        for (i, not) in not.iter().enumerate() {
            assert!(!may_end(not, 4), "{i}");
        }
    }

    /// One that has not moved in any way after eight moves.
    fn settling(dim: usize) -> Settling {
        Settling { moves: 8, dim, drift: 0.0, se: 1.0, motion: 1.0 }
    }

    /// Populations that stop by themselves are not told of, those that drift at the end of their moves are.
    #[test]
    fn what_drifts_together_at_the_end_is_told() {
        let told = |settling: Vec<Settling>| {
            Populations { settling, ..Populations::default() }.unsettled().map(|d| d.message)
        };
        let of = |moves: u64, drifts: &[f64]| {
            told(drifts.iter().map(|drift| Settling { moves, drift: *drift, ..settling(3) }).collect())
        };
        let moved = |motion: f64, populations: usize| {
            told(vec![Settling { moves: 64, motion, ..settling(50) }; populations])
        };
        let largest = |has: &dyn Fn(f64) -> bool| {
            (0..1000).map(|i| 0.01 * f64::from(i)).filter(|x| has(*x)).fold(0.0, f64::max)
        };
        for populations in 1..30 {
            let most = largest(&|drift| Settling { drift, ..settling(3) }.has_settled(populations));
            assert!(most > 0.4, "{most} of {populations}");
            // At the limit itself rounding decides.
            assert_eq!(of(8, &vec![0.999 * most; populations]), None);
            let most = largest(&|motion| Settling { motion, ..settling(50) }.has_settled(populations));
            assert!(most > 1.3, "{most} of {populations}");
            assert_eq!(moved(0.999 * most, populations), None);
        }
        let down = of(64, &[-1.5; 4]).unwrap_or_default();
        assert!(down.contains("after 64 moves") && down.contains("down by 1.50 ± 0.50 nats"), "{down}");
        let moved = moved(2.34, 4).unwrap_or_default();
        assert!(moved.contains("after 64 moves") && moved.contains("squares 2.3 times"), "{moved}");
        for told in [of(2, &[0.0; 4]), of(64, &[0.0, f64::NAN])] {
            assert!(told.is_some_and(|told| told.contains("nobody can tell")));
        }
    }
}
