//! From a checked model to a run: load, lower, fit, evaluate.

use super::non_centre::candidates;
use super::{FitFailure, Session, pictures, statistics, summary};
use crate::data::{Dataset, Split};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::infer::draws::{Joint, elbo_draws, mean_and_se};
use crate::infer::each_draw::Source;
use crate::infer::error::FitError;
use crate::infer::evaluate::{Elbo, elbo};
use crate::infer::of_rows::of_rows;
use crate::infer::posterior::Gaussian;
use crate::infer::predict::{Predicted, Prediction, predict, targets};
use crate::infer::problem::{Problem, Rows};
use crate::infer::progress::{Progress, Silent};
use crate::infer::row_reports::row_reports;
use crate::infer::settings::{Method, Settings};
use crate::infer::{self, Outcome, messages};
use crate::kernels::noise;
use crate::lower::{Latent, LogJoint, Parameterization, lower, with_scale_mixtures};
use crate::metrics::{of_classes, of_numbers};
use crate::model::{ExprKind, Model, Observation, SettingValue, Treatment, Unknown};
use crate::rewrites::{Note, Rewrite};
use crate::run_folder::{
    ClassPredictions, DataRecord, Manifest, MetricsFile, Objective, RealPredictions, Run, SplitMetrics,
    SplitPredictions, TargetMetrics, TargetPredictions, TargetRecord, TargetValues, Tensor, TensorValues,
    TraceRow, VariableRecord, sha256,
};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Instant;

/// Training rows that metrics are computed of.
pub(super) const TRAIN_ROWS: usize = 5_000;
/// The file of predictions of rows whose target is missing.
const UNOBSERVED: &str = "missing";
/// Latents beyond which predictions are computed in f32.
pub(super) const MANY_DIMS: usize = 2_000;

/// Everything inference needs.
pub(super) struct Prepared {
    pub(super) model: Model,
    pub(super) joint: LogJoint,
    pub(super) data: Arc<Dataset>,
    pub(super) settings: Settings,
    pub(super) notes: Vec<String>,
    pub(super) refused: Vec<Note>,
    threads: usize,
}

impl Prepared {
    /// The fit to be done.
    pub(super) fn problem(&self) -> Problem<'_> {
        Problem {
            model: &self.model,
            joint: &self.joint,
            rows: Rows(&self.data),
            train: self.data.split("train"),
            settings: &self.settings,
            threads: self.threads,
        }
    }
}

/// Model, rows and log joint.
pub(super) fn prepare(session: &Session) -> Result<Prepared, Diagnostics> {
    let mut model = session.model()?.clone();
    let settings = session.settings()?;
    let data = session.data()?;
    super::statistics::resolve(&mut model, &data)?;
    let (mut notes, mut refused) = (vec![], vec![]);
    if settings.method == Method::Map {
        // A point estimate is a model whose unknowns are all learned: largest in θ, without the Jacobian.
        for unknown in model.unknowns.iter_mut().filter(|u| u.treatment == Treatment::Random) {
            unknown.treatment = Treatment::PointWithPrior;
        }
        notes.push("map: every unknown is a point".to_owned());
    }
    if settings.method == Method::Prior {
        super::prior::as_values(&mut model);
        notes.push("prior: nothing is fitted, and no target is read".to_owned());
    }
    if settings.asks_for(Rewrite::ScaleMixture) {
        let (mixed, found) = with_scale_mixtures(&model);
        if !found.iter().any(|n| n.is_applied) {
            return Err(Diagnostic::new(
                "O001",
                "`with = [scale_mixture]` does not apply: no prior allows it",
            )
            .help(format!("it wants: {}", Rewrite::ScaleMixture.entry().condition))
            .into());
        }
        model = mixed;
        let (applied, not): (Vec<Note>, Vec<Note>) = found.into_iter().partition(|n| n.is_applied);
        notes.extend(applied.iter().map(Note::words));
        refused.extend(not);
    }
    let mut parameterization = Parameterization::default();
    if settings.method != Method::Prior && !settings.leaves_out(Rewrite::NonCentre) {
        let (fitting, not) = candidates(&model);
        parameterization = fitting;
        refused.extend(not);
    }
    for id in &parameterization.non_centred {
        let what = format!("{} = location + scale · z with z standard; new family", model.unknown(*id).name);
        notes.push(Note::applied(Rewrite::NonCentre, what).words());
    }
    let joint = lower(&model, &parameterization);
    let available = std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = session.options.threads.unwrap_or(available).max(1);
    Ok(Prepared { model, joint, data, settings, notes, refused, threads })
}

/// Compiles, fits and evaluates.
///
/// # Errors
/// Diagnostics and the exit status: 1 if the model or its data are wrong, 3 if the fit diverged.
pub fn fit(session: &Session, progress: &mut dyn Progress) -> Result<Run, FitFailure> {
    let begun = Instant::now();
    let wrong = |diagnostics: Diagnostics| FitFailure { diagnostics, exit: 1 };
    let mut prepared = prepare(session).map_err(wrong)?;
    let compile_s = begun.elapsed().as_secs_f64();
    if prepared.settings.method == Method::Prior {
        return super::prior::run(session, &prepared, compile_s, progress);
    }
    let begun = Instant::now();
    let outcome = fit_either_way(&mut prepared, progress).map_err(failed)?;
    let fit_s = begun.elapsed().as_secs_f64();
    outcome.warnings.iter().for_each(|warning| progress.warn(warning));
    let begun = Instant::now();
    let problem = prepared.problem();
    let evaluated = evaluate(&problem, &outcome.guide, &prepared.data, progress)
        .map_err(|what| failed(messages::refused(what)))?;
    let mut manifest = manifest(session, &prepared, &outcome, &evaluated);
    (manifest.compile_s, manifest.fit_s) = (compile_s, fit_s);
    manifest.eval_s = begun.elapsed().as_secs_f64();
    (manifest.elbo_parts, manifest.elbo_noise) = (evaluated.elbo_parts.clone(), evaluated.elbo_noise.clone());
    manifest.targets_sha256 = targets_hash(&problem);
    manifest.warnings = warnings(session, &outcome.warnings);
    Ok(Run {
        manifest,
        model_text: session.source().text.clone(),
        resolved_model: prepared.model.to_string(),
        metrics: evaluated.metrics,
        trace: outcome
            .trace
            .iter()
            .map(|t| TraceRow {
                step: t.step,
                seconds: t.seconds,
                elbo: t.elbo,
                start: t.start as u32 + 1,
                rate: t.rate,
                clipped: t.clipped,
            })
            .collect(),
        summary: evaluated.summary,
        predictions: evaluated.predictions,
        tensors: tensors(&prepared, &outcome.guide),
        pictures: evaluated.pictures,
    })
}

/// What there is to warn of, one line each.
pub(super) fn warnings(session: &Session, after_the_fit: &[Diagnostic]) -> Vec<String> {
    let findings = session.check();
    let before = findings.0.iter().filter(|d| d.level() == crate::diagnostic::Level::Warning);
    before.chain(after_the_fit).map(|d| format!("{}: {}", d.code.id(), d.message)).collect()
}

fn failed(error: FitError) -> FitFailure {
    match error {
        FitError::Refused(d) => FitFailure { diagnostics: d.into(), exit: 1 },
        FitError::Diverged(d) => FitFailure { diagnostics: d.into(), exit: 3 },
    }
}

/// Hierarchies outside nets are fitted non-centred and centred; the larger ELBO stays, and the run says which.
fn fit_either_way(prepared: &mut Prepared, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let outcome = infer::fit(&prepared.problem(), progress)?;
    let has_choice = prepared.joint.latents.iter().any(|l| l.is_non_centred);
    if !has_choice {
        return Ok(outcome);
    }
    let centred_joint = lower(&prepared.model, &Parameterization::default());
    let seed = prepared.settings.seed;
    // A million rows are looked at 64 times, ten thousand 1,024 times.
    let draws = (10_000_000 / prepared.problem().train.len().max(1)).clamp(64, 1024);
    let value = |joint: &LogJoint, guide: &Gaussian, prepared: &Prepared| -> Option<f64> {
        let problem = Problem { joint, ..prepared.problem() };
        let mut joint = Joint::new(&problem).ok()?;
        Some(mean_and_se(&elbo_draws(&mut joint, guide, draws, seed)).0)
    };
    let centred = infer::fit(&Problem { joint: &centred_joint, ..prepared.problem() }, &mut Silent);
    // A centred hierarchy may have no mode at all; then there is nothing to compare with.
    let Ok(centred) = centred else { return Ok(outcome) };
    let here = value(&prepared.joint, &outcome.guide, prepared);
    let there = value(&centred_joint, &centred.guide, prepared);
    if let (Some(here), Some(there)) = (here, there) {
        if there.is_finite() && there > here {
            prepared.notes.retain(|note| !note.starts_with(Rewrite::NonCentre.name()));
            prepared
                .notes
                .push(format!("centred: its ELBO is {:.2} nat above the non-centred one", there - here));
            prepared.joint = centred_joint;
            return Ok(centred);
        }
        if there.is_finite() {
            prepared.notes.push(format!("its ELBO is {:.2} nat above the centred one", here - there));
        }
    }
    Ok(outcome)
}

struct Evaluated {
    elbo_parts: Vec<f64>,
    elbo_noise: String,
    targets: Vec<TargetRecord>,
    metrics: MetricsFile,
    summary: Vec<crate::run_folder::SummaryRow>,
    predictions: Vec<SplitPredictions>,
    pictures: crate::run_folder::Pictures,
}

/// ELBO, metrics of each split, predictions of the held-out ones, summary, pictures.
fn evaluate(
    problem: &Problem<'_>,
    guide: &Gaussian,
    data: &Dataset,
    progress: &mut dyn Progress,
) -> Result<Evaluated, String> {
    let has_net = !problem.model.nets.is_empty();
    let value = elbo(problem, guide, has_net, progress)?;
    let units = in_own_units(problem);
    let elbo_parts = value.parts.iter().map(|p| p - units).collect();
    let value = Elbo { value: value.value - units, ..value };
    let mut metrics = MetricsFile { objective: objective(problem, &value), ..MetricsFile::default() };
    let mut predictions = vec![];
    let mut held_out = vec![];
    let mut records = vec![];
    let unobserved = Split { name: UNOBSERVED.to_owned(), rows: data.unobserved.clone() };
    for split in data.splits.iter().chain([&unobserved]).filter(|s| !s.rows.is_empty()) {
        let rows = if split.name == "train" {
            some_rows(&split.rows, TRAIN_ROWS, problem.settings.seed)
        } else {
            split.rows.clone()
        };
        let (predicted, mut of_split) = predict_split(problem, guide, data, (&split.name, &rows), progress)?;
        let is_observed = split.name != UNOBSERVED;
        records = target_records(problem.model, &predicted);
        if is_observed {
            metrics.splits.push(split_metrics(&split.name, rows.len(), &predicted));
        }
        if split.name != "train" {
            if is_observed {
                held_out.push((split.name.clone(), rows, predicted));
            } else {
                of_split.targets.iter_mut().for_each(without_target);
            }
            predictions.push(of_split);
        }
    }
    let summary = summary::summary(problem, guide)?;
    let pictures = pictures::pictures(problem, guide, data, &held_out)?;
    Ok(Evaluated {
        elbo_parts,
        elbo_noise: value.noise,
        targets: records,
        metrics,
        summary,
        predictions,
        pictures,
    })
}

/// What is predicted of some rows, and the same as a table with the reports of each row.
pub(super) fn predict_split(
    problem: &Problem<'_>,
    from: &dyn Source,
    data: &Dataset,
    (split, rows): (&str, &[u32]),
    progress: &mut dyn Progress,
) -> Result<(Vec<Prediction>, SplitPredictions), String> {
    let observed = targets(problem.model, problem, rows);
    let draws = if from.is_point() && !problem.joint.is_noisy() { 1 } else { problem.settings.predict_draws };
    progress.begin(&format!("predicting {split}"), draws as u64);
    let mut done = |d: usize| progress.advance(d as u64, None);
    let predicted = if problem.joint.dim > MANY_DIMS {
        predict::<f32>(problem, from, &problem.rows, rows, &observed, draws, &mut done)?
    } else {
        predict::<f64>(problem, from, &problem.rows, rows, &observed, draws, &mut done)?
    };
    progress.end();
    let mut table = split_predictions(problem.model, data, split, rows, &predicted);
    if split != "train" || problem.settings.method == Method::Prior {
        let reports = row_reports::<f64>(problem, from, &problem.rows, rows, draws)?;
        table.reports = reports
            .into_iter()
            .flat_map(|r| [(r.name.clone(), r.mean), (format!("{}_sd", r.name), r.sd)])
            .collect();
    }
    Ok((predicted, table))
}

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

/// Σ over the training rows of the log scale of every standardised target: densities per unit of the original.
fn in_own_units(problem: &Problem<'_>) -> f64 {
    let scale = |o: &Observation| o.units.map_or(0.0, |u| statistics::log_scale(problem.model, u.scale));
    problem.train.len() as f64 * problem.model.observations.iter().map(scale).sum::<f64>()
}

/// A hash of what the training rows' densities are of: the targets in their own units, in the order of the rows.
fn targets_hash(problem: &Problem<'_>) -> String {
    let mut bytes = vec![];
    for o in &problem.model.observations {
        let of = o.units.map_or(o.target, |u| u.of);
        for x in of_rows(problem.model, problem.rows.0, of, problem.train) {
            bytes.extend(x.to_bits().to_le_bytes());
        }
    }
    sha256(&bytes)
}

/// Leaves the truth out of predictions whose target is missing.
pub(super) fn without_target(predicted: &mut TargetPredictions) {
    match &mut predicted.values {
        TargetValues::Classes(c) => c.target.iter_mut().for_each(|t| *t = None),
        TargetValues::Reals(r) => r.target.iter_mut().for_each(|t| *t = f64::NAN),
    }
}

fn objective(problem: &Problem<'_>, value: &Elbo) -> Objective {
    let is_proper = |u: &crate::model::Unknown| {
        let is_flat = u.prior.family.name == "Flat" && u.prior.truncation.is_none();
        u.treatment == Treatment::Random && !is_flat
    };
    Objective { is_elbo: problem.model.unknowns.iter().all(is_proper), value: value.value, se: value.se }
}

/// At most `most` rows, drawn by key, in their order.
pub(super) fn some_rows(rows: &[u32], most: usize, seed: u64) -> Vec<u32> {
    if rows.len() <= most {
        return rows.to_vec();
    }
    let mut order = vec![0u32; rows.len()];
    noise::permutation(&mut order, noise::key(seed, 0, u64::MAX, 0));
    let mut chosen: Vec<u32> = order[..most].iter().map(|i| rows[*i as usize]).collect();
    chosen.sort_unstable();
    chosen
}

fn split_metrics(split: &str, rows: usize, predicted: &[Prediction]) -> SplitMetrics {
    let of = |p: &Prediction| {
        let values = match &p.values {
            Predicted::Classes { summary, targets } => of_classes(summary, targets),
            Predicted::Numbers { summary, targets } => of_numbers(summary, targets),
            Predicted::Joint { log_density } => {
                vec![("nll", -log_density.iter().sum::<f64>() / log_density.len() as f64)]
            }
        };
        let values = values.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        TargetMetrics { target: p.name.clone(), values }
    };
    SplitMetrics { split: split.to_owned(), rows, targets: predicted.iter().map(of).collect() }
}

fn split_predictions(
    model: &Model,
    data: &Dataset,
    split: &str,
    rows: &[u32],
    predicted: &[Prediction],
) -> SplitPredictions {
    let of = |p: &Prediction| {
        let values = match &p.values {
            Predicted::Joint { .. } => return None,
            Predicted::Classes { summary, targets } => TargetValues::Classes(ClassPredictions {
                levels: levels(model, &p.name, summary.classes),
                target: targets.iter().map(|t| Some(*t)).collect(),
                probability: summary.mean.clone(),
                sd: summary.sd.clone(),
                entropy: summary.entropy.clone(),
                aleatoric: summary.aleatoric.clone(),
                epistemic: summary.epistemic.clone(),
                expected_error: summary.disagreement.clone(),
            }),
            Predicted::Numbers { summary, targets } => TargetValues::Reals(RealPredictions {
                target: targets.clone(),
                mean: summary.mean.clone(),
                sd: summary.sd.clone(),
                q05: summary.q05.clone(),
                q50: summary.q50.clone(),
                q95: summary.q95.clone(),
                aleatoric_sd: summary.aleatoric_sd.clone(),
                epistemic_sd: summary.epistemic_sd.clone(),
            }),
        };
        Some(TargetPredictions { name: p.name.clone(), values })
    };
    SplitPredictions {
        split: split.to_owned(),
        rows: rows.iter().map(|r| data.numbers[*r as usize]).collect(),
        targets: predicted.iter().filter_map(of).collect(),
        reports: vec![],
    }
}

/// Labels of a target's classes.
pub(super) fn levels(model: &Model, target: &str, classes: usize) -> Vec<String> {
    match model.columns.iter().find(|c| c.name == target) {
        Some(c) if c.levels.len() == classes => c.levels.clone(),
        _ => (0..classes).map(|k| k.to_string()).collect(),
    }
}

/// The guide by variable, in unconstrained space: `NAME.mean`, `NAME.log_sd`, and the full-rank block.
fn tensors(prepared: &Prepared, guide: &Gaussian) -> Vec<Tensor> {
    let is_large = prepared.joint.dim > MANY_DIMS;
    let values = |x: &[f64]| {
        if is_large {
            TensorValues::F32(x.iter().map(|v| *v as f32).collect())
        } else {
            TensorValues::F64(x.to_vec())
        }
    };
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
    for (scale, lambda) in guide.ties.scales.iter().zip(guide.ties.lambda.chunks(random.max(1))) {
        let of = |l: &&crate::lower::Latent| l.start == *scale;
        let Some(latent) = prepared.joint.latents.iter().find(of) else { continue };
        let name = format!("tied_to.{}", prepared.model.unknown(latent.unknown).name);
        out.push(Tensor { name, shape: vec![random], values: values(lambda) });
    }
    out
}

/// Which scales have the optimal q, in words.
fn collapsed(prepared: &Prepared, guide: &Gaussian) -> Option<String> {
    let latents = prepared.joint.latents.iter().filter(|l| guide.scales.collapse.holds(l.start));
    let names: Vec<&str> = latents.map(|l| &*prepared.model.unknown(l.unknown).name).collect();
    (!names.is_empty())
        .then(|| format!("{}: the optimal q of {}", Rewrite::Collapse.name(), names.join(", ")))
}

fn manifest(session: &Session, prepared: &Prepared, outcome: &Outcome, evaluated: &Evaluated) -> Manifest {
    let random = outcome.guide.random();
    let guide = match (outcome.guide.full, random) {
        (_, 0) => "point estimate".to_owned(),
        (0, _) => format!("mean-field, {random} dimensions"),
        (full, _) if full == random => format!("full rank, {random} dimensions"),
        (full, _) => format!("full rank on {full} dimensions, mean-field on {}", random - full),
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
