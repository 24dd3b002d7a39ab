//! Mean, sd and quantiles of every unknown and global report, in the constrained space, from draws of the guide, or of the prior.

use super::names;
use crate::engine::{Executor, NoiseKey};
use crate::infer::draws::variable;
use crate::infer::each_draw::{DrawKey, Source};
use crate::infer::error::CannotRun;
use crate::infer::evaluate::{Weights, draws_worth, weighed_latents};
use crate::infer::mixture::Mixture;
use crate::infer::problem::Problem;
use crate::metrics::convergence::convergence;
use crate::metrics::quantile;
use crate::passes::optimise;
use crate::plan::{Space, plan};
use crate::run_folder::{Moments, SummaryRow};
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

/// All global unknowns and reports as functions of the latents.
fn values(problem: &Problem<'_>) -> Result<Executor<f64>, CannotRun> {
    let mut tape = problem.joint.tape.clone();
    tape.outputs.retain(|(name, slot)| {
        (name.starts_with("value:") || name.starts_with("report:"))
            && problem.joint.tape.get(*slot).kind == crate::ty::Kind::Global
    });
    let tape = optimise(&tape, &mut |_, _, _| {});
    Ok(Executor::<f64>::new(Arc::new(plan(&tape, 16)?)))
}

/// One row per scalar; for a large layer one row of all its weights together.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn summary(problem: &Problem<'_>, from: &dyn Source) -> Result<Vec<SummaryRow>, CannotRun> {
    let mut executor = values(problem)?;
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
        match labels(problem, &output.name, count) {
            Labels::None => {}
            Labels::Scalars(labels) => rows.extend(scalar_rows(&labels, &all.values, chains)),
            Labels::Together(name) => {
                let moments = all.moments();
                let row = row(name, all.values, None);
                rows.push(SummaryRow { mean: moments.0, sd: moments.1, ..row });
            }
        }
    }
    Ok(rows)
}

/// What the rows of an output are called.
enum Labels {
    None,
    Scalars(Vec<String>),
    /// one row for all numbers
    Together(String),
}

fn labels(problem: &Problem<'_>, output: &str, count: usize) -> Labels {
    if let Some(name) = output.strip_prefix("report:") {
        return Labels::Scalars(match count {
            1 => vec![name.to_owned()],
            n => (1..=n).map(|i| format!("{name}[{i}]")).collect(),
        });
    }
    let name = output.trim_start_matches("value:");
    match problem.model.unknowns.iter().find(|u| u.name == name) {
        Some(unknown) if count > MOST_ROWS => Labels::Together(unknown.name.clone()),
        Some(unknown) => Labels::Scalars(names::scalars(unknown)),
        None => Labels::None,
    }
}

/// Adds what mean and sd of each scalar are by the weights of draws that judge the guide (25b): what the same draws
/// say with and without their weights, so that their own noise is in both.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn reweigh(
    problem: &Problem<'_>,
    guide: &Mixture,
    weights: &Weights,
    rows: &mut [SummaryRow],
) -> Result<(), CannotRun> {
    let mut executor = values(problem)?;
    let outputs = executor.program().outputs.clone();
    // Of each scalar the draws so far; large layers have none of their own.
    let mut draws: Vec<(Vec<String>, Vec<f64>)> = outputs
        .iter()
        .map(|o| match labels(problem, &o.name, o.shape.len()) {
            Labels::Scalars(labels) => (labels, vec![]),
            Labels::None | Labels::Together(_) => (vec![], vec![]),
        })
        .collect();
    weighed_latents(problem, guide, &mut |u| {
        executor.set_input(crate::lower::LATENTS, u);
        executor.begin(NoiseKey::default());
        for (output, (labels, all)) in outputs.iter().zip(&mut draws) {
            all.extend(executor.read(output).iter().take(labels.len()));
        }
    });
    let even = vec![1.0 / weights.shares.len() as f64; weights.shares.len()];
    for (labels, all) in &draws {
        for (i, label) in labels.iter().enumerate() {
            let of = || all.iter().skip(i).step_by(labels.len()).copied();
            let (plain, weighed) = (weighed_moments(of(), &even), weighed_moments(of(), &weights.shares));
            let Some(row) = rows.iter_mut().find(|row| row.variable == *label) else { continue };
            // What does not vary keeps its sd of 0.
            let factor = if plain.1 > 0.0 { weighed.1 / plain.1 } else { 1.0 };
            row.reweighted = Some(Moments { mean: row.mean + weighed.0 - plain.0, sd: row.sd * factor });
        }
    }
    Ok(())
}

/// Mean and sd of numbers by their shares.
fn weighed_moments(values: impl Iterator<Item = f64> + Clone, shares: &[f64]) -> (f64, f64) {
    let first = values.clone().next().unwrap_or(f64::NAN);
    let mean = first + values.clone().zip(shares).map(|(v, w)| w * (v - first)).sum::<f64>();
    (mean, values.zip(shares).map(|(v, w)| w * (v - mean).powi(2)).sum::<f64>().sqrt())
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
    SummaryRow { variable, mean, sd, q05: q(0.05), q50: q(0.5), q95: q(0.95), convergence, reweighted: None }
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

    /// Draws of N(0, 1) with the weights of N(0.3, 0.8²) have its mean and sd; equal weights change nothing.
    #[test]
    fn weights_bring_moments_to_those_of_the_target() {
        let n = 4_000;
        let normal = statrs::distribution::Normal::standard();
        let x: Vec<f64> = (0..n)
            .map(|i| {
                statrs::distribution::ContinuousCDF::inverse_cdf(&normal, (f64::from(i) + 0.5) / f64::from(n))
            })
            .collect();
        let ratio = |x: f64| (-0.5 * ((x - 0.3) / 0.8).powi(2) + 0.5 * x * x).exp();
        let total: f64 = x.iter().map(|x| ratio(*x)).sum();
        let shares: Vec<f64> = x.iter().map(|x| ratio(*x) / total).collect();
        let (mean, sd) = weighed_moments(x.iter().copied(), &shares);
        assert!((mean - 0.3).abs() < 1e-3 && (sd - 0.8).abs() < 2e-3, "{mean} {sd}");
        let even = vec![1.0 / f64::from(n); n as usize];
        let (mean, sd) = weighed_moments(x.iter().copied(), &even);
        assert!(mean.abs() < 1e-9 && (sd - 1.0).abs() < 1e-3, "{mean} {sd}");
    }

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
