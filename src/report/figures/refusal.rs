//! Accuracy against the share of rows that are refused, the most doubtful first.

use super::Figure;
use super::canvas::{INK, axes, draw, font, px};
use super::colour::SERIES;
use crate::run_folder::{ClassPredictions, TargetPredictions, TargetValues};
use plotters::prelude::*;

/// Points along a curve.
const POINTS: usize = 100;
/// Fewer wrong rows than this make no curve.
const FEWEST: usize = 5;

/// Draws the accuracy of what is left, for three measures of doubt, under the best that any order could do.
pub(super) fn figure(split: &str, target: &TargetPredictions) -> Option<Figure> {
    let TargetValues::Classes(classes) = &target.values else { return None };
    let rows: Vec<usize> = (0..classes.rows()).filter(|r| classes.is_right(*r).is_some()).collect();
    let wrong = rows.iter().filter(|r| classes.is_right(**r) == Some(false)).count();
    if wrong < FEWEST || rows.len() < 2 * wrong && classes.levels.len() < 2 {
        return None;
    }
    let of = |v: &[f64], r: usize| v.get(r).copied().filter(|v| v.is_finite()).unwrap_or(f64::INFINITY);
    let curves = [
        ("least probable class first", curve(classes, &rows, &|r| -classes.confidence(r))),
        (
            "draws that disagree first",
            curve(classes, &rows, &|r| {
                // Expected errors have ties; the probability decides among them.
                of(&classes.expected_error, r) - 1e-6 * classes.confidence(r)
            }),
        ),
        ("largest epistemic part first", curve(classes, &rows, &|r| of(&classes.epistemic, r))),
    ];
    let best: Vec<(f64, f64)> = (0..POINTS)
        .map(|i| {
            let refused = i as f64 / POINTS as f64;
            let left = rows.len() as f64 * (1.0 - refused);
            (refused, ((rows.len() - wrong) as f64 / left).min(1.0))
        })
        .collect();
    let low = curves.iter().flat_map(|(_, c)| c).map(|p| p.1).fold(1.0, f64::min);
    let low = (low - 0.1 * (1.0 - low)).max(0.0);
    let title = format!("Accuracy when the most doubtful {split} rows are refused");
    let svg = draw(620.0, 330.0, &title, &[], |area| {
        let plot = area.margin(px(8.0), 0, 0, px(14.0));
        let mut chart = axes(
            &plot,
            (0.0..1.0, "share of the rows refused"),
            (low..1.0, "share right of the rest"),
            (6, 6),
        )?;
        chart.draw_series(LineSeries::new(best.clone(), INK.mix(0.45).stroke_width(px(1.0) as u32)))?;
        for (i, (name, points)) in curves.iter().enumerate() {
            let colour = SERIES[i];
            chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(px(1.5) as u32)))?;
            let y = 190.0 + 22.0 * i as f64;
            area.draw(&Rectangle::new(
                [(px(320.0), px(y + 5.0)), (px(338.0), px(y + 9.0))],
                colour.filled(),
            ))?;
            area.draw(&Text::new((*name).to_owned(), (px(346.0), px(y)), font(13.0)))?;
        }
        Ok(())
    });
    let tenth = |c: &[(f64, f64)]| c.get(POINTS / 10).map_or(f64::NAN, |p| p.1);
    let caption = format!(
        "Of {} rows {wrong} are wrong. Refusing the tenth with the least probable class leaves {:.2} % right instead of {:.2} %. \
         Grey: an order that knew the wrong rows.",
        rows.len(),
        100.0 * tenth(&curves[0].1),
        100.0 * (1.0 - wrong as f64 / rows.len() as f64)
    );
    Some(Figure { name: format!("refusal_{}", target.name), title, caption, svg })
}

/// (share refused, accuracy of the rest), the most doubtful rows refused first.
fn curve(classes: &ClassPredictions, rows: &[usize], doubt: &dyn Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let mut order: Vec<(f64, bool)> =
        rows.iter().map(|r| (doubt(*r), classes.is_right(*r) == Some(true))).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let n = order.len();
    let mut right_from = vec![0usize; n + 1];
    for i in (0..n).rev() {
        right_from[i] = right_from[i + 1] + usize::from(order[i].1);
    }
    let at = |i: usize| {
        let refused = i * n / POINTS;
        (refused as f64 / n as f64, right_from[refused] as f64 / (n - refused) as f64)
    };
    (0..POINTS).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubtful_rows_go_first() {
        let n = 200;
        let p = |r: usize| if r < 20 { 0.55 } else { 0.9 };
        let classes = ClassPredictions {
            levels: vec!["a".into(), "b".into()],
            target: (0..n).map(|r| Some(usize::from(r < 20))).collect(),
            probability: (0..n).flat_map(|r| [p(r), 1.0 - p(r)]).collect(),
            ..ClassPredictions::default()
        };
        let rows: Vec<usize> = (0..n).collect();
        let c = curve(&classes, &rows, &|r| -classes.confidence(r));
        assert_eq!((c[0], c[10]), ((0.0, 0.9), (0.1, 1.0)));
    }
}
