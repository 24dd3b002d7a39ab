//! G010: most of a layer's weights are where their prior is, so the rows have not moved them.
//!
//! ```text
//! KL(N(m, σ²) ‖ N(m₀, 1/τ)) = ½ (τ ((m − m₀)² + σ²) − 1 − log τσ²)
//! ```
//!
//! m₀ and τ of a Normal prior are read off the gradient of the log prior at the guide's means, scales where they are.

use super::Path;
use super::draws::Joint;
use super::posterior::Gaussian;
use super::problem::Problem;
use super::settings::Mix;
use super::small_net::scale_latents;
use crate::diagnostic::Diagnostic;
use crate::model::{ExprId, ExprKind, Model, Role};
use crate::source::Span;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A weight of less than this many nats is at its prior.
const LEAST: f64 = 0.05;
/// A layer of fewer weights is not judged.
const FEWEST: usize = 20;
/// Prior precisions of a layer that differ by more than this factor belong to several scales.
const EVEN: f64 = 1.01;
/// Step of the difference.
const STEP: f64 = 1e-3;

/// A layer that stayed at its prior.
struct Idle {
    /// percent of its weights
    share: usize,
    name: String,
    span: Span,
    /// Whether the scale of its prior is an unknown.
    is_scaled: bool,
}

/// The warning, naming the worst layers; none where more than a fifth of the weights of each layer have moved. Half of a
/// layer at its prior is what pruning looks like in nets that predict well.
pub fn warning(problem: &Problem<'_>, guide: &Gaussian) -> Option<Diagnostic> {
    let is_judged = |l: &&crate::lower::Latent| {
        let unknown = problem.model.unknown(l.unknown);
        let is_weight = matches!(&unknown.role, Role::Net { tensor, .. } if tensor == "w");
        let is_normal = unknown.prior.family.name == "Normal" && unknown.prior.truncation.is_none();
        is_weight && is_normal && !l.is_non_centred && l.len >= FEWEST && l.start + l.len <= guide.random()
    };
    let layers: Vec<_> = problem.joint.latents.iter().filter(is_judged).collect();
    if layers.is_empty() || guide.full > 0 {
        return None;
    }
    let mut prior = Joint::of_rows(problem, &[]).ok()?;
    let held = scale_latents(problem);
    let mut gradient_at = |side: f64| {
        let mut u: Vec<f64> = guide.mu.iter().map(|m| m + side * STEP).collect();
        held.iter().for_each(|i| u[*i] = guide.mu[*i]);
        let mut gradient = vec![0.0; u.len()];
        prior.value_and_gradient(&u, &mut gradient);
        gradient
    };
    let [up, here, down] = [1.0, 0.0, -1.0].map(&mut gradient_at);
    let precision_of = |i: usize| (down[i] - up[i]) / (2.0 * STEP);
    let sds: Vec<f64> = guide.marginal_sds().collect();
    let nats = |i: &usize| {
        let precision = precision_of(*i);
        let (distance, variance) = (here[*i] / precision, sds[*i] * sds[*i]);
        0.5 * (precision * (distance * distance + variance) - 1.0 - (precision * variance).ln())
    };
    let mut bad: Vec<Idle> = vec![];
    for layer in layers {
        // Scales of single inputs or outputs switch some of them off: that is what they are for.
        let precisions = (layer.start..layer.start + layer.len).map(precision_of);
        let (least, most) = precisions.fold((f64::INFINITY, 0.0f64), |(l, m), p| (l.min(p), m.max(p)));
        if most > EVEN * least {
            continue;
        }
        let idle = (layer.start..layer.start + layer.len).filter(|i| nats(i) < LEAST).count();
        if 5 * idle > 4 * layer.len {
            let share = 100 * idle / layer.len;
            let unknown = problem.model.unknown(layer.unknown);
            let is_scaled = unknown.prior.args.iter().any(|a| is_learned(problem.model, *a));
            bad.push(Idle { share, name: unknown.name.clone(), span: unknown.span, is_scaled });
        }
    }
    bad.sort_by_key(|l| Reverse(l.share));
    let place = bad.first().map(|l| l.span);
    let is_scaled = bad.iter().all(|l| l.is_scaled);
    let names: Vec<String> = bad.into_iter().map(|l| format!("{} % of {}", l.share, l.name)).collect();
    place.map(|place| {
        let message = format!("the net underfits: its rows left {} at the prior", names.join(", "));
        Diagnostic::new("G010", message)
            .at(place, "their prior")
            .note("a weight counts as left there if its posterior is less than 0.05 nat from its prior")
            .help(help(problem, is_scaled))
    })
}

/// Ways out that the fit has not taken yet.
fn help(problem: &Problem<'_>, is_scaled: bool) -> String {
    let mut ways = vec!["take a narrower net"];
    if !is_scaled {
        ways.push("give the prior a learned scale: `w ~ Normal(0, s); s ~ HalfNormal(1)`");
    }
    // Parts of an even mixture stay near to their modes (`wide_net.rs`).
    if problem.settings.mix != Mix::Even && super::path(problem) == Path::WideNet {
        ways.push("let several starts predict together by `mix = true`");
    }
    ways.push("draw from the posterior itself by `method = nuts`");
    ways.join("; or ")
}

/// Whether an unknown is in it.
fn is_learned(model: &Model, id: ExprId) -> bool {
    let (mut pending, mut seen) = (vec![id], BTreeSet::new());
    while let Some(next) = pending.pop() {
        let kind = &model.expr(next).kind;
        if matches!(kind, ExprKind::Unknown(_)) {
            return true;
        }
        if seen.insert(next) {
            pending.extend(kind.operands());
        }
    }
    false
}
