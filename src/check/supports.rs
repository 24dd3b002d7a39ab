//! Supports through operations: the interval of a result from those of its operands (`docs/language.md`, rule 4).

use crate::kernels::scalar::{Binary, Unary};
use crate::model::Reduce;
use crate::ty::Interval;
use std::f64::consts::PI;

const INF: f64 = f64::INFINITY;

/// Where `f(x)` lies.
pub fn unary(f: Unary, x: Interval) -> Interval {
    let onto = |low, high| x.increasing(|v| f.apply(v), (low, high));
    match f {
        Unary::Neg => -x,
        Unary::Reciprocal => x.reciprocal(),
        Unary::Exp => onto(0.0, INF),
        Unary::Log if x.low < 0.0 => Interval::REAL,
        Unary::Log => onto(-INF, INF),
        Unary::Log1p if x.low < -1.0 => Interval::REAL,
        Unary::Log1p => x.increasing(f64::ln_1p, (-INF, INF)),
        Unary::Expm1 => onto(-1.0, INF),
        Unary::Sqrt => {
            let x = x.max(Interval::point(0.0));
            let low_closed = x.low_closed;
            Interval { low: x.low.sqrt(), high: x.high.sqrt(), low_closed, whole: false, ..x }
        }
        Unary::Square => x.square(),
        Unary::Abs => x.abs(),
        Unary::Sign => Interval { whole: true, ..Interval::closed(-1.0, 1.0) },
        Unary::Sin | Unary::Cos => Interval { touches: true, ..Interval::closed(-1.0, 1.0) },
        Unary::Tanh | Unary::Erf => onto(-1.0, 1.0),
        Unary::Atan => onto(-PI / 2.0, PI / 2.0),
        Unary::Sigmoid | Unary::NormalCdf => onto(0.0, 1.0),
        Unary::LogSigmoid | Unary::LogNormalCdf => onto(-INF, 0.0),
        Unary::Softplus => onto(0.0, INF),
        Unary::Relu => x.max(Interval::point(0.0)),
        Unary::Step => Interval { whole: true, ..Interval::closed(0.0, 1.0) },
        Unary::LnGamma | Unary::Digamma | Unary::Trigamma => Interval::REAL,
        Unary::LogBesselI0e | Unary::BesselDrop => Interval::REAL,
    }
}

/// Where `f(a, b)` lies.
pub fn binary(f: Binary, a: Interval, b: Interval) -> Interval {
    match f {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => a.power(b),
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::LogAddExp | Binary::LogGammaP | Binary::LogGammaQ | Binary::LogStudentCdf => Interval::REAL,
        Binary::Eq | Binary::Lt | Binary::Le => Interval { whole: true, ..Interval::closed(0.0, 1.0) },
    }
}

/// Where a reduction of `count` values lies.
pub fn reduce(f: Reduce, x: Interval, count: usize) -> Interval {
    match f {
        Reduce::Sum => x.times(count),
        Reduce::Mean => Interval { whole: false, ..x },
        Reduce::Min | Reduce::Max => x,
        Reduce::LogSumExp => {
            let shift = (count as f64).ln();
            Interval { low: x.low + shift, high: x.high + shift, whole: false, ..x }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_the_supports_of_the_language_page() {
        let real = Interval::REAL;
        assert_eq!(unary(Unary::Exp, real), Interval::POSITIVE);
        assert_eq!(unary(Unary::Softplus, real), Interval::POSITIVE);
        assert_eq!(unary(Unary::Sigmoid, real), Interval::UNIT);
        assert_eq!(unary(Unary::Tanh, real), Interval::open(-1.0, 1.0));
        assert_eq!(unary(Unary::Relu, real), Interval::NONNEG);
        assert_eq!(unary(Unary::Relu, Interval::POSITIVE), Interval::POSITIVE);
        assert_eq!(unary(Unary::Sqrt, Interval::POSITIVE), Interval::POSITIVE);
        assert_eq!(unary(Unary::Log, Interval::POSITIVE), real);
        assert_eq!(unary(Unary::Log, Interval::UNIT), Interval::open(-INF, 0.0));
    }

    #[test]
    fn sampled_values_lie_in_the_support_of_the_result() {
        let inputs = [Interval::REAL, Interval::POSITIVE, Interval::UNIT, Interval::closed(-2.0, 3.0)];
        for input in inputs {
            for f in Unary::ALL {
                for v in [-3.0, -2.0, -0.7, 0.0, 0.3, 0.9, 1.0, 2.5, 3.0] {
                    let y = f.apply(v);
                    if input.contains(v) && y.is_finite() {
                        assert!(unary(*f, input).contains(y), "{}({v}) = {y}", f.name());
                    }
                }
            }
        }
    }
}
