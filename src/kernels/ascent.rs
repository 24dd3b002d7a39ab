//! The step rules beside Adam: the sequence of the ADVI paper, and plain gradient steps. Both ascend.

use super::adam::Rate;
use super::real::Real;

impl<T: Real> Rate<'_, T> {
    /// That of one parameter.
    fn of(&self, i: usize) -> T {
        match self {
            Rate::Same(rate) => *rate,
            Rate::Each(rates, common) => rates[i] * *common,
        }
    }
}

/// The exponent of the step number: −1/2 + ε (Kucukelbir and others 2017, equation 10).
const EXPONENT: f64 = -0.5 + 1e-16;

/// One step, the `step`-th from 1, of equation 19:
/// p ← p + η i^{−1/2+1e−16} g / (1 + √s),  s ← 0.1 g² + 0.9 s, at first g².
pub fn adaptive<T: Real>(step: u64, eta: Rate<T>, parameters: &mut [T], squares: &mut [T], gradient: &[T]) {
    let n = parameters.len();
    assert!(squares.len() == n && gradient.len() == n);
    let decay = T::from_f64((step as f64).powf(EXPONENT));
    let (new, old) = (T::from_f64(0.1), T::from_f64(0.9));
    for (i, g) in gradient.iter().enumerate() {
        let square = *g * *g;
        squares[i] = if step == 1 { square } else { new * square + old * squares[i] };
        parameters[i] += eta.of(i) * decay * *g / (T::ONE + squares[i].sqrt());
    }
}

/// p ← p + rate g.
pub fn plain<T: Real>(rate: Rate<T>, parameters: &mut [T], gradient: &[T]) {
    assert_eq!(parameters.len(), gradient.len());
    for (i, g) in gradient.iter().enumerate() {
        parameters[i] += rate.of(i) * *g;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps by hand: g = 3, −1, 2 with η = 0.5.
    #[test]
    fn steps_follow_equation_19() {
        let (mut p, mut s) = ([1.0f64], [0.0]);
        let mut want = 1.0;
        let squares = [9.0, 0.1 + 0.9 * 9.0, 0.1 * 4.0 + 0.9 * (0.1 + 0.9 * 9.0)];
        for (i, g) in [3.0, -1.0, 2.0f64].into_iter().enumerate() {
            adaptive(i as u64 + 1, Rate::Same(0.5), &mut p, &mut s, &[g]);
            want += 0.5 / ((i + 1) as f64).sqrt() * g / (1.0 + f64::sqrt(squares[i]));
            assert!((p[0] - want).abs() < 1e-12 && (s[0] - squares[i]).abs() < 1e-12, "{p:?} {want}");
        }
    }

    #[test]
    fn plain_steps_are_the_gradient_times_the_rate() {
        let mut p = [1.0f32, -1.0];
        plain(Rate::Each(&[0.5, 2.0], 0.1), &mut p, &[4.0, -1.0]);
        assert!((p[0] - 1.2).abs() < 1e-6 && (p[1] + 1.2).abs() < 1e-6, "{p:?}");
    }
}
