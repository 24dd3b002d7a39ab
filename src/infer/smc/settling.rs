//! Whether particles have settled at the posterior (`docs/inference.md`, section 3, below equation 6d).
//!
//! After 4, 8, 16, … moves each particle is compared with itself at half of them: what log densities and the means of
//! coordinates do by chance is then known from how much particles differ in it.

use super::super::draws::variable;
use super::{Population, Populations};
use crate::diagnostic::Diagnostic;
use crate::kernels::noise;
use serde::{Deserialize, Serialize};

/// Moves by which one can tell.
const FEWEST_MOVES: u64 = 4;
/// Standard errors by which one population may go on drifting, and the mean of all of them.
const OF_ONE: f64 = 1.0;
const OF_ALL: f64 = 2.6;
/// Correlation with where particles were, averaged over coordinates, that is next to none.
const NEXT_TO_NONE: f64 = 0.1;
/// Standard deviations of independent coordinates by which the motion of their means may be above 1 where moves end.
const OF_MOTION: f64 = 2.0;
/// Copies by chance that a motion which is told is above: of those that have settled one in 200 is.
const COPIES: u64 = 199;

/// Whether a population had come to rest at the posterior.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settling {
    /// Moves of each particle there.
    pub moves: u64,
    /// By how many nats its mean log density changed in the second half of them.
    pub drift: f64,
    /// Standard error of the drift.
    pub se: f64,
    /// How far the means of coordinates went.
    pub motion: Motion,
    /// The same with the sign of each particle's change by chance, many times: what it is where particles have settled,
    /// however few they are and however coordinates depend on each other.
    pub by_chance: Vec<Motion>,
}

/// How far the means of coordinates went: squares of their changes over those that independent changes of the particles
/// would give, so that 1 is chance. Not numbers where a coordinate did not move.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Motion {
    /// Averaged over coordinates.
    pub mean: f64,
    /// That of the coordinate that went furthest.
    pub largest: f64,
}

impl Settling {
    /// What is known at the end of the moves.
    pub(super) fn of(at: &Population, (seed, number): (u64, u64)) -> Settling {
        let (drift, se) = drift(at);
        let changes = Changes::of(at);
        let mut signs = vec![1.0; at.log_p.len()];
        let motion = changes.motion(&signs);
        let copy = |copy| {
            noise::signs(&mut signs, noise::key(seed, copy, variable::SETTLING, number), 0);
            changes.motion(&signs)
        };
        Settling { moves: at.moves, drift, se, motion, by_chance: (0..COPIES).map(copy).collect() }
    }
}

/// Where all populations have settled by this, their mean drift is within its own limit, however many they are: that is
/// passed only where some have come to the end of their moves, so that more of them are what helps.
fn has_settled((drift, se): (f64, f64), motion: f64, dim: usize, populations: usize) -> bool {
    let most = OF_ONE.min(OF_ALL / (populations as f64).sqrt());
    drift.abs() <= most * se && motion <= 1.0 + OF_MOTION * (2.0 / dim as f64).sqrt()
}

/// Whether one of these populations may end its moves here.
///
/// Looked at seldom, so that it is not by chance that one look finds nothing.
pub(super) fn may_end(at: &Population, populations: usize) -> bool {
    at.moves >= FEWEST_MOVES
        && at.moves.is_power_of_two()
        && likeness(&at.began, &at.v, at.sds.len()) < NEXT_TO_NONE
        && has_settled(
            drift(at),
            Changes::of(at).motion(&vec![1.0; at.log_p.len()]).mean,
            at.sds.len(),
            populations,
        )
}

/// Keeps what later ones of `most` moves are compared with: at least half of all of them later.
pub(super) fn remember(at: &mut Population, most: u64) {
    if 2 * at.moves > most {
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
        let mean = self.settling.iter().map(|s| s.drift).sum::<f64>() / n;
        (mean, self.settling.iter().map(|s| s.se * s.se).sum::<f64>().sqrt() / n)
    }

    /// The motion of all populations, and the largest that chance gave in as many tries as there are copies.
    fn motion(&self) -> (Motion, Motion) {
        let of = |of: &dyn Fn(&Settling) -> Motion| {
            let mean = self.settling.iter().map(|s| of(s).mean).sum::<f64>() / self.settling.len() as f64;
            let largest = self.settling.iter().map(|s| of(s).largest).fold(0.0, f64::max);
            Motion { mean, largest }
        };
        let copies = self.settling.iter().map(|s| s.by_chance.len()).min().unwrap_or(0);
        let by_chance = (0..copies).map(|i| of(&|s| s.by_chance[i]));
        let most = by_chance.fold(Motion { mean: 0.0, largest: 0.0 }, |most, one| Motion {
            mean: most.mean.max(one.mean),
            largest: most.largest.max(one.largest),
        });
        (of(&|s| s.motion), most)
    }

    /// G007 where they had not settled: populations come the same way, so they drift together. `most` moves were allowed.
    pub fn unsettled(&self, most: u64) -> Option<Diagnostic> {
        let moves = || self.settling.iter().map(|s| s.moves);
        let (few, many) = (moves().min().unwrap_or(0), moves().max().unwrap_or(0));
        let ((drift, se), (motion, by_chance)) = (self.drift(), self.motion());
        let after = format!("particles had not settled after {many} moves at the posterior");
        let what = if few < FEWEST_MOVES || ![drift, se, motion.mean].iter().all(|x| x.is_finite()) {
            format!("nobody can tell whether the particles have settled after {few} moves at the posterior")
        } else if drift.abs() > OF_ALL * se {
            let digits = (1.0 - se.log10().floor()).clamp(0.0, 9.0) as usize;
            format!(
                "{after}: their mean log density went {} by {:.digits$} ± {se:.digits$} nats in the second half of them",
                if drift < 0.0 { "down" } else { "up" },
                drift.abs()
            )
        } else if motion.mean > by_chance.mean {
            format!(
                "{after}: the means of their coordinates still moved, with squares {:.3} times those of chance, which \
                 gave {:.3} at most in {COPIES} tries",
                motion.mean, by_chance.mean
            )
        } else if motion.largest > by_chance.largest {
            format!(
                "{after}: the mean of one of their coordinates still moved, by {:.1} standard errors, where chance gave \
                 any of them {:.1} at most in {COPIES} tries",
                motion.largest.sqrt(),
                by_chance.largest.sqrt()
            )
        } else {
            return None;
        };
        // Those that ended by themselves would not take more.
        let help = match many < most {
            true => "give more `samples` (particles of a population)".to_owned(),
            false => format!("give more moves (`tune = {}`)", (4 * many).max(64)),
        };
        let note = "populations come the same way, so what all of them lack does not show in R̂";
        Some(Diagnostic::new("G007", what).note(note).help(help))
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

/// By how much each coordinate of each particle changed.
struct Changes {
    /// [particles, dim]
    of: Vec<f64>,
    /// Σ over particles of their squares.
    squares: Vec<f64>,
}

impl Changes {
    fn of(at: &Population) -> Changes {
        let of: Vec<f64> = at.v.iter().zip(&at.began).map(|(now, then)| now - then).collect();
        let mut squares = vec![0.0; at.sds.len()];
        for particle in of.chunks_exact(squares.len()) {
            squares.iter_mut().zip(particle).for_each(|(s, d)| *s += d * d);
        }
        Changes { of, squares }
    }

    /// With changes d_ij of particle i in coordinate j and signs s_i, (Σ_i s_i d_ij)² / Σ_i d_ij² is 1 on average over
    /// signs by chance, whatever the changes.
    fn motion(&self, signs: &[f64]) -> Motion {
        let mut sums = vec![0.0; self.squares.len()];
        for (particle, sign) in self.of.chunks_exact(sums.len()).zip(signs) {
            sums.iter_mut().zip(particle).for_each(|(s, d)| *s += sign * d);
        }
        let shares = || sums.iter().zip(&self.squares).map(|(sum, squares)| sum * sum / squares);
        Motion { mean: shares().sum::<f64>() / sums.len() as f64, largest: shares().fold(0.0, f64::max) }
    }
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

    /// `n` particles in `dim` coordinates.
    fn normals(n: usize, dim: usize, which: u64) -> Vec<f64> {
        let mut out = vec![0.0; n * dim];
        noise::normals(&mut out, noise::key(5, which, 0, 0), 0);
        out
    }

    /// A population that went from one place to another.
    fn gone(began: Vec<f64>, v: Vec<f64>, dim: usize) -> Population {
        let n = v.len() / dim;
        let log_p = normals(n, 1, 1_000_001);
        let heights = vec![(4, normals(n, 1, 1_000_000))];
        Population { moves: 8, sds: vec![1.0; dim], began, v, log_p, heights, ..blank(n) }
    }

    fn motion(at: &Population) -> Motion {
        Changes::of(at).motion(&vec![1.0; at.log_p.len()])
    }

    #[test]
    fn motion_is_the_squared_change_of_a_mean_over_that_of_independent_changes() {
        let at = gone(vec![1.0, 0.0, 2.0, 0.0, 3.0, 0.0], vec![2.0, 1.0, 1.0, 1.0, 5.0, 1.0], 2);
        // Changes 1, −1 and 2 have (1 − 1 + 2)² / (1 + 1 + 4), those of 1 as much as there are particles.
        let found = motion(&at);
        assert!((found.mean - 0.5 * (4.0 / 6.0 + 3.0)).abs() < 1e-15 && found.largest == 3.0, "{found:?}");
        assert!(
            motion(&gone(vec![1.0; 4], vec![1.0; 4], 2)).mean.is_nan(),
            "nothing moved, so nobody can tell"
        );
    }

    /// Few particles or many, in few dimensions or many.
    #[test]
    fn means_that_move_more_than_chance_are_seen_though_each_moves_little() {
        for (n, dim) in [(200, 50), (16, 500), (250, 2)] {
            let stays = |began: Vec<f64>, v: Vec<f64>| {
                has_settled((0.0, 1.0), motion(&gone(began, v, dim)).mean, dim, 4)
            };
            // Of those that have settled 95 to 97 in a hundred stay.
            let still = |v: &dyn Fn(u64) -> Vec<f64>| {
                (0..200).filter(|i| stays(normals(n, dim, 2 * i), v(2 * i + 1))).count()
            };
            let settled = still(&|i| normals(n, dim, i));
            assert!(settled >= 180, "{settled} of 200 with {n} particles in {dim}");
            // Two standard errors.
            let by = 2.0 * (2.0 / n as f64).sqrt();
            let moved = still(&|i| normals(n, dim, i).iter().map(|x| x + by).collect());
            assert!(moved <= if dim > 2 { 0 } else { 80 }, "{moved} of 200 with {n} particles in {dim}");
        }
        assert!(!has_settled((0.0, 1.0), f64::NAN, 1, 4));
    }

    #[test]
    fn copies_by_chance_are_what_settled_particles_do() {
        // All coordinates are one, of few particles with heavy tails: squares of normals know neither.
        let (n, dim) = (8, 40);
        let repeated = |which: u64| -> Vec<f64> {
            let cubes = normals(n, 1, which).into_iter().map(|x| x.powi(3));
            cubes.flat_map(|x| std::iter::repeat_n(x, dim)).collect()
        };
        let told = |by: f64, from: u64| {
            let told = |i: u64| {
                let of =
                    |which| gone(repeated(which), repeated(which + 1).iter().map(|x| x + by).collect(), dim);
                let settling = (0..4).map(|k| {
                    let at = of(from + 8 * i + 2 * k);
                    Settling { drift: 0.0, se: 1.0, ..Settling::of(&at, (i, k)) }
                });
                Populations { settling: settling.collect(), ..Populations::default() }.unsettled(8).is_some()
            };
            (0..60).filter(|i| told(*i)).count()
        };
        let (settled, moved) = (told(0.0, 0), told(6.0, 10_000));
        assert!(settled <= 3, "one in a hundred or two of them: {settled} of 60");
        assert!(moved >= 30, "{moved} of 60");
    }

    #[test]
    fn one_coordinate_that_moves_among_many_is_seen() {
        let (n, dim) = (100, 500);
        let of = |by: f64| {
            let mut v = normals(n, dim, 1);
            v.iter_mut().skip(7).step_by(dim).for_each(|x| *x += by);
            let settling = Settling::of(&gone(normals(n, dim, 0), v, dim), (1, 0));
            let settling = vec![Settling { drift: 0.0, se: 1.0, ..settling }; 2];
            Populations { settling, ..Populations::default() }.unsettled(64).map(|d| d.message)
        };
        assert_eq!(of(0.0), None);
        assert!(
            of(1.0).is_some_and(|told| told.contains("the mean of one of their coordinates")),
            "six errors"
        );
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
        let settled = |drift, se| has_settled((drift, se), 1.0, 1, 4);
        assert!(settled(-0.9, 1.0) && !settled(1.1, 1.0) && !settled(0.0, f64::NAN));
    }

    /// What later moves are compared with is kept at powers of two and at half of all, and stands at the end of them.
    #[test]
    fn the_last_moves_are_compared_with_what_was_at_half_of_them_or_before() {
        for (most, since, kept) in [(8, 4, vec![1, 2, 4]), (13, 4, vec![1, 2, 4, 6]), (1, 0, vec![])] {
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
        let centred = |which| {
            let of = normals(n, 1, which);
            let mean = of.iter().sum::<f64>() / n as f64;
            of.into_iter().map(|x| x - mean).collect::<Vec<_>>()
        };
        // Each goes to the other side, so that its mean stays.
        let turned = centred(0).iter().map(|x| -x).collect();
        let heights = vec![(1, centred(1)), (2, centred(1))];
        let at = Population { moves: 4, heights, log_p: centred(2), ..gone(centred(0), turned, 1) };
        assert!(may_end(&at, 4));
        let up = |x: &[f64], by: f64| x.iter().map(|x| x + by).collect::<Vec<_>>();
        let not = [
            Population { moves: 2, ..at.clone() },
            Population { moves: 5, ..at.clone() },
            Population { log_p: up(&at.log_p, 1.0), ..at.clone() },
            Population { v: up(&at.v, 1.0), ..at.clone() },
            Population { v: at.began.iter().map(|x| 0.9 * x).collect(), ..at.clone() },
        ];
        for (i, not) in not.iter().enumerate() {
            assert!(!may_end(not, 4), "{i}");
        }
    }

    /// One that has not moved in any way after eight moves.
    fn settling() -> Settling {
        let still = Motion { mean: 1.0, largest: 4.0 };
        Settling { moves: 8, drift: 0.0, se: 1.0, motion: still, by_chance: vec![still; 3] }
    }

    /// Populations that stop by themselves are not told to drift, those that drift at the end of their moves are.
    #[test]
    fn what_drifts_together_at_the_end_is_told() {
        let told = |settling: Vec<Settling>| {
            Populations { settling, ..Populations::default() }.unsettled(64).map(|d| d.message)
        };
        let of = |moves: u64, drifts: &[f64]| {
            told(drifts.iter().map(|drift| Settling { moves, drift: *drift, ..settling() }).collect())
        };
        for populations in 1..30 {
            let may = |drift: &f64| has_settled((*drift, 1.0), 1.0, 3, populations);
            let most = (0..1000).map(|i| 0.01 * f64::from(i)).filter(may).fold(0.0, f64::max);
            assert!(most > 0.4, "{most} of {populations}");
            // At the limit itself rounding decides.
            assert_eq!(of(8, &vec![0.999 * most; populations]), None);
        }
        let down = of(64, &[-1.5; 4]).unwrap_or_default();
        assert!(down.contains("after 64 moves") && down.contains("down by 1.50 ± 0.50 nats"), "{down}");
        // Of the copies the one with the largest mean over populations counts, not that of each.
        let moved = |mean: f64| Settling { motion: Motion { mean, largest: 4.0 }, ..settling() };
        let copies = |means: [f64; 3]| means.map(|mean| Motion { mean, largest: 4.0 }).to_vec();
        let first = |mean| Settling { by_chance: copies([1.6, 1.0, 1.0]), ..moved(mean) };
        let second = Settling { by_chance: copies([1.0, 1.6, 1.0]), ..settling() };
        assert_eq!(told(vec![first(1.5), second.clone()]), None);
        let moved = told(vec![first(1.75), second]).unwrap_or_default();
        assert!(moved.contains("after 8 moves") && moved.contains("1.375 times those of chance"), "{moved}");
        let unknown = Motion { mean: f64::NAN, largest: 4.0 };
        let unknown = told(vec![settling(), Settling { motion: unknown, ..settling() }]);
        assert!(unknown.is_some_and(|told| told.contains("nobody can tell")));
        for told in [of(2, &[0.0; 4]), of(64, &[0.0, f64::NAN])] {
            assert!(told.is_some_and(|told| told.contains("nobody can tell")));
        }
    }
}
