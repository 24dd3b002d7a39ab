//! Several lines over one axis: learning curves beside each other.

use super::canvas::{axes, draw, font, px, range};
use super::colour::SERIES;
use crate::run_folder::TraceRow;
use plotters::prelude::*;
use std::ops::Range;

/// Shown pixels across: narrow enough that its words can be read on a phone.
const WIDTH: f64 = 520.0;
/// Points along a line.
const POINTS: usize = 300;

/// The start whose objective ended highest, smoothed: (step, objective).
pub(in crate::report) fn best_start(trace: &[TraceRow]) -> Vec<(f64, f64)> {
    let mut starts: Vec<(u32, Vec<(f64, f64)>)> = vec![];
    for row in trace.iter().filter(|r| r.elbo.is_finite()) {
        match starts.iter_mut().find(|(start, _)| *start == row.start) {
            Some((_, points)) => points.push((row.step as f64, row.elbo)),
            None => starts.push((row.start, vec![(row.step as f64, row.elbo)])),
        }
    }
    // A start that was given up early has not ended.
    let last = trace.iter().map(|r| r.step).max().unwrap_or(0) as f64;
    let ended = |points: &[(f64, f64)]| points.last().is_some_and(|p| p.0 >= 0.5 * last);
    let end = |points: &[(f64, f64)]| {
        let tail = &points[points.len() - points.len().div_ceil(10)..];
        tail.iter().map(|p| p.1).sum::<f64>() / tail.len() as f64
    };
    let best =
        starts.iter().filter(|(_, points)| ended(points)).max_by(|a, b| end(&a.1).total_cmp(&end(&b.1)));
    best.map(|(_, points)| smoothed(points)).unwrap_or_default()
}

/// Means over windows of a fiftieth, thinned.
fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let half = points.len() / 100;
    let every = points.len().div_ceil(POINTS).max(1);
    let at = |i: usize| {
        let window = &points[i.saturating_sub(half)..(i + half + 1).min(points.len())];
        (points[i].0, window.iter().map(|p| p.1).sum::<f64>() / window.len() as f64)
    };
    (0..points.len()).step_by(every).map(at).collect()
}

/// Draws lines with their names.
pub fn draw_lines(lines: &[(String, Vec<(f64, f64)>)], names: (&str, &str), title: &str) -> String {
    draw_between(range(lines.iter().flat_map(|(_, l)| l).map(|p| p.1)), lines, names, title)
}

/// The same of lines that climb: the range is that of their last four fifths, so that the ends can be told apart, and
/// what lies below it is left out.
pub fn draw_climbs(lines: &[(String, Vec<(f64, f64)>)], names: (&str, &str), title: &str) -> String {
    let late = lines.iter().flat_map(|(_, l)| &l[l.len() / 5..]);
    draw_between(range(late.map(|p| p.1)), lines, names, title)
}

fn draw_between(
    y: Option<Range<f64>>,
    lines: &[(String, Vec<(f64, f64)>)],
    (x_name, y_name): (&str, &str),
    title: &str,
) -> String {
    let y = y.unwrap_or(0.0..1.0);
    let x = range(lines.iter().flat_map(|(_, l)| l).map(|p| p.0)).unwrap_or(0.0..1.0);
    let width = |name: &str| 34.0 + 8.0 * name.chars().count() as f64;
    // Names that do not fit on a line go to the next.
    let mut places = vec![];
    let (mut left, mut line) = (62.0, 0.0);
    for (name, _) in lines {
        if left > 62.0 && left + width(name) > WIDTH {
            (left, line) = (62.0, line + 1.0);
        }
        places.push((left, line));
        left += width(name);
    }
    let head = 30.0 + 18.0 * line;
    draw(WIDTH, 290.0 + head, title, &[], |area| {
        let plot = area.margin(px(head), 0, 0, px(14.0));
        let mut chart = axes(&plot, (0.0..x.end, x_name), (y.clone(), y_name), (5, 6))?;
        for (i, (name, points)) in lines.iter().enumerate() {
            let colour = SERIES[i % SERIES.len()];
            let inside = points.iter().filter(|p| p.1 >= y.start).copied();
            chart.draw_series(LineSeries::new(inside, colour.stroke_width(px(1.5) as u32)))?;
            let (left, top) = (places[i].0, 18.0 * places[i].1);
            let bar = [(px(left), px(top + 9.0)), (px(left + 14.0), px(top + 13.0))];
            area.draw(&Rectangle::new(bar, colour.filled()))?;
            area.draw(&Text::new(name.clone(), (px(left + 20.0), px(top + 4.0)), font(13.0)))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_that_ended_highest_is_shown() {
        let row = |start: u32, step: u64, elbo: f64| TraceRow { start, step, elbo, ..TraceRow::default() };
        let mut trace: Vec<TraceRow> = (0..100).map(|i| row(1, i, -50.0)).collect();
        trace.extend((0..100).map(|i| row(2, i, if i < 90 { -90.0 } else { -20.0 })));
        trace.extend((0..10).map(|i| row(3, i, 0.0)));
        assert_eq!(best_start(&trace).first(), Some(&(0.0, -90.0)));
        assert!(best_start(&[]).is_empty());
    }
}
