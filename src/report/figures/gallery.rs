//! Images of the data with what the model thinks of them.

use super::Figure;
use super::canvas::{INK, Raster, anchored, draw, marker, px};
use super::colour::SERIES;
use crate::run_folder::{Gallery, Image};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const COLUMNS: usize = 8;
/// Shown pixels of an image, and of the cell with its words.
const SIDE: f64 = 76.0;
const CELL: (f64, f64) = (107.0, 130.0);

/// Draws the images in rows, each with the true and the predicted class, the confidence and the expected error.
pub(super) fn figure(gallery: &Gallery) -> Option<Figure> {
    let shown = &gallery.images[..gallery.images.len().min(255)];
    let columns = COLUMNS.min(shown.len());
    let rows = shown.len().checked_div(columns)? + usize::from(!shown.len().is_multiple_of(columns));
    let rasters: Vec<Raster> = shown.iter().map(|i| raster(gallery, i)).collect();
    let size = (CELL.0 * columns as f64, CELL.1 * rows as f64);
    let svg = draw(size.0, size.1, &gallery.title, &rasters, |area| {
        for (k, image) in shown.iter().enumerate() {
            let left = CELL.0 * (k % columns) as f64 + (CELL.0 - SIDE) / 2.0;
            let top = CELL.1 * (k / columns) as f64 + 4.0;
            let corners = [(px(left), px(top)), (px(left + SIDE), px(top + SIDE))];
            area.draw(&Rectangle::new(corners, marker(k).filled()))?;
            let is_right = image.truth == image.predicted;
            let words = if is_right {
                format!("{}, rightly", image.predicted)
            } else {
                format!("{}, but is {}", image.predicted, image.truth)
            };
            let colour = if is_right { INK } else { SERIES[1] };
            let middle = px(left + SIDE / 2.0);
            area.draw(&Text::new(
                words,
                (middle, px(top + SIDE + 12.0)),
                anchored(13.5, HPos::Center).color(&colour),
            ))?;
            let sure =
                format!("{:.0} % · {:.0} % differ", image.confidence * 100.0, image.expected_error * 100.0);
            area.draw(&Text::new(sure, (middle, px(top + SIDE + 28.0)), anchored(11.5, HPos::Center)))?;
        }
        Ok(())
    });
    let caption = format!(
        "{} Below each image: the predicted class, its probability, and the share of posterior draws that say otherwise.",
        sentence(&gallery.caption)
    );
    let name = gallery.name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    Some(Figure { name, title: gallery.title.clone(), caption, svg })
}

/// A capital in front and a full stop behind, unless they are there.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let capital = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let text = capital + letters.as_str();
    if text.is_empty() || text.ends_with('.') { text } else { text + "." }
}

fn raster(gallery: &Gallery, image: &Image) -> Raster {
    let rgb = match gallery.channels {
        // Dark on light, as on paper.
        1 => image.pixels.iter().flat_map(|p| [255 - p; 3]).collect(),
        _ => image.pixels.clone(),
    };
    Raster { width: gallery.width, height: gallery.height, rgb, is_crisp: true }
}
