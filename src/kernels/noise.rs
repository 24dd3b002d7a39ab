//! Noise as a pure function of its key: Philox4x32-10 (Salmon et al. 2011) by counter, normals by Box and Muller.
//!
//! Element `i` of a stream depends on the key and on `i` only, however the stream is cut into slices, so threads,
//! shards and resumed runs draw the same bits. Elements come in groups of [`GROUP`]: a group is computed at once and
//! vectorised; a slice that starts or ends inside a group computes it and takes its part.
//! Streams of different [`Key`]s are independent, whatever is read from them; two kinds of noise under one key are not.

mod philox;
#[cfg(test)]
mod tests;

use super::dispatch::{Isa, Plain, versions};
use super::real::{Real, Words};
use philox::philox;

/// Elements computed together.
pub const GROUP: usize = 32;

/// Which stream: 128 bits made of everything that noise is a function of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key of the generator.
    key: [u32; 2],
    /// The upper half of its counter.
    stream: [u32; 2],
}

/// The stream of one variable in one step; `draw` tells apart what one variable needs in one step (draws, shards).
pub fn key(seed: u64, step: u64, variable: u64, draw: u64) -> Key {
    let a = mix(seed ^ 0x243f_6a88_85a3_08d3);
    let b = mix(a ^ variable.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let c = mix(b.rotate_left(23) ^ step ^ 0xa409_3822_299f_31d0);
    let d = mix(c ^ draw.wrapping_mul(0xd1b5_4a32_d192_ed03));
    // `b` and `d` are both functions of seed and variable, each a bijection of its last ingredient given the others.
    Key { key: [b as u32, (b >> 32) as u32], stream: [d as u32, (d >> 32) as u32] }
}

/// The finaliser of SplitMix64: a bijection that changes half of the bits for each bit changed.
fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

versions! {
    /// Elements `offset..offset + out.len()` of the stream as standard normal numbers.
    pub fn normals(out: &mut [T], key: Key, offset: u64) = normals_body, wider if true;
    /// Elements `offset..offset + out.len()` of the stream as numbers strictly between 0 and 1.
    pub fn uniforms(out: &mut [T], key: Key, offset: u64) = uniforms_body;
    /// Elements `offset..offset + out.len()` of the stream as −1 or 1, each with probability ½.
    pub fn signs(out: &mut [T], key: Key, offset: u64) = signs_body;
}

/// Fills `out` with a uniformly drawn permutation of 0..out.len() (Fisher and Yates).
pub fn permutation(out: &mut [u32], key: Key) {
    for (i, entry) in out.iter_mut().enumerate() {
        *entry = i as u32;
    }
    let mut words = [[0; 8]; 4];
    for done in 0..out.len().saturating_sub(1) {
        let at = done % 16;
        if at == 0 {
            words = philox::<Plain>((done / 16 * 8) as u64, key.key, key.stream);
        }
        let word = (u64::from(words[at / 8 * 2][at % 8]) << 32) | u64::from(words[at / 8 * 2 + 1][at % 8]);
        // 64 bits times the number of choices: the bias is below 2⁻³².
        let left = (out.len() - done) as u64;
        let choice = ((u128::from(word) * u128::from(left)) >> 64) as usize;
        out.swap(done, done + choice);
    }
}

/// A number below `n` (at least 1): element `offset` of the stream.
pub fn below(n: u64, key: Key, offset: u64) -> u64 {
    let words = philox::<Plain>(offset / 8 * 8, key.key, key.stream);
    let lane = (offset % 8) as usize;
    let word = (u64::from(words[0][lane]) << 32) | u64::from(words[1][lane]);
    ((u128::from(word) * u128::from(n)) >> 64) as u64
}

/// A kind of noise: how the elements of a group follow from their counters. (Not a closure: one that the compiler
/// does not inline would lose the instruction set.)
trait Kind {
    fn group<T: Real, I: Isa>(out: &mut [T; GROUP], key: Key, group: u64);
}

/// Cuts the stream into groups: whole ones are written in place, parts through a buffer.
#[inline(always)]
fn by_groups<T: Real, I: Isa, K: Kind>(out: &mut [T], key: Key, offset: u64) {
    let mut at = offset;
    let mut rest = out;
    while !rest.is_empty() {
        let (group, skip) = (at / GROUP as u64, (at % GROUP as u64) as usize);
        let length = rest.len().min(GROUP - skip);
        let (part, tail) = rest.split_at_mut(length);
        if let Ok(whole) = <&mut [T; GROUP]>::try_from(&mut *part) {
            K::group::<T, I>(whole, key, group);
        } else {
            let mut buffer = [T::ZERO; GROUP];
            K::group::<T, I>(&mut buffer, key, group);
            part.copy_from_slice(&buffer[skip..skip + length]);
        }
        at = at.wrapping_add(length as u64);
        rest = tail;
    }
}

#[inline(always)]
fn normals_body<T: Real, I: Isa>(out: &mut [T], key: Key, offset: u64) {
    by_groups::<T, I, Normals>(out, key, offset);
}

#[inline(always)]
fn uniforms_body<T: Real, I: Isa>(out: &mut [T], key: Key, offset: u64) {
    by_groups::<T, I, Uniforms>(out, key, offset);
}

#[inline(always)]
fn signs_body<T: Real, I: Isa>(out: &mut [T], key: Key, offset: u64) {
    by_groups::<T, I, Signs>(out, key, offset);
}

struct Normals;

impl Kind for Normals {
    #[inline(always)]
    fn group<T: Real, I: Isa>(out: &mut [T; GROUP], key: Key, group: u64) {
        if T::WORDS_PER_PAIR == 2 {
            // 8 counters give 32 numbers.
            let w = philox::<I>(group.wrapping_mul(8), key.key, key.stream);
            for half in 0..2 {
                for i in 0..8 {
                    let radius = Words { high: w[2 * half][i], low: 0 };
                    let angle = Words { high: w[2 * half + 1][i], low: 0 };
                    let (a, b) = T::normal_pair::<I>(radius, angle);
                    out[16 * half + i] = a;
                    out[16 * half + 8 + i] = b;
                }
            }
        } else {
            // 16 counters give 32 numbers.
            for half in 0..2 {
                let w =
                    philox::<I>(group.wrapping_mul(16).wrapping_add(8 * half as u64), key.key, key.stream);
                for i in 0..8 {
                    let radius = Words { high: w[0][i], low: w[1][i] };
                    let angle = Words { high: w[2][i], low: w[3][i] };
                    let (a, b) = T::normal_pair::<I>(radius, angle);
                    out[16 * half + i] = a;
                    out[16 * half + 8 + i] = b;
                }
            }
        }
    }
}

struct Uniforms;

impl Kind for Uniforms {
    #[inline(always)]
    fn group<T: Real, I: Isa>(out: &mut [T; GROUP], key: Key, group: u64) {
        for half in 0..2 {
            let w = philox::<I>(group.wrapping_mul(16).wrapping_add(8 * half as u64), key.key, key.stream);
            for i in 0..8 {
                out[16 * half + i] = T::uniform(Words { high: w[0][i], low: w[1][i] });
                out[16 * half + 8 + i] = T::uniform(Words { high: w[2][i], low: w[3][i] });
            }
        }
    }
}

struct Signs;

impl Kind for Signs {
    #[inline(always)]
    fn group<T: Real, I: Isa>(out: &mut [T; GROUP], key: Key, group: u64) {
        let w = philox::<I>(group.wrapping_mul(8), key.key, key.stream);
        for word in 0..4 {
            for i in 0..8 {
                out[8 * word + i] = if w[word][i] >> 31 == 0 { T::ONE } else { -T::ONE };
            }
        }
    }
}
