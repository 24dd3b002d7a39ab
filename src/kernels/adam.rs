//! Adam (Kingma and Ba 2015) as one pass over parameters, moments and gradient. It ascends: the ELBO is maximised.

use super::dispatch::{Isa, versions};
use super::real::Real;

/// The constants of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// The learning rate: one for all numbers or one for each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate<'a, T> {
    /// The same for all.
    Same(T),
    /// One for each parameter, times a common factor (the schedule).
    Each(&'a [T], T),
}

versions! {
    /// One step of ascent, the `step`-th from 1:
    /// m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², p ← p + rate · m̂ / (√v̂ + ε), hats divided by 1 − β^step.
    pub fn adam(
        constants: &Adam,
        step: u64,
        rate: Rate<T>,
        parameters: &mut [T],
        first: &mut [T],
        second: &mut [T],
        gradient: &[T],
    ) = adam_body, wider if true;
}

#[inline(always)]
fn adam_body<T: Real, I: Isa>(
    constants: &Adam,
    step: u64,
    rate: Rate<T>,
    parameters: &mut [T],
    first: &mut [T],
    second: &mut [T],
    gradient: &[T],
) {
    let n = parameters.len();
    assert!(first.len() == n && second.len() == n && gradient.len() == n);
    let correction = |beta: f64| 1.0 / (1.0 - beta.powf(step as f64));
    let (beta1, beta2) = (T::from_f64(constants.beta1), T::from_f64(constants.beta2));
    let (rest1, rest2) = (T::from_f64(1.0 - constants.beta1), T::from_f64(1.0 - constants.beta2));
    let scale1 = T::from_f64(correction(constants.beta1));
    let scale2 = T::from_f64(correction(constants.beta2));
    let epsilon = T::from_f64(constants.epsilon);
    // The compiler sees that all slices have n numbers.
    let (parameters, first) = (&mut parameters[..n], &mut first[..n]);
    let (second, gradient) = (&mut second[..n], &gradient[..n]);
    macro_rules! run {
        ($factor:expr, $i:ident) => {
            for $i in 0..n {
                let g = gradient[$i];
                let m = beta1.fma::<I>(first[$i], rest1 * g);
                let v = beta2.fma::<I>(second[$i], rest2 * (g * g));
                first[$i] = m;
                second[$i] = v;
                parameters[$i] += $factor * m / ((v * scale2).sqrt() + epsilon);
            }
        };
    }
    match rate {
        Rate::Same(rate) => {
            let factor = rate * scale1;
            run!(factor, i);
        }
        Rate::Each(rates, common) => {
            assert_eq!(rates.len(), n);
            let rates = &rates[..n];
            let factor = common * scale1;
            run!(rates[i] * factor, i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dispatch::on_every_instruction_set;

    fn check<T: Real>(tolerance: f64) {
        let constants = Adam::default();
        for n in [0, 1, 7, 32, 100] {
            let rates: Vec<T> = (0..n).map(|i| T::from_f64(0.01 + 0.001 * i as f64)).collect();
            for rate in [Rate::Same(T::from_f64(0.02)), Rate::Each(&rates, T::HALF)] {
                let (mut p, mut m, mut v) = (vec![T::ONE; n], vec![T::ZERO; n], vec![T::ZERO; n]);
                let mut want: Vec<[f64; 3]> = vec![[1.0, 0.0, 0.0]; n];
                for step in 1..=5 {
                    let g: Vec<T> = (0..n).map(|i| T::from_f64((i as f64 + step as f64).sin())).collect();
                    adam(&constants, step, rate, &mut p, &mut m, &mut v, &g);
                    for i in 0..n {
                        let g = g[i].to_f64();
                        let [p, m, v] = &mut want[i];
                        *m = 0.9 * *m + 0.1 * g;
                        *v = 0.999 * *v + 0.001 * g * g;
                        let rate = match rate {
                            Rate::Same(_) => 0.02,
                            Rate::Each(..) => 0.5 * (0.01 + 0.001 * i as f64),
                        };
                        let (a, b) = (1.0 - 0.9f64.powi(step as i32), 1.0 - 0.999f64.powi(step as i32));
                        *p += rate * (*m / a) / ((*v / b).sqrt() + 1e-8);
                    }
                }
                for i in 0..n {
                    assert!((p[i].to_f64() - want[i][0]).abs() < tolerance, "{} {:?}", p[i], want[i]);
                }
            }
        }
    }

    #[test]
    fn steps_follow_the_formula() {
        on_every_instruction_set(|| {
            check::<f32>(1e-5);
            check::<f64>(1e-13);
        });
    }

    #[test]
    fn the_first_step_has_the_length_of_the_rate() {
        let (mut p, mut m, mut v) = ([0.0f64; 3], [0.0; 3], [0.0; 3]);
        adam(&Adam::default(), 1, Rate::Same(0.1), &mut p, &mut m, &mut v, &[5.0, -1e-3, 0.0]);
        assert!((p[0] - 0.1).abs() < 1e-8 && (p[1] + 0.1).abs() < 1e-5 && p[2] == 0.0);
    }
}
