//! What a fit is worth, in words and numbers: the sentences that end a fit and begin its report.
//!
//! Every number stands beside what it must be compared with: a share of right rows beside that of the commonest
//! class, an error beside the spread of the target, a calibration error beside what chance alone gives.

mod fit;

use super::ceiling;
use super::html::classes;
use super::number::{percent, thousands, three};
use crate::run_folder::{ClassPredictions, RealPredictions, Run, SplitMetrics, TargetMetrics, TargetValues};

/// Returns the sentences, the most important one first.
pub fn verdict(run: &Run) -> Vec<String> {
    let mut out = vec![];
    if run.manifest.options.get("method").is_some_and(|m| m == "prior") {
        return vec![
            "These are draws of the prior: nothing was fitted and no target was read. Predictions are what the \
             model expects before it has seen one."
                .to_owned(),
        ];
    }
    match run.metrics.held_out() {
        Some(split) => out.extend(split.targets.iter().flat_map(|t| of_target(run, split, t))),
        None => {
            out.extend(
                run.metrics.splits.iter().flat_map(|s| s.targets.iter().flat_map(|t| of_target(run, s, t))),
            );
            if !out.is_empty() {
                out.push(
                    "No rows were held out, so this says nothing about new data: add `split valid = 0.3` to the \
                     data block."
                        .to_owned(),
                );
            }
        }
    }
    out.extend(run.pictures.unlike.iter().filter_map(|u| classes::sentence(u)));
    let truth = ceiling::truth(&run.manifest.truth);
    out.extend(truth.iter().flat_map(|t| run.pictures.maps.iter().filter_map(|m| ceiling::sentence(t, m))));
    out.extend(fit::objective_sentence(&run.metrics.objective, run));
    out.extend(fit::map_sentence(run));
    out.extend(fit::tempered_sentence(run));
    out.extend(fit::rung_sentence(run));
    out.extend(fit::guide_sentence(run));
    out.extend(fit::conditional_sentence(run));
    out.extend(fit::chain_sentence(run));
    out.extend(fit::left_out_sentence(run));
    out.extend(fit::laplace_sentence(run));
    out
}

fn of_target(run: &Run, split: &SplitMetrics, metrics: &TargetMetrics) -> Vec<String> {
    let predictions = run.predictions.iter().find(|p| p.split == split.split);
    let values = predictions
        .and_then(|p| p.targets.iter().find(|t| t.name == metrics.target || p.targets.len() == 1))
        .map(|t| &t.values);
    let place = match split.split.as_str() {
        "train" => format!("On {} training rows", thousands(split.rows)),
        held_out => format!("On {} held-out rows ({held_out})", thousands(split.rows)),
    };
    let unit = run.manifest.targets.iter().find(|t| t.name == metrics.target).map_or("", |t| t.unit.as_str());
    let name = match (unit, metrics.target.as_str()) {
        ("", "") => "the target",
        ("", name) => name,
        (unit, _) => unit,
    };
    if metrics.get("accuracy").is_some() {
        let classes = match values {
            Some(TargetValues::Classes(c)) => Some(c),
            _ => None,
        };
        class_sentences(&place, split.rows, name, metrics, classes)
    } else {
        let reals = match values {
            Some(TargetValues::Reals(r)) => Some(r),
            _ => None,
        };
        real_sentences(&place, split.rows, name, metrics, reals)
    }
}

fn class_sentences(
    place: &str,
    rows: usize,
    name: &str,
    metrics: &TargetMetrics,
    classes: Option<&ClassPredictions>,
) -> Vec<String> {
    let mut out = vec![];
    let base = classes.and_then(frequencies);
    if let Some(accuracy) = metrics.get("accuracy").filter(|v| v.is_finite()) {
        let se = (accuracy * (1.0 - accuracy) / rows.max(1) as f64).sqrt();
        let beside = base
            .as_ref()
            .map(|b| format!("; the commonest class alone would be right for {}", percent(b.commonest)));
        out.push(format!(
            "{place}, `{name}` is predicted rightly for {} ± {}{}.",
            percent(accuracy),
            percent(se).trim_end_matches(" %"),
            beside.unwrap_or_default()
        ));
    }
    if let Some(nll) = metrics.get("nll").filter(|v| v.is_finite()) {
        let beside =
            base.as_ref().map(|b| format!(", against {:.3} for the class frequencies alone", b.entropy));
        out.push(format!("The observed class costs {nll:.3} nats (nll){}.", beside.unwrap_or_default()));
    }
    out.extend(metrics.get("ece").and_then(|ece| calibration(ece, metrics, classes)));
    if let (Some(all), Some(epistemic)) = (metrics.get("entropy"), metrics.get("epistemic"))
        && all > 0.0
        && epistemic.is_finite()
    {
        out.push(format!(
            "Of its uncertainty, {} is disagreement between posterior draws (epistemic); the rest each draw has by \
             itself (aleatoric).",
            percent((epistemic / all).clamp(0.0, 1.0))
        ));
    }
    out
}

struct Frequencies {
    commonest: f64,
    entropy: f64,
}

/// What is known without any model: how often each class occurs in the same rows.
fn frequencies(c: &ClassPredictions) -> Option<Frequencies> {
    let mut counts = vec![0.0f64; c.levels.len()];
    for class in c.target.iter().flatten() {
        *counts.get_mut(*class)? += 1.0;
    }
    let total: f64 = counts.iter().sum();
    let shares = counts.iter().map(|n| n / total).filter(|p| *p > 0.0);
    let entropy = shares.clone().map(|p| -p * p.ln()).sum();
    (total > 0.0).then(|| Frequencies { commonest: shares.fold(0.0, f64::max), entropy })
}

fn calibration(ece: f64, metrics: &TargetMetrics, classes: Option<&ClassPredictions>) -> Option<String> {
    if !ece.is_finite() {
        return None;
    }
    let points = format!("{:.1} points", ece * 100.0);
    let chance = classes.map(ece_by_chance).unwrap_or(0.0);
    // Twice what chance gives is beyond nine in ten samples of a calibrated model.
    if ece <= 2.0 * chance {
        return Some(format!(
            "Its probabilities are off by {points} on average (ece), which chance alone can do with so few rows: perfect \
             ones would be off by {:.1}.",
            chance * 100.0
        ));
    }
    let confidence = classes.map(mean_confidence);
    let direction = match (confidence, metrics.get("accuracy")) {
        (Some(c), Some(a)) if c > a + 0.005 => ": it is too sure of itself",
        (Some(c), Some(a)) if c < a - 0.005 => ": it is less sure than it could be",
        _ => "",
    };
    Some(format!("Its probabilities are off by {points} on average (ece){direction}."))
}

fn mean_confidence(c: &ClassPredictions) -> f64 {
    (0..c.rows()).map(|r| c.confidence(r)).sum::<f64>() / c.rows().max(1) as f64
}

/// The expected calibration error of a calibrated model: in a bin of n rows with mean probability p the share
/// that is right has sd √(p(1−p)/n), and a normal deviation has mean size √(2/π) sd.
fn ece_by_chance(c: &ClassPredictions) -> f64 {
    const BINS: usize = 15;
    let mut bins = [(0.0f64, 0.0f64); BINS];
    for confidence in (0..c.rows()).map(|r| c.confidence(r)).filter(|v| v.is_finite()) {
        let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.0 += 1.0;
        bin.1 += confidence;
    }
    let total: f64 = bins.iter().map(|b| b.0).sum();
    let gap = |(n, sum): &(f64, f64)| {
        let p = (sum / n).clamp(0.0, 1.0);
        n / total * (2.0 / std::f64::consts::PI * p * (1.0 - p) / n).sqrt()
    };
    bins.iter().filter(|b| b.0 > 0.0).map(gap).sum()
}

/// Of fewer rows the share inside of their intervals says nothing.
const FEWEST_ROWS: usize = 10;

fn real_sentences(
    place: &str,
    rows: usize,
    name: &str,
    metrics: &TargetMetrics,
    reals: Option<&RealPredictions>,
) -> Vec<String> {
    let mut out = vec![];
    if let Some(rmse) = metrics.get("rmse").filter(|v| v.is_finite()) {
        let beside = reals.map(|r| spread(&r.target)).filter(|sd| *sd > 0.0).map(|sd| {
            let explained = 1.0 - (rmse / sd).powi(2);
            let share = if explained > 0.0 { percent(explained) } else { "none".to_owned() };
            format!(
                ", where `{name}` itself varies by {} (sd): {share} of the variance is explained",
                three(sd)
            )
        });
        out.push(format!(
            "{place}, `{name}` is off by {} (rmse){}.",
            three(rmse),
            beside.unwrap_or_default()
        ));
    }
    let enough = rows >= FEWEST_ROWS;
    if let Some(coverage) = metrics.get("coverage90").filter(|v| v.is_finite() && enough) {
        let se = (0.9 * 0.1 / rows.max(1) as f64).sqrt();
        let judged = match coverage - 0.9 {
            gap if gap < -2.0 * se => "too few: the intervals are too narrow",
            gap if gap > 2.0 * se => "more than they should: the intervals are wider than needed",
            _ => "as they should",
        };
        out.push(format!("Its 90 % intervals contain {} of the rows, {judged}.", percent(coverage)));
    }
    out
}

fn spread(values: &[f64]) -> f64 {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let n = finite.len() as f64;
    let mean = finite.iter().sum::<f64>() / n;
    (finite.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_classifier_is_compared_with_the_frequencies() {
        let words = verdict(&sample::moons());
        assert!(
            words[0].starts_with("On 300 held-out rows (valid), `y` is predicted rightly for"),
            "{words:#?}"
        );
        assert!(words[0].contains("the commonest class alone"), "{words:#?}");
        assert!(words.iter().any(|w| w.starts_with("The ELBO is −")), "{words:#?}");
    }

    #[test]
    fn of_a_few_rows_nothing_is_said_of_coverage() {
        let mut run = sample::regression();
        assert!(verdict(&run).iter().any(|w| w.contains("90 % intervals contain")));
        run.metrics.splits.iter_mut().for_each(|s| s.rows = FEWEST_ROWS - 1);
        assert!(!verdict(&run).iter().any(|w| w.contains("90 % intervals contain")));
    }

    #[test]
    fn intervals_that_miss_too_often_are_called_too_narrow() {
        let mut run = sample::regression();
        for (value, word) in [(0.9, "as they should"), (0.5, "too narrow"), (1.0, "wider than needed")] {
            let targets = run.metrics.splits.iter_mut().flat_map(|s| &mut s.targets);
            for (_, v) in targets.flat_map(|t| &mut t.values).filter(|(n, _)| n == "coverage90") {
                *v = value;
            }
            let words = verdict(&run);
            assert!(words.iter().any(|w| w.contains(word)), "{word}: {words:#?}");
        }
    }

    #[test]
    fn without_held_out_rows_the_verdict_says_so() {
        let mut run = sample::moons();
        run.metrics.splits.retain(|s| s.split == "train");
        assert!(verdict(&run).iter().any(|w| w.contains("No rows were held out")));
    }
}
