//! The best of each label of a choice side by side: maps, learning curves, weights of the last layer, scales.

use super::{Fit, Gathered, best_of_each};
use crate::report::ceiling;
use crate::report::figures::canvas::escape;
use crate::report::figures::{Figure, curves, density, map};
use crate::report::number::{alike, metric, percent, three};
use crate::run_folder::{self, Run};

/// A part of the page.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) words: Vec<String>,
    /// HTML.
    pub(super) table: String,
    pub(super) tiles: Vec<Tiles>,
    pub(super) figures: Vec<Figure>,
}

/// Small figures beside each other.
#[derive(Debug, Default)]
pub(super) struct Tiles {
    pub(super) title: String,
    pub(super) caption: String,
    pub(super) tiles: Vec<Tile>,
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Tile {
    pub(super) title: String,
    pub(super) note: String,
    pub(super) figures: Vec<Figure>,
}

/// The best fit of a label.
struct Kind {
    label: String,
    name: String,
    fit: Fit,
    run: Run,
}

/// Labels beyond this have no room beside each other.
const MOST: usize = 8;
/// Scales that are listed.
const SCALES: usize = 12;

/// Returns a section for each choice that varies; for what varies on a grid too, if there is no choice.
pub(super) fn sections(sweep: &Gathered) -> Vec<Section> {
    let varying = sweep.varying();
    let is_choice = |d: &usize| {
        let values = &sweep.plan.dimensions[*d].values;
        values.iter().all(|v| v.starts_with(|c: char| c.is_alphabetic()))
    };
    let choices: Vec<usize> = varying.iter().copied().filter(is_choice).collect();
    let shown = if choices.is_empty() { varying } else { choices };
    shown.into_iter().filter_map(|d| section(sweep, d)).collect()
}

fn section(sweep: &Gathered, dimension: usize) -> Option<Section> {
    let of_each = best_of_each(sweep, dimension);
    if of_each.len() < 2 {
        return None;
    }
    let kind = |(label, i): (String, usize)| {
        let alternative = &sweep.alternatives[i];
        let fit = alternative.best_fit()?.clone();
        let folder = sweep.folder.join(&sweep.plan.cells[fit.cell].folder);
        // A cell that cannot be read is among the failed ones.
        let run = run_folder::read(&folder).ok()?;
        Some(Kind { label, name: sweep.name(alternative), fit, run })
    };
    let kinds: Vec<Kind> = of_each.into_iter().take(MOST).filter_map(kind).collect();
    let name = &sweep.plan.dimensions[dimension].name;
    let mut section = Section {
        title: format!("The best of each {name}"),
        words: vec![format!(
            "For each `{name}` the alternative with the largest ELBO (where a flat prior leaves none, the largest \
             objective), and of its seeds the best: {}.",
            kinds.iter().map(|k| format!("`{}`", k.name)).collect::<Vec<_>>().join("; ")
        )],
        ..Section::default()
    };
    section.tiles.extend(maps(sweep, name, &kinds));
    section.figures.extend(learning(name, &kinds));
    section.tiles.extend(weights(name, &kinds));
    section.table = scales(&kinds);
    Some(section)
}

/// The paper's pictures: the probability of the first class, and below how much draws disagree about it.
fn maps(sweep: &Gathered, name: &str, kinds: &[Kind]) -> Option<Tiles> {
    let all: Vec<_> = kinds.iter().filter_map(|k| Some((k, k.run.pictures.maps.first()?))).collect();
    let first = all.first()?.1;
    let class = &first.classes.first()?.label;
    let sds = all.iter().flat_map(|(_, m)| &m.classes[0].sd).copied().filter(|v| v.is_finite());
    let top = f64::from(sds.fold(0.0f32, f32::max)).max(1e-3);
    let words = if sweep.plan.truth.is_empty() { &all[0].0.run.manifest.truth } else { &sweep.plan.truth };
    let truth = ceiling::plausible(words, first).and_then(|t| ceiling::on_map(&t, first));
    let loss = sweep.loss();
    let tile = |(k, m): &(&Kind, &run_folder::ProbabilityMap)| {
        let title = format!("{name} = {}", k.label);
        let safe = file_part(&format!("{name}_{}", k.label));
        let drawn = |what: &str, top: Option<f64>| Figure {
            name: format!("map_{what}_{safe}"),
            title: title.clone(),
            caption: String::new(),
            svg: map::tile(m, 0, top, truth.as_deref(), &format!("{title}: {what}")),
        };
        let nll = loss.as_ref().and_then(|l| k.fit.metrics.iter().find(|(n, _)| n == l)).map(|(_, v)| *v);
        Tile {
            title: k.label.clone(),
            note: nll.map(|v| format!("{}; nll {}", k.name, metric(v))).unwrap_or_default(),
            figures: vec![drawn("probability", None), drawn("sd", Some(top))],
        }
    };
    Some(Tiles {
        title: format!("Probability of {} = {class}, and its standard deviation over draws", first.target),
        caption: format!(
            "Above: the probability, with the line where it is one half, and some of the rows (rings were used for the \
             fit, discs held out). Below: how much the draws disagree, from white at 0 to violet at {top:.2} in all \
             of them. Axes: {} from {} to {}, {} from {} to {}.{}",
            first.axes[0],
            three(first.x_range[0]),
            three(first.x_range[1]),
            first.axes[1],
            three(first.y_range[0]),
            three(first.y_range[1]),
            if truth.is_some() { map::TRUE_LINE } else { "" }
        ),
        tiles: all.iter().map(tile).collect(),
    })
}

/// Objectives under improper priors lie on scales of their own, so they are drawn where nothing else is.
fn learning(name: &str, kinds: &[Kind]) -> Option<Figure> {
    let are_elbos = kinds.iter().filter(|k| k.fit.is_elbo).count() > 1;
    let (drawn, left_out): (Vec<&Kind>, Vec<&Kind>) = kinds.iter().partition(|k| k.fit.is_elbo || !are_elbos);
    let lines: Vec<(String, Vec<(f64, f64)>)> = drawn
        .iter()
        .map(|k| (k.label.clone(), curves::best_start(&k.run.trace)))
        .filter(|(_, points)| points.len() > 1)
        .collect();
    if lines.len() < 2 {
        return None;
    }
    let mut caption = "The noisy objective of each step of the start that ended highest, smoothed over a fiftieth of its steps. \
                       A fit that has settled ends level."
        .to_owned();
    if !left_out.is_empty() {
        let labels: Vec<&str> = left_out.iter().map(|k| k.label.as_str()).collect();
        caption +=
            &format!(" Not drawn: {}, whose objective is no ELBO and does not compare.", labels.join(", "));
    }
    let svg = curves::draw_climbs(&lines, ("step", "objective (nats, training rows)"), "Learning curves");
    Some(Figure {
        name: format!("learning_{}", file_part(name)),
        title: "Learning curves".into(),
        caption,
        svg,
    })
}

/// The marginal posteriors of the last layer's weights, and how many of them could be zero.
fn weights(name: &str, kinds: &[Kind]) -> Option<Tiles> {
    let all: Vec<(&Kind, Vec<density::Marginal>)> = kinds
        .iter()
        .map(|k| (k, density::last_layer(&k.run)))
        .filter(|(_, marginals)| !marginals.is_empty())
        .collect();
    if all.len() < 2 {
        return None;
    }
    let range = density::range(all.iter().flat_map(|(_, m)| m));
    let tile = |(k, marginals): &(&Kind, Vec<density::Marginal>)| {
        let zero = marginals.iter().filter(|m| m.holds_zero()).count();
        let every = density::all_weights(&k.run);
        let of_all = every.iter().filter(|m| m.holds_zero()).count() as f64 / every.len().max(1) as f64;
        let title = format!("{name} = {}", k.label);
        let figure = Figure {
            name: format!("weights_{}", file_part(&format!("{name}_{}", k.label))),
            title: title.clone(),
            caption: String::new(),
            svg: density::draw_densities(marginals, range.clone(), &title),
        };
        Tile {
            title: k.label.clone(),
            note: format!(
                "{zero} of {} intervals hold zero ({}); of all layers {}",
                marginals.len(),
                percent(zero as f64 / marginals.len() as f64),
                percent(of_all)
            ),
            figures: vec![figure],
        }
    };
    Some(Tiles {
        title: "Posterior of the last layer's weights".into(),
        caption: "Thin lines: one weight each; area: all of them together. Sparse is a layer most of whose 90 % intervals hold \
                  zero, narrowly around it."
            .into(),
        tiles: all.iter().map(tile).collect(),
    })
}

/// Medians and 90 % intervals of the positive unknowns that no layer's weights are.
fn scales(kinds: &[Kind]) -> String {
    let is_scale = |run: &Run, variable: &str| {
        let base = variable.split('[').next().unwrap_or(variable);
        run.manifest.variables.iter().any(|v| v.name == base && v.support == "positive")
    };
    let mut names: Vec<&str> = vec![];
    for row in kinds.iter().flat_map(|k| k.run.summary.iter().filter(|r| is_scale(&k.run, &r.variable))) {
        if !names.contains(&row.variable.as_str()) {
            names.push(&row.variable);
        }
    }
    if names.is_empty() {
        return String::new();
    }
    let heads: String =
        kinds.iter().map(|k| format!("<th class=\"number\">{}</th>", escape(&k.label))).collect();
    let row = |name: &&str| {
        let cell = |k: &Kind| match k.run.summary.iter().find(|r| r.variable == **name) {
            Some(r) => {
                let shown = alike(&[r.q50, r.q05, r.q95], r.q95 - r.q05);
                format!(
                    "<td class=\"number\">{} <span class=\"quiet\">({} to {})</span></td>",
                    shown[0], shown[1], shown[2]
                )
            }
            None => "<td class=\"number quiet\">none</td>".to_owned(),
        };
        format!(
            "<tr><td><code>{}</code></td>{}</tr>\n",
            escape(name),
            kinds.iter().map(cell).collect::<String>()
        )
    };
    let rows: String = names.iter().take(SCALES).map(row).collect();
    let more = names.len().saturating_sub(SCALES);
    let more = if more > 0 {
        format!("<p class=\"quiet\">{more} more in summary.csv.</p>\n")
    } else {
        String::new()
    };
    format!(
        "<h3>Posterior of the scales</h3>\n<p class=\"quiet\">Median, and the interval from 5 % to 95 %.</p>\n\
         <div class=\"wide\"><table>\n<thead><tr><th>unknown</th>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n{more}"
    )
}

fn file_part(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}
