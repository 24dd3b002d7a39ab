//! Layers of odd sizes against naive loops in f64.

use super::*;
use crate::kernels::dispatch::on_every_instruction_set;
use crate::kernels::scalar::Unary;

fn values<T: Real>(n: usize, seed: usize) -> Vec<T> {
    (0..n).map(|i| T::from_f64(((i * 7 + seed * 13) as f64 * 0.377).sin())).collect()
}

/// One unit in the last place of the sum, or of one, for each summed term.
fn near<T: Real>(found: T, want: f64, terms: usize) -> bool {
    (found.to_f64() - want).abs() <= T::EPSILON.to_f64() * (8 + terms) as f64 * (1.0 + want.abs())
}

/// Inputs, outputs, rows; the last ones go through the crate `gemm` where there is no AVX2.
const SIZES: [(usize, usize, usize); 14] = [
    (1, 1, 16),
    (2, 5, 64),
    (5, 5, 48),
    (5, 2, 16),
    (7, 13, 32),
    (13, 7, 16),
    (10, 64, 16),
    (65, 33, 32),
    (0, 3, 16),
    (3, 17, 80),
    (300, 20, 16),
    (270, 31, 80),
    (96, 128, 192),
    (40, 33, 1600),
];

/// The activation by the scalar functions.
pub fn apply(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::None => x,
        Activation::Tanh => Unary::Tanh.apply(x),
        Activation::Relu => Unary::Relu.apply(x),
        Activation::Sigmoid => Unary::Sigmoid.apply(x),
        Activation::Softplus => Unary::Softplus.apply(x),
    }
}

fn check_forward<T: Real>() {
    for (inputs, outputs, rows) in SIZES {
        let (w, x, b) =
            (values::<T>(inputs * outputs, 1), values::<T>(inputs * rows, 2), values::<T>(outputs, 3));
        for bias in [None, Some(&b[..])] {
            for &activation in Activation::ALL {
                let mut out = vec![T::NAN; outputs * rows];
                forward(&w, &x, bias, activation, &mut out, inputs, outputs, rows);
                for n in 0..outputs {
                    for r in 0..rows {
                        let sum: f64 =
                            (0..inputs).map(|k| w[k * outputs + n].to_f64() * x[k * rows + r].to_f64()).sum();
                        let want = apply(activation, sum + bias.map_or(0.0, |b| b[n].to_f64()));
                        assert!(
                            near(out[n * rows + r], want, inputs),
                            "{inputs} {outputs} {rows} {activation:?}: {} {want}",
                            out[n * rows + r]
                        );
                    }
                }
            }
        }
    }
}

fn check_input_gradient<T: Real>() {
    for (inputs, outputs, rows) in SIZES {
        let (w, dy) = (values::<T>(inputs * outputs, 1), values::<T>(outputs * rows, 2));
        for accumulate in [false, true] {
            let start = values::<T>(inputs * rows, 5);
            let mut dx = start.clone();
            input_gradient(&w, &dy, (Activation::None, &[]), &mut dx, inputs, outputs, rows, accumulate);
            for k in 0..inputs {
                for r in 0..rows {
                    let sum: f64 =
                        (0..outputs).map(|n| w[k * outputs + n].to_f64() * dy[n * rows + r].to_f64()).sum();
                    let want = sum + if accumulate { start[k * rows + r].to_f64() } else { 0.0 };
                    assert!(near(dx[k * rows + r], want, outputs), "{inputs} {outputs} {rows}");
                }
            }
            let plain = dx;
            for &activation in Activation::ALL {
                let y: Vec<T> =
                    plain.iter().map(|x| T::from_f64(apply(activation, x.to_f64().sin()))).collect();
                let (mut dx, mut want) = (start.clone(), plain.clone());
                input_gradient(&w, &dy, (activation, &y), &mut dx, inputs, outputs, rows, accumulate);
                activation_gradient(activation, &y, &plain, &mut want);
                for (dx, want) in dx.iter().zip(want) {
                    assert!(near(*dx, want.to_f64(), 1), "{inputs} {outputs} {rows} {activation:?}");
                }
            }
        }
    }
}

fn check_weight_gradient<T: Real>() {
    for (inputs, outputs, rows) in SIZES {
        let (x, dy) = (values::<T>(inputs * rows, 1), values::<T>(outputs * rows, 2));
        let mut scratch = vec![T::NAN; weight_gradient_scratch::<T>(outputs, rows)];
        for accumulate in [false, true] {
            let (w0, b0) = (values::<T>(inputs * outputs, 3), values::<T>(outputs, 4));
            let (mut dw, mut db) = (w0.clone(), b0.clone());
            weight_gradient(&x, &dy, &mut dw, Some(&mut db), inputs, outputs, rows, accumulate, &mut scratch);
            let mut alone = w0.clone();
            weight_gradient(&x, &dy, &mut alone, None, inputs, outputs, rows, accumulate, &mut scratch);
            assert!(alone == dw, "{inputs} {outputs} {rows}: a bias changes the weights' gradient");
            let keep = f64::from(accumulate);
            for n in 0..outputs {
                let d = |r: usize| dy[n * rows + r].to_f64();
                let want = keep * b0[n].to_f64() + (0..rows).map(d).sum::<f64>();
                assert!(near(db[n], want, rows));
                for k in 0..inputs {
                    let i = k * outputs + n;
                    let sum: f64 = (0..rows).map(|r| d(r) * x[k * rows + r].to_f64()).sum();
                    let want = keep * w0[i].to_f64() + sum;
                    assert!(near(dw[i], want, rows), "{inputs} {outputs} {rows}: {} {want}", dw[i]);
                }
            }
        }
    }
}

fn check_activation_gradient<T: Real>() {
    for &activation in Activation::ALL {
        for i in -20..20 {
            let x = f64::from(i) * 0.31 + 0.05;
            let y = T::from_f64(apply(activation, x));
            let mut out = [T::ZERO];
            activation_gradient(activation, &[y], &[T::from_f64(1.5)], &mut out);
            let step = 1e-5;
            let want = 1.5 * (apply(activation, x + step) - apply(activation, x - step)) / (2.0 * step);
            assert!((out[0].to_f64() - want).abs() < 1e-6, "{activation:?} at {x}: {} {want}", out[0]);
        }
    }
}

#[test]
fn forward_agrees_with_loops() {
    on_every_instruction_set(|| {
        check_forward::<f32>();
        check_forward::<f64>();
    });
}

#[test]
fn input_gradient_agrees_with_loops() {
    on_every_instruction_set(|| {
        check_input_gradient::<f32>();
        check_input_gradient::<f64>();
    });
}

#[test]
fn weight_gradient_agrees_with_loops() {
    on_every_instruction_set(|| {
        check_weight_gradient::<f32>();
        check_weight_gradient::<f64>();
    });
}

#[test]
fn activation_gradients_agree_with_differences() {
    on_every_instruction_set(|| {
        check_activation_gradient::<f32>();
        check_activation_gradient::<f64>();
    });
}
