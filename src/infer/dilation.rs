//! One more coordinate for each collapsed scale: all its weights together (`docs/inference.md`, equation 20a).
//!
//! Where a scale has been integrated out (12), multiplying all its weights and their sds by one number changes C and the
//! entropy by as much: only the likelihood has a say. But each weight alone is held at the size of the others, so Adam
//! moves them together at a pace set by the noise of each: an input that carries nothing keeps its scale for
//! thousands of steps. Along log a, m ← a m, σ ← a σ, the gradient is the sum over the weights,
//!
//! ```text
//! ∂L/∂ log a = Σ_j m_j ∂L/∂m_j + ∂L/∂ω_j
//! ```
//!
//! whose noise is that of one number. The family and the ELBO stay the same; only the path there is shorter.

use super::problem::Number;
use crate::guide::collapse::Collapse;
use crate::kernels::adam::{Adam, Rate, adam};

/// The moves of all collapsed scales.
pub struct Dilation {
    /// The scale of each coordinate of the guide; none: [`NONE`].
    scale_of: Vec<u32>,
    log_a: Vec<f64>,
    gradient: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    moved: u64,
}

const NONE: u32 = u32::MAX;

impl Dilation {
    /// Moves for the collapsed scales of a guide with `random` coordinates that have an sd.
    pub fn new(collapse: &Collapse, random: usize) -> Self {
        let mut scale_of = vec![NONE; random];
        for (weight, scale) in collapse.weights() {
            scale_of[weight] = scale as u32;
        }
        let n = collapse.scales.len();
        Dilation {
            scale_of,
            log_a: vec![0.0; n],
            gradient: vec![0.0; n],
            first: vec![0.0; n],
            second: vec![0.0; n],
            moved: 0,
        }
    }

    /// Takes the slopes from a gradient at `p` (means of `dim` coordinates, then log sds).
    pub fn read<T: Number>(&mut self, p: &[T], g: &[T], dim: usize) {
        self.gradient.fill(0.0);
        for (i, scale) in self.scale_of.iter().enumerate() {
            if *scale != NONE {
                let slope = p[i].to_f64() * g[i].to_f64() + g[dim + i].to_f64();
                self.gradient[*scale as usize] += slope;
            }
        }
    }

    /// One step of Adam along the slopes: the weights of each scale move together.
    pub fn step<T: Number>(&mut self, rate: f64, p: &mut [T], dim: usize) {
        if self.log_a.is_empty() {
            return;
        }
        self.moved += 1;
        self.log_a.fill(0.0);
        let settings = Adam::default();
        adam(
            &settings,
            self.moved,
            Rate::Same(rate),
            &mut self.log_a,
            &mut self.first,
            &mut self.second,
            &self.gradient,
        );
        let moves: Vec<(T, T)> =
            self.log_a.iter().map(|log_a| (T::from_f64(log_a.exp()), T::from_f64(*log_a))).collect();
        for (i, scale) in self.scale_of.iter().enumerate() {
            if *scale != NONE {
                let (a, log_a) = moves[*scale as usize];
                p[i] *= a;
                p[dim + i] += log_a;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two scales over three of four coordinates.
    fn moves() -> Dilation {
        Dilation { scale_of: vec![0, NONE, 1, 0], ..Dilation::new(&Collapse::default(), 4) }.with_scales(2)
    }

    impl Dilation {
        fn with_scales(mut self, n: usize) -> Self {
            [&mut self.log_a, &mut self.gradient, &mut self.first, &mut self.second]
                .into_iter()
                .for_each(|x| *x = vec![0.0; n]);
            self
        }
    }

    /// Means, then log sds.
    const P: [f64; 8] = [0.7, -0.2, 1.5, -0.4, -1.0, 0.3, -0.6, 0.1];

    fn objective(p: &[f64]) -> f64 {
        (0..4).map(|i| (p[i] * (i as f64 + 1.0)).sin() - 0.3 * (p[4 + i] + p[i]).powi(2)).sum()
    }

    #[test]
    fn slopes_are_those_of_a_common_factor() {
        let gradient: Vec<f64> = (0..8)
            .map(|k| {
                let at = |h: f64| {
                    objective(&(0..8).map(|i| P[i] + if i == k { h } else { 0.0 }).collect::<Vec<_>>())
                };
                (at(1e-6) - at(-1e-6)) / 2e-6
            })
            .collect();
        let mut moves = moves();
        moves.read(&P, &gradient, 4);
        for scale in 0..2 {
            let at = |log_a: f64| {
                let mut p = P;
                for i in (0..4).filter(|i| moves.scale_of[*i] == scale) {
                    p[i] *= log_a.exp();
                    p[4 + i] += log_a;
                }
                objective(&p)
            };
            let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
            let found = moves.gradient[scale as usize];
            assert!((slope - found).abs() < 1e-6, "scale {scale}: {found}, by differences {slope}");
        }
    }

    #[test]
    fn a_step_multiplies_the_weights_of_a_scale_and_leaves_the_rest() {
        let mut moves = moves();
        moves.gradient = vec![3.0, -0.5];
        let mut p = P;
        moves.step(0.1, &mut p, 4);
        // Adam's first step is the rate, with the slope's sign.
        for (i, sign) in [(0, 1.0), (1, 0.0), (2, -1.0), (3, 1.0)] {
            let log_a: f64 = 0.1 * sign;
            assert!((p[i] / P[i] - log_a.exp()).abs() < 1e-6, "mean {i}");
            assert!((p[4 + i] - P[4 + i] - log_a).abs() < 1e-6, "log sd {i}");
        }
    }
}
