//! `circles(n, noise = …, factor = …, seed = …)`: a large circle around a smaller one.
//!
//! Class 0 lies on the unit circle, class 1 on the circle of radius `factor`; normal noise of sd `noise` is
//! added to both coordinates. The points are evenly spaced and half of them belong to each class, as in
//! scikit-learn's `make_circles`.

use std::f64::consts::TAU;

/// Returns `n` points before noise, class 0 first: x1, x2, y. The one extra argument is the inner radius.
pub fn points(n: usize, extra: &[f64]) -> Vec<[f64; 3]> {
    let radius = extra.first().copied().unwrap_or(0.5);
    let outer = n / 2;
    let inner = n - outer;
    let on_circle = |i: usize, n: usize| TAU * i as f64 / n as f64;
    let first = (0..outer).map(|i| on_circle(i, outer)).map(|a| [a.cos(), a.sin(), 0.0]);
    let second = (0..inner).map(|i| on_circle(i, inner)).map(|a| [radius * a.cos(), radius * a.sin(), 1.0]);
    first.chain(second).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_are_one_and_the_factor() {
        for [x, y, class] in points(11, &[0.3]) {
            let radius = if class == 0.0 { 1.0 } else { 0.3 };
            assert!((x.hypot(y) - radius).abs() < 1e-12);
        }
        assert_eq!(points(11, &[0.3]).iter().filter(|p| p[2] == 1.0).count(), 6);
    }
}
