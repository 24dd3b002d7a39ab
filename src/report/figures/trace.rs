//! The trace of the ELBO: did the fit settle?

use super::Figure;
use super::canvas::{axes, draw, px, range};
use super::colour::SERIES;
use crate::run_folder::{Run, TraceRow};
use plotters::prelude::*;

/// Lines of many thousand steps are thinned to about this many points.
const POINTS: usize = 600;

/// Draws the objective against the step, one line per start, with a window on the last two thirds.
pub(super) fn figure(run: &Run) -> Option<Figure> {
    let starts = by_start(&run.trace);
    let last = run.trace.iter().map(|r| r.step).max()?;
    let word = if run.metrics.objective.is_elbo { "ELBO" } else { "objective" };
    let name = format!("{word} (nats, training rows)");
    let x = range([0.0, last as f64].into_iter())?;
    let all = range(run.trace.iter().map(|r| r.elbo))?;
    let late = run.trace.iter().filter(|r| r.step.saturating_mul(3) >= last).map(|r| r.elbo);
    let late = range(late).unwrap_or(all.clone());
    let svg = draw(860.0, 280.0, "Trace of the objective", &[], |area| {
        let (left, right) = area.split_horizontally(px(430.0));
        for (half, x, y, label) in [
            (left, 0.0..x.end, all, name.as_str()),
            (right, last as f64 / 3.0..x.end, late, "the last two thirds, enlarged"),
        ] {
            let half = half.margin(px(8.0), px(0.0), px(0.0), px(14.0));
            let mut chart = axes(&half, (x.clone(), "step"), (y.clone(), label), (5, 6))?;
            for (i, rows) in starts.iter().enumerate() {
                let inside = |r: &TraceRow| x.contains(&(r.step as f64)) && r.elbo.is_finite();
                let points = thinned(rows).into_iter().filter(inside);
                let points = points.map(|r| (r.step as f64, r.elbo.clamp(y.start, y.end)));
                let colour = SERIES[i % SERIES.len()].mix(if starts.len() > 1 { 0.8 } else { 1.0 });
                chart.draw_series(LineSeries::new(points, colour.stroke_width(px(1.1) as u32)))?;
            }
        }
        Ok(())
    });
    let caption = match starts.len() {
        1 => "The noisy value of each step. A fit that has settled ends in a level band.".to_owned(),
        n if run.manifest.rungs.len() > 2 => format!(
            "The noisy value of each step, one line for each of {n} climbs: starts of the first guide, then richer ones \
             from where it ended."
        ),
        n => format!("The noisy value of each step, one line for each of {n} starts; the best one is kept."),
    };
    Some(Figure { name: "trace".into(), title: format!("Trace of the {word}"), caption, svg })
}

fn by_start(trace: &[TraceRow]) -> Vec<Vec<TraceRow>> {
    let mut starts: Vec<Vec<TraceRow>> = vec![];
    for row in trace {
        match starts.iter_mut().find(|s| s[0].start == row.start) {
            Some(rows) => rows.push(*row),
            None => starts.push(vec![*row]),
        }
    }
    starts
}

fn thinned(rows: &[TraceRow]) -> Vec<TraceRow> {
    let every = rows.len().div_ceil(POINTS).max(1);
    let mut out: Vec<TraceRow> = rows.iter().step_by(every).copied().collect();
    if let (Some(last), Some(end)) = (rows.last(), out.last())
        && last.step != end.step
    {
        out.push(*last);
    }
    out
}
