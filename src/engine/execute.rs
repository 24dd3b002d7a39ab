//! One step: from a kernel's name to the loop that runs it.

use super::executor::NoiseKey;
use super::loops;
use super::memory::Memory;
use crate::kernels::conv::{self, Convolution};
use crate::kernels::conv_pool::{self, ConvolutionPool};
use crate::kernels::pool::{self, Pool};
use crate::kernels::real::Real;
use crate::kernels::{dense, elementwise, index, noise, reduce, softmax, transpose};
use crate::plan::{Activation, Geometry, Kernel, Mode, Program, Section, Step};
use crate::tape::Window;

/// What a step may use beside its operands.
pub(super) struct Context<'s, T> {
    pub(super) memory: Memory<'s, T>,
    pub(super) scratch: &'s mut [T],
    pub(super) capacity: usize,
    pub(super) key: NoiseKey,
    /// Whether sums over rows begin here: what is in them does not count.
    pub(super) is_first: bool,
    /// The first number of the strip that a step of a chain sees.
    pub(super) from: usize,
}

/// Numbers of scratch that the program's hungriest kernel needs.
pub fn scratch_len<T: Real>(program: &Program) -> usize {
    let steps = Section::ALL.iter().flat_map(|section| program.steps(*section));
    steps.map(|s| needs::<T>(s, program.capacity)).max().unwrap_or(0)
}

fn needs<T: Real>(step: &Step, capacity: usize) -> usize {
    match &step.kernel {
        Kernel::RowNoise { .. } | Kernel::RowSigns { .. } => step.out.len / capacity,
        Kernel::DenseWeight => dense::weight_gradient_scratch::<T>(step.args[1].len / capacity, capacity),
        Kernel::Conv(_, g) => {
            let shape = convolution(g);
            conv::packed_len::<T>(&shape) + conv::forward_scratch(&shape, capacity)
        }
        Kernel::ConvInput(g) => conv::input_gradient_scratch::<T>(&convolution(g), capacity),
        Kernel::ConvKernel(g) => conv::weight_gradient_scratch::<T>(&convolution(g), capacity),
        Kernel::ConvPool(_, g, _) => {
            let shape = convolution(g);
            conv::packed_len::<T>(&shape) + conv::forward_scratch(&shape, capacity)
        }
        Kernel::ConvPoolInput(g, window) => {
            let shape = convolution_pool(g, window);
            conv::packed_by_output_len::<T>(&shape.convolution)
                + conv_pool::input_gradient_scratch::<T>(&shape, capacity)
        }
        Kernel::ConvPoolKernel(g, window) => {
            conv_pool::weight_gradient_scratch::<T>(&convolution_pool(g, window), capacity)
        }
        _ => 0,
    }
}

fn convolution(g: &Geometry) -> Convolution {
    let window = &g.window;
    Convolution {
        input: g.input,
        outputs: g.output[2],
        kernel: window.size,
        stride: window.stride,
        pad: window.pad,
    }
}

fn convolution_pool(g: &Geometry, window: &Window) -> ConvolutionPool {
    ConvolutionPool { convolution: convolution(g), pool: window.size }
}

fn pooling(g: &Geometry) -> Pool {
    Pool { input: g.input, size: g.window.size, stride: g.window.stride }
}

/// The winners of the step's fused pool.
fn winners<'a, T>(memory: &Memory<'_, T>, step: &Step) -> &'a mut [u8] {
    let place = step.winners.expect("fused pools have a place for their winners");
    // SAFETY: the executor checked the range; one step at a time uses it.
    unsafe { memory.winners(place) }
}

fn dense_activation(activation: Activation) -> dense::Activation {
    match activation {
        Activation::Linear => dense::Activation::None,
        Activation::Tanh => dense::Activation::Tanh,
        Activation::Relu => dense::Activation::Relu,
        Activation::Sigmoid => dense::Activation::Sigmoid,
    }
}

/// Runs one step.
pub(super) fn execute<T: Real>(step: &Step, context: &mut Context<'_, T>) {
    let rows = context.capacity;
    let is_later = !context.is_first;
    let memory = &context.memory;
    let scratch = &mut *context.scratch;
    // SAFETY: the executor checked that every range lies in its arena and that a step's result is apart from its
    // arguments; the slices made here live until the end of this step only.
    let out = unsafe { memory.write(step.out) };
    // SAFETY: as above; two results of a step are apart.
    let second = step.second.map(|(second, _)| unsafe { memory.write(second) });
    // SAFETY: as above.
    let arg = |i: usize| unsafe { memory.read(step.args[i]) };
    // Of a layer that has one.
    let bias = || (step.args.len() > 2).then(|| arg(2));
    match &step.kernel {
        Kernel::Fill(x) => out.fill(T::from_f64(*x)),
        Kernel::Literal(values) => {
            for (o, v) in out.iter_mut().zip(&**values) {
                *o = T::from_f64(v.0);
            }
        }
        Kernel::Noise(variable) => normals(out, context.key, *variable, context.from as u64),
        Kernel::RowNoise { variable, is_image } => {
            fresh(memory, out, *is_image, scratch, |row, at| normals(row, context.key, *variable, at));
        }
        Kernel::RowSigns { variable, is_image } => {
            let key = stream(context.key, *variable);
            fresh(memory, out, *is_image, scratch, |row, at| noise::signs(row, key, at));
        }
        Kernel::Concat => {
            let mut at = 0;
            for i in 0..step.args.len() {
                let part = arg(i);
                out[at..at + part.len()].copy_from_slice(part);
                at += part.len();
            }
        }
        Kernel::Place(starts) => {
            for (i, start) in starts.iter().enumerate() {
                let part = arg(i);
                out[*start..*start + part.len()].copy_from_slice(part);
            }
        }
        Kernel::Pad(start) => {
            let x = arg(0);
            out.fill(T::ZERO);
            out[*start..*start + x.len()].copy_from_slice(x);
        }
        Kernel::Take(places) => loops::take(arg(0), places, out),
        Kernel::Put(places) => loops::put(arg(0), places, out),
        Kernel::Unary(f) => elementwise::unary(*f, arg(0), out),
        Kernel::Binary { op, mode, left } => match mode {
            Mode::Same if *left => elementwise::binary(*op, arg(1), arg(0), out),
            Mode::Same => elementwise::binary(*op, arg(0), arg(1), out),
            Mode::Scalar if *left => elementwise::binary_scalar_left(*op, arg(1)[0], arg(0), out),
            Mode::Scalar => elementwise::binary_scalar_right(*op, arg(0), arg(1)[0], out),
            Mode::Feature => elementwise::binary_feature(*op, arg(0), arg(1), out, rows, *left),
            Mode::Row => elementwise::binary_row(*op, arg(0), arg(1), out, *left),
            Mode::Suffix => elementwise::binary_channel(*op, arg(0), arg(1), out, *left),
            Mode::ImageRow => {
                let size = out.len() / rows;
                elementwise::binary_image_row(*op, arg(0), arg(1), out, size, *left);
            }
        },
        Kernel::Select => elementwise::select(arg(0), arg(1), arg(2), out),
        Kernel::RepeatLanes => loops::repeat_lanes(arg(0), out, rows),
        Kernel::RepeatImage | Kernel::Tile => loops::tile(arg(0), out),
        Kernel::SpreadImageRow => loops::spread_image_row(arg(0), out),
        Kernel::SpreadImageChannel => loops::spread_image_channel(arg(0), out, rows),
        Kernel::SumGlobal => out[0] = reduce::sum_all(arg(0)),
        Kernel::SumFeatures => reduce::feature_sum(arg(0), out),
        Kernel::SumTiles => loops::sum_tiles(arg(0), out),
        Kernel::SumImage => reduce::image_sum(arg(0), out),
        Kernel::SumImageChannel => reduce::image_channel_sums(arg(0), out, rows, out.len() / rows),
        Kernel::DotRows => {
            let sum = reduce::dot(arg(0), arg(1));
            out[0] = if is_later { out[0] + sum } else { sum };
        }
        Kernel::SumRows => reduce::row_sum(arg(0), rows, rows, out, is_later),
        Kernel::SumRowsImage => reduce::channel_sums(arg(0), out, is_later),
        Kernel::MaxGlobal => out[0] = reduce::max_all(arg(0)),
        Kernel::MaxFeatures => reduce::feature_max(arg(0), out),
        Kernel::LogSumExp { .. } => softmax::log_sum_exp(arg(0), out),
        Kernel::Softmax { rows } => softmax::softmax(arg(0), out, *rows),
        Kernel::LogSoftmax { rows } => softmax::log_softmax(arg(0), out, *rows),
        Kernel::ClassLogDensity => softmax::class_log_density(arg(0), arg(1), out),
        Kernel::ClassGradient => softmax::class_gradient(arg(0), arg(1), arg(2), out),
        Kernel::ClassLikelihood => {
            let gradient = second.expect("a class likelihood has a place for its gradient");
            softmax::class_likelihood(arg(0), arg(1), arg(2), out, gradient);
        }
        Kernel::DotGlobal { transposed, .. } => loops::dot_global(arg(0), arg(1), out, *transposed),
        Kernel::OuterGlobal => loops::outer_global(arg(0), arg(1), out),
        Kernel::Dense { activation } => {
            let (x, w) = (arg(0), arg(1));
            let (inputs, outputs) = (x.len() / rows, out.len() / rows);
            dense::forward(w, x, bias(), dense_activation(*activation), out, inputs, outputs, rows);
        }
        Kernel::DenseInput { before } => {
            let (dy, w) = (arg(0), arg(1));
            let y = if step.args.len() > 2 { arg(2) } else { &[] };
            let (inputs, outputs) = (out.len() / rows, dy.len() / rows);
            dense::input_gradient(w, dy, (dense_activation(*before), y), out, inputs, outputs, rows, false);
        }
        Kernel::DenseWeight => {
            let (x, dy) = (arg(0), arg(1));
            let (inputs, outputs) = (x.len() / rows, dy.len() / rows);
            dense::weight_gradient(x, dy, out, second, inputs, outputs, rows, is_later, scratch);
        }
        Kernel::ActivationGradient(activation) => {
            dense::activation_gradient(dense_activation(*activation), arg(0), arg(1), out);
        }
        Kernel::Conv(activation, g) => {
            let shape = convolution(g);
            let (packed, scratch) = scratch.split_at_mut(conv::packed_len::<T>(&shape));
            conv::pack(&shape, arg(1), packed);
            let activation = dense_activation(*activation);
            conv::forward(&shape, arg(0), packed, bias(), activation, out, rows, scratch);
        }
        Kernel::ConvInput(g) => {
            conv::input_gradient(&convolution(g), arg(1), arg(0), out, rows, scratch);
        }
        Kernel::ConvKernel(g) => {
            conv::weight_gradient(&convolution(g), arg(0), arg(1), out, rows, is_later, scratch);
        }
        Kernel::Gather => index::gather(arg(0), arg(1), out),
        Kernel::Scatter => {
            if !is_later {
                out.fill(T::ZERO);
            }
            index::scatter_add(arg(0), arg(1), out);
        }
        Kernel::Pick => index::pick(arg(0), arg(1), out),
        Kernel::OneHot => index::one_hot(arg(0), out),
        Kernel::ImageToLanes => transpose::image_to_lanes(arg(0), out, rows),
        Kernel::LanesToImage => transpose::lanes_to_image(arg(0), out, rows),
        Kernel::MaxPool(g) => pool::max_forward(&pooling(g), arg(0), out, rows),
        Kernel::MaxPoolInput(g) => pool::max_input_gradient(&pooling(g), arg(0), arg(1), out, rows, false),
        Kernel::AvgPool(g) => pool::average_forward(&pooling(g), arg(0), out, rows),
        Kernel::AvgPoolInput(g) => pool::average_input_gradient(&pooling(g), arg(0), out, rows, false),
        Kernel::ConvPool(activation, g, window) => {
            let shape = convolution_pool(g, window);
            let (packed, scratch) = scratch.split_at_mut(conv::packed_len::<T>(&shape.convolution));
            conv::pack(&shape.convolution, arg(1), packed);
            let winners = winners(memory, step);
            conv_pool::forward(
                &shape,
                arg(0),
                packed,
                bias(),
                dense_activation(*activation),
                out,
                winners,
                rows,
                scratch,
            );
        }
        Kernel::ConvPoolInput(g, window) => {
            let shape = convolution_pool(g, window);
            let (packed, scratch) = scratch.split_at_mut(conv::packed_by_output_len::<T>(&shape.convolution));
            conv::pack_by_output(&shape.convolution, arg(1), packed);
            let winners = winners(memory, step);
            conv_pool::input_gradient(&shape, packed, arg(0), winners, out, rows, false, scratch);
        }
        Kernel::ConvPoolKernel(g, window) => {
            let shape = convolution_pool(g, window);
            let winners = winners(memory, step);
            conv_pool::weight_gradient(&shape, arg(0), arg(1), winners, out, rows, is_later, scratch);
        }
    }
}

/// A variable's normals, from one of its stream.
fn normals<T: Real>(out: &mut [T], key: NoiseKey, variable: u32, at: u64) {
    noise::normals(out, stream(key, variable), at);
    if key.is_mirrored {
        out.iter_mut().for_each(|e| *e = T::ZERO - *e);
    }
}

/// The noise stream of a variable.
fn stream(key: NoiseKey, variable: u32) -> noise::Key {
    noise::key(key.seed, key.step, u64::from(variable), key.draw)
}

/// Noise that depends on the row's number in the data set, so that it is the same in whatever shard a row comes.
///
/// A row's numbers begin at a group of the stream, so that none is computed for two rows.
fn fresh<T: Real>(
    memory: &Memory<'_, T>,
    out: &mut [T],
    is_image: bool,
    scratch: &mut [T],
    draw: impl Fn(&mut [T], u64),
) {
    let ids = &memory.shard.expect("row noise is drawn with a shard").ids;
    let rows = ids.len();
    let features = out.len() / rows;
    let stride = features.next_multiple_of(noise::GROUP) as u64;
    for (r, id) in ids.iter().enumerate() {
        let at = u64::from(*id) * stride;
        if is_image {
            draw(&mut out[r * features..(r + 1) * features], at);
            continue;
        }
        let row = &mut scratch[..features];
        draw(row, at);
        for (f, v) in row.iter().enumerate() {
            out[f * rows + r] = *v;
        }
    }
}
