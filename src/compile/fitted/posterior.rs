//! `posterior.safetensors` back to where draws come from: a guide, chains, or the prior.

use super::load::damaged;
use crate::diagnostic::Diagnostics;
use crate::guide::collapse;
use crate::infer::chains::Chains;
use crate::infer::directions::Directions;
use crate::infer::each_draw::Source;
use crate::infer::mixture::Mixture;
use crate::infer::posterior::{Gaussian, Ties};
use crate::infer::prior::Prior;
use crate::infer::settings::{Method, Settings};
use crate::lower::{Latent, LogJoint};
use crate::model::Model;
use crate::run_folder::{Compiled, Run};
use std::collections::HashMap;
use std::sync::Arc;

/// The tensor that says how much of each component there is.
const SHARES: &str = "mixture.share";

/// V of a low-rank guide [random, rank] (`docs/inference.md`, equation 6).
pub(in crate::compile) const DIRECTIONS: &str = "low_rank.directions";

/// For each draw of chains, whether its trajectory diverged, and how many steps it had.
pub(in crate::compile) const DIVERGING: &str = "sample_stats.diverging";
pub(in crate::compile) const STEPS: &str = "sample_stats.n_steps";

/// Where draws come from.
pub enum Posterior {
    /// a Gaussian or a point, or a mixture of them
    Guide(Box<Mixture>),
    /// draws of Markov chains
    Chains(Chains),
    /// the prior
    Prior(Box<Prior>),
}

impl Posterior {
    /// The draws.
    pub fn source(&self) -> &dyn Source {
        match self {
            Posterior::Guide(guide) => &**guide,
            Posterior::Chains(chains) => chains,
            Posterior::Prior(prior) => &**prior,
        }
    }

    /// What the run wrote of it.
    pub(super) fn read(
        run: &Run,
        compiled: &Compiled,
        model: &Model,
        joint: &LogJoint,
        settings: &Settings,
    ) -> Result<Posterior, Diagnostics> {
        let tensors = run.tensors.iter().map(|t| (t.name.as_str(), t.values.to_f64()));
        let tensors = Tensors(tensors.collect());
        match settings.method {
            Method::Prior => {
                let starts: Vec<usize> = joint.latents.iter().map(|l| l.start).collect();
                Ok(Posterior::Prior(Box::new(Prior::new(model, &starts, joint.dim)?)))
            }
            Method::Nuts | Method::Smc => Ok(Posterior::Chains(chains(run, &tensors, model, joint)?)),
            Method::Advi | Method::Map | Method::Mle | Method::Laplace => {
                Ok(Posterior::Guide(Box::new(mixture(run, compiled, &tensors, model, joint)?)))
            }
        }
    }
}

/// The numbers of every tensor.
struct Tensors<'a>(HashMap<&'a str, Vec<f64>>);

impl Tensors<'_> {
    /// A tensor that must be there with so many numbers.
    fn of(&self, name: &str, len: usize) -> Result<&[f64], Diagnostics> {
        match self.0.get(name) {
            Some(values) if values.len() == len => Ok(values),
            Some(values) => Err(damaged(format!(
                "`{name}` of posterior.safetensors has {} numbers, and the model wants {len}",
                values.len()
            ))),
            None => Err(damaged(format!("posterior.safetensors has no `{name}`"))),
        }
    }
}

/// One guide, or the components of `mixture.share` with one more axis in front of every other tensor.
fn mixture(
    run: &Run,
    compiled: &Compiled,
    tensors: &Tensors<'_>,
    model: &Model,
    joint: &LogJoint,
) -> Result<Mixture, Diagnostics> {
    let Some(shares) = tensors.0.get(SHARES) else {
        return Ok(Mixture::one(guide(run, compiled, tensors, model, joint)?));
    };
    let is_share = |share: &f64| *share > 0.0 && *share <= 1.0;
    if shares.is_empty() || !shares.iter().all(is_share) || (shares.iter().sum::<f64>() - 1.0).abs() > 1e-9 {
        return Err(damaged(format!("`{SHARES}` of posterior.safetensors are no shares of 1")));
    }
    let count = shares.len();
    let mut parts = vec![];
    for k in 0..count {
        let own = tensors.0.iter().filter(|(name, _)| **name != SHARES).map(|(name, values)| {
            let len = values.len() / count;
            (*name, values[k * len..(k + 1) * len].to_vec())
        });
        parts.push(guide(run, compiled, &Tensors(own.collect()), model, joint)?);
    }
    Ok(Mixture { parts, shares: shares.clone() })
}

fn guide(
    run: &Run,
    compiled: &Compiled,
    tensors: &Tensors<'_>,
    model: &Model,
    joint: &LogJoint,
) -> Result<Gaussian, Diagnostics> {
    let name = |latent: &Latent| &model.unknown(latent.unknown).name;
    let (mut mu, mut omega) = (vec![0.0; joint.dim], vec![0.0; joint.random_dim]);
    // A point estimate has no spread at all, whatever the model says of its unknowns.
    let is_point =
        !joint.latents.iter().any(|l| tensors.0.contains_key(format!("{}.log_sd", name(l)).as_str()));
    for latent in &joint.latents {
        let range = latent.start..latent.start + latent.len;
        mu[range.clone()].copy_from_slice(tensors.of(&format!("{}.mean", name(latent)), latent.len)?);
        if let (false, Some(own)) = (is_point, omega.get_mut(range)) {
            own.copy_from_slice(tensors.of(&format!("{}.log_sd", name(latent)), latent.len)?);
        }
    }
    if is_point {
        return Ok(Gaussian::point(mu));
    }
    let full = compiled.full_rank;
    if full > omega.len() {
        return Err(damaged(format!("a full-rank block of {full} among {} dimensions", omega.len())));
    }
    let lower = match full {
        0 => vec![],
        1 => vec![0.0],
        n => tensors.of("full_rank.lower", n * n)?.to_vec(),
    };
    let mut directions = Directions::default();
    if let Some(v) = tensors.0.get(DIRECTIONS) {
        let random = omega.len().max(1);
        if v.is_empty() || v.len() % random != 0 {
            let what = format!(
                "`{DIRECTIONS}` of posterior.safetensors has {} numbers for {random} latents",
                v.len()
            );
            return Err(damaged(what));
        }
        directions = Directions { rank: v.len() / random, v: v.clone() };
    }
    let mut ties = Ties::default();
    for latent in &joint.latents {
        let tensor = format!("tied_to.{}", name(latent));
        if tensors.0.contains_key(tensor.as_str()) {
            ties.scales.push(latent.start);
            ties.lambda.extend_from_slice(tensors.of(&tensor, omega.len())?);
        }
    }
    let mut guide = Gaussian { mu, omega, lower, full, ties, directions, ..Gaussian::point(vec![]) };
    let is_collapsed =
        |l: &Latent| run.manifest.variables.iter().any(|v| v.name == *name(l) && v.is_collapsed);
    if joint.latents.iter().any(is_collapsed) {
        let found = Arc::new(collapse::find(joint, model, full, &mut vec![]));
        if !joint.latents.iter().all(|l| found.holds(l.start) == is_collapsed(l)) {
            return Err(damaged("other scales were collapsed than the model has"));
        }
        guide.settle(&found);
    }
    Ok(guide)
}

fn chains(run: &Run, tensors: &Tensors<'_>, model: &Model, joint: &LogJoint) -> Result<Chains, Diagnostics> {
    let count = |name: &str| run.metrics.extra.iter().find(|(n, _)| n == name).map(|(_, v)| *v as usize);
    let (Some(chains), Some(all)) = (count("chains"), count("draws")) else {
        return Err(damaged("metrics.json does not say how many chains and draws there are"));
    };
    if chains == 0 || all == 0 || all % chains != 0 {
        return Err(damaged(format!("{all} draws of {chains} chains")));
    }
    let mut values = vec![0.0; all * joint.dim];
    for latent in &joint.latents {
        let name = format!("{}.draws", model.unknown(latent.unknown).name);
        let own = tensors.of(&name, all * latent.len)?;
        for (draw, own) in values.chunks_exact_mut(joint.dim).zip(own.chunks_exact(latent.len)) {
            draw[latent.start..latent.start + latent.len].copy_from_slice(own);
        }
    }
    // Runs of earlier versions say nothing of single trajectories.
    let of = |name: &str| match tensors.0.contains_key(name) {
        true => tensors.of(name, all).map(<[f64]>::to_vec),
        false => Ok(vec![]),
    };
    let (diverging, steps) = (of(DIVERGING)?, of(STEPS)?);
    let draws = all / chains;
    Ok(Chains { chains, draws, dim: joint.dim, values, diverging, steps, ..Chains::default() })
}
