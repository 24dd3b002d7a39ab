//! The forest plot: each unknown with its interval, a panel for each unit of size.

use super::Figure;
use super::canvas::{AXIS, Area, DrawError, GRID, INK, anchored, axes, draw, px, range};
use super::colour::SERIES;
use crate::run_folder::SummaryRow;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// What fits on a page; the rest is in `summary.csv`.
const ROWS: usize = 60;
/// Shown pixels of a row, and of the axis under a panel.
const ROW: f64 = 19.0;
const FOOT: f64 = 44.0;
const WIDTH: f64 = 640.0;

/// Draws the unknowns outside nets, and the scales of nets; single weights are not identified and say little.
pub(super) fn figure(summary: &[SummaryRow]) -> Option<Figure> {
    let panels = panels(summary);
    let height = panels.iter().map(|p| ROW * p.len() as f64 + FOOT).sum::<f64>();
    if panels.is_empty() {
        return None;
    }
    let title = "What is known about the unknowns".to_owned();
    let svg = draw(WIDTH, height, &title, &[], |area| {
        let mut rest = area.clone();
        for panel in &panels {
            let (top, below) = rest.split_vertically(px(ROW * panel.len() as f64 + FOOT));
            paint(&top, panel)?;
            rest = below;
        }
        Ok(())
    });
    let caption =
        "Disc: median. Thick line: mean ± sd. Thin line: from the 5 % to the 95 % quantile. Variables \
                   of other units have an axis of their own."
            .to_owned();
    Some(Figure { name: "parameters".into(), title, caption, svg })
}

/// Rows that can be drawn, neighbours of like units together.
fn panels(summary: &[SummaryRow]) -> Vec<Vec<&SummaryRow>> {
    let is_drawable = |r: &&SummaryRow| [r.mean, r.sd, r.q05, r.q50, r.q95].iter().all(|v| v.is_finite());
    // `f.1.w[2,3]` is a weight, `f.1.w` stands for all of a large layer, `f.1.s` is a scale.
    let is_weight = |r: &&SummaryRow| match r.variable.rsplit_once('.') {
        Some((_, last)) => last.contains('[') || last == "w" || last == "b",
        None => false,
    };
    let mut panels: Vec<Vec<&SummaryRow>> = vec![];
    for row in summary.iter().filter(|r| is_drawable(r) && !is_weight(r)).take(ROWS) {
        match panels.last_mut() {
            Some(panel) if fits(panel, row) => panel.push(row),
            _ => panels.push(vec![row]),
        }
    }
    panels
}

/// On a common axis no interval may shrink to a dot.
fn fits(panel: &[&SummaryRow], row: &SummaryRow) -> bool {
    const SHORTEST: f64 = 1.0 / 25.0;
    let all = || panel.iter().copied().chain([row]);
    let low = all().map(|r| r.q05).fold(f64::INFINITY, f64::min);
    let high = all().map(|r| r.q95).fold(f64::NEG_INFINITY, f64::max);
    all().all(|r| r.q95 - r.q05 >= SHORTEST * (high - low))
}

fn paint(area: &Area<'_>, rows: &[&SummaryRow]) -> Result<(), DrawError> {
    let Some(x) = range(rows.iter().flat_map(|r| [r.q05, r.q95, r.mean - r.sd, r.mean + r.sd])) else {
        return Ok(());
    };
    let names = px(150.0);
    let plot = area.margin(px(2.0), px(2.0), names - px(AXIS.0), px(14.0));
    let n = rows.len() as f64;
    let mut chart = axes(&plot, (x.clone(), ""), (0.0..n, ""), (7, 0))?;
    if x.contains(&0.0) {
        chart.draw_series([PathElement::new(
            vec![(0.0, 0.0), (0.0, n)],
            INK.mix(0.6).stroke_width(px(0.9) as u32),
        )])?;
    }
    // In a damaged table a median may lie anywhere.
    let inside = |v: f64| v.clamp(x.start, x.end);
    for (i, row) in rows.iter().enumerate() {
        let y = n - 0.5 - i as f64;
        let across = |a: f64, b: f64, w: f64| {
            PathElement::new(vec![(inside(a), y), (inside(b), y)], SERIES[0].stroke_width(px(w) as u32))
        };
        let rule = PathElement::new(vec![(x.start, y), (x.end, y)], GRID.stroke_width(px(0.5) as u32));
        chart.draw_series([rule])?;
        chart.draw_series([
            across(row.q05, row.q95, 1.2),
            across(row.mean - row.sd, row.mean + row.sd, 3.6),
        ])?;
        chart.draw_series([Circle::new((inside(row.q50), y), px(3.6), WHITE.filled())])?;
        chart.draw_series([Circle::new((inside(row.q50), y), px(2.6), SERIES[0].filled())])?;
        let (_, at) = chart.backend_coord(&(x.start, y));
        let (_, top) = area.get_base_pixel();
        area.draw(&Text::new(
            row.variable.clone(),
            (names - px(8.0), at - top),
            anchored(12.0, HPos::Right),
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(variable: &str, q05: f64, q95: f64) -> SummaryRow {
        let mean = (q05 + q95) / 2.0;
        SummaryRow {
            variable: variable.into(),
            mean,
            sd: (q95 - q05) / 4.0,
            q05,
            q50: mean,
            q95,
            convergence: None,
            reweighted: None,
        }
    }

    #[test]
    fn a_median_far_from_its_quantiles_is_drawn_at_the_edge() {
        let odd = SummaryRow { q50: 1e29, ..row("a", 0.0, 1.0) };
        assert!(figure(&[odd]).is_some());
    }

    #[test]
    fn weights_of_nets_are_left_out_and_scales_kept() {
        let rows = [
            row("f.1.w[1,1]", 0.0, 1.0),
            row("f.1.w[1,2]", 0.0, 1.0),
            row("f.2.w", 0.0, 1.0),
            row("f.1.s", 0.5, 1.0),
        ];
        let panels = panels(&rows);
        assert_eq!(panels.len(), 1);
        assert_eq!(panels[0][0].variable, "f.1.s");
    }

    #[test]
    fn variables_of_other_sizes_get_an_axis_of_their_own() {
        let rows = [row("mu", -1.0, 1.0), row("tau", 0.5, 2.0), row("income", 1e4, 2e4)];
        let names: Vec<Vec<&str>> =
            panels(&rows).iter().map(|p| p.iter().map(|r| r.variable.as_str()).collect()).collect();
        assert_eq!(names, [vec!["mu", "tau"], vec!["income"]]);
    }
}
