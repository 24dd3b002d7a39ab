//! How did the fit go: the trace, the rewrites, the times.

use super::{escape, figure, guide, with_code};
use crate::report::figures::Figures;
use crate::report::number::{axis, thousands};
use crate::run_folder::Run;

/// Returns the section.
pub(super) fn section(run: &Run, figures: &Figures) -> String {
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
        facts.push(("most memory held", format!("{} MiB", axis(peak.round()))));
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
