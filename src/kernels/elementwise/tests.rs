//! Every function and every broadcast against its definition in f64.

use super::*;
use crate::kernels::dispatch::on_every_instruction_set;

/// Relative tolerance, or absolute below one: f32 functions are good to 3e-7, f64 ones to 1e-15.
fn close<T: Real>(found: T, want: f64) -> bool {
    let found = found.to_f64();
    let want = T::from_f64(want).to_f64();
    let tolerance = 4.0 * T::EPSILON.to_f64();
    found == want
        || (found.is_nan() && want.is_nan())
        || (found - want).abs() <= tolerance * want.abs().max(1.0)
}

fn values<T: Real>(n: usize) -> Vec<T> {
    let special = [0.0, -1.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 2.0, 0.5];
    (0..n)
        .map(|i| T::from_f64(if i % 3 == 0 { special[i / 3 % 8] } else { (i as f64 * 0.7719).sin() * 6.0 }))
        .collect()
}

fn each_length<T: Real>(check: impl Fn(&[T], &[T])) {
    for n in [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 16, 63, 130, 300] {
        let a = values::<T>(n);
        let mut b = values::<T>(n + 5);
        b.drain(..5);
        check(&a, &b);
    }
}

fn check_unary<T: Real>() {
    each_length::<T>(|x, _| {
        for &op in Unary::ALL {
            let mut out = vec![T::ZERO; x.len()];
            unary(op, x, &mut out);
            let mut place = x.to_vec();
            unary_in_place(op, &mut place);
            for i in 0..x.len() {
                let want = op.apply(x[i].to_f64());
                assert!(close(out[i], want), "{} of {} is {}, not {want}", op.name(), x[i], out[i]);
                assert!(close(place[i], want), "{} in place", op.name());
            }
        }
    });
}

fn check_binary<T: Real>() {
    each_length::<T>(|a, b| {
        for &op in Binary::ALL {
            let mut out = vec![T::ZERO; a.len()];
            let check = |out: &[T], what: &str, want: &dyn Fn(usize) -> f64| {
                for i in 0..out.len() {
                    assert!(
                        close(out[i], want(i)),
                        "{} {what} at {i}: {} not {}",
                        op.name(),
                        out[i],
                        want(i)
                    );
                }
            };
            let (x, y) = (|i: usize| a[i].to_f64(), |i: usize| b[i].to_f64());
            binary(op, a, b, &mut out);
            check(&out, "binary", &|i| op.apply(x(i), y(i)));
            let mut place = a.to_vec();
            binary_in_place(op, &mut place, b, false);
            check(&place, "in place", &|i| op.apply(x(i), y(i)));
            let mut place = a.to_vec();
            binary_in_place(op, &mut place, b, true);
            check(&place, "in place, swapped", &|i| op.apply(y(i), x(i)));
            binary_scalar_left(op, T::from_f64(1.5), b, &mut out);
            check(&out, "scalar left", &|i| op.apply(1.5, y(i)));
            binary_scalar_right(op, a, T::from_f64(1.5), &mut out);
            check(&out, "scalar right", &|i| op.apply(x(i), 1.5));
        }
    });
}

fn check_broadcast<T: Real>() {
    for (outer, inner) in [(1, 16), (5, 16), (3, 48), (7, 1), (4, 5), (0, 16)] {
        let a = values::<T>(outer * inner);
        let (per_outer, per_inner) = (values::<T>(outer + 1)[..outer].to_vec(), values::<T>(inner));
        for &op in Binary::ALL {
            for swapped in [false, true] {
                let want = |x: T, y: T| {
                    let (x, y) = (x.to_f64(), y.to_f64());
                    if swapped { op.apply(y, x) } else { op.apply(x, y) }
                };
                let mut out = vec![T::ZERO; a.len()];
                let check = |out: &[T], b: &dyn Fn(usize) -> T| {
                    for i in 0..out.len() {
                        assert!(close(out[i], want(a[i], b(i))), "{} {outer}x{inner}", op.name());
                    }
                };
                binary_feature(op, &a, &per_outer, &mut out, inner, swapped);
                check(&out, &|i| per_outer[i / inner]);
                binary_image_row(op, &a, &per_outer, &mut out, inner, swapped);
                check(&out, &|i| per_outer[i / inner]);
                binary_row(op, &a, &per_inner, &mut out, swapped);
                check(&out, &|i| per_inner[i % inner]);
                binary_channel(op, &a, &per_inner, &mut out, swapped);
                check(&out, &|i| per_inner[i % inner]);
            }
        }
    }
}

#[test]
fn unary_functions_agree_with_their_reference() {
    on_every_instruction_set(|| {
        check_unary::<f32>();
        check_unary::<f64>();
    });
}

#[test]
fn binary_functions_agree_with_their_reference() {
    on_every_instruction_set(|| {
        check_binary::<f32>();
        check_binary::<f64>();
    });
}

#[test]
fn broadcasts_agree_with_their_reference() {
    on_every_instruction_set(|| {
        check_broadcast::<f32>();
        check_broadcast::<f64>();
    });
}

#[test]
fn accumulations_add_to_what_is_there() {
    let x = [1.0f32, -2.0, 3.0, 0.5, 9.0];
    let y = [2.0f32, 4.0, -1.0, 8.0, 0.0];
    let mut out = [1.0f32; 5];
    axpy(2.0, &x, &mut out);
    assert_eq!(out, [3.0, -3.0, 7.0, 2.0, 19.0]);
    accumulate(&x, &mut out);
    assert_eq!(out, [4.0, -5.0, 10.0, 2.5, 28.0]);
    multiply_accumulate(&x, &y, &mut out);
    assert_eq!(out, [6.0, -13.0, 7.0, 6.5, 28.0]);
    accumulate_both(&x, &y, &mut out);
    assert_eq!(out, [9.0, -11.0, 9.0, 15.0, 37.0]);
    scale_both(2.0, &x, -1.0, &y, &mut out);
    assert_eq!(out, [0.0, -8.0, 7.0, -7.0, 18.0]);
    scale(-1.0, &x, &mut out);
    assert_eq!(out, [-1.0, 2.0, -3.0, -0.5, -9.0]);
    select(&[1.0, 0.0, -1.0, 0.0, 1.0], &x, &y, &mut out);
    assert_eq!(out, [1.0, 4.0, 3.0, 8.0, 9.0]);
    fill(7.0, &mut out);
    assert_eq!(out, [7.0; 5]);
}

#[test]
fn a_value_does_not_depend_on_its_place() {
    on_every_instruction_set(places_change_no_value);
}

fn places_change_no_value() {
    let x: Vec<f32> = (0..100).map(|i| (i as f32 * 0.37).sin() * 4.0).collect();
    for op in [Unary::Exp, Unary::Tanh, Unary::Softplus, Unary::Log1p, Unary::Sigmoid] {
        let mut whole = vec![0.0; 100];
        unary(op, &x, &mut whole);
        for (start, len) in (0..20).flat_map(|start| [1, 5, 8, 10, 37].map(|len| (start, len))) {
            let mut part = vec![0.0; len];
            unary(op, &x[start..start + len], &mut part);
            let same = part.iter().zip(&whole[start..]).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "{} differs at {start}", op.name());
        }
    }
}
