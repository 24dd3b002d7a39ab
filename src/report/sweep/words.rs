//! A sweep in sentences and as a table for the terminal: the best, what cannot be told from it, what failed.

use super::{Alternative, Difference, Estimate, Gathered, Paired};
use crate::report::ceiling;
use crate::report::number::{metric, three, with_error};
use crate::run_folder;

/// Returns what the sweep says, the most important sentence first.
pub fn sentences(sweep: &Gathered) -> Vec<String> {
    let mut out = vec![];
    let ranked = sweep.ranked();
    let Some(best) = ranked.first().map(|i| &sweep.alternatives[*i]) else {
        out.push("No cell could be fitted.".to_owned());
        return out;
    };
    if let Some(loss) = sweep.loss() {
        out.extend(by_loss(sweep, best, &ranked, &loss));
    }
    out.extend(by_elbo(sweep));
    out.extend(ceiling_sentence(sweep, best));
    out.extend(sweep.varying().into_iter().filter_map(|d| by_dimension(sweep, d)));
    let seeds = sweep.plan.seeds().len();
    if seeds == 1 && sweep.alternatives.len() > 1 {
        out.push(
            "Every alternative has one seed: errors over seeds are not known. `--seeds 5` tells them."
                .to_owned(),
        );
    }
    match sweep.failed() {
        0 => {}
        n => out.push(format!("{n} of {} cells failed; what they say stands below.", sweep.states.len())),
    }
    out
}

fn shown(e: &Estimate) -> String {
    let errors = [(e.over_seeds, "over seeds"), (e.over_rows, "over rows")];
    let errors: Vec<String> =
        errors.iter().filter(|(v, _)| v.is_finite()).map(|(v, w)| format!("{} {w}", three(*v))).collect();
    let value = metric(e.mean);
    if errors.is_empty() { value } else { format!("{value} (standard error {})", errors.join(", ")) }
}

fn by_loss(sweep: &Gathered, best: &Alternative, ranked: &[usize], loss: &str) -> Option<String> {
    let value = best.metric(loss)?;
    let others = ranked.len() - 1;
    let split = loss.split('_').next().unwrap_or_default();
    let lead = format!("On the {split} rows `{}` has the smallest nll: {}", sweep.name(best), shown(&value));
    if others == 0 {
        return Some(lead + ".");
    }
    let pairs: Vec<Difference> = ranked[1..]
        .iter()
        .filter_map(|i| Difference::of(&sweep.alternatives[*i], best, Paired::Cost))
        .filter(|d| d.error().is_finite())
        .collect();
    if pairs.is_empty() {
        return Some(lead + "; how sure that is cannot be said.");
    }
    let told = pairs.iter().filter(|d| d.is_real(others)).count();
    Some(match (others - told, told) {
        (0, 1) => format!("{lead}; the other is worse beyond chance."),
        (0, _) => format!("{lead}; each of the other {others} is worse beyond chance."),
        (1, 0) => format!("{lead}; the other cannot be told from it."),
        (_, 0) => format!("{lead}; none of the other {others} can be told from it."),
        (same, worse) => {
            format!(
                "{lead}; {same} of the other {others} cannot be told from it, beyond chance worse: {worse}."
            )
        }
    })
}

fn by_elbo(sweep: &Gathered) -> Option<String> {
    let best = &sweep.alternatives[sweep.best_by_elbo()?];
    let e = best.elbo()?;
    let others: Vec<&Alternative> =
        sweep.alternatives.iter().filter(|a| a.values != best.values && a.elbo().is_some()).collect();
    let lead =
        format!("By the ELBO the best is `{}`: {} nats", sweep.name(best), with_error(e.mean, e.over_seeds));
    if others.is_empty() {
        return Some(lead + ".");
    }
    let pairs: Vec<Difference> =
        others.iter().filter_map(|a| Difference::of(best, a, Paired::Elbo)).collect();
    if pairs.iter().all(|d| d.error().is_nan()) {
        return Some(lead + "; with one seed nothing can be said about the others.");
    }
    let same = pairs.iter().filter(|d| !d.is_real(pairs.len())).count();
    Some(match same {
        0 => format!("{lead}; it is better than all {} others beyond chance.", pairs.len()),
        n => format!("{lead}; {n} of the other {} cannot be told from it.", pairs.len()),
    })
}

/// What nothing can beat, where the generator of the rows is known.
fn ceiling_sentence(sweep: &Gathered, best: &Alternative) -> Option<String> {
    let cell = &sweep.plan.cells[best.best_fit()?.cell];
    let run = run_folder::read(&sweep.folder.join(&cell.folder)).ok()?;
    let words = if sweep.plan.truth.is_empty() { &run.manifest.truth } else { &sweep.plan.truth };
    ceiling::sentence(&ceiling::truth(words)?, run.pictures.maps.first()?)
}

/// The best of each value of a dimension by ELBO, compared on the held-out rows.
fn by_dimension(sweep: &Gathered, dimension: usize) -> Option<String> {
    let of_value = super::best_of_each(sweep, dimension);
    if sweep.varying().len() < 2 || of_value.len() < 2 {
        return None;
    }
    let loss = sweep.loss()?;
    let name = &sweep.plan.dimensions[dimension].name;
    let cost = |i: usize| sweep.alternatives[i].metric(&loss).map_or(f64::INFINITY, |e| e.mean);
    let (value, best) = of_value.iter().min_by(|a, b| cost(a.1).total_cmp(&cost(b.1)))?;
    let gap = |(other, i): &(String, usize)| {
        let d = Difference::of(&sweep.alternatives[*i], &sweep.alternatives[*best], Paired::Cost)?;
        let verdict = if d.is_real(of_value.len() - 1) { "real" } else { "not told apart" };
        d.error().is_finite().then(|| format!("`{other}` by {} ({verdict})", with_error(d.mean, d.error())))
    };
    let others: Vec<String> = of_value.iter().filter(|(v, _)| v != value).filter_map(gap).collect();
    if others.is_empty() {
        return None;
    }
    Some(format!(
        "The best of each `{name}` by ELBO beside each other: `{value}` has the smallest nll, less than {} (nats a row).",
        others.join(", ")
    ))
}

/// The alternatives, the best first, as rows for a terminal; the first row is the head.
pub fn table(sweep: &Gathered, most: usize) -> Vec<Vec<String>> {
    let dimensions = sweep.varying();
    let mut head: Vec<String> = dimensions.iter().map(|d| sweep.plan.dimensions[*d].name.clone()).collect();
    if head.is_empty() {
        head.push("model".into());
    }
    let metrics: Vec<(String, &str)> =
        ["accuracy", "rmse", "nll"].iter().filter_map(|m| Some((sweep.held_out(m)?, *m))).collect();
    head.extend(metrics.iter().map(|(column, _)| column.replacen('_', " ", 1)));
    let objective = |a: &Alternative| if a.fits.iter().all(|f| f.is_elbo) { "" } else { "*" };
    head.extend(["ELBO".into(), "fits".into()]);
    let rows = sweep.ranked().into_iter().take(most).map(|i| {
        let a = &sweep.alternatives[i];
        let mut row: Vec<String> =
            dimensions.iter().map(|d| a.values[*d].clone().unwrap_or_else(|| "·".into())).collect();
        if row.is_empty() {
            row.push(sweep.plan.model.clone());
        }
        for (column, _) in &metrics {
            let e = a.metric(column);
            row.push(e.map_or_else(String::new, |e| {
                let error =
                    if e.over_seeds.is_finite() { format!(" ± {:.4}", e.over_seeds) } else { String::new() };
                format!("{:.4}{error}", e.mean)
            }));
        }
        let e = Estimate::of(&a.fits.iter().map(|f| f.elbo).collect::<Vec<_>>());
        row.push(format!("{}{}", with_error(e.mean, e.over_seeds), objective(a)));
        row.push(a.fits.len().to_string());
        row
    });
    std::iter::once(head).chain(rows.collect::<Vec<_>>()).collect()
}
