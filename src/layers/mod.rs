//! The kinds of layers: one file each, one line in [`ALL`].
//!
//! A layer tells which words its line takes, what it wants to be given, and, for an input shape, its output shape and
//! the shapes of its tensors. Building the expression is the checker's part; the table knows shapes only.

mod activation;
mod avgpool;
mod concat;
mod conv;
mod dense;
mod dropout;
mod embed;
mod flatten;
mod globalpool;
mod heads;
pub mod layernorm;
mod maxpool;
mod page;
mod residual;

pub use activation::{ACTIVATIONS, Activation, find_activation};
pub use page::reference;

use crate::ty::Shape;

/// One entry of the table.
#[derive(Debug)]
pub struct Layer {
    /// `dense`
    pub name: &'static str,
    /// How its line is written: `conv CHANNELS KERNEL [stride S] [pad valid|same]`.
    pub usage: &'static str,
    /// What the numbers are called, in order: `units`.
    pub sizes: &'static [&'static str],
    /// Whether a kernel (`5x5`, or `5` for a square) follows the sizes.
    pub has_kernel: bool,
    /// Whether its number is a probability.
    pub has_rate: bool,
    /// Names of the options that it takes.
    pub options: &'static [LayerOption],
    /// What its input must look like.
    pub wants: Wants,
    /// What its braces hold.
    pub body: Body,
    /// Output shape and tensors for an input shape that is as wanted.
    pub plan: fn(&Words, &Shape) -> Result<Plan, Misfit>,
    /// The page of `bnnc explain`.
    pub page: &'static str,
}

/// A word that is followed by a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerOption {
    /// `stride 2`
    Stride,
    /// `pad same`
    Pad,
}

impl LayerOption {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            LayerOption::Stride => "stride",
            LayerOption::Pad => "pad",
        }
    }
}

/// What a layer's input must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// one axis; others are flattened first
    Vector,
    /// `[H, W, C]`
    Image,
    /// one factor, coded 0/1
    Factor,
    /// anything
    Any,
}

/// What the braces of a layer hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// no braces
    None,
    /// declarations for its tensors
    Overrides,
    /// layers
    Stack,
    /// labelled layers or blocks
    Heads,
}

/// The words of a layer's line, read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Words {
    /// one number for each of [`Layer::sizes`]
    pub sizes: Vec<usize>,
    /// height and width
    pub kernel: [usize; 2],
    /// `stride 2`
    pub stride: Option<usize>,
    /// `pad same` (else `valid`)
    pub pads_same: bool,
    /// `0.5`, where a probability is wanted
    pub rate: Option<f64>,
}

/// A layer for one input shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Shape that comes out; for layers that hold a stack, the shape that goes in.
    pub output: Shape,
    /// Its weights, if it has any.
    pub tensors: Option<Tensors>,
    /// What it computes.
    pub operation: Operation,
    /// The line with all options resolved.
    pub text: String,
    /// Rows and columns at the end of the input that no window reaches.
    pub dropped: [usize; 2],
}

/// Shapes of `w` and `b`, and the numbers that priors may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensors {
    /// shape of `w`
    pub weights: Shape,
    /// shape of `b`, if there is one
    pub biases: Option<Shape>,
    /// inputs of one output
    pub fan_in: usize,
    /// outputs that one input reaches
    pub fan_out: usize,
}

/// What a layer computes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operation {
    /// `x w + b`
    Dense,
    /// `x * w + b`
    Conv {
        /// step between output pixels
        stride: usize,
        /// zeros at top, bottom, left, right
        pad: [usize; 4],
    },
    /// `w[level]`
    Embed,
    /// `(x − mean) / √(variance + ε)`
    LayerNorm,
    /// `x` times 0 or 1/(1 − rate)
    Dropout {
        /// share of zeros
        rate: f64,
    },
    /// largest of each window
    MaxPool {
        /// side
        size: usize,
        /// step
        stride: usize,
    },
    /// mean of each window
    AvgPool {
        /// side
        size: usize,
        /// step
        stride: usize,
    },
    /// mean over the whole image
    GlobalPool,
    /// one axis
    Flatten,
    /// the stack's output plus its input
    Residual,
    /// the stack's output after its input
    Concat,
    /// several outputs
    Heads,
}

/// Why a layer cannot take its input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// the window is larger than the image
    KernelTooLarge {
        /// height and width
        kernel: [usize; 2],
        /// height and width
        input: [usize; 2],
    },
}

/// Every layer.
pub const ALL: &[&Layer] = &[
    &dense::LAYER,
    &conv::LAYER,
    &maxpool::LAYER,
    &avgpool::LAYER,
    &globalpool::LAYER,
    &flatten::LAYER,
    &residual::LAYER,
    &concat::LAYER,
    &heads::LAYER,
    &embed::LAYER,
    &layernorm::LAYER,
    &dropout::LAYER,
];

/// Looks a layer up by its exact name.
pub fn find(name: &str) -> Option<&'static Layer> {
    ALL.iter().copied().find(|l| l.name == name)
}

/// Height, width and channels of a shape with three axes.
fn image(shape: &Shape) -> [usize; 3] {
    match shape.0.as_slice() {
        [h, w, c] => [*h, *w, *c],
        _ => [1, 1, shape.len()],
    }
}

/// Output size and dropped rows for windows without padding along one axis; none if the window does not fit.
fn windows(input: usize, size: usize, stride: usize) -> Option<(usize, usize)> {
    let room = input.checked_sub(size)?;
    Some((room / stride + 1, room % stride))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_says_how_it_is_written() {
        for layer in ALL {
            assert!(layer.usage.starts_with(layer.name), "{}", layer.name);
            assert!(layer.page.contains(layer.name), "{}", layer.name);
            assert!(find(layer.name).is_some());
            for option in layer.options {
                assert!(layer.usage.contains(option.name()), "{} does not show {option:?}", layer.name);
            }
        }
    }

    #[test]
    fn shapes_follow_the_published_formulas() {
        let words = |sizes: &[usize], kernel, stride, pads_same| Words {
            sizes: sizes.to_vec(),
            kernel,
            stride,
            pads_same,
            rate: None,
        };
        let image = Shape::from([28, 28, 1]);
        let cases: &[(&str, Words, Shape, Shape)] = &[
            ("dense", words(&[5], [0, 0], None, false), Shape::vector(2), Shape::vector(5)),
            ("conv", words(&[32], [5, 5], None, false), image.clone(), [24, 24, 32].into()),
            ("conv", words(&[32], [5, 5], None, true), image.clone(), [28, 28, 32].into()),
            ("conv", words(&[8], [6, 3], Some(2), false), image.clone(), [12, 13, 8].into()),
            ("conv", words(&[8], [6, 3], Some(2), true), image.clone(), [14, 14, 8].into()),
            ("maxpool", words(&[2], [0, 0], None, false), [7, 7, 3].into(), [3, 3, 3].into()),
            ("avgpool", words(&[3], [0, 0], Some(1), false), [7, 7, 3].into(), [5, 5, 3].into()),
            ("globalpool", words(&[], [0, 0], None, false), [7, 7, 3].into(), Shape::vector(3)),
            ("flatten", words(&[], [0, 0], None, false), [4, 4, 32].into(), Shape::vector(512)),
        ];
        for (name, words, input, output) in cases {
            let layer = find(name).expect("the case names a layer");
            assert_eq!((layer.plan)(words, input).map(|p| p.output), Ok(output.clone()), "{name}");
        }
    }
}
