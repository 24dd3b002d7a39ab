//! One loop for each function, so that a caller can look it up once and run it many times.

use super::{for_binary, for_unary, scalar_loop};
#[cfg(target_arch = "x86_64")]
use crate::kernels::dispatch::{Avx2, Avx512, Level, level};
use crate::kernels::dispatch::{Isa, Plain};
use crate::kernels::real::Real;
use crate::kernels::scalar::{Binary, Unary};
use std::marker::PhantomData;

/// out\[i\] = op(x\[i\]); safe to call on the processor that chose it.
pub type OfOne<T> = unsafe fn(&[T], &mut [T]);
/// out\[i\] = op(a\[i\], b\[i\]); safe to call on the processor that chose it.
pub type OfTwo<T> = unsafe fn(&[T], &[T], &mut [T]);
/// out\[i\] = op(x\[i\], scalar), or op(scalar, x\[i\]); safe to call on the processor that chose it.
pub type WithScalar<T> = unsafe fn(&[T], T, &mut [T]);

/// Numbers up to which cheap functions go register by register as written here, and dear ones by registers of AVX2; longer
/// loops are the compiler's, which unrolls them.
const SHORT: usize = 256;

/// Writes a function that gives the loop of an operator at the best instruction set, and the loops.
macro_rules! chosen {
    (
        $(#[$meta:meta])* $name:ident($op:ty) -> $loop:ident =
        $body:ident($($arg:ident: $ty:ty),*), $loops:ident [$($i:literal)*] $(, wider $widest:ident)?
    ) => {
        $(#[$meta])*
        pub fn $name<T: Real>(op: $op) -> $loop<T> {
            #[cfg(target_arch = "x86_64")]
            if level() >= Level::Avx2 {
                $(
                    if level() == Level::Avx512 && let Some(found) = $widest::<T>(op) {
                        return found;
                    }
                )?
                return $loops::<T>::WIDE[op as usize];
            }
            $loops::<T>::PLAIN[op as usize]
        }

        struct $loops<T>(PhantomData<T>);

        impl<T: Real> $loops<T> {
            const PLAIN: [$loop<T>; <$op>::ALL.len()] = [$(Self::plain::<$i>),*];
            #[cfg(target_arch = "x86_64")]
            const WIDE: [$loop<T>; <$op>::ALL.len()] = [$(Self::wide::<$i>),*];

            fn plain<const OP: usize>($($arg: $ty),*) {
                $body::<T, Plain>(const { <$op>::ALL[OP] }, $($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn wide<const OP: usize>($($arg: $ty),*) {
                $body::<T, Avx2>(const { <$op>::ALL[OP] }, $($arg),*)
            }
        }
    };
}

chosen! {
    /// The loop of out\[i\] = op(x\[i\]).
    of_one(Unary) -> OfOne = one_body(x: &[T], out: &mut [T]),
    One [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26], wider widest_of_one
}
chosen! {
    /// The loop of out\[i\] = op(a\[i\], b\[i\]).
    of_two(Binary) -> OfTwo = two_body(a: &[T], b: &[T], out: &mut [T]),
    Two [0 1 2 3 4 5 6 7 8 9 10 11 12 13]
}
chosen! {
    /// The loop of out\[i\] = op(scalar, x\[i\]).
    scalar_on_left(Binary) -> WithScalar = left_body(x: &[T], scalar: T, out: &mut [T]),
    Left [0 1 2 3 4 5 6 7 8 9 10 11 12 13]
}
chosen! {
    /// The loop of out\[i\] = op(x\[i\], scalar).
    scalar_on_right(Binary) -> WithScalar = right_body(x: &[T], scalar: T, out: &mut [T]),
    Right [0 1 2 3 4 5 6 7 8 9 10 11 12 13]
}

/// The loop for AVX-512 of a function that takes longer to compute than to load, for numbers enough that what is left
/// over after whole registers does not matter. Each number is a function of its own, so the bits are those of
/// AVX2 (but for the sign of what is no number).
#[cfg(target_arch = "x86_64")]
fn widest_of_one<T: Real>(op: Unary) -> Option<OfOne<T>> {
    #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
    fn widest<T: Real, const OP: usize>(x: &[T], out: &mut [T]) {
        if x.len() <= SHORT {
            return One::<T>::wide::<OP>(x, out);
        }
        one_body::<T, Avx512>(const { Unary::ALL[OP] }, x, out);
    }
    macro_rules! of {
        ($($name:ident)*) => {
            match op {
                $(Unary::$name => Some(widest::<T, { Unary::$name as usize }>),)*
                _ => None,
            }
        };
    }
    of!(Exp Log Log1p Expm1 Tanh Sigmoid LogSigmoid Softplus)
}

#[inline(always)]
fn one_body<T: Real, I: Isa>(op: Unary, x: &[T], out: &mut [T]) {
    assert_eq!(x.len(), out.len());
    let is_cheap =
        matches!(op, Unary::Neg | Unary::Reciprocal | Unary::Sqrt | Unary::Square | Unary::Abs | Unary::Relu);
    macro_rules! run {
        (|$x:ident| $value:expr) => {
            if is_cheap {
                short_or_long(x, x, out, |$x, _| $value)
            } else {
                by_registers(x, out, |$x| $value)
            }
        };
    }
    for_unary!(op, T, I, run)
}

#[inline(always)]
fn two_body<T: Real, I: Isa>(op: Binary, a: &[T], b: &[T], out: &mut [T]) {
    assert_eq!(a.len(), out.len());
    assert_eq!(b.len(), out.len());
    macro_rules! run {
        (|$a:ident, $b:ident| $value:expr) => {
            if is_arithmetic(op) {
                short_or_long(a, b, out, |$a, $b| $value)
            } else {
                for ((out, &$a), &$b) in out.iter_mut().zip(a).zip(b) {
                    *out = $value;
                }
            }
        };
    }
    for_binary!(op, T, run)
}

#[inline(always)]
fn left_body<T: Real, I: Isa>(op: Binary, x: &[T], scalar: T, out: &mut [T]) {
    scalar_body(op, x, scalar, out, true);
}

#[inline(always)]
fn right_body<T: Real, I: Isa>(op: Binary, x: &[T], scalar: T, out: &mut [T]) {
    scalar_body(op, x, scalar, out, false);
}

#[inline(always)]
fn scalar_body<T: Real>(op: Binary, x: &[T], scalar: T, out: &mut [T], is_left: bool) {
    assert_eq!(x.len(), out.len());
    macro_rules! run {
        (|$a:ident, $b:ident| $value:expr) => {
            if is_left {
                let $a = scalar;
                short_or_long(x, x, out, |$b, _| $value)
            } else {
                let $b = scalar;
                short_or_long(x, x, out, |$a, _| $value)
            }
        };
    }
    if is_arithmetic(op) {
        for_binary!(op, T, run)
    } else {
        scalar_loop::<T>(op, x, scalar, out, is_left);
    }
}

/// Whether the value of a function is an instruction.
#[inline(always)]
fn is_arithmetic(op: Binary) -> bool {
    matches!(op, Binary::Add | Binary::Sub | Binary::Mul | Binary::Div)
}

/// A cheap function: by registers written out where it is short.
#[inline(always)]
fn short_or_long<T: Real>(a: &[T], b: &[T], out: &mut [T], f: impl Fn(T, T) -> T) {
    let n = out.len();
    if n > SHORT {
        for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
            *out = f(a, b);
        }
    } else if size_of::<T>() == 4 && n >= 8 {
        overlapping::<T, 8>(a, b, out, f);
    } else if n >= 4 {
        overlapping::<T, 4>(a, b, out, f);
    } else {
        for i in 0..n {
            out[i] = f(a[i], b[i]);
        }
    }
}

/// W numbers at a time; the last W may do again what those before have done.
#[inline(always)]
fn overlapping<T: Real, const W: usize>(a: &[T], b: &[T], out: &mut [T], f: impl Fn(T, T) -> T) {
    let n = out.len();
    assert!(n >= W && a.len() == n && b.len() == n);
    let last = n - W;
    let mut begin = 0;
    loop {
        let at = begin.min(last);
        let (x, y) = (&a[at..at + W], &b[at..at + W]);
        let values: [T; W] = std::array::from_fn(|i| f(x[i], y[i]));
        out[at..at + W].copy_from_slice(&values);
        begin += W;
        if begin >= last + W {
            break;
        }
    }
}

/// A dear function: the compiler's loop over whole registers, then once more over the last.
#[inline(always)]
fn by_registers<T: Real>(x: &[T], out: &mut [T], f: impl Fn(T) -> T) {
    let n = out.len();
    let width = 32 / size_of::<T>();
    let whole = if n < width { n } else { n - n % width };
    let mut part = 0..whole;
    loop {
        let (x, out) = (&x[part.clone()], &mut out[part.clone()]);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = f(x);
        }
        if part.end == n {
            break;
        }
        part = n - width..n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_the_order_of_the_operators() {
        Unary::ALL.iter().enumerate().for_each(|(i, op)| assert_eq!(*op as usize, i, "{}", op.name()));
        Binary::ALL.iter().enumerate().for_each(|(i, op)| assert_eq!(*op as usize, i, "{}", op.name()));
    }
}
