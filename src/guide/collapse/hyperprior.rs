//! Log densities of x = log v for the hyperpriors of collapsed scales: all are concave in x.

use crate::dist::Family;
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

    /// log density of x with its first two derivatives.
    pub fn log_density(&self, x: f64) -> [f64; 3] {
        // c + p x − k log(1 + r/d), r = e^{2x}/A²
        let student = |c: f64, d: f64, k: f64, a: f64| {
            let t = 2.0 * (x - a.ln()) - d.ln();
            let share = 1.0 / (1.0 + (-t).exp());
            let log1p = if t > 0.0 { t + (-t).exp().ln_1p() } else { t.exp().ln_1p() };
            [c + x - k * log1p, 1.0 - 2.0 * k * share, -4.0 * k * share * (1.0 - share)]
        };
        match *self {
            Hyperprior::HalfNormal(a) => {
                let r = (2.0 * (x - a.ln())).exp();
                [0.5 * (2.0 / PI).ln() - a.ln() + x - 0.5 * r, 1.0 - r, -2.0 * r]
            }
            Hyperprior::HalfCauchy(a) => student((2.0 / PI).ln() - a.ln(), 1.0, 1.0, a),
            Hyperprior::HalfStudentT(df, a) => {
                let c = std::f64::consts::LN_2 + ln_gamma(0.5 * (df + 1.0))
                    - ln_gamma(0.5 * df)
                    - 0.5 * (df * PI).ln()
                    - a.ln();
                student(c, df, 0.5 * (df + 1.0), a)
            }
            Hyperprior::InvGamma(shape, scale) => {
                let r = scale * (-x).exp();
                [shape * scale.ln() - ln_gamma(shape) - shape * x - r, r - shape, -r]
            }
            Hyperprior::Gamma(shape, rate) => {
                let r = rate * x.exp();
                [shape * rate.ln() - ln_gamma(shape) + shape * x - r, shape - r, -r]
            }
            Hyperprior::LogNormal(mean, sd) => {
                let z = (x - mean) / sd;
                [-0.5 * (2.0 * PI).ln() - sd.ln() - 0.5 * z * z, -z / sd, -1.0 / (sd * sd)]
            }
            Hyperprior::Weibull(shape, scale) => {
                let t = shape * (x - scale.ln());
                let r = t.exp();
                [shape.ln() + t - r, shape - shape * r, -shape * shape * r]
            }
        }
    }
}
