//! `f32`: polynomials of Cephes (Moshier) and Eigen's rational tanh.

use super::{Isa, Real, Words};

/// 1.5·2²³: adding it rounds to a whole number, which then stands in the low bits.
const MAGIC: f32 = 12_582_912.0;
/// 355/512; its product with a whole number below 2¹⁵ is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// What [`LN_2_HIGH`] lacks.
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// p(x) with the highest coefficient first.
#[inline(always)]
fn polynomial<I: Isa, const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[0];
    for i in 1..N {
        sum = sum.fma::<I>(x, coefficients[i]);
    }
    sum
}

/// x = n·ln 2 + r with |r| ≤ ½ ln 2; (n, e^r − 1).
#[inline(always)]
fn exp_parts<I: Isa>(x: f32) -> (f32, f32) {
    let n = x.fma::<I>(std::f32::consts::LOG2_E, MAGIC) - MAGIC;
    let r = n.fma::<I>(-LN_2_HIGH, x);
    let r = n.fma::<I>(-LN_2_LOW, r);
    let p = polynomial::<I, 6>(
        r,
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5],
    );
    (n, p.fma::<I>(r * r, r))
}

/// 2^n for a whole number n from −126 to 127.
#[inline(always)]
fn power_of_two(n: f32) -> f32 {
    f32::from_bits((n + MAGIC).to_bits().wrapping_add(127) << 23)
}

/// ln x + shift·ln 2 of a positive number that is neither subnormal nor infinite.
#[inline(always)]
fn ln_of_normal<I: Isa>(x: f32, shift: f32) -> f32 {
    // m from √½ to √2, so that no digit is lost near 1.
    let bits = x.to_bits() as i32;
    let exponent = bits.wrapping_sub(0x3f35_04f3) >> 23;
    let m = f32::from_bits(bits.wrapping_sub(exponent << 23) as u32) - 1.0;
    let e = exponent as f32 + shift;
    let p = polynomial::<I, 9>(
        m,
        [
            7.037_683_6e-2,
            -1.151_461e-1,
            1.167_699_9e-1,
            -1.242_014_1e-1,
            1.424_932_3e-1,
            -1.666_805_7e-1,
            2.000_071_5e-1,
            -2.499_999_4e-1,
            0.333_333_3,
        ],
    );
    let z = m * m;
    let y = e.fma::<I>(LN_2_LOW, p * m * z);
    let y = z.fma::<I>(-0.5, y);
    e.fma::<I>(LN_2_HIGH, m + y)
}

impl Real for f32 {
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;
    const HALF: f32 = 0.5;
    const LN_2: f32 = std::f32::consts::LN_2;
    const INFINITY: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    const EPSILON: f32 = f32::EPSILON;
    const WORDS_PER_PAIR: usize = 2;
    type Plain = [f32; 8];
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256;
    #[cfg(not(target_arch = "x86_64"))]
    type Avx2 = [f32; 8];
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512;
    #[cfg(not(target_arch = "x86_64"))]
    type Avx512 = [f32; 8];

    #[inline(always)]
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn fma<I: Isa>(self, b: f32, c: f32) -> f32 {
        if I::FUSED { self.mul_add(b, c) } else { self * b + c }
    }
    #[inline(always)]
    fn of_byte(byte: u8) -> f32 {
        f32::from(byte)
    }
    #[inline(always)]
    fn to_byte(self) -> u8 {
        // The whole number then stands in the low bits.
        (self + MAGIC).to_bits() as u8
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        self.sqrt()
    }
    #[inline(always)]
    fn abs(self) -> f32 {
        self.abs()
    }
    #[inline(always)]
    fn powf(self, y: f32) -> f32 {
        self.powf(y)
    }
    #[inline(always)]
    fn max(self, other: f32) -> f32 {
        self.max(other)
    }
    #[inline(always)]
    fn min(self, other: f32) -> f32 {
        self.min(other)
    }

    #[inline(always)]
    fn exp<I: Isa>(self) -> f32 {
        let (n, e) = exp_parts::<I>(self.at_most(89.0).at_least(-104.0));
        // Two factors, because 2^n alone leaves the range before e^x does.
        let half = n.fma::<I>(0.5, MAGIC) - MAGIC;
        (e + 1.0) * power_of_two(half) * power_of_two(n - half)
    }

    #[inline(always)]
    fn expm1<I: Isa>(self) -> f32 {
        let (n, e) = exp_parts::<I>(self.at_most(89.0).at_least(-30.0));
        let t = power_of_two(n - 1.0);
        2.0 * e.fma::<I>(t, t - 0.5)
    }

    #[inline(always)]
    fn ln<I: Isa>(self) -> f32 {
        let tiny = self < f32::MIN_POSITIVE;
        let x = if tiny { self * 8_388_608.0 } else { self };
        let log = ln_of_normal::<I>(x, if tiny { -23.0 } else { 0.0 });
        let edge = if self == 0.0 { f32::NEG_INFINITY } else { f32::NAN };
        let edge = if self == f32::INFINITY { self } else { edge };
        if self > 0.0 && self < f32::INFINITY { log } else { edge }
    }

    #[inline(always)]
    fn log1p_unit<I: Isa>(self) -> f32 {
        // log(1 + x) = 2 artanh(x/(2 + x)); above √2 − 1 half of 1 + x is taken, so that the argument stays below 0.172.
        let upper = self > 0.414_213_57;
        let s = if upper { self - 1.0 } else { self } / (self + if upper { 3.0 } else { 2.0 });
        let z = s * s;
        let p = polynomial::<I, 4>(z, [2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0]);
        let log = (p * z).fma::<I>(s, 2.0 * s);
        if upper { log + std::f32::consts::LN_2 } else { log }
    }

    #[inline(always)]
    fn tanh<I: Isa>(self) -> f32 {
        let x = self.at_most(7.905_311).at_least(-7.905_311);
        let z = x * x;
        let p = polynomial::<I, 7>(
            z,
            [
                -2.760_768_4e-16,
                2.000_188e-13,
                -8.604_672e-11,
                5.122_297e-8,
                1.485_722_4e-5,
                6.372_619_3e-4,
                4.893_524_6e-3,
            ],
        );
        let q = polynomial::<I, 4>(z, [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3]);
        x * p / q
    }

    #[inline(always)]
    fn normal_pair<I: Isa>(radius: Words, angle: Words) -> (f32, f32) {
        // 31 bits, more finely spaced near 0: the tail ends at 6.6.
        let u = ((radius.high >> 1) as i32 as f32 + 0.5) * (1.0 / 2_147_483_648.0);
        let r = Real::sqrt((-2.0 * ln_of_normal::<I>(u, 0.0)).at_least(0.0));
        // The angle in quarter turns, from −2 to 2.
        let turns = angle.high as i32 as f32 * (1.0 / 1_073_741_824.0);
        let shifted = turns + MAGIC;
        let quadrant = shifted.to_bits();
        let t = (turns - (shifted - MAGIC)) * std::f32::consts::FRAC_PI_2;
        let z = t * t;
        let sin = polynomial::<I, 3>(z, [-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1]);
        let sin = (sin * z).fma::<I>(t, t);
        let cos =
            polynomial::<I, 4>(z, [2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2, -0.5]).fma::<I>(z, 1.0);
        let (a, b) = if quadrant & 1 == 0 { (cos, sin) } else { (sin, cos) };
        let sign_a = (quadrant.wrapping_add(1) & 2) << 30;
        let sign_b = (quadrant & 2) << 30;
        (f32::from_bits((r * a).to_bits() ^ sign_a), f32::from_bits((r * b).to_bits() ^ sign_b))
    }

    #[inline(always)]
    fn uniform(bits: Words) -> f32 {
        ((bits.high >> 9) as i32 as f32 + 0.5) * (1.0 / 8_388_608.0)
    }
}
