//! The vector functions against f64 references, over the whole range and at the edges.

use super::*;
use crate::kernels::dispatch::Plain;
use crate::kernels::scalar::Unary;

/// Relative tolerance of f32 functions without fused multiply-add: three units in the last place. The worst is tanh.
const SINGLE: f64 = 3.5e-7;
/// Relative tolerance of f64 functions; the reference itself is good to 2e-16.
const DOUBLE: f64 = 1.2e-15;

fn value<T: Real, I: Isa>(op: Unary, x: T) -> T {
    match op {
        Unary::Exp => x.exp::<I>(),
        Unary::Expm1 => x.expm1::<I>(),
        Unary::Log => x.ln::<I>(),
        Unary::Log1p => x.log1p::<I>(),
        Unary::Tanh => x.tanh::<I>(),
        Unary::Sigmoid => x.sigmoid::<I>(),
        Unary::Softplus => x.softplus::<I>(),
        Unary::LogSigmoid => x.log_sigmoid::<I>(),
        _ => panic!("not a function of Real"),
    }
}

const FUNCTIONS: [Unary; 8] = [
    Unary::Exp,
    Unary::Expm1,
    Unary::Log,
    Unary::Log1p,
    Unary::Tanh,
    Unary::Sigmoid,
    Unary::Softplus,
    Unary::LogSigmoid,
];

/// Numbers of both signs, evenly spaced from −120 to 120 and in logarithm from 1e-30 to 1e30.
fn grid() -> Vec<f64> {
    let mut all = Vec::new();
    for i in 0..48_000 {
        all.push((i as f64 + 0.37) * 0.005 - 120.0);
        let small = 10f64.powf(i as f64 / 800.0 - 30.0);
        all.push(small);
        all.push(-small);
        all.push(1.0 + (i as f64 - 24_000.0) * 1e-5);
    }
    all
}

fn worst<T: Real>(op: Unary, tiny: f64, huge: f64) -> (f64, f64) {
    let mut worst = (0.0, 0.0);
    for x in grid() {
        let x = T::from_f64(x);
        let want = op.apply(x.to_f64());
        if want.is_nan() || want.abs() < tiny || want.abs() > huge {
            continue;
        }
        let error = ((value::<T, Plain>(op, x).to_f64() - want) / want).abs();
        if error.is_nan() || error > worst.0 {
            worst = (error, x.to_f64());
        }
    }
    worst
}

#[test]
fn functions_are_accurate_over_the_whole_range() {
    for op in FUNCTIONS {
        let (error, at) = worst::<f32>(op, f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX));
        assert!(error <= SINGLE, "f32 {} is off by {error:e} at {at}", op.name());
        let (error, at) = worst::<f64>(op, f64::MIN_POSITIVE, f64::MAX);
        assert!(error <= DOUBLE, "f64 {} is off by {error:e} at {at}", op.name());
    }
}

#[test]
fn edges_are_those_of_the_definition() {
    fn check<T: Real>() {
        let edges = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -1.0, -2.0, 1e5, -1e5];
        for op in FUNCTIONS {
            for x in edges {
                let want = T::from_f64(op.apply(x)).to_f64();
                let found = value::<T, Plain>(op, T::from_f64(x)).to_f64();
                let close = (found - want).abs() <= 1e-6 * want.abs();
                assert!(
                    found == want || close || (found.is_nan() && want.is_nan()),
                    "{}({x}) is {found}, not {want}",
                    op.name()
                );
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn subnormal_numbers_are_read_and_written() {
    assert!((value::<f32, Plain>(Unary::Exp, -100.0) / (-100f32).exp() - 1.0).abs() < 0.02);
    assert!((value::<f64, Plain>(Unary::Exp, -740.0) / (-740f64).exp() - 1.0).abs() < 0.02);
    assert!((value::<f32, Plain>(Unary::Log, 1e-42) - (1e-42f32).ln()).abs() < 1e-4);
    assert!((value::<f64, Plain>(Unary::Log, 1e-320) - (1e-320f64).ln()).abs() < 1e-11);
    assert!((value::<f32, Plain>(Unary::Sigmoid, -100.0) / (-100f32).exp() - 1.0).abs() < 0.02);
}

#[test]
fn tanh_never_leaves_its_range() {
    for i in 0..40_000 {
        let x = i as f64 * 1e-3;
        assert!(value::<f32, Plain>(Unary::Tanh, x as f32).abs() <= 1.0, "{x}");
        assert!(value::<f64, Plain>(Unary::Tanh, x).abs() <= 1.0, "{x}");
    }
}

#[test]
fn uniform_numbers_stay_inside() {
    for word in [0, 1, u32::MAX, u32::MAX - 1, 1 << 31] {
        let bits = Words { high: word, low: word };
        assert!(f32::uniform(bits) > 0.0 && f32::uniform(bits) < 1.0);
        assert!(f64::uniform(bits) > 0.0 && f64::uniform(bits) < 1.0);
        let (a, b) = f32::normal_pair::<Plain>(bits, bits);
        assert!(a.is_finite() && b.is_finite());
        let (a, b) = f64::normal_pair::<Plain>(bits, bits);
        assert!(a.is_finite() && b.is_finite());
    }
}

#[test]
fn box_muller_agrees_with_its_definition() {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        Words { high: (state >> 32) as u32, low: (state >> 7) as u32 }
    };
    for _ in 0..10_000 {
        let (radius, angle) = (next(), next());
        // Rounded as in f32: near 1 the logarithm shows it.
        let u = ((radius.high >> 1) as f32 + 0.5) / 2_147_483_648.0;
        let r = (-2.0 * f64::from(u).ln()).sqrt();
        let turn = f64::from(angle.high as i32) / 2f64.powi(30) * std::f64::consts::FRAC_PI_2;
        let (a, b) = f32::normal_pair::<Plain>(radius, angle);
        assert!((f64::from(a) - r * turn.cos()).abs() < 3e-6 && (f64::from(b) - r * turn.sin()).abs() < 3e-6);
        let u = (f64::from(radius.high >> 1) + (f64::from(radius.low >> 1) + 0.5) / 2f64.powi(31))
            / 2f64.powi(31);
        let r = (-2.0 * u.ln()).sqrt();
        let turn = (f64::from(angle.high as i32) + f64::from(angle.low >> 1) / 2f64.powi(31)) / 2f64.powi(30)
            * std::f64::consts::FRAC_PI_2;
        let (a, b) = f64::normal_pair::<Plain>(radius, angle);
        assert!((a - r * turn.cos()).abs() < 1e-14 && (b - r * turn.sin()).abs() < 1e-14);
    }
}
