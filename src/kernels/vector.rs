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
    /// c − a·b
    fn minus_product(self, b: Self, c: Self) -> Self;
    /// a · b
    fn mul(self, b: Self) -> Self;
    /// a + b
    fn add(self, b: Self) -> Self;
    /// Where `a > b` lane by lane, `yes`, else `no`.
    fn if_greater(a: Self, b: Self, yes: Self, no: Self) -> Self;
    /// The sum of the lanes, by halves.
    fn sum(self) -> T;
    /// [`Vector::sum`] of each, which is most of a short sum where it goes one by one.
    #[inline(always)]
    fn sums(four: [Self; 4]) -> [T; 4] {
        four.map(Self::sum)
    }
    /// Copies a square of `WIDTH` lines, `stride` apart, to one whose lines are the columns, `to_stride` apart.
    ///
    /// # Safety
    /// Every line of `from` must be readable, of `to` writable, for `WIDTH` numbers.
    #[inline(always)]
    unsafe fn turn(from: *const T, stride: usize, to: *mut T, to_stride: usize) {
        for i in 0..Self::WIDTH {
            for j in 0..Self::WIDTH {
                // SAFETY: by the contract of this function.
                unsafe { *to.add(j * to_stride + i) = *from.add(i * stride + j) };
            }
        }
    }
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
            fn minus_product(self, b: Self, mut c: Self) -> Self {
                for i in 0..$n {
                    c[i] = if cfg!(target_arch = "aarch64") {
                        (-self[i]).mul_add(b[i], c[i])
                    } else {
                        c[i] - self[i] * b[i]
                    };
                }
                c
            }
            #[inline(always)]
            fn mul(mut self, b: Self) -> Self {
                for i in 0..$n {
                    self[i] *= b[i];
                }
                self
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
        fn minus_product(self, b: Self, c: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_fnmadd_ps(self, b, c) }
        }
        #[inline(always)]
        fn mul(self, b: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_mul_ps(self, b) }
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
        #[inline(always)]
        fn sums([a, b, c, d]: [Self; 4]) -> [f32; 4] {
            // SAFETY: see above; an array of four numbers has the size of half a register.
            unsafe {
                let halves = |a, b| {
                    _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b))
                };
                let (ab, cd) = (halves(a, b), halves(c, d));
                let two = _mm256_add_ps(_mm256_shuffle_ps::<0x44>(ab, cd), _mm256_shuffle_ps::<0xee>(ab, cd));
                let one = _mm256_hadd_ps(two, two); // a c a c, b d b d
                let (ac, bd) = (_mm256_castps256_ps128(one), _mm256_extractf128_ps::<1>(one));
                std::mem::transmute(_mm_unpacklo_ps(ac, bd))
            }
        }
        #[inline(always)]
        unsafe fn turn(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
            // SAFETY: see above; readable and writable by the caller's promise.
            unsafe {
                // Lines i and i + 4 side by side, halves first: then four by four squares turn inside each half.
                let mut line = [_mm256_setzero_ps(); 8];
                for i in 0..4 {
                    for half in 0..2 {
                        let at = from.add(i * stride + 4 * half);
                        let low = _mm256_castps128_ps256(_mm_loadu_ps(at));
                        line[i + 4 * half] = _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(at.add(4 * stride)));
                    }
                }
                for half in 0..2 {
                    let l = &line[4 * half..];
                    let (a, b) = (_mm256_unpacklo_ps(l[0], l[1]), _mm256_unpackhi_ps(l[0], l[1]));
                    let (c, d) = (_mm256_unpacklo_ps(l[2], l[3]), _mm256_unpackhi_ps(l[2], l[3]));
                    let to = to.add(4 * half * to_stride);
                    _mm256_storeu_ps(to, _mm256_shuffle_ps::<0x44>(a, c));
                    _mm256_storeu_ps(to.add(to_stride), _mm256_shuffle_ps::<0xee>(a, c));
                    _mm256_storeu_ps(to.add(2 * to_stride), _mm256_shuffle_ps::<0x44>(b, d));
                    _mm256_storeu_ps(to.add(3 * to_stride), _mm256_shuffle_ps::<0xee>(b, d));
                }
            }
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
        fn minus_product(self, b: Self, c: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_fnmadd_pd(self, b, c) }
        }
        #[inline(always)]
        fn mul(self, b: Self) -> Self {
            // SAFETY: see above.
            unsafe { _mm256_mul_pd(self, b) }
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
        #[inline(always)]
        fn sums([a, b, c, d]: [Self; 4]) -> [f64; 4] {
            // SAFETY: see above; an array of four numbers has the size of the register.
            unsafe {
                let halves = |a, b| {
                    _mm256_add_pd(_mm256_permute2f128_pd::<0x20>(a, b), _mm256_permute2f128_pd::<0x31>(a, b))
                };
                let one = _mm256_hadd_pd(halves(a, b), halves(c, d)); // a c b d
                std::mem::transmute(_mm256_permute4x64_pd::<0xd8>(one))
            }
        }
        #[inline(always)]
        unsafe fn turn(from: *const f64, stride: usize, to: *mut f64, to_stride: usize) {
            // SAFETY: see above; readable and writable by the caller's promise.
            unsafe {
                for half in 0..2 {
                    let at = from.add(2 * half);
                    let (low, high) = (at, at.add(2 * stride));
                    let join = |a: *const f64, b: *const f64| {
                        _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(_mm_loadu_pd(a)), _mm_loadu_pd(b))
                    };
                    let even = join(low, high);
                    let odd = join(low.add(stride), high.add(stride));
                    let to = to.add(2 * half * to_stride);
                    _mm256_storeu_pd(to, _mm256_unpacklo_pd(even, odd));
                    _mm256_storeu_pd(to.add(to_stride), _mm256_unpackhi_pd(even, odd));
                }
            }
        }
    }

    // SAFETY of every intrinsic here: vectors of these types are made only by kernels instantiated with `Avx512`,
    // which run after the processor was asked for it.
    macro_rules! register_of_512_bits {
        ($t:ty, $register:ty, $n:literal, $set:ident, $load:ident, $store:ident, $fma:ident, $fnma:ident, $mul:ident, $add:ident,
         $greater:ident, $blend:ident, $shuffle:ident, $quarters:ident, $turn:ident) => {
            impl Vector<$t> for $register {
                const WIDTH: usize = $n;
                #[inline(always)]
                fn splat(value: $t) -> Self {
                    // SAFETY: see above.
                    unsafe { $set(value) }
                }
                #[inline(always)]
                unsafe fn load(from: *const $t) -> Self {
                    // SAFETY: see above; readable by the caller's promise.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $t) {
                    // SAFETY: see above; writable by the caller's promise.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                fn mul_add(self, b: Self, c: Self) -> Self {
                    // SAFETY: see above.
                    unsafe { $fma(self, b, c) }
                }
                #[inline(always)]
                fn minus_product(self, b: Self, c: Self) -> Self {
                    // SAFETY: see above.
                    unsafe { $fnma(self, b, c) }
                }
                #[inline(always)]
                fn mul(self, b: Self) -> Self {
                    // SAFETY: see above.
                    unsafe { $mul(self, b) }
                }
                #[inline(always)]
                fn add(self, b: Self) -> Self {
                    // SAFETY: see above.
                    unsafe { $add(self, b) }
                }
                #[inline(always)]
                fn if_greater(a: Self, b: Self, yes: Self, no: Self) -> Self {
                    // SAFETY: see above.
                    unsafe { $blend($greater::<_CMP_GT_OQ>(a, b), no, yes) }
                }
                #[inline(always)]
                fn sum(self) -> $t {
                    // SAFETY: see above; an array of as many numbers has the size of the register.
                    let lanes: [$t; $n] = unsafe { std::mem::transmute(self) };
                    let mut half = [0.0; $n / 2];
                    for i in 0..$n / 2 {
                        half[i] = lanes[i] + lanes[i + $n / 2];
                    }
                    half.sum()
                }
                #[inline(always)]
                fn sums([a, b, c, d]: [Self; 4]) -> [$t; 4] {
                    // SAFETY: see above.
                    unsafe {
                        let halves = |a, b| $add($shuffle::<0x44>(a, b), $shuffle::<0xee>(a, b));
                        let (ab, cd) = (halves(a, b), halves(c, d));
                        $quarters($add($shuffle::<0x88>(ab, cd), $shuffle::<0xdd>(ab, cd)))
                    }
                }
                #[inline(always)]
                unsafe fn turn(from: *const $t, stride: usize, to: *mut $t, to_stride: usize) {
                    // SAFETY: see above; readable and writable by the caller's promise.
                    unsafe { $turn(from, stride, to, to_stride) }
                }
            }
        };
    }
    register_of_512_bits!(
        f32,
        __m512,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        _mm512_fnmadd_ps,
        _mm512_mul_ps,
        _mm512_add_ps,
        _mm512_cmp_ps_mask,
        _mm512_mask_blend_ps,
        _mm512_shuffle_f32x4,
        quarters_f32,
        turn_f32
    );
    register_of_512_bits!(
        f64,
        __m512d,
        8,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd,
        _mm512_fnmadd_pd,
        _mm512_mul_pd,
        _mm512_add_pd,
        _mm512_cmp_pd_mask,
        _mm512_mask_blend_pd,
        _mm512_shuffle_f64x2,
        quarters_f64,
        turn_f64
    );

    /// Quarters of four lines, four lines apart, side by side: then squares of four by four turn inside each quarter.
    ///
    /// # Safety
    /// The processor has AVX-512; the lines are readable and writable as [`Vector::turn`] wants.
    #[inline(always)]
    unsafe fn turn_f32(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: by the contract of this function.
        unsafe {
            for quarter in 0..4 {
                let mut l = [_mm512_setzero_ps(); 4];
                for (i, l) in l.iter_mut().enumerate() {
                    let at = |line: usize| _mm_loadu_ps(from.add((i + line) * stride + 4 * quarter));
                    *l = _mm512_castps128_ps512(at(0));
                    *l = _mm512_insertf32x4::<1>(*l, at(4));
                    *l = _mm512_insertf32x4::<2>(*l, at(8));
                    *l = _mm512_insertf32x4::<3>(*l, at(12));
                }
                let (a, b) = (_mm512_unpacklo_ps(l[0], l[1]), _mm512_unpackhi_ps(l[0], l[1]));
                let (c, d) = (_mm512_unpacklo_ps(l[2], l[3]), _mm512_unpackhi_ps(l[2], l[3]));
                let to = to.add(4 * quarter * to_stride);
                _mm512_storeu_ps(to, _mm512_shuffle_ps::<0x44>(a, c));
                _mm512_storeu_ps(to.add(to_stride), _mm512_shuffle_ps::<0xee>(a, c));
                _mm512_storeu_ps(to.add(2 * to_stride), _mm512_shuffle_ps::<0x44>(b, d));
                _mm512_storeu_ps(to.add(3 * to_stride), _mm512_shuffle_ps::<0xee>(b, d));
            }
        }
    }

    /// The same with squares of two by two.
    ///
    /// # Safety
    /// As of [`turn_f32`].
    #[inline(always)]
    unsafe fn turn_f64(from: *const f64, stride: usize, to: *mut f64, to_stride: usize) {
        // SAFETY: by the contract of this function.
        unsafe {
            for quarter in 0..4 {
                let mut l = [_mm512_setzero_pd(); 2];
                for (i, l) in l.iter_mut().enumerate() {
                    let at = |line: usize| _mm_loadu_pd(from.add((i + line) * stride + 2 * quarter));
                    *l = _mm512_castpd128_pd512(at(0));
                    *l = _mm512_insertf64x2::<1>(*l, at(2));
                    *l = _mm512_insertf64x2::<2>(*l, at(4));
                    *l = _mm512_insertf64x2::<3>(*l, at(6));
                }
                let to = to.add(2 * quarter * to_stride);
                _mm512_storeu_pd(to, _mm512_unpacklo_pd(l[0], l[1]));
                _mm512_storeu_pd(to.add(to_stride), _mm512_unpackhi_pd(l[0], l[1]));
            }
        }
    }

    /// The sums of the four quarters of a register, by halves.
    ///
    /// # Safety
    /// The processor has AVX-512.
    #[inline(always)]
    unsafe fn quarters_f32(all: __m512) -> [f32; 4] {
        // SAFETY: by the contract of this function; an array of four numbers has the size of a quarter.
        unsafe {
            let two = _mm512_add_ps(all, _mm512_permute_ps::<0x4e>(all));
            let one = _mm512_add_ps(two, _mm512_permute_ps::<0xb1>(two));
            let firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            std::mem::transmute(_mm512_castps512_ps128(_mm512_permutexvar_ps(firsts, one)))
        }
    }

    /// The same of pairs.
    ///
    /// # Safety
    /// The processor has AVX-512.
    #[inline(always)]
    unsafe fn quarters_f64(all: __m512d) -> [f64; 4] {
        // SAFETY: by the contract of this function; an array of four numbers has the size of half a register.
        unsafe {
            let one = _mm512_add_pd(all, _mm512_permute_pd::<0x55>(all));
            let firsts = _mm512_setr_epi64(0, 2, 4, 6, 0, 0, 0, 0);
            std::mem::transmute(_mm512_castpd512_pd256(_mm512_permutexvar_pd(firsts, one)))
        }
    }
}

/// Bytes of a cache line.
pub const LINE: usize = 64;

/// Asks for the cache line at an address that will be read or written soon; any address may be asked for.
#[inline(always)]
pub fn prefetch<T>(at: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch reads nothing that a program can see, and ignores addresses that there are not.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = at;
}

/// Asks for all cache lines of a slice that will be read soon.
pub fn prefetch_all<T>(values: &[T]) {
    let end = values.as_ptr_range().end;
    for at in values.iter().step_by((LINE / size_of::<T>().max(1)).max(1)) {
        prefetch(at);
    }
    prefetch(end.wrapping_sub(1));
}

/// The widest register of any instruction set.
pub const MAX_WIDTH: usize = 16;

/// to\[i\] += the lanes of one or two registers, as many as `to` has.
#[inline(always)]
pub fn add_to<T: super::real::Real, V: Vector<T>, const R: usize>(values: [V; R], to: &mut [T]) {
    if to.len() >= R * V::WIDTH {
        for (i, value) in values.into_iter().enumerate() {
            // SAFETY: `to` has room for R registers.
            unsafe {
                let at = to.as_mut_ptr().add(i * V::WIDTH);
                V::load(at).add(value).store(at);
            }
        }
    } else {
        let mut all = [T::ZERO; 2 * MAX_WIDTH];
        spill(values, &mut all);
        for (to, value) in to.iter_mut().zip(all) {
            *to += value;
        }
    }
}

/// Writes registers to the front of `to`, as many numbers as there are.
#[inline(always)]
pub fn put_to<T: super::real::Real, V: Vector<T>, const R: usize>(values: [V; R], to: &mut [T]) {
    if to.len() >= R * V::WIDTH {
        for (i, value) in values.into_iter().enumerate() {
            // SAFETY: `to` has room for R registers.
            unsafe { value.store(to.as_mut_ptr().add(i * V::WIDTH)) };
        }
    } else {
        let mut all = [T::ZERO; 2 * MAX_WIDTH];
        spill(values, &mut all);
        for (to, value) in to.iter_mut().zip(all) {
            *to = value;
        }
    }
}

/// The lanes of one or two registers as numbers.
#[inline(always)]
pub fn spill<T: Copy, V: Vector<T>, const R: usize>(values: [V; R], to: &mut [T; 2 * MAX_WIDTH]) {
    assert!(R <= 2 && V::WIDTH <= MAX_WIDTH);
    for (i, value) in values.into_iter().enumerate() {
        // SAFETY: two registers have at most as many numbers as `to`.
        unsafe { value.store(to.as_mut_ptr().add(i * V::WIDTH)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dispatch::{Isa, on_every_instruction_set, versions};
    use crate::kernels::real::Real;

    versions! {
        fn sums_of(x: &[T], one_by_one: &mut [T], four: &mut [T]) = sums_body, wider if true;
    }

    #[inline(always)]
    fn sums_body<T: Real, I: Isa>(x: &[T], one_by_one: &mut [T], four: &mut [T]) {
        // SAFETY: x has four registers of any width.
        let all: [I::Vector<T>; 4] = std::array::from_fn(|i| unsafe {
            I::Vector::<T>::load(x.as_ptr().add(i * I::Vector::<T>::WIDTH))
        });
        one_by_one.copy_from_slice(&all.map(|v| v.sum()));
        four.copy_from_slice(&I::Vector::<T>::sums(all));
    }

    fn check<T: Real>() {
        let x: Vec<T> = (0..4 * MAX_WIDTH).map(|i| T::from_f64((i as f64 * 0.7719).sin())).collect();
        on_every_instruction_set(|| {
            let (mut one_by_one, mut four) = ([T::ZERO; 4], [T::NAN; 4]);
            sums_of(&x, &mut one_by_one, &mut four);
            assert_eq!(one_by_one, four);
        });
    }

    #[test]
    fn four_sums_at_once_are_those_of_one_after_the_other() {
        check::<f32>();
        check::<f64>();
    }
}
