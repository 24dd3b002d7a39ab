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
    /// Whether there are thirty-two registers rather than sixteen.
    const MANY: bool = false;
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

/// AVX-512 beside [`Avx2`]: twice as wide, for kernels whose sums have the same order at every width.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub struct Avx512;

#[cfg(target_arch = "x86_64")]
impl Isa for Avx512 {
    const FUSED: bool = true;
    const MANY: bool = true;
    type Vector<T: Real> = T::Avx512;
}

/// What there may be, each with all of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// the fallback that any processor has
    Plain,
    /// AVX2 with fused multiply-add
    Avx2,
    /// AVX-512 with its vl, dq and bw parts
    Avx512,
}

/// The variable of the environment that holds the level down, and its values.
pub const LEVEL_VARIABLE: &str = "BNNC_SIMD";
/// Its values; a level that the machine has not is its best one.
pub const LEVELS: [(&str, Level); 3] =
    [("plain", Level::Plain), ("avx2", Level::Avx2), ("avx512", Level::Avx512)];

/// The best instruction set that the machine has. `BNNC_SIMD=plain` or `avx2` in the environment holds it down, to
/// measure or compare; results are the same bits with AVX2 and AVX-512.
#[inline]
pub fn level() -> Level {
    #[cfg(test)]
    if let Some(level) = AT_MOST.get() {
        return level.min(best());
    }
    static LEVEL: std::sync::OnceLock<Level> = std::sync::OnceLock::new();
    *LEVEL.get_or_init(|| {
        // What is no level is refused where the program starts.
        let asked = std::env::var(LEVEL_VARIABLE).unwrap_or_default();
        let most = LEVELS.iter().find(|(name, _)| *name == asked);
        most.map_or(best(), |(_, level)| (*level).min(best()))
    })
}

#[cfg(target_arch = "x86_64")]
fn best() -> Level {
    let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let has_avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw");
    match (has_avx2, has_avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        (false, _) => Level::Plain,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn best() -> Level {
    Level::Plain
}

/// The name of the instruction set in use, for manifests and benchmarks.
pub fn instruction_set() -> &'static str {
    match level() {
        Level::Avx512 => "avx512",
        Level::Avx2 => "avx2+fma",
        Level::Plain if cfg!(target_arch = "aarch64") => "neon",
        Level::Plain => "plain",
    }
}

/// Writes a public function over `T: Real` that runs `$body::<T, I>` for the best instruction set `I`.
///
/// AVX-512 is taken by those that say so, where what they say of their arguments holds: `= body, wider if CONDITION;`.
/// They must add up in the same order at any width.
macro_rules! versions {
    ($(
        $(#[$meta:meta])* $vis:vis fn $name:ident $args:tt $(-> $ret:ty)? = $body:ident $(, wider if $when:expr)?;
    )*) => {$(
        $crate::kernels::dispatch::version! {
            [$(#[$meta])*] [$vis] $name $args [$(-> $ret)?] $body [$($when)?]
        }
    )*};
}
pub(crate) use versions;

/// One function of [`versions`].
macro_rules! version {
    ([$($meta:tt)*] [$vis:vis] $name:ident ($($arg:ident: $ty:ty),* $(,)?) [$($ret:tt)*] $body:ident [$($when:expr)?]) => {
        $($meta)*
        $vis fn $name<T: $crate::kernels::real::Real>($($arg: $ty),*) $($ret)* {
            #[cfg(target_arch = "x86_64")]
            {
                $crate::kernels::dispatch::wider! { ($($arg: $ty),*) [$($ret)*] $body [$($when)?] }
                #[target_feature(enable = "avx2,fma")]
                fn wide<T: $crate::kernels::real::Real>($($arg: $ty),*) $($ret)* {
                    $body::<T, $crate::kernels::dispatch::Avx2>($($arg),*)
                }
                if $crate::kernels::dispatch::level() >= $crate::kernels::dispatch::Level::Avx2 {
                    // SAFETY: the processor has the features that `wide` is compiled for.
                    return unsafe { wide::<T>($($arg),*) };
                }
            }
            $body::<T, $crate::kernels::dispatch::Plain>($($arg),*)
        }
    };
}
pub(crate) use version;

/// The version for AVX-512 of a function of [`versions`], if it has one.
#[cfg(target_arch = "x86_64")]
macro_rules! wider {
    (($($arg:ident: $ty:ty),*) [$($ret:tt)*] $body:ident []) => {};
    (($($arg:ident: $ty:ty),*) [$($ret:tt)*] $body:ident [$when:expr]) => {
        #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
        fn widest<T: $crate::kernels::real::Real>($($arg: $ty),*) $($ret)* {
            $body::<T, $crate::kernels::dispatch::Avx512>($($arg),*)
        }
        if $crate::kernels::dispatch::level() == $crate::kernels::dispatch::Level::Avx512 && $when {
            // SAFETY: the processor has the features that `widest` is compiled for.
            return unsafe { widest::<T>($($arg),*) };
        }
    };
}
#[cfg(target_arch = "x86_64")]
pub(crate) use wider;

#[cfg(test)]
thread_local! {
    /// The best that this thread runs whatever the machine has.
    static AT_MOST: std::cell::Cell<Option<Level>> = const { std::cell::Cell::new(None) };
}

/// Runs `check` with every instruction set that this machine has, the best one first.
#[cfg(test)]
pub fn on_every_instruction_set(mut check: impl FnMut()) {
    for level in [Level::Avx512, Level::Avx2, Level::Plain].into_iter().filter(|l| *l <= best()) {
        AT_MOST.set(Some(level));
        check();
    }
    AT_MOST.set(None);
}

/// The numbers that `run` gives with AVX-512 are to the bit those with AVX2; nothing is compared where there is no
/// AVX-512.
#[cfg(test)]
pub fn same_bits_at_both_widths<T: Real>(what: &str, mut run: impl FnMut() -> Vec<T>) {
    let mut found = vec![];
    on_every_instruction_set(|| found.push(run()));
    if let [wide, narrow, _] = found.as_slice() {
        assert_eq!(wide.len(), narrow.len(), "{what}");
        let differs = |(a, b): (&T, &T)| a.to_f64().to_bits() != b.to_f64().to_bits();
        if let Some(at) = wide.iter().zip(narrow).position(differs) {
            panic!("{what}: number {at} of {} is {} and {}", wide.len(), wide[at], narrow[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_instruction_set_can_be_asked_for() {
        let names = std::cell::RefCell::new(vec![]);
        on_every_instruction_set(|| names.borrow_mut().push(instruction_set()));
        let names = names.into_inner();
        assert!(matches!(names.last(), Some(&"plain" | &"neon")), "{names:?}");
        assert_eq!(names.first(), Some(&instruction_set()));
    }
}
