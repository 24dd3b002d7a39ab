//! Which scales the spread of a full-rank block follows (`docs/inference.md`, equation 5a).
//!
//! A noise sd or the sd of a group is known only up to a factor, and with it the spread of whatever it is the noise of:
//! given sigma the coefficients of a regression have an sd proportional to it. A Gaussian with one covariance cannot
//! say so, and pays with a scale that is too narrow: on 46 rows and seven coefficients its sd is 11 % too small.

use super::super::problem::Problem;
use super::super::small_net::scale_latents;
use std::ops::Range;

/// Most scales that are followed.
const MOST: usize = 8;

/// The latents of a block that are logarithms of one positive number each: the scales, rates and shapes of the model.
///
/// None where there is nothing else in the block: a scale follows no scale.
pub fn scales(problem: &Problem<'_>, full: usize) -> Vec<usize> {
    let is_scale =
        |l: &crate::lower::Latent| l.len == 1 && problem.model.unknown(l.unknown).bijection.name == "exp";
    let block = || problem.joint.latents.iter().filter(|l| l.start < full);
    let scales: Vec<usize> = block().filter(|l| is_scale(l)).map(|l| l.start).take(MOST).collect();
    if scales.len() == block().count() { vec![] } else { scales }
}

/// The learned scales of nets, where there are few: what is not needed of a layer is as wide as its scale.
pub fn of_nets(problem: &Problem<'_>) -> Vec<usize> {
    let scales = scale_latents(problem);
    if scales.len() > MOST { vec![] } else { scales }
}

/// The latents of each other unknown of the block: they follow a scale together.
pub fn groups(problem: &Problem<'_>, full: usize, scales: &[usize]) -> Vec<Range<usize>> {
    let others =
        problem.joint.latents.iter().filter(|l| l.start + l.len <= full && !scales.contains(&l.start));
    others.map(|l| l.start..l.start + l.len).collect()
}
