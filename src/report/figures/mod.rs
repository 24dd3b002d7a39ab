//! Run to figures: one file per figure, each an SVG that loads nothing.

pub(super) mod canvas;
pub(super) mod colour;
mod confusion;
pub(super) mod curves;
pub(super) mod density;
mod distribution;
mod forest;
mod gallery;
pub(super) mod map;
mod observed;
mod pit;
mod png;
mod refusal;
mod reliability;
pub(super) mod trace;

pub use curves::draw_lines;

use super::ceiling;
use crate::run_folder::{Extra, ProbabilityMap, Run};

/// A figure with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The file's name without extension.
    pub name: String,
    /// A heading.
    pub title: String,
    /// What is to be seen, in a sentence or two.
    pub caption: String,
    /// The drawing: the roles of ink and grid are still plain colours.
    pub svg: String,
}

impl Figure {
    /// Returns the drawing for a page that sets the colours of text and rules.
    pub fn inline(&self) -> String {
        self.svg.replace("#24292F", "currentColor").replace("#D8DEE4", "var(--rule)")
    }

    /// The width of the drawing in pixels.
    pub fn width(&self) -> f64 {
        canvas::attribute(&self.svg, "width").parse().unwrap_or(0.0)
    }

    /// Returns the drawing as a file of its own, on white.
    pub fn file(&self) -> Extra {
        let paper = "<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>";
        let svg = self.svg.replacen(">\n", &format!(">\n{paper}\n"), 1);
        Extra { path: format!("figures/{}.svg", self.name), bytes: svg.into_bytes() }
    }
}

/// The figures of a run, by what they tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// What is predicted: maps, galleries, calibration, predicted against observed.
    pub predictions: Vec<Figure>,
    /// What is known about the unknowns.
    pub parameters: Vec<Figure>,
    /// How the fit went.
    pub fit: Vec<Figure>,
}

impl Figures {
    /// Goes through all of them.
    pub fn iter(&self) -> impl Iterator<Item = &Figure> {
        self.predictions.iter().chain(&self.parameters).chain(&self.fit)
    }
}

/// Draws whatever the run has something to show for.
pub fn all(run: &Run) -> Figures {
    let of_map = |m: &ProbabilityMap| {
        let truth = ceiling::plausible(&run.manifest.truth, m).and_then(|t| ceiling::on_map(&t, m));
        map::figures(m, truth.as_deref())
    };
    let mut predictions: Vec<Figure> = run.pictures.maps.iter().flat_map(of_map).collect();
    predictions.extend(run.pictures.galleries.iter().filter_map(gallery::figure));
    if let Some(split) = run.predictions.last() {
        for target in &split.targets {
            predictions.extend(observed::figure(&split.split, target));
            predictions.extend(distribution::figure(&split.split, target));
            predictions.extend(refusal::figure(&split.split, target));
            predictions.extend(confusion::figure(&split.split, target));
            predictions.extend(reliability::figure(&split.split, target));
        }
    }
    predictions.extend(run.pictures.pit.iter().filter_map(pit::figure));
    let mut figures = Figures {
        predictions,
        parameters: forest::figure(&run.summary).into_iter().collect(),
        fit: trace::figure(run).into_iter().collect(),
    };
    name_apart(&mut figures);
    figures
}

/// Two figures never share a file: labels that differ only in odd characters get a number.
fn name_apart(figures: &mut Figures) {
    let mut taken: Vec<String> = vec![];
    let all = figures.predictions.iter_mut().chain(&mut figures.parameters).chain(&mut figures.fit);
    for figure in all {
        let plain = figure.name.clone();
        let mut count = 1;
        while taken.contains(&figure.name) {
            count += 1;
            figure.name = format!("{plain}_{count}");
        }
        taken.push(figure.name.clone());
    }
}
