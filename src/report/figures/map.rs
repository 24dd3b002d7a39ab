//! The probability of a class over the plane of two inputs, beside its standard deviation over draws.

use super::Figure;
use super::canvas::{AXIS, Area, Chart, DrawError, INK, Raster, anchored, axes, draw, font, marker, px};
use super::colour::{dark, diverging, light, of_class, sequential};
use crate::report::number::axis as number;
use crate::run_folder::{ClassMap, MapPoint, ProbabilityMap};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// More points than this hide the map and fill the file.
const POINTS: usize = 800;
const TILE_POINTS: usize = 260;
/// The true boundary.
const TRUE_COLOUR: RGBColor = RGBColor(0x00, 0x6b, 0x3c);
pub(in crate::report) const TRUE_LINE: &str =
    " The green line is the true boundary, by Bayes' rule of what made the rows.";
/// Shown pixels of the longer side of a map.
const SIDE: f64 = 298.0;
/// Shown pixels around a map: labels of the axes, colour bar, title.
const LEFT: f64 = AXIS.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = AXIS.1;

/// Draws one figure per class; with the rule that made the rows, where it is known.
pub(super) fn figures(map: &ProbabilityMap, truth: Option<&[f32]>) -> Vec<Figure> {
    (0..map.classes.len()).map(|class| figure(map, class, truth)).collect()
}

fn figure(map: &ProbabilityMap, class: usize, truth: Option<&[f32]>) -> Figure {
    let of = &map.classes[class];
    let (width, height) = plot_size(map);
    let panel = (width + LEFT + RIGHT, height + TOP + BOTTOM);
    let top_sd = of.sd.iter().copied().filter(|v| v.is_finite()).fold(0.0f32, f32::max).max(1e-3);
    let class_colour = light(of_class(class));
    let other = light(of_class(usize::from(class == 0)));
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
        paint(&left, map, &mean_title, (0, 1.0), Some(&of.mean), truth)?;
        paint(&right, map, "its sd over posterior draws", (2, f64::from(top_sd)), None, truth)
    });
    Figure {
        name: format!("map_{}_{}", safe(&map.target), safe(&of.label)),
        title,
        caption: caption(map, of, truth.is_some()),
        svg,
    }
}

fn caption(map: &ProbabilityMap, of: &ClassMap, has_truth: bool) -> String {
    let shown = shown(map, POINTS).len();
    let some =
        if shown < map.points.len() { format!("{shown} of the {}", map.points.len()) } else { "the".into() };
    format!(
        "Left: the probability of {} = {}, averaged over posterior draws; the line is where it is one half. \
         Right: how much the draws disagree about it. On top {some} rows: rings were used for the fit, discs held \
         out.{}",
        map.target,
        of.label,
        if has_truth { TRUE_LINE } else { "" }
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
    line: Option<&[f32]>,
    truth: Option<&[f32]>,
) -> Result<(), DrawError> {
    let (width, height) = plot_size(map);
    area.draw(&Text::new(title.to_owned(), (px(LEFT), px(8.0)), font(14.0)))?;
    let plot = area.margin(px(TOP), 0, 0, px(RIGHT));
    let mut chart = axes(
        &plot,
        (map.x_range[0]..map.x_range[1], map.axes[0].as_str()),
        (map.y_range[0]..map.y_range[1], map.axes[1].as_str()),
        (5, 5),
    )?;
    let corners = [(map.x_range[0], map.y_range[1]), (map.x_range[1], map.y_range[0])];
    chart.draw_series([Rectangle::new(corners, marker(first).filled())])?;
    lines(&mut chart, map, line, truth)?;
    points(&mut chart, map, POINTS)?;
    colour_bar(area, (px(LEFT + width + 14.0), px(TOP)), px(height), (first + 1, top))
}

/// Where the probability is one half, and where it truly is.
fn lines(
    chart: &mut Chart<'_, '_>,
    map: &ProbabilityMap,
    own: Option<&[f32]>,
    truth: Option<&[f32]>,
) -> Result<(), DrawError> {
    // Fields are pale on any page, so these lines are dark on any page.
    let mut draw = |values: &[f32], colour: RGBColor, share: f64, width: f64| {
        let style = colour.mix(share).stroke_width(px(width) as u32);
        let segments = level_line(map, values).into_iter();
        chart.draw_series(segments.map(|s| PathElement::new(s.to_vec(), style))).map(|_| ())
    };
    if let Some(values) = own {
        draw(values, RGBColor(0x20, 0x20, 0x20), 0.75, 1.2)?;
    }
    if let Some(values) = truth {
        draw(values, WHITE, 0.9, 4.0)?;
        draw(values, TRUE_COLOUR, 1.0, 1.8)?;
    }
    Ok(())
}

/// A map without axes, to stand beside others of the same plane: the probability of a class, or its standard deviation
/// in shades up to `top`.
pub(in crate::report) fn tile(
    map: &ProbabilityMap,
    class: usize,
    top: Option<f64>,
    truth: Option<&[f32]>,
    title: &str,
) -> String {
    let Some(of) = map.classes.get(class) else { return String::new() };
    let (class_colour, other) = (light(of_class(class)), light(of_class(usize::from(class == 0))));
    let mean = move |p: f64| diverging(p, other, class_colour);
    let field = match top {
        Some(top) => raster(map.n, &of.sd, top.max(1e-3), &sequential),
        None => raster(map.n, &of.mean, 1.0, &mean),
    };
    let (width, height) = plot_size(map);
    draw(width, height, title, &[field], |area| {
        let mut chart = ChartBuilder::on(area)
            .build_cartesian_2d(map.x_range[0]..map.x_range[1], map.y_range[0]..map.y_range[1])?;
        let corners = [(map.x_range[0], map.y_range[1]), (map.x_range[1], map.y_range[0])];
        chart.draw_series([Rectangle::new(corners, marker(0).filled())])?;
        lines(&mut chart, map, top.is_none().then_some(&of.mean), truth)?;
        if top.is_none() { points(&mut chart, map, TILE_POINTS) } else { Ok(()) }
    })
}

fn points(chart: &mut Chart<'_, '_>, map: &ProbabilityMap, most: usize) -> Result<(), DrawError> {
    let shown = shown(map, most);
    let at = |p: &MapPoint| (f64::from(p.x), f64::from(p.y));
    let ring = |p: &&&MapPoint| !p.held_out;
    let rings = shown.iter().filter(ring);
    chart.draw_series(rings.map(|p| {
        Circle::new(at(p), px(2.0), dark(of_class(p.class)).mix(0.8).stroke_width(px(0.9) as u32))
    }))?;
    let discs: Vec<_> = shown.iter().filter(|p| p.held_out).collect();
    chart.draw_series(discs.iter().map(|p| Circle::new(at(p), px(2.9), WHITE.filled())))?;
    chart.draw_series(discs.iter().map(|p| Circle::new(at(p), px(2.3), dark(of_class(p.class)).filled())))?;
    Ok(())
}

/// The points inside the map, thinned by a keyed choice: a regular one could pick a single class from rows that
/// alternate.
fn shown(map: &ProbabilityMap, most: usize) -> Vec<&MapPoint> {
    let within = |v: f32, r: [f64; 2]| (r[0]..=r[1]).contains(&f64::from(v));
    let is_inside = |p: &&MapPoint| within(p.x, map.x_range) && within(p.y, map.y_range);
    let inside: Vec<&MapPoint> = map.points.iter().filter(is_inside).collect();
    let key = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let limit = ((most as u64) << 32) / inside.len().max(1) as u64;
    inside.into_iter().enumerate().filter(|(i, _)| key(*i) < limit).map(|(_, p)| p).collect()
}

fn colour_bar(
    area: &Area<'_>,
    (x, y): (i32, i32),
    height: i32,
    (raster, top): (usize, f64),
) -> Result<(), DrawError> {
    let wide = px(12.0);
    area.draw(&Rectangle::new([(x, y), (x + wide, y + height)], marker(raster).filled()))?;
    for value in ticks(top) {
        let at = y + height - (f64::from(height) * value / top).round() as i32;
        let ends = [(x + wide, at), (x + wide + px(3.0), at)];
        area.draw(&PathElement::new(ends, INK.stroke_width(px(0.75) as u32)))?;
        area.draw(&Text::new(number(value), (x + wide + px(6.0), at), anchored(12.5, HPos::Left)))?;
    }
    Ok(())
}

/// From 0 in three to six round steps up to `top`.
fn ticks(top: f64) -> Vec<f64> {
    let size = 10f64.powf((top / 3.0).log10().floor());
    let step = [5.0, 2.5, 2.0, 1.0].map(|m| m * size).into_iter().find(|s| top / s >= 3.0).unwrap_or(size);
    (0..=6).map(|i| f64::from(i) * step).take_while(|v| *v <= top * (1.0 + 1e-9)).collect()
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
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(1.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
        for top in [0.001, 0.0721, 0.1442, 0.3, 0.5, 7.7] {
            let ticks = ticks(top);
            assert!(
                (4..=7).contains(&ticks.len()) && ticks.iter().all(|t| *t <= top * 1.0001),
                "{top} {ticks:?}"
            );
        }
    }

    #[test]
    fn thinning_keeps_both_of_alternating_classes() {
        let point = |i: usize| MapPoint { class: i % 2, ..MapPoint::default() };
        let (x_range, y_range) = ([-1.0, 1.0], [-1.0, 1.0]);
        let points = (0..10_000).map(point).collect();
        let map = ProbabilityMap { x_range, y_range, points, ..ProbabilityMap::default() };
        let ones = shown(&map, POINTS).iter().filter(|p| p.class == 1).count();
        assert!((POINTS * 4 / 10..POINTS * 6 / 10).contains(&ones), "{ones}");
    }
}
