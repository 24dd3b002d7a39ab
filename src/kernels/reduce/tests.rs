//! Sums of odd lengths against f64 loops.

use super::*;
use crate::kernels::dispatch::on_every_instruction_set;

fn values<T: Real>(n: usize) -> Vec<T> {
    (0..n).map(|i| T::from_f64((i as f64 * 0.377).sin() + 0.25)).collect()
}

fn near<T: Real>(found: T, want: f64, n: usize) {
    let tolerance = T::EPSILON.to_f64() * (n as f64 / 32.0).clamp(8.0, 256.0) * (n as f64).max(1.0).sqrt();
    assert!((found.to_f64() - want).abs() <= tolerance * (1.0 + want.abs()), "{found} {want} of {n}");
}

fn check<T: Real>() {
    for n in [0, 1, 7, 31, 32, 100, 4096, 4097, 20_000] {
        let (a, b) = (values::<T>(n), values::<T>(n + 3)[3..].to_vec());
        let sum: f64 = a.iter().map(|x| x.to_f64()).sum();
        let product: f64 = a.iter().zip(&b).map(|(a, b)| a.to_f64() * b.to_f64()).sum();
        near(sum_all(&a), sum, n);
        near(dot(&a, &b), product, n);
        assert!((sum_all_f64(&a) - sum).abs() <= 1e-12 * n as f64);
        assert!((dot_f64(&a, &b) - product).abs() <= 1e-12 * n as f64);
        let most = a.iter().fold(f64::NEG_INFINITY, |m, x| m.max(x.to_f64()));
        assert_eq!(max_all(&a).to_f64(), most);
    }
    for (features, rows) in [(1, 16), (3, 32), (7, 48), (5, 1), (300, 3)] {
        let x = values::<T>(features * rows);
        for valid in [0, 1, rows] {
            for accumulate in [false, true] {
                let mut out = vec![T::ONE; features];
                row_sum(&x, rows, valid, &mut out, accumulate);
                for f in 0..features {
                    let want: f64 = (0..valid).map(|r| x[f * rows + r].to_f64()).sum();
                    near(out[f], want + f64::from(accumulate), rows);
                }
            }
        }
        let mut out = vec![T::NAN; rows];
        feature_sum(&x, &mut out);
        let mut most = vec![T::NAN; rows];
        feature_max(&x, &mut most);
        for r in 0..rows {
            let column = || (0..features).map(|f| x[f * rows + r].to_f64());
            near(out[r], column().sum(), features);
            assert_eq!(most[r].to_f64(), column().fold(f64::NEG_INFINITY, f64::max));
        }
    }
    for (rows, pixels, channels) in [(2, 9, 5), (1, 1, 1), (3, 150, 20), (4, 25, 16)] {
        let x = values::<T>(rows * pixels * channels);
        let at = |r: usize, p: usize, c: usize| x[(r * pixels + p) * channels + c].to_f64();
        for accumulate in [false, true] {
            let mut out = vec![T::ONE; channels];
            channel_sums(&x, &mut out, accumulate);
            for c in 0..channels {
                let want: f64 = (0..rows).map(|r| (0..pixels).map(|p| at(r, p, c)).sum::<f64>()).sum();
                near(out[c], want + f64::from(accumulate), rows * pixels);
            }
        }
        let mut out = vec![T::NAN; channels * rows];
        image_channel_sums(&x, &mut out, rows, channels);
        let mut whole = vec![T::NAN; rows];
        image_sum(&x, &mut whole);
        for r in 0..rows {
            let mut sum = 0.0;
            for c in 0..channels {
                let want: f64 = (0..pixels).map(|p| at(r, p, c)).sum();
                near(out[c * rows + r], want, pixels);
                sum += want;
            }
            near(whole[r], sum, pixels * channels);
        }
    }
}

#[test]
fn sums_and_maxima_agree_with_loops() {
    on_every_instruction_set(|| {
        check::<f32>();
        check::<f64>();
    });
}

#[test]
fn a_maximum_does_not_hide_nan() {
    on_every_instruction_set(|| {
        assert!(max_all(&[1.0, f64::NAN, 2.0]).is_nan());
        assert!(max_all(&[f32::NAN, 2.0]).is_nan());
        assert_eq!(max_all::<f32>(&[]), f32::NEG_INFINITY);
    });
}

#[test]
fn long_sums_keep_their_digits() {
    let x = vec![0.1f32; 10_000_000];
    assert!((sum_all(&x) / 1e6 - 1.0).abs() < 1e-6);
}
