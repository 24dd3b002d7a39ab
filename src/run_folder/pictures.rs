//! `pictures.json`: what the maps and galleries of a report are drawn from, so that it can be drawn again.
//!
//! Everything else that a report shows is in the tables of the folder.

use super::error::Fault;
use serde::{Deserialize, Serialize};

/// What only the fitted program could compute: maps over a plane, and images of the data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pictures {
    /// Class probabilities over the plane of two inputs; one per class target.
    #[serde(default)]
    pub maps: Vec<ProbabilityMap>,
    /// Images worth looking at.
    #[serde(default)]
    pub galleries: Vec<Gallery>,
    /// How sure the model is of strange images; one list per class target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlike: Vec<Vec<Unlike>>,
    /// Where observed numbers lie in their predictive distributions; one per target of numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pit: Vec<Pit>,
}

/// The histogram of the probability integral transform P(Y ≤ y) over the rows of a split.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pit {
    /// The observed column.
    pub target: String,
    /// The split.
    pub split: String,
    /// Rows that were observed.
    pub rows: usize,
    /// Rows in each of equal bins from 0 to 1; a count's row is shared among the bins that it covers.
    pub bins: Vec<f64>,
}

/// Class probabilities on a square grid over two inputs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbabilityMap {
    /// The observed column.
    pub target: String,
    /// Names of the two inputs.
    pub axes: [String; 2],
    /// Left and right edge.
    pub x_range: [f64; 2],
    /// Lower and upper edge.
    pub y_range: [f64; 2],
    /// Cells along each side.
    pub n: usize,
    /// One per class.
    pub classes: Vec<ClassMap>,
    /// The data to draw on top.
    pub points: Vec<MapPoint>,
}

/// How sure a model is of images that it has never seen the like of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Unlike {
    /// `rotated`
    pub name: String,
    /// `turned by a quarter`; empty for the images as they are, which come first.
    pub words: String,
    /// Number of images.
    pub rows: usize,
    /// Mean entropy of the prediction, in nats.
    pub entropy: f64,
    /// Mean part of it that draws disagree about.
    pub epistemic: f64,
    /// Mean share of draws whose class is not the predicted one.
    pub expected_error: f64,
    /// Mean probability of the predicted class.
    pub confidence: f64,
    /// The chance that such an image has a larger entropy than one as it is; one half if it cannot be told.
    pub auroc: f64,
    /// Its standard error.
    pub auroc_se: f64,
}

/// The map of one class: cell (column i, row j) is at `j * n + i`, row 0 at the lower edge, values at cell centres.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassMap {
    /// The class as the data call it.
    pub label: String,
    /// Mean over draws of the probability.
    #[serde(with = "four_digits")]
    pub mean: Vec<f32>,
    /// Standard deviation over draws of the probability.
    #[serde(with = "four_digits")]
    pub sd: Vec<f32>,
}

/// A row of the data on the map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MapPoint {
    /// First input.
    pub x: f32,
    /// Second input.
    pub y: f32,
    /// Position of its class in [`ProbabilityMap::classes`].
    pub class: usize,
    /// True if the row was kept from the fit.
    #[serde(default)]
    pub held_out: bool,
}

impl ProbabilityMap {
    /// Returns the centre of cell (column i, row j).
    pub fn centre(&self, i: usize, j: usize) -> (f64, f64) {
        let at =
            |range: [f64; 2], k: usize| range[0] + (range[1] - range[0]) * (k as f64 + 0.5) / self.n as f64;
        (at(self.x_range, i), at(self.y_range, j))
    }
}

impl Pictures {
    /// Tells what does not fit together; what passes can be drawn.
    pub(super) fn check(&self) -> Result<(), String> {
        for map in &self.maps {
            let cells = map.n.checked_mul(map.n).filter(|c| *c > 0).ok_or("a map has no cells")?;
            if map.classes.iter().any(|c| c.mean.len() != cells || c.sd.len() != cells) {
                return Err(format!("a map of `{}` does not have {cells} cells", map.target));
            }
            let is_range = |r: &[f64; 2]| r[0] <= r[1] && r.iter().all(|v| v.abs() < 1e30);
            if !is_range(&map.x_range) || !is_range(&map.y_range) {
                return Err(format!("the edges of the map of `{}` are none", map.target));
            }
            if map.points.iter().any(|p| p.class >= map.classes.len()) {
                return Err(format!("a point on the map of `{}` is of no class", map.target));
            }
        }
        for pit in &self.pit {
            if pit.bins.is_empty() || pit.bins.iter().any(|b| !(b.is_finite() && *b >= 0.0)) {
                return Err(format!("the PIT histogram of `{}` has no bins", pit.target));
            }
        }
        for gallery in &self.galleries {
            let bytes =
                gallery.height.checked_mul(gallery.width).and_then(|p| p.checked_mul(gallery.channels));
            if !matches!(gallery.channels, 1 | 3)
                || gallery.images.iter().any(|i| Some(i.pixels.len()) != bytes)
            {
                return Err(format!("an image of `{}` does not have its size", gallery.name));
            }
        }
        Ok(())
    }
}

/// Returns the content of the file.
pub(super) fn to_bytes(pictures: &Pictures) -> Result<Vec<u8>, Fault> {
    pictures.check().map_err(|why| Fault::damaged("pictures.json", why))?;
    serde_json::to_vec(pictures).map_err(|e| Fault::damaged("pictures.json", e.to_string()))
}

/// Images with what the model thinks of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Gallery {
    /// A file name without extension: `least_confident`.
    pub name: String,
    /// A heading: `Least confident`.
    pub title: String,
    /// One sentence on what was chosen: `the 24 of 10,000 test images with …`.
    pub caption: String,
    /// Pixels down.
    pub height: usize,
    /// Pixels across.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// In the order in which they are shown.
    pub images: Vec<Image>,
}

/// One image of a gallery.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Its row in the split, from 1.
    pub row: usize,
    /// height × width × channels bytes, rows from the top.
    pub pixels: Vec<u8>,
    /// The class it has.
    pub truth: String,
    /// The class that the model predicts.
    pub predicted: String,
    /// Probability of the predicted class.
    pub confidence: f64,
    /// Share of the draws whose class differs from the predicted one.
    pub expected_error: f64,
}

/// Four digits after the point are more than a picture can show, and a third of the bytes.
mod four_digits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|v| (f64::from(*v) * 1e4).round() / 1e4))
    }

    /// `null` is what JSON has in place of a number that does not exist.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
        let values = Vec::<Option<f32>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|v| v.unwrap_or(f32::NAN)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_counted_from_the_lower_left() {
        let map = ProbabilityMap { x_range: [0.0, 4.0], y_range: [-1.0, 1.0], n: 4, ..Default::default() };
        assert_eq!(map.centre(0, 0), (0.5, -0.75));
        assert_eq!(map.centre(3, 3), (3.5, 0.75));
    }

    #[test]
    fn probabilities_keep_four_digits() {
        let map = ClassMap { label: "a".into(), mean: vec![0.123_456, 1.0], sd: vec![f32::NAN] };
        let text = serde_json::to_string(&map).unwrap();
        assert_eq!(text, r#"{"label":"a","mean":[0.1235,1.0],"sd":[null]}"#);
        let back: ClassMap = serde_json::from_str(&text).unwrap();
        assert!(back.mean == [0.1235, 1.0] && back.sd[0].is_nan());
    }
}
