//! What a fit is worth, in words and numbers: the sentences that end a fit and begin its report.
//!
//! Every number stands beside what it must be compared with: a share of right rows beside that of the commonest
//! class, an error beside the spread of the target, a calibration error beside what chance alone gives.

use super::ceiling;
use super::html::classes;
use super::number::{percent, thousands, three, with_error};
use crate::metrics::convergence::RHAT;
use crate::run_folder::{
    ClassPredictions, Objective, RealPredictions, Run, SplitMetrics, TargetMetrics, TargetValues,
};

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
    out.extend(objective_sentence(&run.metrics.objective, run));
    out.extend(map_sentence(run));
    out.extend(tempered_sentence(run));
    out.extend(rung_sentence(run));
    out.extend(guide_sentence(run));
    out.extend(conditional_sentence(run));
    out.extend(chain_sentence(run));
    out.extend(left_out_sentence(run));
    out.extend(laplace_sentence(run));
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
    if let Some(coverage) = metrics.get("coverage90").filter(|v| v.is_finite()) {
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

fn objective_sentence(objective: &Objective, run: &Run) -> Option<String> {
    if !objective.value.is_finite() {
        return None;
    }
    let shown = with_error(objective.value, objective.se);
    let rows = run.manifest.data.splits.get("train").and_then(serde_json::Value::as_u64);
    let rows = rows.map(|n| format!(" for {} training rows", thousands(n as usize))).unwrap_or_default();
    Some(if objective.is_elbo {
        format!(
            "The ELBO is {shown} nats{rows}; of two models of the same rows the higher one is the better."
        )
    } else {
        format!(
            "The objective is {shown} nats{rows}; it holds improper or learned parts and compares with nothing."
        )
    })
}

/// Whether the posterior predicts better than its mode.
fn map_sentence(run: &Run) -> Option<String> {
    let of = |name: &str| run.metrics.extra.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
    let (nll, difference, se) = (of("map_nll")?, of("map_nll_difference")?, of("map_nll_difference_se")?);
    if !nll.is_finite() || !difference.is_finite() {
        return Some(
            "The mode of the same model (MAP) rules out some held-out row: its nll is infinite.".to_owned(),
        );
    }
    let gap = format!("{} nats a row", with_error(difference.abs(), se));
    Some(match difference {
        d if d > 2.0 * se => format!(
            "The mode of the same model (MAP) predicts better: nll {nll:.4}, {gap} less. This approximation costs more \
             than averaging gains: try `guide = ladder`, `mix = true` or `kl_weight = 0.1`."
        ),
        d if d < -2.0 * se => format!(
            "The mode of the same model (MAP) predicts worse: nll {nll:.4}, {gap} more. Averaging over the posterior pays."
        ),
        _ => format!(
            "The mode of the same model (MAP) predicts as well, as far as these rows tell: nll {nll:.4}, a difference of {gap}."
        ),
    })
}

/// That prior and entropy did not count once.
fn tempered_sentence(run: &Run) -> Option<String> {
    let weight = run.manifest.options.get("kl_weight")?.as_f64()?;
    if weight == 1.0 {
        return None;
    }
    let spread = if weight < 1.0 { "narrower" } else { "wider" };
    Some(format!(
        "It is tempered (`kl_weight = {weight}`): prior and entropy counted {weight} times in the fit. It is {spread} than \
         the posterior on purpose; judge it by held-out rows. The ELBO counts them once."
    ))
}

/// What a richer guide than the first was worth.
fn rung_sentence(run: &Run) -> Option<String> {
    let rungs = &run.manifest.rungs;
    let (first, last) = (rungs.first()?, rungs.iter().rfind(|r| r.kept)?);
    if rungs.len() < 2 {
        return None;
    }
    if first.guide == last.guide {
        let tried: Vec<&str> = rungs[1..].iter().map(|r| r.guide.as_str()).collect();
        return Some(format!("Nothing richer than {} paid: tried {}.", first.guide, tried.join("; ")));
    }
    // Gains are paired with what was kept before, so those of the rungs kept add up.
    let kept = rungs[1..].iter().filter(|r| r.kept);
    let gain: f64 = kept.clone().map(|r| r.gain).sum();
    let se = kept.map(|r| r.gain_se * r.gain_se).sum::<f64>().sqrt();
    let seconds: f64 = rungs.iter().map(|r| r.seconds).sum();
    let against = if gain >= 0.0 { "more" } else { "less" };
    Some(format!(
        "The posterior is kept as {}: {} nats {against} ELBO than {}, for {seconds:.1} s more.",
        last.guide,
        with_error(gain.abs(), se),
        first.guide
    ))
}

/// In sds: from here on a mean is not called right.
const NEAR: f64 = 0.1;

/// The words of `docs/inference.md`, section on diagnostics.
fn guide_sentence(run: &Run) -> Option<String> {
    let of = |name: &str| {
        run.metrics.extra.iter().find(|(n, _)| n == name).map(|(_, v)| *v).filter(|v| v.is_finite())
    };
    let k_hat = of("k_hat")?;
    // By Cauchy and Schwarz no mean is further off than this, in sds of the guide: √Var(w)/E w.
    let farthest = of("weight_efficiency").map_or(f64::INFINITY, |e| (1.0 / e - 1.0).max(0.0).sqrt());
    // The variables of a net have a point in their names.
    let has_net = run.manifest.variables.iter().any(|v| v.name.contains('.'));
    Some(match k_hat {
        k if k < 0.7 => {
            let evidence = match (of("log_evidence"), of("log_evidence_se")) {
                (Some(value), Some(se)) => {
                    format!(" So reweighted, the log evidence is {} nats.", with_error(value, se))
                }
                _ => String::new(),
            };
            format!("k̂ is {k:.2}: draws can be reweighted; means and sds checked.{evidence}")
        }
        k if farthest < NEAR => format!(
            "k̂ is {k:.2}, but the weights of draws hardly differ: as far as they reach, means are right to {farthest:.2} \
             sd; the far tails are heavier than the guide's."
        ),
        k if k < 1.0 => format!(
            "k̂ is {k:.2}: the guide differs from the posterior. Means may hold; do not trust sds or tails. Try \
             `guide = fullrank` or `method = nuts`."
        ),
        k if has_net => format!(
            "k̂ is {k:.2}: the guide misses the posterior's mass. The weights of a net are not identified: judge its \
             predictions."
        ),
        k => format!(
            "k̂ is {k:.2}: the guide misses the posterior's mass. Try `guide = fullrank` or `method = nuts`."
        ),
    })
}

/// What sds of independent latents are; weights of nets are not read one by one.
fn conditional_sentence(run: &Run) -> Option<String> {
    let has_net = run.manifest.variables.iter().any(|v| v.name.contains('.'));
    let is_alone = run.manifest.dimensions < 2;
    (run.manifest.guide.starts_with("mean-field") && !has_net && !is_alone).then(|| {
        "Sds of a mean-field guide are conditional: each given the other unknowns, too small where they correlate."
            .to_owned()
    })
}

/// What the fit would say of each training row if it had not seen it.
fn left_out_sentence(run: &Run) -> Option<String> {
    let of = |name: &str| run.metrics.extra.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
    let (elpd, se, effective) = (of("elpd_loo")?, of("elpd_loo_se")?, of("p_loo")?);
    let (high, threshold) = (of("loo_k_high")? as usize, of("loo_k_threshold")?);
    if !elpd.is_finite() {
        return None;
    }
    let rows = run.left_out.len().max(1);
    let each = elpd / rows as f64;
    let mut words = format!(
        "Each training row left out in turn (PSIS-LOO): {} nats, {} a row; {effective:.1} effective parameters.",
        with_error(elpd, se),
        with_error(each, 0.0)
    );
    if high > 0 {
        let worst = run.left_out.iter().max_by(|a, b| a.k_hat.total_cmp(&b.k_hat))?;
        let (who, them) = match high {
            1 => ("one row".to_owned(), "it"),
            _ => (format!("{} rows", thousands(high)), "them"),
        };
        words += &format!(
            " k̂ of {who} is above {threshold:.2} (row {} most): without {them} the fit would be another, so this is too good.",
            worst.row
        );
    }
    Some(words)
}

/// Limits of what is called agreement (`docs/inference.md`, section 8).
const ESS: f64 = 400.0;

/// What Markov chains say of each other.
fn chain_sentence(run: &Run) -> Option<String> {
    let of = |name: &str| run.metrics.extra.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
    let (rhat, bulk, tail) = (of("rhat")?, of("ess_bulk")?, of("ess_tail")?);
    let (chains, draws, diverged) = (of("chains")?, of("draws")?, of("divergences")?);
    let counted = |x: f64| thousands(x.max(0.0) as usize);
    let who = format!("{} chains of {} draws", counted(chains), counted(draws / chains.max(1.0)));
    if !rhat.is_finite() {
        return Some(format!("{who} are too few to be judged."));
    }
    let worth =
        format!("means are worth at least {} independent draws, tails {}", counted(bulk), counted(tail));
    let agree = if rhat < RHAT {
        format!("{who} agree (R̂ at most {rhat:.3}); {worth}")
    } else {
        format!("{who} do not agree (R̂ up to {rhat:.2}, {RHAT} wanted): do not use these numbers; {worth}")
    };
    let few =
        if bulk.min(tail) < ESS { ", fewer than the 400 that are wanted: give more `samples`" } else { "" };
    let trajectories = match diverged as usize {
        0 => "no trajectory diverged".to_owned(),
        n => format!(
            "{} of {} trajectories diverged: the posterior has corners that the chains do not enter",
            thousands(n),
            counted(draws)
        ),
    };
    Some(format!("{agree}{few}; {trajectories}."))
}

fn laplace_sentence(run: &Run) -> Option<String> {
    let (_, evidence) = run.metrics.extra.iter().find(|(n, _)| n == "laplace_evidence")?;
    Some(format!(
        "Laplace's estimate of the log evidence is {} nats: an estimate, not a bound.",
        with_error(*evidence, f64::NAN)
    ))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

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
    fn weights_that_hardly_differ_are_no_alarm_whatever_their_tail() {
        let mut run = sample::regression();
        let mut words = |k_hat: f64, efficiency: f64| {
            run.metrics.extra = vec![("k_hat".into(), k_hat), ("weight_efficiency".into(), efficiency)];
            guide_sentence(&run).unwrap_or_default()
        };
        assert!(words(1.4, 0.999).contains("means are right to 0.03 sd"), "{}", words(1.4, 0.999));
        assert!(words(1.4, 0.5).contains("misses the posterior's mass"));
        assert!(words(0.8, 0.9).contains("differs from the posterior"));
        assert!(words(0.2, 0.9).contains("can be reweighted"));
    }

    #[test]
    fn without_held_out_rows_the_verdict_says_so() {
        let mut run = sample::moons();
        run.metrics.splits.retain(|s| s.split == "train");
        assert!(verdict(&run).iter().any(|w| w.contains("No rows were held out")));
    }
}
