//! Against the definitions in f64, far logits included.

use super::*;
use crate::kernels::dispatch::on_every_instruction_set;

fn logits<T: Real>(features: usize, rows: usize, size: f64) -> Vec<T> {
    (0..features * rows).map(|i| T::from_f64((i as f64 * 0.777).sin() * size)).collect()
}

/// The largest and the logarithm of the rest: apart, they keep the digits of what is near 0.
fn reference(x: &[f64]) -> (f64, f64) {
    let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (most, x.iter().map(|x| (x - most).exp()).sum::<f64>().ln())
}

fn near<T: Real>(found: T, want: f64) {
    assert!(
        (found.to_f64() - want).abs() <= 8.0 * T::EPSILON.to_f64() * (1.0 + want.abs()),
        "{found} {want}"
    );
}

fn check<T: Real>() {
    for (features, rows) in [(1, 16), (2, 16), (2, 19), (3, 33), (10, 48), (7, 1)] {
        for size in [1.0, 30.0, 1e4] {
            let x = logits::<T>(features, rows, size);
            let class: Vec<T> = (0..rows).map(|r| T::from_f64((r % features) as f64)).collect();
            let weight: Vec<T> = (0..rows).map(|r| T::from_f64(if r % 5 == 4 { 0.0 } else { 1.5 })).collect();
            let mut lse = vec![T::NAN; rows];
            log_sum_exp(&x, &mut lse);
            let (mut soft, mut log, mut gradient) = (x.clone(), x.clone(), x.clone());
            softmax(&x, &mut soft, rows);
            log_softmax(&x, &mut log, rows);
            let mut density = vec![T::NAN; rows];
            class_log_density(&x, &class, &mut density);
            class_gradient(&x, &class, &weight, &mut gradient);
            let (mut density_too, mut gradient_too) = (vec![T::NAN; rows], x.clone());
            class_likelihood(&x, &class, &weight, &mut density_too, &mut gradient_too);
            assert!(
                density_too == density && gradient_too == gradient,
                "one pass is not two, {features} × {rows}"
            );
            for r in 0..rows {
                let column: Vec<f64> = (0..features).map(|f| x[f * rows + r].to_f64()).collect();
                let (most, rest) = reference(&column);
                let log_p = |f: usize| (column[f] - most) - rest;
                near(lse[r], most + rest);
                let w = weight[r].to_f64();
                near(density[r], log_p(r % features));
                for f in 0..features {
                    let p = log_p(f).exp();
                    near(soft[f * rows + r], p);
                    near(log[f * rows + r], log_p(f));
                    let one = f64::from(f == r % features);
                    near(gradient[f * rows + r], w * (one - p));
                }
            }
        }
    }
}

#[test]
fn softmax_and_likelihood_agree_with_their_definitions() {
    on_every_instruction_set(|| {
        check::<f32>();
        check::<f64>();
    });
}

#[test]
fn infinite_logits_have_limits() {
    let lse = |x: &[f64]| {
        let mut out = [0.0];
        log_sum_exp(x, &mut out);
        out[0]
    };
    assert_eq!(lse(&[f64::NEG_INFINITY, f64::NEG_INFINITY]), f64::NEG_INFINITY);
    assert_eq!(lse(&[f64::NEG_INFINITY, 2.0]), 2.0);
    assert_eq!(lse(&[f64::INFINITY, 2.0]), f64::INFINITY);
    assert!(lse(&[f64::NAN, 2.0]).is_nan());
    assert!(lse(&[2.0, f64::NAN]).is_nan());
}
