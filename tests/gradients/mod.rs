//! Tapes of every kind of instruction: the gradient against central differences, and the optimised, planned and
//! executed program against the plain evaluator, in f64 and f32, with rows that do not fill the last shard.

use bnnc::adjoint::gradient;
use bnnc::engine::{Executor, NoiseKey, RowSource, Shard};
use bnnc::infer::objective::{input, with_gradient};
use bnnc::kernels::real::Real;
use bnnc::kernels::scalar::{Binary, Unary};
use bnnc::passes::optimise;
use bnnc::plan::plan;
use bnnc::tape::eval::{Inputs, evaluate};
use bnnc::tape::{Op, Slot, Tape, Window, build::Builder, verify::verify};
use bnnc::ty::Shape;
use std::sync::Arc;

/// Central differences with step 1e-5 of functions of order one: truncation 1e-10, rounding 1e-11 per row and more.
const GRADIENT_TOLERANCE: f64 = 2e-7;
/// Engine against evaluator in f64: sums of a few hundred terms in another order.
const F64_TOLERANCE: f64 = 1e-11;
/// The same in f32.
const F32_TOLERANCE: f64 = 2e-4;
const ROWS: usize = 37;

/// Columns: 0 a vector of 3, 1 an image 6x5x2, 2 an index below 4, 3 a positive scalar.
const WIDTHS: [usize; 4] = [3, 60, 1, 1];

fn cell(column: u32, row: u32, i: usize) -> f64 {
    // A fixed scramble of its arguments; the values only have to be generic.
    let x = (f64::from(column) * 12.9898 + f64::from(row) * 78.233 + i as f64 * 37.719).sin() * 43758.5453;
    let unit = x - x.floor();
    match column {
        2 => (unit * 4.0).floor(),
        3 => 0.2 + unit,
        _ => 2.0 * unit - 1.0,
    }
}

struct Cells;

impl<T: Real> RowSource<T> for Cells {
    fn copy_row(&self, column: u32, row: u32, out: &mut [T]) {
        for (i, o) in out.iter_mut().enumerate() {
            *o = T::from_f64(cell(column, row, i));
        }
    }
}

struct Case {
    name: &'static str,
    inputs: usize,
    build: fn(&mut Builder, Slot) -> Slot,
}

/// Weighted sum over rows of a scalar per row.
fn total(b: &mut Builder, per_row: Slot) -> Slot {
    let flat = b.sum(per_row);
    let w = b.row_weight();
    let weighted = b.mul(flat, w);
    b.sum_rows(weighted)
}

fn vector(b: &mut Builder) -> Slot {
    b.column(0, [3].into())
}

fn image(b: &mut Builder) -> Slot {
    b.column(1, [6, 5, 2].into())
}

const CASES: &[Case] = &[
    Case {
        name: "dense layers with tanh, log-sum-exp and pick",
        inputs: 3 * 5 + 5 + 5 * 4 + 4,
        build: |b, u| {
            let x = vector(b);
            let w = b.slice(u, 0, &[3, 5].into());
            let c = b.slice(u, 15, &[5].into());
            let w2 = b.slice(u, 20, &[5, 4].into());
            let c2 = b.slice(u, 40, &[4].into());
            let z = b.infer(Op::Dot { transposed: false }, vec![x, w]);
            let z = b.add(z, c);
            let h = b.unary(Unary::Tanh, z);
            let z = b.infer(Op::Dot { transposed: false }, vec![h, w2]);
            let logits = b.add(z, c2);
            let class = b.column(2, Shape::scalar());
            let picked = b.infer(Op::Pick, vec![logits, class]);
            let lse = b.infer(Op::LogSumExp, vec![logits]);
            let ll = b.sub(picked, lse);
            total(b, ll)
        },
    },
    Case {
        name: "a dense layer with relu, and activations of activations before dense layers",
        inputs: 3 * 5 + 5 + 5 * 4 + 4 * 4 + 4,
        build: |b, u| {
            let x = vector(b);
            let w = b.slice(u, 0, &[3, 5].into());
            let c = b.slice(u, 15, &[5].into());
            let w2 = b.slice(u, 20, &[5, 4].into());
            let w3 = b.slice(u, 40, &[4, 4].into());
            let w4 = b.slice(u, 56, &[4].into());
            let dot = |b: &mut Builder, x, w| b.infer(Op::Dot { transposed: false }, vec![x, w]);
            let z = dot(b, x, w);
            let z = b.add(z, c);
            let h = b.unary(Unary::Relu, z);
            let z = dot(b, h, w2);
            let h = b.unary(Unary::Tanh, z);
            let h = b.unary(Unary::Relu, h);
            let z = dot(b, h, w3);
            let h = b.unary(Unary::Tanh, z);
            let h = b.unary(Unary::Tanh, h);
            let y = b.mul(h, w4);
            total(b, y)
        },
    },
    Case {
        name: "convolution, tanh, max-pool, flatten, dense",
        inputs: 3 * 2 * 2 * 3 + 3 + 12,
        build: |b, u| {
            let x = image(b);
            let w = b.slice(u, 0, &[3, 2, 2, 3].into());
            let c = b.slice(u, 36, &[3].into());
            let v = b.slice(u, 39, &[12].into());
            let z = b.conv(x, w, Window { size: [3, 2], stride: 1, pad: [0; 4] });
            let z = b.add(z, c);
            let h = b.unary(Unary::Tanh, z);
            let p = b.infer(Op::MaxPool(Window { size: [2, 2], stride: 2, pad: [0; 4] }), vec![h]);
            let flat = b.reshape(p, &[12].into());
            let y = b.mul(flat, v);
            total(b, y)
        },
    },
    Case {
        name: "strided padded convolution, overlapping max-pool, average pool",
        inputs: 6 * 3 * 2 * 4,
        build: |b, u| {
            let x = image(b);
            let w = b.slice(u, 0, &[6, 3, 2, 4].into());
            let z = b.conv(x, w, Window { size: [6, 3], stride: 1, pad: [2, 3, 1, 1] });
            let h = b.unary(Unary::Sigmoid, z);
            let p = b.infer(Op::MaxPool(Window { size: [3, 3], stride: 2, pad: [0; 4] }), vec![h]);
            let a = b.infer(Op::AvgPool(Window { size: [2, 2], stride: 1, pad: [0; 4] }), vec![p]);
            let s = b.square(a);
            total(b, s)
        },
    },
    Case {
        name: "convolution on convolution: one channel, its bias, and a bias for every pixel",
        inputs: 3 * 3 * 2 + 1 + 2 * 2 * 3 + 5 * 4 * 3,
        build: |b, u| {
            let x = image(b);
            let (w, c) = (b.slice(u, 0, &[3, 3, 2, 1].into()), b.slice(u, 18, &[1].into()));
            let v = b.slice(u, 19, &[2, 2, 1, 3].into());
            let all = b.slice(u, 31, &[5, 4, 3].into());
            let z = b.conv(x, w, Window { size: [3, 3], stride: 1, pad: [1; 4] });
            let z = b.add(z, c);
            let h = b.unary(Unary::Sigmoid, z);
            let z = b.conv(h, v, Window { size: [2, 2], stride: 1, pad: [0; 4] });
            let z = b.add(all, z);
            let h = b.unary(Unary::Tanh, z);
            total(b, h)
        },
    },
    Case {
        name: "convolution, max-pool, bias, relu, and a convolution whose sums are used twice",
        inputs: 3 * 2 * 2 * 3 + 3 + 3 * 2 + 2,
        build: |b, u| {
            let x = image(b);
            let (w, c) = (b.slice(u, 0, &[3, 2, 2, 3].into()), b.slice(u, 36, &[3].into()));
            let (v, d) = (b.slice(u, 39, &[1, 1, 3, 2].into()), b.slice(u, 45, &[2].into()));
            let z = b.conv(x, w, Window { size: [3, 2], stride: 1, pad: [0; 4] });
            let p = b.infer(Op::MaxPool(Window { size: [2, 2], stride: 2, pad: [0; 4] }), vec![z]);
            let p = b.add(p, c);
            let h = b.unary(Unary::Relu, p);
            let z = b.conv(h, v, Window { size: [1, 1], stride: 1, pad: [0; 4] });
            let z = b.add(z, d);
            let y = b.unary(Unary::Tanh, z);
            let y = b.mul(y, z);
            total(b, y)
        },
    },
    Case {
        name: "an image that is only flattened, in two ways",
        inputs: 60 + 2,
        build: |b, u| {
            let x = image(b);
            let (v, k) = (b.slice(u, 0, &[60].into()), b.slice(u, 60, &[2].into()));
            let (flat, pairs) = (b.reshape(x, &[60].into()), b.reshape(x, &[30, 2].into()));
            let (first, second) = (b.mul(flat, v), b.mul(pairs, k));
            let (first, second) = (b.unary(Unary::Tanh, first), b.square(second));
            let (first, second) = (total(b, first), total(b, second));
            b.add(first, second)
        },
    },
    Case {
        name: "an image both convolved and flattened",
        inputs: 60 + 3 * 3 * 2 * 2,
        build: |b, u| {
            let x = image(b);
            let (v, w) = (b.slice(u, 0, &[60].into()), b.slice(u, 60, &[3, 3, 2, 2].into()));
            let flat = b.reshape(x, &[60].into());
            let first = b.mul(flat, v);
            let z = b.conv(x, w, Window { size: [3, 3], stride: 1, pad: [1; 4] });
            let z = b.unary(Unary::Tanh, z);
            let (first, second) = (total(b, first), total(b, z));
            b.add(first, second)
        },
    },
    Case {
        name: "residual block on images: one input used twice, bias and row scalar spread",
        inputs: 3 * 3 * 2 * 2 + 2 + 1,
        build: |b, u| {
            let x = image(b);
            let w = b.slice(u, 0, &[3, 3, 2, 2].into());
            let c = b.slice(u, 36, &[2].into());
            let k = b.slice(u, 38, &Shape::scalar());
            let z = b.conv(x, w, Window { size: [3, 3], stride: 1, pad: [1; 4] });
            let z = b.add(z, c);
            let h = b.unary(Unary::Relu, z);
            let r = b.add(h, x);
            let s = b.column(3, Shape::scalar());
            let r = b.mul(r, s);
            let r = b.mul(r, k);
            let r = b.conv(r, w, Window { size: [3, 3], stride: 2, pad: [0; 4] });
            let r = b.unary(Unary::Softplus, r);
            total(b, r)
        },
    },
    Case {
        name: "gather, scatter, division, powers",
        inputs: 4 + 4 * 3 + 2,
        build: |b, u| {
            let i = b.column(2, Shape::scalar());
            let table = b.slice(u, 0, &[4].into());
            let wide = b.slice(u, 4, &[4, 3].into());
            let a = b.slice(u, 16, &Shape::scalar());
            let e = b.slice(u, 17, &Shape::scalar());
            let theta = b.infer(Op::Gather, vec![table, i]);
            let row = b.infer(Op::Gather, vec![wide, i]);
            let x = vector(b);
            let y = b.mul(row, x);
            let y = b.sum(y);
            let s = b.column(3, Shape::scalar());
            let p = b.binary(Binary::Pow, s, e);
            let scale = b.exp(a);
            let z = b.sub(y, theta);
            let z = b.div(z, scale);
            let z = b.mul(z, p);
            let z = b.square(z);
            total(b, z)
        },
    },
    Case {
        name: "global algebra: matrix products, softmax, suffix sums, concatenation",
        inputs: 12,
        build: |b, u| {
            let w = b.slice(u, 0, &[3, 3].into());
            let v = b.slice(u, 9, &[3].into());
            let x = b.infer(Op::Dot { transposed: true }, vec![v, w]);
            let y = b.infer(Op::Dot { transposed: false }, vec![x, w]);
            let p = b.infer(Op::Softmax, vec![y]);
            let q = b.infer(Op::LogSoftmax, vec![v]);
            let m = b.mul(w, p);
            let o = b.infer(Op::Outer, vec![p, q]);
            let s = b.add(m, o);
            let joined = b.infer(Op::Concat, vec![s, q]);
            let c = b.unary(Unary::Sin, joined);
            let global = b.sum(c);
            let rows = vector(b);
            let mixed = b.mul(rows, p);
            let ll = total(b, mixed);
            b.add(global, ll)
        },
    },
    Case {
        name: "places taken and put, entries and stacks, functions over the last of two axes",
        inputs: 6,
        build: |b, u| {
            let m = b.slice(u, 0, &[2, 3].into());
            let turned = b.take(m, vec![0, 3, 1, 4, 2, 5, 0], &[7].into());
            let summed = b.put(turned, vec![0, 1, 1, 2, 0, 0, 2], &[3].into());
            let soft = b.infer(Op::Softmax, vec![m]);
            let logs = b.infer(Op::LogSoftmax, vec![m]);
            let both = b.mul(soft, logs);
            let lse = b.infer(Op::LogSumExp, vec![both]);
            let lse = b.unary(Unary::Exp, lse);
            let first = b.entry(m, 0);
            let stacked = b.stack(&[first, lse]);
            let last = b.sum_last(stacked);
            let wide = b.spread_last(last, 3);
            let mixed = b.mul(wide, m);
            let global = b.sum(mixed);
            let rows = vector(b);
            let product = b.mul(rows, summed);
            let picked = b.take(product, vec![2, 0, 2, 1], &[2, 2].into());
            let of_rows = b.infer(Op::LogSumExp, vec![picked]);
            let soft = b.infer(Op::Softmax, vec![picked]);
            let soft = b.put(soft, vec![1, 0, 1, 1], &[2].into());
            let of_rows = b.mul(of_rows, soft);
            let scalar = b.column(3, Shape::scalar());
            let pair = b.stack(&[scalar, of_rows]);
            let pair = b.sum_last(pair);
            let ll = total(b, pair);
            b.add(global, ll)
        },
    },
    Case {
        name: "likelihood of two classes and of four",
        inputs: 18,
        build: |b, u| {
            let x = vector(b);
            let of_two = b.slice(u, 0, &[3, 2].into());
            let of_four = b.slice(u, 6, &[3, 4].into());
            let four = b.column(2, Shape::scalar());
            let half = b.constant(2.0);
            let two = b.binary(Binary::Lt, four, half);
            let mut log_density = |w: Slot, class: Slot| {
                let logits = b.infer(Op::Dot { transposed: false }, vec![x, w]);
                let logs = b.infer(Op::LogSoftmax, vec![logits]);
                b.infer(Op::Pick, vec![logs, class])
            };
            let (a, c) = (log_density(of_two, two), log_density(of_four, four));
            let (a, c) = (total(b, a), total(b, c));
            b.add(a, c)
        },
    },
    Case {
        name: "log-add-exp, incomplete gamma, Student's and Bessel functions",
        inputs: 3,
        build: |b, u| {
            let x = vector(b);
            let v = b.slice(u, 0, &[3].into());
            let joined = b.binary(Binary::LogAddExp, x, v);
            let size = b.unary(Unary::Softplus, joined);
            let shape = b.column(3, Shape::scalar());
            let below = b.binary(Binary::LogGammaP, shape, size);
            let above = b.binary(Binary::LogGammaQ, shape, size);
            let student = b.binary(Binary::LogStudentCdf, shape, joined);
            let bessel = b.unary(Unary::LogBesselI0e, size);
            let drop = b.unary(Unary::BesselDrop, size);
            let all = b.infer(Op::Concat, vec![below, above, student, bessel, drop]);
            total(b, all)
        },
    },
    Case {
        name: "selection, extremes, vectors against row scalars",
        inputs: 6,
        build: |b, u| {
            let x = vector(b);
            let v = b.slice(u, 0, &[3].into());
            let w = b.slice(u, 3, &[3].into());
            let s = b.column(3, Shape::scalar());
            let sv = b.mul(s, v);
            let larger = b.binary(Binary::Max, sv, x);
            let less = b.binary(Binary::Lt, larger, w);
            let square = b.square(larger);
            let chosen = b.select(less, square, larger);
            let top = b.infer(Op::MaxOf, vec![chosen]);
            let soft = b.infer(Op::LogSoftmax, vec![chosen]);
            let soft = b.sum(soft);
            let both = b.infer(Op::Concat, vec![top, soft, w]);
            let both = b.unary(Unary::Atan, both);
            total(b, both)
        },
    },
];

fn tape(case: &Case) -> Tape {
    let mut b = Builder::new();
    let u = b.input("u", [case.inputs].into());
    let objective = (case.build)(&mut b, u);
    b.output("objective", objective);
    b.finish()
}

fn point(n: usize) -> Vec<f64> {
    (0..n).map(|i| 0.7 * ((i as f64 + 1.0) * 1.7).sin() + 0.05).collect()
}

fn inputs(u: Vec<f64>) -> Inputs {
    let mut inputs = Inputs::default();
    inputs.inputs.insert("u".into(), u);
    for (column, width) in WIDTHS.iter().enumerate() {
        let rows =
            (0..ROWS).map(|r| (0..*width).map(|i| cell(column as u32, r as u32, i)).collect()).collect();
        inputs.columns.insert(column as u32, rows);
    }
    inputs.row_weights = Some(vec![1.5; ROWS]);
    inputs
}

fn value(tape: &Tape, u: Vec<f64>) -> f64 {
    let slot = tape.output("objective").expect("named above");
    evaluate(tape, &inputs(u), ROWS)[slot.0 as usize].number()
}

/// Gradient by the plain evaluator of the tape that the adjoint makes.
fn adjoint_gradient(tape: &Tape, u: Vec<f64>) -> Vec<f64> {
    let objective = tape.output("objective").expect("named above");
    let wrt = [input(tape, "u").expect("every case reads u")];
    let (with, slots) = gradient(tape.clone(), objective, &wrt).expect("differentiable");
    assert_eq!(verify(&with), Ok(()));
    evaluate(&with, &inputs(u), ROWS)[slots[0].0 as usize].at(0).to_vec()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

#[test]
fn adjoints_agree_with_central_differences() {
    for case in CASES {
        let tape = tape(case);
        let u = point(case.inputs);
        let g = adjoint_gradient(&tape, u.clone());
        for i in 0..case.inputs {
            let at = |h: f64| {
                let mut v = u.clone();
                v[i] += h;
                value(&tape, v)
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!(close(g[i], difference, GRADIENT_TOLERANCE), "{}: {i}: {} {difference}", case.name, g[i]);
        }
    }
}

#[test]
fn passes_keep_every_value() {
    for case in CASES {
        let before = tape(case);
        let after = optimise(&before, &mut |_, _, _| {});
        let u = point(case.inputs);
        assert!(close(value(&before, u.clone()), value(&after, u), F64_TOLERANCE), "{}", case.name);
    }
}

fn engine_agrees<T: Real>(tolerance: f64) {
    for case in CASES {
        let plain = tape(case);
        let u = point(case.inputs);
        let wanted = value(&plain, u.clone());
        let wanted_gradient = adjoint_gradient(&plain, u.clone());
        let objective = plain.output("objective").expect("named above");
        let full = with_gradient(&plain, objective, &["u"]).expect("differentiable");
        let program = Arc::new(plan(&full, 16).expect("the engine runs every case"));
        let mut executor = Executor::<T>::new(program.clone());
        let numbers: Vec<T> = u.iter().map(|x| T::from_f64(*x)).collect();
        executor.set_input("u", &numbers);
        let ids: Vec<u32> = (0..ROWS as u32).collect();
        // twice, because memory left over from one draw must not leak into the next
        for _ in 0..2 {
            executor.begin(NoiseKey::default());
            let mut shard = Shard::new(&program);
            for part in ids.chunks(16) {
                shard.fill(&program, &Cells, part, T::from_f64(1.5));
                executor.rows(&shard, NoiseKey::default());
            }
            executor.end(NoiseKey::default());
            let value = executor.output("objective").expect("named above")[0].to_f64();
            assert!(close(value, wanted, tolerance), "{}: {value} {wanted}", case.name);
            let g = executor.output("grad:u").expect("named by the gradient");
            for (i, (a, b)) in g.iter().zip(&wanted_gradient).enumerate() {
                assert!(close(a.to_f64(), *b, tolerance), "{}: {i}: {a} {b}", case.name);
            }
        }
    }
}

#[test]
fn the_engine_agrees_with_the_evaluator_in_f64() {
    engine_agrees::<f64>(F64_TOLERANCE);
}

#[test]
fn the_engine_agrees_with_the_evaluator_in_f32() {
    engine_agrees::<f32>(F32_TOLERANCE);
}
