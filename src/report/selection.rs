//! Which rows are worth looking at: the least confident ones, and the wrong ones that the model was sure of.

use crate::run_folder::ClassPredictions;

/// Returns the rows whose predicted class has the lowest probability, the lowest first.
pub fn least_confident(classes: &ClassPredictions, count: usize) -> Vec<usize> {
    first(0..classes.rows(), count, |r| classes.confidence(r))
}

/// Returns wrongly predicted rows: those on which the draws agree most first, then the most confident.
pub fn surely_wrong(classes: &ClassPredictions, count: usize) -> Vec<usize> {
    let wrong = (0..classes.rows()).filter(|r| classes.is_right(*r) == Some(false));
    let doubt = |r: usize| classes.expected_error.get(r).copied().unwrap_or(1.0);
    // Expected error is a share of some hundred draws: below its steps the confidence decides.
    first(wrong, count, |r| doubt(r) * 1e3 - classes.confidence(r))
}

fn first(rows: impl Iterator<Item = usize>, count: usize, key: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut rows: Vec<(f64, usize)> = rows.map(|r| (key(r), r)).filter(|(k, _)| k.is_finite()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    rows.into_iter().take(count).map(|(_, r)| r).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_the_order_of_interest() {
        let classes = ClassPredictions {
            levels: vec!["a".into(), "b".into()],
            target: vec![Some(0), Some(1), Some(1), None, Some(0)],
            probability: vec![0.9, 0.1, 0.8, 0.2, 0.95, 0.05, 0.6, 0.4, 0.45, 0.55],
            expected_error: vec![0.0, 0.1, 0.1, 0.2, 0.4],
            ..ClassPredictions::default()
        };
        assert_eq!(least_confident(&classes, 2), [4, 3]);
        assert_eq!(surely_wrong(&classes, 9), [2, 1, 4]);
    }
}
