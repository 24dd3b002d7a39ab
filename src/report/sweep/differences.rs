//! Which differences between alternatives are real: pairs of fits with the same seed, row by row.
//!
//! With d_s,r the difference on row r under seed s, the mean over both has two errors. That over seeds is
//! sd_s(mean_r d)/√S: how much another seed would change it. That over rows is sd_r(mean_s d)/√R: how much other rows of
//! the same kind would. Their squares are added; the degrees of freedom are those of Welch and Satterthwaite. With m
//! comparisons a difference is called real if it lies outside the t interval of level 1 − 0.05/m (Bonferroni).

use super::{Alternative, Fit, mean_and_se};
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::collections::HashMap;

/// The chance of one false difference among all that are made.
const LEVEL: f64 = 0.05;

/// A difference with its errors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// This minus that.
    pub mean: f64,
    /// Standard error over seeds; NaN with one seed.
    pub over_seeds: f64,
    /// Standard error over rows; NaN where it has none.
    pub over_rows: f64,
    /// Pairs of fits.
    pub seeds: usize,
    /// Rows that each pair shares.
    pub rows: usize,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paired {
    /// nats per held-out row
    Cost,
    /// nats, on all training rows
    Elbo,
}

impl Difference {
    /// This minus that, over the seeds that both have; none if they share none or do not compare.
    pub fn of(this: &Alternative, that: &Alternative, what: Paired) -> Option<Difference> {
        let pairs: Vec<(&Fit, &Fit)> = this
            .fits
            .iter()
            .filter_map(|a| Some((a, that.fits.iter().find(|b| b.seed == a.seed)?)))
            .collect();
        match what {
            Paired::Cost => of_costs(&pairs),
            Paired::Elbo => of_elbos(&pairs),
        }
    }

    /// Its standard error from all causes that are known.
    pub fn error(&self) -> f64 {
        let part = |v: f64| if v.is_finite() { v } else { 0.0 };
        let both = part(self.over_seeds).hypot(part(self.over_rows));
        if self.over_seeds.is_finite() || self.over_rows.is_finite() { both } else { f64::NAN }
    }

    /// Whether it is outside what chance gives once in twenty families of so many comparisons.
    pub fn is_real(&self, comparisons: usize) -> bool {
        let error = self.error();
        if !error.is_finite() {
            return false;
        }
        self.mean.abs() > error * critical(self.freedom(), comparisons)
    }

    /// Welch and Satterthwaite: (Σ vᵢ)² / Σ vᵢ²/νᵢ.
    fn freedom(&self) -> f64 {
        let parts = [(self.over_seeds, self.seeds), (self.over_rows, self.rows)];
        let known = parts.iter().filter(|(se, n)| se.is_finite() && *se > 0.0 && *n > 1);
        let (sum, weighted) = known.fold((0.0, 0.0), |(sum, weighted), (se, n)| {
            (sum + se * se, weighted + se.powi(4) / (*n as f64 - 1.0))
        });
        if weighted > 0.0 { (sum * sum / weighted).max(1.0) } else { 1.0 }
    }
}

/// The two-sided t quantile of level 1 − 0.05/m.
fn critical(freedom: f64, comparisons: usize) -> f64 {
    let tail = LEVEL / comparisons.max(1) as f64 / 2.0;
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(1.0 - tail))
}

fn of_costs(pairs: &[(&Fit, &Fit)]) -> Option<Difference> {
    let mut by_seed = vec![];
    let mut by_row: HashMap<u64, (f64, usize)> = HashMap::new();
    let mut rows = 0;
    for (a, b) in pairs {
        let of_b: HashMap<u64, f64> = b.costs.iter().copied().collect();
        let gaps: Vec<(u64, f64)> =
            a.costs.iter().filter_map(|(row, cost)| Some((*row, cost - of_b.get(row)?))).collect();
        if gaps.is_empty() {
            continue;
        }
        rows = rows.max(gaps.len());
        by_seed.push(gaps.iter().map(|(_, gap)| gap).sum::<f64>() / gaps.len() as f64);
        for (row, gap) in gaps {
            let entry = by_row.entry(row).or_default();
            *entry = (entry.0 + gap, entry.1 + 1);
        }
    }
    if by_seed.is_empty() {
        return of_means(pairs);
    }
    let (mean, over_seeds) = mean_and_se(&by_seed);
    // A random split gives each seed rows of its own; then a row has its mean over the seeds that saw it.
    let mut keys: Vec<u64> = by_row.keys().copied().collect();
    keys.sort_unstable();
    let means: Vec<f64> = keys.iter().map(|k| by_row[k].0 / by_row[k].1 as f64).collect();
    Some(Difference {
        mean,
        over_seeds,
        over_rows: mean_and_se(&means).1,
        seeds: by_seed.len(),
        rows: means.len(),
    })
}

/// Where the tables do not tell what a row costs, seeds alone.
fn of_means(pairs: &[(&Fit, &Fit)]) -> Option<Difference> {
    let gaps: Vec<f64> = pairs.iter().map(|(a, b)| a.cost - b.cost).filter(|g| g.is_finite()).collect();
    if gaps.is_empty() {
        return None;
    }
    let (mean, over_seeds) = mean_and_se(&gaps);
    Some(Difference { mean, over_seeds, over_rows: f64::NAN, seeds: gaps.len(), rows: 0 })
}

fn of_elbos(pairs: &[(&Fit, &Fit)]) -> Option<Difference> {
    let compares = |(a, b): &&(&Fit, &Fit)| a.is_elbo && b.is_elbo && a.targets == b.targets;
    let gaps: Vec<f64> = pairs.iter().filter(compares).map(|(a, b)| a.elbo - b.elbo).collect();
    if gaps.is_empty() {
        return None;
    }
    let (mean, over_seeds) = mean_and_se(&gaps);
    // The Monte Carlo noise is the same for every seed, so its error does not become smaller by having more of them.
    let noise = pairs.iter().map(|(a, b)| a.elbo_se.hypot(b.elbo_se)).filter(|e| e.is_finite());
    let noise = noise.fold(0.0, f64::max);
    let over_seeds = if over_seeds.is_finite() { over_seeds.hypot(noise) } else { over_seeds };
    Some(Difference { mean, over_seeds, over_rows: f64::NAN, seeds: gaps.len(), rows: 0 })
}

/// The standard error over rows of the mean cost, each row's cost being its mean over seeds.
pub(super) fn error_over_rows(fits: &[Fit]) -> f64 {
    let mut by_row: HashMap<u64, (f64, usize)> = HashMap::new();
    for (row, cost) in fits.iter().flat_map(|f| &f.costs) {
        let entry = by_row.entry(*row).or_default();
        *entry = (entry.0 + cost, entry.1 + 1);
    }
    let mut means: Vec<(u64, f64)> = by_row.iter().map(|(row, (sum, n))| (*row, sum / *n as f64)).collect();
    means.sort_unstable_by_key(|(row, _)| *row);
    mean_and_se(&means.into_iter().map(|(_, mean)| mean).collect::<Vec<_>>()).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alternative(costs: &[&[f64]]) -> Alternative {
        let fit = |(seed, costs): (usize, &&[f64])| Fit {
            seed: seed as u64,
            costs: costs.iter().enumerate().map(|(row, c)| (row as u64, *c)).collect(),
            is_elbo: true,
            elbo: -100.0 - costs[0],
            ..Fit::default()
        };
        Alternative { fits: costs.iter().enumerate().map(fit).collect(), ..Alternative::default() }
    }

    #[test]
    fn errors_are_those_of_the_pairs() {
        let this = alternative(&[&[1.0, 2.0, 3.0, 4.0], &[1.2, 2.2, 3.2, 4.2]]);
        let that = alternative(&[&[0.5, 1.5, 2.5, 3.9], &[0.5, 1.5, 2.5, 3.9]]);
        let d = Difference::of(&this, &that, Paired::Cost).unwrap();
        // seeds: means 0.4 and 0.6; rows: means over seeds 0.6, 0.6, 0.6, 0.2
        assert!((d.mean - 0.5).abs() < 1e-12);
        assert!((d.over_seeds - 0.1).abs() < 1e-12, "{d:?}");
        assert!((d.over_rows - 0.1).abs() < 1e-12, "{d:?}");
        assert!((d.error() - 0.02f64.sqrt()).abs() < 1e-12);
        // (2·0.01)² / (0.01²/1 + 0.01²/3) = 3
        assert!((d.freedom() - 3.0).abs() < 1e-9, "{}", d.freedom());
    }

    #[test]
    fn critical_values_are_those_of_tables() {
        // with four degrees the closed form 1/2 + 3/8 t/√(1+t²/4) (1 − t²/(12(1+t²/4))); t.ppf(0.975, 1000) as printed in tables
        let wanted = [(4.0, 1, 2.776445), (4.0, 24, 7.095656), (1000.0, 1, 1.962339)];
        for (freedom, comparisons, value) in wanted {
            let found = critical(freedom, comparisons);
            assert!((found / value - 1.0).abs() < 2e-3, "{freedom} {comparisons}: {found}");
        }
    }

    #[test]
    fn one_seed_has_errors_over_rows_alone_and_no_elbo_to_judge() {
        let (this, that) = (alternative(&[&[1.0, 2.0, 3.0]]), alternative(&[&[0.9, 1.9, 2.7]]));
        let d = Difference::of(&this, &that, Paired::Cost).unwrap();
        assert!(d.over_seeds.is_nan() && d.over_rows > 0.0 && d.error() == d.over_rows);
        let e = Difference::of(&this, &that, Paired::Elbo).unwrap();
        assert!(e.error().is_nan() && !e.is_real(1));
    }

    #[test]
    fn more_comparisons_ask_for_more() {
        let d = Difference { mean: 1.0, over_seeds: 0.0, over_rows: 0.4, seeds: 5, rows: 300 };
        assert!(d.is_real(1) && !d.is_real(24));
    }
}
