//! The encodings of values and of levels: bytes of a page to numbers and texts.
//!
//! The encodings are those of the format's page "Encodings". They are decoded here rather than by the `parquet` crate,
//! whose decoders assert what a damaged file need not hold. `None` is "cut short or damaged" everywhere, and nothing
//! is reserved for what bytes only claim.

use std::ops::Range;

use parquet::basic::Type;

/// What a physical type stores.
#[derive(Debug, Clone, Copy)]
pub struct Physical {
    /// the type
    pub kind: Type,
    /// bytes of a value of fixed length
    pub length: usize,
}

/// Decoded values, one after the other.
#[derive(Debug, Clone)]
pub enum Stored {
    /// truth values, integers, points in time
    Integers(Vec<i64>),
    /// floats of 32 and 64 bits
    Floats(Vec<f64>),
    /// texts end to end, and where each lies
    Bytes(Vec<u8>, Vec<Range<usize>>),
}

impl Stored {
    /// How many values there are.
    pub fn len(&self) -> usize {
        match self {
            Stored::Integers(values) => values.len(),
            Stored::Floats(values) => values.len(),
            Stored::Bytes(_, ranges) => ranges.len(),
        }
    }

    /// The entries of a dictionary that the indices name.
    fn picked(&self, indices: &[u32]) -> Option<Stored> {
        fn pick<T: Clone>(from: &[T], indices: &[u32]) -> Option<Vec<T>> {
            indices.iter().map(|i| from.get(*i as usize).cloned()).collect()
        }
        Some(match self {
            Stored::Integers(values) => Stored::Integers(pick(values, indices)?),
            Stored::Floats(values) => Stored::Floats(pick(values, indices)?),
            Stored::Bytes(bytes, ranges) => Stored::Bytes(bytes.clone(), pick(ranges, indices)?),
        })
    }
}

/// Decodes `count` values; the outer `None` is an encoding that is not known for the type.
pub fn decode(
    encoding: i64,
    bytes: &[u8],
    physical: Physical,
    count: usize,
    dictionary: Option<&Stored>,
) -> Option<Option<Stored>> {
    let is_integer = matches!(physical.kind, Type::INT32 | Type::INT64);
    let is_bytes = matches!(physical.kind, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
    Some(match encoding {
        0 => plain(bytes, physical, count),
        2 | 8 => indices(bytes, count).and_then(|indices| dictionary?.picked(&indices)),
        3 if physical.kind == Type::BOOLEAN => {
            let bits = prefixed(bytes).and_then(|(levels, _)| hybrid(levels, 1, count));
            bits.map(|bits| Stored::Integers(bits.into_iter().map(i64::from).collect()))
        }
        5 if is_integer => deltas(bytes, count).and_then(|(values, _)| {
            let values: Vec<i64> = match physical.kind {
                Type::INT32 => values.into_iter().map(|n| i64::from(n as i32)).collect(),
                _ => values,
            };
            (values.len() == count).then_some(Stored::Integers(values))
        }),
        6 if is_bytes => lengths_then_bytes(bytes, count),
        7 if is_bytes => prefixes_then_bytes(bytes, count),
        9 if physical.kind != Type::BOOLEAN && physical.kind != Type::BYTE_ARRAY => {
            transposed(bytes, physical, count)
        }
        _ => return None,
    })
}

/// Bytes of one value of fixed length.
fn width(physical: Physical) -> usize {
    match physical.kind {
        Type::BOOLEAN | Type::BYTE_ARRAY => 0,
        Type::INT32 | Type::FLOAT => 4,
        Type::INT64 | Type::DOUBLE => 8,
        Type::INT96 => 12,
        Type::FIXED_LEN_BYTE_ARRAY => physical.length,
    }
}

/// PLAIN: values back to back, little-endian; truth values as bits; texts after their length of four bytes.
pub fn plain(bytes: &[u8], physical: Physical, count: usize) -> Option<Stored> {
    if physical.kind == Type::BOOLEAN {
        let bits = bytes.get(..count.div_ceil(8))?;
        return Some(Stored::Integers((0..count).map(|i| i64::from(bits[i / 8] >> (i % 8) & 1)).collect()));
    }
    if physical.kind == Type::BYTE_ARRAY {
        let (mut ranges, mut at) = (vec![], 0usize);
        for _ in 0..count {
            let length = u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?) as usize;
            let start = at + 4;
            at = start.checked_add(length).filter(|end| *end <= bytes.len())?;
            ranges.push(start..at);
        }
        return Some(Stored::Bytes(bytes.to_vec(), ranges));
    }
    let width = width(physical);
    let bytes = bytes.get(..width.checked_mul(count)?)?;
    if physical.kind == Type::FIXED_LEN_BYTE_ARRAY {
        return Some(Stored::Bytes(bytes.to_vec(), (0..count).map(|i| i * width..(i + 1) * width).collect()));
    }
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    let words = bytes.chunks_exact(width.max(1));
    Some(match physical.kind {
        Type::FLOAT => Stored::Floats(words.map(|b| f64::from(f32::from_bits(word(b) as u32))).collect()),
        Type::DOUBLE => Stored::Floats(words.map(|b| f64::from_bits(word(b))).collect()),
        Type::INT32 => Stored::Integers(words.map(|b| i64::from(word(b) as i32)).collect()),
        // Nanoseconds of the day, then the Julian day, whose number on 1970-01-01 is 2,440,588.
        Type::INT96 => {
            let moment = |b: &[u8]| {
                let days = i64::from(word(&b[8..]) as u32) - 2_440_588;
                days.wrapping_mul(86_400_000_000_000).wrapping_add(word(&b[..8]) as i64)
            };
            Stored::Integers(words.map(moment).collect())
        }
        _ => Stored::Integers(words.map(|b| word(b) as i64).collect()),
    })
}

/// RLE_DICTIONARY: the width of an index, then indices.
fn indices(bytes: &[u8], count: usize) -> Option<Vec<u32>> {
    if count == 0 {
        return Some(vec![]);
    }
    let (width, rest) = bytes.split_first()?;
    hybrid(rest, u32::from(*width), count)
}

/// Bytes after their length of four bytes, and what follows.
pub fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// RLE: runs of one value, and groups of eight packed into bits.
pub fn hybrid(mut bytes: &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
    if width > 32 {
        return None;
    }
    let mut values = vec![];
    while values.len() < count {
        let head = varint(&mut bytes)?;
        let left = count - values.len();
        let claimed = usize::try_from(head >> 1).ok()?;
        if head & 1 == 1 {
            let packed = claimed.checked_mul(width as usize)?;
            let (packed, rest) = bytes.split_at_checked(packed)?;
            bytes = rest;
            values.extend(unpacked(packed, width, left.min(claimed.checked_mul(8)?)).map(|v| v as u32));
        } else {
            let (value, rest) = bytes.split_at_checked(width.div_ceil(8) as usize)?;
            bytes = rest;
            let value = value.iter().rev().fold(0u32, |v, byte| v << 8 | u32::from(*byte));
            values.extend(std::iter::repeat_n(value, left.min(claimed)));
        }
    }
    Some(values)
}

/// Numbers of `width` bits, the lowest first; `bytes` hold as many as are asked for.
fn unpacked(bytes: &[u8], width: u32, count: usize) -> impl Iterator<Item = u64> + '_ {
    (0..count).map(move |i| {
        let bit = i * width as usize;
        let mut word = 0u128;
        for (k, byte) in bytes.iter().skip(bit / 8).take(9).enumerate() {
            word |= u128::from(*byte) << (8 * k);
        }
        (word >> (bit % 8)) as u64 & u64::MAX.checked_shr(64 - width).unwrap_or(0)
    })
}

/// DELTA_BINARY_PACKED: a first value, then differences in blocks of packed numbers; and what follows them.
fn deltas(mut bytes: &[u8], most: usize) -> Option<(Vec<i64>, &[u8])> {
    let (block, parts) = (varint(&mut bytes)?, varint(&mut bytes)?);
    let count = usize::try_from(varint(&mut bytes)?).ok().filter(|n| *n <= most)?;
    let mut last = zigzag(varint(&mut bytes)?);
    let mut values: Vec<i64> = vec![];
    if count > 0 {
        values.push(last);
    }
    let per_part = usize::try_from(block.checked_div(parts)?).ok()?;
    if per_part == 0 || per_part % 8 != 0 {
        return None;
    }
    while values.len() < count {
        let least = zigzag(varint(&mut bytes)?);
        let (widths, rest) = bytes.split_at_checked(usize::try_from(parts).ok()?)?;
        bytes = rest;
        for width in widths {
            // Parts after the last value are not written.
            let left = count - values.len();
            if left == 0 {
                break;
            }
            if *width > 64 {
                return None;
            }
            let (packed, rest) = bytes.split_at_checked((per_part / 8).checked_mul(usize::from(*width))?)?;
            bytes = rest;
            for delta in unpacked(packed, u32::from(*width), left.min(per_part)) {
                last = last.wrapping_add(least).wrapping_add(delta as i64);
                values.push(last);
            }
        }
    }
    Some((values, bytes))
}

/// DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes.
fn lengths_then_bytes(bytes: &[u8], count: usize) -> Option<Stored> {
    let (lengths, bytes) = deltas(bytes, count)?;
    let (mut ranges, mut at) = (vec![], 0usize);
    for length in lengths {
        let end = at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= bytes.len())?;
        ranges.push(at..end);
        at = end;
    }
    (ranges.len() == count).then(|| Stored::Bytes(bytes.to_vec(), ranges))
}

/// DELTA_BYTE_ARRAY: how much of the text before each keeps, then the rests.
fn prefixes_then_bytes(bytes: &[u8], count: usize) -> Option<Stored> {
    let (prefixes, rests) = deltas(bytes, count)?;
    let Stored::Bytes(rests, ranges) = lengths_then_bytes(rests, count)? else { return None };
    // A long text kept again and again would fill any memory.
    let most = super::pages::most_unpacked(bytes.len());
    let (mut texts, mut found) = (vec![], vec![0..0; 0]);
    for (prefix, rest) in prefixes.into_iter().zip(ranges) {
        let before: Range<usize> = found.last().cloned().unwrap_or(0..0);
        let prefix = usize::try_from(prefix).ok().filter(|n| *n <= before.len())?;
        let start = texts.len();
        texts.extend_from_within(before.start..before.start + prefix);
        texts.extend_from_slice(rests.get(rest)?);
        found.push(start..texts.len());
        if texts.len() > most {
            return None;
        }
    }
    (found.len() == count).then_some(Stored::Bytes(texts, found))
}

/// BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on.
fn transposed(bytes: &[u8], physical: Physical, count: usize) -> Option<Stored> {
    let width = width(physical);
    let bytes = bytes.get(..width.checked_mul(count)?)?;
    let turned: Vec<u8> = (0..bytes.len()).map(|i| bytes[i % width * count + i / width]).collect();
    plain(&turned, physical, count)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 127) << shift;
        if *byte < 128 {
            return Some(value);
        }
    }
    None
}

fn zigzag(raw: u64) -> i64 {
    (raw >> 1) as i64 ^ -((raw & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the format's page "Encodings".
    #[test]
    fn the_examples_of_the_format_are_decoded() {
        assert_eq!(hybrid(&[3, 0x88, 0xc6, 0xfa], 3, 8), Some(vec![0, 1, 2, 3, 4, 5, 6, 7]));
        assert_eq!(hybrid(&[8, 7], 3, 3), Some(vec![7, 7, 7]));
        // 7, 5, 3, 1, 2, 3, 4, 5: first 7, least difference −2, packed with 2 bits.
        let bytes = [128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0, 9];
        assert_eq!(deltas(&bytes, 8), Some((vec![7, 5, 3, 1, 2, 3, 4, 5], &bytes[18..])));
        assert_eq!(deltas(&bytes, 7), None);
    }

    #[test]
    fn claims_without_bytes_are_damage() {
        assert_eq!(hybrid(&[255, 255, 255, 255, 15, 1], 3, 1000), None);
        assert_eq!(hybrid(&[0, 1], 3, 10), None);
        let texts = Physical { kind: Type::BYTE_ARRAY, length: 0 };
        assert!(plain(&[255, 255, 255, 255], texts, 1).is_none());
        assert!(plain(&[0; 8], texts, 1 << 40).is_none());
        assert!(decode(3, &[0; 8], texts, 1, None).is_none());
    }
}
