//! `moons(n, noise = …, seed = …)`: two interleaving half-circles.
//!
//! Class 0 lies on the upper half of the unit circle, class 1 on its mirror image shifted by (1, −0.5);
//! normal noise of sd `noise` is added to both coordinates. The points are evenly spaced and half of them
//! belong to each class, as in scikit-learn's `make_moons`.

use std::f64::consts::PI;

/// Returns `n` points before noise, class 0 first: x1, x2, y.
pub fn points(n: usize, _: &[f64]) -> Vec<[f64; 3]> {
    let upper = n / 2;
    let lower = n - upper;
    let first = (0..upper).map(|i| angle(i, upper)).map(|a| [a.cos(), a.sin(), 0.0]);
    let second = (0..lower).map(|i| angle(i, lower)).map(|a| [1.0 - a.cos(), 1.0 - a.sin() - 0.5, 1.0]);
    first.chain(second).collect()
}

/// Angles from 0 to π, both ends taken.
fn angle(i: usize, n: usize) -> f64 {
    if n < 2 { 0.0 } else { PI * i as f64 / (n - 1) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_start_and_end_where_they_should() {
        let points = points(7, &[]);
        let near = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(points[0], [1.0, 0.0, 0.0]) && near(points[1], [0.0, 1.0, 0.0]));
        assert!(near(points[2], [-1.0, 0.0, 0.0]));
        assert!(near(points[3], [0.0, 0.5, 1.0]) && near(points[6], [2.0, 0.5, 1.0]));
        assert_eq!(points.len(), 7);
    }
}
