//! How good is it in numbers: one table per target, splits side by side, a line on what each metric says.

use super::escape;
use crate::report::metric_words::{Better, explain};
use crate::report::number::{axis, metric, thousands, with_error};
use crate::run_folder::{MetricsFile, SplitMetrics};

/// Returns the section.
pub(super) fn section(file: &MetricsFile) -> String {
    let mut out = String::from("<h2>Metrics</h2>\n");
    let mut targets: Vec<&str> = vec![];
    for target in file.splits.iter().flat_map(|s| &s.targets) {
        if !targets.contains(&target.target.as_str()) {
            targets.push(&target.target);
        }
    }
    for target in &targets {
        if targets.len() > 1 {
            out.push_str(&format!("<h3>{}</h3>\n", escape(target)));
        }
        out.push_str(&target_table(file, target));
    }
    out.push_str(&objective(file));
    out
}

fn target_table(file: &MetricsFile, target: &str) -> String {
    let of = |s: &'_ SplitMetrics| s.targets.iter().position(|t| t.target == target);
    let splits: Vec<(&SplitMetrics, usize)> = file.splits.iter().filter_map(|s| Some((s, of(s)?))).collect();
    let heads: String = splits
        .iter()
        .map(|(s, _)| {
            let rows = thousands(s.rows);
            format!(
                "<th class=\"number\">{}<br><span class=\"quiet\">{rows} rows</span></th>",
                escape(&s.split)
            )
        })
        .collect();
    let mut names: Vec<&str> = vec![];
    for (name, _) in splits.iter().flat_map(|(s, i)| &s.targets[*i].values) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let row = |name: &&str| {
        let cells: String = splits.iter().map(|(s, i)| metric_cell(s, *i, name)).collect();
        let (words, better) = explain(name).unwrap_or(("", Better::Neither));
        let name = format!("<code>{}</code>{}", escape(name), arrow(better));
        format!("<tr><td>{name}</td>{cells}<td class=\"words\">{words}</td></tr>\n")
    };
    let rows: String = names.iter().map(row).collect();
    format!(
        "<div class=\"wide\"><table>\n<thead><tr><th>metric</th>{heads}<th></th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn metric_cell(split: &SplitMetrics, target: usize, name: &str) -> String {
    let class = if split.split == "train" { "number quiet" } else { "number main" };
    let value = split.targets[target].get(name).map(metric).unwrap_or_default();
    format!("<td class=\"{class}\">{value}</td>")
}

fn arrow(better: Better) -> &'static str {
    match better {
        Better::Higher => " <span class=\"quiet\" title=\"higher is better\">↑</span>",
        Better::Lower => " <span class=\"quiet\" title=\"lower is better\">↓</span>",
        Better::Neither => "",
    }
}

fn objective(file: &MetricsFile) -> String {
    let o = &file.objective;
    let value = if o.value.is_finite() { with_error(o.value, o.se) } else { "none".to_owned() };
    let words = if o.is_elbo {
        "the lower bound of the log evidence, on all training rows after the fit; compares models of the same rows"
    } else {
        "log joint of a model with improper or learned parts; compares with nothing"
    };
    let extra: String = file
        .extra
        .iter()
        .map(|(n, v)| {
            let shown = if v.fract() == 0.0 { axis(*v) } else { metric(*v) };
            let words = explain(n).map(|(words, _)| format!(": <span class=\"quiet\">{words}.</span>"));
            format!("<p><code>{}</code> <b>{}</b>{}</p>\n", escape(n), shown, words.unwrap_or_default())
        })
        .collect();
    if !o.value.is_finite() && !file.extra.is_empty() {
        // Draws of chains have no bound.
        return extra;
    }
    format!(
        "<p><code>{}</code> <b>{value}</b> nats: <span class=\"quiet\">{words}.</span></p>\n{extra}",
        o.key()
    )
}
