//! Functions of one and two numbers applied along slices, with every broadcast that the layouts need.
//!
//! The choice of function stands outside the loops, so each loop is one function and vectorises. Rare functions
//! (`sin`, `erf`, `ln_gamma`, …) go through [`Unary::apply`] in f64.
//!
//! Small programs are hundreds of calls on a dozen numbers, so the loops of the commonest forms can be looked up once
//! ([`of_one`], [`of_two`], [`scalar_on_left`], [`scalar_on_right`]), and what is left over after whole registers is
//! done by one more register that lies over the one before, not number by number.

mod broadcast;
mod chosen;
#[cfg(test)]
mod tests;

pub use broadcast::{binary_channel, binary_feature, binary_image_row, binary_row};
pub use chosen::{OfOne, OfTwo, WithScalar, of_one, of_two, scalar_on_left, scalar_on_right};

use super::dispatch::{Isa, versions};
use super::real::Real;
use super::scalar::{Binary, Unary};

versions! {
    /// x\[i\] = op(x\[i\])
    pub fn unary_in_place(op: Unary, x: &mut [T]) = unary_in_place_body;
    /// a\[i\] = op(a\[i\], b\[i\]), or op(b\[i\], a\[i\]) where `swapped`.
    pub fn binary_in_place(op: Binary, a: &mut [T], b: &[T], swapped: bool) = binary_in_place_body;
    /// out\[i\] += factor · x\[i\]
    pub fn axpy(factor: T, x: &[T], out: &mut [T]) = axpy_body;
    /// out\[i\] += x\[i\]
    pub fn accumulate(x: &[T], out: &mut [T]) = accumulate_body;
    /// out\[i\] += a\[i\] · b\[i\]
    pub fn multiply_accumulate(a: &[T], b: &[T], out: &mut [T]) = multiply_accumulate_body;
    /// out\[i\] = (out\[i\] + a\[i\]) + b\[i\]
    pub fn accumulate_both(a: &[T], b: &[T], out: &mut [T]) = accumulate_both_body;
    /// out\[i\] = factor · x\[i\]
    pub fn scale(factor: T, x: &[T], out: &mut [T]) = scale_body;
    /// out\[i\] = a · x\[i\] + b · y\[i\]: [`scale`] of y, then [`axpy`] of x
    pub fn scale_both(a: T, x: &[T], b: T, y: &[T], out: &mut [T]) = scale_both_body;
    /// out\[i\] = a\[i\] where condition\[i\] is not 0, else b\[i\]
    pub fn select(condition: &[T], a: &[T], b: &[T], out: &mut [T]) = select_body;
}

/// out\[i\] = op(x\[i\])
pub fn unary<T: Real>(op: Unary, x: &[T], out: &mut [T]) {
    // SAFETY: the processor has what the loop chosen for it is compiled for; so below.
    unsafe { of_one::<T>(op)(x, out) }
}

/// out\[i\] = op(a\[i\], b\[i\])
pub fn binary<T: Real>(op: Binary, a: &[T], b: &[T], out: &mut [T]) {
    // SAFETY: see `unary`.
    unsafe { of_two::<T>(op)(a, b, out) }
}

/// out\[i\] = op(a, b\[i\])
pub fn binary_scalar_left<T: Real>(op: Binary, a: T, b: &[T], out: &mut [T]) {
    // SAFETY: see `unary`.
    unsafe { scalar_on_left::<T>(op)(b, a, out) }
}

/// out\[i\] = op(a\[i\], b)
pub fn binary_scalar_right<T: Real>(op: Binary, a: &[T], b: T, out: &mut [T]) {
    // SAFETY: see `unary`.
    unsafe { scalar_on_right::<T>(op)(a, b, out) }
}

/// out\[i\] = value
pub fn fill<T: Real>(value: T, out: &mut [T]) {
    out.fill(value);
}

/// Runs `$run!(|x| value)` for the function that `$op` names; the match is outside of whatever loop `$run` writes.
macro_rules! for_unary {
    ($op:expr, $T:ty, $I:ty, $run:ident) => {
        match $op {
            Unary::Neg => $run!(|x| -x),
            Unary::Reciprocal => $run!(|x| <$T>::ONE / x),
            Unary::Exp => $run!(|x| x.exp::<$I>()),
            Unary::Log => $run!(|x| x.ln::<$I>()),
            Unary::Log1p => $run!(|x| x.log1p::<$I>()),
            Unary::Expm1 => $run!(|x| x.expm1::<$I>()),
            Unary::Sqrt => $run!(|x| x.sqrt()),
            Unary::Square => $run!(|x| x * x),
            Unary::Abs => $run!(|x| x.abs()),
            Unary::Sign => $run!(|x| if x > <$T>::ZERO {
                <$T>::ONE
            } else if x < <$T>::ZERO {
                -<$T>::ONE
            } else {
                x
            }),
            Unary::Tanh => $run!(|x| x.tanh::<$I>()),
            Unary::Sigmoid => $run!(|x| x.sigmoid::<$I>()),
            Unary::LogSigmoid => $run!(|x| x.log_sigmoid::<$I>()),
            Unary::Softplus => $run!(|x| x.softplus::<$I>()),
            Unary::Relu => $run!(|x| x.at_least(<$T>::ZERO)),
            Unary::Step => $run!(|x| if x > <$T>::ZERO {
                <$T>::ONE
            } else if x <= <$T>::ZERO {
                <$T>::ZERO
            } else {
                x
            }),
            Unary::Sin
            | Unary::Cos
            | Unary::Atan
            | Unary::Erf
            | Unary::NormalCdf
            | Unary::LogNormalCdf
            | Unary::LnGamma
            | Unary::Digamma
            | Unary::Trigamma
            | Unary::LogBesselI0e
            | Unary::BesselDrop => $run!(|x| <$T>::from_f64($op.apply(x.to_f64()))),
        }
    };
}

/// Runs `$run!(|a, b| value)` for the function that `$op` names.
macro_rules! for_binary {
    ($op:expr, $T:ty, $run:ident) => {
        match $op {
            Binary::Add => $run!(|a, b| a + b),
            Binary::Sub => $run!(|a, b| a - b),
            Binary::Mul => $run!(|a, b| a * b),
            Binary::Div => $run!(|a, b| a / b),
            Binary::Pow => $run!(|a, b| a.powf(b)),
            Binary::Min => $run!(|a, b| a.min(b)),
            Binary::Max => $run!(|a, b| a.max(b)),
            Binary::Eq => $run!(|a, b| if a == b { <$T>::ONE } else { <$T>::ZERO }),
            Binary::Lt => $run!(|a, b| if a < b { <$T>::ONE } else { <$T>::ZERO }),
            Binary::Le => $run!(|a, b| if a <= b { <$T>::ONE } else { <$T>::ZERO }),
            Binary::LogAddExp | Binary::LogGammaP | Binary::LogGammaQ | Binary::LogStudentCdf => {
                $run!(|a, b| <$T>::from_f64($op.apply(a.to_f64(), b.to_f64())))
            }
        }
    };
}
pub(crate) use {for_binary, for_unary};

#[inline(always)]
fn unary_in_place_body<T: Real, I: Isa>(op: Unary, x: &mut [T]) {
    macro_rules! run {
        (|$x:ident| $value:expr) => {
            for entry in x.iter_mut() {
                let $x = *entry;
                *entry = $value;
            }
        };
    }
    for_unary!(op, T, I, run)
}

#[inline(always)]
fn binary_in_place_body<T: Real, I: Isa>(op: Binary, a: &mut [T], b: &[T], swapped: bool) {
    assert_eq!(a.len(), b.len());
    macro_rules! run {
        (|$a:ident, $b:ident| $value:expr) => {
            if swapped {
                for (entry, &$a) in a.iter_mut().zip(b) {
                    let $b = *entry;
                    *entry = $value;
                }
            } else {
                for (entry, &$b) in a.iter_mut().zip(b) {
                    let $a = *entry;
                    *entry = $value;
                }
            }
        };
    }
    for_binary!(op, T, run)
}

/// out\[i\] = op(values\[i\], scalar), or the other way round where `swapped`.
#[inline(always)]
pub(crate) fn scalar_loop<T: Real>(op: Binary, values: &[T], scalar: T, out: &mut [T], swapped: bool) {
    assert_eq!(values.len(), out.len());
    macro_rules! run {
        (|$a:ident, $b:ident| $value:expr) => {
            if swapped {
                let $a = scalar;
                for (out, &$b) in out.iter_mut().zip(values) {
                    *out = $value;
                }
            } else {
                let $b = scalar;
                for (out, &$a) in out.iter_mut().zip(values) {
                    *out = $value;
                }
            }
        };
    }
    for_binary!(op, T, run)
}

#[inline(always)]
fn axpy_body<T: Real, I: Isa>(factor: T, x: &[T], out: &mut [T]) {
    assert_eq!(x.len(), out.len());
    for (out, &x) in out.iter_mut().zip(x) {
        *out = factor.fma::<I>(x, *out);
    }
}

#[inline(always)]
fn accumulate_body<T: Real, I: Isa>(x: &[T], out: &mut [T]) {
    assert_eq!(x.len(), out.len());
    for (out, &x) in out.iter_mut().zip(x) {
        *out += x;
    }
}

#[inline(always)]
fn multiply_accumulate_body<T: Real, I: Isa>(a: &[T], b: &[T], out: &mut [T]) {
    assert_eq!(a.len(), out.len());
    assert_eq!(b.len(), out.len());
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = a.fma::<I>(b, *out);
    }
}

#[inline(always)]
fn scale_body<T: Real, I: Isa>(factor: T, x: &[T], out: &mut [T]) {
    assert_eq!(x.len(), out.len());
    for (out, &x) in out.iter_mut().zip(x) {
        *out = factor * x;
    }
}

#[inline(always)]
fn accumulate_both_body<T: Real, I: Isa>(a: &[T], b: &[T], out: &mut [T]) {
    assert_eq!(a.len(), out.len());
    assert_eq!(b.len(), out.len());
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = (*out + a) + b;
    }
}

#[inline(always)]
fn scale_both_body<T: Real, I: Isa>(a: T, x: &[T], b: T, y: &[T], out: &mut [T]) {
    assert_eq!(x.len(), out.len());
    assert_eq!(y.len(), out.len());
    for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
        *out = a.fma::<I>(x, b * y);
    }
}

#[inline(always)]
fn select_body<T: Real, I: Isa>(condition: &[T], a: &[T], b: &[T], out: &mut [T]) {
    assert_eq!(condition.len(), out.len());
    assert_eq!(a.len(), out.len());
    assert_eq!(b.len(), out.len());
    for (((out, &condition), &a), &b) in out.iter_mut().zip(condition).zip(a).zip(b) {
        *out = if condition != T::ZERO { a } else { b };
    }
}
