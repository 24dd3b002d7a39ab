//! A register of numbers, for the kernels that keep tiles of sums in registers by hand.
//!
//! Loops over slices are left to the compiler; a tile of accumulators that lives through a loop is not something it
//! finds reliably. [`Vector`] is the least that such tiles need. A vector of an instruction set exists only inside
//! the functions compiled for it (see `dispatch`), which is what makes the intrinsics below sound.

/// `WIDTH` numbers that one instruction treats alike.
pub trait Vector<T: Copy>: Copy {
    /// How many numbers.
    const WIDTH: usize;
    /// The same number in every lane.
    fn splat(value: T) -> Self;
    /// The first `WIDTH` numbers at `from`.
    ///
    /// # Safety
    /// `from` must be readable for `WIDTH` numbers.
    unsafe fn load(from: *const T) -> Self;
    /// Writes the lanes to `to`.
    ///
    /// # Safety
    /// `to` must be writable for `WIDTH` numbers.
    unsafe fn store(self, to: *mut T);
    /// a·b + c
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// a + b
    fn add(self, b: Self) -> Self;
    /// Where `a > b` lane by lane, `yes`, else `no`.
    fn if_greater(a: Self, b: Self, yes: Self, no: Self) -> Self;
    /// The sum of the lanes, by halves.
    fn sum(self) -> T;
}

/// A plain array; the compiler finds what registers it can.
macro_rules! array_vector {
    ($t:ty, $n:expr) => {
        impl Vector<$t> for [$t; $n] {
            const WIDTH: usize = $n;
            #[inline(always)]
            fn splat(value: $t) -> Self {
                [value; $n]
            }
            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                // SAFETY: the caller promises that many readable numbers.
                unsafe { from.cast::<[$t; $n]>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                // SAFETY: the caller promises that many writable numbers.
                unsafe { to.cast::<[$t; $n]>().write_unaligned(self) }
            }
            #[inline(always)]
            fn mul_add(self, b: Self, mut c: Self) -> Self {
                for i in 0..$n {
                    c[i] = if cfg!(target_arch = "aarch64") {
                        self[i].mul_add(b[i], c[i])
                    } else {
                        self[i] * b[i] + c[i]
                    };
                }
                c
            }
            #[inline(always)]
            fn add(mut self, b: Self) -> Self {
                for i in 0..$n {
                    self[i] += b[i];
                }
                self
            }
            #[inline(always)]
            fn if_greater(a: Self, b: Self, yes: Self, mut no: Self) -> Self {
                for i in 0..$n {
                    no[i] = if a[i] > b[i] { yes[i] } else { no[i] };
                }
                no
            }
            #[inline(always)]
            fn sum(mut self) -> $t {
                let mut half = $n / 2;
                while half > 0 {
                    for i in 0..half {
                        self[i] += self[i + half];
                    }
                    half /= 2;
                }
                self[0]
            }
        }
    };
}
array_vector!(f32, 8);
array_vector!(f64, 4);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    use std::arch::x86_64::*;

    // SAFETY of every intrinsic here: vectors of these types are made only by kernels instantiated with `Avx2`,
    // which run after the processor was asked for AVX2 and FMA.
    impl Vector<f32> for __m256 {
        const WIDTH: usize = 8;
        #[inline(always)]
        fn splat(value: f32) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_set1_ps(value) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: see above; readable by the caller's promise.
            unsafe { _mm256_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: see above; writable by the caller's promise.
            unsafe { _mm256_storeu_ps(to, self) }
        }
        #[inline(always)]
        fn mul_add(self, b: Self, c: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_fmadd_ps(self, b, c) }
        }
        #[inline(always)]
        fn add(self, b: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_add_ps(self, b) }
        }
        #[inline(always)]
        fn if_greater(a: Self, b: Self, yes: Self, no: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_GT_OQ>(a, b)) }
        }
        #[inline(always)]
        fn sum(self) -> f32 {
            // SAFETY: see above; an array of eight numbers has the size of the register.
            let lanes: [f32; 8] = unsafe { std::mem::transmute(self) };
            lanes.sum()
        }
    }

    impl Vector<f64> for __m256d {
        const WIDTH: usize = 4;
        #[inline(always)]
        fn splat(value: f64) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_set1_pd(value) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f64) -> Self {
            // SAFETY: see above; readable by the caller's promise.
            unsafe { _mm256_loadu_pd(from) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f64) {
            // SAFETY: see above; writable by the caller's promise.
            unsafe { _mm256_storeu_pd(to, self) }
        }
        #[inline(always)]
        fn mul_add(self, b: Self, c: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_fmadd_pd(self, b, c) }
        }
        #[inline(always)]
        fn add(self, b: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_add_pd(self, b) }
        }
        #[inline(always)]
        fn if_greater(a: Self, b: Self, yes: Self, no: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_GT_OQ>(a, b)) }
        }
        #[inline(always)]
        fn sum(self) -> f64 {
            // SAFETY: see above; an array of four numbers has the size of the register.
            let lanes: [f64; 4] = unsafe { std::mem::transmute(self) };
            lanes.sum()
        }
    }
}

/// to\[i\] += the lanes of two registers, as many as `to` has.
#[inline(always)]
pub fn add_to<T: super::real::Real, V: Vector<T>>(values: [V; 2], to: &mut [T]) {
    if to.len() >= 2 * V::WIDTH {
        // SAFETY: `to` has room for two registers.
        unsafe {
            let at = to.as_mut_ptr();
            V::load(at).add(values[0]).store(at);
            let at = at.add(V::WIDTH);
            V::load(at).add(values[1]).store(at);
        }
    } else {
        let mut all = [T::ZERO; 2 * MAX_WIDTH];
        spill(values, &mut all);
        for (to, value) in to.iter_mut().zip(all) {
            *to += value;
        }
    }
}

/// The widest register of any instruction set.
pub const MAX_WIDTH: usize = 8;

/// The lanes of two registers as numbers.
#[inline(always)]
pub fn spill<T: Copy, V: Vector<T>>(values: [V; 2], to: &mut [T; 2 * MAX_WIDTH]) {
    assert!(V::WIDTH <= MAX_WIDTH);
    // SAFETY: two registers have at most as many numbers as `to`.
    unsafe {
        values[0].store(to.as_mut_ptr());
        values[1].store(to.as_mut_ptr().add(V::WIDTH));
    }
}
