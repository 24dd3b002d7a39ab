//! L005: a training row that the likelihood says cannot be.

use super::Lint;
use super::numbers::shown;
use super::subject::{Subject, argument};
use crate::diagnostic::Diagnostic;
use crate::dist::{ArgValue, SHARES_OFF};
use crate::model::{Distribution, Observation};
use crate::ty::{Interval, Support};

/// The entry of the table.
pub const LINT: Lint = Lint { code: "L005", is_about_values: false, check };

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for observation in &subject.model.observations {
        let dist = &observation.dist;
        if dist.censoring.is_some() {
            continue;
        }
        found.extend(no_shares(subject, observation).or_else(|| beyond_own_ends(subject, observation)));
        let (Some(parts), Some(values)) = (possible(subject, dist), subject.values(observation.target))
        else {
            continue;
        };
        let outside: Vec<(usize, f64)> = values
            .iter()
            .enumerate()
            .filter(|(_, v)| v.is_finite() && !parts.iter().any(|p| p.contains(**v)))
            .map(|(i, v)| (i, *v))
            .collect();
        let Some((_, value)) = outside.first() else { continue };
        let family = dist.family.name;
        let name = &observation.name;
        let shape = subject.model.expr(observation.target).ty.shape.len().max(1);
        let rows = values.len() / shape;
        let where_it_lies = parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        found.push(
            Diagnostic::new(
                "L005",
                format!("value {} of `{name}` has zero density under `{family}`", shown(*value)),
            )
            .at(dist.span, format!("gives values in {where_it_lies}"))
            .at(
                subject.model.expr(observation.target).span,
                format!("{} of {rows} training rows lie outside", outside.len()),
            )
            .note("the log density of such a row is -inf, and so is the ELBO")
            .help("choose a distribution that allows it, or leave those rows out with `where`"),
        );
    }
    found
}

/// A row whose numbers are no shares of 1, under a distribution of shares.
fn no_shares(subject: &Subject, observation: &Observation) -> Option<Diagnostic> {
    let dist = &observation.dist;
    let shape = &subject.model.expr(observation.target).ty.shape;
    let args = argument_values(subject, dist);
    let Support::Simplex(_) =
        (dist.components.is_empty()).then(|| (dist.family.support)(dist.form, &args))?
    else {
        return None;
    };
    let values = subject.values(observation.target)?;
    let rows: Vec<&[f64]> = values.chunks(shape.len().max(1)).collect();
    let is_wrong = |row: &&[f64]| {
        let off = (row.iter().sum::<f64>() - 1.0).abs();
        row.iter().all(|v| v.is_finite()) && (off > SHARES_OFF || row.iter().any(|v| *v <= 0.0))
    };
    let wrong: Vec<&&[f64]> = rows.iter().filter(|row| is_wrong(row)).collect();
    let row = wrong.first()?;
    let (family, name) = (dist.family.name, &observation.name);
    let shares: Vec<String> = row.iter().map(|v| shown(*v)).collect();
    let sum: f64 = row.iter().sum();
    let what = match row.iter().any(|v| *v <= 0.0) {
        true => "which are not all above 0".to_owned(),
        false => format!("which sum to {}", shown(sum)),
    };
    let span = subject.model.expr(observation.target).span;
    Some(
        Diagnostic::new("L005", format!("a row of `{name}` has zero density under `{family}`"))
            .at(dist.span, "gives shares above 0 that sum to 1")
            .at(span, format!("{} of {} training rows are none", wrong.len(), rows.len()))
            .note(format!("the first of them is {}, {what}", listed(&shares)))
            .note("the log density of such a row is -inf, and so is the ELBO")
            .help("divide each row by its sum before; a share of 0 needs another model, or `where` to leave it out"),
    )
}

/// A row whose value lies beyond what the row itself says: more successes than `n`, a bound of `on` that is a column.
fn beyond_own_ends(subject: &Subject, observation: &Observation) -> Option<Diagnostic> {
    let dist = &observation.dist;
    let values = subject.values(observation.target).filter(|_| dist.components.is_empty())?;
    let end = |side: usize| dist.family.ends[side].and_then(|at| dist.args.get(at).copied());
    let cut = |side: usize| dist.truncation.map(|(low, high)| [low, high][side]);
    // The number of trials is the upper end of the counts that have one.
    let trials = argument(dist, "n");
    for (id, is_low) in [(end(0), true), (cut(0), true), (end(1), false), (cut(1), false), (trials, false)] {
        let Some(id) = id.filter(|id| subject.number(*id).is_none()) else { continue };
        let Some(ends) = subject.values(id).filter(|ends| ends.len() == values.len()) else { continue };
        let is_outside = |v: f64, end: f64| if is_low { v < end } else { v > end };
        let mut outside = values.iter().zip(&ends).filter(|(v, end)| is_outside(**v, **end));
        let Some((value, end)) = outside.next() else { continue };
        let (name, family) = (&observation.name, dist.family.name);
        let count = 1 + outside.count();
        let words = if is_low { "lower" } else { "upper" };
        return Some(
            Diagnostic::new(
                "L005",
                format!("value {} of `{name}` has zero density under `{family}`", shown(*value)),
            )
            .at(subject.model.expr(id).span, format!("the {words} end, which is {} in that row", shown(*end)))
            .at(
                subject.model.expr(observation.target).span,
                format!("{count} of {} training rows lie outside", values.len()),
            )
            .note("the log density of such a row is -inf, and so is the ELBO")
            .help("are two columns exchanged? else correct those rows, or leave them out with `where`"),
        );
    }
    None
}

fn listed(shares: &[String]) -> String {
    let few: Vec<&str> = shares.iter().take(5).map(String::as_str).collect();
    if few.len() < shares.len() { format!("{}, …", few.join(", ")) } else { few.join(", ") }
}

fn argument_values(subject: &Subject, dist: &Distribution) -> Vec<ArgValue> {
    dist.args
        .iter()
        .map(|id| ArgValue {
            constant: subject.number(*id),
            len: subject.model.expr(*id).ty.shape.0.last().copied().unwrap_or(1),
        })
        .collect()
}

/// The intervals that hold every possible value; `None` if one of them is not known before the fit.
fn possible(subject: &Subject, dist: &Distribution) -> Option<Vec<Interval>> {
    if !dist.components.is_empty() {
        let mut parts = vec![];
        for component in &dist.components {
            parts.extend(possible(subject, component)?);
        }
        return Some(parts);
    }
    if dist.family.name == "Delta" {
        return Some(vec![Interval::point(subject.number(*dist.args.first()?)?)]);
    }
    let args = argument_values(subject, dist);
    let Support::Interval(mut interval) = (dist.family.support)(dist.form, &args) else { return None };
    if interval.low.is_nan() {
        (interval.low, interval.low_closed) = (f64::NEG_INFINITY, false);
    }
    if interval.high.is_nan() {
        (interval.high, interval.high_closed) = (f64::INFINITY, false);
    }
    if let Some((low, high)) = dist.truncation {
        if let Some(low) = subject.number(low).filter(|low| *low > interval.low) {
            (interval.low, interval.low_closed) = (low, true);
        }
        if let Some(high) = subject.number(high).filter(|high| *high < interval.high) {
            (interval.high, interval.high_closed) = (high, true);
        }
    }
    Some(vec![interval])
}
