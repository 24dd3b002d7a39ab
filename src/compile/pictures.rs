//! What the report draws of a fit: maps over two inputs, galleries of images.

use super::evaluated::levels;
use super::fit::MANY_DIMS;
use super::unlike::unlike;
use crate::data::{Dataset, Values};
use crate::engine::RowSource;
use crate::infer::each_draw::Source;
use crate::infer::error::CannotRun;
use crate::infer::predict::{Predicted, Prediction, draws, predict};
use crate::infer::problem::{Number, Problem};
use crate::metrics::{ClassSummary, RealSummary};
use crate::model::{Column, Model};
use crate::run_folder::{ClassMap, Gallery, Image, MapPoint, Pictures, Pit, ProbabilityMap};
use crate::ty::Element;

/// Cells along a side of a map.
const CELLS: usize = 64;
/// Most draws that a map is the mean of: no more than predictions are of.
const MAP_DRAWS: usize = 100;
/// Most and fewest bins of a PIT histogram, and rows that each should hold.
const PIT_BINS: usize = 20;
const FEWEST_BINS: usize = 4;
const ROWS_PER_BIN: usize = 5;
/// Images in a gallery.
const IMAGES: usize = 24;

/// Maps where a class is predicted from two numbers, galleries where it is predicted from an image.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn pictures(
    problem: &Problem<'_>,
    from: &dyn Source,
    data: &Dataset,
    held_out: &[(String, Vec<u32>, Vec<Prediction>)],
) -> Result<Pictures, CannotRun> {
    let mut pictures = Pictures::default();
    let model = problem.model;
    let Some((split, rows, predictions)) = held_out.last() else { return Ok(pictures) };
    for prediction in predictions {
        if let Predicted::Numbers { summary, .. } = &prediction.values {
            pictures.pit.extend(pit(&prediction.name, split, summary));
        }
        let Predicted::Classes { summary, targets } = &prediction.values else { continue };
        if let Some(axes) = two_inputs(model) {
            pictures.maps.push(map(problem, from, data, &prediction.name, axes, summary.classes)?);
        }
        if let Some(image) = image_column(model) {
            let chosen =
                Chosen { model, data, image, split, rows, summary, targets, target: &prediction.name };
            pictures.galleries.extend(galleries(&chosen));
            let strange = if problem.joint.dim > MANY_DIMS {
                unlike::<f32>(problem, from, &problem.rows, image, rows, &prediction.name)
            } else {
                unlike::<f64>(problem, from, &problem.rows, image, rows, &prediction.name)
            };
            pictures.unlike.push(strange?);
        }
    }
    Ok(pictures)
}

/// Where the observed numbers lie in what was predicted; nothing where too few were observed to tell.
fn pit(target: &str, split: &str, summary: &RealSummary) -> Option<Pit> {
    let rows = summary.cdf.iter().filter(|p| p.is_finite()).count();
    let bins = (rows / ROWS_PER_BIN).min(PIT_BINS);
    (bins >= FEWEST_BINS).then(|| Pit {
        target: target.to_owned(),
        split: split.to_owned(),
        rows,
        bins: crate::metrics::pit::histogram(summary, bins),
    })
}

/// The only two numeric columns that are not targets.
fn two_inputs(model: &Model) -> Option<[usize; 2]> {
    let inputs: Vec<usize> = inputs(model).collect();
    match inputs[..] {
        [x, y] if [x, y].iter().all(|i| is_real_scalar(&model.columns[*i])) => Some([x, y]),
        _ => None,
    }
}

fn is_real_scalar(column: &Column) -> bool {
    column.ty.element == Element::Real && column.ty.shape.is_scalar()
}

fn inputs(model: &Model) -> impl Iterator<Item = usize> + '_ {
    let is_target = |c: &Column| model.observations.iter().any(|o| o.name == c.name);
    (0..model.columns.len()).filter(move |i| !is_target(&model.columns[*i]))
}

fn image_column(model: &Model) -> Option<usize> {
    inputs(model).find(|i| model.columns[*i].ty.shape.rank() == 3)
}

/// Rows of a grid over two columns; other columns are 0.
struct Grid {
    axes: [usize; 2],
    x: [f64; 2],
    y: [f64; 2],
}

impl<T: Number> RowSource<T> for Grid {
    fn copy_row(&self, column: u32, row: u32, out: &mut [T]) {
        let at =
            |range: [f64; 2], k: u32| range[0] + (range[1] - range[0]) * (f64::from(k) + 0.5) / CELLS as f64;
        out[0] = if column as usize == self.axes[0] {
            T::from_f64(at(self.x, row % CELLS as u32))
        } else if column as usize == self.axes[1] {
            T::from_f64(at(self.y, row / CELLS as u32))
        } else {
            T::ZERO
        };
    }
}

fn map(
    problem: &Problem<'_>,
    from: &dyn Source,
    data: &Dataset,
    target: &str,
    axes: [usize; 2],
    classes: usize,
) -> Result<ProbabilityMap, CannotRun> {
    let model = problem.model;
    let [x, y] = axes.map(|axis| values(data, axis));
    // One scale on both axes, with a margin around the data.
    let range =
        |v: &[f64]| v.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], x| [a.min(*x), b.max(*x)]);
    let (xr, yr) = (range(&x), range(&y));
    let half = 0.53 * (xr[1] - xr[0]).max(yr[1] - yr[0]).max(1e-12);
    let around = |r: [f64; 2]| [0.5 * (r[0] + r[1]) - half, 0.5 * (r[0] + r[1]) + half];
    let grid = Grid { axes, x: around(xr), y: around(yr) };
    let rows: Vec<u32> = (0..(CELLS * CELLS) as u32).collect();
    let nothing: Vec<Vec<f64>> =
        model.observations.iter().map(|o| vec![0.0; rows.len() * o.target_len(model)]).collect();
    let draws = draws(model, problem.joint, from, MAP_DRAWS.min(problem.settings.predict_draws));
    let predicted = predict::<f32>(problem, from, &grid, &rows, &nothing, draws, &mut |_| {})?;
    let found = predicted.iter().find(|p| p.name == target).map(|p| &p.values);
    let Some(Predicted::Classes { summary, .. }) = found else { return Err("a map of no class".into()) };
    let of_class = |values: &[f64], class: usize| {
        values.iter().skip(class).step_by(classes).map(|v| *v as f32).collect::<Vec<f32>>()
    };
    let maps = levels(model, target, classes)
        .into_iter()
        .enumerate()
        .map(|(k, label)| ClassMap { label, mean: of_class(&summary.mean, k), sd: of_class(&summary.sd, k) })
        .collect();
    let class = model.columns.iter().position(|c| c.name == target).map(|c| values(data, c));
    let points = data
        .splits
        .iter()
        .flat_map(|s| s.rows.iter().map(move |r| (*r as usize, s.name != "train")))
        .filter_map(|(r, held_out)| {
            let class = class.as_ref()?[r] as usize;
            Some(MapPoint { x: x[r] as f32, y: y[r] as f32, class, held_out })
        })
        .collect();
    Ok(ProbabilityMap {
        target: target.to_owned(),
        axes: axes.map(|a| model.columns[a].name.clone()),
        x_range: grid.x,
        y_range: grid.y,
        n: CELLS,
        classes: maps,
        points,
    })
}

fn values(data: &Dataset, column: usize) -> Vec<f64> {
    let rows: Vec<u32> = (0..data.rows as u32).collect();
    let mut out = vec![0.0; data.rows];
    data.columns[column].copy_rows(&rows, &mut out);
    out
}

/// What galleries are chosen from.
struct Chosen<'a> {
    model: &'a Model,
    data: &'a Dataset,
    image: usize,
    split: &'a str,
    rows: &'a [u32],
    summary: &'a ClassSummary,
    targets: &'a [usize],
    target: &'a str,
}

/// The least confident images, and the surely wrong ones (paper, figures 6 and 5).
fn galleries(c: &Chosen<'_>) -> Vec<Gallery> {
    let count = c.rows.len();
    let mut by_confidence: Vec<usize> = (0..count).collect();
    by_confidence.sort_by(|a, b| c.summary.confidence(*a).total_cmp(&c.summary.confidence(*b)));
    let wrong = |i: &usize| c.summary.predicted[*i] != c.targets[*i];
    let mut surely_wrong: Vec<usize> = (0..count).filter(wrong).collect();
    surely_wrong.sort_by(|a, b| {
        let key = |i: usize| c.summary.disagreement[i];
        key(*a).total_cmp(&key(*b)).then(c.summary.confidence(*b).total_cmp(&c.summary.confidence(*a)))
    });
    let all_wrong = surely_wrong.len();
    by_confidence.truncate(IMAGES);
    surely_wrong.truncate(IMAGES);
    let make = |name: &str, title: &str, caption: String, chosen: Vec<usize>| {
        let shape = &c.model.columns[c.image].ty.shape.0;
        Gallery {
            name: name.into(),
            title: title.into(),
            caption,
            height: shape[0],
            width: shape[1],
            channels: shape[2],
            images: chosen.into_iter().map(|i| image(c, i)).collect(),
        }
    };
    let split = c.split;
    let mut out = vec![make(
        "least_confident",
        "Least confident",
        format!(
            "The {} of {count} {split} images with the smallest probability of the predicted class.",
            by_confidence.len()
        ),
        by_confidence,
    )];
    if !surely_wrong.is_empty() {
        let caption = format!(
            "Of {all_wrong} misclassified {split} images, the {} on which the posterior draws disagree least.",
            surely_wrong.len()
        );
        out.push(make("surely_wrong", "Surely wrong", caption, surely_wrong));
    }
    out.retain(|g| matches!(g.channels, 1 | 3));
    out
}

fn image(c: &Chosen<'_>, i: usize) -> Image {
    let row = c.rows[i] as usize;
    let pixels = match &c.data.columns[c.image] {
        Values::Bytes { width, data } => data[row * width..(row + 1) * width].to_vec(),
        Values::Real { width, data } => {
            data[row * width..(row + 1) * width].iter().map(|v| (v * 255.0).clamp(0.0, 255.0) as u8).collect()
        }
    };
    let labels = levels(c.model, c.target, c.summary.classes);
    let label = |k: usize| labels.get(k).cloned().unwrap_or_default();
    Image {
        row: i + 1,
        pixels,
        truth: label(c.targets[i]),
        predicted: label(c.summary.predicted[i]),
        confidence: c.summary.confidence(i),
        expected_error: c.summary.disagreement[i],
    }
}
