//! Marginal posteriors of the weights of a layer as densities.

use super::canvas::{INK, anchored, draw, px};
use super::colour::SERIES;
use crate::report::number::axis as number;
use crate::run_folder::{Run, SummaryRow};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::ops::Range;

/// Weights of a layer beyond this are not drawn one by one.
const MOST: usize = 400;
/// Points along a density.
const POINTS: usize = 240;

/// The posterior of one weight.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Marginal {
    /// Mean, sd, 5 % and 95 % quantiles.
    row: SummaryRow,
    /// Draws, where the method makes some; otherwise the guide is normal.
    draws: Vec<f64>,
}

impl Marginal {
    /// Whether its 90 % interval holds zero.
    pub(in crate::report) fn holds_zero(&self) -> bool {
        self.row.q05 <= 0.0 && 0.0 <= self.row.q95
    }

    /// The density: a normal one, or Silverman's kernel estimate from draws.
    fn at(&self, x: f64) -> f64 {
        let normal =
            |m: f64, s: f64| (-0.5 * ((x - m) / s).powi(2)).exp() / (s * (std::f64::consts::TAU).sqrt());
        if self.draws.is_empty() {
            return normal(self.row.mean, self.row.sd.max(1e-6));
        }
        let n = self.draws.len() as f64;
        let width = (0.9 * self.row.sd * n.powf(-0.2)).max(1e-6);
        self.draws.iter().map(|d| normal(*d, width)).sum::<f64>() / n
    }
}

/// The weights of the last layer of the model's last net.
pub(in crate::report) fn last_layer(run: &Run) -> Vec<Marginal> {
    let Some(last) = run.manifest.variables.iter().rfind(|v| v.name.ends_with(".w")) else { return vec![] };
    let found = of_variable(run, &last.name);
    if found.len() > MOST { vec![] } else { found }
}

/// The weights of every layer that has a row each.
pub(in crate::report) fn all_weights(run: &Run) -> Vec<Marginal> {
    let weights = run.manifest.variables.iter().filter(|v| v.name.ends_with(".w"));
    weights.flat_map(|v| of_variable(run, &v.name)).collect()
}

fn of_variable(run: &Run, name: &str) -> Vec<Marginal> {
    let rows =
        run.summary.iter().filter(|r| r.variable.strip_prefix(name).is_some_and(|r| r.starts_with('[')));
    let rows: Vec<&SummaryRow> = rows.filter(|r| r.sd.is_finite() && r.sd > 0.0).collect();
    let draws = run.tensors.iter().find(|t| t.name == format!("{name}.draws")).map(|t| t.values.to_f64());
    let of = |(i, row): (usize, &&SummaryRow)| {
        let own = draws.as_ref().map(|d| {
            // Some hundred draws are enough for a line.
            let every = (d.len() / rows.len().max(1)).div_ceil(400).max(1);
            d.iter().skip(i).step_by(rows.len().max(1) * every).copied().collect()
        });
        Marginal { row: (*row).clone(), draws: own.unwrap_or_default() }
    };
    rows.iter().enumerate().map(of).collect()
}

/// A range that holds nearly all of several layers, with zero in it.
pub(in crate::report) fn range<'a>(marginals: impl Iterator<Item = &'a Marginal>) -> Range<f64> {
    let mut ends: Vec<f64> =
        marginals.map(|m| m.row.mean.abs() + 2.5 * m.row.sd).filter(|v| v.is_finite()).collect();
    ends.sort_by(f64::total_cmp);
    // One runaway weight would leave the others a line.
    let end = ends.get(ends.len() * 19 / 20).copied().unwrap_or(1.0).max(1e-3);
    let size = 10f64.powf(end.log10().floor());
    let end = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0]
        .map(|m| m * size)
        .into_iter()
        .find(|e| *e >= end)
        .unwrap_or(end);
    -end..end
}

/// Draws the densities over a common range; the height is free.
pub(in crate::report) fn draw_densities(marginals: &[Marginal], x: Range<f64>, title: &str) -> String {
    let at = |i: usize| x.start + (x.end - x.start) * i as f64 / (POINTS - 1) as f64;
    let lines: Vec<Vec<f64>> = marginals.iter().map(|m| (0..POINTS).map(|i| m.at(at(i))).collect()).collect();
    let n = lines.len().max(1) as f64;
    let mean: Vec<f64> = (0..POINTS).map(|i| lines.iter().map(|l| l[i]).sum::<f64>() / n).collect();
    let top = mean.iter().copied().fold(0.0, f64::max).max(1e-12) * 1.15;
    draw(298.0, 190.0, title, &[], |area| {
        let plot = area.margin(px(4.0), px(30.0), px(6.0), px(6.0));
        let mut chart = ChartBuilder::on(&plot).build_cartesian_2d(x.clone(), 0.0..top)?;
        let points =
            |line: &[f64]| line.iter().enumerate().map(|(i, v)| (at(i), v.min(top))).collect::<Vec<_>>();
        let colour = SERIES[0];
        chart.draw_series(AreaSeries::new(points(&mean), 0.0, colour.mix(0.25)))?;
        chart.draw_series(LineSeries::new(points(&mean), colour.stroke_width(px(1.5) as u32)))?;
        for line in &lines {
            // Each weight has its share of the area.
            let own: Vec<f64> = line.iter().map(|v| v / n).collect();
            chart.draw_series(LineSeries::new(
                points(&own),
                SERIES[1].mix(0.7).stroke_width(px(0.8) as u32),
            ))?;
        }
        let ink = INK.stroke_width(px(0.75) as u32);
        chart.draw_series([PathElement::new(vec![(x.start, 0.0), (x.end, 0.0)], ink)])?;
        chart.draw_series([PathElement::new(vec![(0.0, 0.0), (0.0, top * 0.04)], ink)])?;
        // Tiles are shown at a third of a page, and words must be read there too.
        for (place, value, side) in
            [(6.0, x.start, HPos::Left), (149.0, 0.0, HPos::Center), (292.0, x.end, HPos::Right)]
        {
            area.draw(&Text::new(number(value), (px(place), px(176.0)), anchored(19.0, side)))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marginal(mean: f64, sd: f64, draws: Vec<f64>) -> Marginal {
        let (q05, q95) = (mean - 1.645 * sd, mean + 1.645 * sd);
        Marginal { row: SummaryRow { mean, sd, q05, q95, ..SummaryRow::default() }, draws }
    }

    #[test]
    fn densities_integrate_to_one() {
        let draws = (0..400).map(|i| f64::from(i) / 100.0 - 2.0).collect();
        for m in [marginal(0.3, 0.5, vec![]), marginal(0.0, 1.155, draws)] {
            let mass: f64 = (-800..800).map(|i| m.at(f64::from(i) * 0.01) * 0.01).sum();
            assert!((mass - 1.0).abs() < 1e-3, "{mass}");
        }
    }

    #[test]
    fn zero_is_held_only_within_the_interval() {
        assert!(marginal(0.5, 0.5, vec![]).holds_zero() && !marginal(0.9, 0.5, vec![]).holds_zero());
    }
}
