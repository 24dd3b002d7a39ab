//! Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.

use crate::kernels::dispatch::Isa;

const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];
const ROUNDS: usize = 10;

/// The four words of each of the eight counters `counter..counter + 8`, word by word.
#[inline(always)]
pub fn philox<I: Isa>(counter: u64, key: [u32; 2], stream: [u32; 2]) -> [[u32; 8]; 4] {
    #[cfg(target_arch = "x86_64")]
    if I::FUSED {
        // SAFETY: on x86-64 multiply-add comes with AVX2, and kernels for it run after the processor was asked for both.
        return unsafe { x86::philox(counter, key, stream) };
    }
    by_lanes(counter, key, stream)
}

/// As the paper says, each counter in a lane.
#[inline(always)]
fn by_lanes(counter: u64, key: [u32; 2], stream: [u32; 2]) -> [[u32; 8]; 4] {
    let mut c = [[0; 8], [0; 8], [stream[0]; 8], [stream[1]; 8]];
    for i in 0..8 {
        let counter = counter.wrapping_add(i as u64);
        c[0][i] = counter as u32;
        c[1][i] = (counter >> 32) as u32;
    }
    let mut key = key;
    for _ in 0..ROUNDS {
        let mut next = [[0; 8]; 4];
        for i in 0..8 {
            let a = u64::from(c[0][i]) * u64::from(MULTIPLIERS[0]);
            let b = u64::from(c[2][i]) * u64::from(MULTIPLIERS[1]);
            next[0][i] = (b >> 32) as u32 ^ c[1][i] ^ key[0];
            next[1][i] = b as u32;
            next[2][i] = (a >> 32) as u32 ^ c[3][i] ^ key[1];
            next[3][i] = a as u32;
        }
        c = next;
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    c
}

/// By hand: the compiler takes the loop above apart into single words where keys are not known to it, which takes two
/// to three times as long.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{MULTIPLIERS, ROUNDS, WEYL};
    use std::arch::x86_64::*;

    /// # Safety
    /// The processor must have AVX2.
    #[inline(always)]
    pub unsafe fn philox(counter: u64, key: [u32; 2], stream: [u32; 2]) -> [[u32; 8]; 4] {
        // SAFETY: by the contract of this function; arrays of eight words have the size of a register.
        unsafe {
            let all = |word: u32| _mm256_set1_epi64x(i64::from(word));
            // Four counters in a register, a word in 64 bits. The upper halves fill with what products leave there:
            // multiplication reads the lower ones only, and so does the end.
            let start = |first: u64| {
                let at = |i| counter.wrapping_add(first + i) as i64;
                let n = _mm256_set_epi64x(at(3), at(2), at(1), at(0));
                [n, _mm256_srli_epi64::<32>(n), all(stream[0]), all(stream[1])]
            };
            let mut halves = [start(0), start(4)];
            let multipliers = MULTIPLIERS.map(all);
            let mut key = key;
            for _ in 0..ROUNDS {
                let keys = key.map(all);
                for c in &mut halves {
                    let a = _mm256_mul_epu32(c[0], multipliers[0]);
                    let b = _mm256_mul_epu32(c[2], multipliers[1]);
                    let mixed = |product, word, key| {
                        _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64::<32>(product), word), key)
                    };
                    *c = [mixed(b, c[1], keys[0]), b, mixed(a, c[3], keys[1]), a];
                }
                key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
            }
            let [first, second] = halves;
            let mut words = [[0; 8]; 4];
            for ((word, a), b) in words.iter_mut().zip(first).zip(second) {
                // The lower halves: a₀ a₁ b₀ b₁ a₂ a₃ b₂ b₃, then in their order.
                let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
                let lower = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
                let ordered = _mm256_permute4x64_epi64::<0b11_01_10_00>(lower);
                _mm256_storeu_si256(word.as_mut_ptr().cast(), ordered);
            }
            words
        }
    }
}

#[cfg(test)]
mod tests {
    use super::philox;
    use crate::kernels::dispatch::Plain;

    /// The known answers of Random123 1.14, `kat_vectors`, philox4x32 with 10 rounds.
    #[test]
    fn known_answers_are_met() {
        let one = |counter: [u32; 4], key: [u32; 2]| {
            let low = u64::from(counter[0]) | u64::from(counter[1]) << 32;
            philox::<Plain>(low, key, [counter[2], counter[3]]).map(|word| word[0])
        };
        assert_eq!(one([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
        assert_eq!(one([u32::MAX; 4], [u32::MAX; 2]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
        assert_eq!(
            one([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
            [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
        );
    }
}
