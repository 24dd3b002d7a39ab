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
/// Numbers that the quantiles of such a row come from: good to a thousandth of their distribution.
const MOST_KEPT: usize = 1 << 20;

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
    let mut values: Vec<Kept> =
        outputs.iter().map(|o| Kept::new(o.shape.len(), draws, o.name.starts_with("value:"))).collect();
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
            all.take(executor.read(output), d as usize);
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
            rows.extend(scalar_rows(&labels, &all.values, chains));
            continue;
        }
        let name = output.name.trim_start_matches("value:");
        let Some(unknown) = problem.model.unknowns.iter().find(|u| u.name == name) else { continue };
        if count > MOST_ROWS {
            let moments = all.moments();
            let row = row(unknown.name.clone(), all.values, None);
            rows.push(SummaryRow { mean: moments.0, sd: moments.1, ..row });
        } else {
            rows.extend(scalar_rows(&names::scalars(unknown), &all.values, chains));
        }
    }
    Ok(rows)
}

/// Draws of a value: all numbers, or of a large layer some of each draw, other ones each time, and the moments of all.
struct Kept {
    values: Vec<f64>,
    /// Every so manieth number of a draw is kept.
    every: usize,
    count: f64,
    /// The first number of all, and Σ (x − first), Σ (x − first)².
    first: f64,
    sums: (f64, f64),
}

impl Kept {
    fn new(numbers: usize, draws: usize, is_value: bool) -> Kept {
        let all = numbers.saturating_mul(draws);
        let every = if is_value && numbers > MOST_ROWS { all.div_ceil(MOST_KEPT).max(1) } else { 1 };
        Kept { values: vec![], every, count: 0.0, first: f64::NAN, sums: (0.0, 0.0) }
    }

    fn take(&mut self, numbers: &[f64], draw: usize) {
        self.values.extend(numbers.iter().skip(draw % self.every).step_by(self.every));
        if self.every > 1 {
            if self.count == 0.0 {
                self.first = numbers.first().copied().unwrap_or(f64::NAN);
            }
            self.count += numbers.len() as f64;
            for x in numbers {
                let from_first = x - self.first;
                self.sums.0 += from_first;
                self.sums.1 += from_first * from_first;
            }
        }
    }

    /// Mean and sd of all numbers; those that were not kept count too.
    fn moments(&self) -> (f64, f64) {
        if self.every == 1 {
            return moments(&self.values);
        }
        let mean = self.sums.0 / self.count;
        (self.first + mean, (self.sums.1 / self.count - mean * mean).max(0.0).sqrt())
    }
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
    let (mean, sd) = moments(&values);
    values.sort_by(f64::total_cmp);
    let q = |share| quantile(&values, share);
    SummaryRow { variable, mean, sd, q05: q(0.05), q50: q(0.5), q95: q(0.95), convergence }
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    // Measured from one of them, so that the draws of a point have the sd 0.
    let first = values.first().copied().unwrap_or(f64::NAN);
    let mean = first + values.iter().map(|v| v - first).sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400,000 weights in 10 draws: a quarter of a number each is kept, and every weight in some draw.
    #[test]
    fn large_layers_keep_a_part_of_each_draw_and_the_moments_of_all() {
        let (weights, draws) = (400_000, 10);
        let mut kept = Kept::new(weights, draws, true);
        assert_eq!(kept.every, 4);
        let x = |i: usize, d: usize| ((i * 10 + d) as f64 * 0.618_033_988_749_895).fract();
        let mut all = vec![];
        for d in 0..draws {
            let numbers: Vec<f64> = (0..weights).map(|i| x(i, d)).collect();
            kept.take(&numbers, d);
            all.extend(numbers);
        }
        let ((mean, sd), (all_mean, all_sd)) = (kept.moments(), moments(&all));
        assert!(
            (mean - all_mean).abs() < 1e-9 && (sd - all_sd).abs() < 1e-9,
            "{mean} {sd} {all_mean} {all_sd}"
        );
        assert_eq!(kept.values.len(), weights * draws / 4);
        kept.values.sort_by(f64::total_cmp);
        for share in [0.05, 0.5, 0.95] {
            let found = quantile(&kept.values, share);
            assert!((found - share).abs() < 2e-3, "{share}: {found}");
        }
        let scalars = Kept::new(1_000, 16_000, true);
        assert_eq!(scalars.every, 1, "scalars with rows of their own keep all");
    }
}
