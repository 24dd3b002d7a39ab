//! Kernels that take AVX-512 add up in the order of AVX2: the same bits, so that a fit does not depend on which of the
//! two a machine has. Nothing is compared where there is no AVX-512.

use super::adam::{Adam, Rate, adam};
use super::conv::{self, tests::shapes, tests::values};
use super::conv_pool::{self, ConvolutionPool};
use super::dense::{self, Activation, activation_gradient};
use super::dispatch::same_bits_at_both_widths;
use super::elementwise::unary;
use super::real::Real;
use super::scalar::Unary;
use super::{noise, softmax};

fn layers<T: Real>() {
    for (inputs, outputs, rows) in [
        (2, 5, 16),
        (5, 5, 48),
        (7, 32, 64),
        (40, 64, 16),
        (64, 100, 80),
        (9, 17, 16),
        (5, 50, 32),
        (300, 50, 208),
    ] {
        let what = format!("dense {inputs} {outputs} on {rows} rows");
        let (w, b) = (values::<T>(inputs * outputs, 1), values::<T>(outputs, 2));
        let (x, dy) = (values::<T>(inputs * rows, 3), values::<T>(outputs * rows, 4));
        for activation in Activation::ALL {
            same_bits_at_both_widths(&what, || {
                let mut y = vec![T::NAN; outputs * rows];
                dense::forward(&w, &x, Some(&b), *activation, &mut y, inputs, outputs, rows);
                let mut out = y.clone();
                activation_gradient(*activation, &y, &dy, &mut out);
                [y, out].concat()
            });
        }
        same_bits_at_both_widths(&what, || {
            let mut dx = vec![T::ONE; inputs * rows];
            dense::input_gradient(&w, &dy, (Activation::Tanh, &x), &mut dx, inputs, outputs, rows, true);
            let mut scratch = vec![T::NAN; dense::weight_gradient_scratch::<T>(outputs, rows)];
            let (mut dw, mut db) = (vec![T::ONE; inputs * outputs], vec![T::ONE; outputs]);
            let db_at = Some(db.as_mut_slice());
            dense::weight_gradient(&x, &dy, &mut dw, db_at, inputs, outputs, rows, true, &mut scratch);
            let mut begun = vec![T::NAN; inputs * outputs];
            dense::weight_gradient(&x, &dy, &mut begun, None, inputs, outputs, rows, false, &mut scratch);
            [dx, dw, db, begun].concat()
        });
    }
}

fn convolutions<T: Real>(rows: usize) {
    for convolution in shapes() {
        let what = format!("{convolution:?}");
        let x = values::<T>(convolution.input_len() * rows, 1);
        let w = values::<T>(convolution.weights_len(), 2);
        let b = values::<T>(convolution.output()[2], 3);
        let mut packed = vec![T::NAN; conv::packed_len::<T>(&convolution)];
        conv::pack(&convolution, &w, &mut packed);
        let mut turned = vec![T::NAN; conv::packed_by_output_len::<T>(&convolution)];
        conv::pack_by_output(&convolution, &w, &mut turned);
        let scratch = || vec![T::NAN; conv::forward_scratch(&convolution, rows)];
        same_bits_at_both_widths(&what, || {
            let dy = values::<T>(convolution.output_len() * rows, 4);
            let mut room = vec![T::NAN; conv::input_gradient_scratch::<T>(&convolution, rows)];
            let mut dx = vec![T::NAN; x.len()];
            conv::input_gradient(&convolution, &w, &dy, &mut dx, rows, &mut room);
            dx
        });
        same_bits_at_both_widths(&what, || {
            let mut out = vec![T::NAN; convolution.output_len() * rows];
            let tanh = Activation::Tanh;
            conv::forward(&convolution, &x, &packed, Some(&b), tanh, &mut out, rows, &mut scratch());
            let dy = values::<T>(convolution.output_len() * rows, 4);
            let mut dw = vec![T::ONE; w.len()];
            let mut room = vec![T::NAN; conv::weight_gradient_scratch::<T>(&convolution, rows)];
            conv::weight_gradient(&convolution, &x, &dy, &mut dw, rows, true, &mut room);
            [out, dw].concat()
        });
        for pool in [[2, 2], [3, 1]] {
            let shape = ConvolutionPool { convolution, pool };
            let dy = values::<T>(shape.output_len() * rows, 4);
            same_bits_at_both_widths(&what, || {
                let (mut out, mut winners) = (vec![T::NAN; dy.len()], vec![99; dy.len()]);
                let tanh = Activation::Tanh;
                conv_pool::forward(
                    &shape,
                    &x,
                    &packed,
                    Some(&b),
                    tanh,
                    &mut out,
                    &mut winners,
                    rows,
                    &mut scratch(),
                );
                let (mut dw, mut dx) = (vec![T::ONE; w.len()], vec![T::ONE; x.len()]);
                let mut room = vec![T::NAN; conv_pool::weight_gradient_scratch::<T>(&shape, rows)];
                conv_pool::weight_gradient(&shape, &x, &dy, &winners, &mut dw, rows, true, &mut room);
                let mut room = vec![T::NAN; conv_pool::input_gradient_scratch::<T>(&shape, rows)];
                conv_pool::input_gradient(&shape, &turned, &dy, &winners, &mut dx, rows, true, &mut room);
                let winners = winners.iter().map(|w| T::from_f64(f64::from(*w))).collect();
                [out, winners, dw, dx].concat()
            });
        }
    }
}

fn rows<T: Real>() {
    for (features, rows) in [(2, 16), (3, 48), (10, 19)] {
        let x = values::<T>(features * rows, 1);
        same_bits_at_both_widths("softmax", || {
            let (mut p, mut log_p) = (vec![T::NAN; x.len()], vec![T::NAN; x.len()]);
            softmax::softmax(&x, &mut p, rows);
            softmax::log_softmax(&x, &mut log_p, rows);
            let class: Vec<T> = (0..rows).map(|r| T::from_f64((r % features) as f64)).collect();
            let (mut density, mut gradient) = (vec![T::NAN; rows], vec![T::NAN; x.len()]);
            softmax::class_log_density(&x, &class, &mut density);
            softmax::class_gradient(&x, &class, &vec![T::HALF; rows], &mut gradient);
            let (mut density_too, mut gradient_too) = (density.clone(), gradient.clone());
            let weight = vec![T::HALF; rows];
            softmax::class_likelihood(&x, &class, &weight, &mut density_too, &mut gradient_too);
            [p, log_p, density, gradient, density_too, gradient_too].concat()
        });
    }
    // Long enough for loops of the widest registers, with some numbers left over.
    let x: Vec<T> = values::<T>(1003, 1).iter().map(|x| *x * T::from_f64(20.0)).collect();
    for &op in Unary::ALL {
        same_bits_at_both_widths(op.name(), || {
            let mut out = vec![T::ZERO; x.len()];
            unary(op, &x, &mut out);
            // What is no number has no sign.
            out.iter().map(|y| if y.is_nan() { T::NAN } else { *y }).collect()
        });
    }
    same_bits_at_both_widths("normals", || {
        let mut out = vec![T::NAN; 203];
        noise::normals(&mut out, noise::key(1, 2, 3, 4), 5);
        out
    });
    same_bits_at_both_widths("adam", || {
        let [mut p, mut m, g] = [1, 2, 3].map(|seed| values::<T>(77, seed));
        let mut v: Vec<T> = g.iter().map(|g| *g * *g).collect();
        adam(&Adam::default(), 3, Rate::Same(T::HALF), &mut p, &mut m, &mut v, &g);
        [p, m, v].concat()
    });
}

#[test]
fn the_same_bits_with_avx512_as_with_avx2() {
    layers::<f32>();
    layers::<f64>();
    convolutions::<f32>(2);
    convolutions::<f64>(2);
    rows::<f32>();
    rows::<f64>();
}
