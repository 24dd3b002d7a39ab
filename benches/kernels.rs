//! What the kernels reach on this machine, beside what hand-written programs reach.
//!
//! ```text
//! cargo bench --bench kernels [-- WORD]      only the lines that contain WORD
//! ```
//!
//! One thread, the best of many short repeats: on a shared machine only the best says something. Work is what is
//! done, so a winners-only gradient counts a quarter of the dense algorithm. The last column holds the figure of the
//! hand-written kernel for the same shape, measured on two cores of a Zen 3 or Zen 4 server with AVX2.

use bnnc::kernels::conv::{self, Convolution};
use bnnc::kernels::conv_pool::{self, ConvolutionPool};
use bnnc::kernels::dense::{self, Activation};
use bnnc::kernels::real::Real;
use bnnc::kernels::scalar::{Binary, Unary};
use bnnc::kernels::{adam, elementwise, noise, reduce, softmax, transpose};
use std::hint::black_box;
use std::time::{Duration, Instant};

fn main() {
    let only = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    let bench = Bench { only };
    println!("{:44} {:>12} {:>12}  by hand", bnnc::kernels::instruction_set(), "per call", "rate");
    functions::<f32>(&bench, "f32");
    functions::<f64>(&bench, "f64");
    mnist::<f32>(&bench, "f32");
    mnist::<f64>(&bench, "f64");
    other_convolution(&bench);
    small::<f32>(&bench, "f32");
    small::<f64>(&bench, "f64");
    sums(&bench);
}

struct Bench {
    only: String,
}

impl Bench {
    /// The best of short repeats of `call`, which does `work` multiply-adds or elements, printed as a rate.
    fn line(&self, name: &str, work: f64, unit: &str, by_hand: &str, mut call: impl FnMut()) {
        if !name.contains(&self.only) {
            return;
        }
        let start = Instant::now();
        call();
        let once = start.elapsed().max(Duration::from_nanos(20));
        let calls = (200e-6 / once.as_secs_f64()).clamp(1.0, 10_000.0) as usize;
        let mut best = f64::MAX;
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(200) {
            let lap = Instant::now();
            for _ in 0..calls {
                call();
            }
            best = best.min(lap.elapsed().as_secs_f64() / calls as f64);
        }
        println!("{name:44} {:9.3} us {:7.1} {unit:4}  {by_hand}", best * 1e6, work / best / 1e9);
    }
    fn flops(&self, name: &str, multiply_adds: f64, by_hand: &str, call: impl FnMut()) {
        self.line(name, 2.0 * multiply_adds, "GF/s", by_hand, call);
    }
    fn elements(&self, name: &str, elements: f64, by_hand: &str, call: impl FnMut()) {
        self.line(name, elements, "G/s", by_hand, call);
    }
}

fn values<T: Real>(n: usize) -> Vec<T> {
    let mut out = vec![T::ZERO; n];
    noise::normals(&mut out, noise::key(1, 2, 3, n as u64), 0);
    out
}

fn functions<T: Real>(bench: &Bench, t: &str) {
    let n = 4096;
    let x: Vec<T> = values::<T>(n).iter().map(|x| x.abs()).collect();
    let mut out = vec![T::ZERO; n];
    let by_hand = |op| match (op, t) {
        (Unary::Tanh, "f32") => "3.32",
        (Unary::Exp, "f32") => "2.76",
        (Unary::Log, "f32") => "1.94",
        (Unary::Tanh, _) => "0.518",
        _ => "",
    };
    let ops =
        [Unary::Exp, Unary::Log, Unary::Tanh, Unary::Sigmoid, Unary::Softplus, Unary::Log1p, Unary::Square];
    for op in ops {
        let name = format!("{t} {} {n}", op.name());
        bench.elements(&name, n as f64, by_hand(op), || elementwise::unary(op, black_box(&x), &mut out));
    }
    let y = values::<T>(n);
    bench.elements(&format!("{t} add {n}"), n as f64, "", || {
        elementwise::binary(Binary::Add, black_box(&x), &y, &mut out);
    });
    let key = noise::key(1, 1, 1, 1);
    bench.elements(&format!("{t} normals {n}"), n as f64, "0.249", || {
        noise::normals(black_box(&mut out), key, 0)
    });
    bench
        .elements(&format!("{t} normals 57"), 57.0, "", || noise::normals(black_box(&mut out[..57]), key, 0));
}

/// The layers of the MNIST network of the paper on a shard of 16 rows.
fn mnist<T: Real>(bench: &Bench, t: &str) {
    let rows = 16;
    let first = Convolution { input: [28, 28, 1], outputs: 32, kernel: [5, 5], stride: 1, pad: [0; 4] };
    let second = Convolution { input: [12, 12, 32], ..first };
    let by_hand = match t {
        "f32" => [["79", "", "36"], ["90", "41", "49"]],
        _ => [[""; 3]; 2],
    };
    for (name, convolution, by_hand) in [("conv1", first, by_hand[0]), ("conv2", second, by_hand[1])] {
        let shape = ConvolutionPool { convolution, pool: [2, 2] };
        let dense_work = (convolution.weights_len() / 32 * convolution.output_len() * rows) as f64;
        let winners_work = dense_work / 4.0;
        let w = values::<T>(convolution.weights_len());
        let mut packed = vec![T::ZERO; conv::packed_len::<T>(&convolution)];
        let mut by_output = vec![T::ZERO; conv::packed_by_output_len::<T>(&convolution)];
        bench.elements(&format!("{t} {name} pack"), w.len() as f64, "", || {
            conv::pack(&convolution, black_box(&w), &mut packed);
        });
        bench.elements(&format!("{t} {name} pack by output"), w.len() as f64, "", || {
            conv::pack_by_output(&convolution, black_box(&w), &mut by_output);
        });
        let x: Vec<T> = values::<T>(convolution.input_len() * rows);
        let (bias, dy) = (values::<T>(32), values::<T>(shape.output_len() * rows));
        let (mut out, mut winners) = (dy.clone(), vec![0; dy.len()]);
        let mut scratch = vec![T::ZERO; 1 << 20];
        bench.flops(&format!("{t} {name}+pool+tanh forward"), dense_work, by_hand[0], || {
            conv_pool::forward(
                &shape,
                black_box(&x),
                &packed,
                Some(&bias),
                Activation::Tanh,
                &mut out,
                &mut winners,
                rows,
                &mut scratch,
            );
        });
        let (mut dx, mut dw) = (x.clone(), w.clone());
        bench.flops(&format!("{t} {name}+pool input gradient"), winners_work, by_hand[1], || {
            conv_pool::input_gradient(
                &shape,
                &by_output,
                black_box(&dy),
                &winners,
                &mut dx,
                rows,
                false,
                &mut scratch,
            );
        });
        bench.flops(&format!("{t} {name}+pool weight gradient"), winners_work, by_hand[2], || {
            conv_pool::weight_gradient(
                &shape,
                black_box(&x),
                &dy,
                &winners,
                &mut dw,
                rows,
                true,
                &mut scratch,
            );
        });
        plain_convolution::<T>(bench, &format!("{t} {name}"), &convolution, rows);
    }
    layer::<T>(bench, t, 512, 64, rows, Activation::Tanh);
    layer::<T>(bench, t, 64, 10, rows, Activation::None);
    let x = values::<T>(rows * 512);
    let mut out = x.clone();
    bench.elements(&format!("{t} image to lanes 16x512"), x.len() as f64, "", || {
        transpose::image_to_lanes(black_box(&x), &mut out, rows);
    });
}

/// A convolution without a pool, forward and both gradients.
fn plain_convolution<T: Real>(bench: &Bench, name: &str, convolution: &Convolution, rows: usize) {
    let work = (convolution.weights_len() / convolution.outputs * convolution.output_len() * rows) as f64;
    let w = values::<T>(convolution.weights_len());
    let mut packed = vec![T::ZERO; conv::packed_len::<T>(convolution)];
    conv::pack(convolution, &w, &mut packed);
    let x = values::<T>(convolution.input_len() * rows);
    let dy = values::<T>(convolution.output_len() * rows);
    let (mut out, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
    let mut scratch = vec![T::ZERO; 1 << 20];
    bench.flops(&format!("{name} forward"), work, "", || {
        conv::forward(
            convolution,
            black_box(&x),
            &packed,
            None,
            Activation::None,
            &mut out,
            rows,
            &mut scratch,
        );
    });
    bench.flops(&format!("{name} input gradient"), work, "", || {
        conv::input_gradient(convolution, &w, black_box(&dy), &mut dx, rows, &mut scratch);
    });
    bench.flops(&format!("{name} weight gradient"), work, "", || {
        conv::weight_gradient(convolution, black_box(&x), &dy, &mut dw, rows, true, &mut scratch);
    });
}

/// Nothing like MNIST: kernel 6×3, stride 2, padding, odd channel counts.
fn other_convolution(bench: &Bench) {
    let shape =
        Convolution { input: [32, 32, 12], outputs: 20, kernel: [6, 3], stride: 2, pad: [2, 2, 1, 1] };
    plain_convolution::<f32>(bench, "f32 conv 6x3 stride 2, 12 to 20", &shape, 16);
}

fn layer<T: Real>(
    bench: &Bench,
    t: &str,
    inputs: usize,
    outputs: usize,
    rows: usize,
    activation: Activation,
) {
    let (w, b) = (values::<T>(inputs * outputs), values::<T>(outputs));
    let (x, dy) = (values::<T>(inputs * rows), values::<T>(outputs * rows));
    let (mut out, mut dx, mut dw, mut db) = (dy.clone(), x.clone(), w.clone(), b.clone());
    let mut scratch = vec![T::ZERO; dense::weight_gradient_scratch::<T>(outputs, rows)];
    let work = (inputs * outputs * rows) as f64;
    let name = format!("{t} dense {inputs} to {outputs}, {rows} rows");
    bench.flops(&format!("{name} forward {activation:?}"), work, "", || {
        dense::forward(&w, black_box(&x), Some(&b), activation, &mut out, inputs, outputs, rows);
    });
    bench.flops(&format!("{name} input gradient"), work, "", || {
        dense::input_gradient(
            &w,
            black_box(&dy),
            (Activation::None, &[]),
            &mut dx,
            inputs,
            outputs,
            rows,
            false,
        );
    });
    // The first shard of a lane begins the sums, the later ones add to them.
    for (what, accumulate) in [("begun", false), ("added", true)] {
        bench.flops(&format!("{name} weight gradient {what}"), work, "", || {
            let db = Some(db.as_mut_slice());
            dense::weight_gradient(
                black_box(&x),
                &dy,
                &mut dw,
                db,
                inputs,
                outputs,
                rows,
                accumulate,
                &mut scratch,
            );
        });
    }
}

/// The small network 2-5-5-2 at two shard sizes, and products of wide layers.
fn small<T: Real>(bench: &Bench, t: &str) {
    for rows in [64, 704] {
        layer::<T>(bench, t, 2, 5, rows, Activation::Tanh);
        layer::<T>(bench, t, 5, 5, rows, Activation::Tanh);
        layer::<T>(bench, t, 5, 2, rows, Activation::None);
        let (logits, class, weight) = (values::<T>(2 * rows), vec![T::ONE; rows], vec![T::ONE; rows]);
        let (mut density, mut gradient) = (vec![T::ZERO; rows], logits.clone());
        bench.elements(&format!("{t} categorical of 2, {rows} rows"), rows as f64, "", || {
            softmax::class_likelihood(black_box(&logits), &class, &weight, &mut density, &mut gradient);
        });
        let y = values::<T>(5 * rows);
        let mut out = y.clone();
        bench.elements(&format!("{t} tanh gradient, 5x{rows}"), 5.0 * rows as f64, "", || {
            dense::activation_gradient(Activation::Tanh, black_box(&y), &y, &mut out);
        });
    }
    for (inputs, outputs, rows) in
        [(13, 50, 64), (50, 50, 128), (256, 256, 64), (512, 512, 256), (784, 400, 64), (784, 400, 128)]
    {
        layer::<T>(bench, t, inputs, outputs, rows, Activation::None);
    }
}

fn sums(bench: &Bench) {
    let n = 4096;
    let (a, b) = (values::<f32>(n), values::<f32>(n));
    bench.elements("f32 sum 4096", n as f64, "", || {
        black_box(reduce::sum_all(black_box(&a)));
    });
    bench.elements("f32 sum in f64 4096", n as f64, "", || {
        black_box(reduce::sum_all_f64(black_box(&a)));
    });
    bench.elements("f32 dot 4096", n as f64, "", || {
        black_box(reduce::dot(black_box(&a), &b));
    });
    let (logits, class, weight) = (values::<f32>(10 * 16), vec![3.0; 16], vec![1.0; 16]);
    let (mut density, mut gradient) = (vec![0.0; 16], logits.clone());
    bench.elements("f32 categorical of 10, 16 rows", 160.0, "", || {
        softmax::class_likelihood(black_box(&logits), &class, &weight, &mut density, &mut gradient);
    });
    let mut out = vec![0.0; 32];
    let image = values::<f32>(16 * 144 * 32);
    bench.elements("f32 channel sums 16x144x32", image.len() as f64, "", || {
        reduce::channel_sums(black_box(&image), &mut out, false);
    });
    let n = 60_000;
    let g = values::<f32>(n);
    let (mut p, mut m, mut v) = (g.clone(), vec![0.0; n], vec![1.0; n]);
    bench.elements("f32 adam 60000", n as f64, "", || {
        let constants = adam::Adam::default();
        adam::adam(&constants, 7, adam::Rate::Same(1e-3), &mut p, &mut m, &mut v, black_box(&g));
    });
}
