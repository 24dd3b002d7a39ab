//! Hand-computed values: small enough to check on paper.

use super::{Inputs, Value, evaluate};
use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Op, Slot, Window, build::Builder};
use crate::ty::Shape;

/// Evaluates the last slot of a tape.
fn value(b: Builder, slot: Slot, inputs: &Inputs, rows: usize) -> Value {
    evaluate(&b.finish(), inputs, rows)[slot.0 as usize].clone()
}

fn global(b: Builder, slot: Slot) -> Vec<f64> {
    value(b, slot, &Inputs::default(), 0).at(0).to_vec()
}

#[test]
fn a_suffix_spreads_over_leading_axes() {
    let mut b = Builder::new();
    let x = b.tensor(&[1.0, 2.0, 3.0, 4.0], [2, 2].into());
    let y = b.tensor(&[10.0, 20.0], [2].into());
    let sum = b.add(x, y);
    assert_eq!(global(b, sum), [11.0, 22.0, 13.0, 24.0]);
}

#[test]
fn rows_are_weighted_and_summed() {
    let mut b = Builder::new();
    let x = b.column(0, Shape::scalar());
    let weight = b.row_weight();
    let weighted = b.mul(x, weight);
    let total = b.sum_rows(weighted);
    let inputs = Inputs {
        columns: [(0, vec![vec![1.0], vec![2.0], vec![3.0]])].into(),
        row_weights: Some(vec![10.0, 10.0, 0.0]),
        ..Inputs::default()
    };
    assert_eq!(value(b, total, &inputs, 3).number(), 30.0);
}

#[test]
fn dot_and_its_transpose() {
    let mut b = Builder::new();
    let w = b.tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3].into());
    let x = b.tensor(&[1.0, 10.0], [2].into());
    let y = b.tensor(&[1.0, 10.0, 100.0], [3].into());
    let forward = b.infer(Op::Dot { transposed: false }, vec![x, w]);
    let back = b.infer(Op::Dot { transposed: true }, vec![y, w]);
    let both = b.infer(Op::Concat, vec![forward, back]);
    assert_eq!(global(b, both), [41.0, 52.0, 63.0, 321.0, 654.0]);
}

#[test]
fn outer_and_scatter_sum_over_rows() {
    let inputs = Inputs {
        columns: [
            (0, vec![vec![1.0, 2.0], vec![3.0, 4.0]]),
            (1, vec![vec![1.0], vec![2.0]]),
            (2, vec![vec![2.0], vec![2.0]]),
        ]
        .into(),
        ..Inputs::default()
    };
    let mut b = Builder::new();
    let x = b.column(0, [2].into());
    let y = b.column(1, Shape::scalar());
    let index = b.column(2, Shape::scalar());
    let y1 = b.reshape(y, &[1].into());
    let outer = b.infer(Op::Outer, vec![x, y1]);
    let scatter = b.with_shape(Op::Scatter, vec![x, index], [3, 2].into());
    let values = evaluate(&b.finish(), &inputs, 2);
    assert_eq!(values[outer.0 as usize], Value::Global(vec![7.0, 10.0]));
    assert_eq!(values[scatter.0 as usize], Value::Global(vec![0.0, 0.0, 0.0, 0.0, 4.0, 6.0]));
}

#[test]
fn an_index_outside_its_axis_is_nan() {
    for index in [-1.0, 0.5, 2.0, f64::NAN] {
        let mut b = Builder::new();
        let table = b.tensor(&[1.0, 2.0], [2].into());
        let index = b.tensor(&[index], Shape::scalar());
        let picked = b.infer(Op::Pick, vec![table, index]);
        assert!(global(b, picked)[0].is_nan());
    }
}

#[test]
fn log_softmax_keeps_tiny_log_probabilities() {
    let mut b = Builder::new();
    let x = b.tensor(&[50.0, 0.0], [2].into());
    let logs = b.infer(Op::LogSoftmax, vec![x]);
    let logs = global(b, logs);
    assert!((logs[0] / -(-50f64).exp() - 1.0).abs() < 1e-15, "{logs:?}");
    assert_eq!(logs[1], -50.0);
}

#[test]
fn log_sum_exp_of_nothing_possible_is_minus_infinity() {
    let mut b = Builder::new();
    let x = b.tensor(&[f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0, 1.0], [2, 2].into());
    let sums = b.infer(Op::LogSumExp, vec![x]);
    assert_eq!(global(b, sums), [f64::NEG_INFINITY, 1.0 + 2f64.ln()]);
}

/// 3×3 image, 2×2 kernel, stride 1, one row of zeros on top.
const WINDOW: Window = Window { size: [2, 2], stride: 1, pad: [1, 0, 0, 0] };

#[test]
fn conv_by_hand() {
    let mut b = Builder::new();
    let x = b.tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], [3, 3, 1].into());
    let w = b.tensor(&[1.0, 10.0, 100.0, 1000.0], [2, 2, 1, 1].into());
    let y = b.conv(x, w, WINDOW);
    // first output: kernel's lower row on the image's upper row
    let first = 100.0 + 2.0 * 1000.0;
    assert_eq!(global(b, y), [first, 3200.0, 5421.0, 6532.0, 8754.0, 9865.0]);
}

#[test]
fn conv_gradients_are_transposes() {
    // ⟨dy, conv(x, w)⟩ = ⟨conv_input(dy, w), x⟩ = ⟨conv_kernel(x, dy), w⟩, several channels and filters
    let window = Window { size: [3, 2], stride: 2, pad: [1, 0, 2, 1] };
    let numbers = |n: usize, step: f64| (0..n).map(|i| 0.9 + (i as f64 * step).sin()).collect::<Vec<_>>();
    let (xs, ws): (Shape, Shape) = ([5, 4, 2].into(), [3, 2, 2, 3].into());
    let mut b = Builder::new();
    let x = b.tensor(&numbers(xs.len(), 0.7), xs.clone());
    let w = b.tensor(&numbers(ws.len(), 1.3), ws.clone());
    let y = b.conv(x, w, window);
    let ys = b.shape(y).clone();
    let dy = b.tensor(&numbers(ys.len(), 2.1), ys);
    let dx = b.with_shape(Op::ConvInput(window), vec![dy, w], xs);
    let dw = b.with_shape(Op::ConvKernel(window), vec![x, dy], ws);
    let inner = [(dy, y), (dx, x), (dw, w)].map(|(p, q)| {
        let product = b.mul(p, q);
        b.sum(product)
    });
    let values = evaluate(&b.finish(), &Inputs::default(), 0);
    let [direct, by_input, by_kernel] = inner.map(|slot| values[slot.0 as usize].number());
    assert!(direct.abs() > 0.1, "a comparison of zeros shows nothing");
    assert!((direct - by_input).abs() < 1e-12 && (direct - by_kernel).abs() < 1e-12);
}

#[test]
fn pooling_by_hand() {
    let window = Window { size: [2, 2], stride: 2, pad: [0; 4] };
    let mut b = Builder::new();
    // two equal largest elements: the first wins
    let x = b.tensor(&[1.0, 5.0, 5.0, 2.0], [2, 2, 1].into());
    let dy = b.tensor(&[7.0], [1, 1, 1].into());
    let max = b.infer(Op::MaxPool(window), vec![x]);
    let back = b.infer(Op::MaxPoolInput(window), vec![x, dy]);
    let mean = b.infer(Op::AvgPool(window), vec![x]);
    let mean_back = b.with_shape(Op::AvgPoolInput(window), vec![dy], [2, 2, 1].into());
    let all = b.infer(Op::Concat, vec![max, back, mean, mean_back]);
    assert_eq!(global(b, all), [5.0, 0.0, 7.0, 0.0, 0.0, 3.25, 1.75, 1.75, 1.75, 1.75]);
}

#[test]
fn parts_and_selections() {
    let mut b = Builder::new();
    let x = b.tensor(&[1.0, 2.0, 3.0, 4.0], [4].into());
    let part = b.slice(x, 1, &[2].into());
    let padded = b.with_shape(Op::Pad { start: 2 }, vec![part], [4].into());
    let two = b.constant(2.0);
    let is_above = b.binary(Binary::Lt, two, x);
    let minus = b.unary(Unary::Neg, x);
    let chosen = b.select(is_above, minus, x);
    let summed = b.reshape(x, &[2, 2].into());
    let summed = b.sum_to(summed, &[2].into());
    let all = b.infer(Op::Concat, vec![padded, chosen, summed]);
    assert_eq!(global(b, all), [0.0, 0.0, 2.0, 3.0, 1.0, 2.0, -3.0, -4.0, 4.0, 6.0]);
}

#[test]
fn what_is_missing_is_nan() {
    let mut b = Builder::new();
    let x = b.input("u", [2].into());
    let inputs = Inputs { inputs: [("u".to_owned(), vec![1.0])].into(), ..Inputs::default() };
    let got = value(b, x, &inputs, 0);
    assert_eq!(got.at(0)[0], 1.0);
    assert!(got.at(0)[1].is_nan());
}
