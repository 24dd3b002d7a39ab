//! The fused kernel against convolution, activation and pool one after another.

use super::*;
use crate::kernels::conv::tests::{assert_near, for_products, shapes, values};
use crate::kernels::conv::{forward_scratch, pack, pack_by_output, packed_by_output_len, packed_len};
use crate::kernels::dense::Activation;
use crate::kernels::dispatch::on_every_instruction_set;
use crate::kernels::real::Real;
use crate::kernels::scalar::Unary;

fn check<T: Real>() {
    for convolution in shapes() {
        for pool in [[2, 2], [1, 1], [3, 3], [1, 2], [2, 4]] {
            let shape = ConvolutionPool { convolution, pool };
            check_one::<T>(&shape, 3);
        }
    }
}

fn check_one<T: Real>(shape: &ConvolutionPool, rows: usize) {
    let what = format!("{shape:?}");
    let convolution = &shape.convolution;
    let [full_height, full_width, outputs] = convolution.output();
    let [height, width, _] = shape.output();
    let x = values::<T>(convolution.input_len() * rows, 1);
    let w = values::<T>(convolution.weights_len(), 2);
    let b = values::<T>(outputs, 3);
    let dy = values::<T>(shape.output_len() * rows, 4);
    let taps = convolution.kernel[0] * convolution.run();

    let mut full = vec![0.0; convolution.output_len() * rows];
    for_products(convolution, rows, |o, i, k| full[o] += x[i].to_f64() * w[k].to_f64());
    // The place in the full map of entry `entry` of output `o`.
    let place = |o: usize, entry: usize| {
        let (c, pixel) = (o % outputs, o / outputs);
        let (j, i, row) = (pixel % width, pixel / width % height, pixel / width / height);
        let (a, b) = (entry / shape.pool[1], entry % shape.pool[1]);
        ((row * full_height + i * shape.pool[0] + a) * full_width + j * shape.pool[1] + b) * outputs + c
    };

    let mut packed = vec![T::NAN; packed_len::<T>(convolution)];
    pack(convolution, &w, &mut packed);
    let mut scratch = vec![T::NAN; forward_scratch(convolution, rows)];
    let (mut out, mut winners) = (vec![T::NAN; dy.len()], vec![99; dy.len()]);
    forward(shape, &x, &packed, Some(&b), Activation::Tanh, &mut out, &mut winners, rows, &mut scratch);
    let want: Vec<f64> = (0..dy.len())
        .map(|o| {
            (0..shape.entries())
                .map(|entry| Unary::Tanh.apply(full[place(o, entry)] + b[o % outputs].to_f64()))
                .fold(f64::NEG_INFINITY, f64::max)
        })
        .collect();
    assert_near(&out, &want, taps, &what);
    for (o, &winner) in winners.iter().enumerate() {
        let best = (0..shape.entries()).map(|e| full[place(o, e)]).fold(f64::NEG_INFINITY, f64::max);
        let gap = best - full[place(o, winner as usize)];
        assert!(
            gap <= T::EPSILON.to_f64() * (8 + taps) as f64 * (1.0 + best.abs()),
            "{what}: winner off by {gap}"
        );
    }

    let mut spread = vec![0.0; full.len()];
    for (o, &winner) in winners.iter().enumerate() {
        spread[place(o, winner as usize)] += dy[o].to_f64();
    }
    for accumulate in [false, true] {
        let keep = f64::from(accumulate);
        let mut dx = values::<T>(x.len(), 5);
        let mut want: Vec<f64> = dx.iter().map(|v| keep * v.to_f64()).collect();
        for_products(convolution, rows, |o, i, k| want[i] += spread[o] * w[k].to_f64());
        let mut packed = vec![T::NAN; packed_by_output_len::<T>(convolution)];
        pack_by_output(convolution, &w, &mut packed);
        let mut scratch = vec![T::NAN; input_gradient_scratch::<T>(shape, rows)];
        input_gradient(shape, &packed, &dy, &winners, &mut dx, rows, accumulate, &mut scratch);
        assert_near(&dx, &want, taps * outputs, &what);

        let mut dw = values::<T>(w.len(), 6);
        let mut want: Vec<f64> = dw.iter().map(|v| keep * v.to_f64()).collect();
        for_products(convolution, rows, |o, i, k| want[k] += spread[o] * x[i].to_f64());
        let mut scratch = vec![T::NAN; weight_gradient_scratch::<T>(shape, rows)];
        weight_gradient(shape, &x, &dy, &winners, &mut dw, rows, accumulate, &mut scratch);
        assert_near(&dw, &want, dy.len() / outputs, &what);
    }
}

#[test]
fn fused_pools_agree_with_one_after_another() {
    on_every_instruction_set(|| {
        check::<f32>();
        check::<f64>();
    });
}

#[test]
fn the_first_of_equal_entries_wins() {
    on_every_instruction_set(|| {
        let convolution =
            Convolution { input: [4, 4, 1], outputs: 3, kernel: [1, 1], stride: 1, pad: [0; 4] };
        let shape = ConvolutionPool { convolution, pool: [2, 2] };
        let mut packed = vec![0.0f32; packed_len::<f32>(&convolution)];
        pack(&convolution, &[1.0, 2.0, 0.0], &mut packed);
        let (mut out, mut winners) = (vec![0.0; 12], vec![9; 12]);
        let x = [1.0f32, 1.0, 0.0, 5.0, 1.0, 1.0, 5.0, 5.0, 0.0, 0.0, 2.0, 2.0, 3.0, 3.0, 2.0, 3.0];
        forward(&shape, &x, &packed, None, Activation::None, &mut out, &mut winners, 1, &mut []);
        assert_eq!(out, [1.0, 2.0, 0.0, 5.0, 10.0, 0.0, 3.0, 6.0, 0.0, 3.0, 6.0, 0.0]);
        assert_eq!(winners, [0, 0, 0, 1, 1, 0, 2, 2, 0, 3, 3, 0]);
    });
}
