//! `method = prior`: a run whose draws are the prior's, to see what a model believes before it has seen a target.
//!
//! Targets are not read: their column may hold gaps or be absent. So there is no objective and no metric; the
//! summary, the predictions (of the training rows too) and the reports are those of any other run.

use super::evaluated::{TRAIN_ROWS, predict_split, some_rows, without_target};
use super::fit::{MANY_DIMS, Prepared, warnings};
use super::record::{compiled, of_model, target_records, variable_record};
use super::{FitFailure, Session, summary};
use crate::infer::draws::variable;
use crate::infer::each_draw::{DrawKey, Source};
use crate::infer::error::CannotRun;
use crate::infer::messages;
use crate::infer::prior::Prior;
use crate::infer::progress::Progress;
use crate::model::{Model, Treatment};
use crate::run_folder::{Manifest, MetricsFile, Objective, Pictures, Run, Tensor, TensorValues};
use crate::transform;
use std::time::Instant;

/// Numbers kept of the draws: 128 MiB in single precision.
const MOST_NUMBERS: usize = 1 << 25;

/// Makes the latents the values themselves: a draw has no need of a bijection.
pub(in crate::compile) fn as_values(model: &mut Model) {
    let Some(identity) = transform::find("identity") else { return };
    for unknown in &mut model.unknowns {
        unknown.bijection = identity;
        unknown.bounds.clear();
        if unknown.treatment == Treatment::PointWithPrior {
            unknown.treatment = Treatment::Random;
        }
    }
}

/// Draws, and writes down what was drawn.
///
/// # Errors
/// O001 for a prior that cannot be drawn from.
pub(super) fn run(
    session: &Session,
    prepared: &Prepared,
    compile_s: f64,
    progress: &mut dyn Progress,
) -> Result<Run, FitFailure> {
    let wrong = |finding: crate::diagnostic::Diagnostic| FitFailure { diagnostics: finding.into(), exit: 1 };
    let refused = |why: CannotRun| FitFailure { diagnostics: messages::refused(why).findings(), exit: 1 };
    let begun = Instant::now();
    let problem = prepared.problem();
    let starts: Vec<usize> = prepared.joint.latents.iter().map(|l| l.start).collect();
    let prior = Prior::new(&prepared.model, &starts, prepared.joint.dim).map_err(wrong)?;
    let mut predictions = vec![];
    let mut targets = vec![];
    for split in prepared.data.splits.iter().filter(|s| !s.rows.is_empty()) {
        let rows = some_rows(&split.rows, TRAIN_ROWS, prepared.settings.seed);
        let rows = if split.name == "train" { &rows } else { &split.rows };
        let (predicted, mut table) =
            predict_split(&problem, &prior, &prepared.data, (&split.name, rows), progress)
                .map_err(refused)?;
        table.targets.iter_mut().for_each(without_target);
        targets = target_records(&prepared.model, &predicted);
        predictions.push(table);
    }
    let manifest = of_model(session, prepared);
    // What is written down of an unknown is how the model would fit it.
    let as_fitted = session.model().map_err(|diagnostics| FitFailure { diagnostics, exit: 1 })?;
    let manifest = Manifest {
        guide: std::iter::once("draws of the prior".to_owned())
            .chain(prepared.notes.iter().cloned())
            .collect::<Vec<_>>()
            .join("; "),
        targets,
        variables: prepared
            .joint
            .latents
            .iter()
            .map(|l| variable_record(as_fitted.unknown(l.unknown), l))
            .collect(),
        compile_s,
        eval_s: begun.elapsed().as_secs_f64(),
        warnings: warnings(session, &[]),
        ..manifest
    };
    let objective = Objective { is_elbo: false, value: f64::NAN, se: f64::NAN };
    Ok(Run {
        manifest,
        model_text: session.source().text.clone(),
        resolved_model: prepared.model.to_string(),
        metrics: MetricsFile { objective, ..MetricsFile::default() },
        trace: vec![],
        summary: summary::summary(&problem, &prior).map_err(refused)?,
        left_out: vec![],
        predictions,
        tensors: tensors(prepared, &prior),
        pictures: Pictures::default(),
        compiled: Some(compiled(session, prepared, 0)),
    })
}

/// The draws behind the predictions, by variable: `NAME.draws [draws, …]`.
fn tensors(prepared: &Prepared, prior: &Prior) -> Vec<Tensor> {
    let dim = prepared.joint.dim;
    let draws = prepared.settings.predict_draws.min(MOST_NUMBERS / dim.max(1)).max(1);
    let mut u = vec![0.0; dim];
    let mut all: Vec<Vec<f64>> = vec![vec![]; prepared.joint.latents.len()];
    for index in 0..draws as u64 {
        let key = DrawKey { index, ..DrawKey::of(prepared.settings.seed, variable::PREDICT) };
        prior.latents(key, &mut u);
        for (latent, all) in prepared.joint.latents.iter().zip(&mut all) {
            all.extend_from_slice(&u[latent.start..latent.start + latent.len]);
        }
    }
    let of = |(latent, values): (&crate::lower::Latent, Vec<f64>)| {
        let unknown = prepared.model.unknown(latent.unknown);
        Tensor {
            name: format!("{}.draws", unknown.name),
            shape: std::iter::once(draws).chain(unknown.shape.0.iter().copied()).collect(),
            values: match dim > MANY_DIMS {
                true => TensorValues::F32(values.iter().map(|x| *x as f32).collect()),
                false => TensorValues::F64(values),
            },
        }
    };
    prepared.joint.latents.iter().zip(all).map(of).collect()
}
