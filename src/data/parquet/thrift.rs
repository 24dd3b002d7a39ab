//! Enough of Thrift's compact protocol to read the header of a page, and to look at a footer before it is trusted.
//!
//! ```text
//! field   (step of id << 4 | type)  value          0 ends a structure
//! value   1, 2 true, false   3 byte   4..6 zigzag varint   7 double   8 bytes   9, 10 list   11 map   12 structure
//! ```
//!
//! Everything is bounded by the bytes that are there; `None` is "cut short or damaged".

use std::collections::BTreeMap;

/// Structures inside one another; a page header has three, a footer about six.
const DEEPEST: usize = 32;

/// Bytes, read from the front.
pub struct Thrift<'a>(&'a [u8]);

/// The integers and truth values of a structure by field, those of its inner structures by outer and inner field;
/// 0 is no field, so `(2, 0)` is field 2 itself.
pub type Integers = BTreeMap<(i16, i16), i64>;

impl<'a> Thrift<'a> {
    /// Starts at the front.
    pub fn new(bytes: &'a [u8]) -> Thrift<'a> {
        Thrift(bytes)
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// The integers of the structure that stands here.
    pub fn integers(&mut self) -> Option<Integers> {
        let mut found = Integers::new();
        self.structure(DEEPEST, &mut |outer, inner, value| {
            found.insert((outer, inner), value);
        })?;
        Some(found)
    }

    /// For every structure in the list that is field `id` of the structure here: its integers.
    pub fn list(&mut self, id: i16) -> Option<Vec<Integers>> {
        let mut last = 0;
        while let Some((field, kind)) = self.field(&mut last)? {
            if field != id || kind != 9 {
                self.skip(kind, DEEPEST)?;
                continue;
            }
            let (count, kind) = self.list_start()?;
            if kind != 12 {
                return None;
            }
            // Each takes a byte at least, so a count beyond the bytes ends at their end.
            let mut found = vec![];
            for _ in 0..count {
                found.push(self.integers()?);
            }
            return Some(found);
        }
        None
    }

    fn structure(&mut self, depth: usize, found: &mut dyn FnMut(i16, i16, i64)) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let mut last = 0;
        while let Some((field, kind)) = self.field(&mut last)? {
            match kind {
                1 | 2 => found(field, 0, i64::from(kind == 1)),
                4..=6 => found(field, 0, self.zigzag()?),
                12 => self.structure(depth, &mut |inner, deeper, value| {
                    if deeper == 0 {
                        found(field, inner, value);
                    }
                })?,
                _ => self.skip(kind, depth)?,
            }
        }
        Some(())
    }

    /// The next field and its type; the inner `None` is the end of the structure.
    fn field(&mut self, last: &mut i16) -> Option<Option<(i16, u8)>> {
        let byte = self.byte()?;
        let (step, kind) = (byte >> 4, byte & 15);
        if kind == 0 {
            return Some(None);
        }
        *last = match step {
            0 => i16::try_from(self.zigzag()?).ok()?,
            step => last.checked_add(i16::from(step))?,
        };
        Some(Some((*last, kind)))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            1 | 2 => {}
            3 => self.bytes(1)?,
            4..=6 => drop(self.varint()?),
            7 => self.bytes(8)?,
            8 => {
                let length = self.varint()?;
                self.bytes(usize::try_from(length).ok()?)?;
            }
            9 | 10 => {
                let (count, kind) = self.list_start()?;
                for _ in 0..count {
                    // A truth value in a list takes a byte.
                    self.skip(if kind <= 2 { 3 } else { kind }, depth)?;
                }
            }
            11 => {
                let count = self.varint()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                for _ in 0..count {
                    for kind in [kinds >> 4, kinds & 15] {
                        self.skip(if kind <= 2 { 3 } else { kind }, depth)?;
                    }
                }
            }
            12 => self.structure(depth, &mut |_, _, _| {})?,
            _ => return None,
        }
        Some(())
    }

    /// How many elements a list has, and their type.
    fn list_start(&mut self) -> Option<(u64, u8)> {
        let byte = self.byte()?;
        let count = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
        Some((count, byte & 15))
    }

    fn zigzag(&mut self) -> Option<i64> {
        let raw = self.varint()?;
        Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127).checked_shl(shift)?;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, count: usize) -> Option<()> {
        self.0 = self.0.get(count..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_found_by_field_and_the_rest_is_passed_over() {
        // 1: i32 3; 3: "ab"; 5: { 1: i64 −2; 2: true }; 6: [i32 1, i32 2]; end
        let bytes = [0x15, 6, 0x28, 2, b'a', b'b', 0x2c, 0x16, 3, 0x11, 0, 0x19, 0x25, 2, 4, 0, 99];
        let mut thrift = Thrift::new(&bytes);
        let found = thrift.integers().expect("legal");
        assert_eq!(found, Integers::from([((1, 0), 3), ((5, 1), -2), ((5, 2), 1)]));
        assert_eq!(thrift.left(), 1);
        for cut in 0..15 {
            assert!(Thrift::new(&bytes[..cut]).integers().is_none(), "{cut}");
        }
    }

    #[test]
    fn nesting_and_counts_are_bounded() {
        assert!(Thrift::new(&[0x1c; 100_000]).integers().is_none());
        assert!(Thrift::new(&[0x19; 100_000]).integers().is_none());
        // A list of 2^63 truth values.
        assert!(
            Thrift::new(&[0x19, 0xf1, 255, 255, 255, 255, 255, 255, 255, 255, 127, 1, 1])
                .integers()
                .is_none()
        );
    }
}
