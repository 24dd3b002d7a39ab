//! The alternatives as a table whose colours follow a value: columns are the first choice, rows the rest.

use super::{Alternative, Estimate, Gathered};
use crate::report::figures::canvas::escape;
use crate::report::figures::colour::sequential;
use crate::report::number::metric;

/// What a heat map shows.
pub(super) struct Field {
    /// The column of `sweep.csv`; none for the ELBO.
    column: Option<String>,
    title: String,
    is_lower_better: bool,
}

impl Field {
    pub(super) fn metric(column: String, is_lower_better: bool) -> Field {
        let (split, name) = column.split_once('_').unwrap_or(("", &column));
        let title = format!("{name} on the {split} rows");
        Field { title, column: Some(column), is_lower_better }
    }

    pub(super) fn elbo() -> Field {
        Field { column: None, title: "ELBO, nats".to_owned(), is_lower_better: false }
    }

    fn of(&self, alternative: &Alternative) -> Option<Estimate> {
        let found = match &self.column {
            Some(column) => alternative.metric(column),
            None => alternative.elbo(),
        };
        found.filter(|e| e.mean.is_finite())
    }

    fn shown(&self, e: &Estimate) -> String {
        let elbo = self.column.is_none();
        let value = if elbo { format!("{:.1}", e.mean).replace('-', "\u{2212}") } else { metric(e.mean) };
        let error = |v: f64| match v {
            v if !v.is_finite() => None,
            v if elbo => Some(format!("{v:.1}")),
            v => Some(format!("{v:.4}")),
        };
        let errors: Vec<String> = [e.over_seeds, e.over_rows].into_iter().filter_map(error).collect();
        if errors.is_empty() { value } else { format!("{value}<small>± {}</small>", errors.join(" ± ")) }
    }
}

/// Draws the table; nothing if there is nothing to compare.
pub(super) fn heat_map(sweep: &Gathered, field: &Field) -> Option<String> {
    let values: Vec<f64> = sweep.alternatives.iter().filter_map(|a| field.of(a)).map(|e| e.mean).collect();
    if values.is_empty() {
        return None;
    }
    let scale = Scale::of(&values, field.is_lower_better);
    let varying = sweep.varying();
    let (column, rest) = match varying.split_first() {
        Some((first, rest)) => (Some(*first), rest.to_vec()),
        None => (None, vec![]),
    };
    let key = |a: &Alternative| rest.iter().map(|d| a.values[*d].clone()).collect::<Vec<_>>();
    let mut rows: Vec<Vec<Option<String>>> = vec![];
    for a in &sweep.alternatives {
        if !rows.contains(&key(a)) {
            rows.push(key(a));
        }
    }
    let labels: Vec<Option<String>> = match column {
        Some(d) => {
            let mut labels: Vec<Option<String>> =
                sweep.plan.dimensions[d].values.iter().cloned().map(Some).collect();
            if sweep.alternatives.iter().any(|a| a.values[d].is_none()) {
                labels.push(None);
            }
            labels
        }
        None => vec![None],
    };
    let name = |d: &usize| format!("<th>{}</th>", escape(&sweep.plan.dimensions[*d].name));
    let shown = |label: &Option<String>| escape(label.as_deref().unwrap_or("·"));
    let heads: String = labels.iter().map(|l| format!("<th class=\"number\">{}</th>", shown(l))).collect();
    let row = |r: &Vec<Option<String>>| {
        let of = |label: &Option<String>| {
            let is_it = |a: &&Alternative| key(a) == *r && column.is_none_or(|d| a.values[d] == *label);
            let cell = sweep.alternatives.iter().find(is_it);
            match (cell, cell.and_then(|a| field.of(a))) {
                (None, _) => "<td></td>".to_owned(),
                (Some(_), None) => "<td class=\"heat quiet\">none</td>".to_owned(),
                (Some(_), Some(e)) => {
                    format!("<td class=\"heat\" style=\"{}\">{}</td>", scale.style(e.mean), field.shown(&e))
                }
            }
        };
        let names: String = r.iter().map(|v| format!("<th>{}</th>", shown(v))).collect();
        format!("<tr>{names}{}</tr>\n", labels.iter().map(of).collect::<String>())
    };
    let body: String = rows.iter().map(row).collect();
    let names: String = rest.iter().map(name).collect();
    Some(format!(
        "<h3>{}</h3>\n<div class=\"wide\"><table class=\"heat\">\n<thead><tr>{names}{heads}</tr></thead>\n\
         <tbody>\n{body}</tbody></table></div>\n",
        escape(&field.title)
    ))
}

/// From a value to a shade: the best is dark; what is far worse than the middle is not told apart.
struct Scale {
    best: f64,
    worst: f64,
}

impl Scale {
    fn of(values: &[f64], is_lower_better: bool) -> Scale {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        if !is_lower_better {
            sorted.reverse();
        }
        let (best, median) = (sorted[0], sorted[sorted.len() / 2]);
        let last = sorted[sorted.len() - 1];
        let far = best + 3.0 * (median - best);
        let worst = if (last - best).abs() < (far - best).abs() || far == best { last } else { far };
        Scale { best, worst }
    }

    /// Colours that do not depend on the page being light or dark.
    fn style(&self, value: f64) -> String {
        let t = if self.worst == self.best { 0.0 } else { (value - self.best) / (self.worst - self.best) };
        let shade = 0.85 * (1.0 - t.clamp(0.0, 1.0));
        let c = sequential(shade);
        let ink = if shade > 0.5 { "#ffffff" } else { "#1c2128" };
        format!("background:#{:02x}{:02x}{:02x};color:{ink}", c.0, c.1, c.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_darkest_whichever_way_is_better() {
        for (is_lower_better, best, other) in [(true, 1.0, 2.0), (false, 9.0, 2.0)] {
            let scale = Scale::of(&[1.0, 2.0, 2.5, 9.0], is_lower_better);
            assert!(scale.style(best).ends_with("#ffffff"), "{}", scale.style(best));
            assert_ne!(scale.style(best), scale.style(other));
        }
        let equal = Scale::of(&[3.0, 3.0], true);
        assert!(equal.style(3.0).ends_with("#ffffff"));
    }
}
