//! What does it look like: maps, galleries, calibration, predicted against observed.

use super::{escape, figure};
use crate::report::figures::{Figure, Figures};

/// Returns the section.
pub(super) fn section(figures: &Figures) -> String {
    if figures.predictions.is_empty() {
        return String::new();
    }
    let mut out = String::from("<h2>Predictions</h2>\n");
    // The second map of two classes is the mirror image of the first: there, but folded.
    let maps: Vec<&Figure> = figures.predictions.iter().filter(|f| f.name.starts_with("map_")).collect();
    let mirror = if maps.len() == 2 { Some(maps[1]) } else { None };
    let narrow =
        |f: &Figure| ["reliability_", "observed_", "pit_"].iter().any(|start| f.name.starts_with(start));
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
