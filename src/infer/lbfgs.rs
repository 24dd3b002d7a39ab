//! Limited-memory BFGS with a backtracking line search (Nocedal and Wright, algorithms 7.4 and 3.1), ascending.

/// Pairs kept.
const MEMORY: usize = 12;

/// Climbs from `x`; `value_and_gradient` fills the gradient and returns the value. Returns the best point and value.
///
/// Steps to points where the value is not finite are shortened, so a start inside the support stays inside.
/// Stops when the gradient is small against the value's rounding, or after `iterations`.
pub fn maximise(
    mut x: Vec<f64>,
    iterations: usize,
    value_and_gradient: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
) -> (Vec<f64>, f64) {
    let n = x.len();
    let mut g = vec![0.0; n];
    let mut value = value_and_gradient(&x, &mut g);
    if !value.is_finite() {
        return (x, value);
    }
    let mut pairs: Vec<(Vec<f64>, Vec<f64>, f64)> = vec![];
    let mut small_gains = 0;
    for _ in 0..iterations {
        let mut direction = two_loop(&pairs, &g);
        let mut slope = dot(&direction, &g);
        if slope <= 0.0 || !slope.is_finite() {
            direction.clone_from(&g);
            slope = dot(&g, &g);
            pairs.clear();
        }
        let norm = dot(&g, &g).sqrt();
        if norm < 1e-10 * (1.0 + value.abs()) {
            break;
        }
        let mut length = if pairs.is_empty() { (1.0 / norm).min(1.0) } else { 1.0 };
        let mut found = None;
        for _ in 0..40 {
            let candidate: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let mut gradient = vec![0.0; n];
            let v = value_and_gradient(&candidate, &mut gradient);
            if v.is_finite() && gradient.iter().all(|g| g.is_finite()) && v >= value + 1e-4 * length * slope {
                found = Some((candidate, gradient, v));
                break;
            }
            length *= 0.5;
        }
        let Some((candidate, gradient, v)) = found else { break };
        let s: Vec<f64> = candidate.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = g.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let sy = dot(&s, &y);
        if sy > 1e-12 * dot(&y, &y) {
            pairs.push((s, y, 1.0 / sy));
            if pairs.len() > MEMORY {
                pairs.remove(0);
            }
        }
        small_gains = if v - value < 1e-9 * (1.0 + v.abs()) { small_gains + 1 } else { 0 };
        (x, g, value) = (candidate, gradient, v);
        if small_gains >= 5 {
            break;
        }
    }
    (x, value)
}

/// H g by the two-loop recursion.
fn two_loop(pairs: &[(Vec<f64>, Vec<f64>, f64)], g: &[f64]) -> Vec<f64> {
    let mut q = g.to_vec();
    let mut alphas = vec![];
    for (s, y, rho) in pairs.iter().rev() {
        let alpha = rho * dot(s, &q);
        add(&mut q, y, -alpha);
        alphas.push(alpha);
    }
    if let Some((s, y, _)) = pairs.last() {
        let scale = dot(s, y) / dot(y, y);
        q.iter_mut().for_each(|v| *v *= scale);
    }
    for ((s, y, rho), alpha) in pairs.iter().zip(alphas.into_iter().rev()) {
        let beta = rho * dot(y, &q);
        add(&mut q, s, alpha - beta);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn add(out: &mut [f64], x: &[f64], factor: f64) {
    for (o, v) in out.iter_mut().zip(x) {
        *o += factor * v;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_top_of_rosenbrocks_hill() {
        let mut f = |x: &[f64], g: &mut [f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = 2.0 * a + 400.0 * x[0] * b;
            g[1] = -200.0 * b;
            -(a * a + 100.0 * b * b)
        };
        let (x, v) = maximise(vec![-1.2, 1.0], 500, &mut f);
        assert!((x[0] - 1.0).abs() < 1e-4 && (x[1] - 1.0).abs() < 1e-4 && v > -1e-8, "{x:?} {v}");
    }
}
