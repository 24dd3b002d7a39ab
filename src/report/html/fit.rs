//! How did the fit go: the trace, the rewrites, the times.

use super::{escape, figure, guide, with_code};
use crate::report::figures::Figures;
use crate::report::number::{axis, thousands, with_error};
use crate::run_folder::{Run, RungRecord};

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
    let ladder = rungs(&m.rungs);
    format!("<h2>The fit</h2>\n{plots}{ladder}{rewrites}<table><tbody>\n{rows}</tbody></table>\n")
}

/// What was tried beyond the first guide, a row each.
fn rungs(rungs: &[RungRecord]) -> String {
    if rungs.is_empty() {
        return String::new();
    }
    let row = |(i, r): (usize, &RungRecord)| {
        let gain = if i == 0 { String::new() } else { with_error(r.gain, r.gain_se) };
        let kept = if r.kept { "kept" } else { "not kept" };
        let cells = [with_error(r.elbo, r.elbo_se), gain, seconds(r.seconds)];
        let cells: String = cells.iter().map(|c| format!("<td class=\"number\">{c}</td>")).collect();
        format!("<tr><td>{}</td>{cells}<td>{kept}</td></tr>\n", escape(&r.guide))
    };
    let rows: String = rungs.iter().enumerate().map(row).collect();
    format!(
        "<h3>Guides tried</h3>\n<p>Each with its ELBO and what it has more than the one kept before it, on the same \
         draws.</p>\n<div class=\"wide\"><table><thead><tr><th>guide</th><th class=\"number\">ELBO</th>\
         <th class=\"number\">gain</th><th class=\"number\">took</th><th></th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn seconds(s: f64) -> String {
    match s {
        s if s >= 120.0 => format!("{:.0} min {:02.0} s", (s / 60.0).floor(), s % 60.0),
        s if s >= 10.0 => format!("{s:.0} s"),
        s if s >= 0.1 => format!("{s:.1} s"),
        s => format!("{:.0} ms", s * 1000.0),
    }
}
