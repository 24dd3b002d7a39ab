//! The sheet that figures are drawn on: SVG by plotters, with room for pixels that plotters cannot draw.
//!
//! plotters rounds to whole pixels, so a sheet is [`SCALE`] times finer than it is shown. Two colours are not
//! colours but roles, [`INK`] and [`GRID`]: a page may replace them, so that figures suit light and dark.
//! A raster (a map, an image, a colour bar) is drawn as a rectangle of a marker colour, and the rectangle is
//! replaced by an embedded PNG afterwards.

use super::png;
use crate::report::number::axis as number;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

/// Units of the sheet per shown pixel.
pub(super) const SCALE: f64 = 4.0;
/// Shown pixels that the labels of the vertical and the horizontal axis take.
pub(super) const AXIS: (f64, f64) = (62.0, 42.0);
/// Text and axes; replaced by the page's colour of text.
pub(super) const INK: RGBColor = RGBColor(0x24, 0x29, 0x2f);
/// Lines of the grid; replaced by the page's colour of rules.
pub(super) const GRID: RGBColor = RGBColor(0xd8, 0xde, 0xe4);
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
pub(super) type DrawError = DrawingAreaErrorKind<std::io::Error>;

/// Converts shown pixels to units of the sheet.
pub(super) fn px(pixels: f64) -> i32 {
    (pixels * SCALE).round() as i32
}

/// A picture of pixels at a marked place.
pub(super) struct Raster {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Three bytes per pixel, rows from the top.
    pub rgb: Vec<u8>,
    /// Whether pixels keep their edges when enlarged.
    pub is_crisp: bool,
}

/// The marker colour of raster `i`: no figure draws anything else in it.
pub(super) fn marker(i: usize) -> RGBColor {
    RGBColor(0x01, 0xfe, (i % 256) as u8)
}

/// Shown pixels to the left of the sheet: an upright label stands on its edge, and the box of its letters beyond.
const BESIDE: f64 = 4.0;

/// Draws a figure of so many shown pixels; an error of the drawing is shown in its place.
pub(super) fn draw(
    width: f64,
    height: f64,
    title: &str,
    rasters: &[Raster],
    paint: impl FnOnce(&Area<'_>) -> Result<(), DrawError>,
) -> String {
    let mut svg = String::new();
    let painted = {
        let area =
            SVGBackend::with_string(&mut svg, (px(width) as u32, px(height) as u32)).into_drawing_area();
        paint(&area).and_then(|()| area.present())
    };
    let body = match painted {
        Ok(()) => body_of(&svg).to_owned(),
        Err(e) => {
            format!("<text y=\"64\" font-size=\"48\">could not be drawn: {}</text>", escape(&e.to_string()))
        }
    };
    let body = rasters.iter().enumerate().fold(body, |b, (i, r)| place(&b, marker(i), r));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{}\" width=\"{}\" height=\"{height}\" \
         viewBox=\"{} 0 {} {}\">\n{body}</svg>\n",
        escape(title),
        width + BESIDE,
        -px(BESIDE),
        px(width + BESIDE),
        px(height),
    )
}

/// What stands between the opening and the closing tag.
fn body_of(svg: &str) -> &str {
    let start = svg.find("<svg").and_then(|i| Some(i + svg[i..].find('>')? + 1)).unwrap_or(0);
    let end = svg.rfind("</svg>").unwrap_or(svg.len());
    svg.get(start..end).unwrap_or("")
}

/// Replaces the rectangle of a marker colour by an image of the same size and place.
fn place(body: &str, colour: RGBColor, raster: &Raster) -> String {
    let hex = format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2);
    let image = |line: &str| {
        let size = ["x", "y", "width", "height"].map(|a| format!("{a}=\"{}\"", attribute(line, a)));
        let rendering = if raster.is_crisp { " style=\"image-rendering:pixelated\"" } else { "" };
        let data = png::data_uri(raster.width, raster.height, &raster.rgb);
        format!("<image {} preserveAspectRatio=\"none\"{rendering} href=\"{data}\"/>", size.join(" "))
    };
    let line = |l: &str| if l.starts_with("<rect") && l.contains(&hex) { image(l) } else { l.to_owned() };
    body.lines().map(|l| line(l) + "\n").collect()
}

pub(super) fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    let start = element.find(&format!(" {name}=\"")).map(|i| i + name.len() + 3);
    start.and_then(|s| element[s..].split('"').next()).unwrap_or("0")
}

/// Makes text safe inside HTML and SVG, also in attributes.
pub(in crate::report) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text of so many shown pixels.
pub(super) fn font(size: f64) -> TextStyle<'static> {
    ("sans-serif", px(size)).into_font().color(&INK)
}

/// Text that is placed by its centre, left or right end.
pub(super) fn anchored(size: f64, horizontal: HPos) -> TextStyle<'static> {
    font(size).pos(Pos::new(horizontal, VPos::Center))
}

/// Axes with a light grid, ready to draw on; the plotting area is what the labels leave.
pub(super) fn axes<'a, 'b>(
    area: &'a Area<'b>,
    (x, x_name): (Range<f64>, &str),
    (y, y_name): (Range<f64>, &str),
    ticks: (usize, usize),
) -> Result<Chart<'a, 'b>, DrawError> {
    let mut chart = ChartBuilder::on(area)
        .x_label_area_size(px(AXIS.1))
        .y_label_area_size(px(AXIS.0))
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID.stroke_width(px(0.75) as u32))
        .axis_style(INK.stroke_width(px(0.75) as u32))
        .set_all_tick_mark_size(px(3.0))
        .x_labels(ticks.0)
        .y_labels(ticks.1)
        .x_label_formatter(&|v| number(*v))
        .y_label_formatter(&|v| number(*v))
        .label_style(font(12.5))
        .axis_desc_style(font(13.0))
        .x_desc(x_name)
        .y_desc(y_name)
        .draw()?;
    Ok(chart)
}

/// The range of what can be drawn, a little wider than the values; none if nothing can.
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let drawable = |v: &f64| v.is_finite() && v.abs() < 1e30;
    let (low, high) =
        values.filter(drawable).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    if low > high {
        return None;
    }
    // A range that is tiny beside its values leaves no distinct ticks.
    let smallest = (low.abs().max(high.abs()) * 1e-6).max(1e-12);
    let margin = ((high - low) * 0.05).max(smallest);
    Some(low - margin..high + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_always_has_a_width_and_only_finite_ends() {
        assert_eq!(range([f64::NAN, f64::INFINITY].into_iter()), None);
        for values in [vec![5.0], vec![0.0], vec![-1e20, f64::NAN], vec![1.0, 2.0]] {
            let r = range(values.iter().copied()).unwrap();
            assert!(r.end > r.start && r.start.is_finite() && r.end.is_finite(), "{values:?} {r:?}");
        }
    }

    #[test]
    fn a_marked_rectangle_becomes_an_image() {
        let raster = Raster { width: 1, height: 1, rgb: vec![1, 2, 3], is_crisp: true };
        let svg = draw(100.0, 50.0, "a < b", &[raster], |area| {
            area.draw(&Rectangle::new([(4, 8), (44, 28)], marker(0).filled()))?;
            Ok(())
        });
        assert!(
            svg.contains("aria-label=\"a &lt; b\"") && svg.contains("viewBox=\"-16 0 416 200\""),
            "{svg}"
        );
        assert!(svg.contains("<image x=\"4\" y=\"8\" width=\"40\" height=\"20\""), "{svg}");
        assert!(!svg.contains("<rect"), "{svg}");
    }
}
