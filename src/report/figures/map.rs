//! The probability of a class over the plane of two inputs, beside its standard deviation over draws.

use super::Figure;
use super::canvas::{
    Area, Chart, DrawError, INK, Raster, SERIES, anchored, axes, draw, font, marker, number, px,
};
use crate::run_folder::{ClassMap, MapPoint, ProbabilityMap};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// More points than this hide the map and fill the file.
const POINTS: usize = 600;
/// Shown pixels of the longer side of a map.
const SIDE: f64 = 320.0;

/// Draws one figure per class.
pub(super) fn figures(map: &ProbabilityMap) -> Vec<Figure> {
    (0..map.classes.len()).map(|class| figure(map, class)).collect()
}

fn figure(map: &ProbabilityMap, class: usize) -> Figure {
    let of = &map.classes[class];
    let (width, height) = plot_size(map);
    let panel = (width + 58.0 + 74.0, height + 38.0 + 34.0);
    let top_sd = of.sd.iter().copied().filter(|v| v.is_finite()).fold(0.0f32, f32::max).max(1e-3);
    let class_colour = colour_of(class);
    let other = colour_of(usize::from(class == 0));
    let mean = move |p: f64| diverging(p, other, class_colour);
    let sd = move |v: f64| sequential(v);
    let rasters = [
        raster(map.n, &of.mean, 1.0, &mean),
        bar(&mean),
        raster(map.n, &of.sd, f64::from(top_sd), &sd),
        bar(&sd),
    ];
    let title = format!("Probability of class {} and its standard deviation", of.label);
    let svg = draw(panel.0 * 2.0, panel.1, &title, &rasters, |area| {
        let (left, right) = area.split_horizontally(px(panel.0));
        let mean_title = format!("probability of {} = {}", map.target, of.label);
        paint(&left, map, &mean_title, (0, 1.0), of, true)?;
        paint(&right, map, "its sd over posterior draws", (2, f64::from(top_sd)), of, false)
    });
    Figure {
        name: format!("map_{}_{}", safe(&map.target), safe(&of.label)),
        title,
        caption: caption(map, of),
        svg,
    }
}

fn caption(map: &ProbabilityMap, of: &ClassMap) -> String {
    let shown = map.points.len().min(POINTS);
    let some =
        if shown < map.points.len() { format!("{shown} of the {}", map.points.len()) } else { "the".into() };
    format!(
        "Left: the probability of {} = {}, averaged over posterior draws; the line is where it is one half. \
         Right: how much the draws disagree about it. On top {some} data: rings were used for the fit, discs held out.",
        map.target, of.label
    )
}

/// Equal units on both axes, unless that would make a strip.
fn plot_size(map: &ProbabilityMap) -> (f64, f64) {
    let span = |r: [f64; 2]| (r[1] - r[0]).abs().max(1e-300);
    let ratio = span(map.y_range) / span(map.x_range);
    match ratio {
        r if !(0.33..=3.0).contains(&r) => (SIDE, SIDE),
        r if r <= 1.0 => (SIDE, SIDE * r),
        r => (SIDE / r, SIDE),
    }
}

fn paint(
    area: &Area<'_>,
    map: &ProbabilityMap,
    title: &str,
    (first, top): (usize, f64),
    of: &ClassMap,
    with_line: bool,
) -> Result<(), DrawError> {
    let (width, height) = plot_size(map);
    area.draw(&Text::new(title.to_owned(), (px(58.0), px(10.0)), font(13.0)))?;
    let plot = area.margin(px(34.0), 0, 0, px(74.0));
    let mut chart = axes(
        &plot,
        (map.x_range[0]..map.x_range[1], map.axes[0].as_str()),
        (map.y_range[0]..map.y_range[1], map.axes[1].as_str()),
        (5, 5),
    )?;
    let corners = [(map.x_range[0], map.y_range[1]), (map.x_range[1], map.y_range[0])];
    chart.draw_series([Rectangle::new(corners, marker(first).filled())])?;
    if with_line {
        let dark = INK.mix(0.75).stroke_width(px(1.2) as u32);
        chart
            .draw_series(level_line(map, &of.mean).into_iter().map(|s| PathElement::new(s.to_vec(), dark)))?;
    }
    points(&mut chart, map)?;
    colour_bar(area, (px(58.0 + width + 16.0), px(34.0)), px(height), (first + 1, top))
}

fn points(chart: &mut Chart<'_, '_>, map: &ProbabilityMap) -> Result<(), DrawError> {
    let every = map.points.len().div_ceil(POINTS).max(1);
    let inside = |p: &&MapPoint| {
        let within = |v: f32, r: [f64; 2]| (r[0]..=r[1]).contains(&f64::from(v));
        within(p.x, map.x_range) && within(p.y, map.y_range)
    };
    let shown: Vec<&MapPoint> = map.points.iter().step_by(every).filter(inside).collect();
    let at = |p: &MapPoint| (f64::from(p.x), f64::from(p.y));
    let ring = |p: &&&MapPoint| !p.held_out;
    let rings = shown.iter().filter(ring);
    chart.draw_series(rings.map(|p| {
        Circle::new(at(p), px(2.0), dark(colour_of(p.class)).mix(0.8).stroke_width(px(0.9) as u32))
    }))?;
    let discs: Vec<_> = shown.iter().filter(|p| p.held_out).collect();
    chart.draw_series(discs.iter().map(|p| Circle::new(at(p), px(2.9), WHITE.filled())))?;
    chart
        .draw_series(discs.iter().map(|p| Circle::new(at(p), px(2.3), dark(colour_of(p.class)).filled())))?;
    Ok(())
}

fn colour_bar(
    area: &Area<'_>,
    (x, y): (i32, i32),
    height: i32,
    (raster, top): (usize, f64),
) -> Result<(), DrawError> {
    let wide = px(12.0);
    area.draw(&Rectangle::new([(x, y), (x + wide, y + height)], marker(raster).filled()))?;
    for i in 0..=4 {
        let at = y + height - height * i / 4;
        let value = number((top * f64::from(i) / 4.0 * 1e4).round() / 1e4);
        area.draw(&PathElement::new(
            [(x + wide, at), (x + wide + px(3.0), at)],
            INK.stroke_width(px(0.75) as u32),
        ))?;
        area.draw(&Text::new(value, (x + wide + px(6.0), at), anchored(11.0, HPos::Left)))?;
    }
    Ok(())
}

/// One pixel per cell, the lower edge of the map at the bottom; a cell without a value is grey.
fn raster(n: usize, values: &[f32], top: f64, colour: &dyn Fn(f64) -> RGBColor) -> Raster {
    let cell = |row: usize, i: usize| match values.get((n - 1 - row) * n + i) {
        Some(v) if v.is_finite() => colour(f64::from(*v) / top),
        _ => RGBColor(0x99, 0x99, 0x99),
    };
    let rgb = (0..n * n).flat_map(|k| <[u8; 3]>::from(cell(k / n, k % n).rgb())).collect();
    Raster { width: n, height: n, rgb, is_crisp: false }
}

fn bar(colour: &dyn Fn(f64) -> RGBColor) -> Raster {
    let rgb = (0..128).flat_map(|i| <[u8; 3]>::from(colour(1.0 - f64::from(i) / 127.0).rgb())).collect();
    Raster { width: 1, height: 128, rgb, is_crisp: false }
}

/// Where the probability is one half, as segments: marching squares on the cell centres.
fn level_line(map: &ProbabilityMap, values: &[f32]) -> Vec<[(f64, f64); 2]> {
    let n = map.n;
    let above = |i: usize, j: usize| f64::from(values[j * n + i]) - 0.5;
    let crossing = |(i, j): (usize, usize), (k, l): (usize, usize)| {
        let (a, b) = (above(i, j), above(k, l));
        let t = a / (a - b);
        let ((x0, y0), (x1, y1)) = (map.centre(i, j), map.centre(k, l));
        (a.is_sign_negative() != b.is_sign_negative() && t.is_finite())
            .then_some((x0 + t * (x1 - x0), y0 + t * (y1 - y0)))
    };
    let mut segments = vec![];
    for j in 0..n.saturating_sub(1) {
        for i in 0..n - 1 {
            let ring = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
            let ends: Vec<_> = (0..4).filter_map(|k| crossing(ring[k], ring[(k + 1) % 4])).collect();
            segments.extend(ends.as_chunks::<2>().0.iter().copied());
        }
    }
    segments
}

fn colour_of(class: usize) -> RGBColor {
    SERIES[class % SERIES.len()]
}

fn dark(c: RGBColor) -> RGBColor {
    blend(c, RGBColor(0, 0, 0), 0.25)
}

fn blend(a: RGBColor, b: RGBColor, t: f64) -> RGBColor {
    let mix = |x: u8, y: u8| (f64::from(x) + (f64::from(y) - f64::from(x)) * t.clamp(0.0, 1.0)).round() as u8;
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// From one colour through nearly white at one half to the other.
fn diverging(p: f64, low: RGBColor, high: RGBColor) -> RGBColor {
    let middle = RGBColor(0xf8, 0xf8, 0xf8);
    if p < 0.5 { blend(middle, low, 1.0 - 2.0 * p) } else { blend(middle, high, 2.0 * p - 1.0) }
}

/// From nearly white to deep violet.
fn sequential(v: f64) -> RGBColor {
    let stops = [
        RGBColor(0xfb, 0xfa, 0xff),
        RGBColor(0xda, 0xd3, 0xee),
        RGBColor(0xa8, 0x96, 0xd3),
        RGBColor(0x76, 0x57, 0xb0),
        RGBColor(0x46, 0x1d, 0x7c),
    ];
    let at = v.clamp(0.0, 1.0) * 4.0;
    let i = (at.floor() as usize).min(3);
    blend(stops[i], stops[i + 1], at - i as f64)
}

/// A part of a file name made from a label.
fn safe(label: &str) -> String {
    label.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_runs_where_the_probability_is_one_half() {
        let n = 8;
        let mean = (0..n * n).map(|k| (k % n) as f32 / (n - 1) as f32).collect();
        let class = ClassMap { label: "a".into(), mean, sd: vec![0.1; n * n] };
        let map = ProbabilityMap {
            x_range: [0.0, 8.0],
            y_range: [0.0, 8.0],
            n,
            classes: vec![class],
            ..Default::default()
        };
        let line = level_line(&map, &map.classes[0].mean);
        assert_eq!(line.len(), n - 1);
        assert!(line.iter().flatten().all(|(x, _)| (x - 4.0).abs() < 1e-6), "{line:?}");
    }

    #[test]
    fn colours_end_where_they_should() {
        assert_eq!(diverging(0.0, SERIES[0], SERIES[1]), SERIES[0]);
        assert_eq!(diverging(1.0, SERIES[0], SERIES[1]), SERIES[1]);
        assert_eq!(sequential(0.0), RGBColor(0xfb, 0xfa, 0xff));
        assert_eq!(sequential(2.0), RGBColor(0x46, 0x1d, 0x7c));
    }
}
