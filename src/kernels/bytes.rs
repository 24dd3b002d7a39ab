//! Bytes of images as numbers.

use super::dispatch::{Isa, versions};
use super::real::Real;

versions! {
    /// out\[i\] = bytes\[i\] / 255, the nearest number.
    pub fn fractions(bytes: &[u8], out: &mut [T]) = fractions_body, wider if true;
}

/// With fused multiply-add a division is a product by 1/255 and a correction by what is left over, which gives the
/// nearest number for each of the 256 bytes at a third of the time.
#[inline(always)]
fn fractions_body<T: Real, I: Isa>(bytes: &[u8], out: &mut [T]) {
    assert_eq!(bytes.len(), out.len());
    let most = T::of_byte(u8::MAX);
    let reciprocal = T::ONE / most;
    for (out, byte) in out.iter_mut().zip(bytes) {
        let x = T::of_byte(*byte);
        *out = if I::FUSED {
            let quotient = x * reciprocal;
            let left = (-quotient).fma::<I>(most, x);
            left.fma::<I>(reciprocal, quotient)
        } else {
            x / most
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dispatch::on_every_instruction_set;

    #[test]
    fn every_byte_is_the_nearest_number() {
        let bytes: Vec<u8> = (0..=255).chain(0..7).collect();
        on_every_instruction_set(|| {
            let (mut single, mut double) = (vec![0f32; bytes.len()], vec![0f64; bytes.len()]);
            fractions(&bytes, &mut single);
            fractions(&bytes, &mut double);
            for (i, byte) in bytes.iter().enumerate() {
                assert_eq!(single[i], f32::from(*byte) / 255.0);
                assert_eq!(double[i], f64::from(*byte) / 255.0);
            }
        });
    }
}
