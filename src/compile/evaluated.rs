//! What a fit is worth on the rows: objective, metrics and predictions of each split, summary, pictures.

use super::fit::{Fitted, MANY_DIMS};
use super::record::target_records;
use super::{pictures, record, statistics, summary};
use crate::data::{Dataset, Split};
use crate::diagnostic::Diagnostic;
use crate::infer::chains::Chains;
use crate::infer::each_draw::Source;
use crate::infer::error::CannotRun;
use crate::infer::evaluate::{Elbo, elbo, weights};
use crate::infer::loo::{LeftOut, loo};
use crate::infer::of_rows::of_rows;
use crate::infer::predict::{Predicted, Prediction, draws, predict, targets};
use crate::infer::problem::Problem;
use crate::infer::progress::Progress;
use crate::infer::row_reports::row_reports;
use crate::infer::settings::Method;
use crate::infer::uneven_noise;
use crate::kernels::noise;
use crate::metrics::convergence::Convergence;
use crate::metrics::{of_classes, of_numbers};
use crate::model::{Censoring, ExprId, ExprKind, Model, Observation, Treatment};
use crate::run_folder::{
    ClassPredictions, LooRow, MetricsFile, Objective, RealPredictions, SplitMetrics, SplitPredictions,
    SummaryRow, TargetMetrics, TargetPredictions, TargetRecord, TargetValues, sha256,
};

/// Training rows that metrics are computed of.
pub(super) const TRAIN_ROWS: usize = 5_000;
/// The file of predictions of rows whose target is missing.
const UNOBSERVED: &str = "missing";

/// What [`evaluate`] finds.
pub(super) struct Evaluated {
    pub(super) elbo_parts: Vec<f64>,
    pub(super) elbo_noise: String,
    /// L004: what the residuals say.
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) targets: Vec<TargetRecord>,
    pub(super) metrics: MetricsFile,
    pub(super) summary: Vec<SummaryRow>,
    pub(super) left_out: Vec<LooRow>,
    pub(super) predictions: Vec<SplitPredictions>,
    pub(super) pictures: crate::run_folder::Pictures,
    /// −log p(y_n) of the rows of the last held-out split.
    pub(super) held_out_nll: Vec<f64>,
}

/// ELBO, metrics of each split, predictions of the held-out ones, summary, pictures.
pub(super) fn evaluate(
    problem: &Problem<'_>,
    fitted: &Fitted,
    data: &Dataset,
    progress: &mut dyn Progress,
) -> Result<Evaluated, CannotRun> {
    let units = in_own_units(problem);
    let value = match fitted.chains {
        // Draws have no density of their own, so no bound either.
        Some(_) => Elbo { value: f64::NAN, se: f64::NAN, draws: 0, parts: vec![], noise: String::new() },
        None => elbo(problem, &fitted.outcome.posterior(), fitted.outcome.steps, progress)?,
    };
    let elbo_parts = value.parts.iter().map(|p| p - units).collect();
    let value = Elbo { value: value.value - units, ..value };
    let mut metrics = MetricsFile { objective: objective(problem, &value), ..MetricsFile::default() };
    // Of a flat prior, or of what is learned as a point, there is no evidence either.
    let is_proper = metrics.objective.is_elbo;
    // Draws have no bound to be compared by.
    metrics.objective.is_elbo &= fitted.chains.is_none();
    let from = fitted.source();
    let mut predictions = vec![];
    let mut held_out = vec![];
    let mut records = vec![];
    let mut warnings = vec![];
    let unobserved = Split { name: UNOBSERVED.to_owned(), rows: data.unobserved.clone() };
    for split in data.splits.iter().chain([&unobserved]).filter(|s| !s.rows.is_empty()) {
        let rows = if split.name == "train" {
            some_rows(&split.rows, TRAIN_ROWS, problem.settings.seed)
        } else {
            split.rows.clone()
        };
        let (predicted, mut of_split) = predict_split(problem, from, data, (&split.name, &rows), progress)?;
        let is_observed = split.name != UNOBSERVED;
        records = target_records(problem.model, &predicted);
        if is_observed {
            metrics.splits.push(split_metrics(&split.name, rows.len(), &predicted));
        }
        if split.name == "train" {
            warnings = uneven_noise::warnings(problem.model, data, &rows, &predicted);
        } else {
            if is_observed {
                held_out.push((split.name.clone(), rows, predicted));
            } else {
                of_split.targets.iter_mut().for_each(without_target);
            }
            predictions.push(of_split);
        }
    }
    let mut summary = summary::summary(problem, from)?;
    metrics.extra = fitted.extra.clone();
    metrics.extra.retain(|(name, _)| is_proper || !name.starts_with("log_evidence"));
    // A density, as the bound is: in the units of the targets.
    let densities = metrics
        .extra
        .iter_mut()
        .filter(|(name, _)| matches!(name.as_str(), "laplace_evidence" | "log_evidence"));
    densities.for_each(|(_, value)| *value -= units);
    metrics.rungs = record::rungs(&fitted.outcome);
    if fitted.chains.is_none()
        && let Some(found) = weights(problem, &fitted.outcome.posterior())?
    {
        let named = [("k_hat", found.k_hat), ("weight_efficiency", found.efficiency)];
        metrics.extra.extend(named.map(|(name, value)| (name.to_owned(), value)));
        if found.k_hat < FAR {
            summary::reweigh(problem, &fitted.outcome.posterior(), &found, &mut summary)?;
        }
        if metrics.objective.is_elbo && found.k_hat < FAR {
            let named =
                [("log_evidence", found.log_evidence - units), ("log_evidence_se", found.log_evidence_se)];
            metrics.extra.extend(named.map(|(name, value)| (name.to_owned(), value)));
        }
    }
    metrics.extra.extend(fitted.chains.iter().flat_map(|chains| of_chains(chains, &summary)));
    if let Some(chains) = &fitted.chains {
        warnings.extend(super::chain_warnings::warnings(
            problem.model,
            problem.settings.method,
            chains,
            &summary,
        ));
    }
    warnings.extend(laplace_warning(problem, &value, &metrics));
    let left_out = left_out(problem, fitted, data, &mut metrics)?;
    let pictures = pictures::pictures(problem, from, data, &held_out)?;
    Ok(Evaluated {
        elbo_parts,
        elbo_noise: value.noise,
        warnings,
        targets: records,
        metrics,
        summary,
        left_out,
        predictions,
        pictures,
        held_out_nll: held_out.last().map_or_else(Vec::new, |(_, _, found)| super::compare::row_nll(found)),
    })
}

/// −log p(y_n) of the rows of the last held-out split, and nothing else.
pub(super) fn held_out_nll(
    problem: &Problem<'_>,
    fitted: &Fitted,
    data: &Dataset,
    progress: &mut dyn Progress,
) -> Result<Vec<f64>, CannotRun> {
    let Some(split) = data.splits.iter().rfind(|s| s.name != "train" && !s.rows.is_empty()) else {
        return Ok(vec![]);
    };
    let from = fitted.source();
    let (predicted, _) = predict_split(problem, from, data, (&split.name, &split.rows), progress)?;
    Ok(super::compare::row_nll(&predicted))
}

/// A k̂ from which draws of a guide cannot be brought to the posterior.
const FAR: f64 = 0.7;
/// In sds: weights that move no mean further than this are even.
const EVEN: f64 = 0.1;

/// Nats between Laplace's estimate of the evidence and the bound of its Gaussian from which on the two contradict each
/// other: where the posterior is that Gaussian they are the same number.
const LAPLACE_GAP: f64 = 1.0;

/// G014: the Gaussian of Laplace is not the posterior.
fn laplace_warning(problem: &Problem<'_>, bound: &Elbo, metrics: &MetricsFile) -> Option<Diagnostic> {
    if problem.settings.method != Method::Laplace {
        return None;
    }
    let evidence = metrics.extra.iter().find(|(name, _)| name == "laplace_evidence")?.1;
    let gap = evidence - bound.value;
    // Noise may make a bound of a good fit a little worse, but not four times its error.
    if gap <= LAPLACE_GAP + 4.0 * bound.se {
        return None;
    }
    let what = if gap.is_finite() {
        format!(
            "the Gaussian of `method = laplace` is {gap:.1} nats away from the posterior whose curvature it has"
        )
    } else {
        "the Gaussian of `method = laplace` reaches where the posterior has no finite density".to_owned()
    };
    let finding = Diagnostic::new("G014", what).note(
        "its bound lies that far below its own estimate of the log evidence: away from the mode the posterior has \
         another shape, as hierarchies and skewed scales have",
    );
    Some(finding.help("do not use its means and sds; fit with `method = nuts`, or with `method = advi`"))
}

/// What the fit would say of each training row if it had not seen it; a guide that is far from the posterior says
/// nothing of that.
fn left_out(
    problem: &Problem<'_>,
    fitted: &Fitted,
    data: &Dataset,
    metrics: &mut MetricsFile,
) -> Result<Vec<LooRow>, CannotRun> {
    let of = |name: &str| metrics.extra.iter().find(|(n, _)| n == name).map(|(_, value)| *value);
    // Weights that hardly differ need no shape of their tail (equation 25a).
    let are_even = of("weight_efficiency").is_some_and(|e| 1.0 / e - 1.0 < EVEN * EVEN);
    let is_near = of("k_hat").is_some_and(|k| k < FAR) || are_even || fitted.chains.is_some();
    let guide = fitted.outcome.posterior();
    let found = match is_near {
        true => loo(problem, fitted.source(), Some(&guide))?,
        false => None,
    };
    let Some(mut found) = found else { return Ok(vec![]) };
    found.rows.iter_mut().zip(units_of_rows(problem)).for_each(|(row, units)| row.elpd -= units);
    let (elpd, se) = found.total();
    let numbers = [
        ("elpd_loo", elpd),
        ("elpd_loo_se", se),
        ("p_loo", found.p_loo),
        ("loo_k_threshold", found.threshold),
        ("loo_k_high", found.high() as f64),
    ];
    metrics.extra.extend(numbers.map(|(name, value)| (name.to_owned(), value)));
    if let Some(chains) = found.agreement {
        let numbers =
            [("rhat_rows", chains.rhat), ("ess_rows", chains.ess), ("judged_rows", chains.rows as f64)];
        metrics.extra.extend(numbers.map(|(name, value)| (name.to_owned(), value)));
    }
    let row = |(row, left): (&u32, &LeftOut)| LooRow {
        row: data.numbers[*row as usize],
        elpd: left.elpd,
        k_hat: left.k_hat,
    };
    Ok(problem.train.iter().zip(&found.rows).map(row).collect())
}

/// What chains say of themselves, over all scalars of the summary: the worst of each.
fn of_chains(chains: &Chains, summary: &[SummaryRow]) -> Vec<(String, f64)> {
    let of = |pick: fn(&Convergence) -> f64| summary.iter().filter_map(|r| r.convergence.as_ref()).map(pick);
    let sum = |counts: &[usize]| counts.iter().sum::<usize>() as f64;
    let mut numbers = vec![
        ("rhat", of(|c| c.rhat).fold(f64::NAN, f64::max)),
        ("ess_bulk", of(|c| c.ess_bulk).fold(f64::NAN, f64::min)),
        ("ess_tail", of(|c| c.ess_tail).fold(f64::NAN, f64::min)),
        ("chains", chains.chains as f64),
        ("draws", chains.len() as f64),
    ];
    // Particles have no trajectories that go wrong, only such as are not accepted.
    if !chains.divergences.is_empty() {
        numbers.push(("divergences", sum(&chains.divergences)));
        numbers.push(("at_most_depth", sum(&chains.at_most_depth)));
    }
    numbers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What is predicted of some rows, and the same as a table with the reports of each row.
pub(super) fn predict_split(
    problem: &Problem<'_>,
    from: &dyn Source,
    data: &Dataset,
    (split, rows): (&str, &[u32]),
    progress: &mut dyn Progress,
) -> Result<(Vec<Prediction>, SplitPredictions), CannotRun> {
    let observed = targets(problem.model, problem, rows);
    let draws = draws(problem.model, problem.joint, from, problem.settings.predict_draws);
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
        let reports = row_reports::<f64>(problem, from, &problem.rows, rows, draws, &|_| true)?;
        table.reports = reports
            .into_iter()
            .flat_map(|r| [(r.name.clone(), r.mean), (format!("{}_sd", r.name), r.sd)])
            .collect();
    }
    Ok((predicted, table))
}

/// Σ over the training rows of the log scale of every standardised target: densities per unit of the original.
fn in_own_units(problem: &Problem<'_>) -> f64 {
    units_of_rows(problem).iter().sum()
}

/// The part of each training row in it.
fn units_of_rows(problem: &Problem<'_>) -> Vec<f64> {
    let mut all = vec![0.0; problem.train.len()];
    for o in &problem.model.observations {
        let log_scale = o.units.map_or(0.0, |u| statistics::log_scale(problem.model, u.scale));
        if log_scale != 0.0 {
            let counts = density_counts(problem, o);
            all.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count * log_scale);
        }
    }
    all
}

/// The same for each training row: a row counts with its weight, and a value that was not seen counts with a
/// probability, which has no unit.
pub(super) fn density_counts(problem: &Problem<'_>, o: &Observation) -> Vec<f64> {
    // Bounds that unknowns move hide nothing that could be told here.
    let of = |id: ExprId| match problem.model.expr(id).kind {
        ExprKind::Number(x) => vec![x; problem.train.len()],
        _ if problem.model.unknowns_of(id).next().is_some() => vec![f64::NAN; problem.train.len()],
        _ => of_rows(problem.model, problem.rows.0, id, problem.train),
    };
    let mut counts = o.dist.weight.map_or_else(|| vec![1.0; problem.train.len()], of);
    let hidden: Vec<f64> = match o.dist.censoring {
        None => return counts,
        Some(Censoring::Sides { right, left }) => {
            let left = left.map_or_else(|| vec![0.0; counts.len()], of);
            of(right).iter().zip(left).map(|(a, b)| a.max(b)).collect()
        }
        Some(Censoring::Between(low, high)) => {
            of(low).iter().zip(of(high)).map(|(a, b)| f64::from(u8::from(*a < b))).collect()
        }
    };
    counts.iter_mut().zip(hidden).for_each(|(count, hidden)| *count *= 1.0 - hidden);
    counts
}

/// A hash of what the training rows' densities are of: the targets in their own units, in the order of the rows.
pub(super) fn targets_hash(problem: &Problem<'_>) -> String {
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

/// The same for one row.
pub(super) fn without_row(predicted: &mut TargetPredictions, row: usize) {
    match &mut predicted.values {
        TargetValues::Classes(c) => c.target[row] = None,
        TargetValues::Reals(r) => r.target[row] = f64::NAN,
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

pub(super) fn split_metrics(split: &str, rows: usize, predicted: &[Prediction]) -> SplitMetrics {
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

pub(super) fn split_predictions(
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
