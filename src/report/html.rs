//! The page: one file that loads nothing, readable on a screen, in the dark, and on paper.
//!
//! The order is that of a reader's questions: what is it worth, how good is it in numbers, what does it look like,
//! what was learned, how did the fit go, what exactly was fitted, how do I get it again.

use super::figures::canvas::escape;
use super::figures::{Figure, Figures};
use super::highlight;
use super::metric_words::{Better, explain};
use super::number::{alike, axis as number, metric, thousands, with_error};
use crate::run_folder::{Manifest, MetricsFile, Run, SplitMetrics, SummaryRow};
use serde_json::{Map, Value};

/// Longer summaries are cut; the rest is in `summary.csv`.
const SUMMARY_ROWS: usize = 40;

/// Returns the page for a run and its figures.
pub fn page(run: &Run, figures: &Figures) -> String {
    let m = &run.manifest;
    let parts = [
        head(m),
        verdict(m),
        warnings(m),
        metrics(&run.metrics),
        predictions(figures),
        parameters(&run.summary, figures),
        fit(run, figures),
        model(run),
        again(m),
    ];
    let body = parts.concat();
    let title = escape(&m.model);
    let style = include_str!("style.css");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · bnnc</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\
         <footer>Written by bnnc {}. Everything on this page can be computed again from the files beside it.</footer>\n\
         </body>\n</html>\n",
        escape(&m.bnnc)
    )
}

fn head(m: &Manifest) -> String {
    let method = m.options.get("method").and_then(Value::as_str).unwrap_or("");
    let rows: Vec<String> = m.data.splits.iter().map(|(n, v)| format!("{} {n}", counted(v))).collect();
    let facts = [
        ("fitted by", method.to_owned()),
        ("guide", guide(m).0.to_owned()),
        ("data", m.data.source.clone()),
        ("rows", rows.join(", ")),
        ("seed", m.seed.to_string()),
        ("on", m.started.clone()),
    ];
    let facts: Vec<String> = facts
        .iter()
        .filter(|(_, v)| !v.is_empty())
        .map(|(n, v)| format!("<span>{n} <b>{}</b></span>", escape(v)))
        .collect();
    format!("<h1>{}</h1>\n<p class=\"facts\">{}</p>\n", escape(&m.model), facts.join(" · "))
}

/// The shape of the guide, and what was rewritten on the way to it.
fn guide(m: &Manifest) -> (&str, &str) {
    m.guide.split_once("; ").unwrap_or((&m.guide, ""))
}

fn verdict(m: &Manifest) -> String {
    if m.verdict.is_empty() {
        return String::new();
    }
    let sentences: String = m.verdict.iter().map(|s| format!("<p>{}</p>\n", with_code(s))).collect();
    format!("<section class=\"verdict\">\n{sentences}</section>\n")
}

fn warnings(m: &Manifest) -> String {
    if m.warnings.is_empty() {
        return String::new();
    }
    let items: String = m.warnings.iter().map(|w| format!("<li>{}</li>\n", with_code(w))).collect();
    format!("<section class=\"warnings\"><b>Warnings</b>\n<ul>\n{items}</ul></section>\n")
}

fn metrics(file: &MetricsFile) -> String {
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
        .map(|(n, v)| format!("<p><code>{}</code> <b>{}</b></p>\n", escape(n), number(*v)))
        .collect();
    format!(
        "<p><code>{}</code> <b>{value}</b> nats: <span class=\"quiet\">{words}.</span></p>\n{extra}",
        o.key()
    )
}

fn predictions(figures: &Figures) -> String {
    if figures.predictions.is_empty() {
        return String::new();
    }
    let mut out = String::from("<h2>Predictions</h2>\n");
    // The second map of two classes is the mirror image of the first: there, but folded.
    let maps: Vec<&Figure> = figures.predictions.iter().filter(|f| f.name.starts_with("map_")).collect();
    let mirror = if maps.len() == 2 { Some(maps[1]) } else { None };
    let narrow = |f: &Figure| f.name.starts_with("reliability_") || f.name.starts_with("observed_");
    for f in figures.predictions.iter().filter(|f| !narrow(f)) {
        if mirror == Some(f) {
            out.push_str(&format!(
                "<details><summary>{}</summary>{}</details>\n",
                escape(&f.title),
                figure(f)
            ));
        } else {
            out.push_str(&figure(f));
        }
    }
    for f in figures.predictions.iter().filter(|f| narrow(f)) {
        out.push_str(&format!("<div class=\"narrow\">{}</div>\n", figure(f)));
    }
    out
}

fn parameters(summary: &[SummaryRow], figures: &Figures) -> String {
    if summary.is_empty() {
        return String::new();
    }
    let plots: String = figures.parameters.iter().map(figure).collect();
    let row = |r: &SummaryRow| {
        let values = alike(&[r.mean, r.sd, r.q05, r.q50, r.q95], r.sd);
        let cells: String = values.iter().map(|v| format!("<td class=\"number\">{v}</td>")).collect();
        format!("<tr><td><code>{}</code></td>{cells}</tr>\n", escape(&r.variable))
    };
    let rows: String = summary.iter().take(SUMMARY_ROWS).map(row).collect();
    let more = match summary.len() {
        n if n > SUMMARY_ROWS => {
            format!("<p class=\"quiet\">{} more in summary.csv.</p>\n", thousands(n - SUMMARY_ROWS))
        }
        _ => String::new(),
    };
    let heads: String = ["mean", "sd", "5 %", "50 %", "95 %"]
        .iter()
        .map(|h| format!("<th class=\"number\">{h}</th>"))
        .collect();
    let table = format!(
        "<div class=\"wide\"><table>\n<thead><tr><th>unknown</th>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n{more}"
    );
    let fold = if summary.len() > 12 {
        format!("<details><summary>The posterior in numbers</summary>\n{table}</details>\n")
    } else {
        table
    };
    format!("<h2>Unknowns</h2>\n{plots}{fold}")
}

fn fit(run: &Run, figures: &Figures) -> String {
    let m = &run.manifest;
    let plots: String = figures.fit.iter().map(figure).collect();
    let mut facts = vec![
        ("compiling and reading data", seconds(m.compile_s)),
        ("fitting", seconds(m.fit_s)),
        ("evaluating", seconds(m.eval_s)),
        (
            "steps",
            format!(
                "{} ({} a second)",
                thousands(m.steps as usize),
                thousands(m.steps_per_s.round().max(0.0) as usize)
            ),
        ),
        ("threads", m.threads.to_string()),
    ];
    if let Some(peak) = m.peak_rss_mib {
        facts.push(("most memory held", format!("{} MiB", number(peak.round()))));
    }
    let rows: String = facts
        .iter()
        .map(|(n, v)| format!("<tr><td>{n}</td><td class=\"number\">{}</td></tr>\n", escape(v)))
        .collect();
    let rewrites = match guide(m).1 {
        "" => String::new(),
        words => format!("<p>Rewritten for the guide: {}.</p>\n", with_code(words)),
    };
    format!("<h2>The fit</h2>\n{plots}{rewrites}<table><tbody>\n{rows}</tbody></table>\n")
}

fn seconds(s: f64) -> String {
    match s {
        s if s >= 120.0 => format!("{:.0} min {:02.0} s", (s / 60.0).floor(), s % 60.0),
        s if s >= 10.0 => format!("{s:.0} s"),
        s if s >= 0.1 => format!("{s:.1} s"),
        s => format!("{:.0} ms", s * 1000.0),
    }
}

fn model(run: &Run) -> String {
    let resolved = if run.resolved_model.is_empty() {
        String::new()
    } else {
        format!(
            "<details><summary>The whole model, nothing implied: types, supports, transforms, default priors</summary>\n\
             <pre>{}</pre></details>\n",
            escape(&run.resolved_model)
        )
    };
    format!("<h2>The model</h2>\n{}{resolved}", highlight::listing(&run.model_text))
}

fn again(m: &Manifest) -> String {
    let mut out = String::from("<h2>How to get this again</h2>\n");
    if !m.command.is_empty() {
        out.push_str(&format!("<pre>{}</pre>\n", escape(&m.command)));
    }
    out.push_str(
        "<p>The same source, data and seed give the same posterior bit for bit on any number of threads.</p>\n\
         <div class=\"wide\"><table><tbody>\n",
    );
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("<tr><td>{name}</td><td><code>{}</code></td></tr>\n", escape(value)));
        }
    };
    row("SHA-256 of the model", &m.model_sha256);
    row("fingerprint of the data", &m.data.fingerprint);
    row("choices", &settings(&m.choices));
    row("constants", &settings(&m.constants));
    row("options", &settings(&m.options));
    for p in &m.preprocessing {
        let list = |v: &[f64]| v.iter().map(|x| number(*x)).collect::<Vec<_>>().join(", ");
        row(&escape(&p.expression), &format!("shift {}; scale {}", list(&p.shift), list(&p.scale)));
    }
    if m.data.dropped > 0 {
        row("rows dropped for missing values", &m.data.dropped.to_string());
    }
    out.push_str("</tbody></table></div>\n");
    out
}

fn settings(map: &Map<String, Value>) -> String {
    map.iter().map(|(n, v)| format!("{n} = {}", plain(v))).collect::<Vec<_>>().join("; ")
}

fn counted(value: &Value) -> String {
    value.as_u64().map_or_else(|| plain(value), |n| thousands(n as usize))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Number(n) => {
            n.as_f64().filter(|v| v.fract() == 0.0).map_or(n.to_string(), |v| format!("{v:.0}"))
        }
        other => other.to_string(),
    }
}

fn figure(f: &Figure) -> String {
    format!(
        "<h3>{1}</h3>\n<figure id=\"{0}\">{2}<figcaption>{3}</figcaption></figure>\n",
        escape(&f.name),
        escape(&f.title),
        f.inline(),
        escape(&f.caption)
    )
}

/// Words between backticks are code; a single backtick is itself.
fn with_code(text: &str) -> String {
    let text = escape(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text;
    }
    let part =
        |(i, p): (usize, &&str)| if i % 2 == 1 { format!("<code>{p}</code>") } else { (*p).to_owned() };
    parts.iter().enumerate().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{figures, sample};
    use super::*;

    #[test]
    fn a_page_loads_nothing_from_outside() {
        for run in [sample::moons(), sample::regression(), sample::images()] {
            let page = page(&run, &figures::all(&run));
            let schema = "xmlns=\"http://www.w3.org/2000/svg\"";
            let rest = page.replace(schema, "");
            for outside in ["http://", "https://", "url(", "@import", "<script", "<link"] {
                assert!(!rest.contains(outside), "{outside} in the report of {}", run.manifest.model);
            }
        }
    }

    #[test]
    fn words_of_the_user_cannot_become_tags() {
        let mut run = sample::moons();
        let evil = "<script>alert(1)</script>\"'>";
        run.manifest.model = evil.into();
        run.manifest.verdict = vec![evil.into()];
        run.manifest.data.source = evil.into();
        run.model_text = evil.into();
        run.resolved_model = evil.into();
        run.summary[0].variable = evil.into();
        run.pictures.maps[0].classes[0].label = evil.into();
        run.pictures.maps[0].axes[0] = evil.into();
        assert!(!page(&run, &figures::all(&run)).contains("<script"));
    }

    #[test]
    fn an_empty_run_has_a_page() {
        let run = Run::default();
        assert!(page(&run, &figures::all(&run)).contains("<h2>Metrics</h2>"));
    }

    #[test]
    fn backticks_become_code_only_in_pairs() {
        assert_eq!(with_code("say `a < b`"), "say <code>a &lt; b</code>");
        assert_eq!(with_code("one ` only"), "one ` only");
    }
}
