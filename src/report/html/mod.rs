//! The page: one file that loads nothing, readable on a screen, in the dark, and on paper.
//!
//! The order is that of a reader's questions: what is it worth, how good is it in numbers, what does it look like,
//! what was learned, how did the fit go, what exactly was fitted, how do I get it again.

pub(super) mod classes;
mod fit;
mod metrics;
mod model;
mod predictions;
mod unknowns;

use super::figures::canvas::escape;
use super::figures::{Figure, Figures};
use super::number::thousands;
use crate::run_folder::{Manifest, Run};
use serde_json::Value;

/// Returns the page for a run and its figures.
pub fn page(run: &Run, figures: &Figures) -> String {
    let m = &run.manifest;
    let parts = [
        head(m),
        verdict(m),
        warnings(m),
        metrics::section(&run.metrics),
        predictions::section(figures),
        classes::section(run),
        unknowns::section(&run.summary, figures),
        fit::section(run, figures),
        model::section(run),
        model::again(m),
    ];
    shell(&m.model, &parts.concat(), &m.bnnc)
}

/// A page that loads nothing, around its body.
pub(super) fn shell(title: &str, body: &str, version: &str) -> String {
    let title = escape(title);
    let style = include_str!("../style.css");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · bnnc</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\
         <footer>Written by bnnc {}. Everything on this page can be computed again from the files beside it.</footer>\n\
         </body>\n</html>\n",
        escape(version)
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

/// A figure shrinks to this share of its size, where its words can still be read; on a narrower page it scrolls.
const LEGIBLE: f64 = 0.75;

pub(super) fn figure(f: &Figure) -> String {
    format!(
        "<h3>{1}</h3>\n<figure id=\"{0}\"><div class=\"wide\" style=\"--least:{4:.0}px\">{2}</div>\
         <figcaption>{3}</figcaption></figure>\n",
        escape(&f.name),
        escape(&f.title),
        f.inline(),
        escape(&f.caption),
        f.width() * LEGIBLE
    )
}

/// Words between backticks are code; a single backtick is itself.
pub(super) fn with_code(text: &str) -> String {
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
    use super::*;
    use crate::report::{figures, sample};

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
