//! Log densities of x = log v for the hyperpriors of collapsed scales: all are concave in x.

use crate::dist::Family;
use crate::kernels::elementwise;
use crate::kernels::scalar::Unary;
use statrs::function::gamma::ln_gamma;
use std::f64::consts::PI;

/// A hyperprior with its numbers; each density includes the Jacobian of v = eˣ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Hyperprior {
    /// scale A
    HalfNormal(f64),
    /// scale A
    HalfCauchy(f64),
    /// degrees of freedom ν, scale A
    HalfStudentT(f64, f64),
    /// shape α, scale β
    InvGamma(f64, f64),
    /// shape a, rate b (Exponential and ChiSquared too)
    Gamma(f64, f64),
    /// mean and sd of the log
    LogNormal(f64, f64),
    /// shape k, scale λ
    Weibull(f64, f64),
}

impl Hyperprior {
    /// Reads a family and its numbers; none where there is no entry.
    ///
    /// `is_half` says that a symmetric family is cut to `(0, inf)`.
    pub fn of(family: &Family, form: usize, args: &[f64], is_half: bool) -> Option<Hyperprior> {
        use Hyperprior::*;
        let second = family.forms.get(form)?.args.get(1).map_or("", |a| a.name);
        let found = match (family.name, args, is_half) {
            ("HalfNormal", [a], false) => HalfNormal(*a),
            ("HalfCauchy", [a], false) => HalfCauchy(*a),
            ("HalfStudentT", [df, a], false) => HalfStudentT(*df, *a),
            ("Normal", [0.0, a], true) => HalfNormal(*a),
            ("Cauchy", [0.0, a], true) => HalfCauchy(*a),
            ("StudentT", [df, 0.0, a], true) => HalfStudentT(*df, *a),
            ("InvGamma", [shape, scale], false) => InvGamma(*shape, *scale),
            ("Gamma", [shape, rate], false) if second == "rate" => Gamma(*shape, *rate),
            ("Gamma", [shape, scale], false) if second == "scale" => Gamma(*shape, 1.0 / *scale),
            ("Exponential", [x], false) => match family.forms[form].args[0].name {
                "rate" => Gamma(1.0, *x),
                "mean" => Gamma(1.0, 1.0 / *x),
                _ => return None,
            },
            ("ChiSquared", [df], false) => Gamma(0.5 * *df, 0.5),
            ("LogNormal", [mean, sd], false) => LogNormal(*mean, *sd),
            ("Weibull", [shape, scale], false) => Weibull(*shape, *scale),
            _ => return None,
        };
        args.iter().all(|a| a.is_finite()).then_some(found)
    }

    /// The largest r of terms e^{rx} or e^{−rx} in the log density of x: how sharp its edges are.
    pub fn steepness(&self) -> f64 {
        match self {
            Hyperprior::HalfNormal(_) | Hyperprior::HalfCauchy(_) | Hyperprior::HalfStudentT(..) => 2.0,
            Hyperprior::InvGamma(..) | Hyperprior::Gamma(..) => 1.0,
            Hyperprior::LogNormal(..) => 0.0,
            Hyperprior::Weibull(shape, _) => *shape,
        }
    }

    /// What [`Hyperprior::shape`] leaves out of the log density: all that does not depend on x.
    pub fn constant(&self) -> f64 {
        match *self {
            Hyperprior::HalfNormal(a) => 0.5 * (2.0 / PI).ln() - a.ln(),
            Hyperprior::HalfCauchy(a) => (2.0 / PI).ln() - a.ln(),
            Hyperprior::HalfStudentT(df, a) => {
                std::f64::consts::LN_2 + ln_gamma(0.5 * (df + 1.0))
                    - ln_gamma(0.5 * df)
                    - 0.5 * (df * PI).ln()
                    - a.ln()
            }
            Hyperprior::InvGamma(shape, scale) => shape * scale.ln() - ln_gamma(shape),
            Hyperprior::Gamma(shape, rate) => shape * rate.ln() - ln_gamma(shape),
            Hyperprior::LogNormal(_, sd) => -0.5 * (2.0 * PI).ln() - sd.ln(),
            Hyperprior::Weibull(shape, _) => shape.ln(),
        }
    }

    /// log density of x up to its constant, with its first two derivatives.
    pub fn shape(&self, x: f64) -> [f64; 3] {
        // p x − k log(1 + r/d), r = e^{2x}/A²
        let student = |d: f64, k: f64, a: f64| {
            let ratio = x.exp() / a;
            let r = ratio * ratio / d;
            // Beyond what a double holds r is all there is of 1 + r.
            let (share, log1p) =
                if r.is_finite() { (r / (1.0 + r), r.ln_1p()) } else { (1.0, 2.0 * (x - a.ln()) - d.ln()) };
            [x - k * log1p, 1.0 - 2.0 * k * share, -4.0 * k * share * (1.0 - share)]
        };
        match *self {
            Hyperprior::HalfNormal(a) => {
                // Not e^{2x}/A²: the square of a small scale may be 0.
                let ratio = x.exp() / a;
                let r = ratio * ratio;
                [x - 0.5 * r, 1.0 - r, -2.0 * r]
            }
            Hyperprior::HalfCauchy(a) => student(1.0, 1.0, a),
            Hyperprior::HalfStudentT(df, a) => student(df, 0.5 * (df + 1.0), a),
            Hyperprior::InvGamma(shape, scale) => {
                let r = scale * (-x).exp();
                [-shape * x - r, r - shape, -r]
            }
            Hyperprior::Gamma(shape, rate) => {
                let r = rate * x.exp();
                [shape * x - r, shape - r, -r]
            }
            Hyperprior::LogNormal(mean, sd) => {
                let z = (x - mean) / sd;
                [-0.5 * z * z, -z / sd, -1.0 / (sd * sd)]
            }
            Hyperprior::Weibull(shape, scale) => {
                let t = shape * (x - scale.ln());
                let r = t.exp();
                [t - r, shape - shape * r, -shape * shape * r]
            }
        }
    }

    /// The first of [`Hyperprior::shape`] at many places.
    pub fn shapes(&self, x: &[f64], out: &mut [f64]) {
        // out = g(e^{rate x})
        let mut of_exp = |rate: f64, g: &dyn Fn(f64, f64) -> f64| {
            let mut exponents = [0.0; AT_A_TIME];
            for (x, out) in x.chunks(AT_A_TIME).zip(out.chunks_mut(AT_A_TIME)) {
                let exponents = &mut exponents[..x.len()];
                exponents.iter_mut().zip(x).for_each(|(e, x)| *e = rate * x);
                elementwise::unary(Unary::Exp, exponents, out);
                out.iter_mut().zip(x).for_each(|(out, x)| *out = g(*x, *out));
            }
        };
        match *self {
            Hyperprior::HalfNormal(a) => of_exp(1.0, &|x, e| x - 0.5 * (e / a) * (e / a)),
            Hyperprior::InvGamma(shape, scale) => of_exp(-1.0, &|x, e| -shape * x - scale * e),
            Hyperprior::Gamma(shape, rate) => of_exp(1.0, &|x, e| shape * x - rate * e),
            _ => out.iter_mut().zip(x).for_each(|(out, x)| *out = self.shape(*x)[0]),
        }
    }

    /// log density of x with its first two derivatives.
    #[cfg(test)]
    pub fn log_density(&self, x: f64) -> [f64; 3] {
        let [h, slope, curvature] = self.shape(x);
        [self.constant() + h, slope, curvature]
    }
}

/// Places whose exponentials are taken together.
const AT_A_TIME: usize = 64;
