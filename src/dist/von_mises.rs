//! `VonMises(loc =, concentration =)`, a Normal on the circle.

use super::{ArgSpec, Family, Form, number};
use crate::kernels::scalar::Unary;
use crate::kernels::special;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand::RngExt;
use std::f64::consts::PI;

const LOG_TWO_PI: f64 = 1.837_877_066_409_345_3;
/// Beyond the last Fourier term, where the downward recurrence starts.
const BEYOND: usize = 128;
/// Concentrations up to which the Fourier series is summed; above it the chord is Normal to 1e-10.
const SHARP: f64 = 1e5;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "VonMises",
    forms: &[Form {
        args: &[
            ArgSpec::scalar("loc", Interval::REAL),
            ArgSpec::scalar("concentration", Interval::POSITIVE),
        ],
    }],
    positional: 0,
    support: |_, _| Support::Interval(Interval::open(-PI, PI)),
    log_density,
    sample: Some(|_, args, rng| draw(number(args, 0), number(args, 1), rng)),
    cdf: Some(|_, args, x| cdf(number(args, 0), number(args, 1), x)),
    page: "\
log density      concentration cos(x - loc) - log(2 pi I0(concentration)), the same a turn further
mean             none: an angle has a direction, loc
sd               none

Angles in radians, gathered around loc; with a large concentration close to Normal(loc, 1/sqrt(concentration)).
As an unknown it lies in (-pi, pi); data may be any angle, counted modulo a turn.
Reference: Mardia, Jupp, Directional Statistics, section 3.5.",
    ..super::PLAIN
};

/// κ (cos(x − μ) − 1) − log(e^−κ I₀(κ)) − log 2π, with 1 − cos v = 2 sin²(v/2) so that nothing cancels.
fn log_density(b: &mut Builder, _form: usize, x: Slot, args: &[Slot]) -> Slot {
    let angle = b.sub(x, args[0]);
    let half = b.scale(angle, 0.5);
    let sine = b.unary(Unary::Sin, half);
    let square = b.square(sine);
    let drop = b.scale(square, -2.0);
    let kernel = b.mul(args[1], drop);
    let bessel = b.unary(Unary::LogBesselI0e, args[1]);
    let normaliser = b.add_number(bessel, LOG_TWO_PI);
    b.sub(kernel, normaliser)
}

/// Best and Fisher (Applied Statistics 28, 1979): a wrapped Cauchy envelope; in (−π, π).
fn draw(loc: f64, concentration: f64, rng: &mut dyn rand::Rng) -> f64 {
    if !(concentration > 0.0 && concentration.is_finite() && loc.is_finite()) {
        return f64::NAN;
    }
    let tau = 1.0 + (1.0 + 4.0 * concentration * concentration).sqrt();
    let rho = (tau - (2.0 * tau).sqrt()) / (2.0 * concentration);
    // For small concentrations ρ is κ/2 and its square is lost in rounding; then the envelope is flat.
    let r = if concentration < 1e-5 { 1.0 / concentration } else { (1.0 + rho * rho) / (2.0 * rho) };
    let angle = loop {
        let [u1, u2]: [f64; 2] = [rng.random(), rng.random()];
        let z = (PI * u1).cos();
        let f = (1.0 + r * z) / (r + z);
        let c = concentration * (r - f);
        if c * (2.0 - c) > u2 || (c / u2).ln() + 1.0 >= c {
            break f.clamp(-1.0, 1.0).acos();
        }
    };
    let side: f64 = if rng.random::<bool>() { angle } else { -angle };
    wrapped(loc + side)
}

/// The same angle in [−π, π].
fn wrapped(x: f64) -> f64 {
    let turns = (x / (2.0 * PI)).round();
    x - turns * 2.0 * PI
}

/// The mass of angles from −π up to x: by the Fourier series of the density; for very sharp ones the chord 2 sin(v/2) is
/// Normal with variance 1/(κ − ¼), up to terms of 1/κ².
fn cdf(loc: f64, concentration: f64, x: f64) -> f64 {
    if x <= -PI {
        return 0.0;
    }
    if x >= PI {
        return 1.0;
    }
    if concentration > SHARP {
        let z = |v: f64| 2.0 * (0.5 * v).sin() * (concentration - 0.25).sqrt();
        let from = special::normal_cdf(z(wrapped(-PI - loc)));
        let to = special::normal_cdf(z(wrapped(x - loc)));
        return if to >= from { to - from } else { 1.0 - (from - to) };
    }
    // Σ over Fourier terms: F(x) − F(−π) = (x + π)/2π + Σ_j I_j/I_0 [sin j(x − μ) − sin j(−π − μ)]/(jπ)
    let terms = 20 + (12.0 * concentration.sqrt()) as usize;
    let ratios = bessel_ratios(concentration, terms);
    let part = |v: f64| -> f64 {
        (1..=terms).map(|j| ratios[j] * (j as f64 * (v - loc)).sin() / j as f64).sum::<f64>()
    };
    ((x + PI) / (2.0 * PI) + (part(x) - part(-PI)) / PI).clamp(0.0, 1.0)
}

/// I_j/I_0 for j up to a last one, by Miller's downward recurrence I_{j−1} = I_{j+1} + (2j/κ) I_j.
fn bessel_ratios(concentration: f64, last: usize) -> Vec<f64> {
    let mut values = vec![0.0; last + 1];
    let (mut above, mut here): (f64, f64) = (0.0, 1e-300);
    for j in (1..=last + BEYOND).rev() {
        let below = above + 2.0 * j as f64 / concentration * here;
        (above, here) = (here, below);
        if j - 1 <= last {
            values[j - 1] = here;
        }
        if here > 1e250 {
            let shrink = 1e-250;
            above *= shrink;
            here *= shrink;
            values.iter_mut().for_each(|v| *v *= shrink);
        }
    }
    let zero = values[0];
    values.iter_mut().for_each(|v| *v /= zero);
    values
}
