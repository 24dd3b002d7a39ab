//! What was learned: the forest plot and the summary.

use super::{escape, figure};
use crate::report::figures::Figures;
use crate::report::number::{alike, thousands};
use crate::run_folder::SummaryRow;

/// Longer summaries are cut; the rest is in `summary.csv`.
const SUMMARY_ROWS: usize = 40;

/// Returns the section.
pub(super) fn section(summary: &[SummaryRow], figures: &Figures) -> String {
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
