//! Mean, sd and quantiles of every unknown and global report, in the constrained space, from draws of the guide, or of the prior.

use super::names;
use crate::engine::{Executor, NoiseKey};
use crate::infer::draws::variable;
use crate::infer::each_draw::{DrawKey, Source};
use crate::infer::error::CannotRun;
use crate::infer::evaluate::draws_worth;
use crate::infer::problem::Problem;
use crate::metrics::convergence::convergence;
use crate::metrics::quantile;
use crate::passes::optimise;
use crate::plan::{Space, plan};
use crate::run_folder::SummaryRow;
use std::sync::Arc;

/// Draws for posteriors of few dimensions, of up to [`MANY_DIMS`], and beyond: an sd is good to 0.8 %, 1.6 %, 7 %. Fits
/// of few steps are worth fewer ([`draws_worth`]).
const MANY_DRAWS: usize = 16_000;
const DRAWS: usize = 4_000;
const FEW_DRAWS: usize = 200;
const FEW_DIMS: usize = 200;
const MANY_DIMS: usize = 2_000;
/// Layers of more weights than this get one row.
const MOST_ROWS: usize = 1_000;

/// One row per scalar; for a large layer one row of all its weights together.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn summary(problem: &Problem<'_>, from: &dyn Source) -> Result<Vec<SummaryRow>, CannotRun> {
    let mut tape = problem.joint.tape.clone();
    tape.outputs.retain(|(name, slot)| {
        (name.starts_with("value:") || name.starts_with("report:"))
            && problem.joint.tape.get(*slot).kind == crate::ty::Kind::Global
    });
    let tape = optimise(&tape, &mut |_, _, _| {});
    let mut executor = Executor::<f64>::new(Arc::new(plan(&tape, 16)?));
    let most = match problem.joint.dim {
        0..=FEW_DIMS => MANY_DRAWS,
        d if d <= MANY_DIMS => DRAWS,
        _ => FEW_DRAWS,
    };
    let draws = draws_worth(problem.settings, most);
    let outputs = executor.program().outputs.clone();
    // Draws of chains are taken as they are, in their order.
    let chains = from.chains();
    let draws = chains.map_or(draws, |(chains, each)| chains * each);
    let mut values: Vec<Vec<f64>> = vec![vec![]; outputs.len()];
    let mut u = vec![0.0; from.dim()];
    for d in 0..draws as u64 {
        let key = DrawKey::of(problem.settings.seed, variable::SUMMARY);
        let key = match chains {
            Some(_) => DrawKey { index: d, ..key },
            None => DrawKey { index: d / 2 * 2, is_mirrored: d % 2 == 1, ..key },
        };
        from.latents(key, &mut u);
        executor.set_input(crate::lower::LATENTS, &u);
        executor.begin(NoiseKey::default());
        for (output, all) in outputs.iter().zip(&mut values) {
            debug_assert_eq!(output.place.space, Space::Global);
            all.extend_from_slice(executor.read(output));
        }
    }
    let chains = chains.map(|(chains, _)| chains);
    let mut rows = vec![];
    for (output, all) in outputs.iter().zip(values) {
        let count = output.shape.len();
        if let Some(name) = output.name.strip_prefix("report:") {
            let labels: Vec<String> = match count {
                1 => vec![name.to_owned()],
                n => (1..=n).map(|i| format!("{name}[{i}]")).collect(),
            };
            rows.extend(scalar_rows(&labels, &all, chains));
            continue;
        }
        let name = output.name.trim_start_matches("value:");
        let Some(unknown) = problem.model.unknowns.iter().find(|u| u.name == name) else { continue };
        if count > MOST_ROWS {
            rows.push(row(unknown.name.clone(), all, None));
        } else {
            rows.extend(scalar_rows(&names::scalars(unknown), &all, chains));
        }
    }
    Ok(rows)
}

/// Draws lie one after another, each with all scalars.
fn scalar_rows(labels: &[String], all: &[f64], chains: Option<usize>) -> Vec<SummaryRow> {
    let n = labels.len();
    labels
        .iter()
        .enumerate()
        .map(|(i, label)| row(label.clone(), all.iter().skip(i).step_by(n).copied().collect(), chains))
        .collect()
}

fn row(variable: String, mut values: Vec<f64>, chains: Option<usize>) -> SummaryRow {
    let convergence = chains.map(|chains| convergence(&values, chains));
    let n = values.len() as f64;
    // Measured from one of them, so that the draws of a point have the sd 0.
    let first = values.first().copied().unwrap_or(f64::NAN);
    let mean = first + values.iter().map(|v| v - first).sum::<f64>() / n;
    let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    values.sort_by(f64::total_cmp);
    let q = |share| quantile(&values, share);
    SummaryRow { variable, mean, sd, q05: q(0.05), q50: q(0.5), q95: q(0.95), convergence }
}
