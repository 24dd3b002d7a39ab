//! `f64`: Taylor and artanh series on ranges where they end early.

use super::{Isa, Real, Words};

/// 1.5·2⁵²: adding it rounds to a whole number, which then stands in the low bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;
/// ln 2 with 20 zero bits at the end; its product with an exponent is exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
/// What [`LN_2_HIGH`] lacks.
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// p(x) with the highest coefficient first.
#[inline(always)]
fn polynomial<I: Isa, const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let mut sum = coefficients[0];
    for i in 1..N {
        sum = sum.fma::<I>(x, coefficients[i]);
    }
    sum
}

/// x = n·ln 2 + r with |r| ≤ ½ ln 2; (n, e^r − 1).
#[inline(always)]
fn exp_parts<I: Isa>(x: f64) -> (f64, f64) {
    let n = x.fma::<I>(std::f64::consts::LOG2_E, MAGIC) - MAGIC;
    let r = n.fma::<I>(-LN_2_HIGH, x);
    let r = n.fma::<I>(-LN_2_LOW, r);
    // 1/k! from k = 13 down to 2
    let p = polynomial::<I, 12>(
        r,
        [
            1.0 / 6_227_020_800.0,
            1.0 / 479_001_600.0,
            1.0 / 39_916_800.0,
            1.0 / 3_628_800.0,
            1.0 / 362_880.0,
            1.0 / 40_320.0,
            1.0 / 5_040.0,
            1.0 / 720.0,
            1.0 / 120.0,
            1.0 / 24.0,
            1.0 / 6.0,
            0.5,
        ],
    );
    (n, p.fma::<I>(r * r, r))
}

/// 2^n for a whole number n from −1022 to 1023.
#[inline(always)]
fn power_of_two(n: f64) -> f64 {
    f64::from_bits((n + MAGIC).to_bits().wrapping_add(1023) << 52)
}

/// 2 artanh(s) for |s| ≤ 0.172: 2s + 2s³/3 + 2s⁵/5 + …
#[inline(always)]
fn twice_artanh<I: Isa>(s: f64) -> f64 {
    let z = s * s;
    let p = polynomial::<I, 10>(
        z,
        [
            2.0 / 21.0,
            2.0 / 19.0,
            2.0 / 17.0,
            2.0 / 15.0,
            2.0 / 13.0,
            2.0 / 11.0,
            2.0 / 9.0,
            2.0 / 7.0,
            2.0 / 5.0,
            2.0 / 3.0,
        ],
    );
    (p * z).fma::<I>(s, 2.0 * s)
}

/// ln x + (1023 − bias)·ln 2 of a positive number that is neither subnormal nor infinite.
#[inline(always)]
fn ln_of_normal<I: Isa>(x: f64, bias: f64) -> f64 {
    let bits = x.to_bits();
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    // The exponent as a number: it becomes the low bits of 2⁵² + exponent.
    let e = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - 4_503_599_627_370_496.0 - bias;
    let upper = m > std::f64::consts::SQRT_2;
    let m = if upper { 0.5 * m } else { m };
    let e = if upper { e + 1.0 } else { e };
    let log = twice_artanh::<I>((m - 1.0) / (m + 1.0));
    e.fma::<I>(LN_2_HIGH, e.fma::<I>(LN_2_LOW, log))
}

impl Real for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
    const HALF: f64 = 0.5;
    const LN_2: f64 = std::f64::consts::LN_2;
    const INFINITY: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    const EPSILON: f64 = f64::EPSILON;
    const WORDS_PER_PAIR: usize = 4;
    type Plain = [f64; 4];
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256d;
    #[cfg(not(target_arch = "x86_64"))]
    type Avx2 = [f64; 4];
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512d;
    #[cfg(not(target_arch = "x86_64"))]
    type Avx512 = [f64; 4];

    #[inline(always)]
    fn from_f64(value: f64) -> f64 {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn fma<I: Isa>(self, b: f64, c: f64) -> f64 {
        if I::FUSED { self.mul_add(b, c) } else { self * b + c }
    }
    #[inline(always)]
    fn of_byte(byte: u8) -> f64 {
        f64::from(byte)
    }
    #[inline(always)]
    fn to_byte(self) -> u8 {
        // The whole number then stands in the low bits.
        (self + MAGIC).to_bits() as u8
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        self.sqrt()
    }
    #[inline(always)]
    fn abs(self) -> f64 {
        self.abs()
    }
    #[inline(always)]
    fn powf(self, y: f64) -> f64 {
        self.powf(y)
    }
    #[inline(always)]
    fn max(self, other: f64) -> f64 {
        self.max(other)
    }
    #[inline(always)]
    fn min(self, other: f64) -> f64 {
        self.min(other)
    }

    #[inline(always)]
    fn exp<I: Isa>(self) -> f64 {
        let (n, e) = exp_parts::<I>(self.at_most(710.0).at_least(-746.0));
        // Two factors, because 2^n alone leaves the range before e^x does.
        let half = n.fma::<I>(0.5, MAGIC) - MAGIC;
        (e + 1.0) * power_of_two(half) * power_of_two(n - half)
    }

    #[inline(always)]
    fn expm1<I: Isa>(self) -> f64 {
        let (n, e) = exp_parts::<I>(self.at_most(710.0).at_least(-50.0));
        let t = power_of_two(n - 1.0);
        2.0 * e.fma::<I>(t, t - 0.5)
    }

    #[inline(always)]
    fn ln<I: Isa>(self) -> f64 {
        let tiny = self < f64::MIN_POSITIVE;
        let x = if tiny { self * 18_014_398_509_481_984.0 } else { self };
        let log = ln_of_normal::<I>(x, if tiny { 1023.0 + 54.0 } else { 1023.0 });
        let edge = if self == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
        let edge = if self == f64::INFINITY { self } else { edge };
        if self > 0.0 && self < f64::INFINITY { log } else { edge }
    }

    #[inline(always)]
    fn log1p_unit<I: Isa>(self) -> f64 {
        // log(1 + x) = 2 artanh(x/(2 + x)); above √2 − 1 half of 1 + x is taken, so that the argument stays below 0.172.
        let upper = self > std::f64::consts::SQRT_2 - 1.0;
        let s = if upper { self - 1.0 } else { self } / (self + if upper { 3.0 } else { 2.0 });
        let log = twice_artanh::<I>(s);
        if upper { log + std::f64::consts::LN_2 } else { log }
    }

    #[inline(always)]
    fn tanh<I: Isa>(self) -> f64 {
        let e = (2.0 * self.at_most(20.0).at_least(-20.0)).expm1::<I>();
        e / (e + 2.0)
    }

    #[inline(always)]
    fn normal_pair<I: Isa>(radius: Words, angle: Words) -> (f64, f64) {
        // 64 bits, rounded: the tail ends at 9.
        let low = (radius.low >> 1) as i32 as f64;
        let high = (radius.high >> 1) as i32 as f64;
        let u = (high + (low + 0.5) * (1.0 / 2_147_483_648.0)) * (1.0 / 2_147_483_648.0);
        let r = Real::sqrt((-2.0 * ln_of_normal::<I>(u, 1023.0)).at_least(0.0));
        // The angle in quarter turns, from −2 to 2.
        let turns = (angle.high as i32 as f64 + (angle.low >> 1) as i32 as f64 * (1.0 / 2_147_483_648.0))
            * (1.0 / 1_073_741_824.0);
        let shifted = turns + MAGIC;
        let quadrant = shifted.to_bits();
        let t = (turns - (shifted - MAGIC)) * std::f64::consts::FRAC_PI_2;
        let z = t * t;
        // 1/k! with alternating signs
        let sin = polynomial::<I, 8>(
            z,
            [
                1.0 / 355_687_428_096_000.0,
                -1.0 / 1_307_674_368_000.0,
                1.0 / 6_227_020_800.0,
                -1.0 / 39_916_800.0,
                1.0 / 362_880.0,
                -1.0 / 5_040.0,
                1.0 / 120.0,
                -1.0 / 6.0,
            ],
        );
        let sin = (sin * z).fma::<I>(t, t);
        let cos = polynomial::<I, 9>(
            z,
            [
                -1.0 / 6_402_373_705_728_000.0,
                1.0 / 20_922_789_888_000.0,
                -1.0 / 87_178_291_200.0,
                1.0 / 479_001_600.0,
                -1.0 / 3_628_800.0,
                1.0 / 40_320.0,
                -1.0 / 720.0,
                1.0 / 24.0,
                -0.5,
            ],
        );
        let cos = cos.fma::<I>(z, 1.0);
        let (a, b) = if quadrant & 1 == 0 { (cos, sin) } else { (sin, cos) };
        let sign_a = (quadrant.wrapping_add(1) & 2) << 62;
        let sign_b = (quadrant & 2) << 62;
        (f64::from_bits((r * a).to_bits() ^ sign_a), f64::from_bits((r * b).to_bits() ^ sign_b))
    }

    #[inline(always)]
    fn uniform(bits: Words) -> f64 {
        // 31 + 21 bits and a half: every sum is exact, none is 0 or 1.
        let high = (bits.high >> 1) as i32 as f64;
        let low = (bits.low >> 11) as i32 as f64;
        (high + (low + 0.5) * (1.0 / 2_097_152.0)) * (1.0 / 2_147_483_648.0)
    }
}
