//! The sentences about the fit itself: its value, the guide's distance from the posterior, chains, rows left out.

use crate::metrics::convergence::RHAT;
use crate::report::number::{thousands, with_error};
use crate::run_folder::{Moments, Objective, Run, SummaryRow};

/// A number about the whole fit.
fn extra(run: &Run, name: &str) -> Option<f64> {
    run.metrics.extra.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
}

/// The value of the fit, and what it may be compared with.
pub(super) fn objective_sentence(objective: &Objective, run: &Run) -> Option<String> {
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
pub(super) fn map_sentence(run: &Run) -> Option<String> {
    let of = |name: &str| extra(run, name);
    let (nll, difference, se) = (of("map_nll")?, of("map_nll_difference")?, of("map_nll_difference_se")?);
    let rules_out = |who: &str| Some(format!("{who} rules out some held-out row: its nll is infinite."));
    if !nll.is_finite() {
        return rules_out("The mode of the same model (MAP)");
    }
    if !difference.is_finite() {
        return rules_out("The mode of the same model (MAP) does not, but the posterior");
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
pub(super) fn tempered_sentence(run: &Run) -> Option<String> {
    let weight = run.manifest.options.get("kl_weight")?.as_f64()?;
    if weight == 1.0 {
        return None;
    }
    if run.manifest.guide.starts_with("point") {
        return Some(format!(
            "It is tempered (`kl_weight = {weight}`): the prior counted {weight} times in the fit, so it is the mode of \
             another model; judge it by held-out rows."
        ));
    }
    let spread = if weight < 1.0 { "narrower" } else { "wider" };
    Some(format!(
        "It is tempered (`kl_weight = {weight}`): prior and entropy counted {weight} times in the fit. It is {spread} than \
         the posterior on purpose; judge it by held-out rows. The ELBO counts them once."
    ))
}

/// What a richer guide than the first was worth.
pub(super) fn rung_sentence(run: &Run) -> Option<String> {
    let rungs = &run.manifest.rungs;
    // Draws only begin with the guide.
    if extra(run, "chains").is_some() {
        return None;
    }
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
pub(super) fn guide_sentence(run: &Run) -> Option<String> {
    let of = |name: &str| extra(run, name).filter(|v| v.is_finite());
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
            format!("k̂ is {k:.2}: draws can be reweighted{}.{evidence}", reweighted(run))
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

/// What reweighting does to means and sds: the guide's own are off by as much.
fn reweighted(run: &Run) -> String {
    let moved = |of: &dyn Fn(&SummaryRow, Moments) -> f64| {
        let all = run.summary.iter().filter(|row| row.sd > 0.0);
        let all = all.filter_map(|row| Some((of(row, row.reweighted?), &row.variable)));
        all.filter(|(by, _)| by.is_finite()).max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
    };
    let mean = moved(&|row, by| (by.mean - row.mean) / row.sd);
    let sd = moved(&|row, by| (by.sd / row.sd).ln());
    let (Some((mean, of_mean)), Some((sd, of_sd))) = (mean, sd) else { return String::new() };
    // The relative error of a mean of weights is also that of what they move.
    let noise = 3.0 * extra(run, "log_evidence_se").filter(|se| se.is_finite()).unwrap_or(0.0);
    let percent = |log: f64| 100.0 * log.abs().exp_m1();
    if mean.abs() <= NEAR.max(noise) && sd.abs() <= NEAR.max(noise) {
        return format!(
            ", which moves no mean by more than {:.2} sd and no sd by more than {:.0} %",
            mean.abs(),
            percent(sd)
        );
    }
    let than = if sd < 0.0 { "smaller" } else { "larger" };
    format!(
        ", and should be: by their weights the mean of `{of_mean}` is {:.2} sd {} than the guide's, the sd of `{of_sd}` \
         {:.0} % {than} (`psis_mean` and `psis_sd` in summary.csv; `method = nuts` for all of the posterior)",
        mean.abs(),
        if mean < 0.0 { "lower" } else { "higher" },
        if sd < 0.0 { -100.0 * sd.exp_m1() } else { percent(sd) }
    )
}

/// What sds of independent latents are; weights of nets are not read one by one.
pub(super) fn conditional_sentence(run: &Run) -> Option<String> {
    let has_net = run.manifest.variables.iter().any(|v| v.name.contains('.'));
    let is_alone = run.manifest.dimensions < 2;
    (run.manifest.guide.starts_with("mean-field") && !has_net && !is_alone).then(|| {
        "Sds of a mean-field guide are conditional: each given the other unknowns, too small where they correlate."
            .to_owned()
    })
}

/// What the fit would say of each training row if it had not seen it.
pub(super) fn left_out_sentence(run: &Run) -> Option<String> {
    let of = |name: &str| extra(run, name);
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

/// What Markov chains, or populations of particles, say of each other.
pub(super) fn chain_sentence(run: &Run) -> Option<String> {
    let of = |name: &str| extra(run, name);
    let (rhat, bulk, tail) = (of("rhat")?, of("ess_bulk")?, of("ess_tail")?);
    let (chains, draws) = (of("chains")?, of("draws")?);
    let counted = |x: f64| thousands(x.max(0.0) as usize);
    let (groups, members) = match of("levels") {
        Some(_) => ("populations", "particles"),
        None => ("chains", "draws"),
    };
    let who = format!("{} {groups} of {} {members}", counted(chains), counted(draws / chains.max(1.0)));
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
    let of_rows = if rhat < RHAT { String::new() } else { row_agreement(run).unwrap_or_default() };
    let few =
        if bulk.min(tail) < ESS { ", fewer than the 400 that are wanted: give more `samples`" } else { "" };
    let how = match (of("levels"), of("divergences").unwrap_or(0.0) as usize) {
        (Some(levels), _) => {
            let way = format!(
                "carried from the guide to the posterior in {} {} of temperature",
                counted(levels),
                if levels == 1.0 { "step" } else { "steps" }
            );
            match (of("log_evidence"), of("log_evidence_se")) {
                (Some(value), Some(se)) => {
                    format!("{way}, by which the log evidence is {} nats", with_error(value, se))
                }
                // There is none of a flat prior.
                _ => way,
            }
        }
        (None, 0) => "no trajectory diverged".to_owned(),
        (None, n) => format!(
            "{} of {} trajectories diverged: the posterior has corners that the chains do not enter",
            thousands(n),
            counted(draws)
        ),
    };
    Some(format!("{agree}{few}; {how}.{of_rows}"))
}

/// Whether chains that do not agree on every unknown agree on the rows.
fn row_agreement(run: &Run) -> Option<String> {
    let (rhat, ess) = (extra(run, "rhat_rows").filter(|r| r.is_finite())?, extra(run, "ess_rows")?);
    let rows = thousands(extra(run, "judged_rows")? as usize);
    let worth = thousands(ess.max(0.0) as usize);
    Some(if rhat < RHAT {
        format!(
            " On the rows they do agree (R̂ of the log likelihoods of {rows} rows at most {rhat:.3}, worth at least \
             {worth} independent draws): what they predict holds, what they say of single unknowns does not."
        )
    } else {
        format!(
            " Nor do they agree on every row (R̂ of the log likelihoods of {rows} rows up to {rhat:.3}, below {RHAT} is \
             wanted; worth at least {worth} independent draws): give more `samples` before you use what they predict."
        )
    })
}

pub(super) fn laplace_sentence(run: &Run) -> Option<String> {
    let evidence = extra(run, "laplace_evidence")?;
    Some(format!(
        "Laplace's estimate of the log evidence is {} nats: an estimate, not a bound.",
        with_error(evidence, f64::NAN)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

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
    fn particles_are_told_as_what_they_are() {
        let mut run = sample::regression();
        let named = [
            ("rhat", 1.004),
            ("ess_bulk", 900.0),
            ("ess_tail", 800.0),
            ("chains", 4.0),
            ("draws", 1000.0),
            ("levels", 9.0),
            ("log_evidence", -72.6),
            ("log_evidence_se", 0.05),
        ];
        run.metrics.extra = named.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let words = chain_sentence(&run).unwrap_or_default();
        for wanted in
            ["4 populations of 250 particles agree", "9 steps of temperature", "log evidence is \u{2212}72.6"]
        {
            assert!(words.contains(wanted), "{words}");
        }
        assert!(!words.contains("diverged"), "{words}");
        run.metrics.extra.retain(|(name, _)| !name.starts_with("log_evidence"));
        let words = chain_sentence(&run).unwrap_or_default();
        assert!(words.ends_with("9 steps of temperature."), "{words}");
    }

    #[test]
    fn chains_that_disagree_on_unknowns_are_judged_by_their_rows() {
        let mut run = sample::regression();
        let mut words = |rhat: f64, rows: f64| {
            let named = [
                ("rhat", rhat),
                ("ess_bulk", 900.0),
                ("ess_tail", 800.0),
                ("chains", 4.0),
                ("draws", 2000.0),
                ("divergences", 0.0),
                ("rhat_rows", rows),
                ("ess_rows", 700.0),
                ("judged_rows", 300.0),
            ];
            run.metrics.extra = named.map(|(name, value)| (name.to_owned(), value)).to_vec();
            chain_sentence(&run).unwrap_or_default()
        };
        assert!(words(1.2, 1.004).contains("On the rows they do agree"), "{}", words(1.2, 1.004));
        assert!(words(1.2, 1.3).contains("Nor do they agree on every row"));
        assert!(!words(1.001, 1.3).contains("the rows"), "agreement on all unknowns needs no more");
        assert!(!words(1.2, f64::NAN).contains("the rows"), "what cannot be judged is not said");
    }

    #[test]
    fn a_mode_is_judged_beyond_twice_the_error() {
        let mut run = sample::regression();
        let mut words = |nll: f64, difference: f64| {
            let of = [("map_nll", nll), ("map_nll_difference", difference), ("map_nll_difference_se", 0.01)];
            run.metrics.extra = of.map(|(n, v)| (n.to_owned(), v)).to_vec();
            map_sentence(&run).unwrap_or_default()
        };
        for (nll, difference, wanted) in [
            (1.0, 0.03, "predicts better"),
            (1.0, -0.03, "predicts worse"),
            (1.0, 0.015, "predicts as well"),
            (f64::INFINITY, f64::NEG_INFINITY, "(MAP) rules out"),
            (1.0, f64::INFINITY, "but the posterior rules out"),
        ] {
            assert!(words(nll, difference).contains(wanted), "{}", words(nll, difference));
        }
    }

    #[test]
    fn a_tempered_fit_is_told_as_what_it_is() {
        let mut run = sample::regression();
        let mut words = |weight: f64, guide: &str| {
            run.manifest.options.insert("kl_weight".into(), serde_json::json!(weight));
            run.manifest.guide = guide.into();
            tempered_sentence(&run).unwrap_or_default()
        };
        assert_eq!(words(1.0, "mean-field, 3 dimensions"), "");
        assert!(words(0.1, "mean-field, 3 dimensions").contains("narrower"));
        assert!(words(4.0, "full rank, 3 dimensions").contains("wider"));
        assert!(words(4.0, "point estimate").contains("the prior counted 4 times"));
    }
}
