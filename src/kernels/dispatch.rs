//! One generic body, compiled once for each instruction set; the best one that the machine has is run.
//!
//! ```text
//! versions! { pub fn axpy(a: T, x: &[T], out: &mut [T]) = axpy_body; }
//! fn axpy_body<T: Real, I: Isa>(a: T, x: &[T], out: &mut [T]) { … a.fma::<I>(x[i], out[i]) … }
//! ```
//!
//! The body and all it calls are `#[inline(always)]`, so that they are compiled inside the function that carries
//! `#[target_feature]`. A fused multiply-add outside such a function is a library call on x86: [`Isa::FUSED`] keeps
//! the plain version from asking for one. On aarch64 the plain version has NEON and fused multiply-add already.

use super::real::Real;
use super::vector::Vector;

/// An instruction set, as a type.
pub trait Isa: Copy + Send + Sync + 'static {
    /// Whether multiply-add is one instruction.
    const FUSED: bool;
    /// Whether kernels are compiled in tiles of many registers. Where nothing but the baseline of x86-64 is there, one
    /// register at a time must do: the code of tiles would be half of all and run by no one.
    const TILES: bool = Self::FUSED;
    /// The registers of this instruction set.
    type Vector<T: Real>: Vector<T>;
}

/// What every processor of the target has.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

impl Isa for Plain {
    const FUSED: bool = cfg!(target_arch = "aarch64");
    type Vector<T: Real> = T::Plain;
}

/// AVX2 with fused multiply-add: x86-64 since 2013.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Isa for Avx2 {
    const FUSED: bool = true;
    type Vector<T: Real> = T::Avx2;
}

/// Whether [`Avx2`] may be run.
#[cfg(target_arch = "x86_64")]
#[inline]
pub fn has_avx2() -> bool {
    #[cfg(test)]
    if ONLY_PLAIN.get() {
        return false;
    }
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// The name of the instruction set in use, for manifests and benchmarks.
pub fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        return "avx2+fma";
    }
    if cfg!(target_arch = "aarch64") { "neon" } else { "plain" }
}

/// Writes a public function over `T: Real` that runs `$body::<T, I>` for the best instruction set `I`.
macro_rules! versions {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? = $body:ident;)*) => {$(
        $(#[$meta])*
        $vis fn $name<T: $crate::kernels::real::Real>($($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn wide<T: $crate::kernels::real::Real>($($arg: $ty),*) $(-> $ret)? {
                    $body::<T, $crate::kernels::dispatch::Avx2>($($arg),*)
                }
                if $crate::kernels::dispatch::has_avx2() {
                    // SAFETY: the processor has the features that `wide` is compiled for.
                    return unsafe { wide::<T>($($arg),*) };
                }
            }
            $body::<T, $crate::kernels::dispatch::Plain>($($arg),*)
        }
    )*};
}
pub(crate) use versions;

#[cfg(test)]
thread_local! {
    /// Whether this thread runs the plain versions whatever the machine has.
    static ONLY_PLAIN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Runs `check` with the best instruction set of this machine, then with the plain one.
#[cfg(test)]
pub fn on_every_instruction_set(check: impl Fn()) {
    check();
    ONLY_PLAIN.set(true);
    check();
    ONLY_PLAIN.set(false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_instruction_set_can_be_asked_for() {
        let names = std::cell::RefCell::new(vec![]);
        on_every_instruction_set(|| names.borrow_mut().push(instruction_set()));
        let names = names.into_inner();
        assert_eq!(names.len(), 2);
        assert!(names[1] == "plain" || names[1] == "neon");
        assert_eq!(names[0], instruction_set());
    }
}
