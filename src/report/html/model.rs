//! What exactly was fitted, and how to get it again.

use super::{escape, plain};
use crate::report::highlight;
use crate::report::number::axis;
use crate::run_folder::{Manifest, Run};
use serde_json::{Map, Value};

/// Returns the section with the model's text.
pub(super) fn section(run: &Run) -> String {
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

/// Returns the section with everything that the result depends on.
pub(super) fn again(m: &Manifest) -> String {
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
        let list = |v: &[f64]| v.iter().map(|x| axis(*x)).collect::<Vec<_>>().join(", ");
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
