//! Pools against their definition, ties and overlapping windows included.

use super::*;
use crate::kernels::dispatch::on_every_instruction_set;

fn pools() -> Vec<Pool> {
    let mut all = vec![];
    for input in [[4, 4, 1], [5, 7, 3], [6, 6, 16], [7, 5, 20]] {
        for (size, stride) in [([2, 2], 2), ([3, 3], 1), ([1, 1], 1), ([3, 2], 3), ([2, 2], 1)] {
            all.push(Pool { input, size, stride });
        }
    }
    all.push(Pool { input: [1, 1, 2], size: [2, 2], stride: 2 });
    all
}

/// Every output with the indices of its window's entries, in order.
fn windows(pool: &Pool, rows: usize) -> Vec<Vec<usize>> {
    let [height, width, channels] = pool.input;
    let [oh, ow, _] = pool.output();
    let mut all = vec![];
    for row in 0..rows {
        for i in 0..oh {
            for j in 0..ow {
                for c in 0..channels {
                    let mut window = vec![];
                    for a in 0..pool.size[0] {
                        for b in 0..pool.size[1] {
                            let (y, x) = (i * pool.stride + a, j * pool.stride + b);
                            window.push(((row * height + y) * width + x) * channels + c);
                        }
                    }
                    all.push(window);
                }
            }
        }
    }
    all
}

fn check<T: Real>() {
    for pool in pools() {
        let rows = 2;
        // Few different values, so that ties are common.
        let x: Vec<T> =
            (0..pool.input_len() * rows).map(|i| T::from_f64(((i * 37) % 11) as f64 - 5.0)).collect();
        let dy: Vec<T> = (0..pool.output_len() * rows).map(|i| T::from_f64((i % 7) as f64 - 2.0)).collect();
        let windows = windows(&pool, rows);
        let mut out = vec![T::NAN; dy.len()];
        max_forward(&pool, &x, &mut out, rows);
        let start: Vec<T> = (0..x.len()).map(|i| T::from_f64(i as f64)).collect();
        for accumulate in [false, true] {
            let first = if accumulate { start.clone() } else { vec![T::ZERO; x.len()] };
            let (mut want, mut want_mean) = (first.clone(), first);
            for (o, window) in windows.iter().enumerate() {
                let mut best = window[0];
                for &i in window {
                    best = if x[i] > x[best] { i } else { best };
                    want_mean[i] += T::from_f64(dy[o].to_f64() / window.len() as f64);
                }
                assert_eq!(out[o], x[best]);
                want[best] += dy[o];
            }
            let mut dx = start.clone();
            max_input_gradient(&pool, &x, &dy, &mut dx, rows, accumulate);
            assert_eq!(dx, want, "{pool:?}");
            let mut dx = start.clone();
            average_input_gradient(&pool, &dy, &mut dx, rows, accumulate);
            for (a, b) in dx.iter().zip(&want_mean) {
                assert!((a.to_f64() - b.to_f64()).abs() <= 1e-5 * (1.0 + b.to_f64().abs()), "{pool:?}");
            }
        }
        average_forward(&pool, &x, &mut out, rows);
        for (o, window) in windows.iter().enumerate() {
            let mean = window.iter().map(|&i| x[i].to_f64()).sum::<f64>() / window.len() as f64;
            assert!((out[o].to_f64() - mean).abs() < 1e-5);
        }
    }
}

#[test]
fn pools_agree_with_their_definition() {
    on_every_instruction_set(|| {
        check::<f32>();
        check::<f64>();
    });
}
