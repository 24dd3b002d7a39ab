//! How sure the model is over all held-out rows: expected error and class variance, right and wrong apart.

use super::Figure;
use super::canvas::{Area, DrawError, axes, draw, font, px};
use super::colour::SERIES;
use crate::run_folder::{ClassPredictions, TargetPredictions, TargetValues};
use plotters::prelude::*;

const BINS: usize = 20;
/// Fewer wrong rows than this have no distribution.
const FEWEST: usize = 5;

/// Draws the distribution of expected error and of class variance over rows.
pub(super) fn figure(split: &str, target: &TargetPredictions) -> Option<Figure> {
    let TargetValues::Classes(classes) = &target.values else { return None };
    let rows = |is_right: bool| (0..classes.rows()).filter(move |r| classes.is_right(*r) == Some(is_right));
    let counts = (rows(true).count(), rows(false).count());
    if counts.0 < FEWEST || counts.1 < FEWEST {
        return None;
    }
    let top =
        (0..classes.rows()).map(|r| classes.class_variance(r)).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let top = if top > 0.0 { top } else { 1.0 };
    let title = format!("How sure the model is of its {split} rows");
    let svg = draw(860.0, 290.0, &title, &[], |area| {
        let (left, right) = area.split_horizontally(px(430.0));
        let error = |r: usize| classes.expected_error.get(r).copied().unwrap_or(f64::NAN);
        panel(&left, classes, "expected error (share of draws that disagree)", 1.0, &error)?;
        panel(&right, classes, "variance of the class probabilities over draws", top, &|r| {
            classes.class_variance(r)
        })?;
        legend(area, counts)
    });
    let caption = "Left: the share of posterior draws whose class is not the predicted one. Right: the variance of the \
                   class probabilities over draws, averaged over classes. A model that knows what it does not know \
                   has its wrong rows further to the right."
        .to_owned();
    Some(Figure { name: format!("uncertainty_{}", target.name), title, caption, svg })
}

fn panel(
    area: &Area<'_>,
    classes: &ClassPredictions,
    name: &str,
    top: f64,
    value: &dyn Fn(usize) -> f64,
) -> Result<(), DrawError> {
    let shares = [true, false].map(|is_right| shares(classes, is_right, top, value));
    let highest = shares.iter().flatten().copied().fold(0.0, f64::max) * 1.05;
    let area = area.margin(px(26.0), px(0.0), px(0.0), px(14.0));
    let mut chart = axes(&area, (0.0..top, name), (0.0..highest.max(1.0), "% of the rows"), (6, 5))?;
    for (i, shares) in shares.iter().enumerate() {
        let edge = |b: usize| top * b as f64 / BINS as f64;
        let bars = shares.iter().enumerate().map(|(b, s)| [(edge(b), 0.0), (edge(b + 1), *s)]);
        let colour = SERIES[i];
        chart.draw_series(bars.map(|c| Rectangle::new(c, colour.mix(0.35).filled())))?;
        let outline = (0..BINS).flat_map(|b| [(edge(b), shares[b]), (edge(b + 1), shares[b])]);
        chart.draw_series(LineSeries::new(outline, colour.stroke_width(px(1.3) as u32)))?;
    }
    Ok(())
}

/// Per bin, the share of the right (or wrong) rows, in percent.
fn shares(classes: &ClassPredictions, is_right: bool, top: f64, value: &dyn Fn(usize) -> f64) -> Vec<f64> {
    let mut counts = [0.0; BINS];
    let rows = (0..classes.rows()).filter(|r| classes.is_right(*r) == Some(is_right));
    for v in rows.map(value).filter(|v| v.is_finite()) {
        counts[((v / top * BINS as f64) as usize).min(BINS - 1)] += 1.0;
    }
    let total = counts.iter().sum::<f64>().max(1.0);
    counts.iter().map(|c| 100.0 * c / total).collect()
}

fn legend(area: &Area<'_>, (right, wrong): (usize, usize)) -> Result<(), DrawError> {
    let entries = [(0, format!("{right} rightly predicted")), (1, format!("{wrong} wrongly predicted"))];
    for (i, (colour, words)) in entries.into_iter().enumerate() {
        let x = px(62.0 + 170.0 * i as f64);
        let box_ = [(x, px(6.0)), (x + px(12.0), px(18.0))];
        area.draw(&Rectangle::new(box_, SERIES[colour].mix(0.6).filled()))?;
        area.draw(&Text::new(words, (x + px(18.0), px(6.0)), font(13.0)))?;
    }
    Ok(())
}
