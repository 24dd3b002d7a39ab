//! Which class is taken for which, and how much the draws doubt it.

use super::Figure;
use super::canvas::{INK, anchored, draw, font, px};
use super::colour::sequential;
use crate::run_folder::{TargetPredictions, TargetValues};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// More classes than this have no room.
const MOST: usize = 20;
/// Shown pixels of a cell, and of the labels beside them.
const SIDE: f64 = 50.0;
const LEFT: f64 = 96.0;
const TOP: f64 = 58.0;

/// Draws a cell for each pair of classes: the number of rows, on a shade for the mean expected error of those rows.
pub(super) fn figure(split: &str, target: &TargetPredictions) -> Option<Figure> {
    let TargetValues::Classes(classes) = &target.values else { return None };
    let k = classes.levels.len();
    if !(2..=MOST).contains(&k) {
        return None;
    }
    let mut cells = vec![(0usize, 0.0f64); k * k];
    for row in 0..classes.rows() {
        let (Some(truth), predicted) = (classes.target[row], classes.predicted(row)) else { continue };
        let cell = &mut cells[truth * k + predicted];
        cell.0 += 1;
        cell.1 += classes.expected_error.get(row).copied().unwrap_or(0.0);
    }
    let doubt = |c: &(usize, f64)| c.1 / c.0.max(1) as f64;
    let top = cells.iter().map(doubt).fold(0.0, f64::max).max(1e-3);
    let title = format!("Which class is taken for which on the {split} rows");
    let size = (LEFT + SIDE * k as f64 + 8.0, TOP + SIDE * k as f64 + 8.0);
    let svg = draw(size.0.max(300.0), size.1, &title, &[], |area| {
        area.draw(&Text::new("predicted", (px(LEFT), px(6.0)), font(13.0)))?;
        area.draw(&Text::new("observed", (px(4.0), px(34.0)), font(13.0)))?;
        for (i, level) in classes.levels.iter().enumerate() {
            let short: String = level.chars().take(9).collect();
            let middle = SIDE * (i as f64 + 0.5);
            area.draw(&Text::new(
                short.clone(),
                (px(LEFT + middle), px(44.0)),
                anchored(12.5, HPos::Center),
            ))?;
            area.draw(&Text::new(short, (px(LEFT - 8.0), px(TOP + middle)), anchored(12.5, HPos::Right)))?;
        }
        for (i, cell) in cells.iter().enumerate() {
            let (x, y) = (LEFT + SIDE * (i % k) as f64, TOP + SIDE * (i / k) as f64);
            let corners = [(px(x), px(y)), (px(x + SIDE - 1.5), px(y + SIDE - 1.5))];
            if cell.0 == 0 {
                area.draw(&Rectangle::new(corners, INK.mix(0.05).filled()))?;
                continue;
            }
            let shade = 0.9 * doubt(cell) / top;
            area.draw(&Rectangle::new(corners, sequential(shade).filled()))?;
            // Cells have colours of their own on any page, so their words do too.
            let ink = if shade > 0.5 { WHITE } else { RGBColor(0x1c, 0x21, 0x28) };
            let at = (px(x + SIDE / 2.0), px(y + SIDE / 2.0));
            area.draw(&Text::new(cell.0.to_string(), at, anchored(13.5, HPos::Center).color(&ink)))?;
        }
        Ok(())
    });
    let caption = format!(
        "Numbers: rows of the observed class that are predicted as the other. Shade: their mean expected error, the share of \
         posterior draws that say otherwise, up to {:.0} %. A wrong cell that is pale is a mistake made with confidence.",
        100.0 * top
    );
    Some(Figure { name: format!("confusion_{}", target.name), title, caption, svg })
}
