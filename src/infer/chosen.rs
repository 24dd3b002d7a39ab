//! Which latents a richer family than mean-field holds.

use super::problem::Problem;
use crate::guide::collapse::{self, Collapse};
use crate::lower::Latent;
use crate::model::Role;
use crate::rewrites::Rewrite;
use std::ops::Range;

/// The latents that may move along directions, in order: all random ones, or those that `correlate` names, tensor by
/// tensor, but scales that are integrated out.
pub(super) fn free(problem: &Problem<'_>) -> Vec<Range<usize>> {
    let joint = problem.joint;
    let collapsed = match problem.settings.leaves_out(Rewrite::Collapse) {
        false => collapse::find(joint, problem.model, 0, &mut vec![]),
        true => Collapse::default(),
    };
    let named = problem.model.correlated();
    let is_free = |l: &&Latent| {
        let is_named = named.is_empty() || named.contains(&l.unknown);
        is_named && l.start + l.len <= joint.random_dim && l.len > 0 && !collapsed.holds(l.start)
    };
    let mut all: Vec<Range<usize>> = joint.latents.iter().filter(is_free).map(range).collect();
    all.sort_by_key(|r| r.start);
    all
}

/// Those of them that are of a net's last layer.
pub(super) fn of_last_layers(problem: &Problem<'_>, free: &[Range<usize>]) -> Vec<Range<usize>> {
    let role = |l: &Latent| match problem.model.unknown(l.unknown).role {
        Role::Net { net, layer: Some(layer), .. } => Some((net, layer)),
        _ => None,
    };
    let layers: Vec<(usize, usize)> = problem.joint.latents.iter().filter_map(role).collect();
    let last = |net: usize| layers.iter().filter(|(n, _)| *n == net).map(|(_, layer)| *layer).max();
    let is_last = |l: &&Latent| role(l).is_some_and(|(net, layer)| last(net) == Some(layer));
    let last: Vec<Range<usize>> = problem.joint.latents.iter().filter(is_last).map(range).collect();
    free.iter().filter(|part| last.contains(part)).cloned().collect()
}

/// How many leading latents share a full-rank block, where that is asked for: all random ones, or those that `correlate`
/// names, which lie in front.
pub(super) fn block(problem: &Problem<'_>) -> usize {
    let named = problem.model.correlated();
    if named.is_empty() {
        return problem.joint.random_dim;
    }
    problem.joint.latents.iter().filter(|l| named.contains(&l.unknown)).map(|l| l.len).sum()
}

fn range(latent: &Latent) -> Range<usize> {
    latent.start..latent.start + latent.len
}
