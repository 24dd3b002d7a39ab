//! Adam (Kingma and Ba 2015), ascending: rates and moments of f64 or f32 parameters.

use crate::kernels::real::Real;

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Moments of a parameter vector.
#[derive(Debug, Clone)]
pub struct Adam<T> {
    m: Vec<T>,
    v: Vec<T>,
    step: i32,
}

impl<T: Real> Adam<T> {
    /// For n parameters.
    pub fn new(n: usize) -> Self {
        Adam { m: vec![T::ZERO; n], v: vec![T::ZERO; n], step: 0 }
    }

    /// One step; `rates` gives each parameter its own rate, times `factor`.
    pub fn ascend(&mut self, p: &mut [T], g: &[T], rates: &[T], factor: f64) {
        self.step += 1;
        let (b1, b2) = (T::from_f64(BETA1), T::from_f64(BETA2));
        let (a1, a2) = (T::from_f64(1.0 - BETA1), T::from_f64(1.0 - BETA2));
        let c1 = T::from_f64(factor / (1.0 - BETA1.powi(self.step)));
        let c2 = T::from_f64(1.0 / (1.0 - BETA2.powi(self.step)));
        let epsilon = T::from_f64(EPSILON);
        let n = p.len();
        let (m, v, g, rates) = (&mut self.m[..n], &mut self.v[..n], &g[..n], &rates[..n]);
        for i in 0..n {
            m[i] = b1 * m[i] + a1 * g[i];
            v[i] = b2 * v[i] + a2 * g[i] * g[i];
            p[i] += rates[i] * c1 * m[i] / ((v[i] * c2).sqrt() + epsilon);
        }
    }
}
