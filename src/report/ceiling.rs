//! The best that anything could predict of rows whose generator is known: Bayes' rule on the map and on its points.

use super::number::percent;
use crate::data::truth::{Ceiling, Truth};
use crate::run_folder::ProbabilityMap;

/// The rule that a run or a sweep was declared to have; none if none was.
pub(super) fn truth(words: &str) -> Option<Truth> {
    Truth::declared(words).ok()
}

/// The true probability of the second class in each cell, where the map is of two classes.
pub(super) fn on_map(truth: &Truth, map: &ProbabilityMap) -> Option<Vec<f32>> {
    if map.classes.len() != 2 {
        return None;
    }
    let chance = |k: usize| {
        let (x, y) = map.centre(k % map.n, k / map.n);
        truth.chance([x, y]) as f32
    };
    Some((0..map.n * map.n).map(chance).collect())
}

/// What the rule gets on the held-out points of a map.
pub(super) fn on_points(truth: &Truth, map: &ProbabilityMap) -> Option<Ceiling> {
    let held_out = map.points.iter().filter(|p| p.held_out);
    let rows: Vec<_> = held_out.map(|p| ([f64::from(p.x), f64::from(p.y)], p.class)).collect();
    (map.classes.len() == 2 && !rows.is_empty()).then(|| truth.ceiling(&rows))
}

/// What can be reached, in a sentence; and whether the rows look as if they were the generator's.
pub(super) fn sentence(truth: &Truth, map: &ProbabilityMap) -> Option<String> {
    let c = on_points(truth, map)?;
    let z = (c.nll - c.expected_nll) / c.nll_sd;
    if z.abs() > 4.0 {
        return Some(format!(
            "The rows do not look as if `{}` had made them: by its rule they cost {:.3} nats each, where {:.3} ± {:.3} is \
             expected. No ceiling is drawn from it.",
            truth.words, c.nll, c.expected_nll, c.nll_sd
        ));
    }
    Some(format!(
        "Nothing does better on new rows than Bayes' rule of `{}`, which on these {} held-out rows is right for {} at {:.3} \
         nats.",
        truth.words,
        c.rows,
        percent(c.accuracy),
        c.nll
    ))
}

/// The rule, if the points look as if it had made them.
pub(super) fn plausible(words: &str, map: &ProbabilityMap) -> Option<Truth> {
    let truth = truth(words)?;
    let c = on_points(&truth, map)?;
    ((c.nll - c.expected_nll).abs() <= 4.0 * c.nll_sd).then_some(truth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_folder::{ClassMap, MapPoint};

    fn map(points: Vec<MapPoint>) -> ProbabilityMap {
        let class = ClassMap { label: "a".into(), mean: vec![0.5; 4], sd: vec![0.0; 4] };
        let (x_range, y_range) = ([-1.0, 1.0], [-1.0, 1.0]);
        ProbabilityMap {
            n: 2,
            x_range,
            y_range,
            classes: vec![class.clone(), class],
            points,
            ..Default::default()
        }
    }

    #[test]
    fn rows_of_something_else_are_told() {
        // Class 1 of the circles lies inside.
        let rows = |inner: usize| {
            (0..200u32).map(move |i| {
                let (angle, is_inside) = (f64::from(i) * 0.7, i % 2 == 0);
                let radius = if is_inside { 0.5 } else { 1.0 };
                let class = if is_inside { inner } else { 1 - inner };
                let (x, y) = ((radius * angle.cos()) as f32, (radius * angle.sin()) as f32);
                MapPoint { x, y, class, held_out: true }
            })
        };
        let words = "circles(noise = 0.2)";
        assert!(sentence(&truth(words).unwrap(), &map(rows(0).collect())).unwrap().contains("do not look"));
        assert!(plausible(words, &map(rows(0).collect())).is_none());
        let right = map(rows(1).collect());
        let told = sentence(&truth(words).unwrap(), &right).unwrap();
        // Without noise they are even a little better than what is expected, but on the right side of the line.
        assert_eq!(on_points(&truth(words).unwrap(), &right).unwrap().accuracy, 1.0, "{told}");
    }
}
