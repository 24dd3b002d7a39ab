//! The reliability curve: of the rows given 80 % for their class, are 80 % right?

use super::Figure;
use super::canvas::{INK, axes, draw, px};
use super::colour::SERIES;
use crate::run_folder::{ClassPredictions, TargetPredictions, TargetValues};
use plotters::prelude::*;

/// The bins of the metric `ece`.
const BINS: usize = 15;

struct Bin {
    rows: f64,
    confidence: f64,
    accuracy: f64,
}

/// Draws accuracy against confidence, and below how many rows have that confidence.
pub(super) fn figure(split: &str, target: &TargetPredictions) -> Option<Figure> {
    let TargetValues::Classes(classes) = &target.values else { return None };
    let bins = bins(classes);
    let total: f64 = bins.iter().map(|b| b.rows).sum();
    if total == 0.0 {
        return None;
    }
    // With K classes no confidence is below 1/K.
    let low = (1.0 / classes.levels.len().max(1) as f64).min(0.5);
    let low = (low * BINS as f64).floor() / BINS as f64;
    let title = format!("Reliability on the {split} rows");
    let svg = draw(430.0, 400.0, &title, &[], |area| {
        let (top, bottom) = area.split_vertically(px(300.0));
        let top = top.margin(px(8.0), 0, 0, px(14.0));
        let x_name = "probability of the predicted class";
        let mut chart = axes(&top, (low..1.0, ""), (0.0..1.0, "share that is right"), (6, 6))?;
        let dash = INK.mix(0.5).stroke_width(px(1.0) as u32);
        chart.draw_series([PathElement::new(vec![(low, low), (1.0, 1.0)], dash)])?;
        let filled: Vec<&Bin> = bins.iter().filter(|b| b.rows > 0.0).collect();
        chart.draw_series(filled.iter().map(|b| {
            let (down, up) = interval(b);
            PathElement::new(
                vec![(b.confidence, down), (b.confidence, up)],
                SERIES[0].mix(0.6).stroke_width(px(1.5) as u32),
            )
        }))?;
        let line = filled.iter().map(|b| (b.confidence, b.accuracy));
        chart.draw_series(LineSeries::new(line, SERIES[0].stroke_width(px(1.3) as u32)))?;
        let dots =
            filled.iter().map(|b| Circle::new((b.confidence, b.accuracy), px(3.0), SERIES[0].filled()));
        chart.draw_series(dots)?;

        let most = bins.iter().map(|b| 100.0 * b.rows / total).fold(0.0, f64::max) * 1.05;
        let bottom = bottom.margin(0, 0, 0, px(14.0));
        let mut chart = axes(&bottom, (low..1.0, x_name), (0.0..most, "% of rows"), (6, 3))?;
        let edge = |i: usize| i as f64 / BINS as f64;
        let bars = bins.iter().enumerate().filter(|(i, _)| edge(*i + 1) > low + 1e-9);
        chart.draw_series(bars.map(|(i, b)| {
            let corners = [(edge(i).max(low), 0.0), (edge(i + 1), 100.0 * b.rows / total)];
            Rectangle::new(corners, SERIES[0].mix(0.5).filled())
        }))?;
        Ok(())
    });
    let caption = "On the straight line, rows that get 80 % are right in 80 % of cases; below it the model is too sure \
                   of itself. Bars: 95 % intervals from the number of rows alone. Underneath: how many rows get what \
                   probability."
        .to_owned();
    Some(Figure { name: format!("reliability_{}", target.name), title, caption, svg })
}

fn bins(classes: &ClassPredictions) -> Vec<Bin> {
    let mut bins: Vec<Bin> = (0..BINS).map(|_| Bin { rows: 0.0, confidence: 0.0, accuracy: 0.0 }).collect();
    for row in 0..classes.rows() {
        let confidence = classes.confidence(row);
        let Some(is_right) = classes.is_right(row).filter(|_| (0.0..=1.0).contains(&confidence)) else {
            continue;
        };
        let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.rows += 1.0;
        bin.confidence += confidence;
        bin.accuracy += f64::from(is_right);
    }
    for bin in bins.iter_mut().filter(|b| b.rows > 0.0) {
        bin.confidence /= bin.rows;
        bin.accuracy /= bin.rows;
    }
    bins
}

/// Wilson's 95 % interval for a share: it stays inside 0 to 1 and has a width where all rows agree.
fn interval(bin: &Bin) -> (f64, f64) {
    let (n, p, z) = (bin.rows, bin.accuracy, 1.96);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_wilson() {
        // Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263, 95 % Wilson interval 0.2553 to 0.3662
        let (low, high) = interval(&Bin { rows: 263.0, confidence: 0.0, accuracy: 81.0 / 263.0 });
        assert!((low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4, "{low} {high}");
    }
}
