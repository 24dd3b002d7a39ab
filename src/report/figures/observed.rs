//! Predicted against observed numbers, with the 90 % interval of each prediction.

use super::Figure;
use super::canvas::{INK, axes, draw, px, range};
use super::colour::SERIES;
use crate::run_folder::{RealPredictions, TargetPredictions, TargetValues};
use plotters::prelude::*;

/// More rows than this hide each other.
const POINTS: usize = 400;

struct Point {
    x: f64,
    y: f64,
    low: f64,
    high: f64,
}

/// Draws one upright interval per row, orange where it misses.
pub(super) fn figure(split: &str, target: &TargetPredictions) -> Option<Figure> {
    let TargetValues::Reals(reals) = &target.values else { return None };
    let points = points(reals);
    let ends = range(points.iter().flat_map(|p| [p.x, p.low, p.high, p.y]))?;
    let title = format!("Predicted and observed {} on the {split} rows", target.name);
    let svg = draw(460.0, 440.0, &title, &[], |area| {
        let area = area.margin(px(8.0), 0, 0, px(14.0));
        let x_name = format!("observed {}", target.name);
        let mut chart = axes(&area, (ends.clone(), &x_name), (ends.clone(), "predicted"), (6, 6))?;
        let diagonal = vec![(ends.start, ends.start), (ends.end, ends.end)];
        chart.draw_series([PathElement::new(diagonal, INK.mix(0.5).stroke_width(px(1.0) as u32))])?;
        let colour = |p: &Point| SERIES[usize::from(!(p.low..=p.high).contains(&p.x))];
        chart.draw_series(points.iter().map(|p| {
            let style = colour(p).mix(0.4).stroke_width(px(1.2) as u32);
            PathElement::new(vec![(p.x, p.low), (p.x, p.high)], style)
        }))?;
        chart.draw_series(points.iter().map(|p| Circle::new((p.x, p.y), px(2.2), colour(p).filled())))?;
        Ok(())
    });
    let all = reals.target.len();
    let some =
        if points.len() < all { format!("{} of the {all} rows. ", points.len()) } else { String::new() };
    let caption = format!(
        "{some}Discs: the predictive mean. Lines: the 90 % interval, orange where the observed value lies outside; \
         one in ten should."
    );
    Some(Figure { name: format!("observed_{}", target.name), title, caption, svg })
}

fn points(reals: &RealPredictions) -> Vec<Point> {
    let at = |v: &[f64], r: usize| v.get(r).copied().unwrap_or(f64::NAN);
    let every = reals.target.len().div_ceil(POINTS).max(1);
    let point = |r: usize| Point {
        x: at(&reals.target, r),
        y: at(&reals.mean, r),
        low: at(&reals.q05, r),
        high: at(&reals.q95, r),
    };
    let drawable = |p: &Point| [p.x, p.y, p.low, p.high].iter().all(|v| v.is_finite() && v.abs() < 1e30);
    (0..reals.target.len()).step_by(every).map(point).filter(drawable).collect()
}
