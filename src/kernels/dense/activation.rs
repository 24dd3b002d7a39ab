//! Activations that a dense or convolutional layer computes with its product, and their derivatives from the output.

use crate::kernels::dispatch::{Isa, versions};
use crate::kernels::real::Real;

/// An increasing function whose derivative follows from its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// x
    None,
    /// tanh x
    Tanh,
    /// max(x, 0)
    Relu,
    /// 1/(1 + e^−x)
    Sigmoid,
    /// log(1 + e^x)
    Softplus,
}

impl Activation {
    /// Every variant, for tests.
    pub const ALL: &[Activation] =
        &[Activation::None, Activation::Tanh, Activation::Relu, Activation::Sigmoid, Activation::Softplus];
}

versions! {
    /// out = dy · f′, from the output y = f(x): 1 − y², y > 0, y(1 − y), 1 − e^−y.
    pub fn activation_gradient(activation: Activation, y: &[T], dy: &[T], out: &mut [T]) = gradient_body, wider if true;
    /// out\[n,r\] += bias\[n\]
    pub fn add_bias(bias: &[T], out: &mut [T], rows: usize) = add_bias_body;
}

/// out = f(out)
#[inline(always)]
pub fn apply<T: Real, I: Isa>(activation: Activation, out: &mut [T]) {
    match activation {
        Activation::None => {}
        Activation::Tanh => {
            for x in out {
                *x = x.tanh::<I>();
            }
        }
        Activation::Relu => {
            for x in out {
                *x = x.at_least(T::ZERO);
            }
        }
        Activation::Sigmoid => {
            for x in out {
                *x = x.sigmoid::<I>();
            }
        }
        Activation::Softplus => {
            for x in out {
                *x = x.softplus::<I>();
            }
        }
    }
}

/// Runs `$loop!(|y, dy| dy · f′)` for an activation, f′ from the output y = f(x).
macro_rules! derivative {
    ($activation:expr, $loop:ident, $none:expr) => {
        match $activation {
            Activation::None => $none,
            Activation::Tanh => $loop!(|y, dy| dy * (T::ONE - y * y)),
            Activation::Relu => $loop!(|y, dy| if y > T::ZERO { dy } else { T::ZERO }),
            Activation::Sigmoid => $loop!(|y, dy| dy * (y * (T::ONE - y))),
            Activation::Softplus => $loop!(|y, dy| -(dy * (-y).expm1::<I>())),
        }
    };
}

#[inline(always)]
fn gradient_body<T: Real, I: Isa>(activation: Activation, y: &[T], dy: &[T], out: &mut [T]) {
    assert_eq!(y.len(), out.len());
    assert_eq!(dy.len(), out.len());
    macro_rules! run {
        (|$y:ident, $dy:ident| $value:expr) => {
            for ((out, &$y), &$dy) in out.iter_mut().zip(y).zip(dy) {
                *out = $value;
            }
        };
    }
    derivative!(activation, run, out.copy_from_slice(dy));
}

/// dy = dy · f′, from the output y, which is not read where there is no activation.
#[inline(always)]
pub fn apply_derivative<T: Real, I: Isa>(activation: Activation, y: &[T], dy: &mut [T]) {
    if activation == Activation::None {
        return;
    }
    assert_eq!(y.len(), dy.len());
    macro_rules! run {
        (|$y:ident, $dy:ident| $value:expr) => {
            for (out, &$y) in dy.iter_mut().zip(y) {
                let $dy = *out;
                *out = $value;
            }
        };
    }
    derivative!(activation, run, ());
}

#[inline(always)]
fn add_bias_body<T: Real, I: Isa>(bias: &[T], out: &mut [T], rows: usize) {
    assert_eq!(out.len(), bias.len() * rows);
    if rows == 0 {
        return;
    }
    for (out, &bias) in out.chunks_exact_mut(rows).zip(bias) {
        for out in out {
            *out += bias;
        }
    }
}
