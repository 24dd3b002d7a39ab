//! Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.

/// The four words of each of the eight counters `counter..counter + 8`, word by word.
#[inline(always)]
pub fn philox(counter: u64, key: [u32; 2], stream: [u32; 2]) -> [[u32; 8]; 4] {
    let mut c = [[0; 8], [0; 8], [stream[0]; 8], [stream[1]; 8]];
    for i in 0..8 {
        let counter = counter.wrapping_add(i as u64);
        c[0][i] = counter as u32;
        c[1][i] = (counter >> 32) as u32;
    }
    let mut key = key;
    for _ in 0..10 {
        let mut next = [[0; 8]; 4];
        for i in 0..8 {
            let a = u64::from(c[0][i]) * 0xd251_1f53;
            let b = u64::from(c[2][i]) * 0xcd9e_8d57;
            next[0][i] = (b >> 32) as u32 ^ c[1][i] ^ key[0];
            next[1][i] = b as u32;
            next[2][i] = (a >> 32) as u32 ^ c[3][i] ^ key[1];
            next[3][i] = a as u32;
        }
        c = next;
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    c
}

#[cfg(test)]
mod tests {
    use super::philox;

    /// The known answers of Random123 1.14, `kat_vectors`, philox4x32 with 10 rounds.
    #[test]
    fn known_answers_are_met() {
        let one = |counter: [u32; 4], key: [u32; 2]| {
            let low = u64::from(counter[0]) | u64::from(counter[1]) << 32;
            philox(low, key, [counter[2], counter[3]]).map(|word| word[0])
        };
        assert_eq!(one([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
        assert_eq!(one([u32::MAX; 4], [u32::MAX; 2]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
        assert_eq!(
            one([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
            [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
        );
    }
}
