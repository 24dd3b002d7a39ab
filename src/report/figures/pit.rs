//! The PIT histogram: of the observed numbers, one in ten below the predicted 10 % quantile?

use super::Figure;
use super::canvas::{INK, axes, draw, px};
use super::colour::SERIES;
use crate::run_folder::Pit;
use plotters::prelude::*;

/// Draws the share of rows in each bin, with what chance does to bins of a calibrated model.
pub(super) fn figure(pit: &Pit) -> Option<Figure> {
    let (rows, n) = (pit.rows as f64, pit.bins.len());
    if rows == 0.0 || n == 0 {
        return None;
    }
    let even = 1.0 / n as f64;
    let sd = (even * (1.0 - even) / rows).sqrt();
    let (down, up) = ((even - 1.96 * sd).max(0.0), even + 1.96 * sd);
    let most = pit.bins.iter().map(|b| b / rows).fold(up, f64::max) * 1.1;
    let title = format!("Where observed {} lies in its predictions, {} rows", pit.target, pit.split);
    let svg = draw(460.0, 300.0, &title, &[], |area| {
        let area = area.margin(px(8.0), 0, 0, px(14.0));
        let x_name = format!("P(predicted {} ≤ observed)", pit.target);
        let mut chart = axes(&area, (0.0..1.0, &x_name), (0.0..100.0 * most, "% of rows"), (6, 5))?;
        let band = [(0.0, 100.0 * down), (1.0, 100.0 * up)];
        chart.draw_series([Rectangle::new(band, INK.mix(0.12).filled())])?;
        chart.draw_series(pit.bins.iter().enumerate().map(|(i, b)| {
            let corners = [(i as f64 * even, 0.0), ((i + 1) as f64 * even, 100.0 * b / rows)];
            Rectangle::new(corners, SERIES[0].mix(0.5).filled())
        }))?;
        let line = vec![(0.0, 100.0 * even), (1.0, 100.0 * even)];
        chart.draw_series([PathElement::new(line, INK.mix(0.6).stroke_width(px(1.0) as u32))])?;
        Ok(())
    });
    let caption = "Of a calibrated model all bars are alike, up to chance: nineteen in twenty end inside the grey band. High \
                   ends: the predictions are too narrow. A hill: they are too wide. A slope: they are too low (rising) or \
                   too high (falling)."
        .to_owned();
    Some(Figure { name: format!("pit_{}", pit.target), title, caption, svg })
}
