//! Convolutions of many geometries against naive loops in f64.

use super::*;
use crate::kernels::dense::{Activation, tests::apply as dense_apply};
use crate::kernels::dispatch::on_every_instruction_set;
use crate::kernels::real::Real;

pub fn values<T: Real>(n: usize, seed: usize) -> Vec<T> {
    (0..n).map(|i| T::from_f64(((i * 7 + seed * 13) as f64 * 0.377).sin())).collect()
}

/// Geometries: everything odd at least once.
pub fn shapes() -> Vec<Convolution> {
    let mut all = vec![];
    let images = [[5, 7, 1], [8, 8, 3], [6, 5, 16], [12, 9, 5]];
    let kernels = [([1, 1], 1), ([3, 3], 1), ([5, 5], 1), ([6, 3], 2), ([2, 3], 3)];
    let pads = [[0; 4], [1, 2, 0, 1], [2, 2, 2, 2]];
    for (i, input) in images.into_iter().enumerate() {
        for (j, (kernel, stride)) in kernels.into_iter().enumerate() {
            for (k, pad) in pads.into_iter().enumerate() {
                let outputs = [1, 3, 16, 32, 10, 33, 8][(i + 2 * j + 3 * k) % 7];
                all.push(Convolution { input, outputs, kernel, stride, pad });
            }
        }
    }
    // A kernel that does not fit gives an empty image.
    all.push(Convolution { input: [2, 2, 1], outputs: 4, kernel: [3, 3], stride: 1, pad: [0; 4] });
    all
}

/// Calls `each(output index, input index, weight index)` for every product of the definition.
pub fn for_products(shape: &Convolution, rows: usize, mut each: impl FnMut(usize, usize, usize)) {
    let [height, width, channels] = shape.input;
    let [output_height, output_width, outputs] = shape.output();
    for row in 0..rows {
        for i in 0..output_height {
            for j in 0..output_width {
                for p in 0..shape.kernel[0] {
                    for q in 0..shape.kernel[1] {
                        let (y, x) = (i * shape.stride + p, j * shape.stride + q);
                        let inside = |at: usize, pad: usize, size: usize| at >= pad && at - pad < size;
                        if !inside(y, shape.pad[0], height) || !inside(x, shape.pad[2], width) {
                            continue;
                        }
                        let pixel = (row * height + y - shape.pad[0]) * width + x - shape.pad[2];
                        for c in 0..channels {
                            for o in 0..outputs {
                                each(
                                    ((row * output_height + i) * output_width + j) * outputs + o,
                                    pixel * channels + c,
                                    ((p * shape.kernel[1] + q) * channels + c) * outputs + o,
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One unit in the last place of the sum, or of one, for each summed term.
pub fn assert_near<T: Real>(found: &[T], want: &[f64], terms: usize, what: &str) {
    assert_eq!(found.len(), want.len());
    let tolerance = |want: f64| T::EPSILON.to_f64() * (8 + terms) as f64 * (1.0 + want.abs());
    for (i, (found, want)) in found.iter().zip(want).enumerate() {
        assert!((found.to_f64() - want).abs() <= tolerance(*want), "{what} at {i}: {found} {want}");
    }
}

fn check<T: Real>() {
    for shape in shapes() {
        for rows in [1, 3] {
            let x = values::<T>(shape.input_len() * rows, 1);
            let w = values::<T>(shape.weights_len(), 2);
            let b = values::<T>(shape.outputs, 3);
            let dy = values::<T>(shape.output_len() * rows, 4);
            let taps = shape.kernel[0] * shape.run();
            let what = format!("{shape:?}");

            let mut want: Vec<f64> = (0..dy.len()).map(|i| b[i % shape.outputs].to_f64()).collect();
            for_products(&shape, rows, |o, i, k| want[o] += x[i].to_f64() * w[k].to_f64());
            let mut packed = vec![T::NAN; packed_len::<T>(&shape)];
            pack(&shape, &w, &mut packed);
            let mut scratch = vec![T::NAN; forward_scratch(&shape, rows)];
            let mut out = vec![T::NAN; dy.len()];
            forward(&shape, &x, &packed, Some(&b), Activation::None, &mut out, rows, &mut scratch);
            assert_near(&out, &want, taps, &what);
            for &activation in Activation::ALL {
                let mut after = vec![T::NAN; dy.len()];
                forward(&shape, &x, &packed, Some(&b), activation, &mut after, rows, &mut scratch);
                let f = |x: &T| dense_apply(activation, x.to_f64());
                assert_near(&after, &out.iter().map(f).collect::<Vec<f64>>(), 1, &what);
            }

            let (mut dx, mut want) = (vec![T::NAN; x.len()], vec![0.0; x.len()]);
            for_products(&shape, rows, |o, i, k| want[i] += dy[o].to_f64() * w[k].to_f64());
            let mut scratch = vec![T::NAN; input_gradient_scratch::<T>(&shape, rows)];
            input_gradient(&shape, &w, &dy, &mut dx, rows, &mut scratch);
            assert_near(&dx, &want, shape.kernel[0] * shape.kernel[1] * shape.outputs, &what);

            for accumulate in [false, true] {
                let keep = f64::from(accumulate);
                let mut dw = values::<T>(w.len(), 6);
                let mut want: Vec<f64> = dw.iter().map(|v| keep * v.to_f64()).collect();
                for_products(&shape, rows, |o, i, k| want[k] += dy[o].to_f64() * x[i].to_f64());
                let mut scratch = vec![T::NAN; weight_gradient_scratch::<T>(&shape, rows)];
                weight_gradient(&shape, &x, &dy, &mut dw, rows, accumulate, &mut scratch);
                assert_near(&dw, &want, dy.len() / shape.outputs, &what);
            }
        }
    }
}

/// Both ways of the gradient by the images are among the shapes.
#[test]
fn some_gradients_are_convolutions_and_some_are_not() {
    let counts = |is_mirrored: fn(&Convolution) -> bool| shapes().iter().filter(|s| is_mirrored(s)).count();
    for mirrored in [
        counts(|s| gradient::mirrored::<f32>(s).is_some()),
        counts(|s| gradient::mirrored::<f64>(s).is_some()),
    ] {
        assert!(mirrored > 3 && mirrored + 3 < shapes().len(), "{mirrored} of {}", shapes().len());
    }
}

#[test]
fn convolutions_and_gradients_agree_with_loops() {
    on_every_instruction_set(|| {
        check::<f32>();
        check::<f64>();
    });
}
