//! The two kinds of numbers kernels run on, with functions that vectorise.
//!
//! Every function is branch free, so that a loop over it becomes vector code: the edges (±∞, NaN, zero, overflow)
//! are selections, never jumps. Relative error at most 3e-7 in `f32` and 1e-15 in `f64` over the whole range,
//! subnormal results excepted. `single` and `double` hold the polynomials, this file what they share.

mod double;
mod single;
#[cfg(test)]
mod tests;

use super::dispatch::Isa;
use super::vector::Vector;
use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

/// `f32` or `f64`.
pub trait Real:
    Copy
    + Send
    + Sync
    + 'static
    + Default
    + Debug
    + Display
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// 1/2
    const HALF: Self;
    /// ln 2
    const LN_2: Self;
    /// +∞
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;
    /// The distance from 1 to the next number.
    const EPSILON: Self;
    /// A register of the plain instruction set.
    type Plain: Vector<Self>;
    /// A register of AVX2; the plain one on other processors.
    type Avx2: Vector<Self>;
    /// A register of AVX-512; the plain one on other processors.
    type Avx512: Vector<Self>;

    /// The nearest number of this kind.
    fn from_f64(value: f64) -> Self;
    /// The same number in f64.
    fn to_f64(self) -> f64;
    /// `self · b + c`, fused where the instruction set can.
    fn fma<I: Isa>(self, b: Self, c: Self) -> Self;
    /// √x
    fn sqrt(self) -> Self;
    /// |x|
    fn abs(self) -> Self;
    /// x^y, by the standard library.
    fn powf(self, y: Self) -> Self;
    /// The greater number; the other one where one is NaN.
    fn max(self, other: Self) -> Self;
    /// The lesser number; the other one where one is NaN.
    fn min(self, other: Self) -> Self;
    /// e^x
    fn exp<I: Isa>(self) -> Self;
    /// e^x − 1
    fn expm1<I: Isa>(self) -> Self;
    /// log x; −∞ at 0, NaN below.
    fn ln<I: Isa>(self) -> Self;
    /// log(1 + x) for x in \[0, 1\], at less cost than [`Real::log1p`].
    fn log1p_unit<I: Isa>(self) -> Self;
    /// tanh x
    fn tanh<I: Isa>(self) -> Self;
    /// How many words of random bits [`Real::normal_pair`] wants: 2 or 4.
    const WORDS_PER_PAIR: usize;
    /// Two independent standard normal numbers of uniform random bits, by Box and Muller: one word or two for the
    /// radius and as many for the angle (`low` words are not read where one is enough).
    fn normal_pair<I: Isa>(radius: Words, angle: Words) -> (Self, Self);
    /// A number strictly between 0 and 1 of uniform random bits.
    fn uniform(bits: Words) -> Self;

    /// The index that was stored as a number; 0 for what is negative or NaN.
    #[inline(always)]
    fn to_index(self) -> usize {
        self.to_f64() as usize
    }
    /// A whole number from 0 to 255 as a byte.
    fn to_byte(self) -> u8;
    /// The whole number of a byte.
    fn of_byte(byte: u8) -> Self;
    /// Whether it is no number.
    #[inline(always)]
    fn is_nan(self) -> bool {
        self.partial_cmp(&self).is_none()
    }
    /// Whether the number is neither infinite nor NaN.
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.abs() < Self::INFINITY
    }
    /// `self`, at most `bound`; NaN stays NaN (unlike [`Real::min`]) and the cost is one instruction.
    #[inline(always)]
    fn at_most(self, bound: Self) -> Self {
        if self > bound { bound } else { self }
    }
    /// `self`, at least `bound`; NaN stays NaN (unlike [`Real::max`]) and the cost is one instruction.
    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        if self < bound { bound } else { self }
    }
    /// log(1 + x). The rounding error of 1 + x is known exactly and enters to first order (Kahan).
    #[inline(always)]
    fn log1p<I: Isa>(self) -> Self {
        let sum = Self::ONE + self;
        let lost = (sum - Self::ONE) - self;
        let log = sum.ln::<I>();
        let corrected = log - lost / sum;
        if sum > Self::ZERO && sum < Self::INFINITY { corrected } else { log }
    }
    /// 1/(1 + e^−x), relative error kept on both sides.
    #[inline(always)]
    fn sigmoid<I: Isa>(self) -> Self {
        let e = (-self.abs()).exp::<I>();
        let r = Self::ONE / (Self::ONE + e);
        if self > Self::ZERO { r } else { e * r }
    }
    /// log(1 + e^x) = max(x, 0) + log1p(e^−|x|)
    #[inline(always)]
    fn softplus<I: Isa>(self) -> Self {
        self.at_least(Self::ZERO) + (-self.abs()).exp::<I>().log1p_unit::<I>()
    }
    /// log(1/(1 + e^−x)) = −softplus(−x)
    #[inline(always)]
    fn log_sigmoid<I: Isa>(self) -> Self {
        -(-self).softplus::<I>()
    }
}

/// 64 random bits in two words.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Read first.
    pub high: u32,
    /// Read by `f64` only.
    pub low: u32,
}
