//! The integral over a collapsed scale (`docs/inference.md`, equation 12), in closed form or by 64 nodes.
//!
//! ```text
//! ∫ p(v) v^{−pJ} e^{−c T v^{−kp}} dv,   s = f vᵖ,   Normal: k = 2, c = ½   Laplace: k = 1, c = 1
//! ```
//!
//! In x = log v the integrand is log-concave, so its mode is found by Newton steps inside a bracket; the trapezoid
//! rule between the places where it has fallen by 40 nats is then exact to about 1e-10.

use super::hyperprior::Hyperprior;
use crate::kernels::elementwise;
use crate::kernels::scalar::Unary;
use statrs::function::gamma::ln_gamma;

/// Nodes of the rule, where the integrand is about as wide as its curvature says.
const NODES: usize = 64;
/// Most nodes; the widest step in sds of the curvature at the mode (that of 64 nodes over ± 9 sds), and in x where the
/// integrand ends like exp(−e^{rx}): the rule's error is then about exp(−π²/(r · step)).
const MOST_NODES: usize = 2048;
const STEP: f64 = 0.286;
const EDGE_STEP: f64 = 0.4;
/// Nats below the mode at which the integrand is cut: e⁻⁴⁰ is 4e-18.
const DEPTH: f64 = 40.0;

/// The integrand of one scale: log p(v) + log v − `count` log v − `rate` v^{−`power`}.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Integrand {
    /// Density of log v.
    pub hyperprior: Hyperprior,
    /// pJ
    pub count: f64,
    /// cT
    pub rate: f64,
    /// kp
    pub power: f64,
}

/// What the optimal q(v) gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Collapsed {
    /// log of the integral
    pub log_integral: f64,
    /// E v^{−kp} under q*: minus its derivative for cT
    pub precision: f64,
}

impl Integrand {
    /// The log integrand of x = log v up to the constant of the hyperprior, with two derivatives.
    fn at(&self, x: f64) -> [f64; 3] {
        let [h, h1, h2] = self.hyperprior.shape(x);
        let r = self.rate * (-self.power * x).exp();
        [h - self.count * x - r, h1 - self.count + self.power * r, h2 - self.power * self.power * r]
    }

    /// Closed form where the hyperprior is conjugate, else the nodes.
    pub fn collapse(&self) -> Collapsed {
        self.closed_form().unwrap_or_else(|| self.by_nodes())
    }

    /// InvGamma with v^{−1} and Gamma with v in the exponent.
    pub fn closed_form(&self) -> Option<Collapsed> {
        let (shape, scale, sign) = match self.hyperprior {
            Hyperprior::InvGamma(shape, scale) if self.power == 1.0 => (shape, scale, 1.0),
            Hyperprior::Gamma(shape, rate) if self.power == -1.0 => (shape, rate, -1.0),
            _ => return None,
        };
        let total = shape + sign * self.count;
        let denominator = scale + self.rate;
        Some(Collapsed {
            log_integral: shape * scale.ln() + ln_gamma(total) - ln_gamma(shape) - total * denominator.ln(),
            precision: total / denominator,
        })
    }

    /// The trapezoid rule.
    pub fn by_nodes(&self) -> Collapsed {
        let mode = self.mode();
        let [top, _, curvature] = self.at(mode);
        let sd = 1.0 / (-curvature).max(1e-12).sqrt();
        let [low, high] = self.ends(mode, top, sd);
        let widest = (STEP * sd).min(EDGE_STEP / self.power.abs().max(self.hyperprior.steepness()));
        let nodes = (((high - low) / widest).ceil() as usize).clamp(NODES, MOST_NODES);
        let step = (high - low) / (nodes - 1) as f64;
        let (mut sum, mut weighted) = (0.0, 0.0);
        let (mut x, mut powers, mut values, mut weights) =
            ([0.0; NODES], [0.0; NODES], [0.0; NODES], [0.0; NODES]);
        for first in (0..nodes).step_by(NODES) {
            let n = NODES.min(nodes - first);
            let (x, powers) = (&mut x[..n], &mut powers[..n]);
            let (values, weights) = (&mut values[..n], &mut weights[..n]);
            for (i, (x, value)) in x.iter_mut().zip(&mut *values).enumerate() {
                *x = low + step * (first + i) as f64;
                *value = -self.power * *x;
            }
            elementwise::unary(Unary::Exp, values, powers);
            self.hyperprior.shapes(x, values);
            for ((value, x), power) in values.iter_mut().zip(&*x).zip(&*powers) {
                *value -= self.count * x + self.rate * power + top;
            }
            elementwise::unary(Unary::Exp, values, weights);
            for (weight, power) in weights.iter().zip(&*powers) {
                sum += weight;
                weighted += weight * power;
            }
        }
        let log_integral = self.hyperprior.constant() + top + (step * sum).ln();
        Collapsed { log_integral, precision: weighted / sum }
    }

    /// Where the integrand is largest.
    fn mode(&self) -> f64 {
        // Without a hyperprior the mode solves kp·cT v^{−kp} = pJ.
        let ratio = self.power * self.rate / self.count;
        let mut x = if ratio > 0.0 && ratio.is_finite() { ratio.ln() / self.power } else { 0.0 };
        let (mut low, mut high) = (x, x);
        let mut reach = 1.0;
        while self.at(low)[1] < 0.0 && reach < 1e6 {
            low -= reach;
            reach *= 2.0;
        }
        reach = 1.0;
        while self.at(high)[1] > 0.0 && reach < 1e6 {
            high += reach;
            reach *= 2.0;
        }
        for _ in 0..100 {
            let [_, slope, curvature] = self.at(x);
            if slope > 0.0 {
                low = x
            } else {
                high = x
            }
            let newton = x - slope / curvature;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - x).abs() <= 1e-12 * (1.0 + x.abs()) {
                return next;
            }
            x = next;
        }
        x
    }

    /// Where it has fallen by [`DEPTH`] on each side.
    fn ends(&self, mode: f64, top: f64, sd: f64) -> [f64; 2] {
        [-1.0, 1.0].map(|side| {
            let mut out = 9.0 * sd;
            let mut inside = 0.0;
            while top - self.at(mode + side * out)[0] < DEPTH && out < 1e6 {
                inside = out;
                out *= 1.6;
            }
            for _ in 0..8 {
                let middle = 0.5 * (inside + out);
                if top - self.at(mode + side * middle)[0] < DEPTH { inside = middle } else { out = middle }
            }
            mode + side * out
        })
    }

    /// q*(x) as cells of equal width, from which draws come.
    pub fn cells(&self) -> Cells {
        let mode = self.mode();
        let [top, _, curvature] = self.at(mode);
        let [low, high] = self.ends(mode, top, 1.0 / (-curvature).max(1e-12).sqrt());
        let width = (high - low) / CELLS as f64;
        let weights: Vec<f64> =
            (0..CELLS).map(|i| (self.at(low + width * (i as f64 + 0.5))[0] - top).exp()).collect();
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let mut cdf = vec![0.0];
        for w in &weights {
            sum += w / total;
            cdf.push(sum);
        }
        let log_density = weights.iter().map(|w| (w / (total * width)).ln()).collect();
        Cells { low, width, cdf, log_density }
    }
}

/// Cells of a scale's density.
const CELLS: usize = 1024;

/// A density of x that is constant on cells: its draws have exactly the log density that it reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    low: f64,
    width: f64,
    cdf: Vec<f64>,
    log_density: Vec<f64>,
}

impl Cells {
    /// x at a share of the mass, and its log density.
    pub fn quantile(&self, share: f64) -> (f64, f64) {
        let last = self.log_density.len() - 1;
        let cell = self.cdf.partition_point(|c| *c <= share).saturating_sub(1).min(last);
        let mass = self.cdf[cell + 1] - self.cdf[cell];
        let inside = if mass > 0.0 { ((share - self.cdf[cell]) / mass).clamp(0.0, 1.0) } else { 0.5 };
        (self.low + self.width * (cell as f64 + inside), self.log_density[cell])
    }

    /// log density of x; −∞ where there is no cell.
    pub fn log_density(&self, x: f64) -> f64 {
        let cell = ((x - self.low) / self.width).floor();
        let is_inside = cell >= 0.0 && cell < self.log_density.len() as f64;
        if is_inside { self.log_density[cell as usize] } else { f64::NEG_INFINITY }
    }

    /// Mean and sd of x.
    pub fn moments(&self) -> (f64, f64) {
        let masses = || self.cdf.windows(2).enumerate().map(|(i, c)| (i as f64 + 0.5, c[1] - c[0]));
        let mean: f64 = masses().map(|(i, m)| i * m).sum();
        let variance: f64 = masses().map(|(i, m)| (i - mean).powi(2) * m).sum::<f64>() + 1.0 / 12.0;
        (self.low + self.width * mean, self.width * variance.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Hyperprior> {
        use Hyperprior::*;
        vec![
            HalfNormal(1.0),
            HalfNormal(30.0),
            HalfCauchy(1.0),
            HalfCauchy(5.0),
            HalfStudentT(3.0, 2.0),
            InvGamma(1.0, 1.0),
            InvGamma(0.5, 3.0),
            Gamma(2.0, 1.5),
            Gamma(1.0, 0.2),
            LogNormal(-1.0, 0.7),
            Weibull(1.7, 2.0),
        ]
    }

    /// A dense sum over a wide range: nothing is shared with the rule but the integrand.
    fn brute(f: &Integrand) -> Collapsed {
        let (n, low, high) = (400_000, -40.0, 40.0);
        let step = (high - low) / n as f64;
        let values: Vec<(f64, f64)> = (0..=n)
            .map(|i| {
                let x = low + step * i as f64;
                (x, f.hyperprior.constant() + f.at(x)[0])
            })
            .collect();
        let top = values.iter().map(|v| v.1).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = values.iter().map(|v| (v.1 - top).exp()).sum();
        let weighted: f64 = values.iter().map(|v| (v.1 - top - f.power * v.0).exp()).sum();
        Collapsed { log_integral: top + (sum * step).ln(), precision: weighted / sum }
    }

    #[test]
    fn sixty_four_nodes_agree_with_four_hundred_thousand() {
        for hyperprior in all() {
            for (power, c) in [(2.0, 0.5), (1.0, 1.0), (1.0, 0.5), (-1.0, 0.5)] {
                for j in [2.0, 5.0, 50.0, 3000.0] {
                    for t in [1e-4, 1.0, 30.0, 5e3] {
                        let count = j * power / if c == 1.0 { 1.0 } else { 2.0 };
                        let f = Integrand { hyperprior, count, rate: c * t, power };
                        let (got, want) = (f.by_nodes(), brute(&f));
                        let is_inside = want.precision.is_finite() && want.log_integral.is_finite();
                        assert!(is_inside, "{f:?} {want:?}");
                        let error = (got.log_integral - want.log_integral).abs();
                        assert!(error < 1e-9 * (1.0 + want.log_integral.abs()), "{f:?}: {got:?} {want:?}");
                        let error = (got.precision / want.precision - 1.0).abs();
                        assert!(error < 1e-9, "{f:?}: {got:?} {want:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn closed_forms_agree_with_the_nodes() {
        for (hyperprior, power) in
            [(Hyperprior::InvGamma(1.5, 0.7), 1.0), (Hyperprior::Gamma(2.0, 0.4), -1.0)]
        {
            for (j, t) in [(4.0, 0.01), (25.0, 7.0), (800.0, 400.0)] {
                let f = Integrand { hyperprior, count: 0.5 * j * power, rate: 0.5 * t, power };
                let (closed, nodes) = (f.closed_form().expect("conjugate"), f.by_nodes());
                assert!((closed.log_integral - nodes.log_integral).abs() < 1e-8, "{closed:?} {nodes:?}");
                assert!((closed.precision / nodes.precision - 1.0).abs() < 1e-9, "{closed:?} {nodes:?}");
            }
        }
    }

    #[test]
    fn the_precision_is_minus_the_slope_of_the_integral() {
        for hyperprior in all() {
            let f = |rate: f64| Integrand { hyperprior, count: 12.0, rate, power: 2.0 };
            let slope =
                (f(3.0 + 1e-5).by_nodes().log_integral - f(3.0 - 1e-5).by_nodes().log_integral) / 2e-5;
            assert!((slope + f(3.0).by_nodes().precision).abs() < 1e-6, "{hyperprior:?}");
        }
    }

    #[test]
    fn many_places_at_once_are_what_each_is() {
        let x: Vec<f64> = (0..100).map(|i| -9.0 + 0.21 * f64::from(i)).collect();
        let mut found = vec![0.0; x.len()];
        for h in all() {
            h.shapes(&x, &mut found);
            for (x, found) in x.iter().zip(&found) {
                let want = h.shape(*x)[0];
                assert!((found - want).abs() <= 1e-14 * (1.0 + want.abs()), "{h:?} {x}: {found} {want}");
            }
        }
    }

    /// Scales whose squares are 0 or infinite: the density of log(v/A) is that of scale 1.
    #[test]
    fn scales_may_be_tiny_and_huge() {
        for a in [1e-200f64, 1e200] {
            for (h, plain) in [
                (Hyperprior::HalfNormal(a), Hyperprior::HalfNormal(1.0)),
                (Hyperprior::HalfCauchy(a), Hyperprior::HalfCauchy(1.0)),
                (Hyperprior::HalfStudentT(3.0, a), Hyperprior::HalfStudentT(3.0, 1.0)),
            ] {
                for t in [-2.0, 0.0, 1.0] {
                    let (found, want) = (h.log_density(t + a.ln()), plain.log_density(t));
                    let is_close = found.iter().zip(want).all(|(f, w)| (f - w).abs() < 1e-10);
                    assert!(is_close, "{h:?} {t}: {found:?} {want:?}");
                }
            }
        }
    }

    #[test]
    fn densities_of_the_log_agree_with_their_derivatives_and_sum_to_one() {
        for h in all() {
            for x in [-3.0, -0.5, 0.0, 1.2] {
                let [_, d1, d2] = h.log_density(x);
                let first = (h.log_density(x + 1e-5)[0] - h.log_density(x - 1e-5)[0]) / 2e-5;
                let second = (h.log_density(x + 1e-5)[1] - h.log_density(x - 1e-5)[1]) / 2e-5;
                assert!((d1 - first).abs() < 1e-6 * (1.0 + d1.abs()), "{h:?} {x}");
                assert!((d2 - second).abs() < 1e-6 * (1.0 + d2.abs()), "{h:?} {x}");
            }
            let step = 1e-3;
            let total: f64 =
                (-60_000..60_000).map(|i| h.log_density(f64::from(i) * step)[0].exp() * step).sum();
            assert!((total - 1.0).abs() < 1e-9, "{h:?}: {total}");
        }
    }

    #[test]
    fn cells_are_a_density_and_have_the_moments_of_q() {
        let f = Integrand { hyperprior: Hyperprior::HalfCauchy(1.0), count: 10.0, rate: 4.0, power: 2.0 };
        let cells = f.cells();
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|i| cells.quantile((i as f64 + 0.5) / n as f64).0).collect();
        let precision = draws.iter().map(|x| (-2.0 * x).exp()).sum::<f64>() / n as f64;
        assert!((precision / f.collapse().precision - 1.0).abs() < 1e-4);
        let (mean, sd) = cells.moments();
        let empirical = draws.iter().sum::<f64>() / n as f64;
        let spread = (draws.iter().map(|x| (x - empirical).powi(2)).sum::<f64>() / n as f64).sqrt();
        // The outermost of the 10⁵ draws stand for 1e-5 of the mass each, some sds out.
        assert!(
            (mean - empirical).abs() < 2e-5 && (sd - spread).abs() < 2e-5,
            "{mean} {empirical} {sd} {spread}"
        );
        // E log q̃ over its own draws is minus its entropy; against the integrand that is the log integral.
        let bound: f64 = (0..n)
            .map(|i| {
                let (x, log_q) = cells.quantile((i as f64 + 0.5) / n as f64);
                f.hyperprior.constant() + f.at(x)[0] - log_q
            })
            .sum::<f64>()
            / n as f64;
        // Cells a fiftieth of an sd wide cost a bound of about (width/sd)²/24.
        let gap = f.collapse().log_integral - bound;
        assert!((-1e-5..5e-5).contains(&gap), "{gap}");
    }
}
