//! Logarithms of differences and other short formulas that several densities share.

use crate::kernels::scalar::{Binary, Unary};
use crate::kernels::special::ln_gamma;
use crate::tape::{Slot, build::Builder};

/// ½ log 2π
pub const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_8;
/// log π
pub const LOG_PI: f64 = 1.144_729_885_849_400_2;

/// (x − location) / scale
pub fn standardized(b: &mut Builder, x: Slot, location: Slot, scale: Slot) -> Slot {
    let centred = b.sub(x, location);
    b.div(centred, scale)
}

/// log(1 − e^−d) for d > 0.
///
/// As log(−expm1(−d)): full relative accuracy of the argument for small d; for large d the absolute error is 1e−16,
/// which is all that a log density can feel.
pub fn log_one_minus_exp_neg(b: &mut Builder, d: Slot) -> Slot {
    let share = one_minus_exp_neg(b, d);
    b.log(share)
}

/// 1 − e^−d
pub fn one_minus_exp_neg(b: &mut Builder, d: Slot) -> Slot {
    let minus = b.neg(d);
    let e = b.unary(Unary::Expm1, minus);
    b.neg(e)
}

/// log(b/a) for 0 < a < b, as log1p((b − a)/a): near neighbours keep their digits.
pub fn log_quotient(b: &mut Builder, large: Slot, small: Slot) -> Slot {
    let difference = b.sub(large, small);
    let ratio = b.div(difference, small);
    b.log1p(ratio)
}

/// log Γ(z + ½) − log Γ(z) for z > 0.
///
/// Below 20 as it stands; from 20 on by the asymptotic series ½ log z − 1/(8z) + 1/(192z³) − 1/(640z⁵) + 17/(14336z⁷)
/// − 31/(18432z⁹), whose next term is below 2e−17, because the difference of two large numbers would lose digits
/// (`StudentT` with many degrees of freedom).
pub fn ln_gamma_half_step(b: &mut Builder, z: Slot) -> Slot {
    match b.constant_value(z) {
        Some(value) if value < SERIES_FROM => half_step_direct(b, z),
        Some(_) => half_step_series(b, z),
        None => {
            let edge = b.constant(SERIES_FROM);
            let is_small = b.binary(Binary::Lt, z, edge);
            // Each branch sees an argument it can bear, so that the branch not taken has a finite gradient.
            let small = b.binary(Binary::Min, z, edge);
            let large = b.binary(Binary::Max, z, edge);
            let direct = half_step_direct(b, small);
            let series = half_step_series(b, large);
            b.select(is_small, direct, series)
        }
    }
}

const SERIES_FROM: f64 = 20.0;
/// From the highest power down.
const SERIES: [f64; 5] = [-31.0 / 18432.0, 17.0 / 14336.0, -1.0 / 640.0, 1.0 / 192.0, -1.0 / 8.0];

fn half_step_direct(b: &mut Builder, z: Slot) -> Slot {
    let upper = b.add_number(z, 0.5);
    let upper = b.unary(Unary::LnGamma, upper);
    let lower = b.unary(Unary::LnGamma, z);
    b.sub(upper, lower)
}

fn half_step_series(b: &mut Builder, z: Slot) -> Slot {
    let r = b.unary(Unary::Reciprocal, z);
    let r2 = b.square(r);
    let mut sum = b.constant(0.0);
    for coefficient in SERIES {
        sum = b.mul(sum, r2);
        sum = b.add_number(sum, coefficient);
    }
    sum = b.mul(sum, r);
    let log = b.log(z);
    let half_log = b.scale(log, 0.5);
    b.add(half_log, sum)
}

/// [`ln_gamma_half_step`] as a number.
pub fn ln_gamma_half_step_value(z: f64) -> f64 {
    if z < SERIES_FROM {
        return ln_gamma(z + 0.5) - ln_gamma(z);
    }
    let r = 1.0 / z;
    0.5 * z.ln() + r * SERIES.iter().fold(0.0, |sum, coefficient| sum * r * r + coefficient)
}
