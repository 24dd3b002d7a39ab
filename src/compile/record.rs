//! What is written down of a fit beside its numbers: how it was done, its variables and targets, the posterior itself.

use super::evaluated::{Evaluated, levels};
use super::fit::{Fitted, MANY_DIMS, Prepared};
use super::fitted::{DIRECTIONS, DIVERGING, STEPS};
use super::{Session, earlier, statistics};
use crate::infer::chains::Chains;
use crate::infer::mixture::Mixture;
use crate::infer::posterior::Gaussian;
use crate::infer::predict::{Predicted, Prediction};
use crate::infer::settings::Method;
use crate::infer::{Outcome, Rung};
use crate::lower::Latent;
use crate::model::{Column, ExprKind, Model, Observation, SettingValue, Unknown};
use crate::rewrites::Rewrite;
use crate::run_folder::{
    ColumnRecord, Compiled, CompiledOptions, DataRecord, Manifest, Numbers, RungRecord, TargetRecord, Tensor,
    TensorValues, VariableRecord, sha256,
};
use serde_json::{Map, Value, json};

pub(super) fn variable_record(unknown: &Unknown, latent: &Latent) -> VariableRecord {
    VariableRecord {
        name: unknown.name.clone(),
        shape: unknown.shape.0.clone(),
        support: unknown.support.to_string(),
        bijection: unknown.bijection.name.to_owned(),
        is_centred: !latent.is_non_centred,
        is_collapsed: false,
    }
}

/// What is predicted, one record for each element of a vector.
pub(super) fn target_records(model: &Model, predicted: &[Prediction]) -> Vec<TargetRecord> {
    let of = |p: &Prediction| {
        let observation = model
            .observations
            .iter()
            .find(|o| p.name == o.name || p.name.starts_with(&format!("{}[", o.name)));
        let levels = match &p.values {
            Predicted::Classes { summary, .. } => levels(model, &p.name, summary.classes),
            Predicted::Numbers { .. } | Predicted::Joint { .. } => vec![],
        };
        let is_column = |o: &&Observation| matches!(model.expr(o.target).kind, ExprKind::Column(_));
        let unit = observation
            .filter(|o| !is_column(o))
            .map(|o| statistics::name(model, o.units.map_or(o.target, |u| u.of)));
        TargetRecord {
            name: p.name.clone(),
            ty: observation.map_or_else(String::new, |o| model.expr(o.target).ty.support.to_string()),
            levels,
            unit: unit.filter(|unit| *unit != p.name).unwrap_or_default(),
        }
    };
    let is_shown = |p: &&Prediction| !matches!(p.values, Predicted::Joint { .. });
    predicted.iter().filter(is_shown).map(of).collect()
}

/// The guide by variable, in unconstrained space: `NAME.mean`, `NAME.log_sd`, and the full-rank block; of chains their
/// draws, `NAME.draws [chains, draws, …]`.
pub(super) fn tensors(prepared: &Prepared, fitted: &Fitted) -> Vec<Tensor> {
    let values = |x: &[f64]| {
        if prepared.joint.dim > MANY_DIMS {
            TensorValues::F32(x.iter().map(|v| *v as f32).collect())
        } else {
            TensorValues::F64(x.to_vec())
        }
    };
    match &fitted.chains {
        Some(chains) => of_chains(prepared, chains, &values),
        None => of_mixture(prepared, &fitted.outcome.posterior(), &values),
    }
}

fn of_chains(prepared: &Prepared, chains: &Chains, values: &dyn Fn(&[f64]) -> TensorValues) -> Vec<Tensor> {
    let of = |latent: &Latent| {
        let unknown = prepared.model.unknown(latent.unknown);
        let shape = crate::lower::free_shape(unknown).0;
        let draws = chains.values.chunks_exact(chains.dim);
        let own: Vec<f64> =
            draws.flat_map(|u| u[latent.start..latent.start + latent.len].iter().copied()).collect();
        Tensor {
            name: format!("{}.draws", unknown.name),
            shape: [chains.chains, chains.draws].into_iter().chain(shape).collect(),
            values: values(&own),
        }
    };
    let of_draws = |name: &str, x: &[f64]| Tensor {
        name: name.to_owned(),
        shape: vec![chains.chains, chains.draws],
        values: TensorValues::F32(x.iter().map(|x| *x as f32).collect()),
    };
    let statistics = [of_draws(DIVERGING, &chains.diverging), of_draws(STEPS, &chains.steps)];
    // Particles have no trajectories that diverge.
    let statistics = statistics.into_iter().filter(|t| !t.values.is_empty());
    prepared.joint.latents.iter().map(of).chain(statistics).collect()
}

/// The tensors of the guide; of several components each has one more axis in front, and `mixture.share` says how much of
/// each there is.
fn of_mixture(
    prepared: &Prepared,
    posterior: &Mixture,
    values: &dyn Fn(&[f64]) -> TensorValues,
) -> Vec<Tensor> {
    if let [guide] = &posterior.parts[..] {
        return of_guide(prepared, guide, values);
    }
    let exact = |x: &[f64]| TensorValues::F64(x.to_vec());
    let parts: Vec<Vec<Tensor>> = posterior.parts.iter().map(|g| of_guide(prepared, g, &exact)).collect();
    let mut out = vec![Tensor {
        name: "mixture.share".into(),
        shape: vec![posterior.shares.len()],
        values: exact(&posterior.shares),
    }];
    for (i, first) in parts[0].iter().enumerate() {
        let all: Vec<f64> = parts.iter().flat_map(|tensors| tensors[i].values.to_f64()).collect();
        let shape = std::iter::once(parts.len()).chain(first.shape.iter().copied()).collect();
        out.push(Tensor { name: first.name.clone(), shape, values: values(&all) });
    }
    out
}

fn of_guide(prepared: &Prepared, guide: &Gaussian, values: &dyn Fn(&[f64]) -> TensorValues) -> Vec<Tensor> {
    let mut out = vec![];
    let random = guide.random();
    for latent in &prepared.joint.latents {
        let unknown = prepared.model.unknown(latent.unknown);
        let shape = crate::lower::free_shape(unknown).0;
        let range = latent.start..latent.start + latent.len;
        let name = &unknown.name;
        out.push(Tensor {
            name: format!("{name}.mean"),
            shape: shape.clone(),
            values: values(&guide.mu[range.clone()]),
        });
        if let Some(log_sd) = guide.omega.get(range) {
            out.push(Tensor { name: format!("{name}.log_sd"), shape, values: values(log_sd) });
        }
    }
    if guide.full > 1 {
        let shape = vec![guide.full, guide.full];
        out.push(Tensor { name: "full_rank.lower".into(), shape, values: values(&guide.lower) });
    }
    if guide.directions.rank > 0 {
        let shape = vec![random, guide.directions.rank];
        out.push(Tensor { name: DIRECTIONS.into(), shape, values: values(&guide.directions.v) });
    }
    for (scale, lambda) in guide.ties.scales.iter().zip(guide.ties.lambda.chunks(random.max(1))) {
        let of = |l: &&crate::lower::Latent| l.start == *scale;
        let Some(latent) = prepared.joint.latents.iter().find(of) else { continue };
        let name = format!("tied_to.{}", prepared.model.unknown(latent.unknown).name);
        out.push(Tensor { name, shape: vec![random], values: values(lambda) });
    }
    out
}

/// What compiling the model again needs, without the files that it was fitted on.
pub(super) fn compiled(session: &Session, prepared: &Prepared, full_rank: usize) -> Compiled {
    let model = &prepared.model;
    let declared = model.columns.iter().filter(|c| c.lag.is_none());
    let sources = prepared.data.sources.iter().cloned().chain(std::iter::repeat(vec![]));
    let column = |(c, names): (&Column, Vec<String>)| ColumnRecord {
        name: c.name.clone(),
        names,
        shape: c.ty.shape.0.clone(),
        levels: c.levels.clone(),
        range: c.range,
    };
    let options = &session.options;
    Compiled {
        options: CompiledOptions {
            set: options.set.clone(),
            choose: options.choose.clone(),
            seed: options.seed,
            method: options.method.clone(),
            steps: options.steps,
            epochs: options.epochs,
            batch: options.batch.clone(),
        },
        columns: declared.zip(sources).map(column).collect(),
        statistics: model.statistics.iter().map(|s| Numbers(s.values.clone())).collect(),
        earlier: session.analysis().ast.as_ref().map(earlier::record).unwrap_or_default(),
        full_rank,
    }
}

/// Which scales have the optimal q, in words.
fn collapsed(prepared: &Prepared, guide: &Gaussian) -> Option<String> {
    let latents = prepared.joint.latents.iter().filter(|l| guide.scales.collapse.holds(l.start));
    let names: Vec<&str> = latents.map(|l| &*prepared.model.unknown(l.unknown).name).collect();
    (!names.is_empty())
        .then(|| format!("{}: the optimal q of {}", Rewrite::Collapse.name(), names.join(", ")))
}

/// How the fit was done.
pub(super) fn manifest(
    session: &Session,
    prepared: &Prepared,
    fitted: &Fitted,
    evaluated: &Evaluated,
) -> Manifest {
    let outcome = &fitted.outcome;
    let random = outcome.guide.random();
    let guide = match (outcome.guide.full, random) {
        _ if prepared.settings.method == Method::Smc => {
            format!("particles carried from a guide to the posterior, {random} dimensions")
        }
        _ if fitted.chains.is_some() => format!("draws of Markov chains, {random} dimensions"),
        (_, 0) => "point estimate".to_owned(),
        (0, _) if outcome.guide.directions.rank > 0 => {
            let moved = outcome.guide.directions.moved();
            let low = format!("low rank, {} directions of {moved} dimensions", outcome.guide.directions.rank);
            if moved == random { low } else { format!("{low}, mean-field on {}", random - moved) }
        }
        (0, _) => format!("mean-field, {random} dimensions"),
        (full, _) if full == random => format!("full rank, {random} dimensions"),
        (full, _) => format!("full rank on {full} dimensions, mean-field on {}", random - full),
    };
    let guide = match outcome.mixture.as_ref().filter(|_| fitted.chains.is_none()) {
        Some(q) if q.is_ensemble() => format!("ensemble of {} points", q.parts.len()),
        Some(q) => format!("mixture of {}, each {guide}", q.parts.len()),
        None => guide,
    };
    let mut of_model = of_model(session, prepared);
    for (record, latent) in of_model.variables.iter_mut().zip(&prepared.joint.latents) {
        record.is_collapsed = outcome.guide.scales.collapse.holds(latent.start);
    }
    Manifest {
        guide: std::iter::once(guide)
            .chain(prepared.notes.iter().cloned())
            .chain(collapsed(prepared, &outcome.guide))
            .collect::<Vec<_>>()
            .join("; "),
        path: outcome.path.clone(),
        rungs: rungs(outcome),
        targets: evaluated.targets.clone(),
        steps: outcome.steps,
        steps_per_s: if outcome.loop_seconds > 0.0 {
            outcome.steps as f64 / outcome.loop_seconds
        } else {
            0.0
        },
        ..of_model
    }
}

/// What was tried, as it is written down.
pub(super) fn rungs(outcome: &Outcome) -> Vec<RungRecord> {
    let of = |r: &Rung| RungRecord {
        guide: r.name.clone(),
        elbo: r.elbo,
        elbo_se: r.elbo_se,
        gain: r.gain,
        gain_se: r.gain_se,
        seconds: r.seconds,
        kept: r.is_kept,
    };
    outcome.rungs.iter().map(of).collect()
}

/// The part of the manifest that is known before a fit.
pub(super) fn of_model(session: &Session, prepared: &Prepared) -> Manifest {
    let model = &prepared.model;
    let number = |x: f64| json!(x);
    let text = |s: &String| Value::String(s.clone());
    let options: Map<String, Value> = model
        .settings
        .iter()
        .map(|s| {
            let value = match &s.value {
                SettingValue::Number(x) => number(*x),
                SettingValue::Word(w) => text(w),
                SettingValue::Words(all) => Value::Array(all.iter().map(text).collect()),
            };
            (s.name.clone(), value)
        })
        .collect();
    let splits = prepared.data.splits.iter().map(|s| (s.name.clone(), json!(s.rows.len()))).collect();
    Manifest {
        model: model.name.clone(),
        model_sha256: sha256(session.source().text.as_bytes()),
        options,
        constants: model.constants.iter().map(|(n, v)| (n.clone(), number(*v))).collect(),
        choices: model.choices.iter().map(|(n, v)| (n.clone(), text(v))).collect(),
        seed: prepared.settings.seed,
        threads: prepared.threads,
        dimensions: prepared.joint.dim,
        data: DataRecord {
            source: session.data_name(),
            fingerprint: prepared.data.fingerprint.clone(),
            splits,
            dropped: prepared.data.dropped,
        },
        truth: session.truth(),
        preprocessing: statistics::record(model),
        variables: prepared
            .joint
            .latents
            .iter()
            .map(|l| variable_record(model.unknown(l.unknown), l))
            .collect(),
        ..Manifest::default()
    }
}
