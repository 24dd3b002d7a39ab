//! How good predictions are: accumulators over posterior draws, and a table of metrics of what they hold.
//!
//! ```text
//! draws ─add_draw→ ClassPredictive ─finish→ ClassSummary ─of_classes→ accuracy, nll, brier, …
//! draws ─add_draw→ RealPredictive  ─finish→ RealSummary  ─of_numbers→ rmse, mae, nll, …
//! ```
//!
//! Each metric is a file with its formula and a line in [`ALL`]. All are means over rows; without rows they are NaN.
//! p_s is the predictive distribution of draw s, p̄ the mean over draws. Bernoulli targets are two classes, counts
//! are numbers. Numbers are in the units in which the draws are given.

mod accuracy;
mod aleatoric;
mod brier;
mod class_predictive;
pub mod convergence;
mod coverage;
mod crps;
mod ece;
mod entropy;
mod epistemic;
mod expected_error;
mod log_mean;
mod mae;
mod nll;
pub mod pit;
pub mod psis;
mod real_predictive;
mod rmse;

#[cfg(test)]
mod tests;

pub use class_predictive::{ClassPredictive, ClassSummary};
pub use ece::{Bin, reliability};
pub use log_mean::LogMeanExp;
pub use real_predictive::{RealDraw, RealPredictive, RealSummary, quantile};

/// An entry of the table.
pub struct Metric {
    /// The name in `metrics.json`.
    pub name: &'static str,
    /// What it says, in one line.
    pub summary: &'static str,
    /// What one hopes for.
    pub better: Better,
    /// How it is computed.
    pub value: Value,
}

/// Which direction is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// more is better
    Higher,
    /// less is better
    Lower,
    /// the nearer to this many hundredths the better
    Near(u8),
    /// neither: it describes
    Neither,
}

/// What a metric is computed from: the summary and the targets.
pub enum Value {
    /// of class probabilities and the positions of the true classes
    Classes(fn(&ClassSummary, &[usize]) -> f64),
    /// of predictive distributions of numbers and the true numbers
    Numbers(fn(&RealSummary, &[f64]) -> f64),
}

const fn classes(
    name: &'static str,
    better: Better,
    value: fn(&ClassSummary, &[usize]) -> f64,
    summary: &'static str,
) -> Metric {
    Metric { name, summary, better, value: Value::Classes(value) }
}

const fn numbers(
    name: &'static str,
    better: Better,
    value: fn(&RealSummary, &[f64]) -> f64,
    summary: &'static str,
) -> Metric {
    Metric { name, summary, better, value: Value::Numbers(value) }
}

/// Every metric, in the order of reports.
pub const ALL: &[Metric] = &[
    classes(
        "accuracy",
        Better::Higher,
        accuracy::accuracy,
        "share of rows whose likeliest class is the true one",
    ),
    classes(
        "nll",
        Better::Lower,
        nll::of_classes,
        "mean negative log predictive probability of the true class",
    ),
    classes(
        "brier",
        Better::Lower,
        brier::brier,
        "mean squared distance of the probabilities from the truth",
    ),
    classes("ece", Better::Lower, ece::ece, "mean gap between confidence and accuracy, in 15 bins"),
    classes("entropy", Better::Neither, entropy::entropy, "mean uncertainty of a prediction, in nats"),
    classes(
        "aleatoric",
        Better::Neither,
        aleatoric::aleatoric,
        "the part of the entropy that more data would leave",
    ),
    classes(
        "epistemic",
        Better::Neither,
        epistemic::epistemic,
        "the part of the entropy that more data would remove",
    ),
    classes(
        "expected_error",
        Better::Neither,
        expected_error::expected_error,
        "share of posterior draws whose class is not the predicted one",
    ),
    numbers(
        "rmse",
        Better::Lower,
        rmse::rmse,
        "root of the mean squared distance of target and predicted mean",
    ),
    numbers("mae", Better::Lower, mae::mae, "mean distance of target and predicted mean"),
    numbers("nll", Better::Lower, nll::of_numbers, "mean negative log predictive density of the target"),
    numbers(
        "coverage90",
        Better::Near(90),
        coverage::coverage90,
        "share of targets inside the central 90 % interval",
    ),
    numbers(
        "crps",
        Better::Lower,
        crps::crps,
        "distance of the predictive distribution from the target, in its units",
    ),
];

/// All metrics of class predictions, by name.
pub fn of_classes(summary: &ClassSummary, targets: &[usize]) -> Vec<(&'static str, f64)> {
    let value = |metric: &Metric| match metric.value {
        Value::Classes(value) => Some((metric.name, value(summary, targets))),
        Value::Numbers(_) => None,
    };
    ALL.iter().filter_map(value).collect()
}

/// All metrics of predicted numbers, by name.
pub fn of_numbers(summary: &RealSummary, targets: &[f64]) -> Vec<(&'static str, f64)> {
    let value = |metric: &Metric| match metric.value {
        Value::Numbers(value) => Some((metric.name, value(summary, targets))),
        Value::Classes(_) => None,
    };
    ALL.iter().filter_map(value).collect()
}

/// The mean; NaN of nothing.
fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / count
}
