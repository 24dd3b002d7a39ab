//! What a program's step does and where it reads and writes.

use crate::kernels::scalar::{Binary, Unary};
use crate::tape::{Number, Slot, Window};
use std::sync::Arc;

/// Which memory an operand lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// one per executor
    Global,
    /// one per executor, reused by every shard
    Row,
    /// sums over rows: one per lane, so that lanes may read the same global values
    Sum,
    /// what only a chain of steps reads, strip by strip
    Strip,
    /// winners of fused pools
    Index,
    /// a column of the shard, by position in [`super::Program::columns`]
    Column(usize),
    /// the row weights of the shard
    Weight,
}

/// A range of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operand {
    /// Which memory.
    pub space: Space,
    /// First number.
    pub start: usize,
    /// How many.
    pub len: usize,
}

/// How the second operand of an elementwise function meets the first, which has the full shape; `left` swaps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// same length
    Same,
    /// one number
    Scalar,
    /// one number per feature, against `[feature][row]`
    Feature,
    /// one number per row, against `[feature][row]`
    Row,
    /// a suffix, against `[…][suffix]`
    Suffix,
    /// one number per row, against `[row][…]`
    ImageRow,
}

/// Activations that a layer computes in its own loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// none
    Linear,
    /// tanh
    Tanh,
    /// max(x, 0)
    Relu,
    /// 1/(1 + e^−x)
    Sigmoid,
}

/// What a step computes. Sizes that follow from operand lengths and the capacity are not repeated.
#[derive(Debug, Clone, PartialEq)]
pub enum Kernel {
    /// out ← number
    Fill(f64),
    /// out ← numbers
    Literal(Arc<[Number]>),
    /// out ← standard normal noise of a variable
    Noise(u32),
    /// out ← fresh noise for each row and feature
    RowNoise {
        /// which stream
        variable: u32,
        /// `[R][n]` rather than `[F][R]`
        is_image: bool,
    },
    /// out ← a fresh sign for each row and feature
    RowSigns {
        /// which stream
        variable: u32,
        /// `[R][n]` rather than `[F][R]`
        is_image: bool,
    },
    /// args end to end
    Concat,
    /// each arg from a number on; what lies between has been computed there
    Place(Vec<usize>),
    /// zeros, with x at an offset (in numbers)
    Pad(usize),
    /// `[F][R]`: lane i of the result is lane `places[i]`
    Take(Vec<u32>),
    /// `[F][R]`: lane i is added to lane `places[i]` of zeros
    Put(Vec<u32>),
    /// elementwise
    Unary(Unary),
    /// elementwise; `left`: the narrow operand is the first of the function
    Binary {
        /// the function
        op: Binary,
        /// how the narrow operand (second argument of the step) spreads
        mode: Mode,
        /// whether the narrow operand is the function's first
        left: bool,
    },
    /// condition, a, b of one length
    Select,
    /// global `[F]` to `[F][R]`
    RepeatLanes,
    /// global `[n]` to `[R][n]`
    RepeatImage,
    /// tiles x until out is full (global suffix, or `[F][R]` suffix of `[A·F][R]`)
    Tile,
    /// `[R]` to `[R][n]`
    SpreadImageRow,
    /// `[C][R]` to `[R][n][C]`
    SpreadImageChannel,
    /// Σ of all
    SumGlobal,
    /// `[F][R]` to `[R]`
    SumFeatures,
    /// `[R][n]` to `[R]`
    SumImage,
    /// global `[…][S]` to `[S]`; `[A·S][R]` to `[S][R]`
    SumTiles,
    /// `[R][n][C]` to `[C][R]`
    SumImageChannel,
    /// accumulate `[F][R]` over rows into `[F]`
    SumRows,
    /// accumulate a·b of two `[R]` into one number
    DotRows,
    /// accumulate `[R][n]` over rows into `[n]`, or `[R][n][C]` over rows and pixels into `[C]`
    SumRowsImage,
    /// largest of all, global
    MaxGlobal,
    /// `[F][R]` to `[R]`
    MaxFeatures,
    /// `[F][R]` to `[R]` (global: R = 1)
    LogSumExp {
        /// numbers per feature: the capacity, or 1
        rows: usize,
    },
    /// `[F][R]` to `[F][R]`
    Softmax {
        /// numbers per feature
        rows: usize,
    },
    /// `[F][R]` to `[F][R]`
    LogSoftmax {
        /// numbers per feature
        rows: usize,
    },
    /// logits `[K][R]`, class `[R]` → log softmax of the class `[R]`
    ClassLogDensity,
    /// logits `[K][R]`, class `[R]`, weight `[R]` → `[K][R]`: the gradient of weight · log softmax of the class
    ClassGradient,
    /// logits `[K][R]`, class `[R]`, weight `[R]` → log softmax of the class `[R]`, and as second result its gradient
    ClassLikelihood,
    /// global x `[K]`, w `[K, N]` → `[N]`, or with `transposed` x `[N]` → `[K]`
    DotGlobal {
        /// outputs
        n: usize,
        /// whether by the transpose
        transposed: bool,
    },
    /// x `[K][R]`, w `[K, N]`, optional bias `[N]` → `[N][R]`
    Dense {
        /// what follows the sum
        activation: Activation,
    },
    /// dy `[N][R]`, w `[K, N]`, and y `[K][R]` where there is an activation → `[K][R]`
    DenseInput {
        /// what made the layer's input: its gradient comes with the product
        before: Activation,
    },
    /// accumulate x `[K][R]`, dy `[N][R]` → `[K, N]`; as second result, where there is one, Σ dy `[N]`
    DenseWeight,
    /// global x `[K]`, y `[N]` → `[K, N]`
    OuterGlobal,
    /// y, g → g f′ from the output y of an activation
    ActivationGradient(Activation),
    /// table `[K, F]`, index `[R]` → `[F][R]`
    Gather,
    /// accumulate y `[F][R]`, index `[R]` → `[K, F]`
    Scatter,
    /// x `[K][R]`, index `[R]` → `[R]`
    Pick,
    /// index `[R]` → `[K][R]`
    OneHot,
    /// `[R][n]` to `[n][R]`
    ImageToLanes,
    /// `[n][R]` to `[R][n]`
    LanesToImage,
    /// x, w, optional bias `[C]` → f(sum + bias)
    Conv(Activation, Geometry),
    /// dy, w → dx
    ConvInput(Geometry),
    /// accumulate x, dy → dw
    ConvKernel(Geometry),
    /// x → out
    MaxPool(Geometry),
    /// x, dy → dx
    MaxPoolInput(Geometry),
    /// x → out
    AvgPool(Geometry),
    /// dy → dx
    AvgPoolInput(Geometry),
    /// x, w, optional bias `[C]` → f(m + bias) of the largest m of each pool window of the convolution, and its place
    /// (second result, in the index arena)
    ConvPool(Activation, Geometry, Window),
    /// dy, w, winners → dx
    ConvPoolInput(Geometry, Window),
    /// accumulate x, dy, winners → dw
    ConvPoolKernel(Geometry, Window),
}

impl Kernel {
    /// Whether it adds to its result from shard to shard; the first shard of a draw begins the sum.
    pub fn accumulates(&self) -> bool {
        matches!(
            self,
            Kernel::SumRows
                | Kernel::DotRows
                | Kernel::SumRowsImage
                | Kernel::DenseWeight
                | Kernel::Scatter
                | Kernel::ConvKernel(_)
                | Kernel::ConvPoolKernel(..)
        )
    }
}

/// Sizes of a convolution or pool on one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// height, width, channels that go in
    pub input: [usize; 3],
    /// height, width, channels that come out (of the convolution, before a fused pool)
    pub output: [usize; 3],
    /// the kernel
    pub window: Window,
}

impl Step {
    /// Where it writes numbers, and the instructions whose values they are.
    pub fn results(&self) -> impl Iterator<Item = (Operand, Slot)> {
        [(self.out, self.slot)].into_iter().chain(self.second)
    }
}

/// One kernel call.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What.
    pub kernel: Kernel,
    /// Where it reads.
    pub args: Vec<Operand>,
    /// Where it writes.
    pub out: Operand,
    /// A second result, numbers too, and the instruction whose value it is.
    pub second: Option<(Operand, Slot)>,
    /// The second result of a fused pool: places.
    pub winners: Option<Operand>,
    /// The tape's instruction whose value it makes, for messages.
    pub slot: Slot,
}
