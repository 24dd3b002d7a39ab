//! How sure a model is of images that it has never seen the like of: held-out ones, turned, inverted, shuffled, or noise.
//!
//! A model that knows what it does not know has a larger entropy there. The area under the ROC curve says how well its
//! entropy tells such images from those it was made for: the chance that one of them has the larger entropy.

use crate::engine::RowSource;
use crate::infer::each_draw::Source;
use crate::infer::error::CannotRun;
use crate::infer::predict::{Predicted, draws, predict};
use crate::infer::problem::{Number, Problem};
use crate::metrics::ClassSummary;
use crate::run_folder::Unlike;

/// Images of each kind.
const IMAGES: usize = 500;
/// Draws that they are judged by at most.
const DRAWS: usize = 100;

/// What is done to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// v → v: what the others are compared with
    Nothing,
    /// a quarter turn; a half turn where the sides differ
    Turn,
    /// v → 1 − v
    Invert,
    /// the same pixels in another order, the same for all images
    Shuffle,
    /// pixels uniform on (0, 1)
    Noise,
}

const CHANGES: [(Change, &str, &str); 5] = [
    (Change::Nothing, "as they are", ""),
    (Change::Turn, "rotated", "turned by a quarter"),
    (Change::Invert, "inverted", "light for dark"),
    (Change::Shuffle, "shuffled", "the same pixels in another order"),
    (Change::Noise, "noise", "pixels drawn between 0 and 1"),
];

/// An image column seen through a change.
struct Changed<'a, T: Number> {
    inner: &'a dyn RowSource<T>,
    image: u32,
    shape: [usize; 3],
    change: Change,
}

impl<T: Number> RowSource<T> for Changed<'_, T> {
    fn copy_row(&self, column: u32, row: u32, out: &mut [T]) {
        self.inner.copy_row(column, row, out);
        if column != self.image || self.change == Change::Nothing {
            return;
        }
        let before = out.to_vec();
        let [height, width, channels] = self.shape;
        for (i, value) in out.iter_mut().enumerate() {
            let (pixel, channel) = (i / channels, i % channels);
            *value = match self.change {
                Change::Nothing => *value,
                Change::Turn => before[turned(pixel, height, width) * channels + channel],
                Change::Invert => T::from_f64(1.0 - before[i].to_f64()),
                Change::Shuffle => before[shuffled(pixel, height * width) * channels + channel],
                Change::Noise => T::from_f64(uniform(u64::from(row) << 32 | i as u64)),
            };
        }
    }
}

/// Where the pixel comes from that a turn puts at `pixel`.
fn turned(pixel: usize, height: usize, width: usize) -> usize {
    let (y, x) = (pixel / width, pixel % width);
    if height == width { x * width + (width - 1 - y) } else { height * width - 1 - pixel }
}

/// A permutation of 0…n−1: a step that shares no factor with n, so that neighbours come far apart.
fn shuffled(pixel: usize, n: usize) -> usize {
    let factors_of = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let golden = (n as f64 * 0.381_966).round() as usize;
    let step = (golden.max(1)..n.max(2)).find(|s| factors_of(n, *s) == 1).unwrap_or(1);
    (pixel * step + n / 3) % n
}

/// A fixed number in (0, 1) for each key (splitmix64).
fn uniform(key: u64) -> f64 {
    let mut z = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Predicts changed images for a class target.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub(super) fn unlike<T: Number>(
    problem: &Problem<'_>,
    from: &dyn Source,
    inner: &dyn RowSource<T>,
    image: usize,
    rows: &[u32],
    target: &str,
) -> Result<Vec<Unlike>, CannotRun> {
    let model = problem.model;
    let [height, width, channels] = model.columns[image].ty.shape.0[..] else { return Ok(vec![]) };
    let every = rows.len().div_ceil(IMAGES).max(1);
    let some: Vec<u32> = rows.iter().step_by(every).copied().collect();
    let draws = draws(model, problem.joint, from, problem.settings.predict_draws);
    let nothing: Vec<Vec<f64>> =
        model.observations.iter().map(|o| vec![0.0; some.len() * o.target_len(model)]).collect();
    let mut own: Vec<f64> = vec![];
    let mut out = vec![];
    for (change, name, words) in CHANGES {
        let source = Changed { inner, image: image as u32, shape: [height, width, channels], change };
        let predicted = predict::<T>(problem, from, &source, &some, &nothing, draws.min(DRAWS), &mut |_| {})?;
        let found = predicted.into_iter().find(|p| p.name == target).map(|p| p.values);
        let Some(Predicted::Classes { summary, .. }) = found else { return Ok(vec![]) };
        if change == Change::Nothing {
            own.clone_from(&summary.entropy);
        }
        out.push(of(name, words, &summary, &own));
    }
    Ok(out)
}

fn of(name: &str, words: &str, summary: &ClassSummary, own: &[f64]) -> Unlike {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let confidence: Vec<f64> = (0..summary.rows).map(|r| summary.confidence(r)).collect();
    let (auroc, auroc_se) = auroc(&summary.entropy, own);
    Unlike {
        name: name.to_owned(),
        words: words.to_owned(),
        rows: summary.rows,
        entropy: mean(&summary.entropy),
        epistemic: mean(&summary.epistemic),
        expected_error: mean(&summary.disagreement),
        confidence: mean(&confidence),
        auroc,
        auroc_se,
    }
}

/// The chance that one of the first is larger than one of the second, ties counted half, with the standard error of
/// Hanley and McNeil (1982), Radiology 143, equation 1.
fn auroc(first: &[f64], second: &[f64]) -> (f64, f64) {
    let mut sorted = second.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (n, m) = (first.len() as f64, second.len() as f64);
    let below = |v: &f64| {
        let (low, high) = (sorted.partition_point(|s| s < v), sorted.partition_point(|s| s <= v));
        0.5 * (low + high) as f64
    };
    let a = first.iter().map(below).sum::<f64>() / (n * m);
    let (q1, q2) = (a / (2.0 - a), 2.0 * a * a / (1.0 + a));
    let variance = (a * (1.0 - a) + (n - 1.0) * (q1 - a * a) + (m - 1.0) * (q2 - a * a)) / (n * m);
    (a, variance.max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(Vec<f64>);

    impl RowSource<f64> for One {
        fn copy_row(&self, _: u32, _: u32, out: &mut [f64]) {
            out.copy_from_slice(&self.0);
        }
    }

    fn changed(change: Change, shape: [usize; 3], values: &[f64]) -> Vec<f64> {
        let inner = One(values.to_vec());
        let mut out = vec![0.0; values.len()];
        Changed { inner: &inner, image: 0, shape, change }.copy_row(0, 0, &mut out);
        out
    }

    #[test]
    fn four_quarter_turns_are_none() {
        let image = [0.1, 0.2, 0.3, 0.4];
        let once = changed(Change::Turn, [2, 2, 1], &image);
        // 1 2     2 4
        // 3 4  →  1 3
        assert_eq!(once, [0.2, 0.4, 0.1, 0.3]);
        let again = (0..3).fold(once, |i, _| changed(Change::Turn, [2, 2, 1], &i));
        assert_eq!(again, image);
        assert_eq!(changed(Change::Turn, [1, 2, 1], &[0.1, 0.2]), [0.2, 0.1]);
    }

    #[test]
    fn shuffling_loses_no_pixel_and_keeps_the_channels_together() {
        for n in [1, 2, 7, 12, 28 * 28] {
            let mut places: Vec<usize> = (0..n).map(|p| shuffled(p, n)).collect();
            places.sort_unstable();
            assert_eq!(places, (0..n).collect::<Vec<_>>());
        }
        let pairs = [0.1, 0.11, 0.2, 0.21, 0.3, 0.31];
        let out = changed(Change::Shuffle, [3, 1, 2], &pairs);
        assert!(out.chunks(2).all(|p| (p[1] - p[0] - 0.01).abs() < 1e-12), "{out:?}");
        assert_eq!(changed(Change::Invert, [1, 2, 1], &[0.25, 1.0]), [0.75, 0.0]);
    }

    #[test]
    fn the_area_is_that_of_all_pairs() {
        let (a, _) = auroc(&[1.0, 3.0], &[2.0, 1.0, 0.0]);
        // pairs: 1>2 no, 1=1 half, 1>0 yes; 3 above all
        assert!((a - 4.5 / 6.0).abs() < 1e-12);
        // Hanley and McNeil (1982), table II: area 0.893 of 51 and 58 cases has a standard error of 0.032.
        let q = 0.893;
        let (n, m) = (51.0, 58.0);
        let v = (q * (1.0 - q)
            + (n - 1.0) * (q / (2.0 - q) - q * q)
            + (m - 1.0) * (2.0 * q * q / (1.0 + q) - q * q))
            / (n * m);
        assert!((f64::sqrt(v) - 0.032).abs() < 1e-3);
    }
}
