//! Predictions as the columns of a table.

use crate::run_folder::{Cells, SplitPredictions, TargetValues, prediction_columns};

/// The columns of a table: those of a run folder, with the quantiles asked for (one list for each share and target),
/// and what each draw says of each target, `[draws, rows]` or `[draws, rows, classes]`.
pub fn predicted_columns(
    table: &SplitPredictions,
    quantiles: &[Vec<Vec<f64>>],
    draws: &[Vec<f64>],
    shares: &[f64],
    has_targets: bool,
) -> Vec<(String, Cells)> {
    let is_default = shares == [0.05, 0.5, 0.95];
    let several = table.targets.len() > 1;
    let mut columns = prediction_columns(table);
    for (target, quantiles) in table.targets.iter().zip(quantiles) {
        if is_default || quantiles.is_empty() {
            continue;
        }
        let prefix = if several { format!("{}.", target.name) } else { String::new() };
        let default = ["q05", "q50", "q95"].map(|q| format!("{prefix}{q}"));
        let Some(at) = columns.iter().position(|(name, _)| *name == default[0]) else { continue };
        columns.retain(|(name, _)| !default.contains(name));
        let own = shares
            .iter()
            .zip(quantiles)
            .map(|(p, v)| (format!("{prefix}{}", quantile(*p)), Cells::Numbers(v.clone())));
        columns.splice(at..at, own);
    }
    if !has_targets {
        columns.retain(|(name, _)| {
            name != "target"
                && !table.targets.iter().any(|t| several && *name == format!("{}.target", t.name))
        });
    }
    for (target, draws) in table.targets.iter().zip(draws) {
        let prefix = if several { format!("{}.", target.name) } else { String::new() };
        let rows = table.rows.len().max(1);
        let width = match &target.values {
            TargetValues::Classes(c) => c.levels.len(),
            TargetValues::Reals(_) => 1,
        };
        for (d, draw) in draws.chunks(rows * width).enumerate() {
            for k in 0..width {
                let name = match &target.values {
                    TargetValues::Classes(c) => format!("{prefix}draw{}_p_{}", d + 1, c.levels[k]),
                    TargetValues::Reals(_) => format!("{prefix}draw{}", d + 1),
                };
                let values = draw.iter().skip(k).step_by(width).copied().collect();
                columns.push((name, Cells::Numbers(values)));
            }
        }
    }
    columns
}

/// `q05`, `q97.5`
fn quantile(share: f64) -> String {
    let percent = (share * 1e8).round() / 1e6;
    if percent < 10.0 { format!("q0{percent}") } else { format!("q{percent}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_named_by_their_percentage() {
        let names = [0.05, 0.5, 0.95, 0.025, 0.975, 0.001].map(quantile);
        assert_eq!(names, ["q05", "q50", "q95", "q02.5", "q97.5", "q00.1"]);
    }
}
